/*
 * mime_text.c - finding parts, their decoded content and text
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime.h"

#include <string.h>

#include "mail/charset.h"

enum { STEP = 32 * 1024 };

static int
find_text(const struct im_mime *m, const char *subtype)
{
	for (int i = 0; i < m->nparts; i++) {
		const struct im_mime_part *part = &m->parts[i];

		if (!part->is_attachment && !part->is_multipart && !part->is_unparted &&
		    strcmp(part->type, "text") == 0 && strcmp(part->subtype, subtype) == 0)
			return i;
	}
	return -1;
}

int
im_mime_text_part(const struct im_mime *m)
{
	int i = find_text(m, "plain");

	if (i >= 0 || find_text(m, "html") >= 0)
		return i;
	for (i = 0; i < m->nparts; i++)
		if (m->parts[i].is_unparted)
			return i;
	return -1;
}

int
im_mime_html_part(const struct im_mime *m)
{
	return find_text(m, "html");
}

int
im_mime_by_cid(const struct im_mime *m, struct im_str cid)
{
	for (int i = 0; i < m->nparts; i++)
		if (m->parts[i].content_id && im_str_is(cid, m->parts[i].content_id))
			return i;
	return -1;
}

/* a message that changed under us (another program truncated it) must not be read past its end */
static struct im_str
body_of(struct im_str message, const struct im_mime_part *part)
{
	uint64_t off = part->body_off < message.n ? part->body_off : message.n;
	uint64_t left = message.n - off;

	return (struct im_str) { message.p + off, (size_t)(part->body_len < left ? part->body_len : left) };
}

bool
im_mime_decode_part(struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out)
{
	struct im_decoder d = { .cte = part->cte };
	struct im_buf b;
	bool whole;

	if (out->n == 0 && out->cap == 0) { /* no copy when nothing is in out yet */
		size_t was = out->max;

		out->max = was < max ? was : max;
		im_decode(&d, body_of(message, part), true, out);
		out->max = was;
		whole = !out->full;
		out->full = false;
		return whole;
	}
	im_buf_init(&b, max);
	im_decode(&d, body_of(message, part), true, &b);
	whole = !b.full;
	im_buf_add_str(out, im_buf_str(&b));
	im_buf_done(&b);
	return whole;
}

/*
 * The size of base64 in lines of one length, without looking at all of it: the first line tells the length, SAMPLES of
 * the others must agree, the last one may be shorter. False: it is not that regular.
 */
static bool
regular_base64(struct im_str body, uint64_t *ret)
{
	enum { SAMPLES = 64, MIN = 64 * 1024 };
	const char *nl = body.n >= MIN ? memchr(body.p, '\n', 2048) : NULL;
	size_t step = nl ? (size_t)(nl + 1 - body.p) : 0, len = step - (step > 1 && nl[-1] == '\r' ? 2 : 1),
	       lines, pad = 0;
	struct im_str last;

	if (!nl || len == 0 || len % 4 != 0)
		return false;
	lines = (body.n - 1) / step; /* whole ones before the last */
	for (size_t i = 0; i < SAMPLES; i++) {
		const char *end = body.p + (lines * i / SAMPLES + 1) * step;

		if (end[-1] != '\n' || memchr(end - step, '\n', step - 1) || memchr(end - step, '=', step))
			return false;
	}
	last = im_str_trim((struct im_str) { body.p + lines * step, body.n - lines * step });
	while (last.n && last.p[last.n - 1] == '=') {
		last.n--;
		pad++;
	}
	if (pad > 2 || (last.n + pad) % 4 != 0 || (last.n && memchr(last.p, '\n', last.n)))
		return false;
	*ret = (uint64_t)lines * (len / 4 * 3) + (last.n + pad) / 4 * 3 - pad;
	return true;
}

uint64_t
im_mime_part_size(struct im_str message, const struct im_mime_part *part)
{
	struct im_str body = body_of(message, part);
	struct im_decoder d = { .cte = part->cte };
	struct im_buf b;
	uint64_t n = 0;

	if (part->cte == IM_CTE_IDENTITY)
		return body.n;
	if (part->cte == IM_CTE_BASE64 && regular_base64(body, &n))
		return n;
	im_buf_init(&b, (size_t)STEP * 2);
	for (size_t at = 0; at < body.n; at += STEP) {
		size_t left = body.n - at;

		im_decode(&d, (struct im_str) { body.p + at, left < STEP ? left : STEP }, left <= STEP, &b);
		n += b.n;
		im_buf_clear(&b);
	}
	im_buf_done(&b);
	return n;
}

/* CR LF and CR become LF, NUL '?', from 'start' on, in place */
static void
clean_text(struct im_buf *b, size_t start)
{
	char *p = b->p + start, *end = b->p + b->n, *q = p;

	if (p == end || (!memchr(p, '\r', (size_t)(end - p)) && !memchr(p, '\0', (size_t)(end - p))))
		return;
	for (; p < end; p++) {
		if (*p == '\r' && p + 1 < end && p[1] == '\n')
			continue;
		*q++ = (char)(*p == '\r' ? '\n' : *p == '\0' ? '?' : *p);
	}
	b->n = (size_t)(q - b->p);
	*q = '\0';
}

bool
im_mime_part_text(struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out)
{
	struct im_str charset = im_str(part->charset), s = body_of(message, part);
	size_t start = out->n, was_max = out->max;
	struct im_buf raw;
	bool whole = true;

	im_buf_init(&raw, max);
	if (part->cte != IM_CTE_IDENTITY) {
		whole = im_mime_decode_part(message, part, max, &raw);
		s = im_buf_str(&raw);
	} else if (s.n > max) {
		s.n = max;
		whole = false;
	}
	if (!part->charset && strcmp(part->subtype, "html") == 0)
		charset = im_html_charset(s);
	/* a cut within a character is no broken character */
	if (!whole && s.n > 0 && im_str_startsi(charset.n ? charset : IM_STR("utf-8"), "utf-8"))
		s.n = im_utf8_cut(s, s.n - 1);
	if (max < out->max - start)
		out->max = start + max;
	im_to_utf8(charset, s, out);
	whole = whole && !out->full;
	out->full = false;
	out->max = was_max;
	clean_text(out, start);
	im_buf_done(&raw);
	return whole;
}
