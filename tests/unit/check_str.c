/*
 * check_str.c - spans, sizes, numbers, UTF-8
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/str.h"

#include <stdint.h>

#include "unit.h"

START_TEST(compare)
{
	ck_assert(im_str_eq(IM_STR("a\0b"), IM_STR("a\0b")));
	ck_assert(!im_str_eq(IM_STR("a\0b"), IM_STR("a\0c")));
	ck_assert(!im_str_eq(IM_STR("a"), IM_STR("ab")));
	ck_assert(im_str_eq(im_str(NULL), IM_STR("")));
	ck_assert(im_str_isi(IM_STR("Content-TYPE"), "content-type"));
	ck_assert(!im_str_isi(IM_STR("\xc9"), "\xe9")); /* ASCII only */
	ck_assert(!im_str_is(IM_STR("A"), "a"));
	ck_assert(im_str_starts(IM_STR("abc"), "ab") && im_str_starts(IM_STR("abc"), ""));
	ck_assert(!im_str_starts(IM_STR("ab"), "abc") && !im_str_starts(IM_STR("ab"), "B"));
	ck_assert(
	    im_str_startsi(IM_STR("MAILTO:x"), "mailto:") && !im_str_startsi(IM_STR("mail"), "mailto:"));
}
END_TEST

START_TEST(trim_and_cut)
{
	struct im_str a = IM_STR("a;;b"), h;

	ck_assert(im_str_is(im_str_trim(IM_STR(" \t\r\n x y \n")), "x y"));
	ck_assert_uint_eq(im_str_trim(IM_STR(" \n ")).n, 0);
	ck_assert_uint_eq(im_str_trim(im_str(NULL)).n, 0);
	h = im_str_cut(&a, ';');
	ck_assert(im_str_is(h, "a"));
	h = im_str_cut(&a, ';');
	ck_assert(h.n == 0 && h.p != NULL);
	h = im_str_cut(&a, ';');
	ck_assert(im_str_is(h, "b") && a.p == NULL);
	h = im_str_cut(&a, ';');
	ck_assert(h.n == 0 && h.p == NULL);
}
END_TEST

static const struct {
	const char *text;
	uint64_t max, want;
	bool ok;
} numbers[] = {
	{ "0", 10, 0, true },
	{ "0010", 10, 10, true },
	{ "11", 10, 0, false },
	{ "", 10, 0, false },
	{ " 1", 10, 0, false },
	{ "-1", 10, 0, false },
	{ "+1", 10, 0, false },
	{ "1x", 10, 0, false },
	{ "18446744073709551615", UINT64_MAX, UINT64_MAX, true },
	{ "18446744073709551616", UINT64_MAX, 0, false },
	{ "99999999999999999999999", UINT64_MAX, 0, false },
};

START_TEST(number)
{
	size_t n = strlen(numbers[_i].text);
	char *p = unit_exact(numbers[_i].text, n);
	uint64_t v = 77;

	ck_assert_int_eq(im_str_u64((struct im_str) { p, n }, numbers[_i].max, &v), numbers[_i].ok);
	ck_assert_uint_eq(v, numbers[_i].ok ? numbers[_i].want : 77);
	free(p);
}
END_TEST

static const struct {
	const char *text;
	uint64_t want;
	bool ok;
} sizes[] = {
	{ "1000", 1000, true },
	{ "64k", 65536, true },
	{ "64K", 65536, true },
	{ "64KiB", 65536, true },
	{ "300M", 314572800, true },
	{ "5 GB", 5368709120, true },
	{ "2.5G", 2684354560, true },
	{ "0.000001T", 1099511, true },
	{ "1T", 1099511627776, true },
	{ "12b", 12, true },
	{ "0", 0, true },
	{ "1.5", 0, false },
	{ ".5G", 0, false },
	{ "5.G", 0, false },
	{ "1.2.3G", 0, false },
	{ "1.0000001G", 0, false },
	{ "G", 0, false },
	{ "", 0, false },
	{ "-1G", 0, false },
	{ "1P", 0, false },
	{ "1GG", 0, false },
	{ "1 G x", 0, false },
	{ "16777216T", 0, false },
	{ "16777215.999999T", UINT64_C(18446744073708452104), true },
	{ "18446744073709551615k", 0, false },
};

START_TEST(size)
{
	size_t n = strlen(sizes[_i].text);
	char *p = unit_exact(sizes[_i].text, n);
	uint64_t v = 77;

	ck_assert_int_eq(im_str_size((struct im_str) { p, n }, &v), sizes[_i].ok);
	ck_assert_uint_eq(v, sizes[_i].ok ? sizes[_i].want : 77);
	free(p);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *want;
} size_texts[] = {
	{ 0, "0 B" },
	{ 1023, "1023 B" },
	{ 1024, "1.0 KB" },
	{ 1280, "1.3 KB" },
	{ 10240, "10 KB" },
	{ 1048575, "1.0 MB" },
	{ 1048576, "1.0 MB" },
	{ 5368709120, "5.0 GB" },
	{ 1072693248, "1023 MB" },
	{ UINT64_MAX, "16 EB" },
};

START_TEST(size_text)
{
	char dst[16];

	ck_assert_str_eq(im_size_text(size_texts[_i].bytes, dst), size_texts[_i].want);
}
END_TEST

START_TEST(fmt)
{
	char dst[4] = "zzz";

	ck_assert(im_fmt(dst, sizeof(dst), "%d", 123));
	ck_assert_str_eq(dst, "123");
	ck_assert(!im_fmt(dst, sizeof(dst), "%d", 1234));
	ck_assert_str_eq(dst, "");
	ck_assert(!im_fmt(dst, 0, "x"));
}
END_TEST

START_TEST(secret)
{
	ck_assert(im_eq_secret("abc", "abc", 3));
	ck_assert(!im_eq_secret("abc", "abd", 3) && !im_eq_secret("bbc", "abc", 3));
	ck_assert(im_eq_secret("a", "b", 0));
}
END_TEST

/* RFC 3629: what is UTF-8 and what is not */
static const struct {
	const char *text;
	uint32_t c;
	size_t n;
} characters[] = {
	{ "a", 'a', 1 },
	{ "\xc3\xa9", 0xe9, 2 },
	{ "\xe2\x82\xac", 0x20ac, 3 },
	{ "\xef\xbf\xbd", 0xfffd, 3 },
	{ "\xf0\x9f\x98\x80", 0x1f600, 4 },
	{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
	{ "\x80", 0xfffd, 1 },
	{ "\xc0\x80", 0xfffd, 1 }, /* overlong */
	{ "\xc1\xbf", 0xfffd, 1 },
	{ "\xe0\x9f\xbf", 0xfffd, 1 },
	{ "\xf0\x8f\xbf\xbf", 0xfffd, 1 },
	{ "\xed\xa0\x80", 0xfffd, 1 },     /* surrogate */
	{ "\xf4\x90\x80\x80", 0xfffd, 1 }, /* past the end */
	{ "\xf5\x80\x80\x80", 0xfffd, 1 },
	{ "\xc3", 0xfffd, 1 }, /* cut */
	{ "\xe2\x82", 0xfffd, 1 },
	{ "\xf0\x9f\x98", 0xfffd, 1 },
	{ "\xc3(", 0xfffd, 1 },
};

START_TEST(utf8_next)
{
	size_t n = strlen(characters[_i].text), used = 0;
	char *p = unit_exact(characters[_i].text, n), back[4];
	bool good = used < n && (characters[_i].n > 1 || characters[_i].c < 0x80);

	ck_assert_uint_eq(im_utf8_next(p, p + n, &used), characters[_i].c);
	ck_assert_uint_eq(used, characters[_i].n);
	ck_assert_int_eq(im_utf8_valid((struct im_str) { p, n }), good);
	if (good) {
		ck_assert_uint_eq(im_utf8_put(characters[_i].c, back), n);
		ck_assert(memcmp(back, p, n) == 0);
	}
	free(p);
}
END_TEST

START_TEST(utf8_all)
{
	char dst[4];
	size_t n;

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		uint32_t want = c >= 0xd800 && c <= 0xdfff ? 0xfffd : c;
		size_t put = im_utf8_put(c, dst);

		ck_assert_uint_eq(im_utf8_next(dst, dst + put, &n), want);
		ck_assert_uint_eq(n, put);
	}
	ck_assert_uint_eq(im_utf8_put(0x110000, dst), 3);
}
END_TEST

START_TEST(utf8_valid)
{
	ck_assert(im_utf8_valid(im_str(NULL)));
	ck_assert(im_utf8_valid(IM_STR("01234567\xc3\xa9 89abcdef \xe2\x82\xac")));
	ck_assert(!im_utf8_valid(IM_STR("0123456789abcde\xff")));
	ck_assert(!im_utf8_valid(IM_STR("01234567\xc3")));
}
END_TEST

static const struct {
	const char *text;
	size_t max, want;
} cuts[] = {
	{ "abc", 3, 3 }, { "abc", 2, 2 }, { "abc", 0, 0 }, { "a\xc3\xa9", 2, 1 }, { "\xe2\x82\xac", 2, 0 },
	{ "\xe2\x82\xac", 1, 0 }, { "x\xf0\x9f\x98\x80", 4, 1 }, { "x\xf0\x9f\x98\x80y", 5, 5 },
	{ "\x80\x80\x80\x80\x80", 4, 4 }, /* no character to spare */
};

START_TEST(utf8_cut)
{
	ck_assert_uint_eq(im_utf8_cut(im_str(cuts[_i].text), cuts[_i].max), cuts[_i].want);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ compare },
		{ trim_and_cut },
		{ number, IM_COUNT(numbers) },
		{ size, IM_COUNT(sizes) },
		{ size_text, IM_COUNT(size_texts) },
		{ fmt },
		{ secret },
		{ utf8_next, IM_COUNT(characters) },
		{ utf8_all },
		{ utf8_valid },
		{ utf8_cut, IM_COUNT(cuts) },
	};

	return unit_main("str", tests, IM_COUNT(tests));
}
