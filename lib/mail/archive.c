/*
 * archive.c - the mail of somebody who was deleted
 *
 * The folders belong to the mail user, so nothing is followed: root renames by open folders, and removes as that user.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/when.h"
#include "mail/maildir.h"

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
im_archive_mail(
    const struct im_conf *conf, const char *uid, struct im_arena *a, const char **ret, struct im_err *err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	const char *to;
	struct stat st;
	char when[24];
	enum im_status s = IM_OK;

	*ret = NULL;
	if (!im_uid_valid(uid))
		return im_fail(err, IM_INVALID, "'%.70s' is no name of a person", uid);
	int root = open(conf->mail_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), archive = -1;
	if (root < 0 && errno != ENOENT)
		return im_fail_errno(err, errno, "%s", conf->mail_root);
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
		s = im_fail_errno(err, errno, "%s/.archive", conf->mail_root);
	to = im_arena_fmt(a, "%s.%s", uid, im_when_ldap((int64_t)time(NULL), when));
	to = im_arena_fmt(a, "%.*sT%s", (int)(strlen(to) - 7), to, to + strlen(to) - 7);
	if (s == IM_OK)
		s = move(root, archive, uid, to, err);
	if (s == IM_OK)
		*ret = im_arena_fmt(a, "%s/.archive/%s", conf->mail_root, to);
	if (archive >= 0)
		(void)close(archive);
	(void)close(root);
	return s;
}

enum im_status
im_archive_purge(const struct im_conf *conf, const char *uid, struct im_err *err)
{
	struct im_arena a = { 0 };
	const char *place;
	struct im_buf out;
	struct stat st;

	enum im_status s = im_archive_mail(conf, uid, &a, &place, err);
	if (s == IM_OK && place != NULL && stat(conf->mail_root, &st) < 0)
		s = im_fail_errno(err, errno, "%s", conf->mail_root);
	if (s == IM_OK && place != NULL) {
		const char *const rm[] = { "rm", "-rf", "--one-file-system", "--", place, NULL };
		const struct im_proc_opts o = { .timeout_ms = PURGE_MS, .uid = st.st_uid, .gid = st.st_gid };

		im_buf_init(&out, RM_OUTPUT);
		s = im_proc_run(rm, &o, &out, err);
		im_buf_done(&out);
		if (s != IM_OK)
			(void)im_err_prefix(err, "what is left of the mail is in %s", place);
	}
	im_arena_done(&a);
	return s;
}
