/*
 * tracelog.h - reading the end of the mail logs, line by line
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MTA_TRACELOG_H
#define IM_MTA_TRACELOG_H

#include <sys/types.h>

#include "base/conf.h"
#include "base/err.h"
#include "base/str.h"

enum { IM_TRACELOG_FILES = 4 };

struct im_tracelog {
	struct {
		int fd;
		off_t from, end; /* what is read of it */
	} file[IM_TRACELOG_FILES];
	int n;
};

/*
 * im_tracelog_open - the agent's and Postfix's log and the one before each, of the last max bytes what is not older than
 * since. IM_NOTFOUND: there is no mail log
 */
enum im_status im_tracelog_open(const struct im_conf *conf, int64_t since, int64_t now, off_t max,
    struct im_tracelog *ret, struct im_err *err) IM_MUSTUSE;
/* im_tracelog_each - all lines; a line that is longer than IM_LOGLINE_MAX is left out */
enum im_status im_tracelog_each(const struct im_tracelog *t, void (*line)(void *, struct im_str), void *arg,
    struct im_err *err) IM_MUSTUSE;
void im_tracelog_close(struct im_tracelog *t);

#endif
