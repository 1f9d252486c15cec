/*
 * quota.h - usage of a person's Maildir by the Maildir++ file "maildirsize", without a walk
 *
 * First line "<bytes>S" (the quota; "0S" none), then "<bytes> <count>" lines that are summed; deliveries append a line.
 * Recounted from names (,S=) when missing, unreadable, larger than 5120 bytes, or when over quota and older than
 * 15 minutes. Other Maildir software agrees with it. Trash counts (the box has one disk).
 *
 * Whoever decides holds im_quota_lock: two deliveries at once never both take the last room.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_QUOTA_H
#define IM_QUOTA_H

#include "base/err.h"
#include "mail/maildir.h"

struct im_usage {
	uint64_t bytes, messages;
};

/* im_quota_lock - flock on the tmp/ of INBOX; wait_ms as im_lock. Taken before the index lock, never after */
enum im_status im_quota_lock(const struct im_store *s, int wait_ms, struct im_err *err) IM_MUSTUSE;
void im_quota_unlock(const struct im_store *s);

/* im_quota_usage - under the lock; quota in bytes (0 = none) is written into the file's first line when it differs */
enum im_status im_quota_usage(
    const struct im_store *s, uint64_t quota, struct im_usage *ret, struct im_err *err) IM_MUSTUSE;
/* im_quota_admit - IM_OK when 'size' more bytes fit (one message may not exceed either); IM_QUOTA with figures in err otherwise */
enum im_status im_quota_admit(
    const struct im_store *s, uint64_t quota, uint64_t size, struct im_err *err) IM_MUSTUSE;
/* im_quota_admit_usage - the same; *ret: the usage that decided, on IM_QUOTA too (not when there is no quota) */
enum im_status im_quota_admit_usage(const struct im_store *s, uint64_t quota, uint64_t size,
    struct im_usage *ret, struct im_err *err) IM_MUSTUSE;
/* im_quota_add - append a line; bytes and messages may be negative (removal). Failing is a warning, not a failed delivery */
enum im_status im_quota_add(
    const struct im_store *s, int64_t bytes, int64_t messages, struct im_err *err) IM_MUSTUSE;
/* im_quota_recount - from the names of all mailboxes */
enum im_status im_quota_recount(
    const struct im_store *s, uint64_t quota, struct im_usage *ret, struct im_err *err) IM_MUSTUSE;

/*
 * im_quota_peek - as im_quota_usage for who may only look: no lock, nothing is written. Counted from the names when the
 * file is missing, or shows less than 'need' bytes of room and is old (what others removed is only seen by counting)
 */
enum im_status im_quota_peek(const struct im_store *s, uint64_t quota, uint64_t need, struct im_usage *ret,
    struct im_err *err) IM_MUSTUSE;

/* im_quota_recorded - what the file says of quota and usage, without a lock; false: there is none, or a broken one */
bool im_quota_recorded(const struct im_store *s, uint64_t *ret_quota, struct im_usage *ret) IM_MUSTUSE;

#endif
