/*
 * dirmark.h - was this directory changed by anybody but us?
 *
 * A directory's mtime tells of changes, but not well enough alone: the kernel's clock stands still for up to 10 ms
 * (Linux before 6.13), so two changes may leave the same time. Therefore, after a change of our own, we set the mtime
 * to a value in the past that the kernel will not give again, and record it. Any later change replaces it. An inotify
 * watch, placed before we looked and read after we marked, tells whether somebody else came between; then the mark is
 * not recorded. The kernel queues a directory's events while it is locked, as utimensat(2) does lock it, so whatever
 * came before the mark is in the queue.
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
bool im_dirmark_eq(const struct im_dirmark *a, const struct im_dirmark *b);

/*
 * im_dirmark_set - give dirfd a mark that differs from 'last'
 * false: this file system does not keep the value (coarse times) or we may not set it; then nothing may be recorded.
 */
bool im_dirmark_set(int dirfd, const struct im_dirmark *last, struct im_dirmark *ret);

/* a watch over new/ and cur/ of one mailbox */
struct im_dirwatch {
	int fd; /* -1: inotify is not to be had; nothing can be proven */
	int wd_new, wd_cur;
};

/* what our own change makes the kernel say; in order within a directory */
struct im_dirchange {
	bool is_new; /* of new/, else of cur/ */
	bool gone;   /* the name left (moved away or removed), else it came */
	const char *name;
};
enum { IM_DIRCHANGES_MAX = 4 };

void im_dirwatch_open(struct im_dirwatch *w, int new_fd, int cur_fd);
/*
 * im_dirwatch_only - true when exactly these changes happened since the watch was opened or last asked
 * Whatever was read is forgotten.
 */
bool im_dirwatch_only(struct im_dirwatch *w, const struct im_dirchange *c, int n);
void im_dirwatch_close(struct im_dirwatch *w);

#endif
