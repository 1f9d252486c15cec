/*
 * put.c - files and directories brought to a wanted state
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/put.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

enum { PERMISSIONS = 07777, PATH_LEN = 4096 };

void
im_put_changed(struct im_put *p, const char *path)
{
	p->changes++;
	if (p->changed)
		p->changed(p->arg, path);
}

static bool
owned_so(const struct stat *st, struct im_owner o)
{
	return st->st_uid == o.uid && st->st_gid == o.gid && (st->st_mode & PERMISSIONS) == o.mode;
}

/* fchown takes the set-id bits away: the mode comes last */
static bool
own(int fd, struct im_owner o)
{
	return fchown(fd, o.uid, o.gid) == 0 && fchmod(fd, o.mode) == 0;
}

enum im_status
im_put_dir(struct im_put *p, const char *path, struct im_owner o, struct im_err *err)
{
	struct stat st;
	bool made = mkdir(path, 0700) == 0;
	int fd;
	enum im_status ret = IM_OK;

	if (!made && errno != EEXIST)
		return im_fail_errno(err, errno, "directory %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return im_fail(err, IM_CONFIG, "%s is in the way: a directory is needed there", path);
	if (fstat(fd, &st) != 0)
		ret = im_fail_errno(err, errno, "directory %s", path);
	else if (!owned_so(&st, o) && !own(fd, o))
		ret = im_fail_errno(err, errno, "owner of %s", path);
	else if (made || !owned_so(&st, o))
		im_put_changed(p, path);
	close(fd);
	return ret;
}

/* is there a file with this content, owner and mode? A wrong owner or mode is mended in place */
static bool
same_file(const char *path, struct im_str data, struct im_owner o, bool *ret_owner_mended)
{
	struct stat st;
	char chunk[65536];
	size_t at = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool same;

	if (fd < 0)
		return false;
	same =
	    fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == data.n && st.st_nlink == 1;
	while (same && at < data.n) {
		n = im_read_full(fd, chunk, sizeof(chunk) < data.n - at ? sizeof(chunk) : data.n - at);
		same = n > 0 && memcmp(chunk, data.p + at, (size_t)n) == 0;
		at += same ? (size_t)n : 0;
	}
	if (same && !owned_so(&st, o)) {
		same = own(fd, o);
		*ret_owner_mended = same;
	}
	close(fd);
	return same;
}

static enum im_status
replace(const char *path, struct im_str data, struct im_owner o, struct im_err *err)
{
	char tmp[PATH_LEN];
	int fd, saved;

	if (!im_fmt(tmp, sizeof(tmp), "%s.new.%ld", path, (long)getpid()))
		return im_fail(err, IM_INVALID, "%s: the path is too long", path);
	(void)unlink(tmp);
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return im_fail_errno(err, errno, "%s", path);
	if (im_write_full(fd, data.p, data.n) && own(fd, o)) {
		if (close(fd) == 0 && rename(tmp, path) == 0)
			return IM_OK;
		saved = errno;
	} else {
		saved = errno;
		close(fd);
	}
	(void)unlink(tmp);
	return im_fail_errno(err, saved, "%s", path);
}

enum im_status
im_put_file(struct im_put *p, const char *path, struct im_str data, struct im_owner o, struct im_err *err)
{
	bool mended = false;
	enum im_status st = IM_OK;

	if (!same_file(path, data, o, &mended)) {
		st = replace(path, data, o, err);
		mended = true;
	}
	if (st == IM_OK && mended)
		im_put_changed(p, path);
	return st;
}

enum im_status
im_put_copy(struct im_put *p, const char *from, const char *path, struct im_owner o, struct im_err *err)
{
	struct im_buf b;
	enum im_status st;

	im_buf_init(&b, IM_PUT_MAX);
	st = im_read_file(AT_FDCWD, from, IM_PUT_MAX, &b, err);
	if (st == IM_OK)
		st = im_put_file(p, path, im_buf_str(&b), o, err);
	im_buf_done(&b);
	return st;
}

static bool
plain_name(const char *name)
{
	return name[0] != '.' &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")] ==
		   '\0';
}

/* FNV-1a: tells versions apart, and is no secret */
static uint64_t
hash(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 0x100000001b3;
	return h;
}

/* the sum over the files: the order in which the directory gives them does not matter */
static enum im_status
copy_entry(struct im_put *p, const char *name, const char *src, const char *dst, struct im_owner o,
    uint64_t *sum, struct im_err *err)
{
	struct im_buf b;
	enum im_status st;

	im_buf_init(&b, IM_PUT_MAX);
	st = im_read_file(AT_FDCWD, src, IM_PUT_MAX, &b, err);
	if (st == IM_OK) {
		*sum += hash(hash(0xcbf29ce484222325, name, strlen(name) + 1), b.p, b.n);
		st = im_put_file(p, dst, im_buf_str(&b), o, err);
	}
	im_buf_done(&b);
	return st;
}

static enum im_status
copy_entries(struct im_put *p, DIR *d, const char *from, const char *to, struct im_owner o, uint64_t *sum,
    struct im_err *err)
{
	char src[PATH_LEN], dst[PATH_LEN];
	struct dirent *e;
	struct stat st;
	enum im_status ret = IM_OK;

	while (ret == IM_OK && (e = readdir(d)) != NULL) {
		if (!plain_name(e->d_name))
			continue;
		if (!im_fmt(src, sizeof(src), "%s/%s", from, e->d_name) ||
		    !im_fmt(dst, sizeof(dst), "%s/%s", to, e->d_name))
			return im_fail(err, IM_INVALID, "%s/%s: the path is too long", to, e->d_name);
		if (stat(src, &st) == 0 && S_ISREG(st.st_mode))
			ret = copy_entry(p, e->d_name, src, dst, o, sum, err);
	}
	return ret;
}

/* what is in "to" but not in "from" any more */
static void
remove_others(struct im_put *p, const char *from, const char *to, const char *keep)
{
	char src[PATH_LEN], dst[PATH_LEN];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(to);

	while (d && (e = readdir(d)) != NULL) {
		if (!im_fmt(src, sizeof(src), "%s/%s", from, e->d_name) ||
		    !im_fmt(dst, sizeof(dst), "%s/%s", to, e->d_name))
			continue;
		if (keep && strcmp(e->d_name, keep) == 0)
			continue;
		if (stat(src, &st) != 0 && errno == ENOENT && unlink(dst) == 0)
			im_put_changed(p, dst);
	}
	if (d)
		closedir(d);
}

static enum im_status
put_version(
    struct im_put *p, const char *dir, const char *name, uint64_t sum, struct im_owner o, struct im_err *err)
{
	char path[PATH_LEN], text[32];

	if (!im_fmt(path, sizeof(path), "%s/%s", dir, name) ||
	    !im_fmt(text, sizeof(text), "%016" PRIx64 "\n", sum))
		return im_fail(err, IM_INVALID, "%s/%s: the path is too long", dir, name);
	return im_put_file(p, path, im_str(text), o, err);
}

enum im_status
im_put_tree(struct im_put *p, const char *from, const char *to, const char *version, struct im_owner o,
    struct im_err *err)
{
	DIR *d = opendir(from);
	uint64_t sum = 0;
	enum im_status st;

	if (!d)
		return im_fail_errno(err, errno, "directory %s", from);
	st = copy_entries(p, d, from, to, o, &sum, err);
	closedir(d);
	if (st == IM_OK && version)
		st = put_version(p, to, version, sum, o, err);
	if (st == IM_OK)
		remove_others(p, from, to, version);
	return st;
}
