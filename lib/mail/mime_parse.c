/*
 * mime_parse.c - the push parser: lines in, part tree out
 *
 * Works by lines and looks at no more of a body than is needed: the first two bytes of each line while a multipart is
 * open, nothing at all otherwise. Memory is one header block, the start of one line and the parts. Every byte is
 * looked at a bounded number of times (at most once for each open boundary).
 *
 * Header fields are told from text by their form: a line that is no field is passed over when a field follows it, and is
 * the first line of the body when not (the blank line was forgotten; there never was a header).
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime_internal.h"

#include <stdlib.h>
#include <string.h>

#include "mail/header.h"

enum state { AT_START, IN_HEADER, IN_BODY };

struct level { /* an open multipart */
	int part;
	bool digest;
	size_t n;
	char *boundary;
};

struct im_mime_parser {
	struct im_mime m;
	int cap_parts, started, cur; /* started: parts in all; cur: the innermost open one */
	struct level *levels;
	int nlevels, cap_levels;
	enum state state;
	bool lean, want; /* want: the stream takes lines of this part */
	bool from_line;  /* the mbox line was seen */
	struct im_mime_stream stream;

	struct im_lines lines;
	uint64_t off, next; /* where the line at hand begins, and the one after it */
	unsigned prev_eol;  /* bytes of the line end before it */

	size_t max_header;
	struct im_buf header; /* of cur */
	int fields;
	size_t field_at; /* where the field at hand begins in it */
	bool drop;       /* the rest of this field does not fit */
	bool
	    blank; /* the last line was white space: a fold of the field (RFC 5322 4.2), or the end of the header */
	bool junk; /* the last line was no field; where it stands: */
	size_t junk_at;
	uint64_t junk_off;
	unsigned junk_eol; /* prev_eol there */
};

static void on_line(struct im_mime_parser *p, struct im_str line, uint64_t raw_len, unsigned eol);

static bool
is_blank(struct im_str s)
{
	return im_str_trim(s).n == 0;
}

/* --- parts */

static void
start_part(struct im_mime_parser *p, int parent, uint64_t header_off)
{
	struct im_mime_part *part;

	if (p->m.nparts == p->cap_parts) {
		p->cap_parts = p->cap_parts ? p->cap_parts * 2 : 4;
		p->m.parts = im_realloc(p->m.parts, sizeof(*part) * (size_t)p->cap_parts);
	}
	part = &p->m.parts[p->m.nparts];
	*part = (struct im_mime_part) { .number = p->started++,
		.parent = parent,
		.header_off = header_off,
		.type = "text",
		.subtype = "plain" };
	if (parent >= 0) {
		part->depth = p->m.parts[parent].depth + 1;
		p->m.parts[parent].nchildren++;
	}
	p->cur = p->m.nparts++;
	p->state = IN_HEADER;
	p->want = false;
	p->fields = 0;
	p->junk = p->drop = p->blank = false;
	p->field_at = 0;
	im_buf_clear(&p->header);
}

static void
close_part(struct im_mime_parser *p, uint64_t end)
{
	struct im_mime_part *part = &p->m.parts[p->cur];
	bool body, kept;

	part->body_len = end > part->body_off ? end - part->body_off : 0;
	if (strcmp(part->type, "multipart") == 0 && part->nchildren == 0) {
		part->is_multipart = false;
		part->is_unparted = true;
		part->type = "text";
		part->subtype = "plain";
	}
	body = strcmp(part->type, "text") == 0 &&
	       (strcmp(part->subtype, "plain") == 0 || strcmp(part->subtype, "html") == 0);
	kept = part->disposition == IM_DISP_ATTACHMENT || part->disposition == IM_DISP_OTHER;
	part->is_attachment = !part->is_multipart && !part->is_unparted && (!body || kept);
	p->m.attachments += part->is_attachment;
	p->cur = part->parent;
	if (p->lean) /* parts close in the reverse order of their beginning: the array is the open chain */
		p->m.nparts--;
}

static void
pop_level(struct im_mime_parser *p)
{
	free(p->levels[--p->nlevels].boundary);
}

static void
push_level(struct im_mime_parser *p, struct im_str boundary, bool digest)
{
	if (p->nlevels == p->cap_levels) {
		p->cap_levels = p->cap_levels ? p->cap_levels * 2 : 4;
		p->levels = im_realloc(p->levels, sizeof(*p->levels) * (size_t)p->cap_levels);
	}
	p->levels[p->nlevels++] =
	    (struct level) { p->cur, digest, boundary.n, im_strndup(boundary.p, boundary.n) };
}

/* --- boundaries */

/* the innermost open multipart whose delimiter the line is; -1. *ret_end: it is the closing one (RFC 2046 5.1.1) */
static int
find_boundary(const struct im_mime_parser *p, struct im_str line, bool *ret_end)
{
	if (line.n < 2 || line.p[0] != '-' || line.p[1] != '-')
		return -1;
	for (int k = p->nlevels - 1; k >= 0; k--) {
		const struct level *l = &p->levels[k];
		struct im_str rest;

		if (line.n - 2 < l->n || memcmp(line.p + 2, l->boundary, l->n) != 0)
			continue;
		rest = (struct im_str) { line.p + 2 + l->n, line.n - 2 - l->n };
		*ret_end = im_str_starts(rest, "--");
		if (*ret_end)
			rest = (struct im_str) { rest.p + 2, rest.n - 2 };
		if (is_blank(rest))
			return k;
	}
	return -1;
}

static void
on_boundary(struct im_mime_parser *p, int k, bool end)
{
	int multipart = p->levels[k].part;

	if (!end && p->started >= IM_MIME_MAX_PARTS) {
		/* from here on everything is text of the part that is open */
		p->m.flags |= IM_MIME_CUT_PARTS;
		while (p->nlevels)
			pop_level(p);
		return;
	}
	while (p->cur != multipart)
		close_part(p, p->off > p->prev_eol ? p->off - p->prev_eol : 0);
	while (p->nlevels > k + !end)
		pop_level(p);
	p->state = IN_BODY;
	p->want = false;
	if (!end)
		start_part(p, multipart, p->next);
}

/* --- headers */

static void
keep_header(struct im_mime_parser *p)
{
	if (p->started != 1)
		return;
	p->m.header_memory = im_buf_steal(&p->header, &p->m.header.n);
	p->m.header.p = p->m.header_memory;
}

/* the header of the current part has ended at header_end; its body begins at body_off */
static void
end_header(struct im_mime_parser *p, uint64_t header_end, uint64_t body_off)
{
	struct im_mime_part *part = &p->m.parts[p->cur];
	bool digest = part->parent >= 0 && p->nlevels && p->levels[p->nlevels - 1].digest;
	struct im_buf boundary;

	part->header_len = header_end > part->header_off ? header_end - part->header_off : 0;
	part->body_off = body_off;
	im_buf_init(&boundary, IM_MIME_MAX_BOUNDARY);
	im_mime_read_part(&p->m.arena, im_buf_str(&p->header), digest, p->lean, part, &boundary);
	keep_header(p);
	p->state = IN_BODY;
	if (strcmp(part->type, "multipart") == 0) {
		part->is_multipart = boundary.n > 0 && part->depth < IM_MIME_MAX_DEPTH;
		if (boundary.n > 0 && !part->is_multipart)
			p->m.flags |= IM_MIME_CUT_DEPTH;
		part->cte = IM_CTE_IDENTITY; /* RFC 2045 6.4: anything else is forbidden */
		if (part->is_multipart)
			push_level(p, im_buf_str(&boundary), strcmp(part->subtype, "digest") == 0);
	}
	if (!part->is_multipart)
		p->want = p->stream.begin && p->stream.begin(p->stream.arg, part);
	im_buf_done(&boundary);
}

/* what was taken for junk between fields was the start of the body: hand its lines over */
static void
junk_is_body(struct im_mime_parser *p)
{
	size_t n = p->header.n - p->junk_at, pos = 0;
	char *copy = im_strndup(p->header.p + p->junk_at, n);
	uint64_t off = p->off, next = p->next;
	unsigned eol = p->prev_eol;

	p->junk = false;
	p->header.n = p->junk_at;
	end_header(p, p->junk_off, p->junk_off);
	p->off = p->junk_off;
	p->prev_eol = p->junk_eol;
	while (pos < n) {
		const char *s = copy + pos, *nl = memchr(s, '\n', n - pos);
		size_t raw = nl ? (size_t)(nl + 1 - s) : n - pos, len = raw - (nl != NULL);

		for (int i = 0; nl && i < 2 && len && s[len - 1] == '\r'; i++)
			len--;
		on_line(p, (struct im_str) { s, len }, raw, (unsigned)(raw - len));
		pos += raw;
	}
	p->off = off;
	p->next = next;
	p->prev_eol = eol;
	free(copy);
}

/* fields that are kept although the block is over half of its limit: those that the product shows or works with */
static bool
is_wanted(struct im_str name)
{
	static const char *const names[] = { "from", "to", "cc", "subject", "date", "message-id",
		"references", "in-reply-to", "reply-to", "sender", "mime-version" };

	for (size_t i = 0; i < IM_COUNT(names); i++)
		if (im_str_isi(name, names[i]))
			return true;
	return im_str_startsi(name, "content-");
}

static void
begin_field(struct im_mime_parser *p, struct im_str name)
{
	p->junk = false;
	p->field_at = p->header.n;
	p->drop = (p->header.n > p->max_header / 2 || p->fields >= IM_MIME_MAX_FIELDS) && !is_wanted(name);
	p->fields++;
}

static size_t
max_field(const struct im_mime_parser *p)
{
	return p->max_header / 4;
}

/*
 * Bounded: one field takes a quarter of the block at most, and the last half is for the fields that matter, so that
 * neither a million recipients nor a thousand Received lines hide the subject. The rest of a field that does not fit is
 * dropped; false then.
 */
static bool
add_header_line(struct im_mime_parser *p, struct im_str line, unsigned eol)
{
	size_t room = p->max_header - p->header.n, used = p->header.n - p->field_at;

	if (!p->drop && room > max_field(p) - used)
		room = max_field(p) - used;
	if (p->drop || line.n + eol > room) {
		if (!p->drop && !p->junk && room > 1) {
			im_buf_add(&p->header, line.p, line.n < room - 1 ? line.n : room - 1);
			im_buf_addc(&p->header, '\n');
		}
		p->drop = true;
		p->m.flags |= IM_MIME_CUT_HEADER;
		return false;
	}
	im_buf_add_str(&p->header, line);
	for (unsigned i = 1; i < eol; i++)
		im_buf_addc(&p->header, '\r');
	if (eol)
		im_buf_addc(&p->header, '\n');
	return true;
}

/* the junk before the line at hand decides where the body began; then the line is handled again */
static void
end_header_before(struct im_mime_parser *p, struct im_str line, unsigned eol)
{
	if (p->junk)
		junk_is_body(p);
	else
		end_header(p, p->off, p->off);
	on_line(p, line, p->next - p->off, eol);
}

static void
on_header_line(struct im_mime_parser *p, struct im_str line, unsigned eol)
{
	size_t name;
	bool end, blank = p->blank;

	/* RFC 2046 5.1.1: a part may be a header without a body */
	if ((p->nlevels && find_boundary(p, line, &end) >= 0) || (line.n == 0 && p->junk)) {
		end_header_before(p, line, eol);
		return;
	}
	if (line.n == 0) {
		end_header(p, p->off, p->next);
		return;
	}
	name = im_header_name(line);
	p->blank = !name && is_blank(line);
	if (name) {
		begin_field(p, (struct im_str) { line.p, name });
	} else if ((line.p[0] == ' ' || line.p[0] == '\t') && (p->fields || p->junk)) {
		/* belongs to the line before, whatever that was */
	} else if (p->junk || blank || im_str_starts(line, "--") || line.n + eol > max_field(p) ||
		   line.n + eol > p->max_header - p->header.n) {
		end_header_before(p, line, eol);
		return;
	} else {
		p->junk = true;
		p->drop = false;
		p->junk_at = p->field_at = p->header.n;
		p->junk_off = p->off;
		p->junk_eol = p->prev_eol;
	}
	if (!add_header_line(p, line, eol) && p->junk)
		end_header_before(p, line, eol);
}

static bool
is_from_line(struct im_str line)
{
	return im_str_starts(line, "From ") || im_str_starts(line, ">From ");
}

static void
on_line(struct im_mime_parser *p, struct im_str line, uint64_t raw_len, unsigned eol)
{
	int k;
	bool end;

	p->next = p->off + raw_len;
	switch (p->state) {
	case AT_START:
		if (is_blank(line))
			break;
		if (!p->from_line && is_from_line(line)) {
			p->from_line = true;
			break;
		}
		start_part(p, -1, p->off);
		/* fall through */
	case IN_HEADER:
		on_header_line(p, line, eol);
		break;
	case IN_BODY:
		k = p->nlevels ? find_boundary(p, line, &end) : -1;
		if (k >= 0)
			on_boundary(p, k, end);
		else if (p->want)
			p->want = p->stream.line(
			    p->stream.arg, (struct im_str) { line.p,
					       line.n < IM_MIME_MAX_LINE ? line.n : IM_MIME_MAX_LINE });
	}
	p->off = p->next;
	p->prev_eol = eol;
	p->lines.cap = p->state == IN_BODY ? IM_MIME_MAX_LINE : max_field(p) + 1;
	p->lines.skip = p->state == IN_BODY && p->nlevels == 0 && !p->want;
}

static void
line_cb(void *arg, struct im_str line, uint64_t raw_len, unsigned eol)
{
	on_line(arg, line, raw_len, eol);
}

/* --- the outside */

static struct im_mime_parser *
begin(size_t max_header)
{
	struct im_mime_parser *p = im_calloc(1, sizeof(*p));

	p->max_header = max_header;
	p->cur = -1;
	im_buf_init(&p->header, max_header);
	im_lines_init(&p->lines, line_cb, p, max_field(p) + 1);
	return p;
}

struct im_mime_parser *
im_mime_begin(size_t max_header)
{
	return begin(max_header);
}

struct im_mime_parser *
im_mime_begin_stream(size_t max_header, const struct im_mime_stream *stream)
{
	struct im_mime_parser *p = begin(max_header);

	p->lean = true;
	p->stream = *stream;
	return p;
}

void
im_mime_feed(struct im_mime_parser *p, const void *data, size_t n)
{
	p->m.size += n;
	im_lines_feed(&p->lines, data, n);
}

void
im_mime_end(struct im_mime_parser *p, struct im_mime *m)
{
	im_lines_end(&p->lines);
	if (p->state == AT_START) { /* nothing but white space */
		start_part(p, -1, 0);
		end_header(p, 0, 0);
	}
	if (p->state == IN_HEADER) {
		if (p->junk)
			junk_is_body(p);
		if (p->state == IN_HEADER)
			end_header(p, p->m.size, p->m.size);
	}
	while (p->cur >= 0)
		close_part(p, p->m.size);
	while (p->nlevels)
		pop_level(p);
	free(p->levels);
	im_buf_done(&p->header);
	*m = p->m;
	free(p);
}

void
im_mime_parse(struct im_str message, struct im_mime *m)
{
	struct im_mime_parser *p = im_mime_begin(IM_MIME_MAX_HEADER);

	im_mime_feed(p, message.p, message.n);
	im_mime_end(p, m);
}

void
im_mime_done(struct im_mime *m)
{
	im_arena_done(&m->arena);
	free(m->parts);
	free(m->header_memory);
	*m = (struct im_mime) { 0 };
}
