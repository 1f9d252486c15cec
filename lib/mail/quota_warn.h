/*
 * quota_warn.h - a message of our own into a person's inbox when the mailbox is nearly full, and when it is
 *
 * At 80, 95 and 100 % (100: a message had to be refused or put off), once each; again after usage fell below and rose
 * again, and after the quota was lowered. Maildir/intimail-warned remembers level and quota, "80 5368709120". The message
 * is filed whether it fits or not: it is small, and it is what is wanted most then. It names what takes the room.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_QUOTA_WARN_H
#define IM_QUOTA_WARN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/err.h"
#include "mail/maildir.h"

/* a mailbox with a smaller quota is not warned of: the warnings would be what fills it */
enum { IM_QUOTA_WARN_LEAST = 256 * 1024 };

struct im_quota_warning {
	const char *address;    /* of the person */
	const char *language;   /* "fr"; others: English */
	uint64_t quota;         /* bytes, 0 = none: nothing is warned of */
	uint64_t before, after; /* usage; equal where nothing was added */
	bool refused;           /* a message did not fit */
};

/* im_quota_level - 0, 80, 95; 0 too where nothing is warned of */
int im_quota_level(uint64_t used, uint64_t quota);

/*
 * im_quota_warn - under the quota lock, without an index lock. Below 80 %: a comparison; from there on one small file is
 * read. *ret_level: what was warned of now, 0 = nothing
 */
enum im_status im_quota_warn(const struct im_conf *conf, const struct im_store *s,
    const struct im_quota_warning *w, int *ret_level, struct im_err *err) IM_MUSTUSE;

#endif
