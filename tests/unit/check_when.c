/*
 * check_when.c - ends as people type them
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <time.h>

#include "base/when.h"
#include "unit.h"

enum { NOW = 1780000000 }; /* 2026-05-28 20:26:40 UTC */

static const struct {
	const char *s;
	int64_t want; /* -1: refused */
} forms[] = {
	{ "never", 0 },
	{ "12h", NOW + 12 * 3600 },
	{ "14d", NOW + 14 * 86400 },
	{ "2w", NOW + 14 * 86400 },
	{ "2026-05-28", 1780012799 - 7200 }, /* the end of that day in Brussels, UTC+2 */
	{ "2026-12-31", 1798757999 },        /* UTC+1 in winter */
	{ "2026-12-31 18:00", 1798736400 },
	{ "2026-12-31T18:00", 1798736400 },
	{ "2028-02-29", 1835477999 },
	{ "2026-05-27", -1 },
	{ "2027-02-29", -1 },
	{ "2026-13-01", -1 },
	{ "2026-00-01", -1 },
	{ "2026-12-32", -1 },
	{ "2026-12-31 24:00", -1 },
	{ "2026-12-31 18:60", -1 },
	{ "2026-12-31 18:00 ", -1 },
	{ "2026-12-3", -1 },
	{ "0d", -1 },
	{ "-1d", -1 },
	{ "d", -1 },
	{ "14", -1 },
	{ "14m", -1 },
	{ "14 d", -1 },
	{ "10000000w", -1 },
	{ "99999999999999999999d", -1 },
	{ "", -1 },
	{ "Never", -1 },
	{ "31.12.2026", -1 },
};

START_TEST(typed)
{
	int64_t t = -1;

	bool ok = im_when_parse(forms[_i].s, NOW, &t);
	ck_assert_msg(ok == (forms[_i].want >= 0), "%s", forms[_i].s);
	if (ok)
		ck_assert_int_eq(t, forms[_i].want);
}
END_TEST

START_TEST(shown)
{
	char dst[24];

	ck_assert_str_eq(im_when_text(0, dst), "never");
	ck_assert_str_eq(im_when_text(1798757999, dst), "2026-12-31 23:59");
	ck_assert_str_eq(im_when_ldap(1798757999, dst), "20261231225959Z");
	ck_assert_str_eq(im_when_ldap(INT64_MAX, dst), "99991231235959Z");
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ typed, IM_COUNT(forms) },
		{ shown },
	};

	setenv("TZ", "Europe/Brussels", 1);
	tzset();
	return unit_main("when", tests, IM_COUNT(tests));
}
