/*
 * index_file.c - opening the index, its lock, and whether it is in step with the directories
 *
 * The lock is flock on the mailbox directory, which is always there and never replaced. The boot id is in the header
 * because the index is not synced: after a power cut a directory's mark may have reached the disk and a line's change
 * may not, each with a right checksum. So an index is believed only within the boot that wrote it, and is compared
 * with the directories once after each.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

static void
close_file(struct im_ix *ix)
{
	if (ix->fd >= 0)
		(void)close(ix->fd);
	ix->fd = -1;
	ix->header_ok = ix->marked = ix->in_step = ix->in_memory = false;
}

/* a link or a fifo in the place of the index is no index; a rewriting replaces it */
static void
open_file(struct im_ix *ix, int mode)
{
	char buf[IM_IX_HEADER];
	struct stat st;

	ix->fd = openat(ix->b->fd, ix->path, mode | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (ix->fd < 0)
		return;
	if (im_pread_full(ix->fd, buf, sizeof(buf), 0) == (ssize_t)sizeof(buf))
		ix->header_ok = im_ix_header_decode(buf, &ix->h);
	if (mode == O_RDWR && (fstat(ix->fd, &st) < 0 || !S_ISREG(st.st_mode)))
		close_file(ix);
	else if (mode == O_RDWR && ix->header_ok && (uint64_t)st.st_size < ix->h.bytes)
		ix->header_ok = false;
}

void
im_ix_open(const struct im_mailbox *b, struct im_ix *ix)
{
	*ix = (struct im_ix) { .b = b, .path = IM_IX_FILE, .fd = -1 };
	open_file(ix, O_RDONLY);
}

bool
im_ix_compare_dirs(struct im_ix *ix)
{
	struct im_dirmark n, c;

	ix->marked = ix->header_ok && im_dirmark_get(ix->b->new_fd, &n) &&
		     im_dirmark_get(ix->b->cur_fd, &c) && im_dirmark_eq(&ix->h.new_mark, &n) &&
		     im_dirmark_eq(&ix->h.cur_mark, &c);
	ix->in_step = ix->marked && ix->b->boot[0] != '\0' && strcmp(ix->b->boot, ix->h.boot) == 0;
	return ix->in_step;
}

static enum im_status
lock(struct im_ix *ix, int wait_ms, struct im_err *err)
{
	enum im_status st = im_lock(ix->b->fd, true, wait_ms, err);

	if (st != IM_OK)
		return im_err_prefix(err, "header index of %s: ", ix->b->name);
	ix->locked = true;
	/* the watch first: what happens after the comparison must be seen */
	im_dirwatch_open(&ix->w, ix->b->new_fd, ix->b->cur_fd);
	open_file(ix, O_RDWR);
	(void)im_ix_compare_dirs(ix);
	return IM_OK;
}

enum im_status
im_ix_begin(const struct im_mailbox *b, int wait_ms, struct im_ix *ix, struct im_err *err)
{
	*ix = (struct im_ix) { .b = b, .path = IM_IX_FILE, .fd = -1 };
	return im_ix_begin_at(ix, wait_ms, err);
}

enum im_status
im_ix_begin_at(struct im_ix *ix, int wait_ms, struct im_err *err)
{
	return lock(ix, wait_ms, err);
}

enum im_status
im_ix_relock(struct im_ix *ix, struct im_err *err)
{
	return lock(ix, IM_IX_WAIT_MS, err);
}

void
im_ix_pause(struct im_ix *ix)
{
	close_file(ix);
	im_dirwatch_close(&ix->w);
	if (ix->locked)
		im_unlock(ix->b->fd);
	ix->locked = false;
}

void
im_ix_end(struct im_ix *ix)
{
	im_ix_pause(ix);
	if (ix->repairing)
		im_unlock(ix->b->cur_fd);
	ix->repairing = false;
}

bool
im_ix_write_header(struct im_ix *ix)
{
	char buf[IM_IX_HEADER];

	ix->h.generation++;
	im_ix_header_encode(&ix->h, buf);
	return im_pwrite_full(ix->fd, buf, sizeof(buf), 0);
}

static bool
mark(struct im_ix *ix, bool new_touched, bool cur_touched, int in_new, int in_cur)
{
	struct im_dirmark new_mark = ix->h.new_mark, cur_mark = ix->h.cur_mark;

	if (new_touched && !im_dirmark_set(ix->b->new_fd, &ix->h.new_mark, &new_mark))
		return false;
	if (cur_touched && !im_dirmark_set(ix->b->cur_fd, &ix->h.cur_mark, &cur_mark))
		return false;
	if (!im_dirwatch_only(&ix->w, in_new, in_cur))
		return false;
	ix->h.new_mark = new_mark;
	ix->h.cur_mark = cur_mark;
	return im_ix_write_header(ix);
}

void
im_ix_settle(struct im_ix *ix, int in_new, int in_cur)
{
	ix->marked = mark(ix, in_new > 0, in_cur > 0, in_new, in_cur);
	/* an index that has not been compared since the start of the system stays one that has to be */
	ix->in_step = ix->in_step && ix->marked;
}

void
im_ix_settle_listed(struct im_ix *ix)
{
	memcpy(ix->h.boot, ix->b->boot, sizeof(ix->h.boot));
	ix->marked = mark(ix, true, true, 0, 0);
	ix->in_step = ix->marked && ix->b->boot[0] != '\0';
}
