/*
 * header_word.c - unstructured text: folds, encoded words (RFC 2047), raw 8-bit text, control characters
 *
 * Encoded words are decoded wherever they stand, not only where RFC 2047 5 allows them, and with spaces in them:
 * that is what is sent. What does not parse as a word stays as it is. Every search below stops at the next "=?",
 * so the time is linear for any input.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/header.h"

#include <string.h>

#include "mail/charset.h"
#include "mail/mime.h"

enum { CHARSET_MAX = 64 };

struct word {
	struct im_str charset, text;
	bool base64;
	const char *end; /* behind "?=" */
};

struct decoding {
	struct im_buf *out;
	struct im_buf bytes; /* of adjacent words in one charset */
	struct im_buf utf8;
	struct im_str charset;
	bool open; /* a word was the last thing */
	bool keep_bidi;
	bool raw_utf8;
};

static bool
is_hex(char c)
{
	return im_hex_digit(c) >= 0;
}

static bool
is_blank(struct im_str s)
{
	return im_str_trim(s).n == 0;
}

static bool
is_bidi(uint32_t c)
{
	return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void
im_text_line(struct im_str text, bool keep_bidi, struct im_buf *out)
{
	const char *p = text.n ? text.p : "", *end = p + text.n, *start = p;
	size_t n;

	for (; p < end; p += n) {
		uint32_t c = (unsigned char)*p;

		n = 1;
		if (c >= ' ' && c < 0x7f)
			continue;
		if (c >= 0x80) {
			c = im_utf8_next(p, end, &n);
			if (c >= 0xa0 && c != 0x2028 && c != 0x2029 && (keep_bidi || !is_bidi(c)))
				continue;
		}
		im_buf_add(out, start, (size_t)(p - start));
		/* separators become a space, everything else that is not to be seen nothing */
		if (c == '\t' || c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029)
			im_buf_addc(out, ' ');
		start = p + n;
	}
	im_buf_add(out, start, (size_t)(p - start));
}

/*
 * Where the text of a word ends: at "?=", but in Q a "?" of the text may be followed by an escape, "what?=20now?=".
 * A new word does not begin inside of one. NULL: no end.
 */
static const char *
word_end(const char *p, const char *end, bool q)
{
	const char *first = NULL;

	for (; end - p >= 2; p++) {
		if (first && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
			break;
		if (*p != '?')
			continue;
		if (p[1] != '=') {
			if (p[-1] == '=')
				break;
		} else if (q && end - p >= 4 && is_hex(p[2]) && is_hex(p[3])) {
			first = first ? first : p;
		} else {
			return p;
		}
	}
	return first;
}

/* an encoded word at p: "=?charset*lang?Q?text?=" */
static bool
parse_word(const char *p, const char *end, struct word *ret)
{
	const char *cs = p + 2, *q = cs, *star, *close;

	if (end - p < 8 || p[1] != '?')
		return false;
	while (q < end && q - cs<CHARSET_MAX && * q> ' ' && *q < 0x7f && *q != '?' && *q != '=')
		q++;
	if (q == cs || end - q < 5 || q[0] != '?' || q[2] != '?' || !strchr("bBqQ", q[1]) || !q[1])
		return false;
	ret->charset = (struct im_str) { cs, (size_t)(q - cs) };
	/* RFC 2231 5: a language may follow the charset */
	star = memchr(cs, '*', ret->charset.n);
	if (star)
		ret->charset.n = (size_t)(star - cs);
	ret->base64 = q[1] == 'b' || q[1] == 'B';
	close = word_end(q + 3, end, !ret->base64);
	if (!close)
		return false;
	ret->text = (struct im_str) { q + 3, (size_t)(close - q - 3) };
	ret->end = close + 2;
	return true;
}

static void
decode_q(struct im_str s, struct im_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '=' && s.n - i > 2 && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2])) {
			c = (char)(im_hex_digit(s.p[i + 1]) * 16 + im_hex_digit(s.p[i + 2]));
			i += 2;
		} else if (c == '_') {
			c = ' ';
		} else if (c == '\r' || c == '\n') {
			continue; /* a fold within a word */
		}
		im_buf_addc(out, c);
	}
}

static void
flush_words(struct decoding *d)
{
	if (d->open) {
		im_buf_clear(&d->utf8);
		im_to_utf8(d->charset, im_buf_str(&d->bytes), &d->utf8);
		im_text_line(im_buf_str(&d->utf8), d->keep_bidi, d->out);
		im_buf_clear(&d->bytes);
	}
	d->open = false;
}

static void
add_plain(struct decoding *d, struct im_str s)
{
	const char *p = s.n ? s.p : "", *end = p + s.n, *nl;

	if (s.n == 0)
		return;
	im_buf_clear(&d->utf8);
	/* RFC 5322 2.2.3: unfolding removes the line end, not the white space after it */
	for (; (nl = memchr(p, '\n', (size_t)(end - p))) != NULL; p = nl + 1) {
		im_to_utf8(d->charset, (struct im_str) { p, (size_t)(nl - p) - (nl > p && nl[-1] == '\r') },
		    &d->utf8);
		if (nl + 1 < end && nl[1] != ' ' && nl[1] != '\t')
			im_buf_addc(&d->utf8, ' ');
	}
	im_to_utf8(d->charset, (struct im_str) { p, (size_t)(end - p) }, &d->utf8);
	im_text_line(im_buf_str(&d->utf8), d->keep_bidi, d->out);
}

/* one character in eight may be wrong, that is an accident */
static bool
is_base64(struct im_str s)
{
	size_t bad = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], l = (char)(c | 0x20);

		bad += !((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || (c && strchr("+/= \t\r\n", c)));
	}
	return bad * 8 <= s.n;
}

static void
add_word(struct decoding *d, const struct word *w)
{
	size_t before;

	if (d->open && !im_str_eqi(d->charset, w->charset))
		flush_words(d);
	d->open = true;
	d->charset = w->charset;
	before = d->bytes.n;
	if (!w->base64) {
		decode_q(w->text, &d->bytes);
	} else {
		struct im_decoder dec = { .cte = IM_CTE_BASE64 };

		im_decode(&dec, w->text, true, &d->bytes);
		/* if it was no base64 it is shown as it is */
		if (!is_base64(w->text)) {
			d->bytes.n = before;
			im_buf_add_str(&d->bytes, w->text);
		}
	}
}

static void
decode(struct im_str raw, bool keep_bidi, struct im_buf *out)
{
	struct decoding d = { .out = out, .keep_bidi = keep_bidi };
	const char *p, *end, *plain;
	struct im_str guess;
	struct word w;

	if (raw.n == 0)
		return;
	p = plain = raw.p;
	end = p + raw.n;
	im_buf_init(&d.bytes, raw.n + 4);
	im_buf_init(&d.utf8, raw.n * 4 + 4);
	guess = im_utf8_valid(raw) ? IM_STR("") : IM_STR("windows-1252");
	while ((p = memchr(p, '=', (size_t)(end - p))) != NULL) {
		struct im_str gap = { plain, (size_t)(p - plain) };

		if (!parse_word(p, end, &w)) {
			p++;
			continue;
		}
		/* RFC 2047 6.2: white space between two words is not shown */
		if (!d.open || !is_blank(gap)) {
			flush_words(&d);
			d.charset = guess;
			add_plain(&d, gap);
		}
		add_word(&d, &w);
		p = plain = w.end;
	}
	flush_words(&d);
	d.charset = guess;
	add_plain(&d, (struct im_str) { plain, (size_t)(end - plain) });
	im_buf_done(&d.bytes);
	im_buf_done(&d.utf8);
}

void
im_header_text(struct im_str raw, struct im_buf *out)
{
	decode(raw, false, out);
}

void
im_header_decode(struct im_str raw, struct im_buf *out)
{
	decode(raw, true, out);
}
