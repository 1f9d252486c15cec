/*
 * charset_table.c - walking the tables
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/charset_table.h"

#include <ctype.h>
#include <string.h>

enum { PIECE = 1024, TRAILS = 191 };

/* other names of them, without marks; that iconv knows them is no help where there is no iconv */
static const char *const other_names[][2] = {
	{ "latin2", "ISO-8859-2" },
	{ "l2", "ISO-8859-2" },
	{ "latin3", "ISO-8859-3" },
	{ "latin4", "ISO-8859-4" },
	{ "cyrillic", "ISO-8859-5" },
	{ "arabic", "ISO-8859-6" },
	{ "greek", "ISO-8859-7" },
	{ "hebrew", "ISO-8859-8" },
	{ "latin5", "CP1254" },
	{ "iso88599", "CP1254" },
	{ "latin6", "ISO-8859-10" },
	{ "latin10", "ISO-8859-16" },
	{ "ibm437", "CP437" },
	{ "ibm850", "CP850" },
	{ "ibm852", "CP852" },
	{ "ibm866", "CP866" },
	{ "koi8u", "KOI8-U" },
	{ "mac", "MACINTOSH" },
};

/* same - do the names differ in nothing but case and the marks between words ("iso_8859-2", "iso8859-2")? */
static bool
same(const char *a, const char *b)
{
	for (;; a++, b++) {
		a += strspn(a, "-_ .:");
		b += strspn(b, "-_ .:");
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (!*a)
			return true;
	}
}

static const struct im_charset_table *
find(const char *name)
{
	for (size_t i = 0; i < IM_COUNT(other_names); i++)
		if (same(name, other_names[i][0]))
			name = other_names[i][1];
	for (size_t i = 0; i < im_charset_ntables; i++)
		if (same(im_charset_tables[i].name, name))
			return &im_charset_tables[i];
	return NULL;
}

/* next - the character at p, its bytes in *ret_n; 0: the table does not know it */
static uint32_t
next(const struct im_charset_table *t, const unsigned char *p, const unsigned char *end, size_t *ret_n)
{
	*ret_n = 1;
	if (*p < 0x80)
		return *p ? *p : UINT32_MAX; /* NUL is known, and told from "not known" */
	if (t->single[*p - 0x80])
		return t->single[*p - 0x80];
	if (!t->pair || end - p < 2 || *p < 0x81 || *p > 0xfe || p[1] < 0x40 || p[1] > 0xfe)
		return 0;
	*ret_n = 2;
	return t->pair[(*p - 0x81) * TRAILS + p[1] - 0x40];
}

static bool
knows_all(const struct im_charset_table *t, const unsigned char *p, const unsigned char *end)
{
	for (size_t n; p < end; p += n)
		if (!next(t, p, end, &n))
			return false;
	return true;
}

/* append - false when it did not fit whole; what fits is added, up to a character */
static bool
append(struct im_buf *out, struct im_str s)
{
	size_t room = out->max - out->n;

	if (s.n <= room) {
		im_buf_add(out, s.p, s.n);
		return true;
	}
	im_buf_add(out, s.p, im_utf8_cut(s, room));
	out->full = true;
	return false;
}

bool
im_charset_from_table(const char *name, struct im_str in, bool lenient, struct im_buf *out)
{
	const struct im_charset_table *t = find(name);
	const unsigned char *p = (const unsigned char *)in.p, *end = p + in.n;
	char piece[PIECE];
	size_t filled = 0, n;

	if (!t || (!lenient && !knows_all(t, p, end)))
		return false;
	for (; p < end && !out->full; p += n) {
		uint32_t c = next(t, p, end, &n);

		if (!c) {
			c = 0xfffd;
			n = 1;
		}
		filled += im_utf8_put(c == UINT32_MAX ? 0 : c, piece + filled);
		if (filled > PIECE - 4) {
			(void)append(out, (struct im_str) { piece, filled });
			filled = 0;
		}
	}
	if (filled && !out->full)
		(void)append(out, (struct im_str) { piece, filled });
	return true;
}
