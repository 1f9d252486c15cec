/*
 * users.h - the system users that delivery and pages run as (ARCHITECTURE.md, "Users")
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_USERS_H
#define IM_SETUP_USERS_H

#include <sys/types.h>

#include "base/conf.h"
#include "base/err.h"
#include "setup/put.h"

/* whose a file is; the order of the table in users.c */
enum im_who {
	IM_WHO_ROOT,
	IM_WHO_MAIL,    /* mail_user */
	IM_WHO_WEB,     /* web_user */
	IM_WHO_AUTH,    /* auth_user */
	IM_WHO_PAGES,   /* pages_user */
	IM_WHO_POSTFIX, /* of the package postfix */
	IM_WHO_LDAP,    /* openldap, of the package slapd */
	IM_WHO_DROP,    /* the group postdrop; no user */
	IM_NWHO
};

struct im_ids {
	uid_t uid[IM_NWHO];
	gid_t gid[IM_NWHO];
};

/*
 * im_users_make - make those of ours that are absent (system users without home and shell), find the others
 * IM_CONFIG names the package to install when postfix or openldap is missing. Several processes may do this at once.
 */
enum im_status im_users_make(
    const struct im_conf *c, struct im_put *p, struct im_ids *ret, struct im_err *err) IM_MUSTUSE;

/* im_machine_lock - one setup at a time on this machine: a locked descriptor, or -1 with err */
int im_machine_lock(struct im_err *err);

#endif
