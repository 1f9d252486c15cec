/*
 * two_step.c - secret and recovery codes of the second step
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/two_step.h"

#include "directory/mods.h"

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

static enum im_status
modify(struct im_mods *m, const char *uid, const char *what, struct im_err *err)
{
	enum im_status st = im_person_uid_ok(uid, err);

	if (st != IM_OK)
		return st;
	int rc = im_mods_run(m, im_dir_person_dn(m->d, uid), NULL);
	if (rc == LDAP_SUCCESS)
		return IM_OK;
	if (rc == LDAP_NO_SUCH_ATTRIBUTE)
		return im_fail(err, IM_NOTFOUND, "%s of %s: not there (any more)", what, uid);
	return im_dir_fail(m->d, rc, err, "%s of %s", what, uid);
}

enum im_status
im_two_step_set(struct im_dir *d, const char *uid, const char *secret, const char *const *hashes, int n,
    struct im_err *err)
{
	struct im_mods m = { .d = d };

	im_mods_values(&m, LDAP_MOD_REPLACE, "mailOtpRecovery", hashes, n);
	if (secret)
		im_mods_replace(&m, "mailOtpSecret", secret);
	return modify(&m, uid, "setting the second step", err);
}

enum im_status
im_two_step_remove(struct im_dir *d, const char *uid, struct im_err *err)
{
	struct im_mods m = { .d = d };

	im_mods_replace(&m, "mailOtpRecovery", NULL);
	im_mods_replace(&m, "mailOtpSecret", NULL);
	return modify(&m, uid, "removing the second step", err);
}

enum im_status
im_two_step_use(struct im_dir *d, const char *uid, const char *hash, struct im_err *err)
{
	struct im_mods m = { .d = d };

	im_mods_delete(&m, "mailOtpRecovery", hash);
	return modify(&m, uid, "using a recovery code", err);
}
