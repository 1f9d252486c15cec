/*
 * fuzz_mime.c - the MIME reader and the summary on any bytes
 *
 * The first byte chooses how the rest is cut into pieces. Properties: any cutting gives the same tree and the same
 * summary; spans lie within the message and within their parent; the stream counts the attachments that the tree has.
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mime.h"
#include "mail/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed_in_pieces(unsigned seed, struct im_str s, void (*feed)(void *, const void *, size_t), void *to)
{
	for (size_t at = 0; at < s.n;) {
		size_t n = 1 + (seed & 3 ? seed % 97 : 0), left = s.n - at;
		char *copy;

		n = n < left ? n : left;
		copy = malloc(n); /* of that size: reading past a piece is seen */
		assert(copy);
		memcpy(copy, s.p + at, n);
		feed(to, copy, n);
		free(copy);
		at += n;
		seed = seed * 1103515245 + 12345 + (seed & 3);
	}
}

static void
feed_mime(void *to, const void *p, size_t n)
{
	im_mime_feed(to, p, n);
}

static void
feed_summary(void *to, const void *p, size_t n)
{
	im_summary_feed(to, p, n);
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
compare(const struct im_mime *a, const struct im_mime *b)
{
	assert(a->nparts == b->nparts && a->attachments == b->attachments && a->flags == b->flags);
	assert(im_str_eq(a->header, b->header) && a->size == b->size);
	for (int i = 0; i < a->nparts; i++) {
		const struct im_mime_part *p = &a->parts[i], *q = &b->parts[i];

		assert(p->number == i && q->number == i && p->parent == q->parent &&
		       p->nchildren == q->nchildren);
		assert(p->header_off == q->header_off && p->header_len == q->header_len);
		assert(p->body_off == q->body_off && p->body_len == q->body_len);
		assert(
		    same(p->type, q->type) && same(p->subtype, q->subtype) && same(p->charset, q->charset));
		assert(same(p->name, q->name) && same(p->content_id, q->content_id));
		assert(p->cte == q->cte && p->disposition == q->disposition &&
		       p->is_attachment == q->is_attachment);
	}
}

static void
check(const struct im_mime *m, struct im_str s)
{
	assert(m->nparts >= 1 && m->nparts <= IM_MIME_MAX_PARTS && m->size == s.n);
	for (int i = 0; i < m->nparts; i++) {
		const struct im_mime_part *p = &m->parts[i];
		struct im_buf b;

		assert(p->depth <= IM_MIME_MAX_DEPTH && p->parent < i && (i == 0) == (p->parent < 0));
		assert(p->header_off + p->header_len <= p->body_off || p->body_len == 0);
		assert(p->body_off <= s.n && p->body_len <= s.n - p->body_off);
		if (i > 0) {
			const struct im_mime_part *up = &m->parts[p->parent];

			assert(
			    p->header_off >= up->body_off && p->depth == up->depth + 1 && up->is_multipart);
		}
		if (p->name)
			assert(*p->name && !strpbrk(p->name, "/\\\r\n") && im_utf8_valid(im_str(p->name)));
		im_buf_init(&b, 1 << 20);
		(void)im_mime_part_text(s, p, 1 << 18, &b);
		assert(im_utf8_valid(im_buf_str(&b)) && !memchr(b.p, '\0', b.n) && !memchr(b.p, '\r', b.n));
		im_buf_done(&b);
		assert(im_mime_part_size(s, p) <= p->body_len + 8);
	}
}

static void
check_summary(struct im_str s, unsigned seed, const struct im_mime *m)
{
	struct im_arena a = { 0 };
	struct im_summary one, two;
	struct im_summary_parser *p = im_summary_begin();

	im_summary_feed(p, s.p, s.n);
	im_summary_end(p, &a, &one);
	p = im_summary_begin();
	feed_in_pieces(seed, s, feed_summary, p);
	im_summary_end(p, &a, &two);
	assert(same(one.from, two.from) && same(one.to, two.to) && same(one.subject, two.subject));
	assert(same(one.snippet, two.snippet) && one.attachments == two.attachments);
	assert(one.has_date == two.has_date && (!one.has_date || one.date == two.date));
	assert(one.thread_id == two.thread_id && one.parent_id == two.parent_id &&
	       one.message_id == two.message_id);
	assert(one.size == s.n && strlen(one.snippet) <= IM_SUMMARY_SNIPPET_MAX);
	assert(strlen(one.from) <= IM_SUMMARY_ADDR_MAX && strlen(one.subject) <= IM_SUMMARY_SUBJECT_MAX);
	assert(im_utf8_valid(im_str(one.from)) && im_utf8_valid(im_str(one.subject)) &&
	       im_utf8_valid(im_str(one.snippet)));
	assert(!strpbrk(one.from, "\r\n\t") && !strpbrk(one.subject, "\r\n\t") &&
	       !strpbrk(one.snippet, "\r\n\t"));
	if (s.n < IM_MIME_MAX_STREAM_HEADER / 8)
		assert(one.attachments == m->attachments);
	im_arena_done(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_mime one, two;
	struct im_mime_parser *p;
	struct im_str s;

	if (size < 1)
		return 0;
	s = (struct im_str) { (const char *)data + 1, size - 1 };
	im_mime_parse(s, &one);
	p = im_mime_begin(IM_MIME_MAX_HEADER);
	feed_in_pieces(data[0], s, feed_mime, p);
	im_mime_end(p, &two);
	compare(&one, &two);
	check(&one, s);
	check_summary(s, data[0], &one);
	im_mime_done(&one);
	im_mime_done(&two);
	return 0;
}
