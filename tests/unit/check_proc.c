/*
 * check_proc.c - running other programs
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/proc.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"

#include "unit.h"

static struct im_err err;
static struct im_buf out;

static enum im_status
sh(const char *script, struct im_proc_opts o)
{
	const char *argv[] = { "sh", "-c", script, NULL };

	signal(SIGPIPE, SIG_IGN);
	im_buf_init(&out, 1 << 20);
	return im_proc_run(argv, &o, &out, &err);
}

START_TEST(output)
{
	ck_assert_int_eq(
	    sh("echo out; echo err >&2; cat", (struct im_proc_opts) { .input = IM_STR("in\n") }), IM_OK);
	ck_assert_str_eq(out.p, "out\nerr\nin\n");
	im_buf_done(&out);
}
END_TEST

START_TEST(environment)
{
	static const char *const extra[] = { "A=b c", NULL };

	setenv("SECRET", "x", 1);
	ck_assert_int_eq(sh("exec env", (struct im_proc_opts) { .env = extra }), IM_OK);
	ck_assert_ptr_nonnull(strstr(out.p, "A=b c\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "LANG=C.UTF-8\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
	ck_assert_ptr_null(strstr(out.p, "SECRET"));
	im_buf_done(&out);
	ck_assert_int_eq(sh("pwd", (struct im_proc_opts) { .cwd = "/usr" }), IM_OK);
	ck_assert_str_eq(out.p, "/usr\n");
	im_buf_done(&out);
}
END_TEST

START_TEST(failure)
{
	static const char *const none[] = { "no-such-program", NULL }, *const dir[] = { "/tmp", NULL };

	ck_assert_int_eq(sh("echo one; echo 'two words'; exit 3", (struct im_proc_opts) { 0 }), IM_TEMP);
	ck_assert_str_eq(err.msg, "sh failed with status 3: two words");
	im_buf_done(&out);
	ck_assert_int_eq(sh("kill -9 $$", (struct im_proc_opts) { 0 }), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "signal 9"));
	ck_assert_int_eq(im_proc_run(none, &(struct im_proc_opts) { 0 }, &out, &err), IM_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "no-such-program is not installed"));
	ck_assert_int_eq(im_proc_run(dir, &(struct im_proc_opts) { 0 }, &out, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "Permission denied"));
	im_buf_done(&out);
	ck_assert_int_eq(sh(":", (struct im_proc_opts) { .cwd = "/nonexistent" }), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent"));
	im_buf_done(&out);
}
END_TEST

START_TEST(deadline)
{
	int64_t before = im_monotonic_ms();

	/* the whole group is killed, the grandchild too */
	ck_assert_int_eq(
	    sh("sleep 60 & echo $!; sleep 60", (struct im_proc_opts) { .timeout_ms = 300 }), IM_TEMP);
	ck_assert_int_lt(im_monotonic_ms() - before, 5000);
	ck_assert_ptr_nonnull(strstr(err.msg, "did not end within 300 ms"));
	for (int i = 0; i < 200 && kill((pid_t)strtol(out.p, NULL, 10), 0) == 0; i++)
		usleep(10000);
	ck_assert(kill((pid_t)strtol(out.p, NULL, 10), 0) < 0);
	im_buf_done(&out);
}
END_TEST

/* a daemon that keeps the output open does not keep us */
START_TEST(daemon_left)
{
	int64_t before = im_monotonic_ms();

	ck_assert_int_eq(sh("sleep 20 & echo $!", (struct im_proc_opts) { .timeout_ms = 10000 }), IM_OK);
	ck_assert_int_lt(im_monotonic_ms() - before, 5000);
	ck_assert_int_gt(strtol(out.p, NULL, 10), 1);
	kill((pid_t)strtol(out.p, NULL, 10), SIGKILL);
	im_buf_done(&out);
}
END_TEST

START_TEST(much)
{
	size_t n = 3000000;
	char *big = malloc(n);

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', n);
	ck_assert_int_eq(
	    sh("cat", (struct im_proc_opts) { .input = { big, n }, .timeout_ms = 20000 }), IM_OK);
	ck_assert(out.full && out.n > 1000000); /* as much as the buffer holds */
	im_buf_done(&out);
	ck_assert_int_eq(
	    sh("true", (struct im_proc_opts) { .input = { big, n }, .timeout_ms = 20000 }), IM_OK);
	im_buf_done(&out);
	free(big);
}
END_TEST

START_TEST(descriptors)
{
	ck_assert_int_gt(dup2(0, 50), 0); /* not close-on-exec */
	ck_assert_int_eq(sh("ls /proc/self/fd | tr '\\n' ' '", (struct im_proc_opts) { 0 }), IM_OK);
	ck_assert_str_eq(out.p, "0 1 2 3 ");
	im_buf_done(&out);
}
END_TEST

START_TEST(other_user)
{
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(
	    sh("id -u; id -g; id -G", (struct im_proc_opts) { .uid = 65534, .gid = 65534 }), IM_OK);
	/* (a coverage build complains first that it may not write its counters) */
	ck_assert_uint_ge(out.n, 18);
	ck_assert_str_eq(out.p + out.n - 18, "65534\n65534\n65534\n");
	im_buf_done(&out);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { output }, { environment }, { failure }, { deadline },
		{ daemon_left }, { much }, { descriptors }, { other_user } };

	return unit_main("proc", tests, IM_COUNT(tests));
}
