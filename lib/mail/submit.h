/*
 * submit.h - a message handed to Postfix by SMTP on the loopback address (RFC 5321): listen is 127.0.0.1:submit_port
 *
 * For programs that are confined (sendmail(1) needs set-gid). All waits together have one deadline. A message is
 * accepted by Postfix as a whole or not at all: a recipient that is put off (4xx) ends it with IM_TEMP before any data
 * is sent, so that a repeat makes no second copy; recipients that are refused for good are told in ret_refused, the
 * others get it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SUBMIT_H
#define IM_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

/* the next piece of the message (LF or CRLF line ends, any bytes) appended to chunk; false at the end; IM_TEMP ends all */
typedef enum im_status im_submit_fn(void *arg, struct im_buf *chunk, bool *ret_more, struct im_err *err);

struct im_submission {
	const char *sender;            /* envelope sender; "" for <> */
	const char *const *recipients; /* NULL-terminated, at most IM_SUBMIT_RECIPIENTS */
	im_submit_fn *body;
	void *arg;
	int seconds; /* for all of it; 0 = IM_SUBMIT_SECONDS */
};
/*
 * The seconds are half of the delivery agent's alarm (60): what a slow Postfix takes of a forwarded copy must be written
 * down (forward.h, which may wait 20 for a lock) while the agent lives, else the next attempt sends another copy.
 */
enum { IM_SUBMIT_RECIPIENTS = 2000, IM_SUBMIT_SECONDS = 30 };

/* ret_queueid: Postfix's queue id, for the log. IM_DENIED: all recipients refused for good (err: the last answer) */
enum im_status im_submit(const struct im_conf *conf, const struct im_submission *m, char ret_queueid[33],
    size_t *ret_refused, struct im_err *err) IM_MUSTUSE;
/* im_submit_text - the same for a message in memory */
enum im_status im_submit_text(const struct im_conf *conf, const char *sender, const char *const *recipients,
    struct im_str message, char ret_queueid[33], struct im_err *err) IM_MUSTUSE;

#endif
