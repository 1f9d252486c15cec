/*
 * check_date.c - the Date field in the forms that are met
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/date.h"

#include <stdlib.h>
#include <time.h>

#include "unit.h"

static const struct {
	const char *text;
	int64_t want;
} dates[] = {
	/* RFC 5322 3.3 */
	{ "Mon, 5 Jan 2026 10:00:00 +0000", 1767607200 },
	{ "5 Jan 2026 10:00:00 +0100", 1767603600 },
	{ "Mon, 5 Jan 2026 10:00 -0500", 1767625200 },
	{ "Mon, 5 Jan 2026 15:30:00 +0530", 1767607200 },
	{ "Mon, 5 Jan 2026 10:00:00 -0000", 1767607200 },
	{ "Thu, 29 Feb 2024 23:59:60 +0000", 1709251200 },
	{ "Thu, 5 Jan 2040 10:00:00 +0000", 2209370400 },
	{ "Thu, 1 Jan 1970 00:00:00 +0000", 0 },
	{ "Wed, 31 Dec 1969 23:59:59 +0000", -1 },
	{ "Mon, 1 Jan 1900 00:00:00 +0000", -2208988800 },
	/* folds and comments */
	{ "Mon,\r\n 5 Jan\r\n\t2026 10:00:00 +0000", 1767607200 },
	{ "Mon (day), 5 (a (nested) one) Jan 2026 10:00:00 +0000 (GMT)", 1767607200 },
	/* RFC 5322 4.3: years of two and three digits, zones by name */
	{ "Mon, 05 Jan 98 10:00:00 GMT", 883994400 },
	{ "5 Jan 49 00:00:00 GMT", 2493417600 },
	{ "5 Jan 50 00:00:00 GMT", -630806400 },
	{ "5 Jan 126 10:00:00 GMT", 1767607200 },
	{ "5 Jan 0126 10:00:00 GMT", 1767607200 },
	{ "Mon, 5 Jan 2026 10:00:00 EST", 1767625200 },
	{ "Mon, 5 Jan 2026 10:00:00 pdt", 1767632400 },
	{ "Mon, 5 Jan 2026 10:00:00 UT", 1767607200 },
	{ "Mon, 5 Jan 2026 10:00:00 K", 1767607200 },
	{ "Mon, 5 Jan 2026 10:00:00 XYZ", 1767607200 },
	/* what programs write */
	{ "Mon Jan  5 10:00:00 2026", 1767607200 },
	{ "Mon Jan  5 10:00:00 EST 2026", 1767625200 },
	{ "2026-01-05T10:00:00Z", 1767607200 },
	{ "2026-01-05 11:00:00.123 +01:00", 1767607200 },
	{ "2026/01/05 10:00", 1767607200 },
	{ "5-Jan-2026 10:00:00", 1767607200 },
	{ "05-jan-26 10:00", 1767607200 },
	{ "1/5/2026 10:00:00", 1767607200 },
	{ "15/1/2026 10:00:00", 1768471200 },
	{ "Monday, January 5, 2026 10:00:00 AM", 1767607200 },
	{ "5 Jan 2026 10:00:00 PM", 1767650400 },
	{ "5 Jan 2026 12:00:00 AM", 1767571200 },
	{ "5 Jan 2026", 1767571200 },
	{ "Mon, 5 Jan 2026 10:00:00 GMT+0200", 1767600000 },
	{ "Mon, 5 Jan 2026 10:00:00+0200", 1767600000 },
	{ "Mon, 5 Jan 2026 10:00:00 +0200 (CEST) and junk 77", 1767600000 },
	{ "Mon,5 Jan 2026 10:00:00 +0000", 1767607200 },
	{ "  \t Mon, 5 Jan 2026 10:00:00 +0000", 1767607200 },
};

START_TEST(read_date)
{
	size_t n = strlen(dates[_i].text);
	char *s = unit_exact(dates[_i].text, n);
	int64_t t = -77;

	ck_assert_msg(im_date_parse((struct im_str) { s, n }, &t), "%s: no date", s);
	ck_assert_msg(t == dates[_i].want, "%s: %lld", dates[_i].text, (long long)t);
	free(s);
}
END_TEST

static const char *const none[] = { "", " ", "yesterday, about noon", "Mon, 32 Jan 2026 10:00:00 +0000",
	"0 Jan 2026 10:00:00", "5 Foo 2026 10:00:00", "5 Jan 2026 24:00:00", "5 Jan 2026 10:60:00", "5 Jan",
	"10:00:00", "(5 Jan 2026 10:00:00)", "5 Jan 99999 10:00:00", "=?utf-8?q?5_Jan?=", "2026-13-01",
	"((((((((((" };

START_TEST(no_date)
{
	int64_t t = -77;

	ck_assert_msg(!im_date_parse(im_str(none[_i]), &t), "%s: %lld", none[_i], (long long)t);
	ck_assert_int_eq(t, -77);
}
END_TEST

START_TEST(local)
{
	char dst[20];

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	im_date_local(1767607200, dst);
	ck_assert_str_eq(dst, "2026-01-05 11:00:00");
	im_date_local(-1, dst);
	ck_assert_str_eq(dst, "1970-01-01 00:59:59");
	im_date_local(INT64_MAX, dst);
	ck_assert_str_eq(dst, "1970-01-01 00:00:00");
	im_date_local(INT64_C(253402300800), dst); /* the year 10000 */
	ck_assert_str_eq(dst, "1970-01-01 00:00:00");
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ read_date, IM_COUNT(dates), 0 },
		{ no_date, IM_COUNT(none), 0 },
		{ local, 0, 0 },
	};

	return unit_main("date", tests, IM_COUNT(tests));
}
