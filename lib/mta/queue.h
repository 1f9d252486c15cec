/*
 * queue.h - Postfix's queue: what waits in it, and what to do with it, through postqueue(1), postcat(1), postsuper(1)
 *
 * Root only. Arguments are checked here: a queue id is letters and digits, never an option.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_QUEUE_H
#define IM_QUEUE_H

#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"

struct im_queue_recipient {
	const char *address, *reason; /* reason: why it waits, "" */
};
struct im_queue_message {
	const char *id, *queue; /* queue: "active", "deferred", "hold", "incoming", "maildrop" */
	int64_t arrived;
	uint64_t size;
	const char *sender;
	struct im_queue_recipient *recipients;
	int nrecipients;
};
enum { IM_QUEUE_MAX = 1000 };
/* oldest first, at most IM_QUEUE_MAX; *ret_total how many there are */
enum im_status im_queue_list(const struct im_conf *conf, struct im_arena *a, struct im_queue_message **ret,
    int *ret_n, int *ret_total, struct im_err *err) IM_MUSTUSE;
/* im_queue_show - the header and the beginning of the text, at most max bytes */
enum im_status im_queue_show(const struct im_conf *conf, const char *id, size_t max, struct im_buf *ret,
    struct im_err *err) IM_MUSTUSE;

enum im_queue_verb { IM_QUEUE_HOLD, IM_QUEUE_RELEASE, IM_QUEUE_DELETE, IM_QUEUE_RETRY };
/* IM_NOTFOUND: no such message (any more) */
enum im_status im_queue_do(
    const struct im_conf *conf, enum im_queue_verb verb, const char *id, struct im_err *err) IM_MUSTUSE;
/* im_queue_flush - try all of it again, but for what is on hold */
enum im_status im_queue_flush(const struct im_conf *conf, struct im_err *err) IM_MUSTUSE;

/* im_queue_value - {"total": n, "messages": [{id, queue, arrived, size, sender, recipients: [{address, reason}]}]} */
struct im_value *im_queue_value(struct im_arena *a, const struct im_queue_message *list, int n, int total);

#endif
