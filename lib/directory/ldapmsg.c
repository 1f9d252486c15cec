/*
 * ldapmsg.c - the LDAP messages of a look-up
 *
 * The assertion value travels as an OCTET STRING, so nothing needs escaping and nothing can be injected: the string
 * filters of RFC 4515 do not occur. Attributes that are missing or malformed make the look-up fail for now
 * (IM_TEMP): a mail must neither bounce nor pass a quota because an administrator mistyped a value.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <time.h>

#include "directory/ldapmsg.h"

/* RFC 4511: protocol operations and choices */
enum {
	OP_BIND = 0x60,
	OP_BIND_ANSWER = 0x61,
	OP_SEARCH = 0x63,
	OP_ENTRY = 0x64,
	OP_DONE = 0x65,
	OP_REFERENCE = 0x73,
	OP_EXTENDED_ANSWER = 0x78,
	AUTH_SASL = 0xa3,
	FILTER_AND = 0xa0,
	FILTER_OR = 0xa1,
	FILTER_EQUAL = 0xa3
};
enum { RC_SUCCESS = 0, SCOPE_ONE = 1, SCOPE_SUBTREE = 2, DEREF_NEVER = 0, LDAP_VERSION = 3, TWO_ENTRIES = 2 };

/* ---- requests ---- */

void
im_ldap_put_bind(struct im_ber_out *o)
{
	size_t msg = im_ber_open(o, IM_BER_SEQUENCE);
	im_ber_put_number(o, IM_BER_INTEGER, IM_LDAP_ID_BIND);
	size_t op = im_ber_open(o, OP_BIND);
	im_ber_put_number(o, IM_BER_INTEGER, LDAP_VERSION);
	im_ber_put(o, IM_BER_OCTETS, IM_STR(""));
	size_t sasl = im_ber_open(o, AUTH_SASL);
	im_ber_put(o, IM_BER_OCTETS, IM_STR("EXTERNAL"));
	/* empty credentials, not absent ones: absent asks the server for a challenge first (RFC 4422 A) */
	im_ber_put(o, IM_BER_OCTETS, IM_STR(""));
	im_ber_close(o, sasl);
	im_ber_close(o, op);
	im_ber_close(o, msg);
}

static void
put_equal(struct im_ber_out *o, struct im_str attribute, struct im_str value)
{
	size_t f = im_ber_open(o, FILTER_EQUAL);
	im_ber_put(o, IM_BER_OCTETS, attribute);
	im_ber_put(o, IM_BER_OCTETS, value);
	im_ber_close(o, f);
}

static void
put_base(struct im_ber_out *o, const char *branch, const char *ldap_base)
{
	size_t n = strlen(branch), m = strlen(ldap_base);
	size_t dn = im_ber_open(o, IM_BER_OCTETS);

	if (o->full || n + m > o->cap - o->n) {
		o->full = true;
		return;
	}
	memcpy(o->p + o->n, branch, n);
	memcpy(o->p + o->n + n, ldap_base, m);
	o->n += n + m;
	im_ber_close(o, dn);
}

static void
put_term(struct im_ber_out *o, const struct im_ldap_term *t)
{
	size_t both = t->objectclass ? im_ber_open(o, FILTER_AND) : 0;

	if (t->objectclass)
		put_equal(o, IM_STR("objectClass"), im_str(t->objectclass));
	put_equal(o, im_str(t->attribute), im_str(t->value));
	if (t->objectclass)
		im_ber_close(o, both);
}

void
im_ldap_put_query(struct im_ber_out *o, const struct im_ldap_search *s)
{
	size_t msg = im_ber_open(o, IM_BER_SEQUENCE);
	im_ber_put_number(o, IM_BER_INTEGER, s->id);
	size_t op = im_ber_open(o, OP_SEARCH);
	put_base(o, s->branch, s->ldap_base);
	im_ber_put_number(o, IM_BER_ENUM, s->whole ? SCOPE_SUBTREE : SCOPE_ONE);
	im_ber_put_number(o, IM_BER_ENUM, DEREF_NEVER);
	im_ber_put_number(o, IM_BER_INTEGER, (uint32_t)s->size_limit);
	im_ber_put_number(o, IM_BER_INTEGER, (uint32_t)s->time_limit);
	im_ber_put(o, IM_BER_BOOLEAN, (struct im_str) { "\0", 1 });
	size_t any = s->nterms > 1 ? im_ber_open(o, FILTER_OR) : 0;
	for (size_t i = 0; i < s->nterms; i++)
		put_term(o, &s->terms[i]);
	if (s->nterms > 1)
		im_ber_close(o, any);
	size_t attributes = im_ber_open(o, IM_BER_SEQUENCE);
	for (const char *const *a = s->attributes; *a; a++)
		im_ber_put(o, IM_BER_OCTETS, im_str(*a));
	im_ber_close(o, attributes);
	im_ber_close(o, op);
	im_ber_close(o, msg);
}

void
im_ldap_put_search(struct im_ber_out *o, const char *ldap_base, const char *address, int time_limit)
{
	static const char *const attributes[] = { "uid", "mailQuota", "mailEnabled", "mailExpire",
		"preferredLanguage", NULL };
	const struct im_ldap_term term = { "intimailUser", "mailAlias", address };

	im_ldap_put_query(o, &(struct im_ldap_search) { .id = IM_LDAP_ID_SEARCH,
				 .branch = "ou=people,",
				 .ldap_base = ldap_base,
				 .terms = &term,
				 .nterms = 1,
				 .size_limit = TWO_ENTRIES,
				 .time_limit = time_limit,
				 .attributes = attributes });
}

/* ---- answers ---- */

enum im_status
im_ldap_garbage(struct im_err *err)
{
	return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory's answer makes no sense");
}

/* open_message - the envelope: message id and operation; controls after it are ignored */
static enum im_status
open_message(struct im_str msg, uint32_t want_id, int *op, struct im_str *content, struct im_err *err)
{
	struct im_str envelope;
	uint32_t id;

	if (!im_ber_expect(&msg, IM_BER_SEQUENCE, &envelope) || msg.n != 0)
		return im_ldap_garbage(err);
	if (!im_ber_number(&envelope, IM_BER_INTEGER, &id) || !im_ber_next(&envelope, op, content))
		return im_ldap_garbage(err);
	if (id == 0 && *op == OP_EXTENDED_ANSWER) /* notice of disconnection, RFC 4511 4.4.1 */
		return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory server is going down");
	if (id != want_id)
		return im_ldap_garbage(err);
	return IM_OK;
}

static const char *
result_name(uint32_t code)
{
	switch (code) {
	case 3:
		return "time limit exceeded";
	case 4:
		return "more than one entry";
	case 10:
		return "referral to another server";
	case 11:
		return "administrative limit exceeded";
	case 14:
		return "the identity was not accepted at once";
	case 32:
		return "no such branch";
	case 49:
		return "the identity is not known";
	case 50:
		return "not allowed";
	case 51:
		return "busy";
	case 52:
		return "unavailable";
	case 53:
		return "unwilling";
	default:
		return "refused";
	}
}

/* result - an LDAPResult that must say success */
static enum im_status
result(struct im_str r, const char *what, struct im_err *err)
{
	uint32_t code;
	struct im_str dn, text;

	if (!im_ber_number(&r, IM_BER_ENUM, &code) || !im_ber_expect(&r, IM_BER_OCTETS, &dn) ||
	    !im_ber_expect(&r, IM_BER_OCTETS, &text))
		return im_ldap_garbage(err);
	if (code == RC_SUCCESS)
		return IM_OK;
	return im_fail_dsn(
	    err, IM_TEMP, "4.4.3", "%s: the directory answers %s (%u)", what, result_name(code), code);
}

enum im_status
im_ldap_bind_answer(struct im_str msg, struct im_err *err)
{
	int op = 0;
	struct im_str content;
	enum im_status st = open_message(msg, IM_LDAP_ID_BIND, &op, &content, err);

	if (st != IM_OK)
		return st;
	if (op != OP_BIND_ANSWER)
		return im_ldap_garbage(err);
	return result(content, "signing in to the directory", err);
}

static bool
digits(struct im_str s, size_t at, int n, int *ret)
{
	int v = 0;
	for (int i = 0; i < n; i++) {
		char c = s.p[at + (size_t)i];
		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - '0');
	}
	*ret = v;
	return true;
}

bool
im_ldap_time(struct im_str s, int64_t *ret)
{
	struct tm tm = { 0 };

	if (s.n != 15 || s.p[14] != 'Z')
		return false;
	if (!digits(s, 0, 4, &tm.tm_year) || !digits(s, 4, 2, &tm.tm_mon) || !digits(s, 6, 2, &tm.tm_mday) ||
	    !digits(s, 8, 2, &tm.tm_hour) || !digits(s, 10, 2, &tm.tm_min) || !digits(s, 12, 2, &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret = timegm(&tm);
	return true;
}

bool
im_ldap_bool(struct im_str s, bool *ret)
{
	*ret = im_str_is(s, "TRUE");
	return *ret || im_str_is(s, "FALSE");
}

enum im_status
im_ldap_bad_value(struct im_str name, struct im_err *err)
{
	return im_fail_dsn(err, IM_TEMP, "4.3.5", "the directory has a bad or double %.*s",
	    name.n > 32 ? 32 : (int)name.n, name.p);
}

enum { SEEN_UID = 1, SEEN_QUOTA = 2, SEEN_ENABLED = 4, SEEN_EXPIRE = 8, SEEN_LANGUAGE = 16 };

/* take - one attribute's only value into the user; unknown attributes are passed over */
static bool
take(struct im_str name, struct im_str v, struct im_mailuser *u, unsigned *seen)
{
	unsigned bit = 0;
	bool ok = true;

	if (im_str_isi(name, "uid")) {
		bit = SEEN_UID;
		ok = v.n > 0 && v.n < sizeof(u->uid) && memchr(v.p, 0, v.n) == NULL;
		if (ok) {
			memcpy(u->uid, v.p, v.n);
			u->uid[v.n] = '\0';
		}
	} else if (im_str_isi(name, "mailQuota")) {
		bit = SEEN_QUOTA;
		ok = im_str_u64(v, INT64_MAX, &u->quota);
	} else if (im_str_isi(name, "mailEnabled")) {
		bit = SEEN_ENABLED;
		ok = im_ldap_bool(v, &u->enabled);
	} else if (im_str_isi(name, "mailExpire")) {
		bit = SEEN_EXPIRE;
		ok = im_ldap_time(v, &u->expires);
	} else if (im_str_isi(name, "preferredLanguage")) {
		bit = SEEN_LANGUAGE; /* no mail waits for a language that makes no sense */
		if (v.n < sizeof(u->language) && memchr(v.p, 0, v.n) == NULL)
			memcpy(u->language, v.p, v.n);
	}
	if (*seen & bit)
		return false;
	*seen |= bit;
	return ok;
}

enum im_status
im_ldap_attribute(
    struct im_str *attributes, struct im_str *ret_name, struct im_str *ret_values, struct im_err *err)
{
	struct im_str a;

	if (!im_ber_expect(attributes, IM_BER_SEQUENCE, &a) || !im_ber_expect(&a, IM_BER_OCTETS, ret_name) ||
	    !im_ber_expect(&a, IM_BER_SET, ret_values))
		return im_ldap_garbage(err);
	return IM_OK;
}

static enum im_status
entry(struct im_str attributes, struct im_mailuser *ret, struct im_err *err)
{
	struct im_mailuser u = { 0 };
	unsigned seen = 0;

	while (attributes.n > 0) {
		struct im_str name = { 0 }, values = { 0 }, v;
		enum im_status st = im_ldap_attribute(&attributes, &name, &values, err);
		if (st != IM_OK)
			return st;
		while (values.n > 0) {
			if (!im_ber_expect(&values, IM_BER_OCTETS, &v))
				return im_ldap_garbage(err);
			if (!take(name, v, &u, &seen))
				return im_ldap_bad_value(name, err);
		}
	}
	if ((seen & (SEEN_UID | SEEN_ENABLED)) != (SEEN_UID | SEEN_ENABLED))
		return im_fail_dsn(
		    err, IM_TEMP, "4.3.5", "the directory has no uid or mailEnabled for this address");
	*ret = u;
	return IM_OK;
}

enum im_status
im_ldap_answer(
    struct im_str msg, uint32_t id, bool *ret_done, struct im_str *ret_attributes, struct im_err *err)
{
	int op = 0;
	struct im_str content, dn;
	enum im_status st = open_message(msg, id, &op, &content, err);

	if (st != IM_OK)
		return st;
	switch (op) {
	case OP_ENTRY:
		*ret_done = false;
		if (!im_ber_expect(&content, IM_BER_OCTETS, &dn) ||
		    !im_ber_expect(&content, IM_BER_SEQUENCE, ret_attributes))
			return im_ldap_garbage(err);
		return IM_OK;
	case OP_REFERENCE:
		return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory refers to another server");
	case OP_DONE:
		*ret_done = true;
		return result(content, "looking up the recipient", err);
	default:
		return im_ldap_garbage(err);
	}
}

enum im_status
im_ldap_search_answer(struct im_str msg, struct im_ldap_found *found, bool *ret_done, struct im_err *err)
{
	struct im_str attributes = { 0 };
	bool done = false;
	enum im_status st = im_ldap_answer(msg, IM_LDAP_ID_SEARCH, &done, &attributes, err);

	if (st != IM_OK)
		return st;
	*ret_done = done;
	if (done && found->entries == 0)
		return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "no such person");
	if (done)
		return IM_OK;
	if (found->entries++ > 0)
		return im_fail_dsn(err, IM_TEMP, "4.3.5", "the directory gives this address to two people");
	return entry(attributes, &found->user, err);
}
