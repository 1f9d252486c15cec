/*
 * io.c - whole reads and writes, durable replacement, safe opening
 *
 * The loops for partial results live here and nowhere else.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

/*
 * The same promise without openat2 (kernels before 5.6, some containers): every component is opened without following,
 * "..", "" and absolute paths are refused.
 */
static int
open_by_walk(int dirfd, const char *path, int flags, mode_t mode)
{
	int at = dirfd, fd = -1, saved;

	for (;;) {
		size_t n = strcspn(path, "/");
		char name[256];

		if (n == 0 || n >= sizeof(name) || (n == 2 && memcmp(path, "..", 2) == 0)) {
			errno = n >= sizeof(name) ? ENAMETOOLONG : EXDEV;
			break;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		path += n;
		path += strspn(path, "/");
		if (*path == '\0') {
			fd = openat(at, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
			break;
		}
		fd = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (at != dirfd)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
		fd = -1;
	}
	if (at != dirfd) {
		saved = errno;
		close(at);
		errno = saved;
	}
	return fd;
}

int
im_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | __O_TMPFILE) ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* EAGAIN: a rename went on meanwhile and the kernel could not be sure */
	for (int tries = 0; tries < 16; tries++) {
		fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_by_walk(dirfd, path, flags, mode);
	return fd;
}

ssize_t
im_read_full(int fd, void *p, size_t n)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, (char *)p + got, n - got);

		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)got;
}

ssize_t
im_pread_full(int fd, void *p, size_t n, off_t at)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, (char *)p + got, n - got, at + (off_t)got);

		if (r == 0)
			break;
		if (r > 0)
			got += (size_t)r;
		else if (errno != EINTR)
			return -1;
	}
	return (ssize_t)got;
}

bool
im_write_full(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = write(fd, s, n);

		if (w >= 0) {
			s += w;
			n -= (size_t)w;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool
im_pwrite_full(int fd, const void *p, size_t n, off_t at)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = pwrite(fd, s, n, at);

		if (w >= 0) {
			s += w;
			n -= (size_t)w;
			at += w;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* the rest of fd, at most max bytes, into b; IM_INVALID when there is more */
static enum im_status
read_into(int fd, const char *path, size_t max, size_t guess, struct im_buf *b, struct im_err *err)
{
	size_t cap = guess + 1, got = 0;
	char *p = im_malloc(cap);
	enum im_status st = IM_OK;

	for (;;) {
		ssize_t r = im_read_full(fd, p + got, cap - got);

		if (r < 0) {
			st = im_fail_errno(err, errno, "read %s", path);
			break;
		}
		got += (size_t)r;
		if (got < cap)
			break;
		if (got > max)
			break;
		cap = cap > max / 2 ? max + 1 : cap * 2;
		p = im_realloc(p, cap);
	}
	if (st == IM_OK && got > max)
		st = im_fail(err, IM_INVALID, "%s: larger than %zu bytes", path, max);
	if (st == IM_OK) {
		im_buf_add(b, p, got);
		if (b->full)
			st = im_fail(err, IM_INVALID, "%s: larger than %zu bytes", path, b->max);
	}
	free(p);
	return st;
}

enum im_status
im_read_file(int dirfd, const char *path, size_t max, struct im_buf *b, struct im_err *err)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	enum im_status st;
	struct stat sb;
	int fd;

	fd = dirfd == AT_FDCWD ? open(path, flags) : im_open_beneath(dirfd, path, flags, 0);
	if (fd < 0)
		return im_fail_errno(err, errno, "open %s", path);
	if (fstat(fd, &sb) < 0)
		st = im_fail_errno(err, errno, "stat %s", path);
	else if (!S_ISREG(sb.st_mode))
		st = im_fail(err, IM_INVALID, "%s: not a regular file", path);
	else if (sb.st_size > 0 && (uintmax_t)sb.st_size > max)
		st = im_fail(err, IM_INVALID, "%s: larger than %zu bytes", path, max);
	else
		st = read_into(fd, path, max, (size_t)sb.st_size, b, err);
	close(fd);
	return st;
}

/* the directory that holds path, opened, and the last component */
static int
open_parent(int dirfd, const char *path, const char **ret_base)
{
	const char *slash = strrchr(path, '/');
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	char *dir;
	int fd;

	if (!slash) {
		*ret_base = path;
		return openat(dirfd, ".", flags);
	}
	*ret_base = slash + 1;
	dir = im_strndup(path, slash == path ? 1 : (size_t)(slash - path));
	fd = dirfd == AT_FDCWD ? open(dir, flags) : im_open_beneath(dirfd, dir, flags, 0);
	free(dir);
	return fd;
}

enum im_status
im_replace_file(int dirfd, const char *path, mode_t mode, struct im_str data, struct im_err *err)
{
	enum im_status st = IM_OK;
	const char *base, *doing = "create";
	bool made = false;
	uint64_t random;
	char tmp[32];
	int dir, fd = -1;

	dir = open_parent(dirfd, path, &base);
	if (dir < 0)
		return im_fail_errno(err, errno, "open the directory of %s", path);
	if (getrandom(&random, sizeof(random), 0) != sizeof(random) ||
	    !im_fmt(tmp, sizeof(tmp), ".im-%016llx", (unsigned long long)random))
		goto fail;
	fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		goto fail;
	made = true;
	doing = "write";
	if (!im_write_full(fd, data.p, data.n) || fsync(fd) < 0)
		goto fail;
	if (close(fd) < 0) {
		fd = -1;
		goto fail;
	}
	fd = -1;
	doing = "replace";
	if (renameat(dir, tmp, dir, base) < 0)
		goto fail;
	made = false;
	doing = "sync the directory of";
	if (fsync(dir) < 0)
		goto fail;
	close(dir);
	return st;
fail:
	st = im_fail_errno(err, errno, "%s %s", doing, path);
	if (fd >= 0)
		close(fd);
	if (made)
		(void)unlinkat(dir, tmp, 0);
	close(dir);
	return st;
}

enum im_status
im_mkdirs(const char *path, mode_t mode, struct im_err *err)
{
	enum im_status st = IM_OK;
	char *p = im_strdup(path);
	struct stat sb;

	for (char *s = p + strspn(p, "/"); *s;) {
		char *end = s + strcspn(s, "/"), keep = *end;

		*end = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST) {
			/* on a read-only or foreign parent mkdir complains of what is there already, too */
			int e = errno;

			if (stat(p, &sb) < 0 || !S_ISDIR(sb.st_mode)) {
				st = im_fail_errno(err, e, "make directory %s", p);
				break;
			}
		}
		*end = keep;
		s = end + strspn(end, "/");
	}
	if (st == IM_OK && (stat(path, &sb) < 0 || !S_ISDIR(sb.st_mode)))
		st = im_fail(err, IM_CONFLICT, "make directory %s: something else has this name", path);
	free(p);
	return st;
}

enum im_status
im_lock(int fd, bool exclusive, int wait_ms, struct im_err *err)
{
	const int op = exclusive ? LOCK_EX : LOCK_SH;
	int64_t end = 0;
	long pause_ns = 100000;

	for (;;) {
		if (flock(fd, op | LOCK_NB) == 0)
			return IM_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return im_fail_errno(err, errno, "lock");
		/* there is no flock with a deadline; a short sleep costs less than a signal handler and is safe in a library */
		if (end == 0)
			end = im_monotonic_ms() + wait_ms;
		else if (im_monotonic_ms() >= end)
			return im_fail(
			    err, IM_TEMP, "locked by another program for more than %d ms", wait_ms);
		(void)nanosleep(&(struct timespec) { .tv_nsec = pause_ns }, NULL);
		if (pause_ns < 5000000)
			pause_ns += pause_ns / 2;
	}
}

void
im_unlock(int fd)
{
	(void)flock(fd, LOCK_UN);
}

bool
im_fds_sane(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		/* the lowest free descriptor is what open gives: those below are there already */
		if (fcntl(fd, F_GETFD) < 0 &&
		    (errno != EBADF || open("/dev/null", fd ? O_WRONLY : O_RDONLY) != fd))
			return false;
	}
	return true;
}

int64_t
im_now(void)
{
	return time(NULL);
}

static struct timespec
clock_now(clockid_t id)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(id, &ts);
	return ts;
}

int64_t
im_now_ns(void)
{
	struct timespec ts = clock_now(CLOCK_REALTIME);

	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
im_monotonic_ms(void)
{
	struct timespec ts = clock_now(CLOCK_MONOTONIC);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
