/*
 * person_change.c - adding, changing and removing people
 *
 * Each change is one modify operation where LDAP can do it in one; values are added and deleted one by one, never the
 * whole attribute replaced, so that two administrators at once do not undo each other. Uniqueness is slapd's decision
 * (overlay unique, serialised); what is asked here afterwards is only who has it, for the message.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "base/when.h"
#include "directory/alias.h"
#include "directory/mods.h"

enum { MAX_ADDRESSES = 64, PREFERENCE_MAX = 200, UNIX_UID_MAX = 65534 };

static void
mod_one(struct im_mods *m, int op, const char *attr, const char *value)
{
	im_mods_values(m, op, attr, &value, 1);
}

static void
mod_quota(struct im_mods *m, int op, uint64_t quota)
{
	if (quota > 0)
		mod_one(m, op, "mailQuota", im_arena_fmt(&m->d->arena, "%llu", (unsigned long long)quota));
	else if (op == LDAP_MOD_REPLACE)
		im_mods_values(m, op, "mailQuota", NULL, 0);
}

/* a surname is demanded by the schema; the last word of the name is as good as any */
static void
mod_name(struct im_mods *m, int op, const char *name)
{
	struct im_str t = im_str_trim(im_str(name));
	const char *trimmed = im_arena_strndup(&m->d->arena, t.p, t.n), *space = strrchr(trimmed, ' ');

	mod_one(m, op, "cn", trimmed);
	mod_one(m, op, "sn", space ? space + 1 : trimmed);
}

/* limits and ends; "replace" in a new entry is the same as "add" */
static void
mod_number(struct im_mods *m, const char *attr, int64_t n)
{
	im_mods_replace(m, attr, n < 0 ? NULL : im_arena_fmt(&m->d->arena, "%lld", (long long)n));
}

static enum im_status
mod_limits(struct im_mods *m, const struct im_person_change *c, struct im_err *err)
{
	char text[24];

	if (c->set_unix_uid && (c->unix_uid == 0 || c->unix_uid >= UNIX_UID_MAX))
		return im_fail(err, IM_INVALID, "UNIX user %lld: root and nobody are no persons",
		    (long long)c->unix_uid);
	if (c->set_expires)
		im_mods_replace(m, "mailExpire", c->expires > 0 ? im_when_ldap(c->expires, text) : NULL);
	if (c->set_send_limit)
		mod_number(m, "mailSendLimit", c->send_limit);
	if (c->set_unix_uid)
		mod_number(m, "uidNumber", c->unix_uid);
	if (c->remove_two_step) {
		im_mods_replace(m, "mailOtpSecret", NULL);
		im_mods_replace(m, "mailOtpRecovery", NULL);
	}
	return IM_OK;
}

/* mod_preferences - one value a name: the old one goes, another comes */
static enum im_status
mod_preferences(
    struct im_mods *m, const struct im_person *p, const struct im_person_change *c, struct im_err *err)
{
	for (const char **new = c->set_preferences; new != NULL &&*new != NULL; new ++) {
		const char *eq = strchr(*new, '=');
		size_t name = eq ? (size_t)(eq - *new) + 1 : 0;
		if (name < 2 || strlen(*new) > PREFERENCE_MAX ||
		    strspn(*new, "abcdefghijklmnopqrstuvwxyz-") + 1 != name)
			return im_fail(err, IM_INVALID, "preference \"%.80s\": wanted is name=value", *new);
		for (const char *v = eq; *v; v++)
			if (*v <= ' ' || *v > '~')
				return im_fail(err, IM_INVALID, "preference \"%.80s\": ASCII only", *new);
		bool same = false;
		for (const char **old = p->preferences; *old != NULL; old++) {
			if (strncmp(*old, *new, name) != 0)
				continue;
			same = strcmp(*old, *new) == 0;
			if (!same)
				im_mods_delete(m, "mailPreference", *old);
		}
		if (!same && eq[1])
			im_mods_add(m, "mailPreference", *new);
	}
	return IM_OK;
}

/* ---- messages ---- */

/* explain - a conflict in terms of who has the address */
static enum im_status
explain(struct im_dir *d, int rc, const char *uid, const char *const *addresses, int n, struct im_err *err)
{
	static const char *const attrs[] = { "uid", "cn", NULL };
	struct im_err ignored;

	enum im_status st = im_dir_fail(d, rc, err, "%s", uid);
	if (rc == LDAP_ALREADY_EXISTS)
		return im_fail(err, IM_CONFLICT, "%s: this user name is taken", uid);
	if (st != IM_CONFLICT)
		return st;
	for (int i = 0; i < n; i++) {
		LDAPMessage *msg;
		const char *other = NULL;
		if (im_dir_search(d, d->conf->ldap_base, LDAP_SCOPE_SUBTREE,
			im_dir_eq(d, "mailAlias", addresses[i]), attrs, 0, &msg, &ignored) != IM_OK)
			continue;
		LDAPMessage *e = ldap_first_entry(d->ld, msg);
		if (e != NULL && (other = im_dir_value(d, e, "uid", &d->arena)) == NULL)
			other = im_dir_value(d, e, "cn", &d->arena);
		ldap_msgfree(msg);
		if (other != NULL && strcmp(other, uid) != 0)
			return im_fail(err, IM_CONFLICT, "address %s is taken by %s", addresses[i], other);
	}
	return st;
}

/* ---- groups ---- */

static enum im_status
set_admin(struct im_dir *d, const char *uid, bool on, struct im_err *err)
{
	struct im_mods m = { .d = d };

	im_mods_values(&m, on ? LDAP_MOD_ADD : LDAP_MOD_DELETE, "memberUid", &uid, 1);
	int rc = im_mods_run(&m, im_dir_admins_dn(d), NULL);
	if (rc == LDAP_SUCCESS || rc == (on ? LDAP_TYPE_OR_VALUE_EXISTS : LDAP_NO_SUCH_ATTRIBUTE))
		return IM_OK;
	return im_dir_fail(d, rc, err, "%s as administrator", uid);
}

/* not_last_admin - somebody must be left who can manage, and whom postmaster reaches */
static enum im_status
not_last_admin(struct im_dir *d, const struct im_person *p, struct im_err *err)
{
	struct im_person *all;
	int n, others = 0;

	if (!p->admin)
		return IM_OK;
	enum im_status st = im_person_list(d, &d->arena, &all, &n, err);
	if (st != IM_OK)
		return st;
	for (int i = 0; i < n; i++)
		others +=
		    all[i].admin && all[i].enabled && all[i].expires == 0 && strcmp(all[i].uid, p->uid) != 0;
	if (others > 0)
		return IM_OK;
	return im_fail(
	    err, IM_CONFLICT, "%s is the only administrator: make somebody else one first", p->uid);
}

/* leave_groups - as a member and as an owner; a list that has no owner left is the administrators' */
static enum im_status
leave_groups(struct im_dir *d, const char *uid, struct im_err *err)
{
	const char *what = im_arena_fmt(&d->arena, "taking %s out of", uid), *dn = im_dir_person_dn(d, uid);
	struct im_mods member = { .d = d }, owner = { .d = d };

	im_mods_delete(&member, "memberUid", uid);
	im_mods_delete(&owner, "owner", dn);
	enum im_status st =
	    im_mods_run_each(&member, im_dir_groups(d), im_dir_eq(d, "memberUid", uid), what, err);
	return st == IM_OK ? im_mods_run_each(&owner, im_dir_groups(d), im_dir_eq(d, "owner", dn), what, err)
			   : st;
}

/* no_list - members of a list are named by uid or by list: one name is never both */
static enum im_status
no_list(struct im_dir *d, const char *uid, struct im_err *err)
{
	static const char *const attrs[] = { "cn", NULL };
	LDAPMessage *msg;

	enum im_status st = im_dir_search(
	    d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, im_dir_eq(d, "cn", uid), attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	if (ldap_count_entries(d->ld, msg) > 0)
		st = im_fail(err, IM_CONFLICT, "%s: a list has this name: choose another user name", uid);
	ldap_msgfree(msg);
	return st;
}

/* ---- the password ---- */

static enum im_status
write_password(struct im_dir *d, const char *uid, const char *password, struct im_err *err)
{
	const char *dn = im_dir_person_dn(d, uid);
	struct berval user = { strlen(dn), im_arena_strdup(&d->arena, dn) };
	struct berval new = { strlen(password), im_arena_strdup(&d->arena, password) },
		      generated = { 0, NULL };

	errno = 0;
	int rc = ldap_passwd_s(d->ld, &user, NULL, &new, &generated, NULL, NULL);
	explicit_bzero(new.bv_val, new.bv_len);
	ldap_memfree(generated.bv_val);
	if (rc != LDAP_SUCCESS)
		return im_dir_fail(d, rc, err, "setting the password of %s", uid);
	return IM_OK;
}

/*
 * no_password - a password that nobody knows, rather than none: an entry without a hash is refused at once, and the
 * time would tell that it is there
 */
static enum im_status
no_password(struct im_dir *d, const char *uid, struct im_err *err)
{
	unsigned char bytes[32];
	char hex[2 * sizeof(bytes) + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return im_fail_errno(err, errno, "random bytes");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	enum im_status st = write_password(d, uid, hex, err);
	explicit_bzero(hex, sizeof(hex));
	return st;
}

enum im_status
im_person_passwd(struct im_dir *d, const char *uid, const char *password, struct im_err *err)
{
	struct im_person p;

	enum im_status st = im_person_get(d, uid, &d->arena, &p, err);
	if (st == IM_OK)
		st = im_password_ok(uid, password, err);
	if (st != IM_OK)
		return st;
	im_dir_patience(d, IM_MODS_SECONDS);
	return write_password(d, p.uid, password, err);
}

/* ---- add ---- */

/* check_new - every form is right; the addresses in lower case, uid@domain among them, each once */
static enum im_status
check_new(struct im_dir *d, const struct im_person *p, const char *addresses[MAX_ADDRESSES], int *n,
    const char **primary, struct im_err *err)
{
	enum im_status st = im_person_uid_ok(p->uid, err);
	if (st == IM_OK)
		st = im_person_name_ok(p->name, err);
	if (st == IM_OK)
		st = im_person_language_ok(p->language ? p->language : "", err);
	if (st != IM_OK)
		return st;
	addresses[0] = im_arena_fmt(&d->arena, "%s@%s", p->uid, d->conf->domain);
	*n = 1;
	for (int i = 0; i <= p->naddresses; i++) {
		const char *given = i < p->naddresses ? p->addresses[i] : p->mail, *address;
		if (given == NULL || *given == '\0')
			continue;
		st = im_person_address_ok(d->conf, given, &d->arena, &address, err);
		if (st != IM_OK)
			return st;
		if (i == p->naddresses)
			*primary = address;
		int k = 0;
		while (k < *n && strcmp(addresses[k], address) != 0)
			k++;
		if (k == MAX_ADDRESSES)
			return im_fail(err, IM_INVALID, "%s: more than %d addresses", p->uid, MAX_ADDRESSES);
		if (k == *n)
			addresses[(*n)++] = address;
	}
	if (*primary == NULL)
		*primary = addresses[0];
	return IM_OK;
}

enum im_status
im_person_add(struct im_dir *d, const struct im_person *p, const char *password, struct im_err *err)
{
	static const char *const classes[] = { "inetOrgPerson", "intimailUser" };
	const char *addresses[MAX_ADDRESSES], *primary = NULL;
	struct im_mods m = { .d = d };
	struct im_err ignored;
	int n;
	/* 0 is what nobody sets and the limit of nobody: a new person who has neither is left without */
	const struct im_person_change limits = {
		.set_expires = p->expires > 0,
		.expires = p->expires,
		.set_send_limit = p->send_limit > 0,
		.send_limit = p->send_limit,
		.set_unix_uid = p->unix_uid > 0,
		.unix_uid = p->unix_uid,
	};

	enum im_status st = check_new(d, p, addresses, &n, &primary, err);
	if (st == IM_OK && password != NULL)
		st = im_password_ok(p->uid, password, err);
	if (st == IM_OK)
		st = no_list(d, p->uid, err);
	if (st == IM_OK)
		st = mod_limits(&m, &limits, err);
	if (st != IM_OK)
		return st;
	im_mods_values(&m, LDAP_MOD_ADD, "objectClass", classes, IM_COUNT(classes));
	im_mods_add(&m, "uid", p->uid);
	mod_name(&m, LDAP_MOD_ADD, p->name);
	im_mods_add(&m, "mail", primary);
	im_mods_values(&m, LDAP_MOD_ADD, "mailAlias", addresses, n);
	im_mods_add(&m, "mailEnabled", p->enabled ? "TRUE" : "FALSE");
	mod_quota(&m, LDAP_MOD_ADD, p->quota);
	if (p->language != NULL && *p->language)
		im_mods_add(&m, "preferredLanguage", p->language);
	int rc = im_mods_new(&m, im_dir_person_dn(d, p->uid));
	if (rc != LDAP_SUCCESS)
		return explain(d, rc, p->uid, addresses, n, err);

	/* LDAP has no transaction over these: a person that is only half made is taken back */
	st = password ? write_password(d, p->uid, password, err) : no_password(d, p->uid, err);
	if (st == IM_OK && p->admin)
		st = set_admin(d, p->uid, true, err);
	if (st != IM_OK &&
	    (leave_groups(d, p->uid, &ignored) != IM_OK ||
		ldap_delete_ext_s(d->ld, im_dir_person_dn(d, p->uid), NULL, NULL) != LDAP_SUCCESS))
		return im_err_prefix(err, "%s was added, but not completely", p->uid);
	return st;
}

/* ---- set ---- */

static bool
has(const struct im_person *p, const char *address)
{
	for (int i = 0; i < p->naddresses; i++)
		if (strcmp(p->addresses[i], address) == 0)
			return true;
	return false;
}

static enum im_status
mod_addresses(struct im_mods *m, const struct im_person *p, const struct im_person_change *c,
    const char *added[], int *nadded, struct im_err *err)
{
	const char *removed[MAX_ADDRESSES], *address, *primary = p->mail;
	struct im_dir *d = m->d;
	int nremoved = 0;
	enum im_status st = IM_OK;

	*nadded = 0;
	for (const char **a = c->add_addresses; st == IM_OK && a != NULL && *a != NULL; a++) {
		st = im_person_address_ok(d->conf, *a, &d->arena, &address, err);
		if (st == IM_OK && !has(p, address) && *nadded < MAX_ADDRESSES)
			added[(*nadded)++] = address;
	}
	if (st == IM_OK && c->primary != NULL) {
		st = im_person_address_ok(d->conf, c->primary, &d->arena, &primary, err);
		bool known = st == IM_OK && has(p, primary);
		for (int i = 0; i < *nadded; i++)
			known = known || strcmp(added[i], primary) == 0;
		if (st == IM_OK && !known && *nadded < MAX_ADDRESSES)
			added[(*nadded)++] = primary;
	}
	for (const char **a = c->remove_addresses; st == IM_OK && a != NULL && *a != NULL; a++) {
		st = im_person_address_ok(d->conf, *a, &d->arena, &address, err);
		if (st == IM_OK && !has(p, address))
			st = im_fail(err, IM_NOTFOUND, "%s does not have the address %s", p->uid, address);
		if (st == IM_OK && strcmp(address, primary) == 0)
			st = im_fail(err, IM_CONFLICT,
			    "%s is the primary address of %s: choose another one first", address, p->uid);
		if (st == IM_OK && nremoved < MAX_ADDRESSES)
			removed[nremoved++] = address;
	}
	if (st != IM_OK)
		return st;
	if (*nadded > 0)
		im_mods_values(m, LDAP_MOD_ADD, "mailAlias", added, *nadded);
	if (nremoved > 0)
		im_mods_values(m, LDAP_MOD_DELETE, "mailAlias", removed, nremoved);
	if (strcmp(primary, p->mail) != 0)
		im_mods_replace(m, "mail", primary);
	return IM_OK;
}

static enum im_status
mod_rest(struct im_mods *m, const struct im_person_change *c, struct im_err *err)
{
	enum im_status st = IM_OK;

	if (c->name != NULL) {
		st = im_person_name_ok(c->name, err);
		mod_name(m, LDAP_MOD_REPLACE, c->name);
	}
	if (st == IM_OK && c->language != NULL) {
		st = im_person_language_ok(c->language, err);
		im_mods_values(m, LDAP_MOD_REPLACE, "preferredLanguage", (const char *const *)&c->language,
		    *c->language ? 1 : 0);
	}
	if (c->set_quota)
		mod_quota(m, LDAP_MOD_REPLACE, c->quota);
	if (c->set_enabled)
		im_mods_replace(m, "mailEnabled", c->enabled ? "TRUE" : "FALSE");
	return st;
}

enum im_status
im_person_set(struct im_dir *d, const char *uid, const struct im_person_change *c, struct im_err *err)
{
	struct im_person p;
	struct im_mods m = { .d = d };
	const char *added[MAX_ADDRESSES];
	int nadded = 0;

	enum im_status st = im_person_get(d, uid, &d->arena, &p, err);
	if (st == IM_OK && ((c->set_admin && !c->admin) || (c->set_enabled && !c->enabled) ||
			       (c->set_expires && c->expires > 0)))
		st = not_last_admin(d, &p, err);
	if (st == IM_OK)
		st = mod_addresses(&m, &p, c, added, &nadded, err);
	if (st == IM_OK)
		st = mod_rest(&m, c, err);
	if (st == IM_OK)
		st = mod_limits(&m, c, err);
	if (st == IM_OK)
		st = mod_preferences(&m, &p, c, err);
	if (st != IM_OK)
		return st;
	int rc = im_mods_run(&m, im_dir_person_dn(d, p.uid), c->csn);
	if (rc != LDAP_SUCCESS)
		return explain(d, rc, p.uid, added, nadded, err);
	return c->set_admin ? set_admin(d, p.uid, c->admin, err) : IM_OK;
}

/* ---- delete ---- */

enum im_status
im_person_delete(struct im_dir *d, const char *uid, struct im_err *err)
{
	struct im_person p;

	enum im_status st = im_person_get(d, uid, &d->arena, &p, err);
	if (st == IM_OK)
		st = not_last_admin(d, &p, err);
	im_dir_patience(d, IM_MODS_SECONDS);
	if (st == IM_OK)
		st = leave_groups(d, p.uid, err);
	if (st == IM_OK)
		st = im_alias_orphan(d, p.uid, err);
	if (st != IM_OK)
		return st;
	errno = 0;
	int rc = ldap_delete_ext_s(d->ld, im_dir_person_dn(d, p.uid), NULL, NULL);
	return rc == LDAP_SUCCESS ? IM_OK : im_dir_fail(d, rc, err, "deleting %s", p.uid);
}
