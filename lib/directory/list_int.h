/*
 * list_int.h - what the files about lists and throw-away addresses share; private to lib/directory
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LIST_INT_H
#define IM_LIST_INT_H

#include "directory/dir.h"
#include "directory/list.h"

/* im_dir_uid_of - the uid in the DN of a person, "" for another DN */
const char *im_dir_uid_of(struct im_dir *d, const char *dn, struct im_arena *a);
/* im_dir_taken - who has an address: the uid of a person, the name of a list, the address itself for a throw-away one; NULL: nobody */
const char *im_dir_taken(struct im_dir *d, const char *address);

/* as whom this connection looks: for what is told of what slapd hides, never for a right */
struct im_list_viewer {
	const char *uid; /* "" for a service or root */
	bool all;        /* root, an administrator */
};
enum im_status im_list_viewer(struct im_dir *d, struct im_list_viewer *ret, struct im_err *err) IM_MUSTUSE;

bool im_list_has(const char *const *v, const char *s); /* v NULL-terminated, or NULL */
size_t im_list_unique(const char **v, size_t n);       /* sorts, returns how many are left */
/* im_list_outside_ok - an address elsewhere; *ret in lower case in the arena */
enum im_status im_list_outside_ok(
    const char *address, struct im_arena *a, const char **ret, struct im_err *err) IM_MUSTUSE;
enum im_status im_list_name_ok(const char *name, struct im_err *err) IM_MUSTUSE;
enum im_status im_list_description_ok(const char *s, struct im_err *err) IM_MUSTUSE;
/* im_dir_known - is there a person, or else (unless people_only) a list, of this name? */
enum im_status im_dir_known(
    struct im_dir *d, const char *name, bool people_only, bool *ret, struct im_err *err) IM_MUSTUSE;
enum im_status im_list_owner_ok(struct im_dir *d, const char *uid, struct im_err *err) IM_MUSTUSE;
/* im_list_who - "ann", "class-3b", "Ann@example.org", "peter@elsewhere.net": the member that is meant */
enum im_status im_list_who(
    struct im_dir *d, const char *given, const char **ret, bool *ret_outside, struct im_err *err) IM_MUSTUSE;

#endif
