/*
 * dirmark.c - explicit directory times and the watch that makes them a proof
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/dirmark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

enum { NS = 1000000000, BACK_NS = 1000000 };

static int64_t
to_ns(struct timespec t)
{
	return (int64_t)t.tv_sec * NS + t.tv_nsec;
}

bool
im_dirmark_get(int dirfd, struct im_dirmark *ret)
{
	struct stat st;

	if (fstat(dirfd, &st) < 0)
		return false;
	*ret = (struct im_dirmark) {
		.inode = st.st_ino, .mtime = to_ns(st.st_mtim), .ctime = to_ns(st.st_ctim)
	};
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
	times[1] = (struct timespec) { .tv_sec = mark / NS, .tv_nsec = mark % NS };
	return futimens(dirfd, times) == 0 && im_dirmark_get(dirfd, ret) && ret->mtime == mark;
}

/* inotify wants a path: the magic link of our descriptor is one that nobody can exchange */
static int
watch(int fd, int dirfd)
{
	char path[32];

	if (!im_fmt(path, sizeof(path), "/proc/self/fd/%d", dirfd))
		return -1;
	return inotify_add_watch(fd, path, IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR);
}

void
im_dirwatch_open(struct im_dirwatch *w, int new_fd, int cur_fd)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return;
	w->wd_new = watch(w->fd, new_fd);
	w->wd_cur = watch(w->fd, cur_fd);
	if (w->wd_new < 0 || w->wd_cur < 0)
		im_dirwatch_close(w);
}

static bool
matches(const struct im_dirwatch *w, const struct inotify_event *e, const struct im_dirchange *c)
{
	const uint32_t mask = c->gone ? IN_DELETE | IN_MOVED_FROM : IN_CREATE | IN_MOVED_TO;

	return e->wd == (c->is_new ? w->wd_new : w->wd_cur) && (e->mask & mask) != 0 && e->len > 0 &&
	       strcmp(e->name, c->name) == 0;
}

bool
im_dirwatch_only(struct im_dirwatch *w, const struct im_dirchange *c, int n)
{
	alignas(struct inotify_event) char buf[4096];
	bool seen[IM_DIRCHANGES_MAX] = { false }, good = w->fd >= 0 && n <= IM_DIRCHANGES_MAX;
	ssize_t got;

	while (w->fd >= 0 && (got = read(w->fd, buf, sizeof(buf))) != -1) {
		for (ssize_t at = 0; at + (ssize_t)sizeof(struct inotify_event) <= got;) {
			const struct inotify_event *e = (const void *)(buf + at);
			int i = 0;

			while (good && i < n && (seen[i] || !matches(w, e, &c[i])))
				i++;
			if (good && i < n)
				seen[i] = true;
			else
				good = false;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
		if (got == 0)
			break;
	}
	for (int i = 0; good && i < n; i++)
		good = seen[i];
	return good && errno == EAGAIN;
}

void
im_dirwatch_close(struct im_dirwatch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	w->fd = -1;
}
