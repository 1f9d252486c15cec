/*
 * aliaslog.h - who wrote to a throw-away address, and how many messages it took
 *
 * <mail_root>/<uid>/Maildir/intimail-aliases/<address>: a line a message, "seconds <sender>"; written by the agent,
 * read by the pages, counted by the policy server. Only the last IM_ALIASLOG_LINES lines are kept, the count goes on.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ALIASLOG_H
#define IM_ALIASLOG_H

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"
#include "mail/maildir.h"

enum { IM_ALIASLOG_LINES = 200 };
struct im_aliaslog_line {
	int64_t when;
	const char *sender; /* envelope sender, "" = a bounce */
};
/* the address in lower case; what is none of ours in form is IM_INVALID */
enum im_status im_aliaslog_add(const struct im_store *s, const char *address, const char *sender,
    int64_t when, struct im_err *err) IM_MUSTUSE;
/* no such file: nothing yet */
enum im_status im_aliaslog_count(const struct im_conf *conf, const char *uid, const char *address,
    uint64_t *ret, struct im_err *err) IM_MUSTUSE;
/* the last lines, oldest first */
enum im_status im_aliaslog_read(const struct im_conf *conf, const char *uid, const char *address,
    struct im_arena *a, struct im_aliaslog_line **ret, int *ret_n, uint64_t *ret_count,
    struct im_err *err) IM_MUSTUSE;

#endif
