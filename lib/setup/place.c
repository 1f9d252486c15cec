/*
 * place.c - can a directory hold a private server?
 *
 * Each of these fails much later and much less clearly: a set-id program on a nosuid mount, a socket path that is cut,
 * a home directory that the servers' users may not enter.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>

#include "setup/plan.h"
#include "setup/private.h"

static enum im_status
check_mount(const char *root, struct im_err *err)
{
	struct statvfs v;

	if (statvfs(root, &v) != 0)
		return im_fail_errno(err, errno, "%s", root);
	if (v.f_flag & (ST_NOSUID | ST_NOEXEC))
		return im_fail(err, IM_CONFIG,
		    "%s is on a file system mounted %s: the page programs could not run there, choose "
		    "another directory",
		    root, v.f_flag & ST_NOEXEC ? "noexec" : "nosuid");
	if (v.f_flag & ST_RDONLY)
		return im_fail(err, IM_CONFIG, "%s is on a file system mounted read-only", root);
	return IM_OK;
}

/* root itself is made 0755; those above it are not ours to change */
static enum im_status
check_above(const char *root, struct im_err *err)
{
	char path[4096];
	struct stat st;

	if (!im_fmt(path, sizeof(path), "%s", root))
		return im_fail(err, IM_INVALID, "%s: the path is too long", root);
	for (;;) {
		char *slash = strrchr(path, '/');

		if (!slash || slash == path)
			return IM_OK;
		*slash = '\0';
		if (stat(path, &st) != 0)
			return im_fail_errno(err, errno, "%s", path);
		if (!(st.st_mode & S_IXOTH))
			return im_fail(err, IM_CONFIG,
			    "the servers' users may not pass through %s (mode %04o): choose a directory "
			    "elsewhere, or chmod o+x",
			    path, st.st_mode & 07777);
	}
}

enum im_status
im_place_name(const char *root, struct im_err *err)
{
	const size_t room = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
	size_t n = strlen(root) + strlen("/run/intimail/ldapi");

	if (root[strspn(root, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")] != '\0')
		return im_fail(err, IM_INVALID,
		    "%s: only letters, digits and / . _ - may stand in the path, it goes into configuration "
		    "files",
		    root);
	if (n > room)
		return im_fail(err, IM_INVALID,
		    "%s: the path of a socket below it would have %zu characters, the system allows %zu: "
		    "choose a shorter one",
		    root, n, room);
	return IM_OK;
}

enum im_status
im_plan_place(const struct im_conf *c, struct im_err *err)
{
	struct stat st;
	enum im_status ret;

	ret = im_place_name(c->root, err);
	if (ret != IM_OK)
		return ret;
	if (lstat(c->root, &st) != 0)
		return im_fail_errno(err, errno, "%s", c->root);
	if (!S_ISDIR(st.st_mode) || st.st_uid != 0)
		return im_fail(err, IM_CONFIG, "%s must be a directory that belongs to root", c->root);
	ret = check_mount(c->root, err);
	return ret == IM_OK ? check_above(c->root, err) : ret;
}
