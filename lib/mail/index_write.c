/*
 * index_write.c - our own changes: a delivery, flags, a removal
 *
 * Always: lock, compare, change the directory, change the line, mark the directory, write the header. Whatever ends
 * this early leaves the directory without the mark that the header tells of, and the next reader reconciles.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "mail/index_sync.h"

enum { SHIFT_PIECE = 64 * 1024, TRIES = 3 };

/* --- lines --- */

/* move what lies from 'at' to the end by n bytes to the back */
static bool
shift_tail(struct im_ix *ix, uint64_t at, size_t n)
{
	char *buf = im_malloc(SHIFT_PIECE);
	uint64_t end = ix->h.bytes;
	bool good = true;

	while (good && end > at) {
		size_t part = end - at < SHIFT_PIECE ? (size_t)(end - at) : SHIFT_PIECE;

		end -= part;
		good = im_pread_full(ix->fd, buf, part, (off_t)end) == (ssize_t)part &&
		       im_pwrite_full(ix->fd, buf, part, (off_t)(end + n));
	}
	free(buf);
	return good;
}

/* bytes past the committed length are what a writer left that did not come to its end */
static bool
cut_rest(struct im_ix *ix)
{
	struct stat st;

	return fstat(ix->fd, &st) == 0 &&
	       ((uint64_t)st.st_size == ix->h.bytes || ftruncate(ix->fd, (off_t)ix->h.bytes) == 0);
}

bool
im_ix_insert(struct im_ix *ix, const char *text, size_t n, const struct im_ix_line *l)
{
	struct im_str id = { l->id, l->id_n };
	char buf[IM_INDEX_LINE_MAX];
	uint64_t at = ix->h.bytes;
	struct im_ix_line there;

	if (!cut_rest(ix) || (l->arrived <= ix->h.last && !im_ix_lower(ix, l->arrived, id, &at)))
		return false;
	if (at < ix->h.bytes) {
		/* the tombstone of the same message: only a rewriting brings it back */
		if (!im_ix_load(ix, at, buf, &there) ||
		    im_str_eq((struct im_str) { there.id, there.id_n }, id))
			return false;
		if (!shift_tail(ix, at, n))
			return false;
	} else {
		ix->h.last = l->arrived;
	}
	if (!im_pwrite_full(ix->fd, text, n, (off_t)at))
		return false;
	ix->h.bytes += n;
	ix->h.total++;
	if ((l->flags & IM_IX_SEEN) == 0)
		ix->h.unread++;
	return true;
}

bool
im_ix_change(struct im_ix *ix, char *text, const struct im_ix_line *l, uint64_t at, bool removed, bool is_new,
    uint64_t flags)
{
	size_t n = im_ix_line_set(text, l->text.n, removed, is_new, flags);

	if (n == 0 || !im_pwrite_full(ix->fd, text, n, (off_t)at))
		return false;
	if ((l->flags & IM_IX_SEEN) == 0)
		ix->h.unread--;
	if (removed) {
		ix->h.total--;
		ix->h.removed++;
	} else if ((flags & IM_IX_SEEN) == 0) {
		ix->h.unread++;
	}
	return true;
}

/* --- a message by its id, for a change --- */

enum im_status
im_ix_find_for_change(
    struct im_ix *ix, const char *id, char *buf, struct im_ix_line *ret, uint64_t *ret_at, struct im_err *err)
{
	enum im_status st;
	bool found = false;

	for (int i = 0; i < TRIES; i++) {
		if (!ix->in_step || ix->bad_line) {
			st = im_ix_sync(ix, NULL, NULL, err);
			if (st != IM_OK)
				return st;
		}
		if (!im_ix_find(ix, id, buf, ret, ret_at, &found))
			continue;
		return found ? IM_OK
			     : im_fail(err, IM_NOTFOUND, "there is no such message in %s", ix->b->name);
	}
	return im_fail(err, IM_TEMP, "the header index of %s cannot be read", ix->b->name);
}

bool
im_ix_file_name(const struct im_ix_line *l, uint64_t flags, bool is_new, char dst[static IM_IX_NAME_SIZE])
{
	char letters[IM_FLAGS_MAX + 1];

	(void)im_flags_text(flags, letters);
	return im_fmt(dst, IM_IX_NAME_SIZE, "%s%s%s", l->id, is_new ? "" : ":2,", is_new ? "" : letters);
}

enum im_status
im_ix_rename(const struct im_ix *ix, const struct im_ix_line *l, const struct im_mailbox *to, bool to_new,
    uint64_t to_flags, struct im_ix_rename *r, struct im_err *err)
{
	const struct im_mailbox *b = ix->b;
	enum im_status st;
	int e;

	r->from_new = l->is_new;
	if (!im_ix_file_name(l, l->flags, l->is_new, r->from) || !im_ix_file_name(l, to_flags, to_new, r->to))
		return im_fail(err, IM_INVALID, "the message name becomes too long");
	for (int i = 0;; i++) {
		e = im_rename_noreplace(
		    r->from_new ? b->new_fd : b->cur_fd, r->from, to_new ? to->new_fd : to->cur_fd, r->to);
		if (e != ENOENT || i == TRIES)
			break;
		/* flags in another order, or renamed by somebody else just now */
		st = im_ix_locate(b, l->id, r->from, &r->from_new, err);
		if (st != IM_OK)
			return st;
	}
	if (e != 0)
		return im_fail_errno(err, e, "cannot move the message within %s", b->name);
	return IM_OK;
}

void
im_ix_compact(struct im_ix *ix)
{
	struct im_err err;

	/* not needed for anything to be right: after a failure the next reader tries it */
	if (ix->in_step && im_ix_too_many_removed(ix->h.removed, ix->h.total) &&
	    im_ix_sync(ix, NULL, NULL, &err) != IM_OK)
		ix->in_step = false;
}

/* --- flags --- */

enum im_status
im_index_set_flags(
    const struct im_mailbox *b, const char *id, const char *add, const char *remove, struct im_err *err)
{
	char buf[IM_INDEX_LINE_MAX];
	struct im_ix_rename r;
	struct im_ix_line l;
	struct im_ix ix;
	uint64_t at, flags;
	enum im_status st = im_ix_begin(b, IM_IX_WAIT_MS, &ix, err);

	if (st == IM_OK)
		st = im_ix_find_for_change(&ix, id, buf, &l, &at, err);
	if (st != IM_OK)
		goto out;
	flags = (l.flags | im_flags_mask(im_str(add))) & ~im_flags_mask(im_str(remove));
	if (flags == l.flags)
		goto out;
	st = im_ix_rename(&ix, &l, b, false, flags, &r, err);
	if (st != IM_OK)
		goto out;
	/* out of step: a reader makes it right. No room for the flags: the next reconciliation makes some */
	if (ix.in_step && im_ix_change(&ix, buf, &l, at, false, false, flags))
		im_ix_settle(&ix, r.from_new, r.from_new ? 1 : 2);
out:
	im_ix_end(&ix);
	return st;
}

/* --- removing --- */

static enum im_status
unlink_message(const struct im_ix *ix, const struct im_ix_line *l, struct im_ix_rename *r, struct im_err *err)
{
	enum im_status st;
	int e = 0;

	r->from_new = l->is_new;
	if (!im_ix_file_name(l, l->flags, l->is_new, r->from))
		return im_fail(err, IM_INVALID, "message name too long");
	for (int i = 0;; i++) {
		e = unlinkat(r->from_new ? ix->b->new_fd : ix->b->cur_fd, r->from, 0) < 0 ? errno : 0;
		if (e != ENOENT || i == TRIES)
			break;
		st = im_ix_locate(ix->b, l->id, r->from, &r->from_new, err);
		if (st != IM_OK)
			return st;
	}
	return e == 0 ? IM_OK : im_fail_errno(err, e, "cannot remove the message from %s", ix->b->name);
}

enum im_status
im_index_remove(const struct im_mailbox *b, const char *id, uint64_t *ret_size, struct im_err *err)
{
	char buf[IM_INDEX_LINE_MAX], copy[IM_INDEX_LINE_MAX];
	struct im_ix_rename r;
	struct im_entry e;
	struct im_ix_line l;
	struct im_ix ix;
	uint64_t at, size = 0;
	enum im_status st = im_ix_begin(b, IM_IX_WAIT_MS, &ix, err);

	if (st == IM_OK)
		st = im_ix_find_for_change(&ix, id, buf, &l, &at, err);
	if (st != IM_OK)
		goto out;
	memcpy(copy, buf, l.text.n);
	if (im_ix_line_entry(&l, copy, &e))
		size = e.size;
	st = unlink_message(&ix, &l, &r, err);
	if (st != IM_OK)
		goto out;
	if (ix.in_step && im_ix_change(&ix, buf, &l, at, true, false, l.flags))
		im_ix_settle(&ix, r.from_new, !r.from_new);
	im_ix_compact(&ix);
	*ret_size = size;
out:
	im_ix_end(&ix);
	return st;
}

/* --- moving --- */

/* two locks: always in the order of the names, so that nobody waits in a circle */
static enum im_status
begin_both(const struct im_mailbox *from, const struct im_mailbox *to, struct im_ix *f, struct im_ix *t,
    struct im_err *err)
{
	bool swap = strcmp(from->name, to->name) > 0;
	enum im_status st = im_ix_begin(swap ? to : from, IM_IX_WAIT_MS, swap ? t : f, err);

	*(swap ? f : t) = (struct im_ix) { .b = swap ? from : to, .fd = -1 };
	return st == IM_OK ? im_ix_begin(swap ? from : to, IM_IX_WAIT_MS, swap ? f : t, err) : st;
}

/* the message's file as it is found in the directory, when the index cannot be brought in step */
static enum im_status
line_of_file(const struct im_mailbox *b, const char *id, struct im_ix_line *ret, struct im_err *err)
{
	char file[IM_IX_NAME_SIZE];
	struct im_msg_name name;
	enum im_status st = im_ix_locate(b, id, file, &ret->is_new, err);

	if (st != IM_OK)
		return st;
	if (!im_msg_name_parse(im_str(file), &name))
		return im_fail(err, IM_BUG, "a listed name is no message name");
	ret->flags = im_flags_mask(name.flags);
	ret->id_n = name.id.n;
	memcpy(ret->id, name.id.p, name.id.n);
	ret->id[name.id.n] = '\0';
	return IM_OK;
}

/*
 * Both locked and the source's line found. A repair of the source may take long and gives up its lock for a while,
 * so it is done with no other lock held, before trying again.
 */
static enum im_status
begin_move(const struct im_mailbox *from, const struct im_mailbox *to, const char *id, struct im_ix *f,
    struct im_ix *t, char *buf, struct im_ix_line *l, uint64_t *at, struct im_err *err)
{
	for (int i = 0;; i++) {
		enum im_status st = begin_both(from, to, f, t, err);
		bool found;

		if (st != IM_OK)
			return st;
		if (f->in_step && im_ix_find(f, id, buf, l, at, &found))
			return found
				   ? IM_OK
				   : im_fail(err, IM_NOTFOUND, "there is no such message in %s", from->name);
		f->in_step = false;
		if (i == TRIES)
			return line_of_file(from, id, l, err);
		im_ix_end(t);
		st = im_ix_sync(f, NULL, NULL, err);
		im_ix_end(f);
		if (st != IM_OK)
			return st;
	}
}

enum im_status
im_index_move(const struct im_mailbox *from, const struct im_mailbox *to, const char *id, struct im_err *err)
{
	char buf[IM_INDEX_LINE_MAX];
	struct im_ix_rename r;
	struct im_ix_line l;
	struct im_ix f, t;
	uint64_t at = 0;
	enum im_status st;

	if (strcmp(from->name, to->name) == 0)
		return IM_OK;
	st = begin_move(from, to, id, &f, &t, buf, &l, &at, err);
	if (st == IM_OK)
		st = im_ix_rename(&f, &l, to, l.is_new, l.flags, &r, err);
	if (st != IM_OK || !f.in_step)
		goto out;
	buf[l.text.n] = '\n';
	if (t.marked && im_ix_insert(&t, buf, l.text.n + 1, &l))
		im_ix_settle(&t, l.is_new, !l.is_new);
	if (im_ix_change(&f, buf, &l, at, true, false, l.flags))
		im_ix_settle(&f, r.from_new, !r.from_new);
	im_ix_end(&t);
	im_ix_compact(&f);
out:
	im_ix_end(&t);
	im_ix_end(&f);
	return st;
}
