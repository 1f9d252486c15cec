/*
 * sign_in.c - does this password belong to this login?
 *
 * slapd compares the hash: a bind as the person over the same socket. Whatever the reason of a refusal is, one
 * password is hashed: an unknown, disabled or ended account is tried against the decoy entry, whose result is never
 * believed, so that the time does not tell who has an account.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/str.h"
#include "directory/dir.h"

enum { LOGIN_MAX = 254, PASSWORD_MAX = 256, ANSWER_SECONDS = 15 };

struct account {
	const char *uid, *dn;
	bool usable;
};

/* ended - mailExpire as our tools write it, "20261231235959Z"; the same order as text and as time */
static bool
ended(const char *expire)
{
	char now[sizeof("20261231235959Z")];
	time_t t = (time_t)im_now();
	struct tm tm;

	if (expire == NULL)
		return false;
	if (gmtime_r(&t, &tm) == NULL || strftime(now, sizeof(now), "%Y%m%d%H%M%SZ", &tm) == 0)
		return true;
	return strcmp(expire, now) <= 0;
}

static enum im_status
find_account(struct im_dir *d, const char *login, struct im_arena *a, struct account *ret, struct im_err *err)
{
	static const char *const attrs[] = { "uid", "mailEnabled", "mailExpire", NULL };
	char *lower = im_arena_strdup(&d->arena, login);
	LDAPMessage *msg;

	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	const char *filter = im_arena_fmt(&d->arena, "(&(objectClass=intimailUser)%s)",
	    im_dir_eq(d, strchr(lower, '@') ? "mailAlias" : "uid", lower));
	enum im_status st =
	    im_dir_search(d, im_dir_people(d), LDAP_SCOPE_ONELEVEL, filter, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_count_entries(d->ld, msg) == 1 ? ldap_first_entry(d->ld, msg) : NULL;
	if (e != NULL) {
		const char *enabled = im_dir_value(d, e, "mailEnabled", &d->arena);
		char *dn = ldap_get_dn(d->ld, e);
		ret->uid = im_dir_value(d, e, "uid", a);
		ret->dn = dn ? im_arena_strdup(&d->arena, dn) : NULL;
		ret->usable = ret->uid && ret->dn && enabled && strcmp(enabled, "TRUE") == 0 &&
			      !ended(im_dir_value(d, e, "mailExpire", &d->arena));
		ldap_memfree(dn);
	}
	ldap_msgfree(msg);
	return IM_OK;
}

static enum im_status
refuse(struct im_err *err)
{
	return im_fail(err, IM_DENIED, "wrong user name or password");
}

/* password_ok - an empty one is an "unauthenticated bind" (RFC 4513 5.1.2), which must never look like success */
static bool
password_ok(const char *password)
{
	return *password != '\0' && strlen(password) <= PASSWORD_MAX;
}

/* authenticate - on IM_OK *ret is bound as the person */
static enum im_status
authenticate(const struct im_conf *conf, const char *login, const char *password, struct im_arena *a,
    struct im_dir **ret, const char **ret_uid, struct im_err *err)
{
	struct im_dir *d;
	struct account who = { 0 };

	if (*login == '\0' || strlen(login) > LOGIN_MAX || !password_ok(password))
		return refuse(err);
	enum im_status st = im_dir_open(conf, &d, err);
	if (st != IM_OK)
		return st;
	st = find_account(d, login, a, &who, err);
	if (st == IM_OK) {
		const char *decoy = im_arena_fmt(&d->arena, "cn=decoy,ou=services,%s", conf->ldap_base);
		im_dir_patience(d, ANSWER_SECONDS); /* four hashes at a time, others wait */
		st = im_dir_bind(d, who.usable ? who.dn : decoy, password, err);
	}
	if (st == IM_DENIED || (st == IM_OK && !who.usable))
		st = refuse(err);
	if (st != IM_OK) {
		im_dir_close(d);
		return st;
	}
	*ret_uid = who.uid;
	*ret = d;
	return IM_OK;
}

enum im_status
im_person_authenticate(const struct im_conf *conf, const char *login, const char *password,
    struct im_arena *a, const char **ret_uid, struct im_err *err)
{
	struct im_dir *d = NULL;
	enum im_status st = authenticate(conf, login, password, a, &d, ret_uid, err);

	im_dir_close(d);
	return st;
}

enum im_status
im_person_sign_in(const struct im_conf *conf, const char *login, const char *password, struct im_arena *a,
    struct im_person *ret, struct im_err *err)
{
	struct im_dir *d = NULL;
	const char *uid = "";
	enum im_status st = authenticate(conf, login, password, a, &d, &uid, err);

	if (st == IM_OK) {
		st = im_person_get(d, uid, a, ret, err);
		/* gone between the two: nobody's wrong password */
		if (st == IM_DENIED || st == IM_NOTFOUND)
			st = im_fail(err, IM_TEMP, "%s cannot be read by itself", uid);
	}
	im_dir_close(d);
	return st;
}

enum im_status
im_person_verify(const struct im_conf *conf, const char *uid, const char *password, struct im_err *err)
{
	struct im_dir *d;
	struct im_err form;

	if (!password_ok(password) || im_person_uid_ok(uid, &form) != IM_OK)
		return refuse(err);
	enum im_status st = im_dir_open(conf, &d, err);
	if (st != IM_OK)
		return st;
	im_dir_patience(d, ANSWER_SECONDS);
	st = im_dir_bind(d, im_dir_person_dn(d, uid), password, err);
	im_dir_close(d);
	return st;
}
