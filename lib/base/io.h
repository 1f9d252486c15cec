/*
 * io.h - whole reads and writes, durable replacement of files, safe opening below a directory
 *
 * All paths are relative to an open directory; symbolic links are not followed unless said. O_CLOEXEC always.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_IO_H
#define IM_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* im_open_beneath - openat2(RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS); -1 with errno. Falls back to a component walk */
int im_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* im_read_full - up to n bytes, fewer only at the end of file; -1 with errno. EINTR is retried */
ssize_t im_read_full(int fd, void *p, size_t n);
ssize_t im_pread_full(int fd, void *p, size_t n, off_t at);
bool im_write_full(int fd, const void *p, size_t n); /* false with errno */
bool im_pwrite_full(int fd, const void *p, size_t n, off_t at);

/*
 * im_read_file - the whole of a regular file of at most max bytes, appended to b
 * dirfd AT_FDCWD: path comes from the operator, symbolic links in it are followed; else it stays beneath dirfd.
 */
enum im_status im_read_file(
    int dirfd, const char *path, size_t max, struct im_buf *b, struct im_err *err) IM_MUSTUSE;

/*
 * im_replace_file - tmp name, write, fsync, rename over path, fsync of the directory
 * The old content stays whole on any failure. mode is given to the new file (umask applied).
 */
enum im_status im_replace_file(
    int dirfd, const char *path, mode_t mode, struct im_str data, struct im_err *err) IM_MUSTUSE;

/* im_mkdirs - make path and its parents (absolute or relative to the current directory); existing ones are fine */
enum im_status im_mkdirs(const char *path, mode_t mode, struct im_err *err) IM_MUSTUSE;

/* im_lock - flock(fd, LOCK_EX or LOCK_SH), waiting at most wait_ms; IM_TEMP when it is still held then */
enum im_status im_lock(int fd, bool exclusive, int wait_ms, struct im_err *err) IM_MUSTUSE;
void im_unlock(int fd);

/* im_fds_sane - open /dev/null on whichever of 0, 1, 2 is closed, so that no file lands there */
bool im_fds_sane(void);

int64_t im_now(void);    /* seconds UTC */
int64_t im_now_ns(void); /* CLOCK_REALTIME nanoseconds */
int64_t im_monotonic_ms(void);

#endif
