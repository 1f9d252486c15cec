/*
 * aliaslog.c - who wrote to a throw-away address
 *
 * The first line is the number of messages whose lines are gone, "count 120"; a line a message follows. The file is
 * small, so that counting reads it; it is not synced, for a power cut may cost a line but not a mail. Writers hold a
 * lock on the directory. Readers take none: a line without its end is not there yet.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/aliaslog.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define DIR_NAME "intimail-aliases"

enum {
	SLACK_LINES =
	    50, /* more than IM_ALIASLOG_LINES before they are cut back: not each message is a rewriting */
	SENDER_MAX = 320,
	LINE_MAX_BYTES = SENDER_MAX + 32,
	FILE_MAX_BYTES = (IM_ALIASLOG_LINES + SLACK_LINES + 2) * LINE_MAX_BYTES,
	ADDRESS_MAX = 200,
	WAIT_MS = 2000
};

/* it becomes a file name, and comes from the directory or the envelope */
static bool
address_valid(const char *a)
{
	size_t n = strspn(a, "abcdefghijklmnopqrstuvwxyz0123456789._=-@");

	return n > 2 && n <= ADDRESS_MAX && a[n] == '\0' && a[0] != '.' && a[0] != '@' &&
	       strchr(a, '@') != NULL;
}

static enum im_status
bad_address(struct im_err *err, const char *address)
{
	return im_fail(err, IM_INVALID, "'%.100s' is no throw-away address", address);
}

/* --- the text --- */

struct log_text {
	uint64_t before; /* messages without a line */
	struct im_str lines;
	int n;
};

/* what is no file of ours, or was cut by a crash, counts from its lines alone */
static void
split(struct im_str text, struct log_text *ret)
{
	struct im_str rest, first;

	*ret = (struct log_text) { 0 };
	while (text.n > 0 && text.p[text.n - 1] != '\n')
		text.n--;
	rest = text;
	first = im_str_cut(&rest, '\n');
	if (im_str_starts(first, "count ") &&
	    im_str_u64((struct im_str) { first.p + 6, first.n - 6 }, UINT64_MAX / 2, &ret->before))
		text = rest;
	ret->lines = text;
	for (size_t i = 0; i < text.n; i++)
		ret->n += text.p[i] == '\n';
}

static void
cut_back(struct log_text *t, int keep)
{
	for (; t->n > keep; t->n--, t->before++)
		(void)im_str_cut(&t->lines, '\n');
}

static bool
parse_line(struct im_str line, struct im_arena *a, struct im_aliaslog_line *ret)
{
	struct im_str when = im_str_cut(&line, ' ');
	uint64_t seconds;

	if (!im_str_u64(when, INT64_MAX, &seconds) || line.n < 2 || line.n > SENDER_MAX + 2 ||
	    line.p[0] != '<' || line.p[line.n - 1] != '>')
		return false;
	*ret = (struct im_aliaslog_line) { .when = (int64_t)seconds,
		.sender = im_arena_strndup(a, line.p + 1, line.n - 2) };
	return true;
}

static void
put_line(struct im_buf *b, const char *sender, int64_t when)
{
	struct im_str s = im_str(sender);
	bool utf8 = im_utf8_valid(s);

	im_buf_addf(b, "%" PRId64 " <", when > 0 ? when : 0);
	s.n = im_utf8_cut(s, SENDER_MAX);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		im_buf_addc(b, c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8) ? '?' : s.p[i]);
	}
	im_buf_adds(b, ">\n");
}

/* --- writing --- */

static enum im_status
open_dir(const struct im_store *s, int *ret, struct im_err *err)
{
	int fd = openat(s->fd, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && (mkdirat(s->fd, DIR_NAME, 0700) == 0 || errno == EEXIST))
		fd = openat(s->fd, DIR_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return im_fail_errno(err, errno, "cannot open " DIR_NAME " of %s", s->uid);
	*ret = fd;
	return IM_OK;
}

static enum im_status
append(int dir, const char *address, struct im_str line, struct im_err *err)
{
	int fd = openat(dir, address, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, line.p, line.n) == (ssize_t)line.n;
	int e = errno;

	if (fd >= 0)
		(void)close(fd);
	return good ? IM_OK : im_fail_errno(err, e, "cannot write the log of %s", address);
}

static enum im_status
add(int dir, const char *address, const char *sender, int64_t when, struct im_err *err)
{
	struct log_text t;
	struct im_buf old, new;

	im_buf_init(&old, FILE_MAX_BYTES);
	im_buf_init(&new, FILE_MAX_BYTES);
	enum im_status st = im_read_file(dir, address, FILE_MAX_BYTES, &old, err);
	bool there = st == IM_OK;
	if (st == IM_OK || st == IM_NOTFOUND) {
		split(im_buf_str(&old), &t);
		bool whole =
		    there && t.lines.n > 0 && t.lines.p + t.lines.n == old.p + old.n && t.lines.p != old.p;

		if (whole && t.n < IM_ALIASLOG_LINES + SLACK_LINES) {
			put_line(&new, sender, when);
			st = append(dir, address, im_buf_str(&new), err);
		} else {
			cut_back(&t, IM_ALIASLOG_LINES - 1);
			im_buf_addf(&new, "count %" PRIu64 "\n", t.before);
			im_buf_add_str(&new, t.lines);
			put_line(&new, sender, when);
			st = im_replace_file(dir, address, 0600, im_buf_str(&new), err);
		}
	}
	im_buf_done(&old);
	im_buf_done(&new);
	return st;
}

enum im_status
im_aliaslog_add(
    const struct im_store *s, const char *address, const char *sender, int64_t when, struct im_err *err)
{
	int dir = -1;

	if (!address_valid(address))
		return bad_address(err, address);
	enum im_status st = open_dir(s, &dir, err);
	if (st != IM_OK)
		return st;
	st = im_lock(dir, true, WAIT_MS, err);
	if (st == IM_OK)
		st = add(dir, address, sender, when, err);
	(void)close(dir);
	return st;
}

/* --- reading --- */

/* an empty text where there is no file */
static enum im_status
load(const struct im_conf *conf, const char *uid, const char *address, struct im_buf *b, struct im_err *err)
{
	char path[4096];

	if (!im_uid_valid(uid))
		return im_fail(err, IM_INVALID, "'%.70s' is no name of a person", uid);
	if (!address_valid(address))
		return bad_address(err, address);
	/* the Maildir is as far up as a page may look */
	if (!im_fmt(path, sizeof(path), "%s/%s/Maildir", conf->mail_root, uid))
		return im_fail(err, IM_CONFIG, "mail_root: too long");
	int maildir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (maildir < 0)
		return errno == ENOENT ? IM_OK : im_fail_errno(err, errno, "cannot open %s", path);
	if (!im_fmt(path, sizeof(path), DIR_NAME "/%s", address)) {
		(void)close(maildir);
		return bad_address(err, address);
	}
	enum im_status st = im_read_file(maildir, path, FILE_MAX_BYTES, b, err);
	(void)close(maildir);
	return st == IM_NOTFOUND ? IM_OK : st;
}

enum im_status
im_aliaslog_count(
    const struct im_conf *conf, const char *uid, const char *address, uint64_t *ret, struct im_err *err)
{
	struct log_text t;
	struct im_buf b;

	im_buf_init(&b, FILE_MAX_BYTES);
	enum im_status st = load(conf, uid, address, &b, err);
	if (st == IM_OK) {
		split(im_buf_str(&b), &t);
		*ret = t.before + (uint64_t)t.n;
	}
	im_buf_done(&b);
	return st;
}

enum im_status
im_aliaslog_read(const struct im_conf *conf, const char *uid, const char *address, struct im_arena *a,
    struct im_aliaslog_line **ret, int *ret_n, uint64_t *ret_count, struct im_err *err)
{
	struct log_text t;
	struct im_buf b;

	im_buf_init(&b, FILE_MAX_BYTES);
	enum im_status st = load(conf, uid, address, &b, err);
	if (st == IM_OK) {
		split(im_buf_str(&b), &t);
		*ret_count = t.before + (uint64_t)t.n;
		cut_back(&t, IM_ALIASLOG_LINES);
		*ret = im_arena_alloc(a, sizeof(**ret) * (size_t)(t.n + 1));
		*ret_n = 0;
		while (t.lines.n > 0)
			if (parse_line(im_str_cut(&t.lines, '\n'), a, *ret + *ret_n))
				(*ret_n)++;
	}
	im_buf_done(&b);
	return st;
}
