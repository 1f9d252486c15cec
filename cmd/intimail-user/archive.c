/*
 * archive.c - the mail of somebody who was deleted
 *
 * It leaves the place where a later person of the same name would find it. The folders belong to the mail user, so
 * nothing is followed: root renames by open folders, and removes as that user.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/when.h"
#include "user.h"

enum { PURGE_MS = 30 * 60 * 1000, RM_OUTPUT = 4096 };

static enum im_status
move(int root, int archive, const char *uid, const char *to, struct im_err *err)
{
	if (renameat(root, uid, archive, to) < 0)
		return im_fail_errno(err, errno, "moving the mail of %s to the archive", uid);
	if (fsync(archive) < 0 || fsync(root) < 0)
		return im_fail_errno(err, errno, "the archive of mail");
	return IM_OK;
}

enum im_status
user_archive(struct im_dir_run *r, const char *uid, const char **ret, struct im_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *to;
	struct stat st;
	char when[24];
	enum im_status s = IM_OK;

	*ret = NULL;
	int root = open(r->conf.mail_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), archive = -1;
	if (root < 0 && errno != ENOENT)
		return im_fail_errno(err, errno, "%s", r->conf.mail_root);
	if (root < 0)
		return IM_OK;
	if (fstatat(root, uid, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			s = im_fail_errno(err, errno, "the mail of %s", uid);
		(void)close(root);
		return s;
	}
	bool made = mkdirat(root, ".archive", 0700) == 0;
	if ((archive = openat(root, ".archive", flags)) < 0 ||
	    (made && fchown(archive, st.st_uid, st.st_gid) < 0))
		s = im_fail_errno(err, errno, "%s/.archive", r->conf.mail_root);
	to = im_arena_fmt(&r->arena, "%s.%s", uid, im_when_ldap((int64_t)time(NULL), when));
	to = im_arena_fmt(&r->arena, "%.*sT%s", (int)(strlen(to) - 7), to, to + strlen(to) - 7);
	if (s == IM_OK)
		s = move(root, archive, uid, to, err);
	if (s == IM_OK)
		*ret = im_arena_fmt(&r->arena, "%s/.archive/%s", r->conf.mail_root, to);
	if (archive >= 0)
		(void)close(archive);
	(void)close(root);
	return s;
}

enum im_status
user_purge(struct im_dir_run *r, const char *uid, struct im_err *err)
{
	const char *path = im_arena_fmt(&r->arena, "%s/%s", r->conf.mail_root, uid);
	const char *const rm[] = { "rm", "-rf", "--one-file-system", "--", path, NULL };
	struct stat st;
	struct im_buf out;

	if (stat(r->conf.mail_root, &st) < 0)
		return errno == ENOENT ? IM_OK : im_fail_errno(err, errno, "%s", r->conf.mail_root);
	const struct im_proc_opts o = { .timeout_ms = PURGE_MS, .uid = st.st_uid, .gid = st.st_gid };
	im_buf_init(&out, RM_OUTPUT);
	enum im_status s = im_proc_run(rm, &o, &out, err);
	im_buf_done(&out);
	return s;
}
