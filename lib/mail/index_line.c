/*
 * index_line.c - the line of a message in the header index
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
#include <string.h>
#include <time.h>

#include "base/value.h"
#include "mail/index_cursor.h"

enum {
	FLAG_ROOM = 8, /* flags a new line has room for: D F P R S T and two keywords */
	LINE_GOAL = 384,
	SNIPPET_MIN = 16, /* less says nothing and is left out */
	HASH_N = 11       /* base64url digits of 64 bits */
};

#define LINE_START "{\"in\":\"new\",\"status\":\""
enum { LINE_FLAGS_AT = sizeof(LINE_START) - 1 };

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* --- reading --- */

/* a hash or nothing, which is 0 */
static uint64_t
hash(struct im_ix_cursor *c)
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

static bool
parse_prefix(struct im_ix_cursor *c, struct im_ix_line *l)
{
	const char *letters;

	im_ix_expect(c, "{\"in\":\"");
	if (im_ix_skip(c, "---"))
		l->removed = true;
	else if (im_ix_skip(c, "new"))
		l->is_new = true;
	else
		im_ix_expect(c, "cur");
	im_ix_expect(c, "\",\"status\":\"");
	letters = c->p;
	while (c->p < c->end && *c->p != '"')
		c->p++;
	l->flags = im_flags_mask((struct im_str) { letters, (size_t)(c->p - letters) });
	im_ix_expect(c, "\",");
	while (c->p < c->end && *c->p == ' ')
		c->p++;
	im_ix_expect(c, "\"crc\":\"");
	return !c->bad && c->end - c->p > IM_IX_CRC_N;
}

/* past a string of which nothing is needed */
static void
skip_string(struct im_ix_cursor *c)
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
find_arrived(struct im_ix_cursor c)
{
	static const char *const strings[] = { ",\"from\":\"", ",\"to\":\"", ",\"subject\":\"" };

	im_ix_expect(&c, ",\"queueid\":\"");
	skip_string(&c);
	im_ix_expect(&c, ",\"size\":");
	(void)im_ix_number(&c);
	im_ix_expect(&c, ",\"unixtimestamp\":");
	(void)im_ix_integer(&c);
	im_ix_expect(&c, ",\"timestamp\":\"");
	skip_string(&c);
	for (size_t i = 0; !c.bad && i < IM_COUNT(strings); i++) {
		im_ix_expect(&c, strings[i]);
		skip_string(&c);
	}
	im_ix_expect(&c, ",\"pj\":");
	(void)im_ix_number(&c);
	im_ix_expect(&c, ",\"arrived\":");
	return c.bad ? -1 : im_ix_integer(&c);
}

bool
im_ix_line_parse(struct im_str text, struct im_ix_line *ret)
{
	/* the cursor writes nothing here */
	char *p = (char *)(uintptr_t)text.p, *q;
	struct im_ix_cursor c = { .p = p, .end = p + text.n };
	size_t n;

	ret->text = text;
	ret->removed = ret->is_new = false;
	if (text.n < LINE_FLAGS_AT || text.n >= IM_INDEX_LINE_MAX || !parse_prefix(&c, ret))
		return false;
	ret->crc_at = (size_t)(c.p - p);
	if (p[text.n - 1] != '}' || !im_ix_checksum_ok(p, text.n, ret->crc_at))
		return false;
	c.p += IM_IX_CRC_N;
	im_ix_expect(&c, "\",\"id\":\"");
	q = c.bad ? NULL : memchr(c.p, '"', (size_t)(c.end - c.p));
	if (q == NULL)
		return false;
	n = (size_t)(q - c.p);
	if (memchr(c.p, '\\', n) != NULL) {
		/* a name with a quote or backslash: rare enough for a copy */
		char copy[IM_INDEX_LINE_MAX];
		struct im_ix_cursor d = { .p = copy, .end = copy + (c.end - c.p) };
		const char *id;

		memcpy(copy, c.p, (size_t)(c.end - c.p));
		id = im_ix_string(&d);
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
	struct im_ix_cursor c = { .p = text + l->crc_at + IM_IX_CRC_N, .end = text + l->text.n };
	const char *stamp;

	*e = (struct im_entry) { .is_new = l->is_new, .arrived = l->arrived, .snippet = "" };
	(void)im_flags_text(l->flags, e->flags);
	im_ix_expect(&c, "\",\"id\":\"");
	e->id = im_ix_string(&c);
	im_ix_expect(&c, ",\"queueid\":\"");
	e->queueid = im_ix_string(&c);
	im_ix_expect(&c, ",\"size\":");
	e->size = im_ix_number(&c);
	im_ix_expect(&c, ",\"unixtimestamp\":");
	e->unixtimestamp = im_ix_integer(&c);
	im_ix_expect(&c, ",\"timestamp\":\"");
	stamp = im_ix_string(&c);
	if (strlen(stamp) < sizeof(e->timestamp))
		memcpy(e->timestamp, stamp, strlen(stamp) + 1);
	im_ix_expect(&c, ",\"from\":\"");
	e->from = im_ix_string(&c);
	im_ix_expect(&c, ",\"to\":\"");
	e->to = im_ix_string(&c);
	im_ix_expect(&c, ",\"subject\":\"");
	e->subject = im_ix_string(&c);
	im_ix_expect(&c, ",\"pj\":");
	e->attachments = (int)(im_ix_number(&c) & 0xffffff);
	if (im_ix_skip(&c, ",\"arrived\":"))
		(void)im_ix_integer(&c);
	if (im_ix_skip(&c, ",\"ids\":\"")) {
		e->message_id = hash(&c);
		e->parent_id = im_ix_skip(&c, ".") ? hash(&c) : 0;
		e->thread_id = im_ix_skip(&c, ".") ? hash(&c) : default_thread(e);
		im_ix_expect(&c, "\"");
	}
	if (im_ix_skip(&c, ",\"snippet\":\""))
		e->snippet = im_ix_string(&c);
	im_ix_expect(&c, "}");
	return !c.bad;
}

/* --- writing --- */

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
	im_ix_put_hex(text + l.crc_at, im_ix_checksum(text, n, l.crc_at), IM_IX_CRC_N);
	return l.crc_at + IM_IX_CRC_N;
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
	im_buf_add(b, prefix, crc_at + IM_IX_CRC_N);
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
		im_ix_put_hex(
		    b->p + start + crc_at, im_ix_checksum(b->p + start, b->n - start, crc_at), IM_IX_CRC_N);
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
