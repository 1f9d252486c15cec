/*
 * proc.h - other programs: run without a shell, with a clean environment and a deadline
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_PROC_H
#define IM_PROC_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct im_proc_opts {
	int timeout_ms;         /* 0: none; the process group is killed then, IM_TEMP */
	struct im_str input;    /* for its standard input */
	const char *cwd;        /* or NULL */
	const char *const *env; /* "NAME=value" added to PATH, LANG=C.UTF-8; or NULL */
	uid_t uid;              /* run as this user when not 0 */
	gid_t gid;
};

/*
 * im_proc_run - run argv[0] (searched in /usr/sbin:/usr/bin:/sbin:/bin), wait, collect stdout and stderr in out
 * Returns IM_OK for exit status 0; else IM_TEMP with the status and the last line of output in the message.
 */
enum im_status im_proc_run(const char *const argv[], const struct im_proc_opts *o, struct im_buf *out,
    struct im_err *err) IM_MUSTUSE;

#endif
