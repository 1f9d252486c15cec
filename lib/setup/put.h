/*
 * put.h - files and directories brought to a wanted state, and told about when that was a change
 *
 * Content, owner and mode are compared first: a second run changes nothing. Files are replaced by rename, so a server
 * that reads its configuration meanwhile sees the old or the new one, and a program that runs can be replaced.
 * Symbolic links in the place of what is put are not followed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_PUT_H
#define IM_SETUP_PUT_H

#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

struct im_put {
	void (*changed)(void *arg, const char *path); /* called for each change; may be NULL */
	void *arg;
	unsigned changes;
};

struct im_owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

enum { IM_PUT_MAX = 64 * 1024 * 1024 };

void im_put_changed(struct im_put *p, const char *path);

/* im_put_dir - the parent must exist */
enum im_status im_put_dir(
    struct im_put *p, const char *path, struct im_owner o, struct im_err *err) IM_MUSTUSE;
enum im_status im_put_file(
    struct im_put *p, const char *path, struct im_str data, struct im_owner o, struct im_err *err) IM_MUSTUSE;
/* im_put_copy - a regular file of at most IM_PUT_MAX bytes; IM_NOTFOUND when there is no from */
enum im_status im_put_copy(
    struct im_put *p, const char *from, const char *path, struct im_owner o, struct im_err *err) IM_MUSTUSE;
/*
 * im_put_tree - the regular files of one directory (no deeper) whose names are [A-Za-z0-9_.-]+; others in "to" are
 * removed. version: the name of a file that gets a hash of all the names and contents, or NULL.
 */
enum im_status im_put_tree(struct im_put *p, const char *from, const char *to, const char *version,
    struct im_owner o, struct im_err *err) IM_MUSTUSE;

#endif
