/*
 * address.c - address lists
 *
 * One pass over the bytes, without backtracking: a mailbox collects its words, its comment and what stood in angle
 * brackets until "," or ";" ends it; then it is decided what was the name and what the address. That order makes
 * ugly input simple: "a..b@example.org", a name with an unquoted dot or "@", ";" between addresses, a missing ">".
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/address.h"

#include <string.h>

#include "mail/header.h"

enum { PHRASE_MAX = 4096 };

struct scan {
	const char *p, *end;
	bool no_quote, no_comment; /* there is no closing one any more: the character stands for itself */
	bool group;
	bool nested;         /* this is the content of encoded words */
	struct im_buf words; /* outside of quotes and brackets, raw; quoted strings without their quotes */
	struct im_buf comment;
	struct im_buf angle, extra;
	bool have_angle, named; /* named: words stood before the bracket */
	bool quoted_local;      /* words holds a quoted string with "@" following it */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
clear(struct scan *s)
{
	im_buf_clear(&s->words);
	im_buf_clear(&s->comment);
	im_buf_clear(&s->angle);
	s->have_angle = s->named = s->quoted_local = false;
}

/* the closing quote of the string that begins at p; NULL: there is none */
static const char *
close_quote(const char *p, const char *end)
{
	for (p++; p < end; p++) {
		if (*p == '"')
			return p;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

static void
add_unescaped(const char *p, const char *end, struct im_buf *out)
{
	for (; p < end; p++) {
		if (*p == '\\' && end - p > 1)
			p++;
		im_buf_addc(out, *p);
	}
}

/* a quoted string at s->p into out; false: it is not closed */
static bool
take_quoted(struct scan *s, struct im_buf *out)
{
	const char *close = s->no_quote ? NULL : close_quote(s->p, s->end);

	if (!close) {
		s->no_quote = true;
		return false;
	}
	if (close + 1 < s->end && close[1] == '@')
		s->quoted_local = true;
	add_unescaped(s->p + 1, close, out);
	s->p = close + 1;
	return true;
}

static bool
take_comment(struct scan *s)
{
	const char *p = s->p;
	int depth = 0;

	if (s->no_comment)
		return false;
	for (; p < s->end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			break;
	}
	if (p >= s->end) {
		s->no_comment = true;
		return false;
	}
	if (s->comment.n)
		im_buf_addc(&s->comment, ' ');
	add_unescaped(s->p + 1, p, &s->comment);
	s->p = p + 1;
	return true;
}

/*
 * What is in angle brackets, without folds. Of two in one mailbox ("Ann <a@b> Bob <c@d>", a comma forgotten) the
 * first one counts.
 */
static void
take_angle(struct scan *s)
{
	struct im_buf *out = s->angle.n ? &s->extra : &s->angle;

	im_buf_clear(&s->extra);
	s->have_angle = true;
	for (s->p++; s->p < s->end && *s->p != '>';) {
		char c = *s->p;
		bool at = out->n && memchr(out->p, '@', out->n);

		if (c == '"' && take_quoted(s, out))
			continue;
		/* "<@a,@b:c@d>" and "<undisclosed:;@x>" go on, "<a@b, c@d" has lost its bracket */
		if ((c == ',' && (!at || out->p[0] != '@')) || (c == ';' && at))
			break;
		if (c == '<') /* "<<a@b>>" */
			im_buf_clear(out);
		else if (!is_space(c) || (c == ' ' && s->p[-1] != '\n' && s->p[-1] != ' '))
			im_buf_addc(out, c);
		s->p++;
	}
	if (s->p < s->end && *s->p == '>')
		s->p++;
	s->named = im_str_trim(im_buf_str(&s->words)).n > 0;
}

/* RFC 5322 4.4: a route is of no use any more */
static struct im_str
without_route(struct im_str a)
{
	const char *colon = a.n && a.p[0] == '@' ? memchr(a.p, ':', a.n) : NULL;

	return colon ? (struct im_str) { colon + 1, a.n - (size_t)(colon + 1 - a.p) } : a;
}

static const char *
last_at(struct im_str s)
{
	return s.n ? memrchr(s.p, '@', s.n) : NULL;
}

/* without the white space around "@" that RFC 5322 4.4 allows */
static void
add_address_text(struct im_str s, struct im_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t after = i;

		while (after < s.n && s.p[after] == ' ')
			after++;
		if (after > i && ((after < s.n && s.p[after] == '@') || (i > 0 && s.p[i - 1] == '@')))
			i = after;
		if (i < s.n)
			im_buf_addc(out, s.p[i]);
	}
}

/* the address as text: one line, domain in lower case without a final dot; "" when there is none */
static const char *
make_addr(struct im_arena *arena, struct im_str raw)
{
	struct im_buf b, text;
	const char *at, *r = "";
	size_t dom;

	raw = im_str_trim(without_route(im_str_trim(raw)));
	if (raw.n > 2 && raw.p[0] == '<' && raw.p[raw.n - 1] == '>')
		raw = (struct im_str) { raw.p + 1, raw.n - 2 };
	if (raw.n == 0 || raw.n > IM_ADDRESS_MAX_BYTES)
		return "";
	im_buf_init(&b, IM_ADDRESS_MAX_BYTES * 4);
	im_buf_init(&text, IM_ADDRESS_MAX_BYTES * 4);
	im_header_text(raw, &text);
	add_address_text(im_str_trim(im_buf_str(&text)), &b);
	at = last_at(im_buf_str(&b));
	if (at && (at == b.p || at + 1 == b.p + b.n))
		b.n = 0; /* "@example.org", "ann@" */
	dom = at ? (size_t)(at - b.p) + 1 : b.n;
	for (size_t i = dom; i < b.n; i++)
		if (b.p[i] >= 'A' && b.p[i] <= 'Z')
			b.p[i] = (char)(b.p[i] + ('a' - 'A'));
	if (b.n > dom + 1 && b.p[b.n - 1] == '.')
		b.n--;
	if (b.n)
		r = im_arena_strndup(arena, b.p, b.n);
	im_buf_done(&b);
	im_buf_done(&text);
	return r;
}

static const char *
make_name(struct im_arena *arena, struct im_str raw)
{
	struct im_buf b;
	struct im_str t;
	const char *r;

	raw = im_str_trim(raw);
	if (raw.n == 0)
		return "";
	im_buf_init(&b, IM_ADDRESS_NAME_MAX_BYTES);
	im_header_text(raw, &b);
	t = im_str_trim(im_buf_str(&b));
	if (t.n >= 2 && t.p[0] == t.p[t.n - 1] && (t.p[0] == '"' || t.p[0] == '\''))
		t = im_str_trim((struct im_str) { t.p + 1, t.n - 2 });
	r = t.n ? im_arena_strndup(arena, t.p, t.n) : "";
	im_buf_done(&b);
	return r;
}

/*
 * The word with the "@" among words outside of brackets: *ret_name becomes the rest. White space around "@" and
 * inside of a quoted local part belongs to the address (RFC 5322 4.4).
 */
static struct im_str
find_bare(struct im_str words, bool quoted_local, struct im_str *ret_name)
{
	const char *at = quoted_local ? last_at(words) : words.n ? memchr(words.p, '@', words.n) : NULL;
	const char *a = at, *e = at, *end = words.p + words.n;

	*ret_name = (struct im_str) { NULL, 0 };
	if (!at) { /* a local name, as programs on this or another machine write it: "root", "MAILER-DAEMON" */
		for (size_t i = 0; i < words.n; i++)
			if (is_space(words.p[i]))
				return (struct im_str) { NULL, 0 };
		return words;
	}
	while (a > words.p && is_space(a[-1]))
		a--;
	if (quoted_local)
		a = words.p;
	while (a > words.p && !is_space(a[-1]))
		a--;
	for (e++; e < end && is_space(*e); e++)
		;
	while (e < end && !is_space(*e))
		e++;
	/* the name is before it or else behind it */
	*ret_name = (struct im_str) { words.p, (size_t)(a - words.p) };
	if (im_str_trim(*ret_name).n == 0)
		*ret_name = (struct im_str) { e, (size_t)(end - e) };
	return (struct im_str) { a, (size_t)(e - a) };
}

static void
add(struct im_arena *arena, struct im_addresses *l, int max, const char *name, const char *addr)
{
	if (!*addr)
		return;
	if (l->n == max) {
		l->cut = true;
		return;
	}
	if (l->n == 0 || (l->n >= 4 && (l->n & (l->n - 1)) == 0)) { /* 4, 8, 16 ... */
		struct im_address *more =
		    im_arena_alloc(arena, sizeof(*more) * (size_t)(l->n ? l->n * 2 : 4));

		if (l->n)
			memcpy(more, l->a, sizeof(*more) * (size_t)l->n);
		l->a = more;
	}
	l->a[l->n++] = (struct im_address) { name, addr };
}

static void scan_list(
    struct im_arena *arena, struct im_str raw, int max, bool nested, struct im_addresses *ret);

/* all of it in encoded words, which RFC 2047 5 forbids for an address: read what they say, once */
static void
encoded_mailbox(
    const struct scan *s, struct im_str words, struct im_arena *arena, struct im_addresses *l, int max)
{
	struct im_buf text;

	if (s->nested)
		return;
	im_buf_init(&text, PHRASE_MAX);
	im_header_text(words, &text);
	if (last_at(im_buf_str(&text)))
		scan_list(arena, im_buf_str(&text), max, true, l);
	im_buf_done(&text);
}

static void
end_mailbox(struct scan *s, struct im_arena *arena, struct im_addresses *l, int max)
{
	struct im_str words = im_str_trim(im_buf_str(&s->words)), name = words, bare = { NULL, 0 };
	const char *addr = "";

	if (l->cut)
		return;
	if (!s->have_angle && !last_at(words) && words.n && memmem(words.p, words.n, "=?", 2)) {
		encoded_mailbox(s, words, arena, l, max);
		clear(s);
		return;
	}
	if (s->have_angle)
		addr = make_addr(arena, im_buf_str(&s->angle));
	/* "MAILER-DAEMON <>" says that there is none */
	if (!*addr && words.n && (!s->have_angle || last_at(words))) {
		bare = find_bare(words, s->quoted_local, &name);
		addr = make_addr(arena, bare);
	}
	if (*addr) {
		if (im_str_trim(name).n == 0)
			name = im_buf_str(&s->comment);
		if (im_str_eqi(im_str_trim(name), im_str(addr))) /* says nothing */
			name.n = 0;
		add(arena, l, max, make_name(arena, name), addr);
	}
	clear(s);
}

/* "name:" begins a group when no address stands before the colon; "[IPv6:...]" and "mailto:" do not */
static bool
begins_group(const struct scan *s)
{
	return !s->group && !s->have_angle && s->words.n && !memchr(s->words.p, '@', s->words.n) &&
	       !memchr(s->words.p, '[', s->words.n);
}

static void
scan(struct scan *s, struct im_arena *arena, struct im_addresses *l, int max)
{
	while (s->p < s->end && !l->cut) {
		char c = *s->p;

		if (c == '"' && take_quoted(s, &s->words))
			continue;
		if (c == '(' && take_comment(s))
			continue;
		if (c == '<') {
			take_angle(s);
			continue;
		}
		s->p++;
		if (c == ',' || c == ';') {
			end_mailbox(s, arena, l, max);
			if (c == ';')
				s->group = false;
		} else if (c == ':' && begins_group(s)) {
			clear(s);
			s->group = true;
		} else if (!s->named && (c != '>' || !s->have_angle)) {
			im_buf_addc(&s->words, c);
		}
	}
	end_mailbox(s, arena, l, max);
}

static void
scan_list(struct im_arena *arena, struct im_str raw, int max, bool nested, struct im_addresses *ret)
{
	struct scan s = { .p = raw.p, .nested = nested };

	if (raw.n == 0)
		return;
	s.end = raw.p + raw.n;
	im_buf_init(&s.words, PHRASE_MAX);
	im_buf_init(&s.comment, PHRASE_MAX);
	im_buf_init(&s.angle, PHRASE_MAX);
	im_buf_init(&s.extra, PHRASE_MAX);
	scan(&s, arena, ret, max);
	im_buf_done(&s.words);
	im_buf_done(&s.comment);
	im_buf_done(&s.angle);
	im_buf_done(&s.extra);
}

void
im_addresses_first(struct im_arena *arena, struct im_str raw, int max, struct im_addresses *ret)
{
	*ret = (struct im_addresses) { 0 };
	scan_list(arena, raw, max, false, ret);
}

void
im_addresses_parse(struct im_arena *arena, struct im_str raw, struct im_addresses *ret)
{
	im_addresses_first(arena, raw, IM_ADDRESS_MAX, ret);
}
