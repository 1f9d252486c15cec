/*
 * index_sync.h - the state of one reconciliation, shared by index_sync.c and index_rewrite.c
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_INDEX_SYNC_H
#define IM_INDEX_SYNC_H

#include "mail/index_impl.h"

struct im_ix_sync_state {
	struct im_ix *ix;
	im_progress_fn *progress;
	void *arg;
	struct im_ix_names names;
	struct im_buf fresh; /* new lines, as they were made */
	bool rewrite;        /* what is there cannot be mended in place */
	bool has_last;       /* the key of the last line */
	int64_t last_arrived;
	char last_id[IM_MSG_NAME_MAX + 1];
	uint64_t removed; /* tombstones */
};

/* writing in large pieces, at an offset */
struct im_ix_writer {
	int fd;
	uint64_t at; /* end of what was added */
	struct im_buf buf;
	bool bad;
};
void im_ix_writer_init(struct im_ix_writer *w, int fd, uint64_t at);
void im_ix_writer_add(struct im_ix_writer *w, const char *p, size_t n);
bool im_ix_writer_done(struct im_ix_writer *w); /* false with errno */

/* tombstones are worth a rewriting when they are many */
bool im_ix_too_many_removed(uint64_t removed, uint64_t total);

/*
 * im_ix_rewrite - a new file with the lines of v[0..n), old ones from ix->fd, new ones from fresh; takes the old one's place
 * ix->fd and h.bytes are those of the new file; its header is not in step yet. Without room on the disk the new file is
 * in memory only.
 */
enum im_status im_ix_rewrite(struct im_ix *ix, const struct im_buf *fresh, struct im_ix_name *const *v,
    size_t n, struct im_err *err) IM_MUSTUSE;

#endif
