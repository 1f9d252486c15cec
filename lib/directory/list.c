/*
 * list.c - reading lists from the directory, and who gets their mail
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "directory/dir.h"
#include "directory/list_int.h"

static const char *const list_attrs[] = { "cn", "description", "mail", "mailAlias", "memberUid",
	"mailListMember", "owner", "mailListPost", "mailListJoin", "mailListReplyTo", "mailListArchive",
	"mailEnabled", "entryCSN", NULL };

static const char *const post_texts[] = { "all", "members", "owners" };
static const char *const join_texts[] = { "owners", "confirm" };

const char *
im_list_post_text(enum im_list_post p)
{
	return post_texts[p];
}

const char *
im_list_join_text(enum im_list_join j)
{
	return join_texts[j];
}

static bool
parse(const char *const *texts, size_t n, const char *s, size_t *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(texts[i], s) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

bool
im_list_post_parse(const char *s, enum im_list_post *ret)
{
	size_t i;

	/* "anyone" is the word of the command line */
	if (!parse(post_texts, IM_COUNT(post_texts), strcmp(s, "anyone") == 0 ? "all" : s, &i))
		return false;
	*ret = (enum im_list_post)i;
	return true;
}

bool
im_list_join_parse(const char *s, enum im_list_join *ret)
{
	size_t i;

	if (!parse(join_texts, IM_COUNT(join_texts), s, &i))
		return false;
	*ret = (enum im_list_join)i;
	return true;
}

/* ---- who looks ---- */

const char *
im_dir_uid_of(struct im_dir *d, const char *dn, struct im_arena *a)
{
	const char *tail = im_arena_fmt(&d->arena, ",ou=people,%s", d->conf->ldap_base);
	size_t n = strlen(dn), t = strlen(tail);
	struct im_err ignored;

	if (n <= t + 4 || strncasecmp(dn, "uid=", 4) != 0 || strcasecmp(dn + n - t, tail) != 0)
		return "";
	const char *uid = im_arena_strndup(a, dn + 4, n - t - 4);
	return im_person_uid_ok(uid, &ignored) == IM_OK ? uid : "";
}

/* addresses elsewhere are shown to root, to administrators, and to the people of the list itself */
enum im_status
im_list_viewer(struct im_dir *d, struct im_list_viewer *ret, struct im_err *err)
{
	static const char *const attrs[] = { "cn", NULL };
	struct berval *id = NULL;
	LDAPMessage *msg;

	*ret = (struct im_list_viewer) { .uid = "" };
	int rc = ldap_whoami_s(d->ld, &id, NULL, NULL);
	if (rc != LDAP_SUCCESS)
		return im_dir_fail(d, rc, err, "asking the directory who this is");
	const char *dn =
	    id != NULL && id->bv_len > 3 ? im_arena_strndup(&d->arena, id->bv_val + 3, id->bv_len - 3) : "";
	ber_bvfree(id);
	ret->all = strcmp(dn, "cn=root,cn=local") == 0 || strncmp(dn, "cn=delivery,", 12) == 0;
	ret->uid = im_dir_uid_of(d, dn, &d->arena);
	if (ret->uid[0] == '\0')
		return IM_OK;
	const char *filter = im_arena_fmt(&d->arena, "(&(cn=admins)%s)", im_dir_eq(d, "memberUid", ret->uid));
	enum im_status st =
	    im_dir_search(d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, filter, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	ret->all = ldap_first_entry(d->ld, msg) != NULL;
	ldap_msgfree(msg);
	return IM_OK;
}

/* ---- an entry ---- */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char **
sorted(struct im_dir *d, LDAPMessage *e, const char *attr, struct im_arena *a)
{
	int n;
	const char **v = im_dir_values(d, e, attr, a, &n);

	qsort(v, (size_t)n, sizeof(*v), by_text);
	v[n] = NULL;
	return v;
}

static const char *
text(struct im_dir *d, LDAPMessage *e, const char *attr, struct im_arena *a)
{
	const char *v = im_dir_value(d, e, attr, a);

	return v ? v : "";
}

static const char **
owners_of(struct im_dir *d, LDAPMessage *e, struct im_arena *a)
{
	const char **v = sorted(d, e, "owner", a);
	int n = 0;

	for (const char **dn = v; *dn != NULL; dn++) {
		const char *uid = im_dir_uid_of(d, *dn, a);
		if (uid[0])
			v[n++] = uid;
	}
	v[n] = NULL;
	qsort(v, (size_t)n, sizeof(*v), by_text);
	return v;
}

/* read_list - false for an entry that no tool of ours made: its name could not be part of a DN */
static bool
read_list(
    struct im_dir *d, LDAPMessage *e, const struct im_list_viewer *who, struct im_arena *a, struct im_list *l)
{
	struct im_err ignored;

	*l = (struct im_list) { .name = text(d, e, "cn", a) };
	if (im_person_uid_ok(l->name, &ignored) != IM_OK)
		return false;
	l->description = text(d, e, "description", a);
	l->mail = text(d, e, "mail", a);
	l->addresses = sorted(d, e, "mailAlias", a);
	l->members = sorted(d, e, "memberUid", a);
	l->owners = owners_of(d, e, a);
	l->outside = sorted(d, e, "mailListMember", a);
	if (l->outside[0] == NULL && !who->all && !im_list_has(l->owners, who->uid) &&
	    !im_list_has(l->members, who->uid))
		l->outside = NULL;
	/* what is not said is the narrower of the two */
	if (!im_list_post_parse(text(d, e, "mailListPost", a), &l->post))
		l->post = IM_POST_MEMBERS;
	if (!im_list_join_parse(text(d, e, "mailListJoin", a), &l->join))
		l->join = IM_JOIN_OWNERS;
	l->reply_to_list = strcmp(text(d, e, "mailListReplyTo", a), "list") == 0;
	l->archive = strcmp(text(d, e, "mailListArchive", a), "TRUE") == 0;
	l->enabled = strcmp(text(d, e, "mailEnabled", a), "TRUE") == 0;
	l->is_admins = strcmp(l->name, "admins") == 0;
	l->csn = text(d, e, "entryCSN", a);
	return true;
}

bool
im_list_has(const char *const *v, const char *s)
{
	for (; v != NULL && *v != NULL; v++)
		if (strcmp(*v, s) == 0)
			return true;
	return false;
}

enum im_status
im_list_get(struct im_dir *d, const char *name, struct im_arena *a, struct im_list *ret, struct im_err *err)
{
	const char *filter =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailList)%s)", im_dir_eq(d, "cn", name));
	struct im_list_viewer who;
	struct im_list l;
	LDAPMessage *msg;

	enum im_status st = im_list_viewer(d, &who, err);
	if (st == IM_OK)
		st =
		    im_dir_search(d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, filter, list_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	if (e != NULL && read_list(d, e, &who, a, &l))
		*ret = l;
	else
		st = im_fail(
		    err, IM_NOTFOUND, "%.80s: there is no such list; intimail-list list shows all", name);
	ldap_msgfree(msg);
	return st;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct im_list *)a)->name, ((const struct im_list *)b)->name);
}

enum im_status
im_list_all(struct im_dir *d, struct im_arena *a, struct im_list **ret, int *ret_n, struct im_err *err)
{
	struct im_list_viewer who;
	LDAPMessage *msg;
	int n = 0;

	enum im_status st = im_list_viewer(d, &who, err);
	if (st == IM_OK)
		st = im_dir_search(d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, "(objectClass=intimailList)",
		    list_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	int count = ldap_count_entries(d->ld, msg);
	struct im_list *lists = im_arena_alloc(a, ((size_t)(count > 0 ? count : 0) + 1) * sizeof(*lists));
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL && n < count;
	     e = ldap_next_entry(d->ld, e))
		n += read_list(d, e, &who, a, &lists[n]);
	ldap_msgfree(msg);
	qsort(lists, (size_t)n, sizeof(*lists), by_name);
	*ret = lists;
	*ret_n = n;
	return IM_OK;
}

/* ---- who gets the mail ---- */

struct expand {
	struct im_list *lists;
	int nlists;
	unsigned char *depth; /* of each list, 0: not reached */
	const char **uids, **outside;
	size_t nuids, noutside;
};

static struct im_list *
find(const struct expand *x, const char *name)
{
	const struct im_list key = { .name = name };

	return bsearch(&key, x->lists, (size_t)x->nlists, sizeof(key), by_name);
}

/* collect - what one list brings: false when there is too much */
static bool
collect(struct expand *x, const struct im_list *l, int depth)
{
	for (const char **m = l->members; *m != NULL; m++) {
		struct im_list *nested = find(x, *m);
		if (nested == NULL) {
			if (x->nuids == 2 * IM_LIST_MAX)
				x->nuids = im_list_unique(x->uids, x->nuids);
			if (x->nuids >= 2 * IM_LIST_MAX)
				return false;
			x->uids[x->nuids++] = *m;
		} else if (x->depth[nested - x->lists] == 0) {
			if (depth == IM_LIST_DEPTH)
				return false;
			x->depth[nested - x->lists] = (unsigned char)(depth + 1);
		}
	}
	for (const char **o = l->outside; o != NULL && *o != NULL; o++) {
		if (x->noutside == 2 * IM_LIST_MAX)
			x->noutside = im_list_unique(x->outside, x->noutside);
		if (x->noutside >= 2 * IM_LIST_MAX)
			return false;
		x->outside[x->noutside++] = *o;
	}
	return true;
}

size_t
im_list_unique(const char **v, size_t n)
{
	size_t kept = 0;

	qsort(v, n, sizeof(*v), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(v[i], v[kept - 1]) != 0)
			v[kept++] = v[i];
	return kept;
}

/* level by level, so that a circle ends and the depth of a list is its shortest */
static bool
expand(struct expand *x)
{
	for (int depth = 1; depth <= IM_LIST_DEPTH; depth++)
		for (int i = 0; i < x->nlists; i++)
			if (x->depth[i] == depth && !collect(x, &x->lists[i], depth))
				return false;
	x->nuids = im_list_unique(x->uids, x->nuids);
	x->noutside = im_list_unique(x->outside, x->noutside);
	return x->nuids + x->noutside <= IM_LIST_MAX;
}

enum im_status
im_list_people(struct im_dir *d, const char *name, struct im_arena *a, const char ***ret_uids,
    const char ***ret_outside, struct im_err *err)
{
	struct expand x = { 0 };

	enum im_status st = im_list_all(d, a, &x.lists, &x.nlists, err);
	if (st != IM_OK)
		return st;
	struct im_list *l = find(&x, name);
	if (l == NULL)
		return im_fail(
		    err, IM_NOTFOUND, "%.80s: there is no such list; intimail-list list shows all", name);
	x.depth = im_arena_alloc(a, (size_t)x.nlists);
	x.depth[l - x.lists] = 1;
	x.uids = im_arena_alloc(a, (2 * IM_LIST_MAX + 1) * sizeof(*x.uids));
	x.outside = im_arena_alloc(a, (2 * IM_LIST_MAX + 1) * sizeof(*x.outside));
	if (!expand(&x))
		return im_fail(err, IM_QUOTA,
		    "%s: reaches more than %d people, or lists nested deeper than %d", name, IM_LIST_MAX,
		    IM_LIST_DEPTH);
	x.uids[x.nuids] = x.outside[x.noutside] = NULL;
	*ret_uids = x.uids;
	*ret_outside = x.outside;
	return IM_OK;
}
