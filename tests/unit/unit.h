/*
 * unit.h - the end of a unit test program: a suite of named tests, run, counted
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TESTS_UNIT_H
#define IM_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct unit_test {
	const TTest *test;
	int loops;  /* rows of a table, the test gets the row's number in _i; 0: once */
	int signal; /* that ends it, or 0 */
};

static inline int
unit_main(const char *name, const struct unit_test *tests, size_t n)
{
	Suite *s = suite_create(name);
	TCase *t = tcase_create(name);
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 30);
	for (size_t i = 0; i < n; i++) {
		int loops = tests[i].loops ? tests[i].loops : 1;

		if (tests[i].signal)
			tcase_add_loop_test_raise_signal(t, tests[i].test, tests[i].signal, 0, loops);
		else
			tcase_add_loop_test(t, tests[i].test, 0, loops);
	}
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* the bytes of s on the heap with nothing behind them, so that a sanitizer sees an overread; free(3) it */
static inline char *
unit_exact(const char *s, size_t n)
{
	char *p = malloc(n ? n : 1);

	if (p && n)
		memcpy(p, s, n);
	return p;
}

#endif
