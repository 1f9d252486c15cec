/*
 * forward.h - a message of the person's sent on to other addresses
 *
 * At most one hop on this machine: what is forwarded carries the field X-Intimail-Forwarded, and what carries it is
 * filed. A bounce is never forwarded. So rules of two people that point at each other end after one round, and with a
 * copy at each of them.
 *
 * The envelope sender of the copy is the person's own address, not the author's: the domain of the author's has an SPF
 * record that does not name us (so it would be refused), and a bounce of the copy is the person's business and not the
 * author's. The header fields stay as they are, so the author's DKIM signature holds.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_FORWARD_H
#define IM_FORWARD_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "mail/maildir.h"

#define IM_FORWARD_FIELD "X-Intimail-Forwarded"

struct im_forward {
	const char *queueid; /* of the message: the journal's key; "" = none is kept */
	const char *from;    /* the person's address */
	const char *const *to;
	int dir; /* where the message's file lies, and its name */
	const char *file;
};

/*
 * im_forward - IM_OK: Postfix has it, durably written down in Maildir/intimail-forwarded (of the last
 * IM_FORWARD_JOURNAL messages), so that a repeated delivery sends no second copy; *ret_refused addresses did not get it.
 * IM_DENIED: all of them were refused for good. Anything else: try again. Without the quota lock.
 */
enum { IM_FORWARD_JOURNAL = 500 };
enum im_status im_forward(const struct im_conf *conf, const struct im_store *s, const struct im_forward *f,
    size_t *ret_refused, struct im_err *err) IM_MUSTUSE;

#endif
