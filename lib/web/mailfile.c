/*
 * mailfile.c - messages and parts for the pages
 *
 * Message files never change once they are in new/ or cur/, so a mapping is safe to read while others rename the file.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/mailfile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PARSE_WINDOW = 1024 * 1024,
	STREAM_WINDOW =
	    IM_STREAM_CHUNK - 1024,  /* what decodes to at most a chunk with what the decoder held back */
	KEEP_BELOW = 4 * 1024 * 1024 /* a file of this size may stay mapped: reading it twice costs faults */
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
	*f = (struct im_mail_file) { 0 };
	int fd = -1;
	enum im_status st = im_mail_at_open(r, resp, mailbox, &f->at, err);
	if (st != IM_OK)
		return st;
	if (f->at.empty)
		return not_here(r, resp, mailbox, id, err);
	st = im_index_find(&f->at.box, id, r->arena, &f->entry, err);
	if (st == IM_OK)
		st = im_index_open_message(&f->at.box, &f->entry, &fd, err);
	if (st == IM_NOTFOUND || st == IM_INVALID)
		st = not_here(r, resp, mailbox, id, err);
	if (st == IM_OK)
		st = map(fd, &f->raw, err);
	if (fd >= 0)
		(void)close(fd);
	if (st != IM_OK)
		im_mail_at_close(&f->at);
	return st;
}

void
im_mail_file_close(struct im_mail_file *f)
{
	if (f->raw.n)
		(void)munmap((void *)(uintptr_t)f->raw.p, f->raw.n);
	f->raw = IM_STR("");
	im_mail_at_close(&f->at);
}

/* give back the whole pages of [from, to) */
static void
forget(const char *from, const char *to)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t a = ((uintptr_t)from + page - 1) & ~(page - 1), b = (uintptr_t)to & ~(page - 1);
	if (a < b)
		(void)madvise((void *)a, b - a, MADV_DONTNEED);
}

void
im_mail_file_parse(const struct im_mail_file *f, struct im_mime *m)
{
	if (f->raw.n <= KEEP_BELOW) {
		im_mime_parse(f->raw, m);
		return;
	}
	struct im_mime_parser *p = im_mime_begin(IM_MIME_MAX_HEADER);
	for (size_t at = 0; at < f->raw.n; at += PARSE_WINDOW) {
		const char *w = f->raw.p + at;
		size_t n = f->raw.n - at < PARSE_WINDOW ? f->raw.n - at : PARSE_WINDOW;
		im_mime_feed(p, w, n);
		forget(at ? w - 4096 : w, w + n);
	}
	im_mime_end(p, m);
}

void
im_part_stream_init(struct im_part_stream *s, const struct im_mail_file *f, const struct im_mime_part *part)
{
	*s = (struct im_part_stream) { .decoder = { .cte = part->cte } };
	if (part->body_off <= f->raw.n && part->body_len <= f->raw.n - part->body_off)
		s->raw = (struct im_str) { f->raw.p + part->body_off, (size_t)part->body_len };
}

void
im_raw_stream_init(struct im_part_stream *s, const struct im_mail_file *f)
{
	*s = (struct im_part_stream) { .raw = f->raw, .decoder = { .cte = IM_CTE_IDENTITY } };
}

bool
im_part_stream_next(struct im_part_stream *s, struct im_buf *out)
{
	size_t n = s->raw.n < STREAM_WINDOW ? s->raw.n : STREAM_WINDOW;
	struct im_str window = { s->raw.p, n };
	bool large = s->raw.n > KEEP_BELOW;
	s->raw = (struct im_str) { s->raw.p + n, s->raw.n - n };
	s->ended = s->raw.n == 0;
	im_decode(&s->decoder, window, s->ended, out);
	if (large)
		forget(window.p, window.p + n);
	return !s->ended;
}

uint64_t
im_part_stream_size(const struct im_part_stream *s)
{
	if (s->decoder.cte == IM_CTE_IDENTITY)
		return s->raw.n;
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
