/*
 * logline.c - lines of the mail log
 *
 * Addresses stand in angle brackets, and what is within may contain anything, brackets included: a field ends where its
 * bracket is followed by the name of the next field.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/logline.h"

#include <string.h>
#include <time.h>

#include "mail/maildir.h"

/* header: time, program, and what is said */
struct head {
	struct im_str stamp, program, text;
};

static bool
eat(struct im_str *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!im_str_starts(*s, prefix))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

/* what stands before mark, which is taken too; false when mark is nowhere */
static bool
until(struct im_str *s, const char *mark, struct im_str *ret)
{
	const char *at = s->n ? memmem(s->p, s->n, mark, strlen(mark)) : NULL;

	if (!at)
		return false;
	*ret = (struct im_str) { s->p, (size_t)(at - s->p) };
	s->n -= ret->n + strlen(mark);
	s->p = at + strlen(mark);
	return true;
}

/* the same with the last mark */
static bool
until_last(struct im_str *s, const char *mark, struct im_str *ret)
{
	struct im_str rest = *s, part;
	bool found = false;

	while (until(&rest, mark, &part)) {
		found = true;
		*ret = (struct im_str) { s->p, (size_t)(part.p + part.n - s->p) };
	}
	if (found) {
		s->n -= ret->n + strlen(mark);
		s->p += ret->n + strlen(mark);
	}
	return found;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "Nov 24 10:00:00 " or "2026-11-24T10:00:00.123456+00:00 " */
static bool
cut_stamp(struct im_str *s, struct im_str *ret)
{
	if (s->n > 21 && is_digit(s->p[0])) {
		*ret = im_str_cut(s, ' ');
		return ret->n >= 20 && ret->n <= 40 && ret->p[10] == 'T';
	}
	if (s->n < 17 || s->p[3] != ' ' || s->p[6] != ' ' || s->p[9] != ':' || s->p[15] != ' ')
		return false;
	*ret = (struct im_str) { s->p, 15 };
	s->p += 16;
	s->n -= 16;
	return true;
}

/* "host postfix/smtpd[12]: text", "host postfix/submit/smtpd[12]: text", "intimail-deliver[12]: text" */
static bool
cut_head(struct im_str line, struct head *h)
{
	struct im_str tag;
	const char *slash;

	if (line.n > IM_LOGLINE_MAX || !cut_stamp(&line, &h->stamp))
		return false;
	tag = im_str_cut(&line, ' ');
	if (tag.n && tag.p[tag.n - 1] != ':')
		tag = im_str_cut(&line, ' ');
	if (!tag.n || tag.p[tag.n - 1] != ':' || !line.p)
		return false;
	h->program = im_str_cut(&tag, '[');
	slash = memrchr(h->program.p, '/', h->program.n);
	if (slash)
		h->program = (struct im_str) { slash + 1, (size_t)(h->program.p + h->program.n - slash - 1) };
	h->text = line;
	return true;
}

/* to=<a>, orig_to=<b>, relay=r, delay=1, delays=1/2/3/4, dsn=2.0.0, status=sent (text) */
static bool
parse_result(struct im_str s, struct im_logline *l)
{
	struct im_str skip, both;

	if (!eat(&s, "to=<") || !until(&s, ">, relay=", &l->to))
		return false;
	both = l->to;
	if (until(&both, ">, orig_to=<", &skip)) {
		l->to = skip;
		l->orig_to = both;
	}
	if (!until(&s, ", ", &l->host) || !until(&s, "dsn=", &skip) || !until(&s, ", status=", &l->dsn) ||
	    l->dsn.n > 12)
		return false;
	l->status = im_str_cut(&s, ' ');
	if (s.n >= 2 && s.p[0] == '(' && s.p[s.n - 1] == ')')
		l->more = im_str_trim((struct im_str) { s.p + 1, s.n - 2 });
	l->kind = IM_LOG_RESULT;
	return true;
}

/* RCPT from host[ip]: 550 5.1.1 <a>: text; from=<b> to=<a> proto=ESMTP helo=<c> */
static bool
parse_reject(struct im_str s, struct im_logline *l)
{
	struct im_str skip, both;

	if (!until(&s, " from ", &skip) || skip.n > 20 || !until(&s, ": ", &l->host) ||
	    !until_last(&s, "; from=<", &l->more))
		return false;
	if (!until_last(&s, "> proto=", &both) && !until_last(&s, ">", &both))
		return false;
	if (!until(&both, "> to=<", &l->from))
		l->from = both;
	else
		l->to = both;
	l->kind = IM_LOG_REJECT;
	return true;
}

static bool
parse_smtpd(struct im_str s, struct im_logline *l)
{
	struct im_str skip;

	if (eat(&s, "client=")) {
		l->host = im_str_cut(&s, ',');
		if (s.n && until(&s, "sasl_username=", &skip))
			l->more = im_str_cut(&s, ',');
		l->kind = IM_LOG_CLIENT;
		return true;
	}
	return (eat(&s, "reject: ") || eat(&s, "milter-reject: ")) && parse_reject(s, l);
}

static bool
parse_cleanup(struct im_str s, struct im_logline *l)
{
	if (eat(&s, "message-id=")) {
		l->more = s;
		if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
			l->more = (struct im_str) { s.p + 1, s.n - 2 };
		l->kind = IM_LOG_MESSAGE_ID;
		return true;
	}
	return (eat(&s, "reject: ") || eat(&s, "milter-reject: ")) && parse_reject(s, l);
}

static bool
parse_qmgr(struct im_str s, struct im_logline *l)
{
	struct im_str rest = s;

	if (im_str_is(s, "removed")) {
		l->kind = IM_LOG_REMOVED;
		return true;
	}
	if (!eat(&rest, "from=<"))
		return parse_result(s, l);
	s = rest;
	if (until_last(&s, ">, size=", &l->from))
		l->kind = IM_LOG_FROM;
	else if (until_last(&s, ">, status=", &l->from))
		l->kind = im_str_starts(s, "expired") || im_str_starts(s, "force-expired") ? IM_LOG_EXPIRED
											   : IM_LOG_OTHER;
	return l->kind != IM_LOG_OTHER;
}

static bool
parse_pickup(struct im_str s, struct im_logline *l)
{
	struct im_str skip;

	if (!eat(&s, "uid=") || !until(&s, " from=<", &skip) || !until_last(&s, ">", &l->from))
		return false;
	/* postsuper -r sends it through here again */
	l->kind = im_str_starts(s, " orig_id=") ? IM_LOG_REQUEUED : IM_LOG_PICKUP;
	return true;
}

static bool
parse_bounce(struct im_str s, struct im_logline *l)
{
	if (eat(&s, "sender non-delivery notification: "))
		l->kind = IM_LOG_NOTICE;
	else if (eat(&s, "sender delay notification: "))
		l->kind = IM_LOG_DELAYED;
	l->more = s;
	return l->kind != IM_LOG_OTHER && im_queueid_valid(s);
}

static bool
parse_postsuper(struct im_str s, struct im_logline *l)
{
	l->kind = im_str_is(s, "placed on hold")       ? IM_LOG_HELD
		  : im_str_is(s, "released from hold") ? IM_LOG_RELEASED
		  : im_str_is(s, "removed")            ? IM_LOG_DELETED
		  : im_str_is(s, "requeued")           ? IM_LOG_REQUEUED
						       : IM_LOG_OTHER;
	return l->kind != IM_LOG_OTHER;
}

/* delivered user=u mailbox=m queue=q size=n id=i from=<f> to=<t> orig_to=<o> ms=n: our agent's, see intimail-deliver(8) */
static bool
parse_agent(struct im_str s, struct im_logline *l)
{
	struct im_str skip, rest;

	if (eat(&s, "delivered before user="))
		l->kind = IM_LOG_FILED_BEFORE;
	else if (eat(&s, "delivered user="))
		l->kind = IM_LOG_FILED;
	else if (eat(&s, "dropped, ") && until(&s, " user=", &skip))
		l->kind = IM_LOG_DROPPED;
	else
		return false;
	if (!until(&s, " mailbox=", &l->user) || !until(&s, " queue=", &l->mailbox) ||
	    !until(&s, " ", &l->id) || !im_queueid_valid(l->id) || !until(&s, " from=<", &skip) ||
	    !until_last(&s, "> ms=", &rest) || !until_last(&rest, "> orig_to=<", &skip))
		return false;
	l->orig_to = rest;
	return until_last(&skip, "> to=<", &l->from) && (l->to = skip, true);
}

static bool
by_program(struct im_str program, struct im_str text, struct im_logline *l)
{
	static const struct {
		const char *name;
		bool (*parse)(struct im_str, struct im_logline *);
	} table[] = {
		{ "smtpd", parse_smtpd },
		{ "pipe", parse_result },
		{ "cleanup", parse_cleanup },
		{ "qmgr", parse_qmgr },
		{ "smtp", parse_result },
		{ "error", parse_result },
		{ "retry", parse_result },
		{ "virtual", parse_result },
		{ "local", parse_result },
		{ "lmtp", parse_result },
		{ "discard", parse_result },
		{ "relay", parse_result },
		{ "pickup", parse_pickup },
		{ "bounce", parse_bounce },
		{ "postsuper", parse_postsuper },
	};

	for (size_t i = 0; i < IM_COUNT(table); i++)
		if (im_str_is(program, table[i].name))
			return table[i].parse(text, l);
	return false;
}

bool
im_logline_parse(struct im_str line, struct im_logline *ret)
{
	struct im_logline l = { 0 };
	struct head h;

	if (!cut_head(line, &h))
		return false;
	l.stamp = h.stamp;
	if (im_str_is(h.program, "intimail-deliver")) {
		if (!parse_agent(h.text, &l))
			return false;
	} else {
		if (!until(&h.text, ": ", &l.id) ||
		    (!im_queueid_valid(l.id) && !im_str_is(l.id, "NOQUEUE")) ||
		    !by_program(h.program, h.text, &l))
			return false;
	}
	*ret = l;
	return true;
}

bool
im_logline_id(struct im_str line, struct im_str *ret)
{
	struct im_str skip;
	struct head h;

	if (!cut_head(line, &h))
		return false;
	if (im_str_is(h.program, "intimail-deliver"))
		return until(&h.text, " user=", &skip) && until(&h.text, " mailbox=", &skip) &&
		       until(&h.text, " queue=", &skip) && until(&h.text, " ", ret) && im_queueid_valid(*ret);
	return until(&h.text, ": ", ret) && im_queueid_valid(*ret);
}

/* --- time --- */

static bool
two(const char *p, int max, int *ret)
{
	if ((!is_digit(p[0]) && p[0] != ' ') || !is_digit(p[1]))
		return false;
	*ret = (p[0] == ' ' ? 0 : p[0] - '0') * 10 + p[1] - '0';
	return *ret <= max;
}

static bool
clock_of(const char *p, struct tm *tm)
{
	return two(p, 23, &tm->tm_hour) && p[2] == ':' && two(p + 3, 59, &tm->tm_min) && p[5] == ':' &&
	       two(p + 6, 60, &tm->tm_sec);
}

static int64_t
time_of_syslog(struct im_str s, int64_t now)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 }, today;
	time_t t = (time_t)now;
	int month = 0;

	while (month < 12 && memcmp(months + month * 3, s.p, 3) != 0)
		month++;
	if (month == 12 || !two(s.p + 4, 31, &tm.tm_mday) || !clock_of(s.p + 7, &tm) ||
	    !localtime_r(&t, &today))
		return 0;
	for (int back = 0; back < 2; back++) {
		struct tm guess = tm;

		guess.tm_mon = month;
		guess.tm_year = today.tm_year - back;
		guess.tm_isdst = -1;
		t = mktime(&guess);
		/* a day ahead: a clock that was set, or the time zone */
		if (t <= now + 86400)
			return t > 0 ? (int64_t)t : 0;
	}
	return 0;
}

static int64_t
time_of_rfc3339(struct im_str s)
{
	int century, year, offset_h = 0, offset_m = 0;
	struct tm tm = { 0 };
	size_t at = 19;

	if (!two(s.p, 99, &century) || !two(s.p + 2, 99, &year) || !two(s.p + 5, 12, &tm.tm_mon) ||
	    !two(s.p + 8, 31, &tm.tm_mday) || !clock_of(s.p + 11, &tm))
		return 0;
	while (at < s.n && (s.p[at] == '.' || is_digit(s.p[at])))
		at++;
	if (at < s.n && s.p[at] != 'Z' &&
	    (s.n - at != 6 || !two(s.p + at + 1, 23, &offset_h) || !two(s.p + at + 4, 59, &offset_m)))
		return 0;
	tm.tm_year = century * 100 + year - 1900;
	tm.tm_mon--;
	int64_t offset = offset_h * 3600 + offset_m * 60, t = timegm(&tm);

	return at < s.n && s.p[at] == '-' ? t + offset : t - offset;
}

int64_t
im_logline_time(struct im_str stamp, int64_t now)
{
	if (stamp.n == 15)
		return time_of_syslog(stamp, now);
	return stamp.n >= 20 ? time_of_rfc3339(stamp) : 0;
}

ptrdiff_t
im_logline_find(struct im_str s, struct im_str needle)
{
	char low = needle.n ? needle.p[0] : '\0';
	char high = low >= 'a' && low <= 'z' ? (char)(low - 32) : low;

	if (!needle.n || s.n < needle.n)
		return -1;
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if ((s.p[i] == low || s.p[i] == high) &&
		    im_str_eqi((struct im_str) { s.p + i, needle.n }, needle))
			return (ptrdiff_t)i;
	return -1;
}
