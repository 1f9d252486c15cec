/*
 * judge.h - the answer to one request of Postfix: what comes in by admit.h, what goes out by the limits of a person
 *
 * Outgoing is what comes from somebody who signed in, or over the port that our own programs hand messages to; it
 * counts for the person whose address the sender is. Programs' own mail (bounces, lists) counts for nobody.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_POLICY_JUDGE_H
#define IM_POLICY_JUDGE_H

#include "base/conf.h"
#include "directory/resolve.h"
#include "policy/protocol.h"
#include "policy/sent.h"

/*
 * im_policy_judge - IM_OK: no objection. Else as im_admit, and IM_DENIED 4.7.1 over a limit of sending. At the end of
 * a message that is let through its recipients and bytes are added to sent.
 */
enum im_status im_policy_judge(const struct im_conf *conf, struct im_resolver *r, struct im_sent *sent,
    const struct im_policy_request *q, int64_t now, struct im_err *err) IM_MUSTUSE;

#endif
