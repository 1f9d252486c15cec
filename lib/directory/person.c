/*
 * person.c - reading people from the directory
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "directory/dir.h"

/* the uids of the administrators; no such group for this identity: nobody */
static enum im_status
admins(struct im_dir *d, const char ***ret, int *ret_n, struct im_err *err)
{
	static const char *const attrs[] = { "memberUid", NULL };
	LDAPMessage *msg;

	enum im_status st =
	    im_dir_search(d, im_dir_groups(d), LDAP_SCOPE_ONELEVEL, "(cn=admins)", attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	*ret_n = 0;
	if (e != NULL)
		*ret = im_dir_values(d, e, "memberUid", &d->arena, ret_n);
	ldap_msgfree(msg);
	return IM_OK;
}

static bool
is_admin(const char *const *uids, int n, const char *uid)
{
	for (int i = 0; i < n; i++)
		if (strcmp(uids[i], uid) == 0)
			return true;
	return false;
}

static const char *
text(struct im_dir *d, LDAPMessage *e, const char *attr, struct im_arena *a)
{
	const char *v = im_dir_value(d, e, attr, a);

	return v ? v : "";
}

static int64_t
number(struct im_dir *d, LDAPMessage *e, const char *attr)
{
	uint64_t n;

	return im_str_u64(im_str(text(d, e, attr, &d->arena)), INT64_MAX, &n) ? (int64_t)n : -1;
}

static int
by_uid(const void *a, const void *b)
{
	return strcmp(((const struct im_person *)a)->uid, ((const struct im_person *)b)->uid);
}

static void
read_person(struct im_dir *d, LDAPMessage *e, struct im_arena *a, struct im_person *p)
{
	p->uid = text(d, e, "uid", a);
	p->name = text(d, e, "cn", a);
	p->mail = text(d, e, "mail", a);
	p->language = text(d, e, "preferredLanguage", a);
	p->addresses = im_dir_values(d, e, "mailAlias", a, &p->naddresses);
	p->enabled = strcmp(text(d, e, "mailEnabled", a), "TRUE") == 0;
	if (!im_str_u64(im_str(text(d, e, "mailQuota", a)), INT64_MAX, &p->quota))
		p->quota = 0;
	/* an end that cannot be read is over: delivery and the policy server take no mail for it either */
	const char *end = im_dir_value(d, e, "mailExpire", a);
	p->expires = end == NULL ? 0 : im_dir_time(end);
	if (end != NULL && p->expires == 0)
		p->expires = 1;
	p->send_limit = number(d, e, "mailSendLimit");
	p->unix_uid = number(d, e, "uidNumber");
	int n;
	p->preferences = im_dir_values(d, e, "mailPreference", a, &n);
	p->preferences[n] = NULL;
	p->csn = text(d, e, "entryCSN", a);
	p->two_step = false;
}

/*
 * two_steps - who has a second step; slapd lets an administrator see that there is one, not what it is, so it is
 * asked by filter. Whoever may not see it sees none
 */
static enum im_status
two_steps(struct im_dir *d, struct im_person *people, int n, const char *filter, struct im_err *err)
{
	static const char *const attrs[] = { "uid", NULL };
	LDAPMessage *msg = NULL;

	enum im_status st =
	    im_dir_search(d, im_dir_people(d), LDAP_SCOPE_ONELEVEL, filter, attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL; e = ldap_next_entry(d->ld, e)) {
		const struct im_person key = { .uid = text(d, e, "uid", &d->arena) };
		struct im_person *p = bsearch(&key, people, (size_t)n, sizeof(*people), by_uid);
		if (p != NULL)
			p->two_step = true;
	}
	ldap_msgfree(msg);
	return IM_OK;
}

const char *
im_person_preference(const struct im_person *p, const char *name)
{
	size_t n = strlen(name);

	for (const char **v = p->preferences; v && *v; v++)
		if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
			return *v + n + 1;
	return "";
}

enum im_status
im_person_get(
    struct im_dir *d, const char *uid, struct im_arena *a, struct im_person *ret, struct im_err *err)
{
	const char **adm = NULL;
	int nadm = 0;
	LDAPMessage *msg;

	const char *filter =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailUser)%s)", im_dir_eq(d, "uid", uid));
	enum im_status st = admins(d, &adm, &nadm, err);
	if (st == IM_OK)
		st = im_dir_search(
		    d, im_dir_people(d), LDAP_SCOPE_ONELEVEL, filter, im_person_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	if (e == NULL) {
		st = im_fail(err, IM_NOTFOUND, "%.80s: there is no such person", uid);
	} else {
		struct im_person p = { 0 };
		read_person(d, e, a, &p);
		p.admin = is_admin(adm, nadm, p.uid);
		*ret = p;
	}
	ldap_msgfree(msg);
	if (st == IM_OK)
		st = two_steps(d, ret, 1,
		    im_arena_fmt(&d->arena, "(&(mailOtpSecret=*)%s)", im_dir_eq(d, "uid", ret->uid)), err);
	return st;
}

enum im_status
im_person_list(struct im_dir *d, struct im_arena *a, struct im_person **ret, int *ret_n, struct im_err *err)
{
	const char **adm = NULL;
	int nadm = 0, n = 0;
	LDAPMessage *msg;

	enum im_status st = admins(d, &adm, &nadm, err);
	if (st == IM_OK)
		st = im_dir_search(d, im_dir_people(d), LDAP_SCOPE_ONELEVEL, "(objectClass=intimailUser)",
		    im_person_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	int count = ldap_count_entries(d->ld, msg);
	struct im_person *people = im_arena_alloc(a, ((size_t)(count > 0 ? count : 0) + 1) * sizeof(*people));
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL && n < count;
	     e = ldap_next_entry(d->ld, e)) {
		read_person(d, e, a, &people[n]);
		people[n].admin = is_admin(adm, nadm, people[n].uid);
		n++;
	}
	ldap_msgfree(msg);
	qsort(people, (size_t)n, sizeof(*people), by_uid);
	*ret = people;
	*ret_n = n;
	return two_steps(d, people, n, "(mailOtpSecret=*)", err);
}
