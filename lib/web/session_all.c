/*
 * session_all.c - what concerns all sessions of a person, or of everybody
 *
 * Apart from session.c because a command that ends sessions needs no cryptography.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/maildir.h"
#include "web/session_file.h"
#include "web/token.h"

static DIR *
open_sessions(const struct im_conf *c)
{
	char path[4096];

	return im_fmt(path, sizeof path, "%s/sessions", c->state_dir) ? opendir(path) : NULL;
}

void
im_session_sweep(const struct im_conf *c)
{
	int64_t limit = im_now() - c->session_idle;
	DIR *dir = open_sessions(c);
	struct dirent *entry;
	struct stat st;

	for (int i = 0; dir && i < IM_SESSION_SWEEP_MAX && (entry = readdir(dir)) != NULL; i++) {
		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && st.st_mtime < limit)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/* read_one - a session of this person; an empty uid is nobody's */
static bool
read_one(int dirfd, const char *name, const char *uid, struct im_session *ret)
{
	char text[IM_SESSION_FILE_MAX] = "";
	struct im_session s = { 0 };
	struct stat st;
	ssize_t n = -1;

	if (!im_session_name(name))
		return false;
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < (off_t)sizeof text)
		n = im_read_full(fd, text, sizeof text);
	close(fd);
	if (n <= 0 || !im_session_parse((struct im_str) { text, (size_t)n }, &s) || strcmp(s.uid, uid) != 0)
		return false;
	s.used = st.st_mtime;
	memcpy(s.token_hash, name, sizeof s.token_hash);
	*ret = s;
	return true;
}

/* end_those - of a person, but not the one named keep; all, or those whose name begins with id */
static enum im_status
end_those(const struct im_conf *c, const char *uid, const char *id, const char *keep, int *ret_n,
    struct im_err *err)
{
	DIR *dir = open_sessions(c);
	struct dirent *entry;
	struct im_session s;
	enum im_status st = IM_OK;

	*ret_n = 0;
	if (!dir)
		return errno == ENOENT ? IM_OK : im_fail_errno(err, errno, "open %s/sessions", c->state_dir);
	while (st == IM_OK && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, id, strlen(id)) != 0 ||
		    !read_one(dirfd(dir), entry->d_name, uid, &s) || strcmp(entry->d_name, keep) == 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			++*ret_n;
		else if (errno != ENOENT)
			st = im_fail_errno(err, errno, "end a session of %s", uid);
	}
	closedir(dir);
	return st;
}

enum im_status
im_session_end_all(const struct im_conf *c, const char *uid, int *ret_n, struct im_err *err)
{
	return end_those(c, uid, "", "", ret_n, err);
}

enum im_status
im_session_end_others(const struct im_conf *c, const struct im_session *keep, int *ret_n, struct im_err *err)
{
	return end_those(c, keep->uid, "", keep->token_hash, ret_n, err);
}

enum im_status
im_session_end_one(const struct im_conf *c, const char *uid, const char *id, struct im_err *err)
{
	int n = 0;

	if (strlen(id) != IM_SESSION_ID_CHARS)
		return im_fail(err, IM_NOTFOUND, "%s has no such session", uid);
	enum im_status st = end_those(c, uid, id, "", &n, err);
	return st == IM_OK && n == 0 ? im_fail(err, IM_NOTFOUND, "%s has no such session", uid) : st;
}

static int
last_used_first(const void *a, const void *b)
{
	int64_t x = ((const struct im_session *)a)->used, y = ((const struct im_session *)b)->used;

	return x == y ? 0 : x < y ? 1 : -1;
}

enum im_status
im_session_list(const struct im_conf *c, const char *uid, struct im_arena *a, struct im_session **ret,
    int *ret_n, struct im_err *err)
{
	DIR *dir = open_sessions(c);
	struct dirent *entry;
	int64_t now = im_now();
	int n = 0;

	*ret = im_arena_alloc(a, IM_SESSION_LIST_MAX * sizeof **ret);
	*ret_n = 0;
	if (!dir)
		return im_fail_errno(err, errno, "open %s/sessions", c->state_dir);
	while (n < IM_SESSION_LIST_MAX && (entry = readdir(dir)) != NULL) {
		if (!read_one(dirfd(dir), entry->d_name, uid, &(*ret)[n]) ||
		    im_session_over(c, &(*ret)[n], now))
			continue;
		explicit_bzero((*ret)[n].secret, sizeof(*ret)[n].secret);
		n++;
	}
	closedir(dir);
	qsort(*ret, (size_t)n, sizeof **ret, last_used_first);
	*ret_n = n;
	return IM_OK;
}

/*
 * replace - by an exchange of names: unlike a plain rename it fails when the session ended since it was read, so nobody is
 * signed in again by it. The new file keeps the time of the last use.
 */
static enum im_status
replace(const struct im_conf *c, int dirfd, const struct im_session *s, struct im_err *err)
{
	struct timespec used[2] = { { .tv_sec = s->used }, { .tv_sec = s->used } };
	char text[IM_SESSION_FILE_MAX], tmp[IM_HASH_HEX_CHARS + 8];
	enum im_status st = IM_OK;

	if (!im_session_format(s, text, sizeof text) || !im_fmt(tmp, sizeof tmp, "%s.new", s->token_hash))
		return im_fail(err, IM_BUG, "a session file is too long");
	(void)unlinkat(dirfd, tmp, 0); /* left by somebody who was interrupted */
	int fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return im_fail_errno(err, errno, "make a session in %s/sessions", c->state_dir);
	if (!im_write_full(fd, text, strlen(text)) || fchmod(fd, 0660) < 0 || futimens(fd, used) < 0 ||
	    (renameat2(dirfd, tmp, dirfd, s->token_hash, RENAME_EXCHANGE) < 0 && errno != ENOENT))
		st = im_fail_errno(err, errno, "change a session in %s/sessions", c->state_dir);
	(void)unlinkat(dirfd, tmp, 0);
	close(fd);
	explicit_bzero(text, sizeof text);
	return st;
}

enum im_status
im_session_update(const struct im_conf *c, const struct im_session_new *n, struct im_err *err)
{
	DIR *dir = open_sessions(c);
	enum im_status st = IM_OK;
	struct dirent *entry;
	struct im_session s;

	if (!dir)
		return im_fail_errno(err, errno, "open %s/sessions", c->state_dir);
	while (st == IM_OK && (entry = readdir(dir)) != NULL) {
		if (!read_one(dirfd(dir), entry->d_name, n->uid, &s) || im_session_over(c, &s, im_now()))
			continue;
		im_session_prefer(&s, n);
		if (n->ends > 0)
			s.ends = n->ends;
		st = replace(c, dirfd(dir), &s, err);
	}
	explicit_bzero(&s, sizeof s);
	closedir(dir);
	return st;
}

static bool
sign_in_path(const struct im_conf *c, const char *uid, char *dst, size_t size)
{
	return im_uid_valid(uid) && im_fmt(dst, size, "%s/last-sign-in/%s", c->state_dir, uid);
}

int64_t
im_last_sign_in(const struct im_conf *c, const char *uid)
{
	char path[4096];
	struct stat st;

	return sign_in_path(c, uid, path, sizeof path) && lstat(path, &st) == 0 ? st.st_mtime : 0;
}

void
im_signed_in(const struct im_conf *c, const char *uid)
{
	char path[4096];
	int fd;

	if (!sign_in_path(c, uid, path, sizeof path))
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return; /* worth no failed sign-in */
	(void)futimens(fd, NULL);
	close(fd);
}
