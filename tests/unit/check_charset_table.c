/*
 * check_charset_table.c - the tables say what iconv says, for every byte and every pair of bytes
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/charset_table.h"

#include <check.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>

static bool
by_iconv(const char *name, const char *in, size_t n, char *out, size_t room, size_t *ret_n)
{
	iconv_t cd = iconv_open("UTF-8", name);
	char copy[8], *p = memcpy(copy, in, n), *q = out;
	size_t r;

	ck_assert(cd != (iconv_t)-1);
	r = iconv(cd, &p, &n, &q, &room);
	if (r != (size_t)-1)
		(void)iconv(cd, NULL, NULL, &q, &room);
	iconv_close(cd);
	*ret_n = (size_t)(q - out);
	return r != (size_t)-1 && n == 0;
}

/* a table may know less than iconv, never something else */
static unsigned
compare(const char *name, const unsigned char *bytes, size_t n)
{
	char want[32], *exact = malloc(n);
	size_t want_n;
	struct im_buf got;
	unsigned known = 0;

	memcpy(exact, bytes, n);
	im_buf_init(&got, 64);
	if (im_charset_from_table(name, (struct im_str) { exact, n }, false, &got)) {
		ck_assert_msg(by_iconv(name, exact, n, want, sizeof(want), &want_n),
		    "%s %02x %02x: not for iconv", name, bytes[0], n > 1 ? bytes[1] : 0);
		ck_assert_msg(got.n == want_n && memcmp(got.p, want, want_n) == 0, "%s %02x %02x", name,
		    bytes[0], n > 1 ? bytes[1] : 0);
		known = 1;
	} else {
		ck_assert_uint_eq(got.n, 0);
	}
	im_buf_done(&got);
	free(exact);
	return known;
}

START_TEST(every_byte)
{
	const struct im_charset_table *t = &im_charset_tables[_i];
	unsigned known = 0;

	for (unsigned c = 0; c < 256; c++)
		known += compare(t->name, (const unsigned char[]) { (unsigned char)c }, 1);
	ck_assert_uint_ge(known, 128);
	/* iconv is opened for each: pairs in steps, which meet every lead and every trail byte */
	for (unsigned lead = 0x80; t->pair && lead < 256; lead++)
		for (unsigned trail = 0x30 + lead % 7; trail < 256; trail += 7)
			known += compare(t->name,
			    (const unsigned char[]) { (unsigned char)lead, (unsigned char)trail }, 2);
	if (t->pair)
		ck_assert_uint_ge(known, 1000);
}
END_TEST

START_TEST(texts)
{
	static const struct {
		const char *charset, *in, *want;
	} rows[] = {
		{ "KOI8-R", "\xf0\xd2\xc9\xd7\xc5\xd4, you", "Привет, you" },
		{ "koi8-r", "\xf0", "П" },
		{ "iso_8859-2", "\xb3", "ł" },
		{ "ISO8859-2", "\xb3", "ł" },
		{ "latin2", "\xb3", "ł" },
		{ "CP932", "\x93\xfa\x96\x7b\x8c\xea \xb1", "日本語 ｱ" },
		{ "GB18030", "\xc4\xe3\xba\xc3", "你好" },
		{ "UHC", "\xbe\xc8\xb3\xe7", "안녕" },
		{ "BIG5-HKSCS", "\xa7\x41\xa6\x6e", "你好" },
		{ "EUC-JP-MS", "\xc6\xfc\xcb\xdc\xb8\xec\x8e\xb1", "日本語ｱ" },
		/* left to iconv: cut, four bytes, unknown */
		{ "CP932", "\x93\xfa\x96", NULL },
		{ "GB18030", "\x81\x30\x81\x30", NULL },
		{ "ISO-8859-7", "\xff", NULL },
		{ "UTF-7", "x", NULL },
		{ "", "x", NULL },
	};
	struct im_buf out;

	im_buf_init(&out, 100);
	ck_assert_int_eq(
	    im_charset_from_table(rows[_i].charset, im_str(rows[_i].in), false, &out), rows[_i].want != NULL);
	ck_assert_str_eq(out.p, rows[_i].want ? rows[_i].want : "");
	im_buf_done(&out);
	if (!rows[_i].want)
		return;
	/* a full buffer holds whole characters */
	im_buf_init(&out, 4);
	ck_assert(im_charset_from_table(rows[_i].charset, im_str(rows[_i].in), false, &out));
	ck_assert(im_utf8_valid(im_buf_str(&out)));
	ck_assert(out.full == (strlen(rows[_i].want) > 4));
	im_buf_done(&out);
}
END_TEST

START_TEST(long_text)
{
	struct im_buf in, out;

	im_buf_init(&in, 100000);
	im_buf_init(&out, 200000);
	for (int i = 0; i < 5000; i++)
		im_buf_adds(&in, i % 3 ? "\x93\xfa" : "a");
	ck_assert(im_charset_from_table("CP932", im_buf_str(&in), false, &out));
	ck_assert_uint_eq(out.n, 1667 + 3333 * 3);
	ck_assert(im_utf8_valid(im_buf_str(&out)));
	im_buf_done(&in);
	im_buf_done(&out);
}
END_TEST

/* without iconv what a table does not know is marked, and the rest is there */
START_TEST(lenient)
{
	static const char *const rows[][3] = {
		{ "CP932", "\x93\xfa\x96", "日\xef\xbf\xbd" },
		{ "ISO-8859-7",
		    "a\xff"
		    "b",
		    "a\xef\xbf\xbd"
		    "b" },
		{ "EUC-JP-MS", "\xff\xc6\xfc", "\xef\xbf\xbd日" },
	};
	struct im_buf out;

	im_buf_init(&out, 100);
	ck_assert(im_charset_from_table(rows[_i][0], im_str(rows[_i][1]), true, &out));
	ck_assert_str_eq(out.p, rows[_i][2]);
	im_buf_done(&out);
}
END_TEST

START_TEST(shift)
{
	static const char *const rows[][3] = {
		{ "UTF-7", "Hi Mom +Jjo-!", "Hi Mom ☺!" },
		{ "utf-7", "1 +- 1 = 2, +AGEAYg-c", "1 + 1 = 2, abc" },
		{ "UTF-7", "+2D3cqQ- +2D0-x", "💩 \xef\xbf\xbdx" },
		{ "UTF-7", "+", "" },
		{ "HZ", "This is ~{VPND~} ~~ a~\nb", "This is 中文 ~ ab" },
		{ "iso-2022-kr", "\033$)C\016>H3g\017, you\n", "안녕, you\n" },
		{ "KOI8-R", "x", NULL },
	};
	char want[64], copy[64], *p = copy, *q = want;
	size_t n = strlen(rows[_i][1]), room = sizeof(want) - 1;
	struct im_buf out;
	iconv_t cd = iconv_open("UTF-8", rows[_i][0]);

	memcpy(copy, rows[_i][1], n + 1);
	im_buf_init(&out, 100);
	ck_assert(im_charset_from_shift(rows[_i][0], im_str(rows[_i][1]), &out) == (rows[_i][2] != NULL));
	ck_assert_str_eq(out.p, rows[_i][2] ? rows[_i][2] : "");
	if (cd == (iconv_t)-1) { /* glibc has no HZ */
		ck_assert_str_eq(rows[_i][0], "HZ");
		im_buf_done(&out);
		return;
	}
	/* iconv says the same of what is right */
	if (rows[_i][2] && iconv(cd, &p, &n, &q, &room) != (size_t)-1) {
		*q = '\0';
		ck_assert_str_eq(out.p, want);
	}
	iconv_close(cd);
	im_buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("charset_table");
	TCase *t = tcase_create("all");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, every_byte, 0, (int)im_charset_ntables);
	tcase_add_loop_test(t, texts, 0, 15);
	tcase_add_test(t, long_text);
	tcase_add_loop_test(t, lenient, 0, 3);
	tcase_add_loop_test(t, shift, 0, 7);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
