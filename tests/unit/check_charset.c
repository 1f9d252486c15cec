/*
 * check_charset.c - charsets to UTF-8
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/charset.h"

#include <stdlib.h>

#include "unit.h"

static const struct {
	const char *charset, *in, *want;
} rows[] = {
	{ "utf-8", "Gr\xc3\xbc\xc3\x9f", "Gr\xc3\xbc\xc3\x9f" },
	{ "UTF8", "a\xff\xc3\xbc", "a\xef\xbf\xbd\xc3\xbc" },
	{ "utf-8", "caf\xe9", "caf\xc3\xa9" }, /* not one good sequence: a wrong label */
	{ "us-ascii", "abc", "abc" }, { "us-ascii", "\xc3\xbc", "\xc3\xbc" },
	{ "us-ascii", "\xfc", "\xc3\xbc" }, { "", "\xfc", "\xc3\xbc" }, { NULL, "\xc3\xbc", "\xc3\xbc" },
	{ "iso-8859-1", "\x80\xfc", "\xe2\x82\xac\xc3\xbc" }, /* means windows-1252 */
	{ "ISO-8859-15", "\xa4\xbd", "\xe2\x82\xac\xc5\x93" },
	{ "windows-1252", "\x93x\x94 \x81", "\xe2\x80\x9cx\xe2\x80\x9d \xc2\x81" },
	{ "\"latin1\"", "\xe9", "\xc3\xa9" }, { "koi8-r", "\xf0\xd2", "\xd0\x9f\xd1\x80" },
	{ "windows-1251", "\xcf\xf0", "\xd0\x9f\xd1\x80" }, { "windows1251", "\xcf\xf0", "\xd0\x9f\xd1\x80" },
	{ "gb2312", "\xc4\xe3", "\xe4\xbd\xa0" }, { "big5", "\xa7\x41", "\xe4\xbd\xa0" },
	{ "ks_c_5601-1987", "\xbe\xc8", "\xec\x95\x88" }, { "shift_jis", "\x93\xfa", "\xe6\x97\xa5" },
	{ "euc-jp", "\xc6\xfc", "\xe6\x97\xa5" }, { "iso-2022-jp", "\033$BF|\033(B", "\xe6\x97\xa5" },
	{ "", "\033$BF|\033(B", "\xe6\x97\xa5" },                /* without a label */
	{ "iso-2022-jp", "\033$B-!\033(B a", "\xe2\x91\xa0 a" }, /* a circled 1 */
	{ "iso-2022-jp", "\033$BF|", "\xe6\x97\xa5" },
	{ "iso-2022-jp", "\033$BF|\nab\033(I1\0338", "\xe6\x97\xa5\nab\xef\xbd\xb1\xef\xbd\xb8" },
	{ "iso-2022-jp", "plain", "plain" },
	{ "big5", "\x88\x66", "\xc3\x8a" }, /* iconv holds it back: it could combine */
	{ "utf-7", "+AOk-", "\xc3\xa9" },
	{ "utf-7", "a+2D3eAA x +- +IKw", "a\xf0\x9f\x98\x80 x + \xe2\x82\xac" },
	{ "hz-gb-2312", "a~{Dc:C~} ~~b", "a\xe4\xbd\xa0\xe5\xa5\xbd ~b" },
	{ "iso-2022-kr", "\033$)C\016GQ1[\017 a", "\xed\x95\x9c\xea\xb8\x80 a" },
	{ "utf-16", "\xff\xfe\xe9", "\xef\xbf\xbd" }, { "utf-16le", "\xac\x20", "\xe2\x82\xac" },
	{ "iso-8859-2", "\xb1", "\xc4\x85" }, { "windows-1255", "\xe0", "\xd7\x90" },
	{ "gb18030", "\x81\x30\x81\x30", "\xc2\x80" }, /* four bytes */
	{ "gb2312", "\xc4", "\xef\xbf\xbd" },          /* cut within a character */
	{ "gb2312", "\xff!", "\xef\xbf\xbd!" }, { "x-nowhere", "\xc3\xbc", "\xc3\xbc" },
	{ "x-nowhere", "\xfc", "\xc3\xbc" }, { "../../etc/x", "\xfc", "\xc3\xbc" },
	{ "utf-16//TRANSLIT", "ab", "\xe6\x89\xa1" }, /* the option is cut off */
};

START_TEST(convert)
{
	size_t n = strlen(rows[_i].in);
	char *in = unit_exact(rows[_i].in, n);
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_to_utf8(im_str(rows[_i].charset), (struct im_str) { in, n }, &b);
	ck_assert_str_eq(b.p, rows[_i].want);
	im_buf_done(&b);
	free(in);
}
END_TEST

START_TEST(full)
{
	static const char *const charsets[] = { "utf-8", "iso-8859-1", "koi8-r", "utf-16le" };

	/* whatever the room is, a character is not split */
	for (size_t k = 0; k < IM_COUNT(charsets); k++) {
		for (size_t max = 0; max < 20; max++) {
			struct im_buf b;

			im_buf_init(&b, max);
			im_to_utf8(
			    im_str(charsets[k]), im_str("\xc3\xbc\xc3\xbc\xc3\xbc\xe2\x82\xac\xc3\xbc"), &b);
			ck_assert(b.n <= max && im_utf8_valid(im_buf_str(&b)));
			ck_assert(b.full || b.n > 10);
			im_buf_done(&b);
		}
	}
}
END_TEST

static const struct {
	const char *html, *want;
} metas[] = {
	{ "<html><meta charset=\"koi8-r\">", "koi8-r" },
	{ "<META http-equiv=Content-Type content='text/html; charset=gb2312'>", "gb2312" },
	{ "<meta charset = utf-8/>", "utf-8" },
	{ "<meta charset=utf-16>", "utf-8" },
	{ "<meta name=x><meta charset=big5>", "big5" },
	{ "<p>charset=x</p>", "" },
	{ "<meta charset", "" },
	{ "", "" },
};

START_TEST(html_charset)
{
	size_t n = strlen(metas[_i].html);
	char *in = unit_exact(metas[_i].html, n);

	ck_assert(im_str_is(im_html_charset((struct im_str) { in, n }), metas[_i].want));
	free(in);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ convert, IM_COUNT(rows), 0 },
		{ full, 0, 0 },
		{ html_charset, IM_COUNT(metas), 0 },
	};

	return unit_main("charset", tests, IM_COUNT(tests));
}
