/*
 * ldapmsg.c - the LDAP messages of one look-up
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
	FILTER_EQUAL = 0xa3
};
enum { RC_SUCCESS = 0, SCOPE_ONE = 1, DEREF_NEVER = 0, LDAP_VERSION = 3, TWO_ENTRIES = 2 };

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

void
im_ldap_put_search(struct im_ber_out *o, const char *ldap_base, const char *address, int time_limit)
{
	static const struct im_str people = { "ou=people,", 10 };

	size_t msg = im_ber_open(o, IM_BER_SEQUENCE);
	im_ber_put_number(o, IM_BER_INTEGER, IM_LDAP_ID_SEARCH);
	size_t op = im_ber_open(o, OP_SEARCH);
	size_t dn = im_ber_open(o, IM_BER_OCTETS);
	if (people.n + strlen(ldap_base) > o->cap - o->n) {
		o->full = true;
		return;
	}
	memcpy(o->p + o->n, people.p, people.n);
	memcpy(o->p + o->n + people.n, ldap_base, strlen(ldap_base));
	o->n += people.n + strlen(ldap_base);
	im_ber_close(o, dn);
	im_ber_put_number(o, IM_BER_ENUM, SCOPE_ONE);
	im_ber_put_number(o, IM_BER_ENUM, DEREF_NEVER);
	im_ber_put_number(o, IM_BER_INTEGER, TWO_ENTRIES);
	im_ber_put_number(o, IM_BER_INTEGER, (uint32_t)time_limit);
	im_ber_put(o, IM_BER_BOOLEAN, (struct im_str) { "\0", 1 });
	size_t filter = im_ber_open(o, FILTER_AND);
	put_equal(o, IM_STR("objectClass"), IM_STR("intimailUser"));
	put_equal(o, IM_STR("mailAlias"), im_str(address));
	im_ber_close(o, filter);
	size_t attributes = im_ber_open(o, IM_BER_SEQUENCE);
	im_ber_put(o, IM_BER_OCTETS, IM_STR("uid"));
	im_ber_put(o, IM_BER_OCTETS, IM_STR("mailQuota"));
	im_ber_put(o, IM_BER_OCTETS, IM_STR("mailEnabled"));
	im_ber_put(o, IM_BER_OCTETS, IM_STR("mailExpire"));
	im_ber_close(o, attributes);
	im_ber_close(o, op);
	im_ber_close(o, msg);
}

/* ---- answers ---- */

static enum im_status
garbage(struct im_err *err)
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
		return garbage(err);
	if (!im_ber_number(&envelope, IM_BER_INTEGER, &id) || !im_ber_next(&envelope, op, content))
		return garbage(err);
	if (id == 0 && *op == OP_EXTENDED_ANSWER) /* notice of disconnection, RFC 4511 4.4.1 */
		return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory server is going down");
	if (id != want_id)
		return garbage(err);
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
		return garbage(err);
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
		return garbage(err);
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

/* generalized_time - "20261231235959Z" (RFC 4517 3.3.13); other forms are not what our tools write */
static bool
generalized_time(struct im_str s, int64_t *ret)
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

enum { SEEN_UID = 1, SEEN_QUOTA = 2, SEEN_ENABLED = 4, SEEN_EXPIRE = 8 };

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
		u->enabled = im_str_is(v, "TRUE");
		ok = u->enabled || im_str_is(v, "FALSE");
	} else if (im_str_isi(name, "mailExpire")) {
		bit = SEEN_EXPIRE;
		ok = generalized_time(v, &u->expires);
	}
	if (*seen & bit)
		return false;
	*seen |= bit;
	return ok;
}

static enum im_status
entry(struct im_str e, struct im_mailuser *ret, struct im_err *err)
{
	struct im_mailuser u = { 0 };
	struct im_str dn, attributes;
	unsigned seen = 0;

	if (!im_ber_expect(&e, IM_BER_OCTETS, &dn) || !im_ber_expect(&e, IM_BER_SEQUENCE, &attributes))
		return garbage(err);
	while (attributes.n > 0) {
		struct im_str a, name, values, v;
		if (!im_ber_expect(&attributes, IM_BER_SEQUENCE, &a) ||
		    !im_ber_expect(&a, IM_BER_OCTETS, &name) || !im_ber_expect(&a, IM_BER_SET, &values))
			return garbage(err);
		while (values.n > 0) {
			if (!im_ber_expect(&values, IM_BER_OCTETS, &v))
				return garbage(err);
			if (!take(name, v, &u, &seen))
				return im_fail_dsn(err, IM_TEMP, "4.3.5",
				    "the directory has a bad or double %.*s", name.n > 32 ? 32 : (int)name.n,
				    name.p);
		}
	}
	if ((seen & (SEEN_UID | SEEN_ENABLED)) != (SEEN_UID | SEEN_ENABLED))
		return im_fail_dsn(
		    err, IM_TEMP, "4.3.5", "the directory has no uid or mailEnabled for this address");
	*ret = u;
	return IM_OK;
}

enum im_status
im_ldap_search_answer(struct im_str msg, struct im_ldap_found *found, bool *ret_done, struct im_err *err)
{
	int op = 0;
	struct im_str content;
	enum im_status st = open_message(msg, IM_LDAP_ID_SEARCH, &op, &content, err);

	if (st != IM_OK)
		return st;
	switch (op) {
	case OP_ENTRY:
		if (found->entries++ > 0)
			return im_fail_dsn(
			    err, IM_TEMP, "4.3.5", "the directory gives this address to two people");
		*ret_done = false;
		return entry(content, &found->user, err);
	case OP_REFERENCE:
		return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory refers to another server");
	case OP_DONE:
		st = result(content, "looking up the recipient", err);
		if (st != IM_OK)
			return st;
		*ret_done = true;
		if (found->entries == 0)
			return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "no such person");
		return IM_OK;
	default:
		return garbage(err);
	}
}
