/*
 * quota_warn.c - when a warning is due, and filing it
 *
 * A crossing seen under the lock needs no memory; the file is for all else: a quota that was lowered, mail that other
 * programs put there, a refusal that comes again with each attempt. 100 is forgotten when usage is below 95 % again,
 * not before: else small messages that fit between two attempts of a large one would bring a warning each time.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/quota_warn.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "mail/index.h"
#include "mail/largest.h"
#include "mail/quota.h"
#include "mail/summary.h"

#define FILE_NAME "intimail-warned"

enum { FILE_BYTES = 64, FULL = 100, NEARLY = 95, MUCH = 80, LOCK_WAIT_MS = 2000, TEXT_MAX = 16 * 1024 };

int
im_quota_level(uint64_t used, uint64_t quota)
{
	if (quota < IM_QUOTA_WARN_LEAST || used < quota - quota / 5)
		return 0;
	return used >= quota - quota / 20 ? NEARLY : MUCH;
}

/* --- what was warned of --- */

struct warned {
	uint64_t level, quota;
};

static void
read_warned(const struct im_store *s, struct warned *ret)
{
	struct im_err ignored;
	struct im_buf b;

	*ret = (struct warned) { 0 };
	im_buf_init(&b, FILE_BYTES);
	if (im_read_file(s->fd, FILE_NAME, FILE_BYTES, &b, &ignored) == IM_OK) {
		struct im_str rest = im_str_trim(im_buf_str(&b)), level = im_str_cut(&rest, ' ');

		if (!im_str_u64(level, FULL, &ret->level) || !im_str_u64(rest, UINT64_MAX, &ret->quota))
			*ret = (struct warned) { 0 };
	}
	im_buf_done(&b);
}

static enum im_status
write_warned(const struct im_store *s, int level, uint64_t quota, struct im_err *err)
{
	char text[FILE_BYTES];

	if (!im_fmt(text, sizeof(text), "%d %" PRIu64 "\n", level, quota))
		return im_fail(err, IM_BUG, "a level and a quota are short");
	return im_replace_file(s->fd, FILE_NAME, 0600, im_str(text), err);
}

/* --- the message --- */

/* of headers: encoded already (RFC 2047), for nothing but these words is in them. %d: the level */
struct words {
	const char *from, *full, *nearly;
	const char *used, *refused, *what, *largest, *unknown;
};

static const struct words languages[] = {
	{ .from = "Your mailbox",
	    .full = "Your mailbox is full",
	    .nearly = "Your mailbox is more than %d % full",
	    .used = "In use: %s of %s.",
	    .refused = "A message for you did not fit and was not delivered.",
	    .what = "New mail is not delivered when there is no room left. Delete what you do not need any\n"
		    "more, and empty the trash.",
	    .largest = "These messages take the most room:",
	    .unknown = "(not known)" },
	{ .from = "=?utf-8?q?Votre_bo=C3=AEte?=",
	    .full = "=?utf-8?q?Votre_bo=C3=AEte_est_pleine?=",
	    .nearly = "=?utf-8?q?Votre_bo=C3=AEte_est_pleine_=C3=A0_plus_de_%d_=25?=",
	    .used = "Utilisé : %s sur %s.",
	    .refused = "Un message pour vous n’a pas trouvé de place et n’a pas été distribué.",
	    .what =
		"Quand il n’y a plus de place, le nouveau courrier n’est pas distribué. Supprimez ce dont\n"
		"vous n’avez plus besoin et videz la corbeille.",
	    .largest = "Ces messages prennent le plus de place :",
	    .unknown = "(inconnu)" },
};

/* with_number, with_sizes - the few texts with something in them; nothing from outside is ever a format */
static void
with_number(const char *text, int n, struct im_buf *b)
{
	const char *at = strstr(text, "%d");

	im_buf_add(b, text, (size_t)(at - text));
	im_buf_addf(b, "%d", n);
	im_buf_adds(b, at + 2);
}

static void
with_sizes(const char *text, uint64_t first, uint64_t second, struct im_buf *b)
{
	const char *at = strstr(text, "%s"), *then = strstr(at + 2, "%s");
	char size[16];

	im_buf_add(b, text, (size_t)(at - text));
	im_buf_adds(b, im_size_text(first, size));
	im_buf_add(b, at + 2, (size_t)(then - at - 2));
	im_buf_adds(b, im_size_text(second, size));
	im_buf_adds(b, then + 2);
}

static void
list_largest(const struct im_store *s, const struct words *t, struct im_buf *b)
{
	struct im_arena a = { 0 };
	struct im_room room;
	struct im_err ignored;
	char size[16], day[32] = "";

	if (im_room_read(s, &a, &room, &ignored) == IM_OK && room.nlarge > 0) {
		im_buf_addf(b, "\n%s\n", t->largest);
		for (int i = 0; i < room.nlarge; i++) {
			const struct im_large *l = &room.large[i];
			time_t when = (time_t)l->arrived;
			struct tm tm;

			if (l->arrived < 0 || localtime_r(&when, &tm) == NULL ||
			    strftime(day, sizeof(day), "%Y-%m-%d", &tm) == 0)
				day[0] = '\0';
			im_buf_addf(b, "\n%s  %s  ", im_size_text(l->size, size), day);
			im_mailbox_display(l->mailbox, b);
			im_buf_addf(b, "\n    %s\n    %s\n", l->subject[0] ? l->subject : t->unknown,
			    l->from[0] ? l->from : t->unknown);
		}
	}
	im_arena_done(&a);
}

/*
 * compose - it goes nowhere but into the mailbox: no line is longer than what an index keeps of a subject, so the text
 * stays as it is (8bit). A first line that begins with a space or "From " cannot come up.
 */
static void
compose(const struct im_conf *conf, const struct im_store *s, const struct im_quota_warning *w, int level,
    struct im_buf *out)
{
	const struct words *t = &languages[strncmp(w->language, "fr", 2) == 0 ? 1 : 0];
	time_t now = (time_t)im_now();
	char date[64] = "";
	struct tm tm;

	/* no locale is ever set in our programs: the names are English */
	if (gmtime_r(&now, &tm) == NULL ||
	    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm) == 0)
		date[0] = '\0';
	im_buf_addf(out, "From: %s <postmaster@%s>\nTo: %s\nSubject: ", t->from, conf->domain, w->address);
	if (level == FULL)
		im_buf_adds(out, t->full);
	else
		with_number(t->nearly, level, out);
	im_buf_addf(out,
	    "\nDate: %s\nMessage-ID: <%" PRId64 ".%d.quota@%s>\nAuto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
	    date, im_now_ns(), (int)getpid(), conf->hostname);
	with_sizes(t->used, w->after, w->quota, out);
	im_buf_addf(out, "\n%s%s%s\n", level == FULL ? t->refused : "", level == FULL ? "\n" : "", t->what);
	list_largest(s, t, out);
}

/* --- into the inbox --- */

static enum im_status
file_in(const struct im_mailbox *box, struct im_str message, struct im_err *err)
{
	struct im_summary_parser *p = im_summary_begin();
	struct im_index_lock index = { .held = false };
	struct im_arena a = { 0 };
	struct im_summary sum;
	struct im_filing f;
	struct im_err ignored;

	im_summary_feed(p, message.p, message.n);
	im_summary_end(p, &a, &sum);
	enum im_status st = im_filing_begin(box, &f, err);
	if (st == IM_OK) {
		if (!im_write_full(f.fd, message.p, message.n))
			st = im_fail(err, IM_TEMP, "writing the warning");
		if (st == IM_OK)
			st = im_filing_sync(&f, err);
		/* without the index it is filed all the same */
		if (st == IM_OK && im_index_lock(box, LOCK_WAIT_MS, &index, &ignored) != IM_OK)
			index.held = false;
		if (st == IM_OK)
			st = im_filing_commit(&f, message.n, "", NULL, err);
		if (st == IM_OK && index.held)
			(void)!im_index_append(&index, &f, true, "", "", &sum, &ignored);
		im_index_unlock(&index);
		im_filing_abort(&f);
	}
	im_arena_done(&a);
	return st;
}

static enum im_status
warn_now(const struct im_conf *conf, const struct im_store *s, const struct im_quota_warning *w, int level,
    struct im_err *err)
{
	struct im_mailbox inbox;
	struct im_buf message;

	im_buf_init(&message, 4 * TEXT_MAX);
	compose(conf, s, w, level, &message);
	enum im_status st = im_mailbox_open(s, "INBOX", true, &inbox, err);
	if (st == IM_OK) {
		st = file_in(&inbox, im_buf_str(&message), err);
		im_mailbox_close(&inbox);
	}
	if (st == IM_OK)
		st = im_quota_add(s, (int64_t)message.n, 1, err);
	im_buf_done(&message);
	return st;
}

enum im_status
im_quota_warn(const struct im_conf *conf, const struct im_store *s, const struct im_quota_warning *w,
    int *ret_level, struct im_err *err)
{
	int level = w->quota < IM_QUOTA_WARN_LEAST ? 0
		    : w->refused                   ? FULL
						   : im_quota_level(w->after, w->quota);
	bool crossed = level > 0 && level < FULL && im_quota_level(w->before, w->quota) < level;
	struct warned known;

	*ret_level = 0;
	if (level == 0)
		return IM_OK;
	read_warned(s, &known);
	bool due = crossed || level > (int)known.level || w->quota < known.quota;
	/* the crossing of 95 does not end what 100 was warned of, see above */
	if (known.level == FULL && level == NEARLY && w->quota >= known.quota)
		return IM_OK;
	/* it is written down first: a warning too few is better than one with each message */
	enum im_status st = due || level != (int)known.level || w->quota != known.quota
				? write_warned(s, level, w->quota, err)
				: IM_OK;
	if (st == IM_OK && due) {
		st = warn_now(conf, s, w, level, err);
		if (st == IM_OK)
			*ret_level = level;
	}
	return st == IM_OK ? st : im_err_prefix(err, "quota warning: ");
}
