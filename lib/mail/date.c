/*
 * date.c - the Date field
 *
 * Read word by word rather than by a grammar: whatever the order, a word with colons is the time, a month's name the
 * month, four digits the year. Covers RFC 5322 3.3 and 4.3, asctime(3), ISO 8601, "5-Jan-26", am and pm, zones by name,
 * comments and junk behind.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/date.h"

#include <string.h>
#include <time.h>

enum { NONE = -1 };

struct date {
	int year, month, day; /* NONE: not seen yet */
	int hour, min, sec;
	int zone; /* minutes east of UTC */
	bool have_time, have_zone, pm, am;
};

static char
low(char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return low(c) >= 'a' && low(c) <= 'z';
}

/* the number at *s, at most 9 digits of it; *ret_n: how many digits it has */
static int
take_number(struct im_str *s, size_t *ret_n)
{
	int n = 0;
	size_t i = 0;

	for (; i < s->n && is_digit(s->p[i]); i++)
		if (i < 9)
			n = n * 10 + (s->p[i] - '0');
	s->p += i;
	s->n -= i;
	*ret_n = i;
	return n;
}

static struct im_str
take_alpha(struct im_str *s)
{
	struct im_str r = { s->p, 0 };

	while (r.n < s->n && is_alpha(s->p[r.n]))
		r.n++;
	s->p += r.n;
	s->n -= r.n;
	return r;
}

/*
 * RFC 5322 4.3: two digits are 2000-2049 and 1950-1999, three digits are counted from 1900. "0102" is what programs
 * made of the latter.
 */
static int
full_year(int y)
{
	if (y < 100)
		return y < 50 ? 2000 + y : 1900 + y;
	return y < 1000 ? 1900 + y : y;
}

static int
month_of(struct im_str w)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	if (w.n < 3)
		return NONE;
	for (int m = 0; m < 12; m++)
		if (im_str_startsi(w, (char[]) { names[m * 3], names[m * 3 + 1], names[m * 3 + 2], '\0' }))
			return m + 1;
	return NONE;
}

/* minutes east of UTC; RFC 5322 4.3: unknown names and single letters mean nothing reliable */
static bool
zone_of(struct im_str w, int *ret)
{
	static const struct {
		const char *name;
		int minutes;
	} zones[] = {
		{ "ut", 0 },
		{ "utc", 0 },
		{ "gmt", 0 },
		{ "z", 0 },
		{ "wet", 0 },
		{ "est", -300 },
		{ "edt", -240 },
		{ "cst", -360 },
		{ "cdt", -300 },
		{ "mst", -420 },
		{ "mdt", -360 },
		{ "pst", -480 },
		{ "pdt", -420 },
		{ "akst", -540 },
		{ "akdt", -480 },
		{ "hst", -600 },
		{ "ast", -240 },
		{ "adt", -180 },
		{ "bst", 60 },
		{ "west", 60 },
		{ "cet", 60 },
		{ "met", 60 },
		{ "mez", 60 },
		{ "cest", 120 },
		{ "mest", 120 },
		{ "mesz", 120 },
		{ "eet", 120 },
		{ "eest", 180 },
		{ "msk", 180 },
		{ "msd", 240 },
		{ "jst", 540 },
		{ "kst", 540 },
		{ "hkt", 480 },
		{ "sgt", 480 },
		{ "aest", 600 },
		{ "aedt", 660 },
		{ "nzst", 720 },
		{ "nzdt", 780 },
	};

	for (size_t i = 0; i < IM_COUNT(zones); i++) {
		if (im_str_isi(w, zones[i].name)) {
			*ret = zones[i].minutes;
			return true;
		}
	}
	return false;
}

/* "+0100", "-05:00", "+1", behind the time */
static void
read_offset(struct date *d, struct im_str *s)
{
	int sign = s->p[0] == '-' ? -1 : 1, h, m = 0;
	size_t n, k;

	s->p++;
	s->n--;
	h = take_number(s, &n);
	if (n == 0)
		return;
	if (n > 2) { /* hhmm */
		m = h % 100;
		h /= 100;
	} else if (s->n && s->p[0] == ':') {
		s->p++;
		s->n--;
		m = take_number(s, &k);
	}
	if (d->have_zone && d->zone != 0)
		return; /* "+0100 (+0200)", "EST -0500": the first */
	d->have_zone = true;
	d->zone = h < 24 && m < 60 ? sign * (h * 60 + m) : 0;
}

static void
read_word(struct date *d, struct im_str w)
{
	int m = month_of(w), zone;

	if (d->have_time && im_str_isi(w, "pm")) {
		d->pm = true;
	} else if (d->have_time && im_str_isi(w, "am")) {
		d->am = true;
	} else if (m != NONE && d->month == NONE) {
		d->month = m;
	} else if (d->have_time && !d->have_zone && zone_of(w, &zone)) {
		d->have_zone = true;
		d->zone = zone;
	}
}

/* "10:00:00.123", the hour is read; false: no time */
static bool
read_time(struct date *d, int hour, struct im_str *s)
{
	size_t n;

	if (d->have_time)
		return true; /* a second time is junk */
	d->hour = hour;
	s->p++;
	s->n--;
	d->min = take_number(s, &n);
	if (n == 0)
		return false;
	d->sec = 0;
	if (s->n > 1 && (s->p[0] == ':' || s->p[0] == '.') && is_digit(s->p[1])) {
		s->p++;
		s->n--;
		d->sec = take_number(s, &n);
	}
	if (s->n > 1 && (s->p[0] == '.' || s->p[0] == ',') && is_digit(s->p[1])) {
		s->p++;
		s->n--;
		(void)take_number(s, &n);
	}
	d->have_time = true;
	return true;
}

/* "2026-01-05", "2026/1/5", "5-Jan-2026", "1/5/2026": the first number is read, s is at the separator */
static bool
read_composite(struct date *d, int first, size_t digits, struct im_str *s)
{
	char sep = s->p[0];
	struct im_str t = { s->p + 1, s->n - 1 };
	int second, third;
	size_t n2, n3;

	if (d->day != NONE && d->year != NONE)
		return false;
	if (is_alpha(t.p[0])) {
		second = month_of(take_alpha(&t));
		n2 = 0;
	} else {
		second = take_number(&t, &n2);
	}
	if (second == NONE || t.n < 2 || t.p[0] != sep || !is_digit(t.p[1]))
		return false;
	t.p++;
	t.n--;
	third = take_number(&t, &n3);
	if (digits == 4) {
		d->year = first;
		d->month = second;
		d->day = third;
	} else {
		/* month first is what programs that write slashes do; where that cannot be, day first */
		bool us = n2 > 0 && sep == '/' && first <= 12;

		d->year = full_year(third);
		d->month = us ? first : second;
		d->day = us ? second : first;
	}
	*s = t;
	return true;
}

static void
read_number(struct date *d, struct im_str *s)
{
	size_t digits;
	int n = take_number(s, &digits);

	if (s->n > 1 && s->p[0] == ':' && is_digit(s->p[1])) {
		(void)read_time(d, n, s);
		return;
	}
	if (s->n > 1 && (s->p[0] == '-' || s->p[0] == '/') && (is_digit(s->p[1]) || is_alpha(s->p[1])) &&
	    read_composite(d, n, digits, s))
		return;
	if (digits <= 2 && d->day == NONE)
		d->day = n;
	else if (d->year == NONE && digits >= 2 && digits <= 4 && (d->day != NONE || digits == 4))
		d->year = full_year(n);
}

/* days since 1970-01-01 of the proleptic Gregorian calendar, any year */
static int64_t
days(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
skip_comment(struct im_str *s)
{
	int depth = 0;

	while (s->n) {
		char c = s->p[0];

		s->p++;
		s->n--;
		if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return;
	}
}

bool
im_date_parse(struct im_str raw, int64_t *ret)
{
	enum { LOOK = 256 }; /* a date is in the first bytes or nowhere */
	struct date d = { .year = NONE, .month = NONE, .day = NONE };
	struct im_str s = { raw.p, raw.n < LOOK ? raw.n : LOOK };

	while (s.n) {
		char c = s.p[0];

		if (c == '(') {
			skip_comment(&s);
		} else if (is_digit(c)) {
			read_number(&d, &s);
		} else if (is_alpha(c)) {
			read_word(&d, take_alpha(&s));
		} else if ((c == '+' || c == '-') && d.have_time && s.n > 1 && is_digit(s.p[1])) {
			read_offset(&d, &s);
		} else {
			s.p++;
			s.n--;
		}
	}
	if (d.day < 1 || d.day > 31 || d.month < 1 || d.month > 12 || d.year < 1000 || d.year > 9999)
		return false;
	if (d.hour == 12 && d.am)
		d.hour = 0;
	else if (d.hour < 12 && d.pm)
		d.hour += 12;
	if (d.hour > 23 || d.min > 59 || d.sec > 60)
		return false;
	*ret = days(d.year, d.month, d.day) * 86400 + d.hour * 3600 + d.min * 60 + d.sec - d.zone * 60;
	return true;
}

void
im_date_local(int64_t t, char dst[static 20])
{
	time_t when = (time_t)t;
	struct tm tm;

	/* years outside 0-9999 do not fit the form: arrival would not be shown as something absurd either */
	if (!localtime_r(&when, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099 ||
	    strftime(dst, 20, "%Y-%m-%d %H:%M:%S", &tm) != 19)
		memcpy(dst, "1970-01-01 00:00:00", 20);
}
