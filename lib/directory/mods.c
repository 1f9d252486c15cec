/*
 * mods.c - a list of modifications for one entry
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "directory/mods.h"

void
im_mods_values(struct im_mods *m, int op, const char *attr, const char *const *values, int n)
{
	struct im_arena *a = &m->d->arena;

	if (m->n == IM_MODS_MAX) {
		m->full = true;
		return;
	}
	LDAPMod *x = im_arena_alloc(a, sizeof(*x));
	*x = (LDAPMod) { .mod_op = op, .mod_type = im_arena_strdup(a, attr) };
	if (n > 0) {
		x->mod_values = im_arena_alloc(a, ((size_t)n + 1) * sizeof(char *));
		for (int i = 0; i < n; i++)
			x->mod_values[i] = im_arena_strdup(a, values[i]);
		x->mod_values[n] = NULL;
	}
	m->list[m->n++] = x;
}

void
im_mods_add(struct im_mods *m, const char *attr, const char *value)
{
	im_mods_values(m, LDAP_MOD_ADD, attr, &value, 1);
}

void
im_mods_delete(struct im_mods *m, const char *attr, const char *value)
{
	im_mods_values(m, LDAP_MOD_DELETE, attr, &value, 1);
}

void
im_mods_replace(struct im_mods *m, const char *attr, const char *value)
{
	im_mods_values(m, LDAP_MOD_REPLACE, attr, &value, value != NULL && *value ? 1 : 0);
}

void
im_mods_bool(struct im_mods *m, int op, const char *attr, bool value)
{
	const char *text = value ? "TRUE" : "FALSE";

	im_mods_values(m, op, attr, &text, 1);
}

/*
 * touches_unique - slapo-unique looks for another entry with the same value by a search that inherits the assertion of
 * the change: no other entry fits it, so the change is refused as if somebody had been faster
 */
static bool
touches_unique(const struct im_mods *m)
{
	static const char *const names[] = { "mail", "mailAlias", "uidNumber" };

	for (int i = 0; i < m->n; i++)
		for (size_t k = 0; k < IM_COUNT(names); k++)
			if (strcasecmp(m->list[i]->mod_type, names[k]) == 0)
				return true;
	return false;
}

/* same_csn - looked at instead of asserted: the moment between is small, and values are added one by one */
static int
same_csn(struct im_dir *d, const char *dn, const char *csn)
{
	static const char *const attrs[] = { "entryCSN", NULL };
	LDAPMessage *msg = NULL;

	int rc = ldap_search_ext_s(d->ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char **)(uintptr_t)attrs,
	    0, NULL, NULL, NULL, 0, &msg);
	LDAPMessage *e = rc == LDAP_SUCCESS ? ldap_first_entry(d->ld, msg) : NULL;
	const char *now = e != NULL ? im_dir_value(d, e, "entryCSN", &d->arena) : NULL;
	ldap_msgfree(msg);
	if (rc == LDAP_SUCCESS && (now == NULL || strcmp(now, csn) != 0))
		return LDAP_ASSERTION_FAILED;
	return rc;
}

int
im_mods_run(struct im_mods *m, const char *dn, const char *csn)
{
	LDAPControl *list[2] = { NULL };
	int rc = LDAP_SUCCESS;

	if (m->full)
		return LDAP_ADMINLIMIT_EXCEEDED;
	if (m->n == 0)
		return LDAP_SUCCESS;
	m->list[m->n] = NULL;
	if (csn != NULL && touches_unique(m)) {
		rc = same_csn(m->d, dn, csn);
		csn = NULL;
	} else if (csn != NULL) {
		const char *filter = im_dir_eq(m->d, "entryCSN", csn);
		rc = ldap_create_assertion_control(m->d->ld, im_arena_strdup(&m->d->arena, filter), 1, list);
	}
	im_dir_patience(m->d, IM_MODS_SECONDS);
	errno = 0;
	if (rc == LDAP_SUCCESS)
		rc = ldap_modify_ext_s(m->d->ld, dn, m->list, csn ? list : NULL, NULL);
	if (list[0] != NULL)
		ldap_control_free(list[0]);
	return rc;
}

int
im_mods_new(struct im_mods *m, const char *dn)
{
	if (m->full)
		return LDAP_ADMINLIMIT_EXCEEDED;
	m->list[m->n] = NULL;
	im_dir_patience(m->d, IM_MODS_SECONDS);
	errno = 0;
	return ldap_add_ext_s(m->d->ld, dn, m->list, NULL, NULL);
}

enum im_status
im_mods_run_each(
    struct im_mods *m, const char *base, const char *filter, const char *what, struct im_err *err)
{
	static const char *const attrs[] = { LDAP_NO_ATTRS, NULL };
	struct im_dir *d = m->d;
	LDAPMessage *msg;

	enum im_status st = im_dir_search(d, base, LDAP_SCOPE_ONELEVEL, filter, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); st == IM_OK && e != NULL;
	     e = ldap_next_entry(d->ld, e)) {
		char *dn = ldap_get_dn(d->ld, e);
		int rc = dn ? im_mods_run(m, dn, NULL) : LDAP_NO_MEMORY;
		if (rc != LDAP_SUCCESS && rc != LDAP_NO_SUCH_ATTRIBUTE && rc != LDAP_NO_SUCH_OBJECT)
			st = im_dir_fail(d, rc, err, "%s %s", what, dn ? dn : "an entry");
		ldap_memfree(dn);
	}
	ldap_msgfree(msg);
	return st;
}
