/*
 * resolve.c - whom an address means, over a connection that stays
 *
 * A connection that was kept may have ended unseen (slapd was restarted): a look-up that fails on it is made once more
 * over a new one. A slapd that hangs costs the first look-up its deadline; for the next two seconds the answer is "not
 * now" without a wait, so that a queue of recipients does not wait one after the other.
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "directory/ldaplink.h"
#include "directory/ldapmsg.h"
#include "directory/ldaprecipient.h"

enum {
	REQUEST_MAX = 32 * 1024,
	BATCH = 64,         /* names of one search: fits into REQUEST_MAX, whatever the names */
	KEEP_BYTES = 65536, /* a buffer that grew larger is given back */
	BACK_OFF_MS = 2000,
	LAST_ID = 1 << 30
};

struct im_resolver {
	struct im_ldap_link link;
	uint32_t id;
	int64_t closed_until; /* monotonic milliseconds: the back-off */
	uint8_t request[REQUEST_MAX];
};

struct im_resolver *
im_resolver_new(const struct im_conf *conf)
{
	struct im_resolver *r = im_calloc(1, sizeof(*r));

	r->link = (struct im_ldap_link) { .conf = conf,
		.fd = -1,
		.cap = IM_LDAP_MSG_MAX,
		.max = IM_LDAP_ENTRY_MAX,
		.in = im_malloc(IM_LDAP_MSG_MAX) };
	r->id = IM_LDAP_ID_SEARCH;
	return r;
}

void
im_resolver_free(struct im_resolver *r)
{
	if (!r)
		return;
	im_ldap_link_close(&r->link);
	free(r->link.in);
	free(r);
}

/* ---- one search ---- */

struct answer {
	struct im_arena *a;
	struct im_recipient *found;
	size_t n, max;
};

static enum im_status
take_entry(struct im_resolver *r, struct im_str attributes, struct answer *ret, struct im_err *err)
{
	if (ret->n == ret->max)
		return im_fail_dsn(
		    err, IM_TEMP, "4.3.5", "the directory has more than one entry for this address");
	enum im_status st =
	    im_ldap_recipient(attributes, r->link.conf->ldap_base, ret->a, &ret->found[ret->n], err);
	if (st == IM_OK)
		ret->n++;
	return st;
}

static enum im_status
attempt(struct im_resolver *r, struct im_ldap_search *s, struct answer *ret, struct im_err *err)
{
	struct im_ber_out o = { .p = r->request, .cap = sizeof(r->request) };
	struct im_str msg, attributes;
	enum im_status st = IM_OK;

	ret->n = 0;
	if (r->link.fd < 0)
		st = im_ldap_link_open(&r->link, err);
	if (st != IM_OK)
		return st;
	s->id = r->id++;
	im_ldap_put_query(&o, s);
	st = im_ldap_link_send(&r->link, &o, err);
	for (bool done = false; st == IM_OK && !done;) {
		st = im_ldap_link_read(&r->link, &msg, err);
		if (st == IM_OK)
			st = im_ldap_answer(msg, s->id, &done, &attributes, err);
		if (st == IM_OK && !done)
			st = take_entry(r, attributes, ret, err);
	}
	return st;
}

static void
shrink(struct im_ldap_link *l)
{
	if (l->cap <= KEEP_BYTES || l->have > l->used)
		return;
	free(l->in);
	l->in = im_malloc(IM_LDAP_MSG_MAX);
	l->cap = IM_LDAP_MSG_MAX;
	l->have = l->used = 0;
}

/* search - all entries that match, at most ret->max; a doubt closes the connection, whose state is not known any more */
static enum im_status
search(struct im_resolver *r, const char *branch, const struct im_ldap_term *terms, size_t nterms,
    struct answer *ret, struct im_err *err)
{
	struct im_ldap_search s = { .branch = branch,
		.ldap_base = r->link.conf->ldap_base,
		.whole = branch[0] == '\0',
		.terms = terms,
		.nterms = nterms,
		.size_limit = (int)ret->max + 1,
		.time_limit = r->link.conf->ldap_timeout,
		.attributes = im_ldap_recipient_attributes };

	if (im_monotonic_ms() < r->closed_until)
		return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory at %s did not answer a moment ago",
		    r->link.conf->ldap_socket);
	if (r->id >= LAST_ID) {
		im_ldap_link_close(&r->link);
		r->id = IM_LDAP_ID_SEARCH;
	}
	im_ldap_link_begin(&r->link);
	bool kept = r->link.fd >= 0;
	enum im_status st = attempt(r, &s, ret, err);
	if (st != IM_OK && kept && !r->link.late) {
		im_ldap_link_close(&r->link);
		st = attempt(r, &s, ret, err);
	}
	if (st != IM_OK)
		im_ldap_link_close(&r->link);
	if (r->link.late)
		r->closed_until = im_monotonic_ms() + BACK_OFF_MS;
	shrink(&r->link);
	return st;
}

static enum im_status
only_one(struct im_resolver *r, const char *branch, const struct im_ldap_term *term, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err)
{
	struct im_recipient found = { 0 };
	struct answer answer = { .a = a, .found = &found, .max = 1 };
	enum im_status st = search(r, branch, term, 1, &answer, err);

	if (st != IM_OK)
		return st;
	if (answer.n == 0)
		return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "%.200s: nobody here has this %s", term->value,
		    strcmp(term->attribute, "mailAlias") == 0 ? "address" : "name");
	*ret = found;
	return IM_OK;
}

enum im_status
im_resolve(struct im_resolver *r, const char *address, struct im_arena *a, struct im_recipient *ret,
    struct im_err *err)
{
	return only_one(r, "", &(struct im_ldap_term) { NULL, "mailAlias", address }, a, ret, err);
}

enum im_status
im_resolve_person(
    struct im_resolver *r, const char *uid, struct im_arena *a, struct im_recipient *ret, struct im_err *err)
{
	return only_one(r, "ou=people,", &(struct im_ldap_term) { "intimailUser", "uid", uid }, a, ret, err);
}

enum im_status
im_resolve_list(
    struct im_resolver *r, const char *name, struct im_arena *a, struct im_recipient *ret, struct im_err *err)
{
	return only_one(r, "ou=groups,", &(struct im_ldap_term) { "intimailList", "cn", name }, a, ret, err);
}

/* ---- the members of a list ---- */

/* names or addresses, in the arena: grown by halves, the old array is left to the arena */
struct names {
	const char **v;
	size_t n, cap;
};

struct expansion {
	struct im_arena *a;
	struct im_recipient *people;
	size_t npeople, cap;
	struct names outside, next, lists;
};

static void
add_name(struct im_arena *a, struct names *l, const char *name)
{
	if (l->n + 1 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 32;
		const char **v = im_arena_alloc(a, cap * sizeof(*v));
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = name;
	l->v[l->n] = NULL;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct im_recipient *)a)->name, ((const struct im_recipient *)b)->name);
}

static void
sort_names(struct names *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), by_text);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || strcmp(l->v[n - 1], l->v[i]) != 0)
			l->v[n++] = l->v[i];
	l->n = n;
	l->v[n] = NULL;
}

static enum im_status
too_many(const char *name, struct im_err *err)
{
	return im_fail_dsn(err, IM_QUOTA, "4.3.5", "the list %s has more than %d members", name, IM_LIST_MAX);
}

static void
add_members(struct expansion *x, const struct im_recipient *list)
{
	for (size_t i = 0; x->next.n <= IM_LIST_MAX && list->members[i]; i++)
		add_name(x->a, &x->next, list->members[i]);
	for (size_t i = 0; x->outside.n <= IM_LIST_MAX && list->outside[i]; i++)
		add_name(x->a, &x->outside, list->outside[i]);
	sort_names(&x->next);
	sort_names(&x->outside);
	add_name(x->a, &x->lists, list->name);
}

static bool
list_seen(const struct expansion *x, const char *name)
{
	for (size_t i = 0; i < x->lists.n; i++)
		if (strcmp(x->lists.v[i], name) == 0)
			return true;
	return false;
}

static void
add_person(struct expansion *x, const struct im_recipient *p)
{
	if (x->npeople == x->cap) {
		x->cap = x->cap ? x->cap * 2 : 32;
		struct im_recipient *v = im_arena_alloc(x->a, x->cap * sizeof(*v));
		if (x->npeople)
			memcpy(v, x->people, x->npeople * sizeof(*v));
		x->people = v;
	}
	x->people[x->npeople++] = *p;
}

/* take_batch - names looked up at once; a name that is nobody's any more is passed over */
static enum im_status
take_batch(struct im_resolver *r, struct expansion *x, const char *const *names, size_t n, struct im_err *err)
{
	struct im_ldap_term terms[2 * BATCH];
	struct answer answer = {
		.a = x->a, .max = 2 * BATCH, .found = im_arena_alloc(x->a, 2 * BATCH * sizeof(*answer.found))
	};

	for (size_t i = 0; i < n; i++) {
		terms[2 * i] = (struct im_ldap_term) { "intimailUser", "uid", names[i] };
		terms[2 * i + 1] = (struct im_ldap_term) { "intimailList", "cn", names[i] };
	}
	enum im_status st = search(r, "", terms, 2 * n, &answer, err);
	for (size_t i = 0; st == IM_OK && i < answer.n; i++) {
		const struct im_recipient *f = &answer.found[i];
		if (!f->enabled || (f->expires != 0 && f->expires <= im_now()))
			continue;
		if (f->kind == IM_TO_PERSON)
			add_person(x, f);
		else if (f->kind == IM_TO_LIST && !list_seen(x, f->name))
			add_members(x, f);
	}
	return st;
}

static void
unique_people(struct expansion *x)
{
	size_t n = 0;

	if (x->npeople == 0)
		return;
	qsort(x->people, x->npeople, sizeof(*x->people), by_name);
	for (size_t i = 0; i < x->npeople; i++)
		if (n == 0 || strcmp(x->people[n - 1].name, x->people[i].name) != 0)
			x->people[n++] = x->people[i];
	x->npeople = n;
}

enum im_status
im_resolve_members(struct im_resolver *r, const struct im_recipient *list, struct im_arena *a,
    struct im_recipient **ret_people, int *ret_n, const char ***ret_outside, struct im_err *err)
{
	struct expansion x = { .a = a };

	add_members(&x, list);
	for (int depth = 0; x.next.n > 0 && depth < IM_LIST_DEPTH; depth++) {
		struct names level = x.next;
		x.next = (struct names) { 0 };
		for (size_t i = 0; i < level.n; i += BATCH) {
			size_t n = level.n - i < BATCH ? level.n - i : BATCH;
			enum im_status st = level.n > IM_LIST_MAX ? too_many(list->name, err)
								  : take_batch(r, &x, level.v + i, n, err);
			if (st != IM_OK)
				return st;
		}
		unique_people(&x);
		if (x.npeople + x.outside.n > IM_LIST_MAX)
			return too_many(list->name, err);
	}
	if (x.outside.n > IM_LIST_MAX)
		return too_many(list->name, err);
	if (!x.outside.v)
		x.outside.v = im_arena_alloc(a, sizeof(*x.outside.v));
	*ret_people = x.people;
	*ret_n = (int)x.npeople;
	*ret_outside = x.outside.v;
	return IM_OK;
}
