/*
 * judge.c - the answer to one request of Postfix
 *
 * SPDX-License-Identifier: ISC
 */
#include "policy/judge.h"

#include <inttypes.h>
#include <string.h>

#include "mail/address.h"
#include "policy/admit.h"

struct judgement {
	const struct im_conf *conf;
	struct im_resolver *r;
	struct im_sent *sent;
	const struct im_policy_request *q;
	int64_t now;
	struct im_arena arena;
};

/* ---- who it is for ---- */

/* recipient - the whole address: "postmaster" alone (RFC 5321 4.5.1) is ours; false: somebody elsewhere */
static bool
recipient_here(const struct judgement *j, char ret[static 600])
{
	const char *at = strrchr(j->q->recipient, '@');

	if (!at)
		return im_fmt(ret, 600, "%s@%s", j->q->recipient, j->conf->domain);
	return strcmp(at + 1, j->conf->domain) == 0 && im_fmt(ret, 600, "%s", j->q->recipient);
}

static enum im_status
judge_recipient(struct judgement *j, unsigned checks, struct im_err *err)
{
	char recipient[600];

	/* longer than RFC 5321 allows: nobody's, whatever the domain */
	if (j->q->recipient_long)
		return im_fail_dsn(err, IM_NOTFOUND, "5.1.1", "this address is too long to be anybody's");
	/* at the end of a message with several recipients there is none to judge; the agent has the last word */
	if (j->q->recipient[0] == '\0' || !recipient_here(j, recipient))
		return IM_OK;
	const struct im_envelope e = {
		.sender = j->q->sender_long ? "?" : j->q->sender, .recipient = recipient, .size = j->q->size
	};
	return im_admit_checks(j->conf, j->r, &e, checks, j->now, err);
}

/* ---- who sends ---- */

/* sender - the person that outgoing mail counts for; IM_NOTFOUND: none */
static enum im_status
sender(struct judgement *j, struct im_recipient *ret, struct im_err *err)
{
	const char *who = j->q->login[0] ? j->q->login : j->q->sender, *at = strrchr(who, '@');
	struct im_rcpt split;

	if (j->q->login[0] && !at)
		return im_resolve_person(j->r, who, &j->arena, ret, err);
	if (!at || strcmp(at + 1, j->conf->domain) != 0 || !im_rcpt_split(who, &split))
		return im_fail(err, IM_NOTFOUND, "no address of anybody here");
	enum im_status st = im_resolve(j->r, split.address, &j->arena, ret, err);
	if (st == IM_OK && ret->kind == IM_TO_ALIAS)
		st = im_resolve_person(j->r, ret->owner, &j->arena, ret, err);
	if (st == IM_OK && ret->kind == IM_TO_LIST)
		return im_fail(err, IM_NOTFOUND, "a list");
	return st;
}

static enum im_status
within_limits(struct judgement *j, const struct im_recipient *person, struct im_err *err)
{
	const uint64_t most =
	    person->send_limit >= 0 ? (uint64_t)person->send_limit : (uint64_t)j->conf->send_limit;
	const uint64_t most_bytes = j->conf->send_size_limit;
	struct im_sent_total t = im_sent_total(j->sent, person->name, j->now);
	uint64_t more = j->q->recipients > 0 ? j->q->recipients : 1;
	char used[16], limit[16];

	/* 0 is no limit, as in intimail.conf */
	if (most > 0 && t.recipients + more > most)
		return im_fail_dsn(err, IM_DENIED, "4.7.1",
		    "You have written to %" PRIu64
		    " recipients in the last 24 hours and may write to %" PRIu64 ", so %" PRIu64
		    " more cannot be taken now; please try later or ask an administrator",
		    t.recipients, most, more);
	if (most_bytes > 0 && t.bytes + j->q->size > most_bytes)
		return im_fail_dsn(err, IM_DENIED, "4.7.1",
		    "You have sent %s in the last 24 hours and may send %s; please try this message later or "
		    "ask an "
		    "administrator",
		    im_size_text(t.bytes, used), im_size_text(most_bytes, limit));
	return IM_OK;
}

static enum im_status
judge_outgoing(struct judgement *j, struct im_err *err)
{
	struct im_recipient person = { .name = "" };
	enum im_status st = sender(j, &person, err);

	if (st == IM_NOTFOUND && !j->q->login[0])
		return IM_OK;
	if (st == IM_NOTFOUND)
		return im_fail_dsn(
		    err, IM_DENIED, "5.7.1", "nobody here has the name that was signed in with");
	if (st != IM_OK)
		return st;
	if (!im_admit_account(person.enabled, person.expires, j->now))
		return im_fail_dsn(err, IM_DENIED, "5.7.1", "This account is closed and cannot send mail");
	st = within_limits(j, &person, err);
	if (st == IM_OK && j->q->state == IM_POLICY_RCPT)
		return judge_recipient(j, 0, err);
	if (st == IM_OK && j->q->state == IM_POLICY_END)
		im_sent_add(
		    j->sent, person.name, j->q->recipients > 0 ? j->q->recipients : 1, j->q->size, j->now);
	return st;
}

enum im_status
im_policy_judge(const struct im_conf *conf, struct im_resolver *r, struct im_sent *sent,
    const struct im_policy_request *q, int64_t now, struct im_err *err)
{
	struct judgement j = { .conf = conf, .r = r, .sent = sent, .q = q, .now = now };
	enum im_status st = IM_OK;

	if (!q->known)
		return im_fail(err, IM_TEMP, "a request that is none of smtpd_access_policy");
	if (q->state == IM_POLICY_OTHER)
		return IM_OK;
	if (q->login[0] || (q->port != 0 && q->port == conf->submit_port))
		st = judge_outgoing(&j, err);
	else
		st = judge_recipient(&j, IM_ADMIT_ROOM, err);
	im_arena_done(&j.arena);
	return st;
}
