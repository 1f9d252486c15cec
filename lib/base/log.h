/*
 * log.h - the program's log: stderr on a terminal, syslog (facility mail) or a file descriptor elsewhere
 *
 * Programs log, the library does not (above debug). One line an event: a sentence, then key=value pairs.
 * Control characters are replaced by '?'. Never log bodies, passwords, session ids.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LOG_H
#define IM_LOG_H

#include <stdbool.h>

#include "base/status.h"

enum im_log_to { IM_LOG_STDERR, IM_LOG_SYSLOG, IM_LOG_FD };

/* im_log_open - name is kept (not copied); fd is used with IM_LOG_FD only */
void im_log_open(const char *name, enum im_log_to to, int fd);
/* im_log_verbose - let im_debug through */
void im_log_verbose(bool on);

void im_error(const char *fmt, ...) IM_PRINTF(1, 2);
void im_warn(const char *fmt, ...) IM_PRINTF(1, 2);
void im_info(const char *fmt, ...) IM_PRINTF(1, 2);
void im_debug(const char *fmt, ...) IM_PRINTF(1, 2);

#endif
