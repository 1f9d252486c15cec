/*
 * mods.c - a list of modifications for one entry
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>

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
	if (csn != NULL) {
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
