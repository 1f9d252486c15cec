/*
 * dir.h - a bound libldap connection and the words for its errors; private to lib/directory
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DIR_H
#define IM_DIR_H

#include <ldap.h>

#include "directory/person.h"

struct im_dir {
	LDAP *ld;
	const struct im_conf *conf;
	struct im_arena arena; /* DNs and filters */
};

/* a person's attributes in a search */
extern const char *const im_person_attrs[];

/* im_dir_fail - what slapd (or the way to it) answered, for people: "adding ann: ..." */
enum im_status im_dir_fail(struct im_dir *d, int rc, struct im_err *err, const char *fmt, ...)
    IM_PRINTF(4, 5);

/* DNs; the uid must have passed im_person_uid_ok() */
const char *im_dir_person_dn(struct im_dir *d, const char *uid);
const char *im_dir_people(struct im_dir *d);
const char *im_dir_groups(struct im_dir *d);
const char *im_dir_admins_dn(struct im_dir *d);

/* im_dir_search - *ret is the caller's, to be freed with ldap_msgfree(); limit 0: no limit of ours */
enum im_status im_dir_search(struct im_dir *d, const char *base, int scope, const char *filter,
    const char *const attrs[], int limit, LDAPMessage **ret, struct im_err *err) IM_MUSTUSE;

/* im_dir_eq - "(name=value)" with the value escaped (RFC 4515), in the connection's arena */
const char *im_dir_eq(struct im_dir *d, const char *name, const char *value);

/* im_dir_value - the first value of an attribute in the arena, NULL when absent or when it holds a NUL */
const char *im_dir_value(struct im_dir *d, LDAPMessage *entry, const char *attr, struct im_arena *a);
/* im_dir_values - all of them, *ret_n how many */
const char **im_dir_values(
    struct im_dir *d, LDAPMessage *entry, const char *attr, struct im_arena *a, int *ret_n);

/* im_dir_time - generalizedTime in UTC (RFC 4517 3.3.13) as seconds; 0 for NULL or another form */
int64_t im_dir_time(const char *text);

/* im_dir_bind - a simple bind on this connection; IM_DENIED for wrong credentials */
enum im_status im_dir_bind(
    struct im_dir *d, const char *dn, const char *password, struct im_err *err) IM_MUSTUSE;

/* im_dir_patience - seconds that the next operations may take */
void im_dir_patience(struct im_dir *d, int seconds);

/* --- forms, each with a text for people in err --- */

enum im_status im_person_uid_ok(const char *uid, struct im_err *err) IM_MUSTUSE;
enum im_status im_person_name_ok(const char *name, struct im_err *err) IM_MUSTUSE;
enum im_status im_person_language_ok(const char *language, struct im_err *err) IM_MUSTUSE;
/* an address of the household's domain; *ret in lower case in the arena */
enum im_status im_person_address_ok(const struct im_conf *conf, const char *address, struct im_arena *a,
    const char **ret, struct im_err *err) IM_MUSTUSE;

#endif
