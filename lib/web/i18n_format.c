/*
 * i18n_format.c - dates and sizes as people write them in their language
 *
 * Names and the decimal mark come from the catalogue, the order of the parts is common to the languages we have.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/i18n.h"

#include <time.h>

enum { DAY = 24 * 3600 };

/* marked for the catalogue by the comment N_: the lint script takes the strings of these tables */
static const char *const days[] = { /* N_ */ "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
	"Saturday" };
static const char *const days_short[] = { /* N_ */ "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { /* N_ */ "January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December" };
/* "May " with a space: the short name of the month is a text of its own */
static const char *const months_short[] = { /* N_ */ "Jan", "Feb", "Mar", "Apr", "May ", "Jun", "Jul", "Aug",
	"Sep", "Oct", "Nov", "Dec" };

static bool
local(int64_t t, struct tm *ret)
{
	time_t s = (time_t)t;

	return localtime_r(&s, ret) != NULL;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* year_of - of a day counted from 1970-01-01 (proleptic Gregorian, in eras of 400 years that begin in March) */
static int64_t
year_of(int64_t day)
{
	int64_t z = day + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;

	return yoe + era * 400 + (doe - (365 * yoe + yoe / 4 - yoe / 100) >= 306);
}

static char *
two_digits(char *p, int n)
{
	*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

/*
 * Every row of a list has one: no printf, and one look at the time zone, whose offset at t serves for now as well
 * (across a change of the clocks the hour after midnight may be taken for the day before; nobody reads it so closely)
 */
const char *
im_date_short(const struct im_lang *l, int64_t t, int64_t now, struct im_arena *a)
{
	struct tm d;
	struct im_str word;
	char time[6], *p = time;
	int64_t day, today;

	if (!local(t, &d))
		return "";
	day = floor_div(t + d.tm_gmtoff, DAY);
	today = floor_div(now + d.tm_gmtoff, DAY);
	p = two_digits(p, d.tm_hour);
	*p++ = ':';
	(void)two_digits(p, d.tm_min);
	if (day == today)
		return im_arena_strndup(a, time, 5);
	if (t < now && now - t < 6 * DAY) {
		word = im_tr_span(l, im_str(days_short[d.tm_wday]));
		return im_arena_fmt(a, "%.*s %.5s", (int)word.n, word.p, time);
	}
	if (d.tm_year + 1900 == year_of(today)) {
		word = im_str_trim(im_tr_span(l, im_str(months_short[d.tm_mon])));
		return im_arena_fmt(a, "%d %.*s", d.tm_mday, (int)word.n, word.p);
	}
	return im_arena_fmt(a, "%02d/%02d/%d", d.tm_mday, d.tm_mon + 1, d.tm_year + 1900);
}

const char *
im_date_long(const struct im_lang *l, int64_t t, struct im_arena *a)
{
	struct tm d;

	if (!local(t, &d))
		return "";
	return im_arena_fmt(a, "%s %d %s %d, %02d:%02d", im_tr(l, days[d.tm_wday]), d.tm_mday,
	    im_tr(l, months[d.tm_mon]), d.tm_year + 1900, d.tm_hour, d.tm_min);
}

const char *
im_size_for(const struct im_lang *l, uint64_t bytes, struct im_arena *a)
{
	static const char *const units[] = { /* N_ */ "kB", "MB", "GB", "TB" };
	/* "1.5" shows the translator's decimal mark */
	const char *mark = im_tr(l, "1.5");
	size_t unit = 0;
	uint64_t tenths;

	if (bytes < 1000)
		return im_arena_fmt(a, "%u %s", (unsigned)bytes, im_tr(l, "B"));
	if (bytes > UINT64_MAX / 16)
		bytes = UINT64_MAX / 16;
	/* rounded up to the next tenth: a file of 1001 bytes is not "1.0 kB" minus something */
	for (tenths = (bytes * 10 + 1023) / 1024; tenths >= 10000 && unit + 1 < IM_COUNT(units); unit++)
		tenths = (tenths + 1023) / 1024;
	if (tenths >= 100)
		return im_arena_fmt(
		    a, "%llu %s", (unsigned long long)((tenths + 5) / 10), im_tr(l, units[unit]));
	return im_arena_fmt(a, "%llu%c%llu %s", (unsigned long long)(tenths / 10),
	    mark[0] && mark[1] ? mark[1] : '.', (unsigned long long)(tenths % 10), im_tr(l, units[unit]));
}
