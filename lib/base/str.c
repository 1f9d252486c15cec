/*
 * str.c - spans, numbers, UTF-8
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static unsigned char
lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

struct im_str
im_str(const char *s)
{
	return (struct im_str) { s, s ? strlen(s) : 0 };
}

bool
im_str_eq(struct im_str a, struct im_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
im_str_eqi(struct im_str a, struct im_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
im_str_is(struct im_str a, const char *s)
{
	return im_str_eq(a, im_str(s));
}

bool
im_str_isi(struct im_str a, const char *s)
{
	return im_str_eqi(a, im_str(s));
}

bool
im_str_starts(struct im_str a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && (n == 0 || memcmp(a.p, s, n) == 0);
}

bool
im_str_startsi(struct im_str a, const char *s)
{
	size_t n = strlen(s);

	return a.n >= n && im_str_eqi((struct im_str) { a.p, n }, (struct im_str) { s, n });
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct im_str
im_str_trim(struct im_str a)
{
	while (a.n && blank(a.p[0])) {
		a.p++;
		a.n--;
	}
	while (a.n && blank(a.p[a.n - 1]))
		a.n--;
	return a;
}

struct im_str
im_str_cut(struct im_str *a, char c)
{
	struct im_str head = *a;
	const char *at = a->n ? memchr(a->p, c, a->n) : NULL;

	if (!at) {
		*a = (struct im_str) { NULL, 0 };
		return head;
	}
	head.n = (size_t)(at - head.p);
	*a = (struct im_str) { at + 1, a->n - head.n - 1 };
	return head;
}

bool
im_str_u64(struct im_str a, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (a.n == 0)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		unsigned d = (unsigned)((unsigned char)a.p[i] - '0');

		if (d > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, d, &v))
			return false;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

/* the multiplier that a unit names; 0 for none that we know */
static uint64_t
unit_bytes(struct im_str unit)
{
	static const char letters[] = "kmgt";
	const char *at;

	if (unit.n == 0 || im_str_isi(unit, "B"))
		return 1;
	at = memchr(letters, lower(unit.p[0]), sizeof(letters) - 1);
	unit.p++;
	unit.n--;
	if (!at || !(unit.n == 0 || im_str_isi(unit, "B") || im_str_isi(unit, "iB")))
		return 0;
	return UINT64_C(1) << (10 * (at - letters + 1));
}

bool
im_str_size(struct im_str a, uint64_t *ret)
{
	struct im_str number = a, whole, part;
	uint64_t unit, v, f = 0, scale = 1;
	size_t n = 0;

	while (n < a.n && ((a.p[n] >= '0' && a.p[n] <= '9') || a.p[n] == '.'))
		n++;
	number.n = n;
	unit = unit_bytes(im_str_trim((struct im_str) { a.p + n, a.n - n }));
	whole = im_str_cut(&number, '.');
	part = number;
	if (unit == 0 || !im_str_u64(whole, UINT64_MAX, &v))
		return false;
	if (part.p) {
		/* six decimals of a terabyte fit; half a byte is no size */
		if (unit == 1 || part.n > 6 || !im_str_u64(part, UINT64_MAX, &f))
			return false;
		for (size_t i = 0; i < part.n; i++)
			scale *= 10;
	}
	if (__builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(v, f * unit / scale, &v))
		return false;
	*ret = v;
	return true;
}

char *
im_size_text(uint64_t bytes, char dst[static 16])
{
	static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t unit = 1024, tenths;
	size_t u = 0;
	bool ok;

	if (bytes < 1024) {
		ok = im_fmt(dst, 16, "%u B", (unsigned)bytes);
		(void)ok;
		return dst;
	}
	/* the next unit from 1023.95 on, so that "1024.0 KB" is never shown */
	while (u + 1 < IM_COUNT(units) && bytes / unit >= 1024 - (bytes % unit >= unit - unit / 20)) {
		unit *= 1024;
		u++;
	}
	tenths = bytes / unit * 10 + (bytes % unit / (unit / 1024) * 10 + 512) / 1024;
	if (tenths < 100)
		ok = im_fmt(dst, 16, "%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10), units[u]);
	else
		ok = im_fmt(dst, 16, "%u %s", (unsigned)((tenths + 5) / 10), units[u]);
	(void)ok;
	return dst;
}

bool
im_fmt(char *dst, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(dst, size, fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < size)
		return true;
	if (size)
		dst[0] = '\0';
	return false;
}

bool
im_eq_secret(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
