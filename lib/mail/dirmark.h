/*
 * dirmark.h - was this directory changed by anybody but us?
 *
 * A directory's mtime tells of changes, but not well enough alone: the kernel's clock stands still for up to 10 ms
 * (Linux before 6.13), so two changes may leave the same time. Therefore, after a change of our own, we set the mtime
 * to a value in the past that the kernel will not give again, and record it. Any later change replaces it. A watch,
 * placed before we looked and read after we marked, tells whether somebody else came between; then the mark is
 * not recorded. The kernel tells of a change while the directory is locked, as utimensat(2) does lock it, so whatever
 * came before the mark has been told.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DIRMARK_H
#define IM_DIRMARK_H

#include <stdbool.h>
#include <stdint.h>

/* all zero: unknown, equal to no directory */
struct im_dirmark {
	uint64_t inode;
	int64_t mtime, ctime; /* nanoseconds; the ctime tells of a restored or copied back mtime */
};

bool im_dirmark_get(int dirfd, struct im_dirmark *ret); /* false with errno */
/* im_dirmark_at - of the directory 'name' below dirfd; false: there is none, or it is a symbolic link */
bool im_dirmark_at(int dirfd, const char *name, struct im_dirmark *ret);
bool im_dirmark_eq(const struct im_dirmark *a, const struct im_dirmark *b);

/*
 * im_dirmark_set - give dirfd a mark that differs from 'last'
 * false: this file system does not keep the value (coarse times) or we may not set it; then nothing may be recorded.
 */
bool im_dirmark_set(int dirfd, const struct im_dirmark *last, struct im_dirmark *ret);

/*
 * A watch over new/ and cur/ of one mailbox. It is dnotify (fcntl F_NOTIFY), not inotify: closing an inotify descriptor
 * waits for an SRCU grace period, some 13 ms, which was measured to be three times all else that a delivery does.
 * dnotify queues a realtime signal for each change, in the same place; the signal is blocked while we watch.
 */
struct im_dirwatch {
	int sig; /* 0: no watch is to be had; nothing can be proven */
	int new_fd, cur_fd;
	bool io_was_blocked;
};

void im_dirwatch_open(struct im_dirwatch *w, int new_fd, int cur_fd);
/*
 * im_dirwatch_only - true when exactly so many names came or went in new/ and cur/ since the watch was opened or last
 * asked: with our own changes counted, nobody else made any. A rename within a directory is two.
 */
bool im_dirwatch_only(struct im_dirwatch *w, int in_new, int in_cur);
void im_dirwatch_close(struct im_dirwatch *w);

#endif
