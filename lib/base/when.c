/*
 * when.c - an end as people type it and read it
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/when.h"

static const int64_t last = 253402300799; /* 9999-12-31 23:59:59: four digits of a year everywhere */

/* digits - n decimal digits at s; *ret their value */
static bool
digits(const char *s, int n, int *ret)
{
	int v = 0;

	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return true;
}

/* span_of - "14d" in seconds */
static bool
span_of(const char *s, int64_t *ret)
{
	struct im_str number = im_str(s);
	uint64_t n;
	int64_t unit;

	if (number.n < 2)
		return false;
	switch (s[--number.n]) {
	case 'h':
		unit = 3600;
		break;
	case 'd':
		unit = 86400;
		break;
	case 'w':
		unit = 7 * 86400;
		break;
	default:
		return false;
	}
	if (!im_str_u64(number, 10000000, &n))
		return false;
	*ret = (int64_t)n * unit;
	return true;
}

/* local - a date and a time of the clock on the wall; mktime() would make 2 March of 30 February */
static bool
local(const char *s, int64_t *ret)
{
	size_t n = strlen(s);
	struct tm tm = { .tm_hour = 23, .tm_min = 59, .tm_sec = 59, .tm_isdst = -1 };

	if (n != 10 && n != 16)
		return false;
	if (!digits(s, 4, &tm.tm_year) || s[4] != '-' || !digits(s + 5, 2, &tm.tm_mon) || s[7] != '-' ||
	    !digits(s + 8, 2, &tm.tm_mday))
		return false;
	if (n == 16) {
		tm.tm_sec = 0;
		if ((s[10] != ' ' && s[10] != 'T') || !digits(s + 11, 2, &tm.tm_hour) || s[13] != ':' ||
		    !digits(s + 14, 2, &tm.tm_min) || tm.tm_hour > 23 || tm.tm_min > 59)
			return false;
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	const struct tm want = tm;
	time_t t = mktime(&tm);
	if (t == (time_t)-1 || tm.tm_year != want.tm_year || tm.tm_mon != want.tm_mon ||
	    tm.tm_mday != want.tm_mday)
		return false;
	*ret = t;
	return true;
}

bool
im_when_parse(const char *s, int64_t now, int64_t *ret)
{
	int64_t t;

	if (strcmp(s, "never") == 0) {
		*ret = 0;
		return true;
	}
	if (span_of(s, &t))
		t += now;
	else if (!local(s, &t))
		return false;
	if (t <= now || t > last)
		return false;
	*ret = t;
	return true;
}

char *
im_when_text(int64_t t, char dst[static 24])
{
	struct tm tm;
	time_t at = t;

	if (t == 0 || localtime_r(&at, &tm) == NULL)
		return memcpy(dst, "never", sizeof("never"));
	if (strftime(dst, 24, "%Y-%m-%d %H:%M", &tm) == 0)
		dst[0] = '\0';
	return dst;
}

char *
im_when_ldap(int64_t t, char dst[static 24])
{
	struct tm tm;
	time_t at = t < 0 ? 0 : t > last ? last : t;

	if (gmtime_r(&at, &tm) == NULL)
		return memcpy(dst, "19700101000000Z", sizeof("19700101000000Z"));
	if (strftime(dst, 24, "%Y%m%d%H%M%SZ", &tm) == 0)
		dst[0] = '\0';
	return dst;
}
