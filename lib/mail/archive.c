/*
 * archive.c - the mail of somebody who was deleted
 *
 * The folders belong to the mail user, so nothing is followed: root renames by open folders, and removes as that user.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/archive.h"

#include <dirent.h>
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

/* remove_tree - as the owner of mail_root */
static enum im_status
remove_tree(const struct im_conf *conf, const char *place, struct im_err *err)
{
	const char *const rm[] = { "rm", "-rf", "--one-file-system", "--", place, NULL };
	struct im_proc_opts o = { .timeout_ms = PURGE_MS };
	struct im_buf out;
	struct stat st;

	if (stat(conf->mail_root, &st) < 0)
		return im_fail_errno(err, errno, "%s", conf->mail_root);
	o.uid = st.st_uid;
	o.gid = st.st_gid;
	im_buf_init(&out, RM_OUTPUT);
	enum im_status s = im_proc_run(rm, &o, &out, err);
	im_buf_done(&out);
	return s == IM_OK ? s : im_err_prefix(err, "what is left of the mail is in %s", place);
}

enum im_status
im_archive_purge(const struct im_conf *conf, const char *uid, struct im_err *err)
{
	struct im_arena a = { 0 };
	const char *place;

	enum im_status s = im_archive_mail(conf, uid, &a, &place, err);
	if (s == IM_OK && place != NULL)
		s = remove_tree(conf, place, err);
	im_arena_done(&a);
	return s;
}

/* archived_at - "<uid>.20261124T101500Z"; -1: another name */
static int64_t
archived_at(const char *name)
{
	const char *dot = strrchr(name, '.'), *end;
	struct tm tm = { 0 };

	if (dot == NULL || dot == name || strlen(dot + 1) != sizeof("20261124T101500Z") - 1)
		return -1;
	end = strptime(dot + 1, "%Y%m%dT%H%M%SZ", &tm);
	return end != NULL && *end == '\0' ? (int64_t)timegm(&tm) : -1;
}

enum im_status
im_archive_expire(
    const struct im_conf *conf, int64_t now, bool dry_run, im_archive_fn *fn, void *arg, struct im_err *err)
{
	struct im_arena a = { 0 };
	const char *path = im_arena_fmt(&a, "%s/.archive", conf->mail_root);
	DIR *dir = opendir(path);
	struct dirent *e;
	enum im_status s = IM_OK;

	if (dir == NULL && errno != ENOENT)
		s = im_fail_errno(err, errno, "%s", path);
	while (s == IM_OK && dir != NULL && (e = readdir(dir)) != NULL) {
		int64_t when = archived_at(e->d_name);
		if (when < 0 || when > now - conf->archive_keep)
			continue;
		const char *place = im_arena_fmt(&a, "%s/%s", path, e->d_name);
		s = dry_run ? IM_OK : remove_tree(conf, place, err);
		if (s == IM_OK)
			fn(place, arg);
	}
	if (dir != NULL)
		(void)closedir(dir);
	im_arena_done(&a);
	return s;
}
