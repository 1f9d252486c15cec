/*
 * charset_shift.c - charsets whose bytes are all ASCII and mean something else between marks: UTF-7, HZ, ISO-2022-KR
 *
 * They are rare and old; iconv has them, but a program that is linked statically has not.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/charset_table.h"

#include <string.h>
#include <strings.h>

static void
add_char(struct im_buf *out, uint32_t c)
{
	char u[4];
	size_t n = im_utf8_put(c, u);

	if (out->max - out->n < n)
		out->full = true;
	if (!out->full)
		im_buf_add(out, u, n);
}

static int
base64(unsigned char c)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(set, c) : NULL;

	return at ? (int)(at - set) : -1;
}

/* add_unit - one unit of UTF-16; *high keeps the first of a pair */
static void
add_unit(struct im_buf *out, uint32_t unit, uint32_t *high)
{
	bool low = unit >= 0xdc00 && unit < 0xe000;

	if (*high && low) {
		add_char(out, 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00));
		*high = 0;
		return;
	}
	if (*high || low)
		add_char(out, 0xfffd);
	*high = unit >= 0xd800 && unit < 0xdc00 ? unit : 0;
	if (!*high && !low)
		add_char(out, unit);
}

/* RFC 2152 */
static void
utf7(struct im_str in, struct im_buf *out)
{
	size_t i = 0;

	while (i < in.n && !out->full) {
		unsigned char c = (unsigned char)in.p[i++];
		uint32_t bits = 0, high = 0;
		int have = 0, v;

		if (c != '+') {
			add_char(out, c < 0x80 ? c : 0xfffd);
			continue;
		}
		if (i < in.n && in.p[i] == '-') {
			add_char(out, '+');
			i++;
			continue;
		}
		for (; i < in.n && (v = base64((unsigned char)in.p[i])) >= 0; i++) {
			bits = bits << 6 | (uint32_t)v;
			have += 6;
			if (have >= 16) {
				have -= 16;
				add_unit(out, bits >> have & 0xffff, &high);
			}
		}
		if (high)
			add_char(out, 0xfffd);
		if (i < in.n && in.p[i] == '-')
			i++;
	}
}

/* mark - the length of the mark at s, which it turns to on or off; what stands for one character is added */
static size_t
mark(bool hz, struct im_str s, bool *on, struct im_buf *out)
{
	if (!hz && im_str_starts(s, "\033$)C"))
		return 4;
	if (!hz && (*s.p == '\016' || *s.p == '\017')) {
		*on = *s.p == '\016';
		return 1;
	}
	if (!hz || s.n < 2 || *s.p != '~')
		return 0;
	if (s.p[1] == '{' || s.p[1] == '}')
		*on = s.p[1] == '{';
	else if (s.p[1] == '~')
		im_buf_addc(out, '~');
	else if (s.p[1] != '\n')
		return 0;
	return 2;
}

/* RFC 1843 and RFC 1557: pairs of seven bits between marks, which are the pairs of EUC with the high bit off */
static bool
seven_bits(bool hz, struct im_str in, struct im_buf *out)
{
	struct im_buf euc;
	bool on = false, known;
	size_t n;

	im_buf_init(&euc, in.n + 1);
	for (size_t i = 0; i < in.n; i += n) {
		n = mark(hz, (struct im_str) { in.p + i, in.n - i }, &on, &euc);
		if (n)
			continue;
		n = 1;
		if (in.p[i] == '\n' && !hz)
			on = false;
		im_buf_addc(&euc, on && in.p[i] > ' ' ? (char)(in.p[i] | 0x80) : in.p[i]);
	}
	known = im_charset_from_table(hz ? "GB18030" : "UHC", im_buf_str(&euc), true, out);
	im_buf_done(&euc);
	return known;
}

bool
im_charset_from_shift(const char *name, struct im_str in, struct im_buf *out)
{
	if (strcasecmp(name, "UTF-7") == 0)
		utf7(in, out);
	else if (strcasecmp(name, "HZ") == 0)
		return seven_bits(true, in, out);
	else if (strcasecmp(name, "ISO-2022-KR") == 0)
		return seven_bits(false, in, out);
	else
		return false;
	return true;
}
