/*
 * two_step.c - secret and recovery codes of the second step
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/two_step.h"

#include <errno.h>

#include "base/str.h"
#include "directory/dir.h"

enum { WRITE_SECONDS = 30, MODS_MAX = 3 };

enum im_status
im_two_step_get(
    struct im_dir *d, const char *uid, struct im_arena *a, struct im_two_step *ret, struct im_err *err)
{
	static const char *const attrs[] = { "mailOtpSecret", "mailOtpRecovery", NULL };
	LDAPMessage *msg;

	enum im_status st = im_person_uid_ok(uid, err);
	if (st == IM_OK)
		st = im_dir_search(d, im_dir_person_dn(d, uid), LDAP_SCOPE_BASE, "(objectClass=intimailUser)",
		    attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	if (e == NULL) {
		st = im_fail(err, IM_NOTFOUND, "%s: there is no such person", uid);
	} else {
		ret->secret = im_dir_value(d, e, "mailOtpSecret", a);
		ret->recovery = im_dir_values(d, e, "mailOtpRecovery", a, &ret->nrecovery);
	}
	ldap_msgfree(msg);
	return st;
}

enum im_status
im_two_step_is_on(struct im_dir *d, const char *uid, bool *ret, struct im_err *err)
{
	static const char *const attrs[] = { "uid", NULL };
	LDAPMessage *msg;

	enum im_status st = im_person_uid_ok(uid, err);
	if (st == IM_OK)
		st = im_dir_search(
		    d, im_dir_person_dn(d, uid), LDAP_SCOPE_BASE, "(mailOtpSecret=*)", attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	*ret = ldap_count_entries(d->ld, msg) == 1;
	ldap_msgfree(msg);
	return IM_OK;
}

static LDAPMod
mod(struct im_dir *d, int op, const char *attr, const char *const *values, int n)
{
	LDAPMod m = { .mod_op = op, .mod_type = im_arena_strdup(&d->arena, attr) };

	if (n > 0) {
		m.mod_values = im_arena_alloc(&d->arena, ((size_t)n + 1) * sizeof(char *));
		for (int i = 0; i < n; i++)
			m.mod_values[i] = im_arena_strdup(&d->arena, values[i]);
		m.mod_values[n] = NULL;
	}
	return m;
}

static enum im_status
modify(struct im_dir *d, const char *uid, LDAPMod *mods, int n, const char *what, struct im_err *err)
{
	LDAPMod *list[MODS_MAX + 1] = { NULL };
	enum im_status st = im_person_uid_ok(uid, err);

	if (st != IM_OK)
		return st;
	for (int i = 0; i < n && i < MODS_MAX; i++)
		list[i] = &mods[i];
	im_dir_patience(d, WRITE_SECONDS);
	errno = 0;
	int rc = ldap_modify_ext_s(d->ld, im_dir_person_dn(d, uid), list, NULL, NULL);
	if (rc == LDAP_SUCCESS)
		return IM_OK;
	if (rc == LDAP_NO_SUCH_ATTRIBUTE)
		return im_fail(err, IM_NOTFOUND, "%s of %s: not there (any more)", what, uid);
	return im_dir_fail(d, rc, err, "%s of %s", what, uid);
}

enum im_status
im_two_step_set(struct im_dir *d, const char *uid, const char *secret, const char *const *hashes, int n,
    struct im_err *err)
{
	LDAPMod mods[2] = { mod(d, LDAP_MOD_REPLACE, "mailOtpRecovery", hashes, n) };
	int nmods = 1;

	if (secret)
		mods[nmods++] = mod(d, LDAP_MOD_REPLACE, "mailOtpSecret", &secret, 1);
	return modify(d, uid, mods, nmods, "setting the second step", err);
}

enum im_status
im_two_step_remove(struct im_dir *d, const char *uid, struct im_err *err)
{
	LDAPMod mods[] = { mod(d, LDAP_MOD_REPLACE, "mailOtpRecovery", NULL, 0),
		mod(d, LDAP_MOD_REPLACE, "mailOtpSecret", NULL, 0) };

	return modify(d, uid, mods, IM_COUNT(mods), "removing the second step", err);
}

enum im_status
im_two_step_use(struct im_dir *d, const char *uid, const char *hash, struct im_err *err)
{
	LDAPMod m = mod(d, LDAP_MOD_DELETE, "mailOtpRecovery", &hash, 1);

	return modify(d, uid, &m, 1, "using a recovery code", err);
}
