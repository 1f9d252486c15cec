/*
 * check_i18n.c - catalogues (broken ones as well), choice of the language, dates and sizes
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/i18n.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "unit.h"

static const char header[] =
    "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n > 1);\n";

/* sorted as msgfmt does it; lengths are given because of the NULs between plural forms */
static const struct pair {
	struct im_str from, to;
} pairs[] = {
	{ { "", 0 }, { header, sizeof header - 1 } },
	{ { "%d message\0%d messages", 22 }, { "%d message\0%d messages recus", 28 } },
	{ { "1.5", 3 }, { "1,5", 3 } },
	{ { "From %s, to %s", 14 }, { "De %s, pour %s", 14 } },
	{ { "MB", 2 }, { "Mo", 2 } },
	{ { "May", 3 }, { "mai", 3 } },
	{ { "May ", 4 }, { "mai", 3 } },
	{ { "Sign in", 7 }, { "Se connecter", 12 } },
	{ { "Tuesday", 7 }, { "mardi", 5 } },
	{ { "November", 8 }, { "novembre", 8 } },
};

static void
put32(struct im_buf *b, uint32_t v, bool swap)
{
	if (swap)
		v = __builtin_bswap32(v);
	im_buf_add(b, &v, 4);
}

static int
by_text(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	size_t n = x->from.n < y->from.n ? x->from.n : y->from.n;
	int cmp = n ? memcmp(x->from.p, y->from.p, n) : 0;

	return cmp ? cmp : (x->from.n > y->from.n) - (x->from.n < y->from.n);
}

/* catalogue - as msgfmt writes it, in either byte order; owned by caller */
static char *
catalogue(bool swap, size_t *ret_n)
{
	struct pair sorted[IM_COUNT(pairs)];
	const uint32_t n = IM_COUNT(pairs);
	struct im_buf b;
	uint32_t at;

	memcpy(sorted, pairs, sizeof sorted);
	qsort(sorted, n, sizeof *sorted, by_text);
	im_buf_init(&b, 65536);
	at = 28 + 16 * n;
	for (const uint32_t head[] = { 0x950412de, 0, n, 28, 28 + 8 * n, 0, at }, *p = head; p < head + 7;
	     p++)
		put32(&b, *p, swap);
	for (int side = 0; side < 2; side++) {
		for (uint32_t i = 0; i < n; i++) {
			uint32_t len = (uint32_t)(side ? sorted[i].to.n : sorted[i].from.n);

			put32(&b, len, swap);
			put32(&b, at, swap);
			at += len + 1;
		}
	}
	for (int side = 0; side < 2; side++)
		for (uint32_t i = 0; i < n; i++) {
			im_buf_add_str(&b, side ? sorted[i].to : sorted[i].from);
			im_buf_addc(&b, '\0');
		}
	return im_buf_steal(&b, ret_n);
}

START_TEST(translates)
{
	struct im_arena a = { 0 };
	struct im_lang l;
	size_t n;
	char *mo = catalogue(_i, &n);

	ck_assert(im_lang_parse((struct im_str) { mo, n }, "fr", &l));
	ck_assert_str_eq(im_lang_code(&l), "fr");
	ck_assert_str_eq(im_tr(&l, "Sign in"), "Se connecter");
	ck_assert_str_eq(im_tr(&l, "Sign i"), "Sign i");
	ck_assert_str_eq(im_tr(&l, "Sign in "), "Sign in ");
	ck_assert_str_eq(im_tr(&l, "nothing"), "nothing");
	ck_assert_str_eq(im_tr(&l, ""), "");
	ck_assert_uint_eq(im_tr_span(&l, (struct im_str) { "Sign in, please", 7 }).n, 12);
	ck_assert_str_eq(im_tr_count(&l, "%d message", "%d messages", 0, &a), "0 message");
	ck_assert_str_eq(im_tr_count(&l, "%d message", "%d messages", 1, &a), "1 message");
	ck_assert_str_eq(im_tr_count(&l, "%d message", "%d messages", 2, &a), "2 messages recus");
	ck_assert_str_eq(im_tr_count(&im_lang_en, "%d message", "%d messages", 0, &a), "0 messages");
	ck_assert_str_eq(im_tr_count(&im_lang_en, "%d message", "%d messages", UINT64_MAX, &a),
	    "18446744073709551615 messages");
	ck_assert_str_eq(im_tr_with(&l, "From %s, to %s", "%d%s%n", &a), "De %d%s%n, pour %d%s%n");
	ck_assert_str_eq(im_tr_with(&im_lang_en, "%s", "", &a), "");
	im_arena_done(&a);
	free(mo);
}
END_TEST

/* whatever is in the file: no read outside of it, and an answer that is text */
static void
use(const char *mo, size_t n)
{
	struct im_arena a = { 0 };
	struct im_lang l;
	char *exact = unit_exact(mo, n);

	if (im_lang_parse((struct im_str) { exact, n }, "xx", &l)) {
		for (size_t i = 0; i < IM_COUNT(pairs); i++) {
			struct im_str t = im_tr_span(&l, im_str(pairs[i].from.p));

			ck_assert(t.p == pairs[i].from.p ||
				  (t.p >= exact && t.p + t.n < exact + n && t.p[t.n] == '\0'));
		}
		ck_assert_ptr_nonnull(im_tr_count(&l, "%d message", "%d messages", 2, &a));
		ck_assert_ptr_nonnull(im_size_for(&l, 123456789, &a));
	}
	im_arena_done(&a);
	free(exact);
}

START_TEST(broken_is_survived)
{
	size_t n;
	char *mo = catalogue(false, &n);

	for (size_t i = 0; i <= n; i++)
		use(mo, i);
	for (size_t i = 0; i < n; i++) {
		for (int bit = 0; bit < 8; bit++) {
			mo[i] = (char)(mo[i] ^ 1 << bit);
			use(mo, n);
			mo[i] = (char)(mo[i] ^ 1 << bit);
		}
	}
	free(mo);
}
END_TEST

static const struct ask {
	const char *accept, *fallback, *want;
} asks[] = {
	{ NULL, "en", "en" },
	{ NULL, "fr", "fr" },
	{ "", "en", "en" },
	{ "fr", "en", "fr" },
	{ "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en", "fr" },
	{ "en-US,en;q=0.9,fr;q=0.8", "fr", "en" },
	{ "fr;q=0.1,en;q=0.2", "fr", "en" },
	{ "fr;q=0,en;q=0", "en", "en" },
	{ "de, FR;q=0.5", "en", "fr" },
	{ "de,it,es,nl", "fr", "fr" },
	{ "../../etc/passwd, /fr, f, frrr", "en", "en" },
	{ "zz", "../fr", "en" },
	{ "fr;q=1.000", "en", "fr" },
	{ "fr ; q=0.2 , en ; q=0.1", "en", "fr" },
	{ "fr;q=banana,en;q=0.1", "fr", "en" },
	{ "fr,en", "en", "fr" },
	{ "en,fr", "fr", "en" },
	{ "xx", "xx", "en" },
};

static void
put_catalogue(int locale, const char *name, struct im_str text)
{
	struct im_err err;

	ck_assert_msg(im_replace_file(locale, name, 0600, text, &err) == IM_OK, "%s", err.msg);
}

START_TEST(choice)
{
	char dir[] = "/tmp/im-i18n-XXXXXX";
	struct im_arena a = { 0 };
	size_t n;
	char *mo = catalogue(false, &n);
	int fd, locale;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(mkdirat(fd, "locale", 0700), 0);
	locale = openat(fd, "locale", O_RDONLY | O_DIRECTORY);
	put_catalogue(locale, "fr.mo", (struct im_str) { mo, n });
	put_catalogue(locale, "de.mo", IM_STR("hello")); /* not a catalogue: as if it were not there */
	ck_assert_str_eq(
	    im_lang_code(im_lang_choose(dir, asks[_i].accept, asks[_i].fallback, &a)), asks[_i].want);
	unlinkat(locale, "fr.mo", 0);
	unlinkat(locale, "de.mo", 0);
	unlinkat(fd, "locale", AT_REMOVEDIR);
	rmdir(dir);
	im_arena_done(&a);
	free(mo);
}
END_TEST

/* 2026-11-24 14:05:00 UTC, a Tuesday */
enum { NOW = 1795529100 };

START_TEST(dates)
{
	struct im_arena a = { 0 };
	struct im_lang fr;
	size_t n;
	char *mo = catalogue(false, &n);

	ck_assert(im_lang_parse((struct im_str) { mo, n }, "fr", &fr));
	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW, NOW, &a), "14:05");
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW - 14 * 3600, NOW, &a), "00:05");
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW - 15 * 3600, NOW, &a), "Mon 23:05");
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW - 5 * 86400, NOW, &a), "Thu 14:05");
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW - 7 * 86400, NOW, &a), "17 Nov");
	ck_assert_str_eq(im_date_short(&im_lang_en, NOW + 2 * 86400, NOW, &a), "26 Nov");
	ck_assert_str_eq(im_date_short(&im_lang_en, 1778400000, NOW, &a), "10 May");
	ck_assert_str_eq(im_date_short(&fr, 1778400000, NOW, &a), "10 mai");
	ck_assert_str_eq(im_date_short(&im_lang_en, 0, NOW, &a), "01/01/1970");
	ck_assert_str_eq(im_date_short(&im_lang_en, -1, NOW, &a), "31/12/1969");
	ck_assert_str_eq(im_date_short(&im_lang_en, INT64_MAX, NOW, &a), "");
	ck_assert_str_eq(im_date_long(&im_lang_en, NOW, &a), "Tuesday 24 November 2026, 14:05");
	ck_assert_str_eq(im_date_long(&fr, NOW, &a), "mardi 24 novembre 2026, 14:05");
	im_arena_done(&a);
	free(mo);
}
END_TEST

static const struct size {
	uint64_t bytes;
	const char *want;
} sizes[] = {
	{ 0, "0 B" },
	{ 999, "999 B" },
	{ 1000, "1.0 kB" },
	{ 1024, "1.0 kB" },
	{ 1536, "1.5 kB" },
	{ 10239, "10 kB" },
	{ 10240, "10 kB" },
	{ 1024 * 1000, "1.0 MB" },
	{ 1258291, "1.2 MB" },
	{ 50u << 20, "50 MB" },
	{ 5ull << 30, "5.0 GB" },
	{ UINT64_MAX, "1048576 TB" },
};

START_TEST(size_texts)
{
	struct im_arena a = { 0 };

	ck_assert_str_eq(im_size_for(&im_lang_en, sizes[_i].bytes, &a), sizes[_i].want);
	im_arena_done(&a);
}
END_TEST

START_TEST(french_sizes)
{
	struct im_arena a = { 0 };
	struct im_lang fr;
	size_t n;
	char *mo = catalogue(false, &n);

	ck_assert(im_lang_parse((struct im_str) { mo, n }, "fr", &fr));
	ck_assert_str_eq(im_size_for(&fr, 1258291, &a), "1,2 Mo");
	im_arena_done(&a);
	free(mo);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ translates, 2, 0 },
		{ broken_is_survived, 0, 0 },
		{ choice, IM_COUNT(asks), 0 },
		{ dates, 0, 0 },
		{ size_texts, IM_COUNT(sizes), 0 },
		{ french_sizes, 0, 0 },
	};

	return unit_main("i18n", tests, IM_COUNT(tests));
}
