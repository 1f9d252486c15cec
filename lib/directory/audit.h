/*
 * audit.h - who changed what in the directory, when: cn=accesslog, kept by slapd (slapo-accesslog)
 *
 * Administrators and root only. Secrets never show: slapd hides the values of passwords and codes.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_AUDIT_H
#define IM_AUDIT_H

#include <stdint.h>

#include "base/alloc.h"
#include "directory/directory.h"

struct im_audit {
	int64_t when;     /* seconds UTC */
	const char *who;  /* a uid; "root"; the name of a service */
	const char *verb; /* "add", "modify", "delete", "rename", "password" */
	const char *kind; /* "person", "list", "address", "" */
	const char *name; /* uid, name or address of what was changed */
	const char **
	    changes; /* "mailQuota: 5368709120", "memberUid + bob"; bookkeeping attributes left out; NULL-terminated */
};

enum { IM_AUDIT_MAX = 1000 };
/*
 * newest first, at most max (<= IM_AUDIT_MAX), older than 'before' (seconds, 0 = from now); who or name not NULL: only
 * theirs. Searches by windows of time so that the cost follows max, not what is stored.
 */
enum im_status im_audit_list(struct im_dir *d, int64_t before, int max, const char *who, const char *name,
    struct im_arena *a, struct im_audit **ret, int *ret_n, struct im_err *err) IM_MUSTUSE;

#endif
