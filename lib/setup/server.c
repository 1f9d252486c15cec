/*
 * server.c - one server process: start, ask, end
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/proc.h"
#include "setup/probe.h"

enum { START_MS = 30000, END_MS = 10000, KILL_MS = 5000, STEP_MS = 10, TAIL_BYTES = 4096, TAIL_LINES = 15 };

static void
nap(void)
{
	nanosleep(&(struct timespec) { .tv_nsec = STEP_MS * 1000000L }, NULL);
}

/* --- is it ours? --- */

static size_t
read_small(const char *path, char *dst, size_t size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : im_read_full(fd, dst, size - 1);

	if (fd >= 0)
		close(fd);
	dst[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static bool
has_argument(const char *cmdline, size_t n, const char *mark)
{
	for (size_t at = 0; at < n; at += strlen(cmdline + at) + 1)
		if (strcmp(cmdline + at, mark) == 0)
			return true;
	return false;
}

/* a process that has ended but was not waited for has an empty command line */
static bool
is_ours(const struct im_server *s, pid_t pid)
{
	char path[64], exe[4096], cmdline[8192];
	const char *base;
	ssize_t n;

	if (!im_fmt(path, sizeof(path), "/proc/%ld/exe", (long)pid))
		return false;
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0)
		return false;
	exe[n] = '\0';
	base = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	/* " (deleted)": the package was upgraded under it */
	if (strncmp(base, s->exe, strlen(s->exe)) != 0 || !strchr(" ", base[strlen(s->exe)]))
		return false;
	if (!im_fmt(path, sizeof(path), "/proc/%ld/cmdline", (long)pid))
		return false;
	return has_argument(cmdline, read_small(path, cmdline, sizeof(cmdline)), s->mark);
}

pid_t
im_server_pid(const struct im_server *s)
{
	char text[32];
	uint64_t pid;

	(void)read_small(s->pidfile, text, sizeof(text));
	if (!im_str_u64(im_str_trim(im_str(text)), 0x7fffffff, &pid) || pid < 2)
		return 0;
	return is_ours(s, (pid_t)pid) ? (pid_t)pid : 0;
}

/* --- start --- */

/*
 * In the child of the child: nothing but async-signal-safe calls until exec. Of what the caller has open, or has told the
 * kernel about signals, the server gets nothing.
 */
static void
become_server(const struct im_server *s, int log, int report)
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL };
	int null = open("/dev/null", O_RDWR), e;
	sigset_t none;

	if (null >= 0 && dup2(null, 0) >= 0 && dup2(log, 1) >= 0 && dup2(log, 2) >= 0) {
		(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		for (int sig = 1; sig < NSIG; sig++)
			signal(sig, SIG_DFL);
		umask(022);
		(void)!chdir("/");
		execve(s->argv[0], (char *const *)(uintptr_t)s->argv, (char *const *)(uintptr_t)env);
	}
	e = errno;
	(void)!write(report, &e, sizeof(e));
	_exit(127);
}

/*
 * The server is a grandchild in a session of its own, so that it outlives us and a Ctrl-C of the terminal. The pipe
 * brings its pid, then either its end (exec closed it) or the errno of a failed exec.
 */
static enum im_status
spawn(const struct im_server *s, int log, pid_t *ret, struct im_err *err)
{
	int report[2], e = 0, got;
	pid_t child, pid = 0;

	if (pipe2(report, O_CLOEXEC) != 0)
		return im_fail_errno(err, errno, "%s: pipe", s->name);
	child = fork();
	if (child == 0) {
		pid = fork();
		if (pid == 0) {
			setsid();
			pid = getpid();
			(void)!write(report[1], &pid, sizeof(pid));
			become_server(s, log, report[1]);
		}
		_exit(pid < 0);
	}
	close(report[1]);
	if (child > 0)
		while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
			;
	got = im_read_full(report[0], &pid, sizeof(pid)) == sizeof(pid);
	if (got && im_read_full(report[0], &e, sizeof(e)) != sizeof(e))
		e = 0;
	close(report[0]);
	if (child < 0 || !got)
		return im_fail(err, IM_TEMP, "%s: no new process (out of memory or process limit?)", s->name);
	if (e != 0)
		return im_fail_errno(err, e, "%s: %s cannot be run", s->name, s->argv[0]);
	*ret = pid;
	return IM_OK;
}

static enum im_status
write_pid(const struct im_server *s, pid_t pid, struct im_err *err)
{
	char text[32];

	if (!im_fmt(text, sizeof(text), "%ld\n", (long)pid))
		return im_fail(err, IM_BUG, "a pid of %ld", (long)pid);
	return im_replace_file(AT_FDCWD, s->pidfile, 0644, im_str(text), err);
}

static bool
answers(const struct im_server *s)
{
	for (size_t i = 0; i < IM_SERVER_PROBES; i++)
		if (s->probes[i].address && !im_probe(&s->probes[i]))
			return false;
	return true;
}

static enum im_status
await_answer(const struct im_server *s, pid_t pid, struct im_err *err)
{
	int64_t end = im_monotonic_ms() + START_MS;

	while (!answers(s)) {
		if (kill(pid, 0) != 0 || im_server_pid(s) == 0)
			return im_fail(err, IM_TEMP, "%s ended while it was starting", s->name);
		if (im_monotonic_ms() > end)
			return im_fail(
			    err, IM_TEMP, "%s does not answer after %d seconds", s->name, START_MS / 1000);
		nap();
	}
	return IM_OK;
}

/* the last lines that were written to the log from "from" on */
static void
read_tail(const char *path, off_t from, struct im_buf *tail)
{
	char text[TAIL_BYTES + 1];
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), lines = 0;
	ssize_t n = -1, at;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		if (st.st_size - from > TAIL_BYTES)
			from = st.st_size - TAIL_BYTES;
		n = im_pread_full(fd, text, TAIL_BYTES, from < st.st_size ? from : st.st_size);
	}
	if (fd >= 0)
		close(fd);
	for (at = n; at > 0; at--)
		if (text[at - 1] == '\n' && at < n && ++lines == TAIL_LINES)
			break;
	if (n > 0)
		im_buf_add(tail, text + at, (size_t)(n - at));
}

static enum im_status
check(const struct im_server *s, struct im_buf *tail, struct im_err *err)
{
	struct im_proc_opts o = { .timeout_ms = START_MS };
	struct im_buf out;
	enum im_status st;

	if (!s->check[0])
		return IM_OK;
	im_buf_init(&out, 65536);
	st = im_proc_run(s->check, &o, &out, err);
	if (st != IM_OK)
		im_buf_add_str(tail, im_buf_str(&out));
	im_buf_done(&out);
	return st;
}

static enum im_status
launch(const struct im_server *s, int log, struct im_err *err)
{
	struct im_err later;
	pid_t pid = 0;
	enum im_status st = spawn(s, log, &pid, err);

	if (st == IM_OK)
		st = write_pid(s, pid, err);
	if (st == IM_OK)
		st = await_answer(s, pid, err);
	if (st != IM_OK && pid > 0)
		(void)!im_server_stop(s, &later);
	return st;
}

enum im_status
im_server_start(const struct im_server *s, struct im_buf *tail, struct im_err *err)
{
	struct stat before = { 0 };
	enum im_status st;
	int log;

	if (im_server_pid(s) != 0)
		return IM_OK;
	st = check(s, tail, err);
	if (st != IM_OK)
		return st;
	log = open(s->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (log < 0)
		return im_fail_errno(err, errno, "log of %s, %s", s->name, s->log);
	(void)!fstat(log, &before);
	st = launch(s, log, err);
	close(log);
	if (st != IM_OK)
		read_tail(s->log, before.st_size, tail);
	return st;
}

/* --- end --- */

static bool
gone(const struct im_server *s, pid_t pid, int wait_ms)
{
	int64_t end = im_monotonic_ms() + wait_ms;

	while (is_ours(s, pid)) {
		if (im_monotonic_ms() > end)
			return false;
		nap();
	}
	return true;
}

enum im_status
im_server_stop(const struct im_server *s, struct im_err *err)
{
	pid_t pid = im_server_pid(s);

	if (pid != 0) {
		if (kill(pid, s->end_signal) != 0 && errno != ESRCH)
			return im_fail_errno(err, errno, "%s (process %ld)", s->name, (long)pid);
		/* its children are in its process group */
		if (!gone(s, pid, END_MS) && (kill(-pid, SIGKILL), !gone(s, pid, KILL_MS)))
			return im_fail(err, IM_TEMP, "%s (process %ld) does not end", s->name, (long)pid);
	}
	if (unlink(s->pidfile) != 0 && errno != ENOENT)
		return im_fail_errno(err, errno, "%s", s->pidfile);
	return IM_OK;
}
