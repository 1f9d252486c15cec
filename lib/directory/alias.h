/*
 * alias.h - throw-away addresses: ou=aliases, intimailAlias
 *
 * An address is "<word>.<five random letters or digits>@domain": the form that slapd lets a person make for himself; an
 * administrator may make others. It belongs to one person for ever: entries are never removed, a revoked or ended
 * address is refused and stays in the list of its owner.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ALIAS_H
#define IM_ALIAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "directory/directory.h"

enum { IM_ALIAS_WORD_MAX = 32, IM_ALIAS_PURPOSE_MAX = 200, IM_ALIAS_PER_PERSON = 500 };

struct im_alias {
	const char *address, *owner; /* owner: a uid; "" when the person is gone */
	const char *purpose;         /* "shoes, the shop in Main Street"; "" */
	int64_t created, expires;    /* seconds UTC; expires 0 = never */
	uint64_t limit;              /* messages, 0 = none */
	bool enabled;                /* false: revoked */
	const char *csn;
};

struct im_alias_new {
	const char *owner;   /* uid */
	const char *word;    /* of the address, NULL: made from the purpose, else "mail" */
	const char *address; /* the whole address instead (administrators), or NULL */
	const char *purpose;
	int64_t expires;
	uint64_t limit;
};
/* *ret_address in the arena */
enum im_status im_alias_add(struct im_dir *d, const struct im_alias_new *n, struct im_arena *a,
    const char **ret_address, struct im_err *err) IM_MUSTUSE;
/* owner NULL: all that this identity may see; newest first */
enum im_status im_alias_list(struct im_dir *d, const char *owner, struct im_arena *a, struct im_alias **ret,
    int *ret_n, struct im_err *err) IM_MUSTUSE;
enum im_status im_alias_get(struct im_dir *d, const char *address, struct im_arena *a, struct im_alias *ret,
    struct im_err *err) IM_MUSTUSE;

struct im_alias_change { /* NULL or unset = leave */
	const char *csn, *purpose;
	bool set_expires, set_limit, set_enabled;
	int64_t expires;
	uint64_t limit;
	bool enabled;
};
enum im_status im_alias_set(
    struct im_dir *d, const char *address, const struct im_alias_change *c, struct im_err *err) IM_MUSTUSE;
/* im_alias_orphan - of a person who is being deleted: revoked, and out of reach of a later person of the same name */
enum im_status im_alias_orphan(struct im_dir *d, const char *owner, struct im_err *err) IM_MUSTUSE;

#endif
