/*
 * tree.c - the fixed entries of the directory brought to what this version needs
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "directory/mods.h"
#include "directory/tree.h"

/* includes nothing that it needs */
#include <ldif.h>

enum { LDIF_MAX = 1024 * 1024, VALUES_MAX = 64, ATTRS_MAX = IM_MODS_MAX };

/* one entry of the file: attributes in the order of their first value */
struct entry {
	const char *dn;
	struct attr {
		const char *name, *values[VALUES_MAX];
		int n;
	} attrs[ATTRS_MAX];
	int n;
};

static enum im_status
take(struct im_dir *d, struct entry *e, const char *name, const char *value, struct im_err *err)
{
	int i = 0;

	if (strcasecmp(name, "dn") == 0) {
		e->dn = im_arena_strdup(&d->arena, value);
		return IM_OK;
	}
	if (e->dn == NULL)
		return im_fail(err, IM_INVALID, "base.ldif: \"%.60s\" stands before a dn", name);
	while (i < e->n && strcasecmp(e->attrs[i].name, name) != 0)
		i++;
	if (i == ATTRS_MAX || (i < e->n && e->attrs[i].n == VALUES_MAX))
		return im_fail(err, IM_INVALID, "base.ldif: %.200s is too large", e->dn);
	struct attr *a = &e->attrs[i];
	if (i == e->n) {
		e->n++;
		a->name = im_arena_strdup(&d->arena, name);
	}
	a->values[a->n++] = im_arena_strdup(&d->arena, value);
	return IM_OK;
}

/* line_of - one logical line; "attr:< url" would read another file */
static enum im_status
line_of(struct im_dir *d, struct entry *e, char *line, struct im_err *err)
{
	struct berval type, value;
	int owned = 0;

	if (strstr(line, ":<") != NULL)
		return im_fail(err, IM_INVALID, "base.ldif: \"%.60s\": no references to files", line);
	if (ldif_parse_line2(line, &type, &value, &owned) != 0)
		return im_fail(err, IM_INVALID, "base.ldif: \"%.60s\" is no LDIF", line);
	const char *name = im_arena_strndup(&d->arena, type.bv_val, type.bv_len);
	const char *text =
	    im_arena_strndup(&d->arena, value.bv_val ? value.bv_val : "", value.bv_val ? value.bv_len : 0);
	enum im_status st = take(d, e, name, text, err);
	if (owned)
		free(value.bv_val);
	return st;
}

struct run {
	struct im_dir *d;
	bool dry_run;
	im_tree_fn *fn;
	void *arg;
	int *changes;
};

static void
tell(struct run *r, const char *what, const char *attr, const char *dn)
{
	(*r->changes)++;
	r->fn(im_arena_fmt(&r->d->arena, "%s %s%s%s", what, attr, *attr ? " of " : "", dn), r->arg);
}

static enum im_status
add(struct run *r, const struct entry *e, struct im_err *err)
{
	struct im_mods m = { .d = r->d };

	for (int i = 0; i < e->n; i++)
		im_mods_values(&m, LDAP_MOD_ADD, e->attrs[i].name, e->attrs[i].values, e->attrs[i].n);
	int rc = r->dry_run ? LDAP_SUCCESS : im_mods_new(&m, e->dn);
	if (rc != LDAP_SUCCESS)
		return im_dir_fail(r->d, rc, err, "adding %.120s", e->dn);
	tell(r, r->dry_run ? "would add" : "added", "", e->dn);
	return IM_OK;
}

/* complete - what the entry lacks altogether; a class that it lacks too, for it may allow the attribute */
static enum im_status
complete(struct run *r, const struct entry *e, LDAPMessage *there, struct im_err *err)
{
	struct im_mods m = { .d = r->d };
	struct im_arena *a = &r->d->arena;

	for (int i = 0; i < e->n; i++) {
		const struct attr *want = &e->attrs[i];
		bool classes = strcasecmp(want->name, "objectClass") == 0;
		int n, k;
		const char **has = im_dir_values(r->d, there, want->name, a, &n);
		if (n == 0)
			im_mods_values(&m, LDAP_MOD_ADD, want->name, want->values, want->n);
		for (int v = 0; classes && v < want->n; v++) {
			for (k = 0; k < n && strcasecmp(has[k], want->values[v]) != 0; k++)
				;
			if (k == n)
				im_mods_add(&m, want->name, want->values[v]);
		}
	}
	int rc = r->dry_run ? LDAP_SUCCESS : im_mods_run(&m, e->dn, NULL);
	if (rc != LDAP_SUCCESS)
		return im_dir_fail(r->d, rc, err, "completing %.120s", e->dn);
	for (int i = 0; i < m.n; i++)
		tell(r, r->dry_run ? "would add" : "added", m.list[i]->mod_type, e->dn);
	return IM_OK;
}

static enum im_status
finish(struct run *r, struct entry *e, struct im_err *err)
{
	static const char *const attrs[] = { "*", "+", NULL }; /* authzTo is operational */
	LDAPMessage *msg = NULL;
	enum im_status st;

	if (e->dn == NULL)
		return IM_OK;
	int rc = ldap_search_ext_s(r->d->ld, e->dn, LDAP_SCOPE_BASE, "(objectClass=*)",
	    (char **)(uintptr_t)attrs, 0, NULL, NULL, NULL, 0, &msg);
	LDAPMessage *there = rc == LDAP_SUCCESS ? ldap_first_entry(r->d->ld, msg) : NULL;
	if (rc == LDAP_NO_SUCH_OBJECT)
		st = add(r, e, err);
	else if (there == NULL)
		st = im_dir_fail(
		    r->d, rc == LDAP_SUCCESS ? LDAP_INSUFFICIENT_ACCESS : rc, err, "%.120s", e->dn);
	else
		st = complete(r, e, there, err);
	ldap_msgfree(msg);
	*e = (struct entry) { 0 };
	return st;
}

enum im_status
im_tree_upgrade(struct im_dir *d, struct im_str ldif, bool dry_run, im_tree_fn *fn, void *arg,
    int *ret_changes, struct im_err *err)
{
	struct run r = { d, dry_run, fn, arg, ret_changes };
	struct entry *e = im_calloc(1, sizeof(*e));
	enum im_status st = IM_OK;

	*ret_changes = 0;
	if (ldif.n > LDIF_MAX || memchr(ldif.p, 0, ldif.n) != NULL) {
		free(e);
		return im_fail(err, IM_INVALID, "base.ldif: too large, or no text");
	}
	char *next = im_arena_strndup(&d->arena, ldif.p, ldif.n);
	while (st == IM_OK && next != NULL && *next != '\0') {
		if (*next == '\n' || *next == '\r') { /* an entry ends */
			next++;
			st = finish(&r, e, err);
			continue;
		}
		char *line =
		    ldif_getline(&next); /* NULL: there was only a comment before the next empty line */
		if (line != NULL)
			st = line_of(d, e, line, err);
	}
	if (st == IM_OK)
		st = finish(&r, e, err);
	free(e);
	return st;
}
