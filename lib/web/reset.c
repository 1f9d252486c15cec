/*
 * reset.c - links that set a new password once
 *
 * Taking one is a rename: whoever comes second finds nothing. When the directory fails afterwards the name is given back,
 * so that a person is not left without a password by a restart.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/reset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/maildir.h"
#include "web/token.h"

static int
open_dir(const struct im_conf *c, struct im_err *err)
{
	char path[4096];
	int fd;

	if (!im_fmt(path, sizeof path, "%s/resets", c->state_dir)) {
		im_fail(err, IM_CONFIG, "state_dir is too long");
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		im_fail_errno(err, errno, "open %s (made by intimail-setup)", path);
	return fd;
}

static enum im_status
gone(struct im_err *err)
{
	return im_fail(err, IM_NOTFOUND, "this link was used, or is too old");
}

/* read_reset - the person of a file and until when it counts; false for anything of another form */
static bool
read_reset(int dirfd, const char *name, char uid[static 65], uint64_t *ret_end)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[IM_RESET_FILE_MAX];

	if (fd < 0)
		return false;
	ssize_t n = im_read_full(fd, text, sizeof text);
	close(fd);
	if (n <= 0 || n == (ssize_t)sizeof text)
		return false;
	struct im_str rest = { text, (size_t)n }, version = im_str_cut(&rest, '\n');
	struct im_str who = im_str_cut(&rest, '\n'), end = im_str_cut(&rest, '\n');
	return im_str_is(version, "1") && !rest.n && !memchr(who.p ? who.p : "", '\0', who.n) &&
	       im_fmt(uid, 65, "%.*s", (int)who.n, who.p) && im_uid_valid(uid) &&
	       im_str_u64(end, INT64_MAX / 2, ret_end);
}

/* remove_old - links of this person, and those of everybody whose time is over */
static void
remove_old(int dirfd, const char *of)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char uid[65];
	uint64_t end;

	if (!dir && fd >= 0)
		close(fd);
	for (int i = 0; dir && i < IM_RESET_FILES_MAX && (e = readdir(dir)) != NULL; i++) {
		if (e->d_name[0] == '.')
			continue;
		if (!read_reset(dirfd, e->d_name, uid, &end) || strcmp(uid, of) == 0 ||
		    (int64_t)end <= im_now())
			(void)unlinkat(dirfd, e->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

enum im_status
im_reset_new(
    const struct im_conf *c, const char *uid, struct im_arena *a, const char **ret_path, struct im_err *err)
{
	char token[IM_TOKEN_CHARS + 1], name[IM_HASH_HEX_CHARS + 1], text[IM_RESET_FILE_MAX];
	struct stat sb;

	if (!im_uid_valid(uid) ||
	    !im_fmt(text, sizeof text, "1\n%s\n%lld\n", uid, (long long)im_now() + IM_RESET_LIFE_S))
		return im_fail(err, IM_INVALID, "%.80s: not a user name", uid);
	enum im_status st = im_token_new(token, err);
	int dirfd = st == IM_OK ? open_dir(c, err) : -1;
	if (dirfd < 0)
		return err->st;
	remove_old(dirfd, uid);
	im_token_hash(im_str(token), name);
	int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	/* root makes it for the page that reads it: the directory's owner */
	if (fd < 0 || !im_write_full(fd, text, strlen(text)) || fstat(dirfd, &sb) < 0 ||
	    (geteuid() == 0 && fchown(fd, sb.st_uid, sb.st_gid) < 0)) {
		st = im_fail_errno(err, errno, "make a link in %s/resets", c->state_dir);
		(void)unlinkat(dirfd, name, 0);
	} else {
		*ret_path = im_arena_fmt(a, "/reset/%s", token);
	}
	if (fd >= 0)
		close(fd);
	close(dirfd);
	explicit_bzero(token, sizeof token);
	return st;
}

const char *
im_reset_url(const struct im_conf *c, const char *path, struct im_arena *a)
{
	if (c->https_port == 443)
		return im_arena_fmt(a, "https://%s%s", c->hostname, path);
	return im_arena_fmt(a, "https://%s:%d%s", c->hostname, c->https_port, path);
}

/* the two names of a link: as it was made, and while it is being used */
static bool
names(
    const char *token, char free_name[static IM_HASH_HEX_CHARS + 1], char taken[static IM_HASH_HEX_CHARS + 8])
{
	if (!im_token_valid(token))
		return false;
	im_token_hash(im_str(token), free_name);
	return im_fmt(taken, IM_HASH_HEX_CHARS + 8, "%s.taken", free_name);
}

static enum im_status
find(const struct im_conf *c, const char *token, bool take, struct im_arena *a, const char **ret_uid,
    struct im_err *err)
{
	char name[IM_HASH_HEX_CHARS + 1], taken[IM_HASH_HEX_CHARS + 8], uid[65];
	enum im_status st = IM_OK;
	uint64_t end;

	if (!names(token, name, taken))
		return gone(err);
	int dirfd = open_dir(c, err);
	if (dirfd < 0)
		return err->st;
	if (!read_reset(dirfd, name, uid, &end) || (int64_t)end <= im_now())
		st = gone(err);
	else if (take && renameat2(dirfd, name, dirfd, taken, RENAME_NOREPLACE) < 0)
		st = errno == ENOENT || errno == EEXIST
			 ? gone(err)
			 : im_fail_errno(err, errno, "take a link in %s/resets", c->state_dir);
	if (st == IM_OK)
		*ret_uid = im_arena_strdup(a, uid);
	close(dirfd);
	return st;
}

enum im_status
im_reset_look(
    const struct im_conf *c, const char *token, struct im_arena *a, const char **ret_uid, struct im_err *err)
{
	return find(c, token, false, a, ret_uid, err);
}

enum im_status
im_reset_take(
    const struct im_conf *c, const char *token, struct im_arena *a, const char **ret_uid, struct im_err *err)
{
	return find(c, token, true, a, ret_uid, err);
}

static void
finish(const struct im_conf *c, const char *token, bool give_back)
{
	char name[IM_HASH_HEX_CHARS + 1], taken[IM_HASH_HEX_CHARS + 8];
	struct im_err err;

	if (!names(token, name, taken))
		return;
	int dirfd = open_dir(c, &err);
	if (dirfd < 0)
		return;
	if (give_back)
		(void)renameat2(dirfd, taken, dirfd, name, RENAME_NOREPLACE);
	else
		(void)unlinkat(dirfd, taken, 0);
	close(dirfd);
}

void
im_reset_give_back(const struct im_conf *c, const char *token)
{
	finish(c, token, true);
}

void
im_reset_end(const struct im_conf *c, const char *token)
{
	finish(c, token, false);
}
