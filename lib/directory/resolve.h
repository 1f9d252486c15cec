/*
 * resolve.h - whom an address means, over a connection that stays: for the policy server, the agent and the lists
 *
 * Built on the same small client as dirlite.h (no libldap). The connection is made when it is first needed and again
 * after it broke; each look-up has the deadline of dirlite. Every doubt is IM_TEMP; IM_NOTFOUND is definitive.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_RESOLVE_H
#define IM_RESOLVE_H

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"
#include "directory/list.h"

enum im_recipient_kind { IM_TO_PERSON, IM_TO_LIST, IM_TO_ALIAS };

/* what the directory says of an address; arrays NULL-terminated, strings in the arena */
struct im_recipient {
	enum im_recipient_kind kind;
	const char *name; /* uid of a person, cn of a list, the address of an alias */
	const char *mail; /* primary address of a person or list; "" for an alias */
	bool enabled;
	int64_t expires;        /* seconds UTC, 0 = never */
	uint64_t quota;         /* person: bytes, 0 = none */
	int64_t send_limit;     /* person: recipients a day, -1 = the configuration's */
	const char *language;   /* person; "" */
	const char *owner;      /* alias: uid ("" = nobody any more) */
	uint64_t limit;         /* alias: messages, 0 = none */
	enum im_list_post post; /* list: the rest */
	enum im_list_join join;
	bool reply_to_list, archive, is_admins;
	const char *description;
	const char **members, **outside, **owners;
};

struct im_resolver;
struct im_resolver *im_resolver_new(const struct im_conf *conf);
void im_resolver_free(struct im_resolver *r);

/* im_resolve - an address in lower case without "+detail" */
enum im_status im_resolve(struct im_resolver *r, const char *address, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err) IM_MUSTUSE;
/* by uid; by the name of a list */
enum im_status im_resolve_person(struct im_resolver *r, const char *uid, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err) IM_MUSTUSE;
enum im_status im_resolve_list(struct im_resolver *r, const char *name, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err) IM_MUSTUSE;
/*
 * im_resolve_members - as im_list_people: the people of a list through nested lists, each once, disabled and ended ones
 * left out, and the addresses elsewhere
 */
enum im_status im_resolve_members(struct im_resolver *r, const struct im_recipient *list, struct im_arena *a,
    struct im_recipient **ret_people, int *ret_n, const char ***ret_outside, struct im_err *err) IM_MUSTUSE;

#endif
