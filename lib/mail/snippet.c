/*
 * snippet.c - the first words of a text
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/snippet.h"

#include <string.h>

struct words {
	struct im_buf *out;
	size_t max, start;
	bool space; /* white space since the last character */
};

/* characters that senders fill previews with, and what must not be in a list: nothing of them is seen */
static bool
invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f ||
	       c == 0x1160 || c == 0x17b4 || c == 0x17b5 || (c >= 0x180b && c <= 0x180f) ||
	       (c >= 0x200b && c <= 0x200f && c != 0x200d) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0x2800 || c == 0x3164 || c == 0xfeff || c == 0xfffd ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

static bool
white(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x3000;
}

/* false when there is no more room */
static bool
add_char(struct words *w, uint32_t c)
{
	char u[4];
	size_t n, space;

	if (white(c)) {
		w->space = true;
		return true;
	}
	if (invisible(c))
		return true;
	n = im_utf8_put(c, u);
	space = w->space && w->out->n > w->start;
	if (w->out->n - w->start + n + space > w->max)
		return false;
	if (space)
		im_buf_addc(w->out, ' ');
	im_buf_add(w->out, u, n);
	w->space = false;
	return true;
}

static bool
add_text(struct words *w, struct im_str s)
{
	const char *p = s.n ? s.p : "", *end = p + s.n;
	size_t n;

	for (; p < end; p += n)
		if (!add_char(w, im_utf8_next(p, end, &n)))
			return false;
	w->space = true;
	return true;
}

static bool
is_quote(struct im_str line)
{
	line = im_str_trim(line);
	return line.n && line.p[0] == '>';
}

/* "--- x ---", "=====", "*****": drawn, not said */
static bool
is_rule(struct im_str line)
{
	size_t n = 0;

	line = im_str_trim(line);
	while (n < line.n && strchr("-=_*#~+", line.p[n]))
		n++;
	return n >= 3 && n == line.n;
}

/* "On Monday Ann wrote:" stands right before a quote: it ends in a colon, and next comes the quote */
static bool
introduces(struct im_str line, struct im_str rest)
{
	line = im_str_trim(line);
	if (line.n == 0 || line.p[line.n - 1] != ':')
		return false;
	for (int i = 0; rest.p && i < 3; i++) {
		struct im_str next = im_str_cut(&rest, '\n');

		if (im_str_trim(next).n)
			return is_quote(next);
	}
	return false;
}

void
im_snippet_plain(struct im_str text, size_t max, struct im_buf *out)
{
	struct words w = { .out = out, .max = max, .start = out->n };
	struct im_str rest = text;

	while (rest.p && rest.n) {
		struct im_str line = im_str_cut(&rest, '\n');

		if (im_str_is(
			im_str_trim(line), "--")) /* RFC 3676 4.3; the space after it gets lost on the way */
			break;
		if (is_quote(line) || is_rule(line) || introduces(line, rest))
			continue;
		if (!add_text(&w, line))
			break;
	}
}

/* --- HTML */

/* a character reference at s: its character, *ret_n its length; 0: none. The names that mail is full of */
static uint32_t
entity(struct im_str s, size_t *ret_n)
{
	static const struct {
		const char *name;
		uint32_t c;
	} names[] = {
		{ "amp;", '&' },
		{ "lt;", '<' },
		{ "gt;", '>' },
		{ "quot;", '"' },
		{ "apos;", '\'' },
		{ "nbsp;", 0xa0 },
		{ "shy;", 0xad },
		{ "zwnj;", 0x200c },
		{ "zwj;", 0x200d },
		{ "ndash;", 0x2013 },
		{ "mdash;", 0x2014 },
		{ "lsquo;", 0x2018 },
		{ "rsquo;", 0x2019 },
		{ "ldquo;", 0x201c },
		{ "rdquo;", 0x201d },
		{ "hellip;", 0x2026 },
		{ "euro;", 0x20ac },
		{ "copy;", 0xa9 },
		{ "reg;", 0xae },
		{ "trade;", 0x2122 },
		{ "laquo;", 0xab },
		{ "raquo;", 0xbb },
		{ "bull;", 0x2022 },
		{ "middot;", 0xb7 },
		{ "auml;", 0xe4 },
		{ "ouml;", 0xf6 },
		{ "uuml;", 0xfc },
		{ "Auml;", 0xc4 },
		{ "Ouml;", 0xd6 },
		{ "Uuml;", 0xdc },
		{ "szlig;", 0xdf },
		{ "eacute;", 0xe9 },
		{ "egrave;", 0xe8 },
		{ "ecirc;", 0xea },
		{ "agrave;", 0xe0 },
		{ "acirc;", 0xe2 },
		{ "ccedil;", 0xe7 },
		{ "ocirc;", 0xf4 },
		{ "ucirc;", 0xfb },
		{ "ugrave;", 0xf9 },
		{ "icirc;", 0xee },
		{ "iuml;", 0xef },
		{ "aacute;", 0xe1 },
		{ "iacute;", 0xed },
		{ "oacute;", 0xf3 },
		{ "uacute;", 0xfa },
		{ "ntilde;", 0xf1 },
		{ "Eacute;", 0xc9 },
		{ "Agrave;", 0xc0 },
	};
	size_t i = 2;
	uint32_t c = 0;

	for (size_t k = 0; k < IM_COUNT(names); k++) {
		if (im_str_starts((struct im_str) { s.p + 1, s.n - 1 }, names[k].name)) {
			*ret_n = strlen(names[k].name) + 1;
			return names[k].c;
		}
	}
	if (s.n < 3 || s.p[1] != '#')
		return 0;
	if ((s.p[2] | 0x20) == 'x') {
		for (i = 3; i < s.n && i < 10 && strchr("0123456789abcdefABCDEF", s.p[i]) && s.p[i]; i++)
			c = c * 16 + (uint32_t)(s.p[i] <= '9' ? s.p[i] - '0' : (s.p[i] | 0x20) - 'a' + 10);
	} else {
		for (; i < s.n && i < 10 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
			c = c * 10 + (uint32_t)(s.p[i] - '0');
	}
	if (i < s.n && s.p[i] == ';')
		i++;
	*ret_n = i;
	return i > 2 && c ? c : 0;
}

/* behind the element at *s whose content is not shown, or behind the tag */
static const char *
skip_tag(const char *p, const char *end)
{
	static const char *const hidden[] = { "style", "script", "head", "title", "template" };
	struct im_str tag = { p + 1, (size_t)(end - p - 1) };
	const char *close;

	if (im_str_starts(tag, "!--")) {
		close = memmem(p + 4, (size_t)(end - p - 4), "-->", 3);
		return close ? close + 3 : end;
	}
	for (size_t i = 0; i < IM_COUNT(hidden); i++) {
		size_t n = strlen(hidden[i]);

		if (!im_str_startsi(tag, hidden[i]) ||
		    (tag.n > n && tag.p[n] != '>' && tag.p[n] != ' ' && tag.p[n] != '\n'))
			continue;
		for (close = p; (close = memmem(close, (size_t)(end - close), "</", 2)) != NULL; close += 2)
			if (im_str_startsi(
				(struct im_str) { close + 2, (size_t)(end - close - 2) }, hidden[i]))
				break;
		if (!close)
			return end;
		p = close;
		break;
	}
	close = memchr(p, '>', (size_t)(end - p));
	return close ? close + 1 : end;
}

/* tags that do not end a word */
static bool
is_inline(struct im_str tag)
{
	static const char *const names[] = { "b", "i", "u", "a", "em", "strong", "span", "font", "wbr" };
	size_t n = 0;

	if (tag.n && tag.p[0] == '/') {
		tag.p++;
		tag.n--;
	}
	while (n < tag.n && ((tag.p[n] | 0x20) >= 'a' && (tag.p[n] | 0x20) <= 'z'))
		n++;
	for (size_t i = 0; i < IM_COUNT(names); i++)
		if (im_str_isi((struct im_str) { tag.p, n }, names[i]))
			return true;
	return false;
}

void
im_snippet_html(struct im_str html, size_t max, struct im_buf *out)
{
	struct words w = { .out = out, .max = max, .start = out->n };
	const char *p = html.n ? html.p : "", *end = p + html.n;
	size_t n;

	while (p < end) {
		uint32_t c = 0;

		if (*p == '<' && end - p > 1 &&
		    (p[1] == '/' || p[1] == '!' || p[1] == '?' ||
			((p[1] | 0x20) >= 'a' && (p[1] | 0x20) <= 'z'))) {
			w.space = w.space || !is_inline((struct im_str) { p + 1, (size_t)(end - p - 1) });
			p = skip_tag(p, end);
			continue;
		}
		n = 1;
		if (*p == '&')
			c = entity((struct im_str) { p, (size_t)(end - p) }, &n);
		if (!c)
			c = im_utf8_next(p, end, &n);
		if (!add_char(&w, c))
			return;
		p += n;
	}
}
