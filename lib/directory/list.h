/*
 * list.h - groups and mailing lists: ou=groups, posixGroup + intimailList
 *
 * Members are in memberUid: the uid of a person, or the name (cn) of another list, whose members belong too. Addresses
 * elsewhere are in mailListMember. cn=admins is the group of the administrators and no mailing list: it is shown here,
 * never deleted, and changed through person.h only.
 *
 * As in person.h slapd decides who may; a change with csn set happens only when nobody changed the entry meanwhile
 * (assertion control, RFC 4528), else IM_CONFLICT.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LIST_H
#define IM_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "directory/directory.h"

enum im_list_post { IM_POST_ALL, IM_POST_MEMBERS, IM_POST_OWNERS };
enum im_list_join { IM_JOIN_OWNERS, IM_JOIN_CONFIRM };

/* arrays are NULL-terminated; strings live in the arena given */
struct im_list {
	const char *name;        /* cn; [a-z0-9][a-z0-9._-]*, never the uid of a person */
	const char *description; /* "" when there is none */
	const char *mail;        /* name@domain */
	const char **addresses;  /* all, mail included */
	const char **members;    /* uids of people and names of lists, sorted */
	const char **outside;    /* addresses elsewhere, sorted; NULL where this identity may not see them */
	const char **owners;     /* uids, sorted */
	enum im_list_post post;
	enum im_list_join join;
	bool reply_to_list, archive, enabled;
	bool is_admins; /* cn=admins */
	const char *csn;
};

enum im_status im_list_get(struct im_dir *d, const char *name, struct im_arena *a, struct im_list *ret,
    struct im_err *err) IM_MUSTUSE;
enum im_status im_list_all(
    struct im_dir *d, struct im_arena *a, struct im_list **ret, int *ret_n, struct im_err *err) IM_MUSTUSE;

/* im_list_add - l->name and at least one owner (who must be there); mail is name@domain. IM_CONFLICT: name or address taken */
enum im_status im_list_add(struct im_dir *d, const struct im_list *l, struct im_err *err) IM_MUSTUSE;

struct im_list_change { /* NULL or unset = leave; arrays NULL-terminated */
	const char *csn;
	const char *description;
	const char **add_members,
	    **remove_members; /* each a uid, a list's name or an address; of the household or elsewhere */
	const char **add_owners, **remove_owners;
	const char **add_addresses, **remove_addresses;
	bool set_post, set_join, set_reply, set_archive, set_enabled;
	enum im_list_post post;
	enum im_list_join join;
	bool reply_to_list, archive, enabled;
};
/* adding who is there and removing who is not is told as IM_CONFLICT or IM_NOTFOUND; a list is never left without an owner */
enum im_status im_list_set(
    struct im_dir *d, const char *name, const struct im_list_change *c, struct im_err *err) IM_MUSTUSE;
enum im_status im_list_delete(struct im_dir *d, const char *name, struct im_err *err) IM_MUSTUSE;

/*
 * im_list_people - who gets the mail of a list: people (by uid, each once, through nested lists, sorted) and addresses
 * elsewhere (each once). A circle of lists ends; at most IM_LIST_MAX of both, else IM_QUOTA.
 */
enum { IM_LIST_MAX = 2000, IM_LIST_DEPTH = 16 };
enum im_status im_list_people(struct im_dir *d, const char *name, struct im_arena *a, const char ***ret_uids,
    const char ***ret_outside, struct im_err *err) IM_MUSTUSE;

const char *im_list_post_text(enum im_list_post p); /* "all", "members", "owners" */
const char *im_list_join_text(enum im_list_join j); /* "owners", "confirm" */
bool im_list_post_parse(const char *s, enum im_list_post *ret);
bool im_list_join_parse(const char *s, enum im_list_join *ret);

#endif
