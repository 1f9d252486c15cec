/*
 * ldaprecipient.c - an entry of the directory as a recipient
 *
 * The order of attributes is slapd's affair, and what an entry is stands in one of them: so all are gathered first.
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/ldaprecipient.h"

#include <string.h>
#include <strings.h>

#include "directory/ldapmsg.h"

const char *const im_ldap_recipient_attributes[] = { "objectClass", "uid", "cn", "mail", "mailAlias",
	"mailEnabled", "mailExpire", "mailQuota", "mailSendLimit", "preferredLanguage", "owner", "mailLimit",
	"description", "mailListPost", "mailListJoin", "mailListReplyTo", "mailListArchive", "memberUid",
	"mailListMember", NULL };

enum { PERSON = 1, LIST = 2, ALIAS = 4 };

struct draft {
	struct im_arena *a;
	const char *ldap_base;
	struct im_recipient r;
	unsigned classes;
	bool enabled_seen;
	struct im_str uid, cn, alias;
	int uids, cns; /* how many values */
};

/* plain - a value that may become a name, an address or a path: printable, in UTF-8 where it is not ASCII */
static bool
plain(struct im_str v, size_t max)
{
	if (v.n == 0 || v.n > max)
		return false;
	for (size_t i = 0; i < v.n; i++)
		if ((unsigned char)v.p[i] < ' ' || v.p[i] == 0x7f)
			return false;
	return true;
}

static bool
text(struct draft *d, struct im_str v, size_t max, const char **ret)
{
	if (*ret || !plain(v, max))
		return false;
	*ret = im_arena_strndup(d->a, v.p, v.n);
	return true;
}

/* ---- one value each ---- */

static bool
take_class(struct draft *d, struct im_str v)
{
	d->classes |= im_str_isi(v, "intimailUser")    ? PERSON
		      : im_str_isi(v, "intimailList")  ? LIST
		      : im_str_isi(v, "intimailAlias") ? ALIAS
						       : 0;
	return true;
}

static bool
take_uid(struct draft *d, struct im_str v)
{
	d->uid = v;
	return plain(v, 64) && memchr(v.p, '/', v.n) == NULL && d->uids++ == 0;
}

/* the name of a list; of people it is what they are called, and may be there more than once */
static bool
take_cn(struct draft *d, struct im_str v)
{
	d->cn = v;
	d->cns++;
	return true;
}

static bool
take_mail(struct draft *d, struct im_str v)
{
	return text(d, v, 320, &d->r.mail);
}

static bool
take_alias(struct draft *d, struct im_str v)
{
	d->alias = v;
	return plain(v, 320);
}

static bool
take_enabled(struct draft *d, struct im_str v)
{
	if (d->enabled_seen)
		return false;
	d->enabled_seen = true;
	return im_ldap_bool(v, &d->r.enabled);
}

static bool
take_expire(struct draft *d, struct im_str v)
{
	return d->r.expires == 0 && im_ldap_time(v, &d->r.expires);
}

static bool
take_quota(struct draft *d, struct im_str v)
{
	return d->r.quota == 0 && im_str_u64(v, INT64_MAX, &d->r.quota);
}

static bool
take_limit(struct draft *d, struct im_str v)
{
	return d->r.limit == 0 && im_str_u64(v, INT64_MAX, &d->r.limit);
}

static bool
take_send_limit(struct draft *d, struct im_str v)
{
	uint64_t n;

	if (d->r.send_limit >= 0 || !im_str_u64(v, INT64_MAX, &n))
		return false;
	d->r.send_limit = (int64_t)n;
	return true;
}

/* a person's own text: whatever is wrong with it must not stop mail */
static bool
take_language(struct draft *d, struct im_str v)
{
	(void)text(d, v, 35, &d->r.language);
	return true;
}

static bool
take_description(struct draft *d, struct im_str v)
{
	(void)text(d, v, 1024, &d->r.description);
	return true;
}

static bool
take_post(struct draft *d, struct im_str v)
{
	d->r.post = im_str_is(v, "owners") ? IM_POST_OWNERS
		    : im_str_is(v, "all")  ? IM_POST_ALL
					   : IM_POST_MEMBERS;
	return d->r.post != IM_POST_MEMBERS || im_str_is(v, "members");
}

static bool
take_join(struct draft *d, struct im_str v)
{
	d->r.join = im_str_is(v, "confirm") ? IM_JOIN_CONFIRM : IM_JOIN_OWNERS;
	return d->r.join == IM_JOIN_CONFIRM || im_str_is(v, "owners");
}

static bool
take_reply_to(struct draft *d, struct im_str v)
{
	d->r.reply_to_list = im_str_is(v, "list");
	return d->r.reply_to_list || im_str_is(v, "author");
}

static bool
take_archive(struct draft *d, struct im_str v)
{
	return im_ldap_bool(v, &d->r.archive);
}

static const struct {
	const char *name;
	bool (*take)(struct draft *d, struct im_str v);
} singles[] = {
	{ "objectClass", take_class },
	{ "uid", take_uid },
	{ "cn", take_cn },
	{ "mail", take_mail },
	{ "mailAlias", take_alias },
	{ "mailEnabled", take_enabled },
	{ "mailExpire", take_expire },
	{ "mailQuota", take_quota },
	{ "mailSendLimit", take_send_limit },
	{ "preferredLanguage", take_language },
	{ "mailLimit", take_limit },
	{ "description", take_description },
	{ "mailListPost", take_post },
	{ "mailListJoin", take_join },
	{ "mailListReplyTo", take_reply_to },
	{ "mailListArchive", take_archive },
};

/* ---- many values ---- */

/* person_of - the uid in "uid=ann,ou=people,<base>", as our tools write it; empty for any other name */
static struct im_str
person_of(const struct draft *d, struct im_str dn)
{
	static const struct im_str people = { ",ou=people,", 11 };
	const size_t tail = people.n + strlen(d->ldap_base);
	struct im_str uid;

	if (!im_str_startsi(dn, "uid=") || dn.n <= 4 + tail)
		return (struct im_str) { 0 };
	uid = (struct im_str) { dn.p + 4, dn.n - 4 - tail };
	if (!im_str_startsi((struct im_str) { uid.p + uid.n, tail }, people.p) ||
	    strncasecmp(uid.p + uid.n + people.n, d->ldap_base, tail - people.n) != 0)
		return (struct im_str) { 0 };
	for (size_t i = 0; i < uid.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", uid.p[i] | 0x20) || uid.p[i] == '\0')
			return (struct im_str) { 0 };
	return uid.n <= 64 ? uid : (struct im_str) { 0 };
}

/* take_all - a whole attribute into a NULL-terminated array; a list has at most IM_LIST_MAX members of a kind */
static enum im_status
take_all(struct draft *d, struct im_str name, struct im_str values, bool dns, const char ***ret,
    struct im_err *err)
{
	struct im_str v, rest = values;
	size_t n = 0;

	while (im_ber_expect(&rest, IM_BER_OCTETS, &v))
		n++;
	if (rest.n > 0)
		return im_ldap_garbage(err);
	if (*ret)
		return im_ldap_bad_value(name, err);
	if (n > IM_LIST_MAX)
		return im_fail_dsn(err, IM_TEMP, "4.3.5",
		    "the directory has a list with %zu values of %.*s, more than the %d that a list may have",
		    n, (int)(name.n > 32 ? 32 : name.n), name.p, IM_LIST_MAX);
	*ret = im_arena_alloc(d->a, (n + 1) * sizeof(**ret));
	n = 0;
	while (im_ber_expect(&values, IM_BER_OCTETS, &v)) {
		if (!plain(v, 320 + strlen(d->ldap_base)))
			return im_ldap_bad_value(name, err);
		if (dns && (v = person_of(d, v)).n == 0)
			continue;
		(*ret)[n++] = im_arena_strndup(d->a, v.p, v.n);
	}
	return IM_OK;
}

static enum im_status
take_attribute(struct draft *d, struct im_str name, struct im_str values, struct im_err *err)
{
	struct im_str v;

	if (im_str_isi(name, "memberUid"))
		return take_all(d, name, values, false, &d->r.members, err);
	if (im_str_isi(name, "mailListMember"))
		return take_all(d, name, values, false, &d->r.outside, err);
	if (im_str_isi(name, "owner"))
		return take_all(d, name, values, true, &d->r.owners, err);
	for (size_t i = 0; i < IM_COUNT(singles); i++) {
		if (!im_str_isi(name, singles[i].name))
			continue;
		while (im_ber_expect(&values, IM_BER_OCTETS, &v))
			if (!singles[i].take(d, v))
				return im_ldap_bad_value(name, err);
		return values.n == 0 ? IM_OK : im_ldap_garbage(err);
	}
	return IM_OK;
}

/* ---- the whole ---- */

static enum im_status
incomplete(const char *what, struct im_err *err)
{
	return im_fail_dsn(
	    err, IM_TEMP, "4.3.5", "the directory has an entry for this address without %s", what);
}

static enum im_status
name_it(struct draft *d, struct im_err *err)
{
	struct im_str name = d->uid;

	switch (d->classes) {
	case PERSON:
		d->r.kind = IM_TO_PERSON;
		break;
	case LIST:
		d->r.kind = IM_TO_LIST;
		name = d->cn;
		if (d->cns != 1 || !plain(name, 64))
			return incomplete("one name (cn)", err);
		break;
	case ALIAS:
		d->r.kind = IM_TO_ALIAS;
		name = d->alias;
		break;
	default:
		return incomplete("being a person, a list or a throw-away address, one of them", err);
	}
	if (name.n == 0)
		return incomplete("a name", err);
	if (!d->enabled_seen)
		return incomplete("mailEnabled", err);
	if (!d->r.mail && d->r.kind != IM_TO_ALIAS)
		return incomplete("mail", err);
	d->r.name = im_arena_strndup(d->a, name.p, name.n);
	d->r.is_admins = d->r.kind == IM_TO_LIST && strcasecmp(d->r.name, "admins") == 0;
	return IM_OK;
}

enum im_status
im_ldap_recipient(struct im_str attributes, const char *ldap_base, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err)
{
	struct draft d = { .a = a, .ldap_base = ldap_base, .r = { .send_limit = -1 } };
	/* one array for whatever is absent; nobody writes to it */
	const char **none = im_arena_alloc(a, sizeof(*none));

	while (attributes.n > 0) {
		struct im_str name, values;
		enum im_status st = im_ldap_attribute(&attributes, &name, &values, err);
		if (st == IM_OK)
			st = take_attribute(&d, name, values, err);
		if (st != IM_OK)
			return st;
	}
	enum im_status st = name_it(&d, err);
	if (st != IM_OK)
		return st;
	d.r.members = d.r.members ? d.r.members : none;
	d.r.outside = d.r.outside ? d.r.outside : none;
	d.r.owners = d.r.owners ? d.r.owners : none;
	d.r.owner = d.r.kind == IM_TO_ALIAS && d.r.owners[0] ? d.r.owners[0] : "";
	d.r.mail = d.r.mail ? d.r.mail : "";
	d.r.language = d.r.language ? d.r.language : "";
	d.r.description = d.r.description ? d.r.description : "";
	*ret = d.r;
	return IM_OK;
}
