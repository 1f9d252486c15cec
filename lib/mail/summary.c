/*
 * summary.c - the fields of an index entry, while the message streams by
 *
 * Only the header block and the first few KB of the first text are kept. Attachments are counted by their headers, their
 * content is never decoded. The snippet comes from the first text/plain that says something, else from the HTML, from
 * which the tags are dropped (it is shown as plain text, so this need not be the sanitiser's parser).
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/summary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mail/address.h"
#include "mail/charset.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/snippet.h"

enum {
	PLAIN_BYTES = 4 * 1024, /* decoded bytes of a text that are looked at */
	HTML_BYTES = 24 * 1024,
	ADDRESSES = 20, /* more do not fit into IM_SUMMARY_ADDR_MAX */
	READ_BYTES = 32 * 1024
};

struct im_summary_parser {
	struct im_mime_parser *mime;
	struct im_decoder decoder;
	struct im_buf text;    /* decoded, of the part at hand */
	struct im_buf snippet; /* finished */
	char charset[IM_CHARSET_NAME_MAX + 1];
	bool html, open;
	uint64_t size;
};

/* what was collected becomes the snippet */
static void
end_text(struct im_summary_parser *p)
{
	struct im_buf utf8;
	struct im_str s, charset = im_str(p->charset);

	if (!p->open)
		return;
	p->open = false;
	if (!p->text.full)
		im_decode(&p->decoder, (struct im_str) { NULL, 0 }, true, &p->text);
	s = im_buf_str(&p->text);
	if (p->html && charset.n == 0)
		charset = im_html_charset(s);
	im_buf_init(&utf8, HTML_BYTES * 3);
	im_to_utf8(charset, s, &utf8);
	if (p->html)
		im_snippet_html(im_buf_str(&utf8), IM_SUMMARY_SNIPPET_MAX, &p->snippet);
	else
		im_snippet_plain(im_buf_str(&utf8), IM_SUMMARY_SNIPPET_MAX, &p->snippet);
	im_buf_done(&utf8);
	im_buf_done(&p->text);
}

static bool
on_part(void *arg, const struct im_mime_part *part)
{
	struct im_summary_parser *p = arg;
	bool plain = strcmp(part->subtype, "plain") == 0, html = strcmp(part->subtype, "html") == 0;

	end_text(p);
	if (p->snippet.n || strcmp(part->type, "text") != 0 || !(plain || html) ||
	    (part->disposition != IM_DISP_NONE && part->disposition != IM_DISP_INLINE))
		return false;
	p->open = true;
	p->html = html;
	p->decoder = (struct im_decoder) { .cte = part->cte };
	if (!im_fmt(p->charset, sizeof(p->charset), "%s", part->charset ? part->charset : ""))
		p->charset[0] = '\0';
	im_buf_init(&p->text, html ? HTML_BYTES : PLAIN_BYTES);
	return true;
}

static bool
on_text(void *arg, struct im_str line)
{
	struct im_summary_parser *p = arg;

	im_decode(&p->decoder, line, false, &p->text);
	im_decode(&p->decoder, IM_STR("\n"), false, &p->text);
	return !p->text.full;
}

struct im_summary_parser *
im_summary_begin(void)
{
	struct im_summary_parser *p = im_calloc(1, sizeof(*p));
	struct im_mime_stream stream = { on_part, on_text, p };

	im_buf_init(&p->snippet, IM_SUMMARY_SNIPPET_MAX);
	p->mime = im_mime_begin_stream(IM_MIME_MAX_STREAM_HEADER, &stream);
	return p;
}

void
im_summary_feed(struct im_summary_parser *p, const void *data, size_t n)
{
	p->size += n;
	im_mime_feed(p->mime, data, n);
}

/* FNV-1a with a final mix; what is between "<" and ">" when there is such. 0 stands for none */
static uint64_t
hash_id(struct im_str id)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	id = im_str_trim(id);
	if (id.n == 0)
		return 0;
	for (size_t i = 0; i < id.n; i++)
		h = (h ^ (unsigned char)id.p[i]) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h ? h : 1;
}

/* the next "<...>" of *s; false when there is none */
static bool
next_id(struct im_str *s, struct im_str *ret)
{
	const char *open = s->n ? memchr(s->p, '<', s->n) : NULL, *close;

	if (!open)
		return false;
	close = memchr(open, '>', s->n - (size_t)(open - s->p));
	if (!close)
		return false;
	*ret = (struct im_str) { open + 1, (size_t)(close - open - 1) };
	s->n -= (size_t)(close + 1 - s->p);
	s->p = close + 1;
	return true;
}

static uint64_t
first_id(struct im_str s)
{
	struct im_str id;

	return next_id(&s, &id) ? hash_id(id) : 0;
}

static uint64_t
last_id(struct im_str s)
{
	struct im_str id, last = { NULL, 0 };

	while (next_id(&s, &id))
		last = id;
	return hash_id(last);
}

static const char *
addresses_text(struct im_str raw, struct im_arena *arena)
{
	struct im_arena tmp = { 0 };
	struct im_addresses l;
	struct im_buf b;
	const char *r = "";

	if (raw.n == 0)
		return r;
	im_addresses_first(&tmp, raw, ADDRESSES, &l);
	im_buf_init(&b, IM_SUMMARY_ADDR_MAX);
	if (l.n > 0)
		im_addresses_text(&l, IM_SUMMARY_ADDR_MAX, &b);
	else /* "undisclosed-recipients:;", "root": better than nothing */
		im_header_text(
		    (struct im_str) { raw.p, raw.n < IM_SUMMARY_ADDR_MAX ? raw.n : IM_SUMMARY_ADDR_MAX }, &b);
	if (b.n)
		r = im_arena_strndup(arena, b.p, b.n);
	im_buf_done(&b);
	im_arena_done(&tmp);
	return r;
}

static const char *
subject_text(struct im_str raw, struct im_arena *arena)
{
	enum { LOOK = 8 * IM_SUMMARY_SUBJECT_MAX }; /* encoded words are longer than their text */
	struct im_buf b;
	struct im_str s;
	const char *r = "";

	im_buf_init(&b, LOOK * 3);
	im_header_text((struct im_str) { raw.p, raw.n < LOOK ? raw.n : LOOK }, &b);
	s = im_str_trim(im_buf_str(&b));
	if (s.n)
		r = im_arena_strndup(arena, s.p, im_utf8_cut(s, IM_SUMMARY_SUBJECT_MAX));
	im_buf_done(&b);
	return r;
}

static void
read_header(struct im_str header, struct im_arena *arena, struct im_summary *ret)
{
	static const char *const names[] = { "from", "to", "subject", "date", "message-id", "references",
		"in-reply-to" };
	struct im_str v[IM_COUNT(names)] = { { NULL, 0 } };
	struct im_field f;
	size_t pos = 0;

	while (im_header_next(header, &pos, &f))
		for (size_t i = 0; i < IM_COUNT(names); i++)
			if (!v[i].p && (f.name.p[0] | 0x20) == names[i][0] && im_str_isi(f.name, names[i]))
				v[i] = f.value;
	ret->from = addresses_text(v[0], arena);
	ret->to = addresses_text(v[1], arena);
	ret->subject = subject_text(v[2], arena);
	ret->has_date = im_date_parse(v[3], &ret->date);
	ret->message_id = first_id(v[4]);
	if (!ret->message_id)
		ret->message_id = hash_id(v[4]);
	ret->parent_id = last_id(v[5]);
	if (!ret->parent_id)
		ret->parent_id = last_id(v[6]);
	ret->thread_id = first_id(v[5]);
	if (!ret->thread_id)
		ret->thread_id = ret->parent_id ? ret->parent_id : ret->message_id;
}

void
im_summary_end(struct im_summary_parser *p, struct im_arena *arena, struct im_summary *ret)
{
	im_summary_end_header(p, arena, ret, NULL);
}

void
im_summary_end_header(
    struct im_summary_parser *p, struct im_arena *arena, struct im_summary *ret, struct im_str *ret_header)
{
	struct im_mime m;

	*ret = (struct im_summary) { .snippet = "", .size = p->size };
	im_mime_end(p->mime, &m);
	end_text(p);
	read_header(m.header, arena, ret);
	if (ret_header != NULL)
		*ret_header = (struct im_str) { im_arena_strndup(arena, m.header.p, m.header.n), m.header.n };
	if (p->snippet.n)
		ret->snippet = im_arena_strndup(arena, p->snippet.p, p->snippet.n);
	ret->attachments = m.attachments;
	im_mime_done(&m);
	im_buf_done(&p->snippet);
	free(p);
}

enum im_status
im_summary_file(int fd, struct im_arena *arena, struct im_summary *ret, struct im_err *err)
{
	struct im_summary_parser *p = im_summary_begin();
	struct im_summary sum;
	struct im_arena lost = { 0 };
	char *buf = im_malloc(READ_BYTES);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, buf, READ_BYTES, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		im_summary_feed(p, buf, (size_t)n);
		at += n;
	}
	if (n < 0) {
		enum im_status st = im_fail_errno(err, errno, "read message");

		im_summary_end(p, &lost, &sum);
		im_arena_done(&lost);
		free(buf);
		return st;
	}
	im_summary_end(p, arena, ret);
	free(buf);
	return IM_OK;
}
