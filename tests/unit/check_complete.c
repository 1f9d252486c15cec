/*
 * check_complete.c - the size that Postfix counts, byte by byte, and parents that live, die and are gone
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/complete.h"
#include "unit.h"

/* lines of so many bytes, line end not counted; and what they are in a queue file */
static const struct {
	int length, lines;
	bool unfinished; /* the last one has no line end */
	uint64_t size;
} inputs[] = {
	{ 0, 1, false, 2 },
	{ 0, 300000, false, 600000 },
	{ 1, 1, false, 3 },
	{ 1, 1, true, 3 },
	{ 99, 3000, false, 3000 * 101 },
	{ 127, 1, false, 129 },
	{ 128, 1, false, 131 },
	{ 128, 1, true, 131 },
	{ 128, 3, true, 3 * 131 },
	{ 199, 1500, false, 1500 * 202 },
	{ 2047, 1, false, 2050 },
	{ 2048, 1, false, 2051 + 2 }, /* a full record, and the line's end in an empty one */
	{ 2049, 1, true, 2051 + 3 },
	{ 2048 + 127, 1, false, 2051 + 129 },
	{ 2048 + 128, 1, false, 2051 + 131 },
	{ 299999, 1, false, 146 * 2051 + 991 + 3 },
};

/* fed in pieces of any size: the estimate is exact, so one byte more than the slack is noticed */
START_TEST(size)
{
	static const size_t pieces[] = { 1, 7, 1000, 65536 };
	size_t line = (size_t)inputs[_i].length + 1;
	size_t n = line * (size_t)inputs[_i].lines - inputs[_i].unfinished;
	char *data = malloc(n);
	struct im_complete c;
	struct im_err err;

	ck_assert_ptr_nonnull(data);
	for (size_t i = 0; i < n; i++)
		data[i] = (i + 1) % line ? 'x' : '\n';
	for (size_t k = 0; k < IM_COUNT(pieces); k++) {
		im_complete_begin(&c, 0, true);
		for (size_t at = 0, some; at < n; at += some) {
			some = n - at < pieces[k] ? n - at : pieces[k];
			im_complete_feed(&c, data + at, some);
		}
		ck_assert_int_eq(im_complete_check(&c, 0, &err), IM_OK);
		ck_assert_uint_eq(c.bytes, inputs[_i].size);
		ck_assert_int_eq(im_complete_check(&c, inputs[_i].size + IM_COMPLETE_SLACK, &err), IM_OK);
		ck_assert_int_eq(
		    im_complete_check(&c, inputs[_i].size + IM_COMPLETE_SLACK + 1, &err), IM_TEMP);
		ck_assert_str_eq(err.dsn, "4.3.0");
		ck_assert_int_eq(im_complete_check(&c, UINT64_MAX, &err), IM_TEMP);
		ck_assert_int_eq(im_complete_parent(&c, &err), IM_OK); /* not watched */
		im_complete_end(&c);
	}
	free(data);
}
END_TEST

START_TEST(nothing)
{
	struct im_complete c;
	struct im_err err;

	im_complete_begin(&c, 0, true);
	im_complete_feed(&c, "", 0);
	ck_assert_int_eq(im_complete_check(&c, 0, &err), IM_TEMP); /* even of unknown size */
	ck_assert_str_eq(err.dsn, "4.3.0");
	im_complete_end(&c);
}
END_TEST

START_TEST(parent)
{
	struct im_complete c;
	struct im_err err;

	im_complete_begin(&c, getppid(), true);
	ck_assert_int_ge(c.stat_fd, 0);
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_OK);
	im_complete_end(&c);
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_OK); /* no /proc */
	im_complete_begin(&c, getppid() + 1, true);            /* not the one any more that it was */
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_TEMP);
	ck_assert_str_eq(err.dsn, "4.3.0");
	im_complete_end(&c);
	im_complete_begin(&c, 1, true);
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_TEMP);
	im_complete_end(&c);
}
END_TEST

/* what /proc says while the process number is still there: of a process of the test's own in the parent's place */
START_TEST(dying_parent)
{
	struct im_complete c, other;
	struct im_err err;
	int ready[2];
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_NAME, "a) Z 1 (b", 0, 0, 0);
		(void)!write(ready[1], "", 1);
		(void)pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	im_complete_begin(&other, pid, true);
	ck_assert_int_ge(other.stat_fd, 0);
	c = other;
	c.parent = getppid();
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_OK);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &(siginfo_t) { 0 }, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_TEMP); /* a zombie */
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(im_complete_parent(&c, &err), IM_TEMP); /* and gone */
	im_complete_end(&other);
	(void)close(ready[0]);
	(void)close(ready[1]);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { size, IM_COUNT(inputs) }, { nothing }, { parent },
		{ dying_parent } };

	return unit_main("complete", tests, IM_COUNT(tests));
}
