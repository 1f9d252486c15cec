/*
 * usage.h - how much room people use: the quota report
 *
 * The mail is read by a child that is the mail's owner, not by root: a link in somebody's Maildir leads nowhere.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HELPER_USAGE_H
#define IM_HELPER_USAGE_H

#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"

/*
 * im_helper_usage - uid NULL: all people. Adds to list {uid, name, used, of (0 = no limit), messages, last_delivery and
 * last_sign_in (seconds, 0 = never)}; used is null where the mailbox cannot be read now
 */
enum im_status im_helper_usage(const struct im_conf *conf, const char *uid, struct im_arena *a,
    struct im_value *list, struct im_err *err) IM_MUSTUSE;
/* im_helper_recount - count the files of one person anew, then the same report */
enum im_status im_helper_recount(const struct im_conf *conf, const char *uid, struct im_arena *a,
    struct im_value *list, struct im_err *err) IM_MUSTUSE;

#endif
