/*
 * plan.h - the table of what setup writes, and the parts around it (inside lib/setup only)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_PLAN_H
#define IM_SETUP_PLAN_H

#include "setup/put.h"
#include "setup/setup.h"
#include "setup/users.h"
#include "setup/vars.h"

struct im_plan {
	const struct im_conf *conf;
	const struct im_sources *src;
	struct im_put *put;
	struct im_ids ids;
	struct im_vars vars;
	struct im_arena arena;
};

/* im_plan_path - a path with @names@, rendered into the arena; NULL with err */
const char *im_plan_path(struct im_plan *p, const char *pattern, struct im_err *err);
struct im_owner im_plan_owner(const struct im_plan *p, mode_t mode, enum im_who user, enum im_who group);

/* the tables: directories, then rendered templates, then copies */
enum im_status im_plan_directories(struct im_plan *p, struct im_err *err) IM_MUSTUSE;
enum im_status im_plan_files(struct im_plan *p, struct im_err *err) IM_MUSTUSE;

/* certificate.c: a self-signed P-256 certificate when there is none */
enum im_status im_plan_certificate(struct im_plan *p, struct im_err *err) IM_MUSTUSE;
/* slapd.c: slapd.d from slapd.conf, and the first tree when there is no data base */
enum im_status im_plan_slapd(struct im_plan *p, struct im_err *err) IM_MUSTUSE;
/* place.c: can root be used at all? (mount options, path length, traversal) */
enum im_status im_plan_place(const struct im_conf *conf, struct im_err *err) IM_MUSTUSE;

#endif
