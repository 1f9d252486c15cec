/*
 * dirmark.c - explicit directory times and the watch that makes them a proof
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/dirmark.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>
#include <sys/stat.h>
#include <time.h>

enum { NS = 1000000000, BACK_NS = 1000000 };

static int64_t
to_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

static struct im_dirmark
mark_of(const struct stat *st)
{
	return (struct im_dirmark) {
		.inode = st->st_ino, .mtime = to_ns(st->st_mtim), .ctime = to_ns(st->st_ctim)
	};
}

bool
im_dirmark_get(int dirfd, struct im_dirmark *ret)
{
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return false;
	*ret = mark_of(&st);
	return true;
}

bool
im_dirmark_at(int dirfd, const char *name, struct im_dirmark *ret)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return false;
	*ret = mark_of(&st);
	return true;
}

bool
im_dirmark_eq(const struct im_dirmark *a, const struct im_dirmark *b)
{
	return a->inode != 0 && a->inode == b->inode && a->mtime == b->mtime && a->ctime == b->ctime;
}

bool
im_dirmark_set(int dirfd, const struct im_dirmark *last, struct im_dirmark *ret)
{
	struct timespec now, times[2] = { { .tv_nsec = UTIME_OMIT } };
	int64_t coarse, mark;

	/* what the kernel gives from now on is this coarse time or later, so anything below it stays ours */
	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		return false;
	coarse = to_ns(now);
	mark = coarse - BACK_NS;
	/* within one tick marks rise by a nanosecond: a reader must see every one of our changes */
	if (last->mtime >= mark && last->mtime + 1 < coarse)
		mark = last->mtime + 1;
	times[1] = (struct timespec) { .tv_sec = mark / NS, .tv_nsec = (long)(mark % NS) };
	return futimens(dirfd, times) == 0 && im_dirmark_get(dirfd, ret) && ret->mtime == mark;
}

/* --- the watch --- */

/*
 * A description of our own: owner and signal belong to it, and one shared with another process (after a fork) would
 * send our signals there.
 */
static int
watch(int dirfd, int sig)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && (fcntl(fd, F_SETSIG, sig) < 0 ||
			   fcntl(fd, F_NOTIFY, (int)(DN_CREATE | DN_DELETE | DN_MULTISHOT)) < 0)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

void
im_dirwatch_open(struct im_dirwatch *w, int new_fd, int cur_fd)
{
	sigset_t set, old;

	*w = (struct im_dirwatch) { .new_fd = -1, .cur_fd = -1 };
	if (sigprocmask(SIG_BLOCK, NULL, &old) < 0)
		return;
	/* one that nobody has blocked: a second watch of this process takes another one */
	for (int sig = SIGRTMAX - 1; sig > SIGRTMAX - 8 && w->sig == 0; sig--)
		if (sigismember(&old, sig) == 0)
			w->sig = sig;
	if (w->sig == 0)
		return;
	w->io_was_blocked = sigismember(&old, SIGIO) == 1;
	/* SIGIO is what the kernel sends when the queue of realtime signals is full */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, w->sig);
	(void)sigaddset(&set, SIGIO);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	w->new_fd = watch(new_fd, w->sig);
	w->cur_fd = watch(cur_fd, w->sig);
	if (w->new_fd < 0 || w->cur_fd < 0)
		im_dirwatch_close(w);
}

/* takes what is queued; false when something cannot be told */
static bool
drain(const struct im_dirwatch *w, int *in_new, int *in_cur)
{
	const struct timespec at_once = { 0 };
	bool good = true;
	sigset_t set;
	siginfo_t info;
	int got;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, w->sig);
	while ((got = sigtimedwait(&set, &info, &at_once)) == w->sig || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		if (info.si_fd == w->new_fd)
			++*in_new;
		else if (info.si_fd == w->cur_fd)
			++*in_cur;
		else
			good = false;
	}
	return good && errno == EAGAIN;
}

bool
im_dirwatch_only(struct im_dirwatch *w, int in_new, int in_cur)
{
	int n = 0, c = 0;
	sigset_t pending;

	if (w->sig == 0 || !drain(w, &n, &c))
		return false;
	return n == in_new && c == in_cur && sigpending(&pending) == 0 && sigismember(&pending, SIGIO) == 0;
}

void
im_dirwatch_close(struct im_dirwatch *w)
{
	const struct timespec at_once = { 0 };
	int n, c;
	sigset_t set;

	if (w->sig == 0)
		return;
	/* the order matters: no more signals, take those there are, only then unblock, or they would end us */
	if (w->new_fd >= 0)
		(void)close(w->new_fd);
	if (w->cur_fd >= 0)
		(void)close(w->cur_fd);
	(void)drain(w, &n, &c);
	(void)sigemptyset(&set);
	if (!w->io_was_blocked) {
		(void)sigaddset(&set, SIGIO);
		(void)sigtimedwait(&set, NULL, &at_once);
	}
	(void)sigaddset(&set, w->sig);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	w->sig = 0;
}
