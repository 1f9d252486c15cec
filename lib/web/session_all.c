/*
 * session_all.c - what concerns all sessions: ending those of a person, removing those that nobody uses
 *
 * Apart from session.c because a command that ends sessions needs no cryptography.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

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

/* belongs_to - the second line of a session file is the uid */
static bool
belongs_to(int dirfd, const char *name, const char *uid)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[IM_SESSION_FILE_MAX];
	struct im_str rest;
	ssize_t n;

	if (fd < 0)
		return false;
	n = im_read_full(fd, text, sizeof text);
	close(fd);
	if (n <= 0)
		return false;
	rest = (struct im_str) { text, (size_t)n };
	(void)im_str_cut(&rest, '\n');
	return im_str_is(im_str_cut(&rest, '\n'), uid);
}

enum im_status
im_session_end_all(const struct im_conf *c, const char *uid, int *ret_n, struct im_err *err)
{
	DIR *dir = open_sessions(c);
	struct dirent *entry;
	enum im_status st = IM_OK;

	*ret_n = 0;
	if (!dir)
		return errno == ENOENT ? IM_OK : im_fail_errno(err, errno, "open %s/sessions", c->state_dir);
	while (st == IM_OK && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.' || !belongs_to(dirfd(dir), entry->d_name, uid))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			++*ret_n;
		else if (errno != ENOENT)
			st = im_fail_errno(err, errno, "end a session of %s", uid);
	}
	closedir(dir);
	return st;
}
