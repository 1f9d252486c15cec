/*
 * mailfile.c - messages and parts for the pages
 *
 * Message files never change once they are in new/ or cur/, so a mapping is safe to read while others rename the file.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/mailfile.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

enum {
	PARSE_WINDOW = 256 * 1024,
	STREAM_WINDOW =
	    IM_STREAM_CHUNK - 1024, /* what decodes to at most a chunk with what the decoder held back */
	LARGE = 2 * 1024 * 1024     /* from here on reading costs less than the memory of a mapping */
};

static enum im_status
not_here(const struct im_request *r, struct im_response *resp, const char *mailbox, const char *id,
    struct im_err *err)
{
	resp->error_text =
	    im_tr(r->lang, "This message is not in this folder. It may have been moved or deleted.");
	return im_fail(err, IM_NOTFOUND, "user %s has no message %s in %s", r->session->uid, id, mailbox);
}

static enum im_status
map(int fd, struct im_str *ret, struct im_err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return im_fail_errno(err, errno, "a message cannot be read");
	*ret = IM_STR("");
	if (st.st_size <= 0)
		return IM_OK;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return im_fail_errno(err, errno, "a message cannot be read");
	*ret = (struct im_str) { p, (size_t)st.st_size };
	return IM_OK;
}

enum im_status
im_mail_file_open(const struct im_request *r, struct im_response *resp, const char *mailbox, const char *id,
    struct im_mail_file *f, struct im_err *err)
{
	*f = (struct im_mail_file) { .fd = -1 };
	enum im_status st = im_mail_at_open(r, resp, mailbox, &f->at, err);
	if (st != IM_OK)
		return st;
	if (f->at.empty)
		return not_here(r, resp, mailbox, id, err);
	st = im_index_find(&f->at.box, id, r->arena, &f->entry, err);
	if (st == IM_OK)
		st = im_index_open_message(&f->at.box, &f->entry, &f->fd, err);
	if (st == IM_NOTFOUND || st == IM_INVALID)
		st = not_here(r, resp, mailbox, id, err);
	if (st == IM_OK)
		st = map(f->fd, &f->raw, err);
	if (st == IM_OK)
		return IM_OK;
	if (f->fd >= 0)
		(void)close(f->fd);
	im_mail_at_close(&f->at);
	return st;
}

void
im_mail_file_close(struct im_mail_file *f)
{
	if (f->raw.n)
		(void)munmap((void *)(uintptr_t)f->raw.p, f->raw.n);
	(void)close(f->fd);
	im_mail_at_close(&f->at);
}

void
im_mail_file_parse(const struct im_mail_file *f, struct im_mime *m)
{
	if (f->raw.n < LARGE) {
		im_mime_parse(f->raw, m);
		return;
	}
	struct im_mime_parser *p = im_mime_begin(IM_MIME_MAX_HEADER);
	char *window = im_malloc(PARSE_WINDOW);
	ssize_t n;
	for (off_t at = 0; (n = im_pread_full(f->fd, window, PARSE_WINDOW, at)) > 0; at += n)
		im_mime_feed(p, window, (size_t)n);
	im_mime_end(p, m);
	free(window);
}

void
im_part_stream_init(struct im_part_stream *s, const struct im_mail_file *f, const struct im_mime_part *part)
{
	*s = (struct im_part_stream) { .file = f, .decoder = { .cte = part->cte } };
	if (part->body_off <= f->raw.n && part->body_len <= f->raw.n - part->body_off) {
		s->at = part->body_off;
		s->left = part->body_len;
	}
}

void
im_raw_stream_init(struct im_part_stream *s, const struct im_mail_file *f)
{
	*s = (struct im_part_stream) { .file = f, .left = f->raw.n, .decoder = { .cte = IM_CTE_IDENTITY } };
}

bool
im_part_stream_next(struct im_part_stream *s, struct im_buf *out)
{
	char window[STREAM_WINDOW];
	size_t n = s->left < STREAM_WINDOW ? (size_t)s->left : STREAM_WINDOW;
	struct im_str in = { s->file->raw.p + s->at, n };
	if (s->file->raw.n >= LARGE) {
		if (im_pread_full(s->file->fd, window, n, (off_t)s->at) != (ssize_t)n)
			return false;
		in.p = window;
	}
	s->at += n;
	s->left -= n;
	im_decode(&s->decoder, in, s->left == 0, out);
	return s->left > 0;
}

uint64_t
im_part_stream_size(const struct im_part_stream *s)
{
	if (s->decoder.cte == IM_CTE_IDENTITY)
		return s->left;
	struct im_part_stream copy = *s;
	struct im_buf b;
	uint64_t total = 0;
	bool more = true;
	im_buf_init(&b, 2 * (size_t)IM_STREAM_CHUNK);
	while (more) {
		im_buf_clear(&b);
		more = im_part_stream_next(&copy, &b);
		total += b.n;
	}
	im_buf_done(&b);
	return total;
}
