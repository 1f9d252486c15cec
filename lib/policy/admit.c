/*
 * admit.c - may this message be taken for this recipient?
 *
 * Whatever is refused here is refused while the sender is on the line: no bounce is ever made. What cannot be decided
 * is put off. The texts go to strangers: they name the address that was asked for, never the person behind it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "policy/admit.h"

#include <string.h>

#include "base/str.h"
#include "mail/address.h"
#include "mail/aliaslog.h"
#include "mail/quota.h"

/* members looked at one by one before a whole list is: most often the first one has room */
enum { FIRST_MEMBERS = 4 };

struct question {
	const struct im_conf *conf;
	struct im_resolver *r;
	const struct im_envelope *e;
	struct im_rcpt rcpt;
	bool room; /* look at quotas */
	int64_t now;
	struct im_arena arena;
};

/* ---- room ---- */

/*
 * usage - false: it cannot be told now (a Maildir that is being made, folders that change while they are counted). Then
 * the message is taken: the person exists, and the agent has the last word about room
 */
static bool
usage(const struct im_conf *conf, const struct im_recipient *p, uint64_t need, struct im_usage *ret)
{
	struct im_err ignored;
	struct im_store s;

	if (im_store_open(conf->mail_root, p->name, false, &s, &ignored) != IM_OK)
		return false; /* most often nothing was delivered yet */
	enum im_status st = im_quota_peek(&s, p->quota, need, ret, &ignored);
	im_store_close(&s);
	return st == IM_OK;
}

static enum im_status
has_room(struct question *q, const struct im_recipient *p, struct im_err *err)
{
	uint64_t need = q->e->size > 0 ? q->e->size : 1;
	char size[16], quota[16];
	struct im_usage u;

	if (!q->room || p->quota == 0)
		return IM_OK;
	if (need > p->quota)
		return im_fail_dsn(err, IM_QUOTA, "5.3.4",
		    "This message of %s is larger than the whole mailbox of %s (%s)",
		    im_size_text(need, size), q->rcpt.address, im_size_text(p->quota, quota));
	if (!usage(q->conf, p, need, &u) || u.bytes <= p->quota - need)
		return IM_OK;
	return im_admit_full(q->conf, q->rcpt.address, u.bytes, p->quota, q->e->size, err);
}

/* ---- people and throw-away addresses ---- */

static enum im_status
closed(const struct question *q, struct im_err *err)
{
	return im_fail_dsn(
	    err, IM_DENIED, "5.2.1", "%s: this address does not take mail any more", q->rcpt.address);
}

static enum im_status
admit_person(struct question *q, const struct im_recipient *p, struct im_err *err)
{
	if (!im_admit_account(p->enabled, p->expires, q->now))
		return closed(q, err);
	return has_room(q, p, err);
}

static enum im_status
admit_alias(struct question *q, const struct im_recipient *a, struct im_err *err)
{
	struct im_recipient owner;
	uint64_t count = 0;

	if (a->owner[0] == '\0' || !im_admit_account(a->enabled, a->expires, q->now))
		return closed(q, err);
	enum im_status st = im_resolve_person(q->r, a->owner, &q->arena, &owner, err);
	if (st == IM_NOTFOUND)
		return closed(q, err);
	if (st == IM_OK && a->limit > 0)
		st = im_aliaslog_count(q->conf, a->owner, q->rcpt.address, &count, err);
	if (st != IM_OK)
		return im_fail_dsn(err, IM_TEMP, "4.3.0", "%.300s", err->msg);
	if (a->limit > 0 && count >= a->limit)
		return closed(q, err);
	return admit_person(q, &owner, err);
}

/* ---- lists ---- */

static bool
among(const char *const *names, const char *name)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

bool
im_admit_post(const struct im_recipient *list, const char *sender_address, const char *sender_uid)
{
	if (list->is_admins || list->post == IM_POST_ALL)
		return true;
	if (sender_uid[0] != '\0' && among(list->owners, sender_uid))
		return true;
	if (list->post == IM_POST_OWNERS)
		return false;
	return (sender_uid[0] != '\0' && among(list->members, sender_uid)) ||
	       (sender_address[0] != '\0' && among(list->outside, sender_address));
}

/* whose_address - the uid behind a sender of ours, or behind a throw-away address; "" for everybody else */
static enum im_status
whose_address(const struct im_conf *conf, struct im_resolver *r, const char *address, struct im_arena *a,
    const char **ret, struct im_err *err)
{
	struct im_recipient who;
	const char *at = strrchr(address, '@');

	*ret = "";
	if (!at || strcmp(at + 1, conf->domain) != 0)
		return IM_OK;
	enum im_status st = im_resolve(r, address, a, &who, err);
	if (st == IM_NOTFOUND)
		return IM_OK;
	if (st == IM_OK && who.kind != IM_TO_LIST)
		*ret = who.kind == IM_TO_PERSON ? who.name : who.owner;
	return st;
}

static enum im_status
member_of_nested(struct im_resolver *r, const struct im_recipient *list, const char *address, const char *uid,
    struct im_arena *a, bool *ret, struct im_err *err)
{
	struct im_recipient *people;
	const char **outside;
	int n;
	enum im_status st = im_resolve_members(r, list, a, &people, &n, &outside, err);

	*ret = false;
	if (st != IM_OK)
		return im_fail_dsn(err, IM_TEMP, "4.3.5", "%.300s", err->msg);
	for (int i = 0; i < n && uid[0] != '\0' && !*ret; i++)
		*ret = strcmp(people[i].name, uid) == 0;
	*ret = *ret || (address[0] != '\0' && among(outside, address));
	return IM_OK;
}

static enum im_status
may_post(const struct im_conf *conf, struct im_resolver *r, const struct im_recipient *list,
    const char *sender, struct im_arena *a, struct im_err *err)
{
	struct im_rcpt s = { .address = "" };
	const char *uid = "";
	bool may = im_admit_post(list, "", "");

	if (may)
		return IM_OK;
	if (sender[0] != '\0' && im_rcpt_split(sender, &s)) {
		enum im_status st = whose_address(conf, r, s.address, a, &uid, err);
		if (st != IM_OK)
			return st;
		may = im_admit_post(list, s.address, uid);
		if (!may && list->post == IM_POST_MEMBERS)
			st = member_of_nested(r, list, s.address, uid, a, &may, err);
		if (st != IM_OK)
			return st;
	}
	if (may)
		return IM_OK;
	return im_fail_dsn(err, IM_DENIED, "5.7.1",
	    "Only %s of the list %s may write to it, and <%.200s> is none",
	    list->post == IM_POST_OWNERS ? "the owners" : "members", list->mail, sender);
}

enum im_status
im_admit_post_nested(const struct im_conf *conf, struct im_resolver *r, const struct im_recipient *list,
    const char *sender, struct im_err *err)
{
	struct im_arena a = { 0 };
	enum im_status st = may_post(conf, r, list, sender, &a, err);

	im_arena_done(&a);
	return st;
}

/* room_for_some - is there anybody at all on the list who can take it? An empty list has nobody to refuse for */
static enum im_status
room_for_some(struct question *q, const struct im_recipient *list, struct im_err *err)
{
	struct im_recipient p, *people;
	const char **outside;
	int n;

	if (!q->room || list->outside[0])
		return IM_OK;
	for (int i = 0; i < FIRST_MEMBERS && list->members[i]; i++) {
		enum im_status st = im_resolve_person(q->r, list->members[i], &q->arena, &p, err);
		if (st == IM_OK)
			st = admit_person(q, &p, err);
		if (st == IM_OK || st == IM_TEMP)
			return st;
	}
	enum im_status st = im_resolve_members(q->r, list, &q->arena, &people, &n, &outside, err);
	if (st != IM_OK)
		return im_fail_dsn(err, IM_TEMP, "4.3.5", "%.300s", err->msg);
	if (outside[0] || n == 0)
		return IM_OK;
	for (int i = 0; i < n; i++)
		if ((st = has_room(q, &people[i], err)) != IM_QUOTA)
			return st;
	return im_fail_dsn(err, IM_QUOTA, q->conf->over_quota == IM_OVER_QUOTA_DEFER ? "4.2.2" : "5.2.2",
	    "Nobody on the list %s has room for this message", list->mail);
}

static enum im_status
admit_list(struct question *q, const struct im_recipient *list, struct im_err *err)
{
	/* what must always be answered (RFC 2142) is answered even where somebody closed it by mistake */
	if (!list->is_admins && !im_admit_account(list->enabled, list->expires, q->now))
		return closed(q, err);
	if (q->rcpt.detail[0] != '\0' && !list->is_admins)
		return IM_OK;
	enum im_status st = may_post(q->conf, q->r, list, q->e->sender, &q->arena, err);
	return st == IM_OK ? room_for_some(q, list, err) : st;
}

/* ---- the whole ---- */

static enum im_status
admit(struct question *q, struct im_err *err)
{
	struct im_recipient to;

	if (!im_rcpt_split(q->e->recipient, &q->rcpt))
		return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "not an address of anybody here");
	enum im_status st = im_resolve(q->r, q->rcpt.address, &q->arena, &to, err);
	if (st == IM_NOTFOUND)
		return im_fail_dsn(
		    err, IM_NOTFOUND, "5.1.1", "%s: nobody here has this address", q->rcpt.address);
	if (st != IM_OK)
		return st;
	switch (to.kind) {
	case IM_TO_PERSON:
		return admit_person(q, &to, err);
	case IM_TO_ALIAS:
		return admit_alias(q, &to, err);
	default:
		return admit_list(q, &to, err);
	}
}

enum im_status
im_admit_checks(const struct im_conf *conf, struct im_resolver *r, const struct im_envelope *e,
    unsigned checks, int64_t now, struct im_err *err)
{
	struct question q = { .conf = conf, .r = r, .e = e, .now = now, .room = checks & IM_ADMIT_ROOM };
	enum im_status st = admit(&q, err);

	im_arena_done(&q.arena);
	return st;
}

enum im_status
im_admit(const struct im_conf *conf, struct im_resolver *r, const struct im_envelope *e, int64_t now,
    struct im_err *err)
{
	return im_admit_checks(conf, r, e, IM_ADMIT_ROOM, now, err);
}
