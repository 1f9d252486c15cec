/*
 * trace_story.c - lines of the log become a story in plain words
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "mta/text.h"
#include "mta/trace_int.h"

enum step {
	ARRIVED,
	WRITTEN,
	HANDED_IN,
	STANDS_FOR,
	COPIES,
	FILED_INBOX,
	FILED,
	FILED_BEFORE,
	DROPPED,
	DELIVERED,
	PASSED_ON,
	WAITS,
	STILL_WAITS,
	RETURNED,
	TOLD,
	TOLD_DELAY,
	REFUSED,
	REFUSED_ALL,
	EXPIRED,
	HELD,
	RELEASED,
	DELETED,
	REQUEUED
};

static const char *const texts[] = {
	[ARRIVED] = /* N_ */ "Arrived from %s",
	[WRITTEN] = /* N_ */ "Written by %s, who was signed in",
	[HANDED_IN] = /* N_ */ "Handed in by a program on this machine",
	[STANDS_FOR] = /* N_ */ "The address %s stands for %s",
	[COPIES] = /* N_ */ "The mail to %s became copies for %s",
	[FILED_INBOX] = /* N_ */ "Filed in the inbox of %s",
	[FILED] = /* N_ */ "Filed for %s in the folder %s",
	[FILED_BEFORE] = /* N_ */ "Came again for %s, who has it already",
	[DROPPED] = /* N_ */ "Dropped: the account %s is disabled and its mailbox is full",
	[DELIVERED] = /* N_ */ "Delivered to %s",
	[PASSED_ON] = /* N_ */ "Passed on for %s to the mail server %s",
	[WAITS] = /* N_ */ "Waits for %s: %s",
	[STILL_WAITS] = /* N_ */ "Still waits for %s after another try: %s",
	[RETURNED] = /* N_ */ "Could not be delivered to %s: %s",
	[TOLD] = /* N_ */ "Returned to the sender, with the message %s",
	[TOLD_DELAY] = /* N_ */ "The sender was told that it takes longer, with the message %s",
	[REFUSED] = /* N_ */ "Refused for %s before it was accepted: %s",
	[REFUSED_ALL] = /* N_ */ "Refused before it was accepted: %s",
	[EXPIRED] = /* N_ */ "Given up: it had waited for too long",
	[HELD] = /* N_ */ "Put on hold by an administrator",
	[RELEASED] = /* N_ */ "Released by an administrator",
	[DELETED] = /* N_ */ "Deleted by an administrator",
	[REQUEUED] = /* N_ */ "Begun anew by an administrator",
};

static const char *const fates[] = {
	[IM_TRACE_DELIVERED] = /* N_ */ "delivered",
	[IM_TRACE_WAITS] = /* N_ */ "waits",
	[IM_TRACE_RETURNED] = /* N_ */ "returned",
	[IM_TRACE_REFUSED] = /* N_ */ "refused",
	[IM_TRACE_UNDERWAY] = /* N_ */ "under way",
	[IM_TRACE_DELETED] = /* N_ */ "deleted",
};

static const char *
keep(struct im_story *s, struct im_str text)
{
	return im_mta_text(s->a, text, IM_TRACE_ARG_MAX);
}

/* the index of the step, -1 when there are too many */
static int
add_step(struct im_story *s, enum step what, int64_t when, struct im_str line, const char *a, const char *b)
{
	if (!s->steps)
		s->steps = im_arena_alloc(s->a, IM_TRACE_STEPS * sizeof(*s->steps));
	if (s->nsteps == IM_TRACE_STEPS)
		return -1;
	s->steps[s->nsteps] = (struct im_trace_step) {
		.when = when,
		.what = texts[what],
		.args = { a ? a : "", b ? b : "", "" },
		.line = line.n ? im_mta_text(s->a, line, IM_LOGLINE_MAX) : "",
	};
	return s->nsteps++;
}

/* NULL when there are too many: what becomes of those is not told */
static struct im_story_recipient *
recipient(struct im_story *s, const struct im_logline *l)
{
	struct im_story_recipient *r;

	for (int i = 0; i < s->nr; i++)
		if (im_str_isi(l->to, s->r[i].to))
			return &s->r[i];
	if (s->nr == IM_TRACE_RECIPIENTS)
		return NULL;
	r = &s->r[s->nr++];
	r->to = keep(s, l->to);
	r->orig_to = l->orig_to.n && !im_str_eqi(l->orig_to, l->to) ? keep(s, l->orig_to) : NULL;
	return r;
}

static void
waits(struct im_story *s, struct im_story_recipient *r, const struct im_logline *l, int64_t when,
    struct im_str line)
{
	const char *reason = keep(s, l->more);

	r->status = 'd';
	/* of many vain attempts the first and the last are told */
	if (++r->tries < 3)
		r->waits = add_step(s, r->tries == 1 ? WAITS : STILL_WAITS, when, line, r->to, reason) + 1;
	else if (r->waits > 0)
		s->steps[r->waits - 1] = (struct im_trace_step) {
			.when = when,
			.what = texts[STILL_WAITS],
			.args = { r->to, reason, "" },
			.line = im_mta_text(s->a, line, IM_LOGLINE_MAX),
		};
}

static void
take_result(struct im_story *s, const struct im_logline *l, int64_t when, struct im_str line)
{
	struct im_story_recipient *r = recipient(s, l);

	if (!r)
		return;
	if (im_str_is(l->status, "deferred")) {
		waits(s, r, l, when, line);
	} else if (im_str_is(l->status, "bounced") || im_str_is(l->status, "expired")) {
		r->status = 'b';
		(void)add_step(s, RETURNED, when, line, r->to, keep(s, l->more));
	} else if (im_str_is(l->status, "sent")) {
		r->status = 's';
		if (r->filed)
			return;
		struct im_str host = l->host, name = im_str_cut(&host, '[');
		if (host.p) /* "mx.example.net[192.0.2.1]:25": another server */
			(void)add_step(s, PASSED_ON, when, line, r->to, keep(s, name));
		else
			(void)add_step(s, DELIVERED, when, line, r->to, NULL);
	}
}

static void
take_filed(struct im_story *s, const struct im_logline *l, int64_t when, struct im_str line)
{
	struct im_story_recipient *r = recipient(s, l);
	const char *user = keep(s, l->user);

	if (!r)
		return;
	r->status = 's';
	if (l->kind == IM_LOG_DROPPED)
		(void)add_step(s, DROPPED, when, line, user, NULL);
	else if (l->kind == IM_LOG_FILED_BEFORE && !r->filed)
		(void)add_step(s, FILED_BEFORE, when, line, user, NULL);
	else if (l->kind == IM_LOG_FILED && im_str_is(l->mailbox, "INBOX"))
		(void)add_step(s, FILED_INBOX, when, line, user, NULL);
	else if (l->kind == IM_LOG_FILED)
		(void)add_step(s, FILED, when, line, user, keep(s, l->mailbox));
	r->filed = true;
}

static void
take_client(struct im_story *s, const struct im_logline *l, int64_t when, struct im_str line)
{
	struct im_str rest = l->host, name = im_str_cut(&rest, '[');

	if (im_str_is(name, "unknown") && rest.n)
		name = im_str_cut(&rest, ']');
	if (l->more.n)
		(void)add_step(s, WRITTEN, when, line, keep(s, l->more), NULL);
	else
		(void)add_step(s, ARRIVED, when, line, keep(s, name), NULL);
}

static void
take_reject(struct im_story *s, const struct im_logline *l, int64_t when, struct im_str line)
{
	if (!s->sender)
		s->sender = keep(s, l->from);
	if (!s->id[0])
		s->refused = true;
	if (l->to.n && !s->id[0])
		(void)recipient(s, l);
	if (l->to.n)
		(void)add_step(s, REFUSED, when, line, keep(s, l->to), keep(s, l->more));
	else
		(void)add_step(s, REFUSED_ALL, when, line, keep(s, l->more), NULL);
}

static void
take_plain(struct im_story *s, const struct im_logline *l, int64_t when, struct im_str line)
{
	static const struct {
		enum im_log_kind kind;
		enum step step;
		bool with_more;
	} table[] = {
		{ IM_LOG_PICKUP, HANDED_IN, false },
		{ IM_LOG_EXPIRED, EXPIRED, false },
		{ IM_LOG_NOTICE, TOLD, true },
		{ IM_LOG_DELAYED, TOLD_DELAY, true },
		{ IM_LOG_HELD, HELD, false },
		{ IM_LOG_RELEASED, RELEASED, false },
		{ IM_LOG_DELETED, DELETED, false },
		{ IM_LOG_REQUEUED, REQUEUED, false },
	};

	for (size_t i = 0; i < IM_COUNT(table); i++)
		if (table[i].kind == l->kind)
			(void)add_step(
			    s, table[i].step, when, line, table[i].with_more ? keep(s, l->more) : NULL, NULL);
	s->deleted = s->deleted || l->kind == IM_LOG_DELETED;
}

void
im_story_line(struct im_story *s, struct im_str line)
{
	struct im_logline l;
	int64_t when;

	if (!im_logline_parse(line, &l))
		return;
	when = im_logline_time(l.stamp, s->now);
	switch (l.kind) {
	case IM_LOG_CLIENT:
		take_client(s, &l, when, line);
		break;
	case IM_LOG_MESSAGE_ID:
		s->message_id = s->message_id ? s->message_id : keep(s, l.more);
		break;
	case IM_LOG_FROM:
		s->sender = keep(s, l.from);
		break;
	case IM_LOG_REMOVED:
		s->removed = true;
		break;
	case IM_LOG_RESULT:
		take_result(s, &l, when, line);
		break;
	case IM_LOG_REJECT:
		take_reject(s, &l, when, line);
		break;
	case IM_LOG_FILED:
	case IM_LOG_FILED_BEFORE:
	case IM_LOG_DROPPED:
		if (!s->sender)
			s->sender = keep(s, l.from);
		take_filed(s, &l, when, line);
		break;
	default:
		take_plain(s, &l, when, line);
	}
}

/* --- the end --- */

/* what lists and aliases made of one address */
static void
tell_copies(struct im_story *s)
{
	for (int i = 0; i < s->nr; i++) {
		const char *orig = s->r[i].orig_to;
		struct im_buf all;
		int n = 0;

		for (int k = 0; orig && k < i; k++)
			if (s->r[k].orig_to && strcmp(s->r[k].orig_to, orig) == 0)
				orig = NULL; /* told already */
		if (!orig)
			continue;
		im_buf_init(&all, IM_TRACE_ARG_MAX);
		for (int k = i; k < s->nr; k++)
			if (s->r[k].orig_to && strcmp(s->r[k].orig_to, orig) == 0)
				im_buf_addf(&all, "%s%s", n++ ? ", " : "", s->r[k].to);
		int at = add_step(s, n == 1 ? STANDS_FOR : COPIES, s->nsteps ? s->steps[0].when : 0,
		    (struct im_str) { 0 }, orig, im_mta_text(s->a, im_buf_str(&all), IM_TRACE_ARG_MAX));
		/* before what came of it, behind the arrival */
		if (at > 1) {
			struct im_trace_step step = s->steps[at];

			memmove(&s->steps[2], &s->steps[1], (size_t)(at - 1) * sizeof(step));
			s->steps[1] = step;
		}
		im_buf_done(&all);
	}
}

/* by time, in the order of the log where it is the same; there are few, and they are nearly sorted */
static void
sort_steps(struct im_story *s)
{
	for (int i = 1; i < s->nsteps; i++) {
		struct im_trace_step step = s->steps[i];
		int k = i;

		for (; k > 0 && step.when && s->steps[k - 1].when > step.when; k--)
			s->steps[k] = s->steps[k - 1];
		s->steps[k] = step;
	}
}

/* the agent's lines are read first, but its log has whole seconds: what arrived must not stand behind what was filed */
static void
arrival_first(struct im_story *s)
{
	for (int i = 1; i < s->nsteps; i++) {
		struct im_trace_step step = s->steps[i];

		if (step.what != texts[ARRIVED] && step.what != texts[WRITTEN] &&
		    step.what != texts[HANDED_IN])
			continue;
		memmove(&s->steps[1], &s->steps[0], (size_t)i * sizeof(step));
		s->steps[0] = step;
		return;
	}
}

static void
decide(const struct im_story *s, struct im_trace *t)
{
	int sent = 0, waiting = 0, returned = 0;

	for (int i = 0; i < s->nr; i++) {
		sent += s->r[i].status == 's';
		waiting += s->r[i].status == 'd';
		returned += s->r[i].status == 'b';
	}
	t->fate = s->refused                              ? IM_TRACE_REFUSED
		  : s->deleted                            ? IM_TRACE_DELETED
		  : returned                              ? IM_TRACE_RETURNED
		  : waiting && s->removed                 ? IM_TRACE_RETURNED
		  : waiting                               ? IM_TRACE_WAITS
		  : s->removed || (sent && sent == s->nr) ? IM_TRACE_DELIVERED
							  : IM_TRACE_UNDERWAY;
}

bool
im_story_end(struct im_story *s, int64_t since, struct im_trace *ret)
{
	const char **recipients;
	int64_t last = 0;

	if (!s->nsteps)
		return false;
	sort_steps(s);
	last = s->steps[s->nsteps - 1].when;
	if (since > 0 && last > 0 && last < since)
		return false;
	arrival_first(s);
	tell_copies(s);
	recipients = im_arena_alloc(s->a, (size_t)(s->nr + 1) * sizeof(*recipients));
	for (int i = 0; i < s->nr; i++)
		recipients[i] = s->r[i].to;
	*ret = (struct im_trace) {
		.queueid = im_arena_strdup(s->a, s->id),
		.sender = s->sender ? s->sender : "",
		.message_id = s->message_id ? s->message_id : "",
		.recipients = recipients,
		.steps = s->steps,
		.nsteps = s->nsteps,
	};
	decide(s, ret);
	return true;
}

const char *
im_trace_fate(const struct im_trace *t)
{
	return (unsigned)t->fate < IM_COUNT(fates) ? fates[t->fate] : "";
}

const char *
im_trace_text(struct im_arena *a, const char *text, const char *const args[static 3])
{
	struct im_buf b;
	const char *ret;
	int n = 0;

	im_buf_init(&b, 4 * IM_TRACE_ARG_MAX);
	for (; *text; text++) {
		if (text[0] == '%' && text[1] == 's') {
			im_buf_adds(&b, n < 3 && args[n] ? args[n] : "");
			n++;
			text++;
		} else {
			im_buf_addc(&b, *text);
		}
	}
	ret = im_arena_strndup(a, b.p, b.n);
	im_buf_done(&b);
	return ret;
}

static void
put_steps(struct im_arena *a, struct im_value *list, const struct im_trace *t)
{
	for (int i = 0; i < t->nsteps; i++) {
		const struct im_trace_step *s = &t->steps[i];
		struct im_value *v = im_v_add_object(a, list), *args;

		im_v_set_int(a, v, "when", s->when);
		im_v_set_str(a, v, "text", im_trace_text(a, s->what, s->args));
		im_v_set_str(a, v, "what", s->what);
		args = im_v_set_array(a, v, "args");
		for (int k = 0; k < 3 && s->args[k] && s->args[k][0]; k++)
			im_v_add_span(a, args, im_str(s->args[k]));
		im_v_set_str(a, v, "line", s->line);
	}
}

struct im_value *
im_trace_value(struct im_arena *a, const struct im_trace *list, int n)
{
	struct im_value *all = im_v_array(a), *v, *recipients;

	for (int i = 0; i < n; i++) {
		v = im_v_add_object(a, all);
		im_v_set_str(a, v, "queueid", list[i].queueid);
		im_v_set_str(a, v, "sender", list[i].sender);
		im_v_set_str(a, v, "message_id", list[i].message_id);
		recipients = im_v_set_array(a, v, "recipients");
		for (const char **r = list[i].recipients; *r; r++)
			im_v_add_span(a, recipients, im_str(*r));
		im_v_set_str(a, v, "fate", im_trace_fate(&list[i]));
		put_steps(a, im_v_set_array(a, v, "steps"), &list[i]);
	}
	return all;
}
