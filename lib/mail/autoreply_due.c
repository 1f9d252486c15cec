/*
 * autoreply_due.c - is there a person to be told? And was he told already?
 *
 * In doubt nothing is sent: a reply too few is a small thing, two robots that answer each other are not.
 *
 * SPDX-License-Identifier: ISC
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "mail/address.h"
#include "mail/autoreply.h"
#include "mail/header.h"
#include "mail/quota.h"
#include "mail/rules_check.h"

#define FILE_NAME "intimail-vacation"

enum { LOOK_AT = 100, FILE_BYTES = IM_AUTOREPLY_SENDERS * 40, LOCK_WAIT_MS = 5000, DAY = 86400 };

/* --- the message --- */

/* the local parts of robots, RFC 3834 2 and what is met */
static bool
robot(const char *local)
{
	static const char *const names[] = { "mailer-daemon", "postmaster", "noreply", "no-reply",
		"donotreply", "do-not-reply", "nobody", "root", "daemon", "listserv", "majordomo", "mailman",
		"bounce", "bounces" };
	static const char *const begins[] = { "owner-", "bounce-", "bounces-", "bounce+", "bounces+",
		"noreply-", "no-reply-", "noreply+", "prvs=", "msprvs" };
	static const char *const ends[] = { "-request", "-owner", "-bounces", "-bounce", "-relay", "-noreply",
		"-no-reply" };
	struct im_str l = im_str(local);

	for (size_t i = 0; i < IM_COUNT(names); i++)
		if (im_str_isi(l, names[i]))
			return true;
	for (size_t i = 0; i < IM_COUNT(begins); i++)
		if (im_str_startsi(l, begins[i]))
			return true;
	for (size_t i = 0; i < IM_COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if (l.n >= n && im_str_isi((struct im_str) { l.p + l.n - n, n }, ends[i]))
			return true;
	}
	/* VERP has the recipient's address within the sender's */
	return strchr(local, '=') != NULL || strstr(local, "noreply") != NULL ||
	       strstr(local, "no-reply") != NULL;
}

/* a field that only a list or a robot has */
static bool
automatic(const struct im_field *f)
{
	static const char *const precedence[] = { "bulk", "list", "junk" };
	static const char *const names[] = { "x-auto-response-suppress", "x-autoreply", "x-autorespond",
		"x-loop", "x-intimail-forwarded", "feedback-id", "x-mailing-list" };
	struct im_str value = im_str_trim(f->value);

	if (im_str_startsi(f->name, "list-"))
		return true;
	if (im_str_isi(f->name, "auto-submitted")) { /* "no" may be followed by a comment or parameters */
		size_t n = 0;

		while (n < value.n && strchr(" \t\r\n(;", value.p[n]) == NULL)
			n++;
		return !im_str_isi((struct im_str) { value.p, n }, "no");
	}
	if (im_str_isi(f->name, "precedence"))
		for (size_t i = 0; i < IM_COUNT(precedence); i++)
			if (im_str_isi(value, precedence[i]))
				return true;
	for (size_t i = 0; i < IM_COUNT(names); i++)
		if (im_str_isi(f->name, names[i]))
			return true;
	return false;
}

/* one of the person's own addresses, "+detail" or not, in a To or Cc field */
static bool
names_person(struct im_str raw, const char *recipient, const char *original)
{
	struct im_arena a = { 0 };
	struct im_addresses l;
	struct im_rcpt r, own, other;
	bool has_own = im_rcpt_split(recipient, &own), has_other = im_rcpt_split(original, &other),
	     found = false;

	im_addresses_first(&a, raw, LOOK_AT, &l);
	for (int i = 0; i < l.n && !found; i++)
		found = im_rcpt_split(l.a[i].addr, &r) &&
			((has_own && strcmp(r.address, own.address) == 0) ||
			    (has_other && strcmp(r.address, other.address) == 0));
	im_arena_done(&a);
	return found;
}

bool
im_autoreply_due(const struct im_autoreply *m)
{
	struct im_rcpt from, own;
	struct im_field f;
	size_t pos = 0;
	bool named = false;

	if (!im_rules_address_valid(m->sender) || !im_rcpt_split(m->sender, &from) ||
	    !im_rcpt_split(m->recipient, &own) || robot(from.local))
		return false;
	if (strcmp(from.address, own.address) == 0)
		return false;
	while (im_header_next(m->header, &pos, &f)) {
		if (automatic(&f))
			return false;
		if (im_str_isi(f.name, "to") || im_str_isi(f.name, "cc"))
			named = named || names_person(f.value, m->recipient, m->original);
	}
	return named;
}

/* --- who was told --- */

static uint64_t
hash(const char *sender, int64_t absence)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)absence;

	for (; *sender; sender++)
		h = (h ^ (unsigned char)(*sender >= 'A' && *sender <= 'Z' ? *sender + 32 : *sender)) *
		    UINT64_C(0x100000001b3);
	return h;
}

/* the lines that still count, without more than fit; true: 'who' is among them */
static bool
keep_lines(struct im_str old, const char *who, int64_t since, int64_t now, struct im_buf *out)
{
	bool found = false;
	int n = 0;

	for (size_t i = 0; i < old.n; i++)
		n += old.p[i] == '\n';
	while (old.n > 0) {
		struct im_str line = im_str_cut(&old, '\n'), rest = line, name = im_str_cut(&rest, ' ');
		uint64_t when;

		if (n-- >= IM_AUTOREPLY_SENDERS || name.n != 16 || !im_str_u64(rest, INT64_MAX, &when) ||
		    (int64_t)when <= since || (int64_t)when > now)
			continue;
		found = found || im_str_is(name, who);
		im_buf_add_str(out, line);
		im_buf_addc(out, '\n');
	}
	return found;
}

static enum im_status
claim(const struct im_store *s, const char *who, int64_t since, int64_t now, bool *ret, struct im_err *err)
{
	struct im_buf old, new;

	im_buf_init(&old, FILE_BYTES);
	im_buf_init(&new, 2 * FILE_BYTES);
	enum im_status st = im_read_file(s->fd, FILE_NAME, FILE_BYTES, &old, err);
	/* a broken one is begun anew */
	if (st == IM_OK || st == IM_NOTFOUND || st == IM_INVALID) {
		*ret = !keep_lines(im_buf_str(&old), who, since, now, &new);
		im_buf_addf(&new, "%s %" PRId64 "\n", who, now);
		st = *ret ? im_replace_file(s->fd, FILE_NAME, 0600, im_buf_str(&new), err) : IM_OK;
	}
	im_buf_done(&old);
	im_buf_done(&new);
	return st;
}

enum im_status
im_autoreply_claim(const struct im_store *s, const struct im_rules *r, const char *sender, int64_t now,
    bool *ret, struct im_err *err)
{
	char who[17];

	*ret = false;
	if (!im_fmt(who, sizeof(who), "%016" PRIx64, hash(sender, r->vacation_from)))
		return im_fail(err, IM_BUG, "a hash has 16 digits");
	enum im_status st = im_quota_lock(s, LOCK_WAIT_MS, err);
	if (st != IM_OK)
		return st;
	st = claim(s, who, now - (int64_t)r->vacation_days * DAY, now, ret, err);
	im_quota_unlock(s);
	return st;
}
