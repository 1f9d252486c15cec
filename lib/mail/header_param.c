/*
 * header_param.c - parameters of structured fields (RFC 2045 5.1, RFC 2231)
 *
 * What people send besides the grammar: unquoted values with spaces, RFC 2047 words in quoted strings, raw 8-bit
 * text, a missing final quote, ";" forgotten between a quoted value and the next name, continuations out of order.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/header.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "mail/charset.h"

enum { MAX_SECTIONS = 128, MAX_VALUE = 16 * 1024 };

struct param {
	struct im_str name, value; /* value: without its quotes */
	bool quoted;
};

/* a piece of a value in sections: name*NUMBER or name*NUMBER* */
struct section {
	unsigned number;
	bool encoded;
	struct param param;
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* a comment "(...)", nested; returns what follows it */
static const char *
skip_comment(const char *p, const char *end)
{
	int depth = 0;

	for (; p < end; p++) {
		if (*p == '\\' && end - p > 1)
			p++;
		else if (*p == '(')
			depth++;
		else if (*p == ')' && --depth == 0)
			return p + 1;
	}
	return end;
}

/* a quoted string at p; without its final quote it ends at the ";" (there can be only one such: the time is linear) */
static const char *
read_quoted(const char *p, const char *end, struct param *ret)
{
	const char *start = ++p, *semi;

	while (p < end && *p != '"')
		p += *p == '\\' && end - p > 1 ? 2 : 1;
	ret->quoted = true;
	if (p >= end) {
		semi = memchr(start, ';', (size_t)(end - start));
		p = semi ? semi : end;
		ret->value = im_str_trim((struct im_str) { start, (size_t)(p - start) });
		return p;
	}
	ret->value = (struct im_str) { start, (size_t)(p - start) };
	return p + 1;
}

static struct im_str
last_word(struct im_str s)
{
	struct im_str t = im_str_trim(s);
	size_t at = t.n;

	while (at > 0 && !is_space(t.p[at - 1]))
		at--;
	return (struct im_str) { t.p + at, t.n - at };
}

/* the next "name=value" at *pos; false at the end */
static bool
next_param(struct im_str raw, size_t *pos, struct param *ret)
{
	const char *p = raw.p + *pos, *end = raw.p + raw.n, *start;

	for (;;) {
		while (p < end && (is_space(*p) || *p == ';'))
			p++;
		if (p < end && *p == '(') {
			p = skip_comment(p, end);
			continue;
		}
		start = p;
		while (p < end && *p != '=' && *p != ';' && *p != '(')
			p++;
		if (p >= end)
			return false;
		if (*p == '=')
			break;
	}
	/* the last word: "text/plain charset=x" lacks its semicolon */
	*ret = (struct param) { .name = last_word((struct im_str) { start, (size_t)(p - start) }) };
	for (p++; p < end && is_space(*p); p++)
		;
	if (p < end && *p == '"') {
		p = read_quoted(p, end, ret);
	} else {
		start = p;
		while (p < end && *p != ';')
			p++;
		ret->value = im_str_trim((struct im_str) { start, (size_t)(p - start) });
	}
	*pos = (size_t)(p - raw.p);
	return true;
}

/* the value without backslashes and folds */
static void
add_unquoted(const struct param *p, struct im_buf *out)
{
	for (size_t i = 0; i < p->value.n; i++) {
		char c = p->value.p[i];

		/* a backslash quotes '"' and '\'; before anything else it is part of a DOS path, as sent by many */
		if (p->quoted && c == '\\' && i + 1 < p->value.n &&
		    (p->value.p[i + 1] == '"' || p->value.p[i + 1] == '\\'))
			c = p->value.p[++i];
		else if (c == '\r' || c == '\n')
			continue;
		im_buf_addc(out, c);
	}
}

static void
add_percent(struct im_str s, struct im_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%' && s.n - i > 2 && im_hex_digit(s.p[i + 1]) >= 0 &&
		    im_hex_digit(s.p[i + 2]) >= 0) {
			c = (char)(im_hex_digit(s.p[i + 1]) * 16 + im_hex_digit(s.p[i + 2]));
			i += 2;
		} else if (c == '\r' || c == '\n') {
			continue;
		}
		im_buf_addc(out, c);
	}
}

/* "charset'language'text": the charset, *s becomes the text (RFC 2231 4) */
static struct im_str
take_charset(struct im_str *s)
{
	struct im_str rest = *s, charset;

	if (s->n == 0 || !memchr(s->p, '\'', s->n))
		return IM_STR("");
	charset = im_str_cut(&rest, '\'');
	if (!rest.p || !memchr(rest.p, '\'', rest.n))
		return IM_STR("");
	(void)im_str_cut(&rest, '\'');
	*s = rest.p ? rest : IM_STR("");
	return charset;
}

/* what follows the asterisk of "name*", "name*3", "name*3*"; false: not of this form */
static bool
read_suffix(struct im_str s, struct section *ret)
{
	uint64_t n = 0;

	ret->encoded = s.n == 0 || s.p[s.n - 1] == '*';
	if (s.n > 0 && ret->encoded)
		s.n--;
	if (s.n > 0 && !im_str_u64(s, MAX_SECTIONS - 1, &n))
		return false;
	ret->number = (unsigned)n;
	return true;
}

static void
insert(struct section *v, size_t *n, const struct section *s)
{
	size_t at = *n;

	if (*n == MAX_SECTIONS)
		return;
	while (at > 0 && v[at - 1].number > s->number)
		at--;
	memmove(v + at + 1, v + at, (*n - at) * sizeof(*v));
	v[at] = *s;
	(*n)++;
}

static void
add_sections(const struct section *v, size_t n, struct im_buf *out)
{
	struct im_str charset = IM_STR("");
	bool encoded = false;
	struct im_buf bytes;

	im_buf_init(&bytes, MAX_VALUE);
	for (size_t i = 0; i < n; i++) {
		struct im_str s = v[i].param.value;

		/* sections count on without a gap; the same one twice: the first */
		if (i > 0 && v[i].number == v[i - 1].number)
			continue;
		if (i > 0 && v[i].number != v[i - 1].number + 1)
			break;
		if (i == 0 && v[i].encoded)
			charset = take_charset(&s);
		if (v[i].encoded)
			add_percent(s, &bytes);
		else
			add_unquoted(&v[i].param, &bytes);
		encoded = encoded || v[i].encoded;
	}
	if (encoded) {
		struct im_buf utf8;

		im_buf_init(&utf8, MAX_VALUE * 4);
		im_to_utf8(charset, im_buf_str(&bytes), &utf8);
		im_text_line(im_buf_str(&utf8), false, out);
		im_buf_done(&utf8);
	} else {
		im_header_text(im_buf_str(&bytes), out);
	}
	im_buf_done(&bytes);
}

/*
 * RFC 2231 forms win over the plain one, which is there for old readers (RFC 6266 4.3). RFC 2047 words in a plain
 * value are against RFC 2047 5 (3) and common.
 */
static bool
get_param(struct im_str raw, const char *name, bool as_is, struct im_buf *out)
{
	struct section *v = NULL, s;
	struct param p, plain = { .value = { NULL, 0 } };
	size_t nv = 0, len = strlen(name), pos = 0;
	bool found = false;

	if (raw.n == 0)
		return false;
	while (next_param(raw, &pos, &p)) {
		if (!im_str_startsi(p.name, name))
			continue;
		if (p.name.n == len) {
			plain = found ? plain : p;
			found = true;
		} else if (p.name.p[len] == '*') {
			s.param = p;
			if (!read_suffix((struct im_str) { p.name.p + len + 1, p.name.n - len - 1 }, &s))
				continue;
			if (!v)
				v = im_malloc(MAX_SECTIONS * sizeof(*v));
			insert(v, &nv, &s);
		}
	}
	if (nv > 0) {
		add_sections(v, nv, out);
		found = true;
	} else if (found && as_is) {
		add_unquoted(&plain, out);
	} else if (found) {
		struct im_buf bytes;

		im_buf_init(&bytes, MAX_VALUE);
		add_unquoted(&plain, &bytes);
		im_header_text(im_buf_str(&bytes), out);
		im_buf_done(&bytes);
	}
	free(v);
	return found;
}

bool
im_header_param(struct im_str raw, const char *name, struct im_buf *out)
{
	return get_param(raw, name, false, out);
}

bool
im_header_param_raw(struct im_str raw, const char *name, struct im_buf *out)
{
	return get_param(raw, name, true, out);
}
