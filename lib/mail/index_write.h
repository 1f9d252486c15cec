/*
 * index_write.h - the steps of a change, shared by index_write.c and index_deliver.c
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_INDEX_WRITE_H
#define IM_INDEX_WRITE_H

#include "mail/index_impl.h"

enum { IM_IX_NAME_SIZE = IM_MSG_NAME_MAX + 1 };

/* all of these: under the lock. false: the line could not be written; the index stays out of step */

/* im_ix_insert - put a line (n bytes with its newline, parsed as l) at its place; counts are changed in ix->h only */
bool im_ix_insert(struct im_ix *ix, const char *text, size_t n, const struct im_ix_line *l);
/* im_ix_change - new place and flags, or a tombstone, for the line at 'at', whose text is changed, too */
bool im_ix_change(struct im_ix *ix, char *text, const struct im_ix_line *l, uint64_t at, bool removed,
    bool is_new, uint64_t flags);

/* im_ix_find_for_change - the line of a message, after a reconciliation where one is needed. IM_NOTFOUND */
enum im_status im_ix_find_for_change(struct im_ix *ix, const char *id, char *buf, struct im_ix_line *ret,
    uint64_t *ret_at, struct im_err *err) IM_MUSTUSE;

bool im_ix_file_name(
    const struct im_ix_line *l, uint64_t flags, bool is_new, char dst[static IM_IX_NAME_SIZE]);

/* what was renamed in the end */
struct im_ix_rename {
	bool from_new;
	char from[IM_IX_NAME_SIZE], to[IM_IX_NAME_SIZE];
};
/* im_ix_rename - the message's file to another place, in the same or another mailbox; never over another file */
enum im_status im_ix_rename(const struct im_ix *ix, const struct im_ix_line *l, const struct im_mailbox *to,
    bool to_new, uint64_t to_flags, struct im_ix_rename *r, struct im_err *err) IM_MUSTUSE;

/* im_ix_compact - drop the tombstones when they are many */
void im_ix_compact(struct im_ix *ix);

#endif
