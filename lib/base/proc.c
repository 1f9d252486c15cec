/*
 * proc.c - running other programs
 *
 * The end of the program is watched through a pidfd, not through the end of its output: a daemon that it leaves
 * behind may hold the pipe open for ever.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"

#define SEARCH_PATH "/usr/sbin:/usr/bin:/sbin:/bin"
enum { MAX_ENV = 32, EXEC_FAILED = 127 };

struct child {
	pid_t pid;
	int pidfd, in, out;  /* our ends; -1 closed */
	struct im_str input; /* what is left of it */
	const char *name;
};

static char *
find_program(const char *name)
{
	struct im_str dirs = IM_STR(SEARCH_PATH);
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return im_strdup(name);
	while (dirs.p) {
		struct im_str dir = im_str_cut(&dirs, ':');

		if (im_fmt(path, sizeof(path), "%.*s/%s", (int)dir.n, dir.p, name) && access(path, X_OK) == 0)
			return im_strdup(path);
	}
	return NULL;
}

/* in the child: everything after fork up to exec; only what is safe there */
static void __attribute__((noreturn))
become(const char *path, const char *const argv[], const struct im_proc_opts *o, int in, int out)
{
	const char *env[MAX_ENV + 3] = { "PATH=" SEARCH_PATH, "LANG=C.UTF-8" };
	size_t n = 2;
	sigset_t none;

	for (const char *const *e = o->env; e && *e && n < MAX_ENV + 2; e++)
		env[n++] = *e;
	(void)setpgid(0, 0);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(EXEC_FAILED);
	(void)close_range(3, ~0U, 0);
	if ((o->uid || o->gid) && (setgroups(0, NULL) < 0 || setgid(o->gid) < 0 || setuid(o->uid) < 0)) {
		dprintf(2, "cannot become user %u: %s\n", (unsigned)o->uid, strerrordesc_np(errno));
		_exit(EXEC_FAILED);
	}
	if (o->cwd && chdir(o->cwd) < 0) {
		dprintf(2, "change to directory %s: %s\n", o->cwd, strerrordesc_np(errno));
		_exit(EXEC_FAILED);
	}
	execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	dprintf(2, "start %s: %s\n", path, strerrordesc_np(errno));
	_exit(EXEC_FAILED);
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static enum im_status
start(struct child *c, const char *path, const char *const argv[], const struct im_proc_opts *o,
    struct im_err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	enum im_status st = IM_OK;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0) {
		st = im_fail_errno(err, errno, "pipe to %s", c->name);
		goto out;
	}
	c->pid = fork();
	if (c->pid == 0)
		become(path, argv, o, in[0], out[1]);
	if (c->pid < 0) {
		st = im_fail_errno(err, errno, "fork for %s", c->name);
		goto out;
	}
	(void)setpgid(c->pid, c->pid); /* both sides do it: whoever comes first */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0) {
		st = im_fail_errno(err, errno, "watch %s", c->name);
		(void)kill(c->pid, SIGKILL);
		(void)waitpid(c->pid, NULL, 0);
		goto out;
	}
	c->in = in[1];
	c->out = out[0];
	in[1] = out[0] = -1;
	(void)fcntl(c->in, F_SETFL, O_NONBLOCK);
	(void)fcntl(c->out, F_SETFL, O_NONBLOCK);
	if (c->input.n == 0)
		close_fd(&c->in);
out:
	close_fd(&in[0]);
	close_fd(&in[1]);
	close_fd(&out[0]);
	close_fd(&out[1]);
	return st;
}

static void
feed(struct child *c)
{
	ssize_t n = write(c->in, c->input.p, c->input.n);

	if (n > 0) {
		c->input.p += n;
		c->input.n -= (size_t)n;
	}
	/* it closed its input: it has what it wants */
	if (c->input.n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&c->in);
}

/* what there is now; what is too much for the buffer is dropped, the program must not hang on a full pipe */
static void
collect(struct child *c, struct im_buf *out)
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(c->out, chunk, sizeof(chunk))) > 0)
		im_buf_add(out, chunk, (size_t)n);
	if (n == 0)
		close_fd(&c->out);
}

/* until the program has ended; false when the time was up */
static bool
attend(struct child *c, int timeout_ms, struct im_buf *out)
{
	const int64_t end = im_monotonic_ms() + timeout_ms;

	for (;;) {
		struct pollfd p[3] = { { .fd = c->pidfd, .events = POLLIN },
			{ .fd = c->out, .events = POLLIN }, { .fd = c->in, .events = POLLOUT } };
		int64_t left = timeout_ms ? end - im_monotonic_ms() : -1;

		if (timeout_ms && left <= 0)
			return false;
		if (poll(p, IM_COUNT(p), (int)left) < 0 && errno != EINTR)
			return false;
		if (p[2].revents)
			feed(c);
		if (p[1].revents)
			collect(c, out);
		if (p[0].revents) {
			if (c->out >= 0)
				collect(c, out);
			return true;
		}
	}
}

static struct im_str
last_line(struct im_str s)
{
	s = im_str_trim(s);
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '\n')
			return (struct im_str) { s.p + i, s.n - i };
	return s;
}

static enum im_status
judge(const struct child *c, int status, struct im_str output, struct im_err *err)
{
	struct im_str last = last_line(output);
	const char *colon = last.n ? ": " : "";
	int n = (int)(last.n < 300 ? last.n : 300);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return IM_OK;
	if (WIFSIGNALED(status))
		return im_fail(err, IM_TEMP, "%s was ended by signal %d (%s)%s%.*s", c->name,
		    WTERMSIG(status), strsignal(WTERMSIG(status)), colon, n, last.p);
	return im_fail(
	    err, IM_TEMP, "%s failed with status %d%s%.*s", c->name, WEXITSTATUS(status), colon, n, last.p);
}

enum im_status
im_proc_run(const char *const argv[], const struct im_proc_opts *o, struct im_buf *out, struct im_err *err)
{
	struct child c = { .pidfd = -1, .in = -1, .out = -1, .input = o->input, .name = argv[0] };
	char *path = find_program(argv[0]);
	size_t before = out->n;
	enum im_status st;
	bool in_time;
	int status = 0;

	if (!path)
		return im_fail(err, IM_CONFIG, "%s is not installed (looked in %s)", argv[0], SEARCH_PATH);
	st = start(&c, path, argv, o, err);
	if (st != IM_OK)
		goto out;
	in_time = attend(&c, o->timeout_ms, out);
	if (!in_time)
		(void)kill(-c.pid, SIGKILL);
	while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (in_time)
		st = judge(&c, status, (struct im_str) { out->p + before, out->n - before }, err);
	else
		st = im_fail(
		    err, IM_TEMP, "%s did not end within %d ms and was killed", argv[0], o->timeout_ms);
out:
	close_fd(&c.pidfd);
	close_fd(&c.in);
	close_fd(&c.out);
	free(path);
	return st;
}
