/*
 * largest.h - what takes the room: each folder's bytes, and the largest messages, from names and indexes alone
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LARGEST_H
#define IM_LARGEST_H

#include "base/alloc.h"
#include "base/err.h"
#include "mail/maildir.h"

enum { IM_LARGEST = 10 };

struct im_large {
	const char *mailbox, *id;
	uint64_t size;
	int64_t arrived; /* -1 where the name does not tell */
	const char *from,
	    *subject; /* "" where the index does not know the message: no message is opened for it */
};

struct im_folder_use {
	const char *mailbox;
	uint64_t bytes, messages;
};

struct im_room {
	struct im_large large[IM_LARGEST]; /* the largest first */
	int nlarge;
	struct im_folder_use *folders; /* in the order of im_mailbox_list */
	size_t nfolders;
};

/* im_room_read - strings live in a. The indexes are read as they are, not repaired */
enum im_status im_room_read(
    const struct im_store *s, struct im_arena *a, struct im_room *ret, struct im_err *err) IM_MUSTUSE;

#endif
