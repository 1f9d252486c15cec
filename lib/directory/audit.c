/*
 * audit.c - who changed what in the directory, when
 *
 * slapd keeps the log in the order of time and has no "newest first": windows of time are searched from now backwards,
 * each eight times as long as the one before, until there is enough. A window that holds too much is made smaller.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"
#include "base/when.h"
#include "directory/audit.h"
#include "directory/dir.h"

enum { HOUR = 3600, KEPT = 401 * 24 * HOUR, AT_ONCE = 4000, CHANGES_MAX = 64, CHANGE_MAX = 300 };

/* rdn_of - the first value of a DN, unescaped; kind after the branch it lies in */
static const char *
rdn_of(const char *dn, struct im_arena *a, const char **kind)
{
	LDAPDN parts = NULL;
	const char *name = "";

	*kind = "";
	if (ldap_str2dn(dn, &parts, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || parts == NULL)
		return name;
	if (parts[0] != NULL && parts[0][0] != NULL)
		name = im_arena_strndup(a, parts[0][0]->la_value.bv_val, parts[0][0]->la_value.bv_len);
	if (parts[0] != NULL && parts[1] != NULL && parts[1][0] != NULL) {
		struct im_str branch = { parts[1][0]->la_value.bv_val, parts[1][0]->la_value.bv_len };
		*kind = im_str_isi(branch, "people")    ? "person"
			: im_str_isi(branch, "groups")  ? "list"
			: im_str_isi(branch, "aliases") ? "address"
							: "";
	}
	ldap_dnfree(parts);
	return name;
}

static bool
bookkeeping(struct im_str attr)
{
	static const char *const names[] = { "structuralObjectClass", "entryUUID", "creatorsName",
		"createTimestamp", "entryCSN", "modifiersName", "modifyTimestamp" };

	for (size_t i = 0; i < IM_COUNT(names); i++)
		if (im_str_isi(attr, names[i]))
			return true;
	return false;
}

/* secret - said twice: slapd hides them from people, and root's own shell shows them no more */
static bool
secret(struct im_str attr)
{
	return im_str_isi(attr, "userPassword") || im_str_isi(attr, "mailOtpSecret") ||
	       im_str_isi(attr, "mailOtpRecovery");
}

/* change_of - "attr:+ value" of the log as "attr + value"; a new entry and "=" as "attr: value"; NULL: not shown */
static const char *
change_of(const char *mod, bool is_new, struct im_arena *a)
{
	struct im_str rest = im_str(mod), attr = im_str_cut(&rest, ':');

	if (rest.p == NULL || attr.n == 0 || bookkeeping(attr))
		return NULL;
	char op = rest.n > 0 ? rest.p[0] : ' ';
	struct im_str value = rest.n > 2 ? (struct im_str) { rest.p + 2, rest.n - 2 } : im_str("");
	if (secret(attr))
		return im_arena_fmt(a, "%.*s %s", (int)attr.n, attr.p, op == '-' ? "removed" : "set");
	value.n = im_utf8_cut(value, CHANGE_MAX);
	if (value.n == 0)
		return im_arena_fmt(a, "%.*s removed", (int)attr.n, attr.p);
	if (!is_new && (op == '+' || op == '-'))
		return im_arena_fmt(a, "%.*s %c %.*s", (int)attr.n, attr.p, op, (int)value.n, value.p);
	return im_arena_fmt(a, "%.*s: %.*s", (int)attr.n, attr.p, (int)value.n, value.p);
}

static void
read_changes(struct im_dir *d, LDAPMessage *e, struct im_arena *a, struct im_audit *x)
{
	int n, kept = 0;
	const char **mods = im_dir_values(d, e, "reqMod", &d->arena, &n);
	bool is_new = strcmp(x->verb, "add") == 0, only_password = n > 0;

	x->changes = im_arena_alloc(a, (CHANGES_MAX + 1) * sizeof(*x->changes));
	for (int i = 0; i < n; i++) {
		const char *c = change_of(mods[i], is_new, a);
		if (c == NULL)
			continue;
		only_password = only_password && strncasecmp(c, "userPassword", 12) == 0;
		if (kept < CHANGES_MAX)
			x->changes[kept++] = c;
	}
	x->changes[kept] = NULL;
	/* a password's value is hidden from people: what is left of its change is nothing at all */
	if (strcmp(x->verb, "modify") == 0 && only_password)
		x->verb = "password";
}

static void
read_entry(struct im_dir *d, LDAPMessage *e, struct im_arena *a, struct im_audit *x)
{
	const char *type = im_dir_value(d, e, "reqType", a), *dn = im_dir_value(d, e, "reqDN", a);
	const char *who = im_dir_value(d, e, "reqAuthzID", a), *ignored;

	x->when = im_dir_time(im_dir_value(d, e, "reqStart", a));
	x->who = who ? rdn_of(who, a, &ignored) : "";
	x->verb = type == NULL ? "" : strcmp(type, "modrdn") == 0 ? "rename" : type;
	x->name = dn ? rdn_of(dn, a, &x->kind) : (x->kind = "");
	read_changes(d, e, a, x);
}

static int
newest_first(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return strcmp(y, x);
}

struct window {
	int64_t from, to; /* from <= reqStart < to */
	const char *who;
	const char *of[3]; /* DNs that a name can be */
};

static const char *
filter_of(struct im_dir *d, const struct window *w)
{
	char from[24], to[24];
	const char *f = im_arena_fmt(&d->arena, "(reqStart>=%s)(!(reqStart>=%s))",
	    im_when_ldap(w->from, from), im_when_ldap(w->to, to));

	if (w->who != NULL)
		f = im_arena_fmt(&d->arena, "%s%s", f, w->who);
	if (w->of[0] != NULL)
		f = im_arena_fmt(&d->arena, "%s(|%s%s%s)", f, w->of[0], w->of[1], w->of[2]);
	return im_arena_fmt(&d->arena, "(&(objectClass=auditWriteObject)%s)", f);
}

/* names_of - the DNs behind a name as filters; the values of a DN are escaped as such first (RFC 4514) */
static const char *
dn_filter(struct im_dir *d, const char *attr, const char *rdn, const char *name, const char *branch)
{
	struct berval value = { strlen(name), im_arena_strdup(&d->arena, name) };
	LDAPAVA ava = { { strlen(rdn), im_arena_strdup(&d->arena, rdn) }, value, LDAP_AVA_STRING, NULL };
	LDAPAVA *avas[] = { &ava, NULL };
	LDAPRDN rdns[] = { avas, NULL };
	char *text = NULL;

	if (ldap_dn2str(rdns, &text, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS || text == NULL)
		return "";
	const char *dn = im_arena_fmt(&d->arena, "%s,ou=%s,%s", text, branch, d->conf->ldap_base);
	ldap_memfree(text);
	return im_dir_eq(d, attr, dn);
}

static void
choose(struct im_dir *d, struct window *w, const char *who, const char *name)
{
	if (who != NULL && strcmp(who, "root") == 0)
		w->who = "(reqAuthzID=cn=root,cn=local)";
	else if (who != NULL)
		w->who = im_arena_fmt(&d->arena, "(|%s%s)", dn_filter(d, "reqAuthzID", "uid", who, "people"),
		    dn_filter(d, "reqAuthzID", "cn", who, "services"));
	if (name != NULL) {
		w->of[0] = dn_filter(d, "reqDN", "uid", name, "people");
		w->of[1] = dn_filter(d, "reqDN", "cn", name, "groups");
		w->of[2] = dn_filter(d, "reqDN", "mailAlias", name, "aliases");
	}
}

/* take - one window, newest first; *ret_n grows to at most max */
static void
take(struct im_dir *d, LDAPMessage *msg, int max, struct im_arena *a, struct im_audit *list, int *n)
{
	struct line {
		const char *start;
		LDAPMessage *e;
	} * lines;
	int count = ldap_count_entries(d->ld, msg), k = 0;

	if (count <= 0)
		return;
	lines = im_arena_alloc(&d->arena, (size_t)count * sizeof(*lines));
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL && k < count;
	     e = ldap_next_entry(d->ld, e)) {
		lines[k].start = im_dir_value(d, e, "reqStart", &d->arena);
		if (lines[k].start != NULL)
			lines[k++].e = e;
	}
	qsort(lines, (size_t)k, sizeof(*lines), newest_first);
	for (int i = 0; i < k && *n < max; i++)
		read_entry(d, lines[i].e, a, &list[(*n)++]);
}

enum im_status
im_audit_list(struct im_dir *d, int64_t before, int max, const char *who, const char *name,
    struct im_arena *a, struct im_audit **ret, int *ret_n, struct im_err *err)
{
	static const char *const attrs[] = { "reqStart", "reqType", "reqDN", "reqAuthzID", "reqMod", NULL };
	int64_t now = (int64_t)time(NULL) + 1, oldest = now - KEPT, span = HOUR;
	struct window w = { .to = before > 0 && before < now ? before : now };

	choose(d, &w, who, name);
	max = max < 1 ? 1 : max > IM_AUDIT_MAX ? IM_AUDIT_MAX : max;
	*ret = im_arena_alloc(a, (size_t)max * sizeof(**ret));
	*ret_n = 0;
	while (*ret_n < max && w.to > oldest) {
		LDAPMessage *msg = NULL;
		w.from = w.to - span;
		int rc = ldap_search_ext_s(d->ld, "cn=accesslog", LDAP_SCOPE_ONELEVEL, filter_of(d, &w),
		    (char **)(uintptr_t)attrs, 0, NULL, NULL, NULL, AT_ONCE, &msg);
		if (rc == LDAP_SIZELIMIT_EXCEEDED && span > 1) {
			ldap_msgfree(msg);
			span = span / 16 > 0 ? span / 16 : 1;
			continue;
		}
		if (rc != LDAP_SUCCESS && rc != LDAP_SIZELIMIT_EXCEEDED) {
			ldap_msgfree(msg);
			return im_dir_fail(d, rc, err, "reading the audit log");
		}
		take(d, msg, max, a, *ret, ret_n);
		ldap_msgfree(msg);
		w.to = w.from;
		span *= 8;
	}
	return IM_OK;
}
