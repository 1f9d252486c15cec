/*
 * session.c - sessions are files named by the hash of their token
 *
 * Layout of a session file, one line each: "2", uid, created (seconds), secret (hex), end (seconds, 0 = none),
 * preferences ("lang=fr look=dark admin=1"), address, browser. It is written whole before it gets its name, and never
 * changed but replaced: the last use is its mtime.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/maildir.h"
#include "web/session_file.h"
#include "web/token.h"

static bool
session_path(const struct im_conf *c, const char *name, char *dst, size_t size)
{
	return im_fmt(dst, size, "%s/sessions/%s", c->state_dir, name);
}

static enum im_status
read_session(int fd, const struct stat *st, struct im_session *s, struct im_err *err)
{
	char text[IM_SESSION_FILE_MAX];
	ssize_t n;

	if (!S_ISREG(st->st_mode) || st->st_size >= (off_t)sizeof text)
		return im_fail(err, IM_DENIED, "the session file has a wrong form");
	n = im_pread_full(fd, text, sizeof text, 0);
	if (n < 0)
		return im_fail_errno(err, errno, "read the session");
	if (!im_session_parse((struct im_str) { text, (size_t)n }, s))
		return im_fail(err, IM_DENIED, "the session file has a wrong form");
	s->used = st->st_mtime;
	explicit_bzero(text, sizeof text);
	return IM_OK;
}

enum im_status
im_session_load(const struct im_conf *c, const char *token, struct im_session *ret, struct im_err *err)
{
	struct im_session s = { 0 };
	char path[4096];
	enum im_status result;
	int64_t now = im_now();
	struct stat st;
	int fd;

	if (!im_token_valid(token))
		return im_fail(err, IM_DENIED, "no session");
	im_token_hash(im_str(token), s.token_hash);
	if (!session_path(c, s.token_hash, path, sizeof path))
		return im_fail(err, IM_CONFIG, "state_dir is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT
			   ? im_fail(err, IM_DENIED, "the session has ended")
			   : im_fail_errno(err, errno, "open a session in %s/sessions", c->state_dir);
	if (fstat(fd, &st) < 0)
		result = im_fail_errno(err, errno, "stat a session in %s/sessions", c->state_dir);
	else
		result = read_session(fd, &st, &s, err);
	if (result == IM_OK && im_session_over(c, &s, now)) {
		(void)unlink(path);
		result = im_fail(err, IM_DENIED, "the session has expired");
	}
	if (result == IM_OK) {
		if (now - s.used >= IM_SESSION_TOUCH_S)
			(void)futimens(
			    fd, NULL); /* "now" needs write permission only, the owner is another user */
		*ret = s;
	}
	close(fd);
	explicit_bzero(&s, sizeof s);
	return result;
}

/* write_session - under a temporary name, then renamed: a reader never sees a part of it */
static enum im_status
write_session(const struct im_conf *c, const char *name, struct im_str text, struct im_err *err)
{
	char tmp[4096], path[4096];
	enum im_status st = IM_OK;
	int fd;

	if (!session_path(c, name, path, sizeof path) || !im_fmt(tmp, sizeof tmp, "%s.tmp", path))
		return im_fail(err, IM_CONFIG, "state_dir is too long");
	fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return im_fail_errno(err, errno, "make a session in %s/sessions", c->state_dir);
	/* the group is that of the mail pages: they read and touch it. No fsync: a power cut may end sessions */
	if (!im_write_full(fd, text.p, text.n) || fchmod(fd, 0660) < 0 || rename(tmp, path) < 0) {
		st = im_fail_errno(err, errno, "write a session in %s/sessions", c->state_dir);
		(void)unlink(tmp);
	}
	close(fd);
	return st;
}

enum im_status
im_session_create(const struct im_conf *c, const struct im_session_new *n, struct im_arena *a,
    const char **ret_token, struct im_err *err)
{
	char token[IM_TOKEN_CHARS + 1], name[IM_HASH_HEX_CHARS + 1], text[IM_SESSION_FILE_MAX];
	struct im_session s = { .created = im_now(), .ends = n->ends };
	enum im_status st;

	if (!im_uid_valid(n->uid) || !im_fmt(s.uid, sizeof s.uid, "%s", n->uid))
		return im_fail(err, IM_BUG, "a session for a wrong user name");
	st = im_token_new(token, err);
	if (st == IM_OK)
		st = im_token_random(s.secret, sizeof s.secret, err);
	if (st != IM_OK)
		return st;
	im_token_hash(im_str(token), name);
	im_session_prefer(&s, n);
	im_session_origin(&s, n->address, n->agent);
	if (!im_session_format(&s, text, sizeof text))
		return im_fail(err, IM_BUG, "a session file is too long");
	st = write_session(c, name, im_str(text), err);
	if (st == IM_OK)
		*ret_token = im_arena_strdup(a, token);
	explicit_bzero(text, sizeof text);
	explicit_bzero(&s, sizeof s);
	explicit_bzero(token, sizeof token);
	return st;
}

void
im_session_end(const struct im_conf *c, const struct im_session *s)
{
	char path[4096];

	if (s->token_hash[0] && session_path(c, s->token_hash, path, sizeof path))
		(void)unlink(path);
}

const char *
im_session_csrf(const struct im_session *s, struct im_arena *a)
{
	char *token = im_arena_alloc(a, IM_TOKEN_CHARS + 1);

	im_token_mac(s->secret, "csrf", "", token);
	return token;
}

/* server_key - read, or made by whoever is first */
static enum im_status
server_key(
    const struct im_conf *c, const char *place, unsigned char key[static IM_KEY_BYTES], struct im_err *err)
{
	char path[4096], tmp[4096], unique[IM_TOKEN_CHARS + 1];
	enum im_status st;
	bool made;
	int fd;

	if (!im_fmt(path, sizeof path, "%s/%s/key", c->state_dir, place))
		return im_fail(err, IM_CONFIG, "state_dir is too long");
	for (int tries = 0; tries < 2; tries++) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0) {
			made = im_read_full(fd, key, IM_KEY_BYTES) == IM_KEY_BYTES;
			close(fd);
			return made ? IM_OK
				    : im_fail(
					  err, IM_CONFIG, "%s is broken: remove it, it is made anew", path);
		}
		if (errno != ENOENT)
			return im_fail_errno(err, errno, "open %s", path);
		st = im_token_new(unique, err);
		if (st == IM_OK)
			st = im_token_random(key, IM_KEY_BYTES, err);
		if (st != IM_OK)
			return st;
		if (!im_fmt(tmp, sizeof tmp, "%s.%s", path, unique))
			return im_fail(err, IM_CONFIG, "state_dir is too long");
		fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0)
			return im_fail_errno(err, errno, "make %s", path);
		/* link, not rename: of two at once the first one's key stays, both read it */
		made = im_write_full(fd, key, IM_KEY_BYTES) && fsync(fd) == 0 &&
		       (link(tmp, path) == 0 || errno == EEXIST);
		if (!made)
			im_fail_errno(err, errno, "make %s", path);
		close(fd);
		(void)unlink(tmp);
		if (!made)
			return err->st;
	}
	return im_fail(err, IM_TEMP, "%s cannot be made", path);
}

enum im_status
im_keyed_token(const struct im_conf *c, const char *place, const char *purpose, const char *text,
    struct im_arena *a, const char **ret, struct im_err *err)
{
	unsigned char key[IM_KEY_BYTES];
	enum im_status st = server_key(c, place, key, err);
	char *token;

	if (st == IM_OK) {
		token = im_arena_alloc(a, IM_TOKEN_CHARS + 1);
		im_token_mac(key, purpose, text, token);
		*ret = token;
	}
	explicit_bzero(key, sizeof key);
	return st;
}

enum im_status
im_presession_csrf(const struct im_conf *c, const char *place, const char *cookie, struct im_arena *a,
    const char **ret, struct im_err *err)
{
	return im_keyed_token(c, place, "login", cookie, a, ret, err);
}

enum im_status
im_device_token(
    const struct im_conf *c, const char *account, struct im_arena *a, const char **ret, struct im_err *err)
{
	return im_keyed_token(c, IM_PLACE_SIGN_IN, "device", account, a, ret, err);
}
