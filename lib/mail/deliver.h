/*
 * deliver.h - one message for one recipient, from a stream into the Maildir: the agent without its main()
 *
 * Order (notes in ARCHITECTURE.md): person from the directory; copy to tmp/ while summarising; is it all there
 * (complete.h); fsync; the person's rules, forwarding; quota lock; duplicate?; quota; rename + fsync; index; account;
 * throw-away address log; absence notice. After the rename nothing fails the delivery.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DELIVER_H
#define IM_DELIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/conf.h"
#include "base/err.h"

struct im_delivery {
	const char *recipient; /* ${recipient}: local+detail@domain */
	const char *queueid;   /* ${queue_id} or "" */
	const char *sender;    /* ${sender}, "" = a bounce: nothing is forwarded or answered then */
	const char *
	    original; /* ${original_recipient}, "" = unknown: who wrote to a throw-away address is written down */
	uint64_t expected; /* ${size}, 0 = unknown */
	int input;         /* descriptor, read to its end */
	pid_t parent;      /* getppid() at the start; 0 = do not watch it */
	bool confine;      /* give up, for good, what is not needed any more before the message is read */
};

struct im_delivered {
	char uid[65], mailbox[201], id[256];
	uint64_t size;
	bool duplicate;    /* was there already: success */
	int forwarded;     /* to so many addresses */
	bool kept;         /* false: it was forwarded and, as the rules say, not filed here */
	bool dropped;      /* the account is disabled or ended, and full: success without filing */
	char warning[256]; /* what went wrong after the rename (index, accounting); "" */
};

/*
 * im_deliver - IM_OK only when the message is durably filed
 *
 * IM_QUOTA carries dsn 4.2.2 or 5.2.2 by conf->over_quota; IM_NOTFOUND 5.1.1; everything else is IM_TEMP with a 4.x.y.
 *
 * A disabled or ended account is refused by Postfix while the sender is on the line (RCPT TO). What reaches the agent
 * all the same was accepted before, or came through a group: bouncing it would hit an innocent author, deferring it
 * would only delay that. It is filed as for anyone: nobody can sign in, nothing is lost when the account is enabled
 * again; and when the mailbox is full it is dropped with a line in the log.
 */
enum im_status im_deliver(const struct im_conf *conf, const struct im_delivery *d, struct im_delivered *ret,
    struct im_err *err) IM_MUSTUSE;

#endif
