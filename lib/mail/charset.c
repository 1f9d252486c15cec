/*
 * charset.c - any charset to UTF-8
 *
 * The label of a text is often wrong in a few well-known ways, and the common subset of all mail programs decides:
 * ISO-8859-1 means windows-1252 (WHATWG Encoding 4.2), GB2312 means GB18030, Shift_JIS and EUC-KR mean Microsoft's
 * supersets; ASCII with the eighth bit set is UTF-8 if it can be, else windows-1252.
 *
 * iconv_open(3) loads a shared object, which costs more than reading the whole message; so text that is pure ASCII
 * in a charset that contains ASCII never gets there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mail/charset_table.h"

enum kind { UNKNOWN, UTF8, LATIN, LATIN9, JIS, WIDE, OTHER };

/* windows-1252 0x80-0x9f (WHATWG: the five holes are the C1 controls) */
static const uint16_t cp1252[32] = { 0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6,
	0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178 };

/* the names that are met and that iconv does not know, or knows as something too narrow; lower case */
static const struct alias {
	const char *name;
	enum kind kind;
	const char *iconv;
} aliases[] = {
	{ "utf-8", UTF8, NULL },
	{ "utf8", UTF8, NULL },
	{ "unicode-1-1-utf-8", UTF8, NULL },
	{ "x-utf-8", UTF8, NULL },
	{ "cp65001", UTF8, NULL },
	{ "us-ascii", UNKNOWN, NULL },
	{ "ascii", UNKNOWN, NULL },
	{ "ansi_x3.4-1968", UNKNOWN, NULL },
	{ "iso646-us", UNKNOWN, NULL },
	{ "7bit", UNKNOWN, NULL },
	{ "8bit", UNKNOWN, NULL },
	{ "binary", UNKNOWN, NULL },
	{ "x-unknown", UNKNOWN, NULL },
	{ "unknown-8bit", UNKNOWN, NULL },
	{ "unknown", UNKNOWN, NULL },
	{ "default", UNKNOWN, NULL },
	{ "default_charset", UNKNOWN, NULL },
	{ "iso-8859-1", LATIN, NULL },
	{ "iso8859-1", LATIN, NULL },
	{ "iso_8859-1", LATIN, NULL },
	{ "iso88591", LATIN, NULL },
	{ "iso-8859-1-windows-3.1-latin-1", LATIN, NULL },
	{ "latin1", LATIN, NULL },
	{ "latin-1", LATIN, NULL },
	{ "l1", LATIN, NULL },
	{ "windows-1252", LATIN, NULL },
	{ "cp1252", LATIN, NULL },
	{ "cp-1252", LATIN, NULL },
	{ "x-cp1252", LATIN, NULL },
	{ "ansi", LATIN, NULL },
	{ "iso-8859-15", LATIN9, NULL },
	{ "iso8859-15", LATIN9, NULL },
	{ "iso_8859-15", LATIN9, NULL },
	{ "latin9", LATIN9, NULL },
	{ "latin-9", LATIN9, NULL },
	{ "gb2312", OTHER, "GB18030" },
	{ "gbk", OTHER, "GB18030" },
	{ "x-gbk", OTHER, "GB18030" },
	{ "cp936", OTHER, "GB18030" },
	{ "euc-cn", OTHER, "GB18030" },
	{ "gb_2312-80", OTHER, "GB18030" },
	{ "cn-gb", OTHER, "GB18030" },
	{ "big5", OTHER, "BIG5-HKSCS" },
	{ "cn-big5", OTHER, "BIG5-HKSCS" },
	{ "x-x-big5", OTHER, "BIG5-HKSCS" },
	{ "euc-kr", OTHER, "UHC" },
	{ "ks_c_5601-1987", OTHER, "UHC" },
	{ "ks_c_5601-1989", OTHER, "UHC" },
	{ "ksc5601", OTHER, "UHC" },
	{ "ks_c_5601", OTHER, "UHC" },
	{ "korean", OTHER, "UHC" },
	{ "cp949", OTHER, "UHC" },
	{ "windows-949", OTHER, "UHC" },
	{ "shift_jis", OTHER, "CP932" },
	{ "shift-jis", OTHER, "CP932" },
	{ "sjis", OTHER, "CP932" },
	{ "x-sjis", OTHER, "CP932" },
	{ "ms_kanji", OTHER, "CP932" },
	{ "windows-31j", OTHER, "CP932" },
	{ "euc-jp", OTHER, "EUC-JP-MS" },
	{ "x-euc-jp", OTHER, "EUC-JP-MS" },
	{ "eucjp", OTHER, "EUC-JP-MS" },
	{ "iso-2022-jp", JIS, "EUC-JP-MS" },
	{ "iso2022-jp", JIS, "EUC-JP-MS" },
	{ "iso2022jp", JIS, "EUC-JP-MS" },
	{ "csiso2022jp", JIS, "EUC-JP-MS" },
	{ "jis", JIS, "EUC-JP-MS" },
	{ "iso-2022-jp-ms", JIS, "EUC-JP-MS" },
	{ "cp50220", JIS, "EUC-JP-MS" },
	{ "cp50221", JIS, "EUC-JP-MS" },
	{ "cp50222", JIS, "EUC-JP-MS" },
	{ "iso-8859-8-i", OTHER, "ISO-8859-8" },
	{ "iso-8859-8-e", OTHER, "ISO-8859-8" },
	{ "logical", OTHER, "ISO-8859-8" },
	{ "iso-8859-6-i", OTHER, "ISO-8859-6" },
	{ "iso-8859-9", OTHER, "CP1254" },
	{ "iso-8859-11", OTHER, "CP874" },
	{ "tis-620", OTHER, "CP874" },
	{ "windows-874", OTHER, "CP874" },
	{ "x-mac-roman", OTHER, "MACINTOSH" },
	{ "x-mac-cyrillic", OTHER, "MAC-CYRILLIC" },
	{ "koi8", OTHER, "KOI8-R" },
	{ "unicode-1-1-utf-7", WIDE, "UTF-7" },
	{ "utf7", WIDE, "UTF-7" },
	{ "unicode", WIDE, "UTF-16" },
	{ "hz-gb-2312", WIDE, "HZ" },
};

/* prefixes of the charsets in which a byte below 0x80 need not be that ASCII character */
static const char *const not_ascii[] = { "utf-16", "utf16", "utf-32", "utf32", "utf-7", "ucs", "unicode",
	"iso-2022", "iso2022", "csiso2022", "hz", "ibm", "cp037", "cp500", "cp1026", "ebcdic", "iso-10646",
	"cp875" };

struct charset {
	enum kind kind;
	char name[IM_CHARSET_NAME_MAX + 16]; /* for iconv */
};

/*
 * The label, cleaned. Only what names consist of reaches iconv_open(3): "//" would start its options, a path
 * separator has been a way to load foreign modules.
 */
static void
find_charset(struct im_str label, struct charset *ret)
{
	char low[IM_CHARSET_NAME_MAX + 1];
	size_t n = 0;

	*ret = (struct charset) { .kind = UNKNOWN };
	label = im_str_trim(label);
	while (label.n && (label.p[0] == '"' || label.p[0] == '\'')) {
		label.p++;
		label.n--;
	}
	for (; n < label.n && n < IM_CHARSET_NAME_MAX; n++) {
		char c = label.p[n];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + ('a' - 'A'));
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_.:+()", c))))
			break;
		low[n] = c;
	}
	low[n] = '\0';
	if (n == 0)
		return;
	for (size_t i = 0; i < IM_COUNT(aliases); i++) {
		if (strcmp(low, aliases[i].name) == 0) {
			ret->kind = aliases[i].kind;
			if (aliases[i].iconv)
				memcpy(ret->name, aliases[i].iconv, strlen(aliases[i].iconv) + 1);
			return;
		}
	}
	ret->kind = OTHER;
	for (size_t i = 0; i < IM_COUNT(not_ascii); i++)
		if (strncmp(low, not_ascii[i], strlen(not_ascii[i])) == 0)
			ret->kind = WIDE;
	/* "windows1251", "windows_1251" and "x-windows-1251" are all meant as CP1251 */
	memcpy(ret->name, low, n + 1);
	for (char *p = ret->name; (p = strstr(p, "windows")) != NULL; p++) {
		const char *digits = p + strlen("windows") + strspn(p + strlen("windows"), "-_ ");

		if (strspn(digits, "0123456789") == strlen(digits) && *digits) {
			char cp[IM_CHARSET_NAME_MAX + 4];

			if (im_fmt(cp, sizeof(cp), "CP%s", digits))
				memcpy(ret->name, cp, strlen(cp) + 1);
			return;
		}
	}
}

static bool
is_ascii(struct im_str s)
{
	size_t i = 0;
	uint64_t w;

	for (; s.n - i >= sizeof(w); i += sizeof(w)) {
		memcpy(&w, s.p + i, sizeof(w));
		if (w & UINT64_C(0x8080808080808080))
			return false;
	}
	for (; i < s.n; i++)
		if (s.p[i] & 0x80)
			return false;
	return true;
}

/* all of s, or as much as fits without splitting a character */
static void
add_valid(struct im_buf *out, struct im_str s)
{
	size_t room = out->max - out->n;

	if (out->full || s.n == 0)
		return;
	if (s.n <= room) {
		im_buf_add(out, s.p, s.n);
		return;
	}
	im_buf_add(out, s.p, im_utf8_cut(s, room));
	out->full = true;
}

static void
add_char(struct im_buf *out, uint32_t c)
{
	char u[4];

	if (!out->full)
		im_buf_add(out, u, im_utf8_put(c, u));
}

static void
from_latin(struct im_str in, bool latin9, struct im_buf *out)
{
	size_t start = 0, i = 0;

	while (i < in.n && !out->full) {
		unsigned char c = (unsigned char)in.p[i];
		uint32_t u = c;

		if (c < 0x80) {
			i++;
			continue;
		}
		add_valid(out, (struct im_str) { in.p + start, i - start });
		if (c < 0xa0)
			u = cp1252[c - 0x80];
		else if (latin9) /* eight places differ from ISO-8859-1 */
			u = c == 0xa4   ? 0x20ac
			    : c == 0xa6 ? 0x160
			    : c == 0xa8 ? 0x161
			    : c == 0xb4 ? 0x17d
			    : c == 0xb8 ? 0x17e
			    : c == 0xbc ? 0x152
			    : c == 0xbd ? 0x153
			    : c == 0xbe ? 0x178
					: c;
		add_char(out, u);
		start = ++i;
	}
	add_valid(out, (struct im_str) { in.p + start, in.n - start });
}

/* bytes that are no UTF-8 become U+FFFD */
static void
add_checked(struct im_buf *out, struct im_str in)
{
	const char *p = in.p, *end = in.p + in.n, *start = p;
	size_t n;

	for (; p < end && !out->full; p += n) {
		n = 1;
		if ((*p & 0x80) == 0 || im_utf8_next(p, end, &n) != 0xfffd || n > 1)
			continue;
		add_valid(out, (struct im_str) { start, (size_t)(p - start) });
		add_char(out, 0xfffd);
		start = p + 1;
	}
	add_valid(out, (struct im_str) { start, (size_t)(end - start) });
}

/* a text without one good sequence is no UTF-8 at all but a wrong label */
static void
from_utf8(struct im_str in, struct im_buf *out)
{
	const char *p = in.p, *end = in.p + in.n;
	size_t good = 0, bad = 0, n;

	for (; p < end; p += n) {
		n = 1;
		if ((*p & 0x80) == 0)
			continue;
		if (im_utf8_next(p, end, &n) == 0xfffd && n == 1)
			bad++;
		else
			good++;
	}
	if (bad > 0 && good == 0)
		from_latin(in, false, out);
	else if (bad > 0)
		add_checked(out, in);
	else
		add_valid(out, in);
}

static void
guess(struct im_str in, struct im_buf *out)
{
	if (im_utf8_valid(in))
		add_valid(out, in);
	else
		from_latin(in, false, out);
}

/* false when the charset is not known here; nothing was appended then */
static bool
from_iconv(const struct charset *cs, struct im_str in, struct im_buf *out)
{
	char *p = (char *)(uintptr_t)in.p; /* iconv(3) does not write to its input */
	size_t left = in.n;
	iconv_t cd;

	if (im_charset_from_table(cs->name, in, false, out))
		return true;
	cd = iconv_open("UTF-8", cs->name);
	if (cd == (iconv_t)-1) /* always, for most charsets, in a program that is linked statically */
		return im_charset_from_table(cs->name, in, true, out) ||
		       im_charset_from_shift(cs->name, in, out);
	while (left > 0 && !out->full) {
		char piece[4096], *q = piece;
		size_t room = sizeof(piece), r = iconv(cd, &p, &left, &q, &room);
		int e = errno;

		/* glibc lets through what RFC 3629 does not: beyond U+10FFFF */
		add_checked(out, (struct im_str) { piece, (size_t)(q - piece) });
		if (r != (size_t)-1 || e == E2BIG)
			continue;
		add_char(out, 0xfffd);
		if (e != EILSEQ) /* EINVAL: cut within a character */
			break;
		p++;
		left--;
	}
	if (!out->full) { /* some hold a character back that the next could combine with */
		char piece[64], *q = piece;
		size_t room = sizeof(piece);

		(void)iconv(cd, NULL, NULL, &q, &room);
		add_checked(out, (struct im_str) { piece, (size_t)(q - piece) });
	}
	iconv_close(cd);
	return true;
}

/* how many bytes the escape sequence at s has that selects a set for ISO-2022-JP (RFC 1468, RFC 2237); 0: none */
static size_t
jis_escape(struct im_str s, char *set)
{
	static const struct {
		const char *seq;
		char set; /* 'A'SCII, 'K'anji, supplementary kanji 'S', half-width katakana 'H' */
	} known[] = { { "\033(B", 'A' }, { "\033(J", 'A' }, { "\033(H", 'A' }, { "\033$B", 'K' },
		{ "\033$@", 'K' }, { "\033$(B", 'K' }, { "\033$(@", 'K' }, { "\033$(D", 'S' },
		{ "\033(I", 'H' } };

	for (size_t i = 0; i < IM_COUNT(known); i++) {
		if (im_str_starts(s, known[i].seq)) {
			*set = known[i].set;
			return strlen(known[i].seq);
		}
	}
	return 0;
}

/*
 * ISO-2022-JP to EUC-JP, which holds the same sets side by side. Not left to iconv because it refuses the characters
 * that Microsoft added (circled digits, units), with which Japanese mail is full.
 */
static void
from_jis(const struct charset *cs, struct im_str in, struct im_buf *out)
{
	char set = 'A';
	struct im_buf euc;
	size_t n;

	im_buf_init(&euc, in.n * 2 + 1);
	for (size_t i = 0; i < in.n; i += n) {
		struct im_str rest = { in.p + i, in.n - i };
		char c = in.p[i];

		n = 1;
		if (c == '\033') {
			n = jis_escape(rest, &set);
			n = n ? n : 1;
		} else if (c <= ' ' || c == 0x7f || set == 'A') {
			if (c == '\n') /* RFC 1468: a line ends in ASCII */
				set = 'A';
			im_buf_addc(&euc, c);
		} else if (set == 'H') {
			im_buf_addc(&euc, '\x8e');
			im_buf_addc(&euc, (char)(c | 0x80));
		} else {
			if (set == 'S')
				im_buf_addc(&euc, '\x8f');
			im_buf_addc(&euc, (char)(c | 0x80));
			if (rest.n > 1 && rest.p[1] > ' ' && rest.p[1] < 0x7f) {
				im_buf_addc(&euc, (char)(rest.p[1] | 0x80));
				n = 2;
			}
		}
	}
	if (is_ascii(im_buf_str(&euc)) || !from_iconv(cs, im_buf_str(&euc), out))
		guess(im_buf_str(&euc), out);
	im_buf_done(&euc);
}

void
im_to_utf8(struct im_str charset, struct im_str in, struct im_buf *out)
{
	struct charset cs;

	if (in.n == 0)
		return;
	find_charset(charset, &cs);
	/* an escape sequence tells ISO-2022-JP, which some send without a label (RFC 1468) */
	if (cs.kind == UNKNOWN && memmem(in.p, in.n, "\033$B", 3))
		cs = (struct charset) { JIS, "EUC-JP-MS" };
	if (cs.kind != WIDE && cs.kind != JIS && is_ascii(in)) {
		add_valid(out, in);
		return;
	}
	switch (cs.kind) {
	case UTF8:
		from_utf8(in, out);
		return;
	case LATIN:
	case LATIN9:
		from_latin(in, cs.kind == LATIN9, out);
		return;
	case JIS:
		from_jis(&cs, in, out);
		return;
	case WIDE:
	case OTHER:
		if (from_iconv(&cs, in, out))
			return;
		/* fall through */
	case UNKNOWN:
		guess(in, out);
	}
}

struct im_str
im_html_charset(struct im_str html)
{
	enum { LOOK = 2048 };
	struct im_str none = { NULL, 0 };
	size_t n = html.n < LOOK ? html.n : LOOK;
	const char *p = n ? html.p : "", *end = p + n;

	/* <meta charset="x"> and <meta http-equiv=... content="text/html; charset=x"> end alike */
	for (; p < end && (p = memchr(p, '<', (size_t)(end - p))) != NULL; p++) {
		struct im_str tag = { p, (size_t)(end - p) };
		const char *close;

		if (!im_str_startsi(tag, "<meta"))
			continue;
		close = memchr(tag.p, '>', tag.n);
		tag.n = close ? (size_t)(close - tag.p) : tag.n;
		for (size_t i = 5; i + 8 < tag.n; i++) {
			struct im_str at = { tag.p + i, tag.n - i };
			size_t k = 0;

			if (!im_str_startsi(at, "charset"))
				continue;
			at = im_str_trim((struct im_str) { at.p + 7, at.n - 7 });
			if (at.n == 0 || at.p[0] != '=')
				continue;
			at = im_str_trim((struct im_str) { at.p + 1, at.n - 1 });
			if (at.n && (at.p[0] == '"' || at.p[0] == '\'')) {
				at.p++;
				at.n--;
			}
			while (k < at.n && k < IM_CHARSET_NAME_MAX && !strchr(" \t\r\n\"';/>", at.p[k]))
				k++;
			/* what was read as bytes cannot be UTF-16 (HTML 13.2.3.3) */
			at.n = k;
			return im_str_startsi(at, "utf-16") || im_str_startsi(at, "utf-32") ? IM_STR("utf-8")
											    : at;
		}
	}
	return none;
}
