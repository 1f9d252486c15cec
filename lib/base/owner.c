/*
 * owner.c - from root to whom the files belong
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/owner.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum im_status
im_become_owner_of(const char *path, const char *name, struct im_err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return im_fail(err, IM_CONFIG, "%s: %s; run intimail-setup", path, strerrordesc_np(errno));
	if (st.st_uid == 0 || st.st_gid == 0)
		return im_fail(
		    err, IM_CONFIG, "%s belongs to root, not to %s; run intimail-setup", path, name);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) < 0 ||
				  setresuid(st.st_uid, st.st_uid, st.st_uid) < 0))
		return im_fail(err, IM_TEMP, "cannot become %s: %s", name, strerrordesc_np(errno));
	if (geteuid() != st.st_uid)
		return im_fail(err, IM_DENIED, "run it as root or as %s, who owns %s", name, path);
	return IM_OK;
}
