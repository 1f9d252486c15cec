/*
 * index_rewrite.c - a new index file in the place of the old one
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_sync.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"

enum { WRITE_PIECE = 256 * 1024 };

void
im_ix_writer_init(struct im_ix_writer *w, int fd, uint64_t at)
{
	*w = (struct im_ix_writer) { .fd = fd, .at = at };
	im_buf_init(&w->buf, WRITE_PIECE + IM_INDEX_LINE_MAX);
}

static void
flush(struct im_ix_writer *w)
{
	if (!w->bad && !im_pwrite_full(w->fd, w->buf.p, w->buf.n, (off_t)(w->at - w->buf.n)))
		w->bad = true;
	im_buf_clear(&w->buf);
}

void
im_ix_writer_add(struct im_ix_writer *w, const char *p, size_t n)
{
	if (w->buf.n + n > WRITE_PIECE)
		flush(w);
	im_buf_add(&w->buf, p, n);
	w->at += n;
}

bool
im_ix_writer_done(struct im_ix_writer *w)
{
	int e;

	flush(w);
	e = errno;
	im_buf_done(&w->buf);
	errno = e;
	return !w->bad;
}

bool
im_ix_too_many_removed(uint64_t removed, uint64_t total)
{
	return removed > 64 + total / 16;
}

/* an old line, with today's flags where they did not fit into it */
static bool
copy_old(
    const struct im_ix *ix, const struct im_ix_name *name, struct im_buf *scratch, struct im_ix_writer *w)
{
	char text[IM_INDEX_LINE_MAX];
	struct im_ix_line l;
	struct im_entry e;

	if (name->line_n > sizeof(text) ||
	    im_pread_full(ix->fd, text, name->line_n, (off_t)name->line_at) != (ssize_t)name->line_n ||
	    !im_ix_line_parse((struct im_str) { text, name->line_n - 1 }, &l)) {
		errno = EIO;
		return false;
	}
	if (l.flags == name->flags && l.is_new == name->is_new && !l.removed) {
		im_ix_writer_add(w, text, name->line_n);
		return true;
	}
	if (!im_ix_line_entry(&l, text, &e))
		return false;
	(void)im_flags_text(name->flags, e.flags);
	e.is_new = name->is_new;
	im_buf_clear(scratch);
	im_ix_line_put(scratch, &e);
	im_ix_writer_add(w, scratch->p, scratch->n);
	return true;
}

static bool
write_new(const struct im_ix *ix, int fd, const struct im_buf *fresh, struct im_ix_name *const *v, size_t n,
    uint64_t *ret_bytes)
{
	struct im_ix_writer w;
	struct im_buf scratch;
	bool good = true;

	im_buf_init(&scratch, 2 * IM_INDEX_LINE_MAX);
	im_ix_writer_init(&w, fd, IM_IX_HEADER);
	for (size_t i = 0; good && i < n; i++) {
		if (v[i]->summarised)
			im_ix_writer_add(&w, fresh->p + v[i]->text_at, v[i]->text_n);
		else
			good = copy_old(ix, v[i], &scratch, &w);
	}
	im_buf_done(&scratch);
	*ret_bytes = w.at;
	return im_ix_writer_done(&w) && good;
}

/* -1 with errno */
static int
write_on_disk(const struct im_ix *ix, const struct im_buf *fresh, struct im_ix_name *const *v, size_t n,
    uint64_t *ret_bytes)
{
	int fd, e;

	(void)unlinkat(ix->b->fd, IM_IX_TMP, 0);
	fd = openat(ix->b->fd, IM_IX_TMP, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	/* synced before the rename: a power cut must not leave an empty file where a good one was */
	if (write_new(ix, fd, fresh, v, n, ret_bytes) && fdatasync(fd) == 0 &&
	    renameat(ix->b->fd, IM_IX_TMP, ix->b->fd, ix->path) == 0)
		return fd;
	e = errno;
	(void)close(fd);
	(void)unlinkat(ix->b->fd, IM_IX_TMP, 0);
	errno = e;
	return -1;
}

/*
 * A full disk is when people must be able to see and remove their mail: then the index is made in memory, for this
 * program alone. The one on the disk stays out of step.
 */
static int
write_in_memory(const struct im_ix *ix, const struct im_buf *fresh, struct im_ix_name *const *v, size_t n,
    uint64_t *ret_bytes)
{
	int fd = memfd_create(IM_IX_FILE, MFD_CLOEXEC);

	if (fd >= 0 && !write_new(ix, fd, fresh, v, n, ret_bytes)) {
		(void)close(fd);
		fd = -1;
	}
	return fd;
}

enum im_status
im_ix_rewrite(
    struct im_ix *ix, const struct im_buf *fresh, struct im_ix_name *const *v, size_t n, struct im_err *err)
{
	uint64_t bytes = 0;
	int fd = write_on_disk(ix, fresh, v, n, &bytes), e = errno;

	if (fd < 0 && (e == ENOSPC || e == EDQUOT || e == EROFS) && strcmp(ix->path, IM_IX_FILE) == 0)
		ix->in_memory = (fd = write_in_memory(ix, fresh, v, n, &bytes)) >= 0;
	if (fd < 0)
		return im_fail_errno(err, e, "cannot write a new header index of %s", ix->b->name);
	if (ix->fd >= 0)
		(void)close(ix->fd);
	ix->fd = fd;
	ix->h.bytes = bytes;
	return IM_OK;
}
