/*
 * admit.h - may this message be taken for this recipient? One set of rules for the policy server (before a message is
 * accepted) and the agent and the lists (after)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ADMIT_H
#define IM_ADMIT_H

#include "base/conf.h"
#include "base/err.h"
#include "directory/resolve.h"

struct im_envelope {
	const char *sender;    /* envelope sender, lower case; "" for a bounce */
	const char *recipient; /* lower case, "+detail" allowed */
	uint64_t size;         /* as announced (SIZE=), 0 = unknown */
};

/*
 * im_admit - IM_OK: take it. Else err has the enhanced status code and a text for the sender:
 * IM_NOTFOUND 5.1.1 unknown; IM_DENIED 5.2.1 closed, ended, revoked or used up, 5.7.1 may not write to this list;
 * IM_QUOTA 4.2.2 or 5.2.2 (by over_quota); 5.3.4 larger than the mailbox altogether; IM_TEMP 4.x.y whatever cannot be
 * decided now. A throw-away address is judged by its owner's room; a list is full only when nobody on it has room.
 */
enum im_status im_admit(const struct im_conf *conf, struct im_resolver *r, const struct im_envelope *e,
    int64_t now, struct im_err *err) IM_MUSTUSE;

/*
 * "+detail" of a list is no posting (joining, leaving, confirming, bounces): the list's program judges it, the rights
 * of posting do not apply. checks: without IM_ADMIT_ROOM the quota is not looked at (outgoing mail).
 */
enum { IM_ADMIT_ROOM = 1 };
enum im_status im_admit_checks(const struct im_conf *conf, struct im_resolver *r, const struct im_envelope *e,
    unsigned checks, int64_t now, struct im_err *err) IM_MUSTUSE;

/* im_admit_account - the rule about disabled and ended accounts alone */
bool im_admit_account(bool enabled, int64_t expires, int64_t now);
/* im_admit_full - the refusal for want of room: IM_QUOTA with 4.2.2 or 5.2.2 by over_quota; size 0 = unknown */
enum im_status im_admit_full(const struct im_conf *conf, const char *address, uint64_t used, uint64_t quota,
    uint64_t size, struct im_err *err);
/*
 * im_admit_post - may this sender write to this list, as far as the list's own entry tells? sender_uid: whose address
 * it is, "" = nobody's here
 */
bool im_admit_post(const struct im_recipient *list, const char *sender_address, const char *sender_uid);
/* im_admit_post_nested - the whole rule: members of the lists in it count too. IM_OK, IM_DENIED 5.7.1, IM_TEMP */
enum im_status im_admit_post_nested(const struct im_conf *conf, struct im_resolver *r,
    const struct im_recipient *list, const char *sender, struct im_err *err) IM_MUSTUSE;

#endif
