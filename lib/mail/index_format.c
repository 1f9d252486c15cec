/*
 * index_format.c - the bytes of the header index
 *
 * Lines are JSON so that any tool can read them, but in one fixed order of members, so that reading one costs little
 * more than its checksum. What may change in a line (place and flags) lies in a part of fixed width at its start and
 * is changed, together with the checksum, by one write. The snippet is as long as a line of average size leaves room
 * for: it is the one member that nobody misses when the subject is long.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/value.h"
#include "mail/crc32.h"

enum {
	CRC_N = 8,
	FLAG_ROOM = 8, /* flags a new line has room for: D F P R S T and two keywords */
	LINE_GOAL = 384,
	SNIPPET_MIN = 16, /* less says nothing and is left out */
	HASH_N = 11       /* base64url digits of 64 bits */
};

#define HEADER_START "{\"intimail-index\":1,\"crc\":\""
#define LINE_START "{\"in\":\"new\",\"status\":\""
enum { NS = 1000000000, HEADER_CRC_AT = sizeof(HEADER_START) - 1, LINE_FLAGS_AT = sizeof(LINE_START) - 1 };

/* --- checksums --- */

static void
put_hex(char *p, uint64_t v, int digits)
{
	while (digits-- > 0) {
		p[digits] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
}

static bool
get_hex(const char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

/* of everything but the checksum's own digits */
static uint32_t
checksum(const char *p, size_t n, size_t crc_at)
{
	return im_crc32(im_crc32(0, p, crc_at), p + crc_at + CRC_N, n - crc_at - CRC_N);
}

static bool
checksum_ok(const char *p, size_t n, size_t crc_at)
{
	uint64_t v;

	return n >= crc_at + CRC_N && get_hex(p + crc_at, CRC_N, &v) && v == checksum(p, n, crc_at);
}

/* --- a cursor over text that the checksum vouches for; bounds are checked all the same --- */

struct cursor {
	char *p, *end;
	bool bad;
};

static bool
skip(struct cursor *c, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, literal, n) != 0)
		return false;
	c->p += n;
	return true;
}

static void
expect(struct cursor *c, const char *literal)
{
	if (!skip(c, literal))
		c->bad = true;
}

static uint64_t
number(struct cursor *c)
{
	uint64_t v = 0;
	char *start = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - start < 20)
		v = v * 10 + (uint64_t)(*c->p++ - '0');
	if (c->p == start)
		c->bad = true;
	return v;
}

static int64_t
integer(struct cursor *c)
{
	bool minus = skip(c, "-");
	int64_t v = (int64_t)number(c);

	return minus ? -v : v;
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* a hash or nothing, which is 0 */
static uint64_t
hash(struct cursor *c)
{
	uint64_t v = 0;

	if (c->p == c->end || *c->p == '.' || *c->p == '"')
		return 0;
	for (int i = 0; i < HASH_N; i++) {
		const char *d = c->p < c->end ? memchr(base64url, *c->p, 64) : NULL;

		if (d == NULL) {
			c->bad = true;
			return 0;
		}
		v = v << 6 | (uint64_t)(d - base64url);
		c->p++;
	}
	return v;
}

/* one escape after the backslash; the writer makes only these */
static size_t
unescape(struct cursor *c, char *dst)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c->p < c->end ? memchr(from, *c->p, sizeof(from) - 1) : NULL;
	uint64_t v;

	if (at != NULL) {
		*dst = to[at - from];
		c->p++;
		return 1;
	}
	if (c->end - c->p < 5 || c->p[0] != 'u' || !get_hex(c->p + 1, 4, &v) || (v >= 0xd800 && v < 0xe000)) {
		c->bad = true;
		return 0;
	}
	c->p += 5;
	return im_utf8_put((uint32_t)v, dst);
}

/* the rest of a string after its opening quote, decoded in place and ended with a NUL where the quote was (or before) */
static const char *
string(struct cursor *c)
{
	char *start = c->p, *q = memchr(start, '"', (size_t)(c->end - start)), *dst;

	if (q == NULL) {
		c->bad = true;
		return "";
	}
	dst = memchr(start, '\\', (size_t)(q - start));
	if (dst == NULL) {
		*q = '\0';
		c->p = q + 1;
		return start;
	}
	c->p = dst;
	while (c->p < c->end && *c->p != '"' && !c->bad)
		if (*c->p == '\\') {
			c->p++;
			dst += unescape(c, dst);
		} else {
			*dst++ = *c->p++;
		}
	if (c->p == c->end || c->bad) {
		c->bad = true;
		return "";
	}
	c->p++;
	*dst = '\0';
	return start;
}

/* --- the header --- */

static int64_t
nanoseconds(struct cursor *c)
{
	int64_t s = integer(c), ns;

	expect(c, ".");
	ns = (int64_t)number(c);
	return s < INT64_MAX / NS && s > INT64_MIN / NS ? s * NS + ns : 0;
}

static struct im_dirmark
mark(struct cursor *c)
{
	struct im_dirmark m = { .inode = number(c) };

	expect(c, " ");
	m.mtime = nanoseconds(c);
	expect(c, " ");
	m.ctime = nanoseconds(c);
	expect(c, "\"");
	return m;
}

bool
im_ix_header_decode(const char buf[static IM_IX_HEADER], struct im_ix_header *ret)
{
	char copy[IM_IX_HEADER];
	struct cursor c = { .p = copy + HEADER_CRC_AT + CRC_N, .end = copy + IM_IX_HEADER };
	struct im_ix_header h = { 0 };

	if (memcmp(buf, HEADER_START, HEADER_CRC_AT) != 0 || buf[IM_IX_HEADER - 1] != '\n' ||
	    !checksum_ok(buf, IM_IX_HEADER, HEADER_CRC_AT))
		return false;
	memcpy(copy, buf, IM_IX_HEADER);
	expect(&c, "\",\"generation\":");
	h.generation = number(&c);
	expect(&c, ",\"bytes\":");
	h.bytes = number(&c);
	expect(&c, ",\"total\":");
	h.total = number(&c);
	expect(&c, ",\"unread\":");
	h.unread = number(&c);
	expect(&c, ",\"removed\":");
	h.removed = number(&c);
	expect(&c, ",\"last\":");
	h.last = skip(&c, "null") ? INT64_MIN : integer(&c);
	expect(&c, ",\"boot\":\"");
	for (int i = 0; i < IM_IX_BOOT && c.p < c.end && *c.p != '"'; i++)
		h.boot[i] = *c.p++;
	expect(&c, "\",\"new\":\"");
	h.new_mark = mark(&c);
	expect(&c, ",\"cur\":\"");
	h.cur_mark = mark(&c);
	expect(&c, "}");
	if (c.bad || h.bytes < IM_IX_HEADER || h.bytes > INT64_MAX / 2)
		return false;
	*ret = h;
	return true;
}

static int
put_mark(char *p, size_t n, const char *name, const struct im_dirmark *m)
{
	return snprintf(p, n, ",\"%s\":\"%" PRIu64 " %" PRId64 ".%09d %" PRId64 ".%09d\"", name, m->inode,
	    m->mtime / NS, (int)(m->mtime % NS), m->ctime / NS, (int)(m->ctime % NS));
}

void
im_ix_header_encode(const struct im_ix_header *h, char buf[static IM_IX_HEADER])
{
	char last[24] = "null";
	int n;

	if (h->last != INT64_MIN)
		(void)snprintf(last, sizeof(last), "%" PRId64, h->last);
	n = snprintf(buf, IM_IX_HEADER,
	    HEADER_START "00000000\",\"generation\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"total\":%" PRIu64
			 ",\"unread\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"last\":%s,\"boot\":\"%s\"",
	    h->generation, h->bytes, h->total, h->unread, h->removed, last, h->boot);
	n += put_mark(buf + n, (size_t)(IM_IX_HEADER - n), "new", &h->new_mark);
	n += put_mark(buf + n, (size_t)(IM_IX_HEADER - n), "cur", &h->cur_mark);
	/* the longest header has 471 bytes */
	memset(buf + n, ' ', (size_t)(IM_IX_HEADER - n));
	buf[n] = '}';
	buf[IM_IX_HEADER - 1] = '\n';
	put_hex(buf + HEADER_CRC_AT, checksum(buf, IM_IX_HEADER, HEADER_CRC_AT), CRC_N);
}

/* --- lines: reading --- */

static bool
parse_prefix(struct cursor *c, struct im_ix_line *l)
{
	const char *letters;

	expect(c, "{\"in\":\"");
	if (skip(c, "---"))
		l->removed = true;
	else if (skip(c, "new"))
		l->is_new = true;
	else
		expect(c, "cur");
	expect(c, "\",\"status\":\"");
	letters = c->p;
	while (c->p < c->end && *c->p != '"')
		c->p++;
	l->flags = im_flags_mask((struct im_str) { letters, (size_t)(c->p - letters) });
	expect(c, "\",");
	while (c->p < c->end && *c->p == ' ')
		c->p++;
	expect(c, "\"crc\":\"");
	return !c->bad && c->end - c->p > CRC_N;
}

/* past a string of which nothing is needed */
static void
skip_string(struct cursor *c)
{
	while (c->p < c->end && *c->p != '"')
		c->p += *c->p == '\\' ? 2 : 1;
	if (c->p >= c->end)
		c->bad = true;
	else
		c->p++;
}

/* "arrived" of a line whose id does not tell it; it follows "pj" */
static int64_t
find_arrived(struct cursor c)
{
	static const char *const strings[] = { ",\"from\":\"", ",\"to\":\"", ",\"subject\":\"" };

	expect(&c, ",\"queueid\":\"");
	skip_string(&c);
	expect(&c, ",\"size\":");
	(void)number(&c);
	expect(&c, ",\"unixtimestamp\":");
	(void)integer(&c);
	expect(&c, ",\"timestamp\":\"");
	skip_string(&c);
	for (size_t i = 0; !c.bad && i < IM_COUNT(strings); i++) {
		expect(&c, strings[i]);
		skip_string(&c);
	}
	expect(&c, ",\"pj\":");
	(void)number(&c);
	expect(&c, ",\"arrived\":");
	return c.bad ? -1 : integer(&c);
}

bool
im_ix_line_parse(struct im_str text, struct im_ix_line *ret)
{
	/* the cursor writes nothing here */
	char *p = (char *)(uintptr_t)text.p, *q;
	struct cursor c = { .p = p, .end = p + text.n };
	size_t n;

	ret->text = text;
	ret->removed = ret->is_new = false;
	if (text.n < LINE_FLAGS_AT || text.n >= IM_INDEX_LINE_MAX || !parse_prefix(&c, ret))
		return false;
	ret->crc_at = (size_t)(c.p - p);
	if (p[text.n - 1] != '}' || !checksum_ok(p, text.n, ret->crc_at))
		return false;
	c.p += CRC_N;
	expect(&c, "\",\"id\":\"");
	q = c.bad ? NULL : memchr(c.p, '"', (size_t)(c.end - c.p));
	if (q == NULL)
		return false;
	n = (size_t)(q - c.p);
	if (memchr(c.p, '\\', n) != NULL) {
		/* a name with a quote or backslash: rare enough for a copy */
		char copy[IM_INDEX_LINE_MAX];
		struct cursor d = { .p = copy, .end = copy + (c.end - c.p) };
		const char *id;

		memcpy(copy, c.p, (size_t)(c.end - c.p));
		id = string(&d);
		n = strlen(id);
		if (d.bad || n > IM_MSG_NAME_MAX)
			return false;
		memcpy(ret->id, id, n);
		c.p += d.p - copy;
	} else {
		if (n > IM_MSG_NAME_MAX)
			return false;
		memcpy(ret->id, c.p, n);
		c.p = q + 1;
	}
	ret->id[n] = '\0';
	ret->id_n = n;
	ret->arrived = im_msg_arrived((struct im_str) { ret->id, n });
	if (ret->arrived < 0)
		ret->arrived = find_arrived(c);
	return true;
}

/* most messages begin a thread or answer its first message: then the thread's id is not written */
static uint64_t
default_thread(const struct im_entry *e)
{
	return e->parent_id != 0 ? e->parent_id : e->message_id;
}

bool
im_ix_line_entry(const struct im_ix_line *l, char *text, struct im_entry *e)
{
	struct cursor c = { .p = text + l->crc_at + CRC_N, .end = text + l->text.n };
	const char *stamp;

	*e = (struct im_entry) { .is_new = l->is_new, .arrived = l->arrived, .snippet = "" };
	(void)im_flags_text(l->flags, e->flags);
	expect(&c, "\",\"id\":\"");
	e->id = string(&c);
	expect(&c, ",\"queueid\":\"");
	e->queueid = string(&c);
	expect(&c, ",\"size\":");
	e->size = number(&c);
	expect(&c, ",\"unixtimestamp\":");
	e->unixtimestamp = integer(&c);
	expect(&c, ",\"timestamp\":\"");
	stamp = string(&c);
	if (strlen(stamp) < sizeof(e->timestamp))
		memcpy(e->timestamp, stamp, strlen(stamp) + 1);
	expect(&c, ",\"from\":\"");
	e->from = string(&c);
	expect(&c, ",\"to\":\"");
	e->to = string(&c);
	expect(&c, ",\"subject\":\"");
	e->subject = string(&c);
	expect(&c, ",\"pj\":");
	e->attachments = (int)(number(&c) & 0xffffff);
	if (skip(&c, ",\"arrived\":"))
		(void)integer(&c);
	if (skip(&c, ",\"ids\":\"")) {
		e->message_id = hash(&c);
		e->parent_id = skip(&c, ".") ? hash(&c) : 0;
		e->thread_id = skip(&c, ".") ? hash(&c) : default_thread(e);
		expect(&c, "\"");
	}
	if (skip(&c, ",\"snippet\":\""))
		e->snippet = string(&c);
	expect(&c, "}");
	return !c.bad;
}

/* --- lines: writing --- */

/* start of a line with room for 'room' flags; the checksum is still zeros. Returns the place of its digits */
static size_t
put_prefix(char *p, bool removed, bool is_new, uint64_t flags, size_t room)
{
	char letters[IM_FLAGS_MAX + 1];
	size_t n = im_flags_text(flags, letters);
	size_t at = LINE_FLAGS_AT;

	memcpy(p, LINE_START, at);
	memcpy(p + 7, removed ? "---" : is_new ? "new" : "cur", 3);
	memcpy(p + at, letters, n);
	memcpy(p + at + n, "\",", 2);
	memset(p + at + n + 2, ' ', room - n);
	at += room + 2;
	memcpy(p + at, "\"crc\":\"00000000", 15);
	return at + 7;
}

size_t
im_ix_line_set(char *text, size_t n, bool removed, bool is_new, uint64_t flags)
{
	struct im_ix_line l;
	size_t room;

	if (!im_ix_line_parse((struct im_str) { text, n }, &l))
		return 0;
	room = l.crc_at - LINE_FLAGS_AT - 2 - 7;
	if ((size_t)__builtin_popcountll(flags) > room)
		return 0;
	(void)put_prefix(text, removed, is_new, flags, room);
	put_hex(text + l.crc_at, checksum(text, n, l.crc_at), CRC_N);
	return l.crc_at + CRC_N;
}

static void
put_string(struct im_buf *b, const char *name, const char *text)
{
	im_buf_adds(b, name);
	im_json_string(b, im_str(text));
}

static void
put_hash(struct im_buf *b, uint64_t v)
{
	char digits[HASH_N + 1] = "";

	if (v == 0)
		return;
	for (int i = HASH_N; i-- > 0; v >>= 6)
		digits[i] = base64url[v & 63];
	im_buf_adds(b, digits);
}

/* "message", "message.parent" or "message.parent.thread" */
static void
put_ids(struct im_buf *b, const struct im_entry *e)
{
	bool thread = e->thread_id != default_thread(e);

	if (e->message_id == 0 && e->parent_id == 0 && !thread)
		return;
	im_buf_adds(b, ",\"ids\":\"");
	put_hash(b, e->message_id);
	if (e->parent_id != 0 || thread) {
		im_buf_addc(b, '.');
		put_hash(b, e->parent_id);
	}
	if (thread) {
		im_buf_addc(b, '.');
		put_hash(b, e->thread_id);
	}
	im_buf_addc(b, '"');
}

static void
put_snippet(struct im_buf *b, size_t used, const char *text)
{
	static const char name[] = ",\"snippet\":";
	struct im_str s = im_str(text);

	used += sizeof(name) - 1 + 2 + 2; /* the quotes; brace and newline */
	if (used + SNIPPET_MIN > LINE_GOAL)
		return;
	s.n = im_utf8_cut(s, LINE_GOAL - used);
	s = im_str_trim(s);
	if (s.n == 0)
		return;
	im_buf_adds(b, name);
	im_json_string(b, s);
}

void
im_ix_line_put(struct im_buf *b, const struct im_entry *e)
{
	uint64_t flags = im_flags_mask(im_str(e->flags));
	size_t room = __builtin_popcountll(flags) > FLAG_ROOM ? IM_FLAGS_MAX : FLAG_ROOM, start = b->n,
	       crc_at;
	char prefix[IM_IX_PREFIX_MAX];

	crc_at = put_prefix(prefix, false, e->is_new, flags, room);
	im_buf_add(b, prefix, crc_at + CRC_N);
	put_string(b, "\",\"id\":", e->id);
	put_string(b, ",\"queueid\":", e->queueid);
	im_buf_addf(b, ",\"size\":%" PRIu64 ",\"unixtimestamp\":%" PRId64 ",\"timestamp\":\"%s\"", e->size,
	    e->unixtimestamp, e->timestamp);
	put_string(b, ",\"from\":", e->from);
	put_string(b, ",\"to\":", e->to);
	put_string(b, ",\"subject\":", e->subject);
	im_buf_addf(b, ",\"pj\":%d", e->attachments);
	if (im_msg_arrived(im_str(e->id)) < 0)
		im_buf_addf(b, ",\"arrived\":%" PRId64, e->arrived);
	put_ids(b, e);
	/* whatever flags a message has at the moment, its line says the same */
	put_snippet(b, b->n - start - (room - FLAG_ROOM), e->snippet);
	im_buf_addc(b, '}');
	if (!b->full)
		put_hex(b->p + start + crc_at, checksum(b->p + start, b->n - start, crc_at), CRC_N);
	im_buf_addc(b, '\n');
}

int
im_ix_compare(int64_t a_arrived, struct im_str a, int64_t b_arrived, struct im_str b)
{
	int d;

	if (a_arrived != b_arrived)
		return a_arrived < b_arrived ? -1 : 1;
	d = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return d != 0 ? d : a.n < b.n ? -1 : a.n > b.n;
}

/* --- an entry of a summary --- */

void
im_ix_entry_fill(struct im_entry *e, const struct im_msg_name *name, const char *id, const char *queueid,
    bool is_new, int64_t arrived, uint64_t size, const struct im_summary *s)
{
	enum { DAY = 86400, YEAR_1980 = 315532800 };
	/* a Date header from the future would be wrong for ever; one from before mail is a dead clock */
	bool sane = s->has_date && s->date >= YEAR_1980 && s->date <= arrived + 2 * DAY;
	time_t t;
	struct tm tm;

	*e = (struct im_entry) {
		.id = id,
		.is_new = is_new,
		.arrived = arrived,
		.unixtimestamp = sane ? s->date : arrived,
		.queueid = queueid,
		.size = size,
		.from = s->from,
		.to = s->to,
		.subject = s->subject,
		.snippet = s->snippet,
		.attachments = s->attachments,
		.message_id = s->message_id,
		.parent_id = s->parent_id,
		.thread_id = s->thread_id,
	};
	(void)im_flags_text(im_flags_mask(name->flags), e->flags);
	t = (time_t)e->unixtimestamp;
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(e->timestamp, sizeof(e->timestamp), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		memcpy(e->timestamp, "1970-01-01 00:00:00", 20);
}
