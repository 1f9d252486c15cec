/*
 * forward.c - the copy to other addresses, and the journal that keeps a repeated delivery from sending it twice
 *
 * Between Postfix's "250" and the journal's fsync lies the one moment in which a crash costs a second copy: that, and
 * not a lost one, is the side to err on.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "mail/quota.h"
#include "mail/submit.h"

#define FILE_NAME "intimail-forwarded"

enum {
	LINE_BYTES = 64,
	FILE_BYTES = (IM_FORWARD_JOURNAL + 1) * LINE_BYTES,
	CHUNK = 32 * 1024,
	LOCK_WAIT_MS = 20000
};

/* --- the journal: "queueid refused" a line --- */

static enum im_status
journal_read(const struct im_store *s, struct im_buf *b, struct im_err *err)
{
	enum im_status st = im_read_file(s->fd, FILE_NAME, FILE_BYTES, b, err);

	return st == IM_NOTFOUND ? IM_OK : st;
}

static bool
journal_find(struct im_str text, const char *queueid, size_t *ret_refused)
{
	while (text.n > 0) {
		struct im_str line = im_str_cut(&text, '\n'), id = im_str_cut(&line, ' ');
		uint64_t n;

		if (im_str_is(id, queueid) && im_str_u64(line, 1000, &n)) {
			*ret_refused = (size_t)n;
			return true;
		}
	}
	return false;
}

static enum im_status
journal_add(const struct im_store *s, const char *queueid, size_t refused, struct im_err *err)
{
	struct im_buf old, new;
	int n = 0;

	enum im_status st = im_quota_lock(s, LOCK_WAIT_MS, err);
	if (st != IM_OK)
		return st;
	im_buf_init(&old, FILE_BYTES);
	im_buf_init(&new, FILE_BYTES);
	st = journal_read(s, &old, err);
	struct im_str text = im_buf_str(&old);
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	for (; n >= IM_FORWARD_JOURNAL; n--)
		(void)im_str_cut(&text, '\n');
	im_buf_add_str(&new, text);
	im_buf_addf(&new, "%s %zu\n", queueid, refused);
	if (st == IM_OK)
		st = im_replace_file(s->fd, FILE_NAME, 0600, im_buf_str(&new), err);
	im_quota_unlock(s);
	im_buf_done(&old);
	im_buf_done(&new);
	return st;
}

/* --- the copy --- */

struct body {
	int fd;
	const char *from; /* NULL: our field was given */
};

static enum im_status
next_piece(void *arg, struct im_buf *chunk, bool *ret_more, struct im_err *err)
{
	struct body *b = arg;
	char buf[CHUNK];
	ssize_t n;

	if (b->from != NULL)
		im_buf_addf(chunk, IM_FORWARD_FIELD ": %s\n", b->from);
	b->from = NULL;
	n = im_read_full(b->fd, buf, sizeof(buf));
	if (n < 0)
		return im_fail_errno(err, errno, "reading the message that is to be forwarded");
	im_buf_add(chunk, buf, (size_t)n);
	*ret_more = n > 0;
	return IM_OK;
}

static enum im_status
send_copy(const struct im_conf *conf, const struct im_forward *f, size_t *ret_refused, struct im_err *err)
{
	struct body b = { .from = f->from };
	char queueid[33];

	b.fd = openat(f->dir, f->file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (b.fd < 0)
		return im_fail_errno(err, errno, "opening the message that is to be forwarded");
	const struct im_submission s = {
		.sender = f->from, .recipients = f->to, .body = next_piece, .arg = &b
	};
	enum im_status st = im_submit(conf, &s, queueid, ret_refused, err);
	(void)close(b.fd);
	return st;
}

enum im_status
im_forward(const struct im_conf *conf, const struct im_store *s, const struct im_forward *f,
    size_t *ret_refused, struct im_err *err)
{
	struct im_buf journal;
	size_t refused = 0;
	bool keep = im_queueid_valid(im_str(f->queueid)), done = false;

	im_buf_init(&journal, FILE_BYTES);
	enum im_status st = keep ? journal_read(s, &journal, err) : IM_OK;
	if (st == IM_OK)
		done = keep && journal_find(im_buf_str(&journal), f->queueid, &refused);
	im_buf_done(&journal);
	if (st == IM_OK && !done) {
		st = send_copy(conf, f, &refused, err);
		if (st == IM_OK && keep)
			st = journal_add(s, f->queueid, refused, err);
	}
	if (st == IM_OK)
		*ret_refused = refused;
	else
		(void)im_err_prefix(err, "forwarding: ");
	return st;
}
