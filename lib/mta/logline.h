/*
 * logline.h - one line of the mail log: Postfix's daemons and our agent
 *
 * Both forms of time: "Nov 24 10:00:00 host" (local, no year) and RFC 3339. Everything in a line may have been chosen by a
 * stranger: no field is more than a span of the line, and a line that has another form is no line.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MTA_LOGLINE_H
#define IM_MTA_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum im_log_kind {
	IM_LOG_OTHER,
	IM_LOG_CLIENT,     /* smtpd: who brought it; host, more: the SASL user */
	IM_LOG_PICKUP,     /* sendmail(1) on this machine; from */
	IM_LOG_MESSAGE_ID, /* cleanup; more */
	IM_LOG_FROM,       /* qmgr: from */
	IM_LOG_EXPIRED,    /* qmgr: kept too long */
	IM_LOG_REMOVED,    /* qmgr: nothing is left to do */
	IM_LOG_RESULT,     /* a delivery agent: to, orig_to, host (the relay), dsn, status, more: the text */
	IM_LOG_NOTICE,     /* bounce: the sender was told, by the message more */
	IM_LOG_DELAYED,    /* bounce: the sender was told that it takes longer, by more */
	IM_LOG_REJECT,     /* smtpd, cleanup: host, from, to, more: the answer */
	IM_LOG_HELD,
	IM_LOG_RELEASED,
	IM_LOG_DELETED,
	IM_LOG_REQUEUED,
	IM_LOG_FILED,        /* our agent: to, orig_to, user, mailbox */
	IM_LOG_FILED_BEFORE, /* the same message again */
	IM_LOG_DROPPED       /* disabled account, mailbox full */
};

struct im_logline {
	enum im_log_kind kind;
	struct im_str stamp; /* as written */
	struct im_str id;    /* valid queue id, or "NOQUEUE" */
	struct im_str from, to, orig_to, host, dsn, status, more, user, mailbox;
};

enum { IM_LOGLINE_MAX = 4096 };

/* im_logline_parse - false: nothing that a story is made of */
bool im_logline_parse(struct im_str line, struct im_logline *ret);
/* im_logline_id - the queue id only, for the search; false where there is none. Cheap */
bool im_logline_id(struct im_str line, struct im_str *ret);
/* im_logline_time - now: tells the year of a time that has none. 0 when it cannot be read */
int64_t im_logline_time(struct im_str stamp, int64_t now);
/* im_logline_find - where needle (small letters) begins in s without regard to case, -1 when nowhere */
ptrdiff_t im_logline_find(struct im_str s, struct im_str needle);

#endif
