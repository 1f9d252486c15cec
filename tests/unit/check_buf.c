/*
 * check_buf.c - buffers, memory, errors and the table of results
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/buf.h"

#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/err.h"

#include "unit.h"

START_TEST(append)
{
	struct im_buf b;

	im_buf_init(&b, 1000);
	ck_assert_str_eq(b.p, "");
	im_buf_adds(&b, "ab");
	im_buf_addc(&b, 'c');
	im_buf_addf(&b, "%d%s", 42, "!");
	im_buf_add(&b, "\0x", 2);
	im_buf_add_str(&b, im_str(NULL));
	ck_assert_uint_eq(b.n, 8);
	ck_assert(memcmp(b.p, "abc42!\0x", 9) == 0);
	ck_assert(im_str_eq(im_buf_str(&b), IM_STR("abc42!\0x")));
	im_buf_clear(&b);
	ck_assert(b.n == 0 && b.p[0] == '\0' && b.cap > 0);
	im_buf_done(&b);
	ck_assert_str_eq(b.p, "");
}
END_TEST

START_TEST(maximum)
{
	struct im_buf b;
	char big[600];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	im_buf_init(&b, 300);
	for (int i = 0; i < 300; i++)
		im_buf_addc(&b, 'x');
	ck_assert(b.n == 300 && !b.full && b.p[300] == '\0');
	im_buf_addc(&b, 'y');
	ck_assert(b.n == 300 && b.full && b.p[300] == '\0');
	im_buf_clear(&b);
	ck_assert(!b.full);
	im_buf_adds(&b, "a");
	im_buf_adds(&b, big); /* not added at all */
	ck_assert(b.full && b.n == 1);
	b.full = false;
	im_buf_addf(&b, "%s", big);
	ck_assert(b.full && b.n == 1);
	im_buf_done(&b);

	im_buf_init(&b, SIZE_MAX);
	im_buf_addf(&b, "%s", big);
	ck_assert_str_eq(b.p, big);
	im_buf_add(&b, big, 0);
	im_buf_done(&b);

	im_buf_init(&b, 0);
	im_buf_addc(&b, 'x');
	ck_assert(b.full && b.n == 0);
	im_buf_done(&b);
}
END_TEST

START_TEST(steal)
{
	struct im_buf b;
	size_t n = 9;
	char *p;

	im_buf_init(&b, 100);
	p = im_buf_steal(&b, &n);
	ck_assert(n == 0 && p[0] == '\0');
	free(p);
	im_buf_adds(&b, "mine");
	p = im_buf_steal(&b, NULL);
	ck_assert_str_eq(p, "mine");
	ck_assert_uint_eq(b.n, 0);
	free(p);
	im_buf_done(&b);
}
END_TEST

START_TEST(arena)
{
	struct im_arena a = { 0 };
	char *last = NULL;

	for (size_t n = 0; n < 3000; n++) {
		char *p = im_arena_alloc(&a, n);

		ck_assert_uint_eq((uintptr_t)p % alignof(max_align_t), 0);
		ck_assert(p != last);
		for (size_t i = 0; i < n; i++)
			ck_assert(p[i] == 0);
		memset(p, 0xff, n);
		last = p;
	}
	ck_assert_uint_ge(a.used, 3000 * 2999 / 2);
	last = im_arena_alloc(&a, 1000000);
	memset(last, 1, 1000000);
	ck_assert_str_eq(im_arena_strdup(&a, "text"), "text");
	ck_assert_str_eq(im_arena_strndup(&a, "text", 2), "te");
	ck_assert_str_eq(im_arena_strndup(&a, NULL, 0), "");
	ck_assert_uint_eq(strlen(im_arena_fmt(&a, "%1000d", 1)), 1000);
	ck_assert_str_eq(im_arena_fmt(&a, "%s-%d", "x", 7), "x-7");
	im_arena_done(&a);
	ck_assert(a.head == NULL && a.used == 0);
	im_arena_done(&a);
}
END_TEST

START_TEST(memory)
{
	char *p = im_strdup("abc");

	p = im_realloc(p, 100);
	ck_assert_str_eq(p, "abc");
	free(p);
	free(im_malloc(0));
	p = im_calloc(3, 5);
	for (size_t i = 0; i < 15; i++)
		ck_assert(p[i] == 0);
	free(p);
	p = im_strndup("abc", 0);
	ck_assert_str_eq(p, "");
	free(p);
}
END_TEST

START_TEST(errors)
{
	struct im_err err = { 0 };
	char big[1000];

	ck_assert_int_eq(im_fail(&err, IM_INVALID, "a %s", "b\nc\x1b[2J\x7f"), IM_INVALID);
	ck_assert_str_eq(err.msg, "a b?c?[2J?");
	ck_assert_str_eq(err.dsn, "");
	ck_assert_int_eq(im_fail_dsn(&err, IM_QUOTA, "4.2.2", "full"), IM_QUOTA);
	ck_assert_int_eq(im_err_prefix(&err, "box %d", 7), IM_QUOTA);
	ck_assert_str_eq(err.msg, "box 7: full");
	ck_assert_str_eq(err.dsn, "4.2.2");
	ck_assert_int_eq(im_fail(&err, IM_BUG, "%s again", err.msg), IM_BUG);
	ck_assert_str_eq(err.msg, "box 7: full again");

	/* cut where it is too long, but never within a character */
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i + 1 < sizeof(big); i += 2)
		memcpy(big + i, "\xc3\xa9", 2);
	big[sizeof(big) - 1] = '\0';
	im_fail(&err, IM_TEMP, "%s", big);
	ck_assert_uint_ge(strlen(err.msg), sizeof(err.msg) - 4);
	ck_assert(im_utf8_valid(im_str(err.msg)));
}
END_TEST

static const struct {
	int errnum;
	enum im_status st;
} errnos[] = {
	{ ENOENT, IM_NOTFOUND },
	{ ENOTDIR, IM_NOTFOUND },
	{ EEXIST, IM_CONFLICT },
	{ EINVAL, IM_INVALID },
	{ ENAMETOOLONG, IM_INVALID },
	{ EACCES, IM_TEMP },
	{ EPERM, IM_TEMP },
	{ EROFS, IM_TEMP },
	{ ENOSPC, IM_TEMP },
	{ EDQUOT, IM_TEMP },
	{ EIO, IM_TEMP },
	{ 99999, IM_TEMP },
};

START_TEST(error_numbers)
{
	struct im_err err = { 0 };

	ck_assert_int_eq(im_fail_errno(&err, errnos[_i].errnum, "open %s", "x"), errnos[_i].st);
	ck_assert(strncmp(err.msg, "open x: ", 8) == 0 && err.msg[8]);
}
END_TEST

/* sysexits.h; pipe(8): only 71 and 75 make Postfix try again, so nothing else but a definite answer may come out */
START_TEST(exit_statuses)
{
	for (int st = 0; st < IM_NSTATUS + 3; st++) {
		int cli = im_exit_cli((enum im_status)st), agent = im_exit_pipe((enum im_status)st);
		int http = im_http((enum im_status)st);

		ck_assert(im_status_name((enum im_status)st)[0]);
		ck_assert((st == IM_OK) == (cli == 0));
		ck_assert(cli == 0 || (cli >= EX__BASE && cli <= EX__MAX));
		if (st == IM_OK || st == IM_NOTFOUND || st == IM_QUOTA || st == IM_DENIED)
			ck_assert_int_eq(agent, cli);
		else
			ck_assert_int_eq(agent, EX_TEMPFAIL);
		ck_assert(st == IM_OK ? http == 200 : http >= 400 && http <= 599);
		ck_assert(st == IM_OK || agent != EX_TEMPFAIL || im_status_dsn((enum im_status)st)[0] == '4');
	}
	ck_assert_int_eq(im_exit_cli(IM_USAGE), 64);
	ck_assert_int_eq(im_exit_cli(IM_CONFIG), 78);
	ck_assert_int_eq(im_exit_pipe(IM_NOTFOUND), 67);
	ck_assert_int_eq(im_http(IM_TEMP), 503);
	ck_assert_str_eq(im_status_dsn(IM_NOTFOUND), "5.1.1");
}
END_TEST

/* memory that ends: the exit status that was chosen, no way back */
START_TEST(out_of_memory)
{
	im_oom_exit_status(75);
	(void)im_malloc(SIZE_MAX / 2);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ append },
		{ maximum },
		{ steal },
		{ arena },
		{ memory },
		{ errors },
		{ error_numbers, IM_COUNT(errnos) },
		{ exit_statuses },
	};
	Suite *s = suite_create("oom");
	TCase *t = tcase_create("oom");
	SRunner *r = srunner_create(s);
	int failed;

	/* a sanitizer ends the program itself, in its own way */
	tcase_add_exit_test(t, out_of_memory, 75);
	suite_add_tcase(s, t);
#ifndef __SANITIZE_ADDRESS__
	srunner_run_all(r, CK_ENV);
#endif
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return unit_main("buf", tests, IM_COUNT(tests)) || failed;
}
