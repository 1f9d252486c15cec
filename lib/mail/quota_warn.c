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

#include "base/buf.h"
#include "base/io.h"
#include "mail/index.h"
#include "mail/largest.h"
#include "mail/quota.h"
#include "mail/summary.h"
#include "mail/writer.h"

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

struct words {
	const char *from, *much, *nearly, *full; /* a sender's name, subjects for each level */
	const char *used, *of, *refused, *what, *largest, *unknown;
};

static const struct words languages[] = {
	{ .from = "Your mailbox",
	    .much = "Your mailbox is more than 80 % full",
	    .nearly = "Your mailbox is more than 95 % full",
	    .full = "Your mailbox is full",
	    .used = "In use: ",
	    .of = " of ",
	    .refused = "A message for you did not fit and was not delivered.\n",
	    .what = "New mail is not delivered when there is no room left. Delete what you do not need any\n"
		    "more, and empty the trash.",
	    .largest = "These messages take the most room:",
	    .unknown = "(not known)" },
	{ .from = "Votre boîte",
	    .much = "Votre boîte est pleine à plus de 80 %",
	    .nearly = "Votre boîte est pleine à plus de 95 %",
	    .full = "Votre boîte est pleine",
	    .used = "Utilisé : ",
	    .of = " sur ",
	    .refused = "Un message pour vous n’a pas trouvé de place et n’a pas été distribué.\n",
	    .what =
		"Quand il n’y a plus de place, le nouveau courrier n’est pas distribué. Supprimez ce dont\n"
		"vous n’avez plus besoin et videz la corbeille.",
	    .largest = "Ces messages prennent le plus de place :",
	    .unknown = "(inconnu)" },
};

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

static enum im_status
compose(const struct im_conf *conf, const struct im_store *s, const struct im_quota_warning *w, int level,
    struct im_buf *out, struct im_err *err)
{
	const struct words *t = &languages[strncmp(w->language, "fr", 2) == 0 ? 1 : 0];
	char from[320] = "", used[16], quota[16];
	struct im_buf text;

	if (!im_fmt(from, sizeof(from), "postmaster@%s", conf->domain))
		return im_fail(err, IM_CONFIG, "domain: too long");
	im_buf_init(&text, TEXT_MAX);
	im_buf_addf(&text, "%s%s%s%s.\n%s%s\n", t->used, im_size_text(w->after, used), t->of,
	    im_size_text(w->quota, quota), level == FULL ? t->refused : "", t->what);
	list_largest(s, t, &text);
	const struct im_notice n = { .from_name = t->from,
		.from = from,
		.to = w->address,
		.subject = level == FULL     ? t->full
			   : level == NEARLY ? t->nearly
					     : t->much,
		.text = text.p,
		.automatic = true };
	enum im_status st = im_writer_notice(conf, &n, out, err);
	im_buf_done(&text);
	return st;
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
	enum im_status st = compose(conf, s, w, level, &message, err);
	if (st == IM_OK)
		st = im_mailbox_open(s, "INBOX", true, &inbox, err);
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
