/*
 * check_io.c - whole reads and writes, durable replacement, paths that stay below a directory, locks
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static char dir[] = "/tmp/check_io.XXXXXX";
static int dfd = -1;

static void
setup(void)
{
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dfd, 0);
}

static void
teardown(void)
{
	char cmd[64];
	pid_t pid = fork();

	close(dfd);
	snprintf(cmd, sizeof(cmd), "%s", dir);
	if (pid == 0) {
		execlp("rm", "rm", "-rf", cmd, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void
put(const char *name, const char *text)
{
	int fd = openat(dfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert(fd >= 0 && im_write_full(fd, text, strlen(text)));
	close(fd);
}

static bool
opens(const char *path, int flags)
{
	int fd = im_open_beneath(dfd, path, flags, 0600);

	if (fd >= 0) {
		ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
		close(fd);
	}
	return fd >= 0;
}

START_TEST(beneath)
{
	setup();
	put("f", "x");
	ck_assert(mkdirat(dfd, "d", 0700) == 0 && mkdirat(dfd, "d/e", 0700) == 0);
	put("d/e/f", "y");
	ck_assert(symlinkat("/etc", dfd, "abs") == 0 && symlinkat("f", dfd, "rel") == 0 &&
		  symlinkat("d", dfd, "dl") == 0);
	ck_assert(opens("f", O_RDONLY) && opens("d/e/f", O_RDONLY) && opens("d//e/f", O_RDONLY));
	ck_assert(opens("d/new", O_RDWR | O_CREAT | O_EXCL) && !opens("d/new", O_RDWR | O_CREAT | O_EXCL));
	ck_assert(!opens("/etc/passwd", O_RDONLY));
	ck_assert(!opens("../", O_RDONLY) && !opens("d/../../etc/passwd", O_RDONLY));
	ck_assert(!opens("abs/passwd", O_RDONLY) && !opens("rel", O_RDONLY) && !opens("dl/e/f", O_RDONLY));
	ck_assert(!opens("", O_RDONLY) && !opens("none", O_RDONLY) && errno == ENOENT);
	ck_assert(!opens("f/x", O_RDONLY) && errno == ENOTDIR);
	teardown();
}
END_TEST

START_TEST(pipes)
{
	char buf[16] = "";
	int p[2];

	ck_assert(pipe(p) == 0);
	if (fork() == 0) {
		for (int i = 0; i < 10; i++) {
			ck_assert(write(p[1], "x", 1) == 1);
			usleep(1000);
		}
		_exit(0);
	}
	close(p[1]);
	ck_assert_int_eq(im_read_full(p[0], buf, 4), 4);
	ck_assert_int_eq(im_read_full(p[0], buf, sizeof(buf)), 6);
	ck_assert_int_eq(im_read_full(p[0], buf, sizeof(buf)), 0);
	close(p[0]);
	ck_assert_int_eq(im_read_full(p[0], buf, 1), -1);
	ck_assert(!im_write_full(p[0], buf, 1) && errno == EBADF);
	wait(NULL);
}
END_TEST

START_TEST(at_offset)
{
	char buf[8] = "";
	int fd;

	setup();
	fd = openat(dfd, "f", O_RDWR | O_CREAT, 0600);
	ck_assert(im_pwrite_full(fd, "hello", 5, 3));
	ck_assert_int_eq(im_pread_full(fd, buf, 8, 2), 6);
	ck_assert(memcmp(buf, "\0hello", 6) == 0);
	ck_assert_int_eq(im_pread_full(fd, buf, 8, 100), 0);
	close(fd);
	teardown();
}
END_TEST

START_TEST(read_file)
{
	struct im_err err = { 0 };
	struct im_buf b;

	setup();
	im_buf_init(&b, 100000);
	put("f", "content");
	ck_assert_int_eq(im_read_file(dfd, "f", 7, &b, &err), IM_OK);
	ck_assert_int_eq(im_read_file(dfd, "f", 100, &b, &err), IM_OK);
	ck_assert_str_eq(b.p, "contentcontent");
	ck_assert_int_eq(im_read_file(dfd, "f", 6, &b, &err), IM_INVALID);
	ck_assert_int_eq(im_read_file(dfd, "none", 6, &b, &err), IM_NOTFOUND);
	ck_assert_int_eq(im_read_file(dfd, ".", 6, &b, &err), IM_INVALID);
	ck_assert_int_ne(im_read_file(dfd, "/etc/passwd", 100000, &b, &err), IM_OK);
	ck_assert_int_eq(im_read_file(AT_FDCWD, "/etc/passwd", 100000, &b, &err), IM_OK);
	ck_assert(mkfifoat(dfd, "pipe", 0600) == 0);
	ck_assert_int_eq(im_read_file(dfd, "pipe", 6, &b, &err), IM_INVALID); /* and does not hang */
	im_buf_clear(&b);
	/* a file that says that it is empty, and is not */
	ck_assert_int_eq(im_read_file(AT_FDCWD, "/proc/self/status", 100000, &b, &err), IM_OK);
	ck_assert_uint_gt(b.n, 100);
	ck_assert_int_eq(im_read_file(AT_FDCWD, "/proc/self/status", 100, &b, &err), IM_INVALID);
	im_buf_done(&b);
	teardown();
}
END_TEST

START_TEST(replace)
{
	struct im_err err = { 0 };
	struct im_buf b;
	struct stat sb;

	setup();
	umask(022);
	im_buf_init(&b, 1000);
	ck_assert(mkdirat(dfd, "d", 0700) == 0);
	ck_assert_int_eq(im_replace_file(dfd, "d/f", 0666, IM_STR("one"), &err), IM_OK);
	ck_assert_int_eq(im_replace_file(dfd, "d/f", 0640, IM_STR("two"), &err), IM_OK);
	ck_assert_int_eq(im_read_file(dfd, "d/f", 10, &b, &err), IM_OK);
	ck_assert_str_eq(b.p, "two");
	ck_assert(fstatat(dfd, "d/f", &sb, 0) == 0 && (sb.st_mode & 0777) == 0640);
	ck_assert_int_eq(im_replace_file(dfd, "none/f", 0600, IM_STR(""), &err), IM_NOTFOUND);
	ck_assert_int_eq(im_replace_file(dfd, "d", 0600, IM_STR(""), &err), IM_TEMP);
	ck_assert_int_ne(im_replace_file(dfd, "../x", 0600, IM_STR(""), &err), IM_OK);
	im_buf_done(&b);
	teardown();
}
END_TEST

/* a full disk (here: a size limit) leaves the old content and no rubbish */
START_TEST(replace_no_space)
{
	static char big[100000];
	struct im_err err = { 0 };
	struct im_buf b;

	setup();
	put("f", "old");
	signal(SIGXFSZ, SIG_IGN);
	ck_assert(setrlimit(RLIMIT_FSIZE, &(struct rlimit) { 4096, RLIM_INFINITY }) == 0);
	ck_assert_int_eq(
	    im_replace_file(dfd, "f", 0600, (struct im_str) { big, sizeof(big) }, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "write f: File too large"));
	im_buf_init(&b, 1000);
	ck_assert_int_eq(im_read_file(dfd, "f", 10, &b, &err), IM_OK);
	ck_assert_str_eq(b.p, "old");
	ck_assert(unlinkat(dfd, "f", 0) == 0);
	ck_assert(rmdir(dir) == 0); /* nothing else was in it */
	im_buf_done(&b);
}
END_TEST

START_TEST(mkdirs)
{
	struct im_err err = { 0 };
	char path[100];
	struct stat sb;

	setup();
	ck_assert(im_fmt(path, sizeof(path), "%s/a//b/c/", dir));
	ck_assert_int_eq(im_mkdirs(path, 0700, &err), IM_OK);
	ck_assert_int_eq(im_mkdirs(path, 0700, &err), IM_OK);
	ck_assert(stat(path, &sb) == 0 && S_ISDIR(sb.st_mode) && (sb.st_mode & 0777) == 0700);
	put("f", "");
	ck_assert(im_fmt(path, sizeof(path), "%s/f/x", dir));
	ck_assert_int_ne(im_mkdirs(path, 0700, &err), IM_OK);
	ck_assert(im_fmt(path, sizeof(path), "%s/f", dir));
	ck_assert_int_eq(im_mkdirs(path, 0700, &err), IM_CONFLICT);
	ck_assert_int_eq(im_mkdirs("/proc", 0700, &err), IM_OK);
	teardown();
}
END_TEST

START_TEST(lock)
{
	struct im_err err = { 0 };
	int64_t before;
	int other;

	setup();
	other = open(dir, O_RDONLY);
	ck_assert_int_eq(im_lock(dfd, false, 0, &err), IM_OK);
	ck_assert_int_eq(im_lock(other, false, 0, &err), IM_OK);
	im_unlock(other);
	before = im_monotonic_ms();
	ck_assert_int_eq(im_lock(other, true, 100, &err), IM_TEMP);
	ck_assert_int_ge(im_monotonic_ms() - before, 99);
	if (fork() == 0) {
		usleep(20000);
		im_unlock(dfd);
		_exit(0);
	}
	ck_assert_int_eq(im_lock(other, true, 5000, &err), IM_OK);
	im_unlock(other);
	ck_assert_int_eq(im_lock(-1, true, 0, &err), IM_TEMP);
	close(other);
	wait(NULL);
	teardown();
}
END_TEST

START_TEST(fds)
{
	struct stat sb;
	int null;

	close(0);
	close(2);
	ck_assert(im_fds_sane());
	null = open("/dev/null", O_RDONLY);
	ck_assert_int_gt(null, 2);
	ck_assert(fstat(2, &sb) == 0 && S_ISCHR(sb.st_mode));
}
END_TEST

START_TEST(clocks)
{
	int64_t s = im_now(), ns = im_now_ns(), ms = im_monotonic_ms();

	ck_assert_int_ge(s, INT64_C(1700000000));
	ck_assert_int_le(ns / 1000000000 - s, 1);
	usleep(3000);
	ck_assert_int_ge(im_monotonic_ms() - ms, 2);
	ck_assert_int_gt(im_now_ns(), ns);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { beneath }, { pipes }, { at_offset }, { read_file }, { replace },
		{ replace_no_space }, { mkdirs }, { lock }, { fds }, { clocks } };

	return unit_main("io", tests, IM_COUNT(tests));
}
