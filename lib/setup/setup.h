/*
 * setup.h - from intimail.conf to a directory that servers can be started on
 *
 * What is written is one table in plan.c: directories, rendered templates, programs, pages. Around it: the system users,
 * a first certificate, slapd's configuration data base and the first tree of the directory. Everything is compared
 * before it is written; a second run changes nothing.
 *
 * The target "/" comes later: it is refused here, in one place, and nothing else depends on the difference.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_SETUP_H
#define IM_SETUP_SETUP_H

#include "base/conf.h"
#include "base/err.h"
#include "setup/put.h"

/* where things are copied from; strings owned by the arena given to im_sources_find */
struct im_sources {
	const char *templates; /* holds postfix/ openldap/ lighttpd/ */
	const char *pages;     /* holds templates/ static/ */
	const char *bin;       /* holds intimail-deliver */
	const char *cgi;       /* holds login, list, ... */
	const char *locale;    /* holds <language>.mo; may be missing */
};

/*
 * im_sources_find - the source tree that this program was built from, or the installed package
 *
 * tree: the source tree when the caller knows it (a build directory elsewhere), else NULL: the nearest directory above
 * the program that holds postfix/main.cf.in.
 */
enum im_status im_sources_find(
    const char *tree, struct im_arena *a, struct im_sources *ret, struct im_err *err) IM_MUSTUSE;

/* im_setup_apply - bring root to the state that conf describes; p counts and tells the changes. Needs root */
enum im_status im_setup_apply(const struct im_conf *conf, const struct im_sources *src, struct im_put *p,
    struct im_err *err) IM_MUSTUSE;

#endif
