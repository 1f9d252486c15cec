/*
 * person.h - people in the directory: ou=people, inetOrgPerson + intimailUser (libldap, SASL EXTERNAL over ldapi)
 *
 * slapd enforces who may do what by the UNIX identity of the caller; this module checks the form of what is written
 * and gives each refusal a text for people.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_PERSON_H
#define IM_PERSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"
#include "directory/directory.h"

struct im_person {
	const char *uid, *name, *mail; /* mail: the primary address */
	const char **addresses;        /* all of them, mail included */
	int naddresses;
	uint64_t quota; /* bytes, 0 = none */
	bool enabled, admin;
	const char *language;     /* "" = the browser's */
	int64_t expires;          /* seconds UTC, 0 = never: mail and sign-in stop exactly then */
	int64_t send_limit;       /* recipients a day, -1 = the configuration's */
	int64_t unix_uid;         /* the UNIX user that is this person, -1 = none */
	const char **preferences; /* "look=dark"; NULL-terminated */
	bool two_step;            /* false also where this identity may not see it */
	const char *csn;          /* of the entry as it was read (entryCSN) */
};

/* im_person_preference - the value of "name=value", "" when there is none */
const char *im_person_preference(const struct im_person *p, const char *name);
enum im_status im_person_get(struct im_dir *d, const char *uid, struct im_arena *a, struct im_person *ret,
    struct im_err *err) IM_MUSTUSE;
enum im_status im_person_list(
    struct im_dir *d, struct im_arena *a, struct im_person **ret, int *ret_n, struct im_err *err) IM_MUSTUSE;

/*
 * password NULL: none yet (cannot sign in). IM_CONFLICT when the uid or an address is taken. uid@domain is always one of
 * the addresses, and the primary one unless p->mail names another.
 */
enum im_status im_person_add(
    struct im_dir *d, const struct im_person *p, const char *password, struct im_err *err) IM_MUSTUSE;

struct im_person_change { /* NULL or unset = leave */
	const char *name, *language;
	const char **add_addresses, **remove_addresses; /* NULL-terminated */
	const char *primary;
	/* csn: only if the entry is still the one that was read, else IM_CONFLICT (RFC 4528) */
	const char *csn;
	const char **set_preferences; /* "name=value" replaces the one of that name, "name=" removes it */
	bool set_quota, set_admin, set_enabled, set_expires, set_send_limit, set_unix_uid, remove_two_step;
	uint64_t quota;
	int64_t expires, send_limit, unix_uid; /* 0, -1, -1: none */
	bool admin, enabled;
};
enum im_status im_person_set(
    struct im_dir *d, const char *uid, const struct im_person_change *c, struct im_err *err) IM_MUSTUSE;
/* im_password_ok - at least 10 characters, not the uid; the reason otherwise */
enum im_status im_password_ok(const char *uid, const char *password, struct im_err *err) IM_MUSTUSE;
/* by the password-modify operation: slapd hashes */
enum im_status im_person_passwd(
    struct im_dir *d, const char *uid, const char *password, struct im_err *err) IM_MUSTUSE;
/* out of all groups first: a later person of the same name must not inherit rights. The mail stays on the disk */
enum im_status im_person_delete(struct im_dir *d, const char *uid, struct im_err *err) IM_MUSTUSE;

/*
 * im_person_authenticate - does this password belong to this login (uid or any address)? By a bind of its own.
 * IM_DENIED: wrong, unknown, disabled (not told apart; an unknown login costs the same: a decoy bind). ret_uid in arena.
 */
enum im_status im_person_authenticate(const struct im_conf *conf, const char *login, const char *password,
    struct im_arena *a, const char **ret_uid, struct im_err *err) IM_MUSTUSE;
/* im_person_sign_in - the same, and who it is, as that person sees the directory (read over the same connection) */
enum im_status im_person_sign_in(const struct im_conf *conf, const char *login, const char *password,
    struct im_arena *a, struct im_person *ret, struct im_err *err) IM_MUSTUSE;
/*
 * im_person_verify - is this the password of somebody who is signed in? For programs that may search nothing as themselves.
 * IM_DENIED: no
 */
enum im_status im_person_verify(
    const struct im_conf *conf, const char *uid, const char *password, struct im_err *err) IM_MUSTUSE;

#endif
