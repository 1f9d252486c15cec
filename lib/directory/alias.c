/*
 * alias.c - throw-away addresses
 *
 * slapd decides who may make which, and that none is given twice: an entry stays for ever, so does its address.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/str.h"
#include "base/when.h"
#include "directory/alias.h"
#include "directory/list_int.h"
#include "directory/mods.h"

enum { LETTERS = 5, TRIES = 8 };

static const char *
aliases_dn(struct im_dir *d)
{
	return im_arena_fmt(&d->arena, "ou=aliases,%s", d->conf->ldap_base);
}

/* of an address that has passed im_person_address_ok(): nothing in it needs escaping (RFC 4514 2.4) */
static const char *
alias_dn(struct im_dir *d, const char *address)
{
	return im_arena_fmt(&d->arena, "mailAlias=%s,%s", address, aliases_dn(d));
}

/* ---- forms ---- */

static enum im_status
purpose_ok(const char *s, struct im_err *err)
{
	size_t chars = 0;

	if (!im_utf8_valid(im_str(s)))
		return im_fail(err, IM_INVALID, "purpose: not UTF-8");
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return im_fail(err, IM_INVALID, "purpose: holds a control character");
		chars += ((unsigned char)*s & 0xc0) != 0x80;
	}
	if (chars > IM_ALIAS_PURPOSE_MAX)
		return im_fail(err, IM_INVALID, "purpose: at most %d characters", IM_ALIAS_PURPOSE_MAX);
	return IM_OK;
}

static char
fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool
letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* word_of - the first word of a purpose that has at least three letters */
static const char *
word_of(struct im_arena *a, const char *purpose)
{
	while (*purpose) {
		char word[IM_ALIAS_WORD_MAX + 1];
		size_t n = 0;
		for (; letter_or_digit(fold(*purpose)); purpose++)
			if (n < IM_ALIAS_WORD_MAX)
				word[n++] = fold(*purpose);
		if (n >= 3)
			return im_arena_strndup(a, word, n);
		purpose += *purpose != '\0';
	}
	return "mail";
}

static enum im_status
word_ok(struct im_arena *a, const char *given, const char **ret, struct im_err *err)
{
	size_t n = strlen(given);
	char *w = im_arena_strdup(a, given);

	for (size_t i = 0; i < n; i++)
		w[i] = fold(w[i]);
	if (n == 0 || n > IM_ALIAS_WORD_MAX || strspn(w, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return im_fail(err, IM_INVALID,
		    "word \"%.80s\": wanted are 1 to %d letters a-z, digits and \"-\"", given,
		    IM_ALIAS_WORD_MAX);
	*ret = w;
	return IM_OK;
}

static enum im_status
random_letters(char dst[LETTERS + 1], struct im_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* 32: no bias */
	unsigned char bytes[LETTERS];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return im_fail_errno(err, errno, "random bytes");
	for (int i = 0; i < LETTERS; i++)
		dst[i] = letters[bytes[i] & 31];
	dst[LETTERS] = '\0';
	return IM_OK;
}

/* ---- add ---- */

static const char *const alias_attrs[] = { "mailAlias", "owner", "description", "mailExpire", "mailLimit",
	"mailEnabled", "createTimestamp", "entryCSN", NULL };

static const char *
owner_filter(struct im_dir *d, const char *owner)
{
	return im_arena_fmt(
	    &d->arena, "(&(objectClass=intimailAlias)%s)", im_dir_eq(d, "owner", im_dir_person_dn(d, owner)));
}

static enum im_status
not_too_many(struct im_dir *d, const char *owner, struct im_err *err)
{
	static const char *const attrs[] = { "mailAlias", NULL };
	LDAPMessage *msg;

	enum im_status st =
	    im_dir_search(d, aliases_dn(d), LDAP_SCOPE_ONELEVEL, owner_filter(d, owner), attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	int n = ldap_count_entries(d->ld, msg);
	ldap_msgfree(msg);
	if (n < IM_ALIAS_PER_PERSON)
		return IM_OK;
	return im_fail(err, IM_QUOTA, "%s has %d throw-away addresses, revoked ones too: no more are given",
	    owner, IM_ALIAS_PER_PERSON);
}

static enum im_status
check_new(struct im_dir *d, const struct im_alias_new *n, const char **word, struct im_err *err)
{
	bool there;

	enum im_status st = im_dir_known(d, n->owner, true, &there, err);
	if (st == IM_OK && !there)
		st = im_fail(err, IM_NOTFOUND, "%.80s: there is no such person", n->owner);
	if (st == IM_OK && n->purpose != NULL)
		st = purpose_ok(n->purpose, err);
	if (st == IM_OK && n->limit > INT64_MAX)
		st = im_fail(err, IM_INVALID, "limit: too large a number of messages");
	if (st == IM_OK && n->word != NULL)
		st = word_ok(&d->arena, n->word, word, err);
	else if (st == IM_OK)
		*word = word_of(&d->arena, n->purpose ? n->purpose : "");
	return st == IM_OK ? not_too_many(d, n->owner, err) : st;
}

static void
mod_end(struct im_mods *m, int op, int64_t expires)
{
	char when[24];
	const char *v = im_when_ldap(expires, when);

	if (expires != 0)
		im_mods_values(m, op, "mailExpire", &v, 1);
	else if (op == LDAP_MOD_REPLACE)
		im_mods_replace(m, "mailExpire", NULL);
}

static void
mod_limit(struct im_mods *m, int op, uint64_t limit)
{
	const char *v = im_arena_fmt(&m->d->arena, "%llu", (unsigned long long)limit);

	if (limit != 0)
		im_mods_values(m, op, "mailLimit", &v, 1);
	else if (op == LDAP_MOD_REPLACE)
		im_mods_replace(m, "mailLimit", NULL);
}

static int
create(struct im_dir *d, const struct im_alias_new *n, const char *address)
{
	struct im_mods m = { .d = d };

	im_mods_add(&m, "objectClass", "intimailAlias");
	im_mods_add(&m, "mailAlias", address);
	im_mods_add(&m, "owner", im_dir_person_dn(d, n->owner));
	im_mods_bool(&m, LDAP_MOD_ADD, "mailEnabled", true);
	if (n->purpose != NULL && *n->purpose)
		im_mods_add(&m, "description", n->purpose);
	mod_end(&m, LDAP_MOD_ADD, n->expires);
	mod_limit(&m, LDAP_MOD_ADD, n->limit);
	errno = 0;
	return im_mods_new(&m, alias_dn(d, address));
}

/* taken - of another kind of entry slapd says that a value is not unique, of the same kind that the entry exists */
static bool
taken(enum im_status st, int rc)
{
	return rc == LDAP_ALREADY_EXISTS || (rc == LDAP_CONSTRAINT_VIOLATION && st == IM_CONFLICT);
}

static enum im_status
add_exactly(struct im_dir *d, const struct im_alias_new *n, const char **ret, struct im_err *err)
{
	enum im_status st = im_person_address_ok(d->conf, n->address, &d->arena, ret, err);
	if (st != IM_OK)
		return st;
	int rc = create(d, n, *ret);
	if (rc == LDAP_SUCCESS)
		return IM_OK;
	st = im_dir_fail(d, rc, err, "adding %s", *ret);
	if (!taken(st, rc))
		return st;
	const char *who = im_dir_taken(d, *ret);
	return im_fail(err, IM_CONFLICT, "address %s is taken%s%s", *ret,
	    who != NULL && strchr(who, '@') == NULL ? " by " : "; a throw-away address is never given again",
	    who != NULL && strchr(who, '@') == NULL ? who : "");
}

enum im_status
im_alias_add(struct im_dir *d, const struct im_alias_new *n, struct im_arena *a, const char **ret_address,
    struct im_err *err)
{
	const char *word = NULL, *address = NULL;
	char letters[LETTERS + 1];

	enum im_status st = check_new(d, n, &word, err);
	if (st == IM_OK && n->address != NULL) {
		st = add_exactly(d, n, &address, err);
	} else {
		int rc = LDAP_ALREADY_EXISTS;
		for (int i = 0; st == IM_OK && rc != LDAP_SUCCESS; i++) {
			st = random_letters(letters, err);
			if (st != IM_OK)
				return st;
			address = im_arena_fmt(&d->arena, "%s.%s@%s", word, letters, d->conf->domain);
			rc = create(d, n, address);
			if (rc == LDAP_SUCCESS)
				break;
			st = im_dir_fail(d, rc, err, "adding %s", address);
			if (taken(st, rc) && i + 1 < TRIES)
				st = IM_OK; /* one in 33 millions: other letters */
		}
	}
	if (st == IM_OK)
		*ret_address = im_arena_strdup(a, address);
	return st;
}

/* ---- reading ---- */

static const char *
text(struct im_dir *d, LDAPMessage *e, const char *attr, struct im_arena *a)
{
	const char *v = im_dir_value(d, e, attr, a);

	return v ? v : "";
}

/* read_alias - false for an entry that no tool of ours made: its address could not be part of a DN */
static bool
read_alias(struct im_dir *d, LDAPMessage *e, struct im_arena *a, struct im_alias *x)
{
	struct im_err ignored;
	const char *lower;

	*x = (struct im_alias) { .address = text(d, e, "mailAlias", a) };
	if (im_person_address_ok(d->conf, x->address, &d->arena, &lower, &ignored) != IM_OK)
		return false;
	x->owner = im_dir_uid_of(d, text(d, e, "owner", a), a);
	x->purpose = text(d, e, "description", a);
	x->created = im_dir_time(im_dir_value(d, e, "createTimestamp", a));
	/* an end that cannot be read is over: the policy server does not take mail for it either */
	const char *end = im_dir_value(d, e, "mailExpire", a);
	x->expires = im_dir_time(end);
	if (end != NULL && x->expires == 0)
		x->expires = 1;
	if (!im_str_u64(im_str(text(d, e, "mailLimit", a)), INT64_MAX, &x->limit))
		x->limit = 0;
	x->enabled = strcmp(text(d, e, "mailEnabled", a), "TRUE") == 0;
	x->csn = text(d, e, "entryCSN", a);
	return true;
}

static int
newest_first(const void *a, const void *b)
{
	const struct im_alias *x = a, *y = b;

	if (x->created != y->created)
		return x->created > y->created ? -1 : 1;
	return strcmp(x->address, y->address);
}

enum im_status
im_alias_list(struct im_dir *d, const char *owner, struct im_arena *a, struct im_alias **ret, int *ret_n,
    struct im_err *err)
{
	const char *filter = "(objectClass=intimailAlias)";
	LDAPMessage *msg;
	bool there;
	int n = 0;

	if (owner != NULL) {
		enum im_status bad = im_dir_known(d, owner, true, &there, err);
		if (bad == IM_OK && !there)
			bad = im_fail(err, IM_NOTFOUND, "%.80s: there is no such person", owner);
		if (bad != IM_OK)
			return bad;
		filter = owner_filter(d, owner);
	}
	enum im_status st =
	    im_dir_search(d, aliases_dn(d), LDAP_SCOPE_ONELEVEL, filter, alias_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	int count = ldap_count_entries(d->ld, msg);
	struct im_alias *x = im_arena_alloc(a, ((size_t)(count > 0 ? count : 0) + 1) * sizeof(*x));
	for (LDAPMessage *e = ldap_first_entry(d->ld, msg); e != NULL && n < count;
	     e = ldap_next_entry(d->ld, e))
		n += read_alias(d, e, a, &x[n]);
	ldap_msgfree(msg);
	qsort(x, (size_t)n, sizeof(*x), newest_first);
	*ret = x;
	*ret_n = n;
	return IM_OK;
}

enum im_status
im_alias_get(
    struct im_dir *d, const char *address, struct im_arena *a, struct im_alias *ret, struct im_err *err)
{
	struct im_alias x;
	LDAPMessage *msg;
	const char *lower;

	enum im_status st = im_person_address_ok(d->conf, address, &d->arena, &lower, err);
	if (st != IM_OK)
		return st;
	const char *filter =
	    im_arena_fmt(&d->arena, "(&(objectClass=intimailAlias)%s)", im_dir_eq(d, "mailAlias", lower));
	st = im_dir_search(d, aliases_dn(d), LDAP_SCOPE_ONELEVEL, filter, alias_attrs, 0, &msg, err);
	if (st != IM_OK)
		return st;
	LDAPMessage *e = ldap_first_entry(d->ld, msg);
	if (e != NULL && read_alias(d, e, a, &x))
		*ret = x;
	else
		st = im_fail(err, IM_NOTFOUND,
		    "%s: there is no such throw-away address; intimail-alias list shows them", lower);
	ldap_msgfree(msg);
	return st;
}

/* ---- set ---- */

enum im_status
im_alias_set(struct im_dir *d, const char *address, const struct im_alias_change *c, struct im_err *err)
{
	struct im_mods m = { .d = d };
	struct im_alias x = { .address = "", .owner = "" };

	enum im_status st = im_alias_get(d, address, &d->arena, &x, err);
	if (st == IM_OK && c->purpose != NULL)
		st = purpose_ok(c->purpose, err);
	if (st == IM_OK && c->set_limit && c->limit > INT64_MAX)
		st = im_fail(err, IM_INVALID, "limit: too large a number of messages");
	if (st == IM_OK && c->set_enabled && c->enabled && x.owner[0] == '\0')
		st = im_fail(err, IM_CONFLICT, "%s: the person whose address it was is gone", x.address);
	if (st != IM_OK)
		return st;
	if (c->purpose != NULL)
		im_mods_replace(&m, "description", c->purpose);
	if (c->set_expires)
		mod_end(&m, LDAP_MOD_REPLACE, c->expires);
	if (c->set_limit)
		mod_limit(&m, LDAP_MOD_REPLACE, c->limit);
	if (c->set_enabled)
		im_mods_bool(&m, LDAP_MOD_REPLACE, "mailEnabled", c->enabled);
	errno = 0;
	int rc = im_mods_run(&m, alias_dn(d, x.address), c->csn);
	return rc == LDAP_SUCCESS ? IM_OK : im_dir_fail(d, rc, err, "%s", x.address);
}

enum im_status
im_alias_orphan(struct im_dir *d, const char *owner, struct im_err *err)
{
	struct im_mods m = { .d = d };

	enum im_status st = im_person_uid_ok(owner, err);
	if (st != IM_OK)
		return st;
	/* the schema demands an owner: the branch is nobody */
	im_mods_replace(&m, "owner", im_dir_people(d));
	im_mods_bool(&m, LDAP_MOD_REPLACE, "mailEnabled", false);
	return im_mods_run_each(&m, aliases_dn(d), owner_filter(d, owner),
	    im_arena_fmt(&d->arena, "revoking, of %s,", owner), err);
}
