/*
 * index_admin.c - comparing an index with its mailbox, and making it anew
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"

/* --- check --- */

struct check {
	struct im_ix *ix;
	struct im_ix_names names;
	struct im_index_report *rep;
	uint64_t total, unread, removed;
	int64_t last_arrived;
	char last_id[IM_MSG_NAME_MAX + 1];
};

/* something about a line is not as it should be, whatever else */
static bool
line_wrong(struct check *c, const struct im_ix_line *l, const struct im_ix_name *name)
{
	bool wrong = name->is_new != l->is_new || name->flags != l->flags || name->line_n > 0;

	if (c->last_id[0] != '\0' && im_ix_compare(c->last_arrived, im_str(c->last_id), l->arrived,
					 (struct im_str) { l->id, l->id_n }) >= 0)
		wrong = true;
	return wrong;
}

static bool
check_line(const struct im_ix_line *l, uint64_t offset, size_t n, void *arg)
{
	struct check *c = arg;
	struct im_ix_name *name;

	if (l == NULL) {
		c->rep->bad_lines++;
		return true;
	}
	if (l->removed) {
		c->removed++;
		return true;
	}
	c->total++;
	c->unread += (l->flags & IM_IX_SEEN) == 0;
	name = im_ix_names_find(&c->names, (struct im_str) { l->id, l->id_n });
	if (name == NULL) {
		c->rep->extra++;
		return true;
	}
	if (line_wrong(c, l, name))
		c->rep->wrong++;
	name->line_at = offset;
	name->line_n = (uint32_t)n;
	c->last_arrived = l->arrived;
	memcpy(c->last_id, l->id, l->id_n + 1);
	return true;
}

/* the line that reading the message gives now, with what may rightly differ taken from the old one */
static bool
same_as_fresh(struct check *c, const struct im_ix_name *name)
{
	const struct im_mailbox *b = c->ix->b;
	const char *file = c->names.text.p + name->at;
	char text[IM_INDEX_LINE_MAX];
	struct im_arena arena = { 0 };
	struct im_buf old, fresh;
	struct im_msg_name parts;
	struct im_summary sum;
	struct im_ix_line l;
	struct im_entry e, was;
	struct im_err err;
	struct stat st;
	bool same = true;
	int fd;

	if (name->line_n > sizeof(text) ||
	    im_pread_full(c->ix->fd, text, name->line_n, (off_t)name->line_at) != (ssize_t)name->line_n ||
	    !im_ix_line_parse((struct im_str) { text, name->line_n - 1 }, &l) ||
	    !im_ix_line_entry(&l, text, &was))
		return false;
	fd = openat(
	    name->is_new ? b->new_fd : b->cur_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return true; /* gone or not ours to read: nothing to compare */
	im_buf_init(&old, 2 * IM_INDEX_LINE_MAX);
	im_buf_init(&fresh, 2 * IM_INDEX_LINE_MAX);
	if (fstat(fd, &st) == 0 && im_summary_file(fd, &arena, &sum, &err) == IM_OK &&
	    im_msg_name_parse(im_str(file), &parts)) {
		im_ix_entry_fill(&e, &parts, was.id,
		    im_arena_strndup(&arena, parts.queueid.p, parts.queueid.n), was.is_new, was.arrived,
		    (uint64_t)st.st_size, &sum);
		/* local time as it was then; flags are compared elsewhere */
		memcpy(e.timestamp, was.timestamp, sizeof(e.timestamp));
		memcpy(e.flags, was.flags, sizeof(e.flags));
		im_ix_line_put(&fresh, &e);
		im_ix_line_put(&old, &was);
		same = im_str_eq(im_buf_str(&old), im_buf_str(&fresh));
	}
	(void)close(fd);
	im_buf_done(&old);
	im_buf_done(&fresh);
	im_arena_done(&arena);
	return same;
}

static enum im_status
check_lines(struct check *c, struct im_err *err)
{
	struct im_ix *ix = c->ix;
	uint64_t end = ix->h.bytes;
	struct stat st = { 0 };

	if (ix->fd < 0)
		return IM_OK;
	if (fstat(ix->fd, &st) < 0)
		return im_fail_errno(err, errno, "cannot look at the header index of %s", ix->b->name);
	c->rep->bytes = (uint64_t)st.st_size;
	if (!ix->header_ok)
		end = c->rep->bytes;
	if (!im_ix_scan(ix, IM_IX_HEADER, end, check_line, c))
		return im_fail_errno(err, errno, "cannot read the header index of %s", ix->b->name);
	return IM_OK;
}

enum im_status
im_index_check(const struct im_mailbox *b, bool deep, struct im_index_report *ret, struct im_err *err)
{
	struct im_index_report rep = { 0 };
	struct check c = { .rep = &rep };
	struct im_ix ix;
	enum im_status st = im_ix_begin(b, IM_IX_WAIT_MS, &ix, err);

	c.ix = &ix;
	if (st == IM_OK)
		st = im_ix_names_list(b, &c.names, err);
	if (st == IM_OK)
		st = check_lines(&c, err);
	if (st != IM_OK)
		goto out;
	rep.header_bad = !ix.header_ok ||
			 (rep.bad_lines == 0 &&
			     (ix.h.total != c.total || ix.h.unread != c.unread || ix.h.removed != c.removed));
	rep.out_of_step = !ix.in_step;
	rep.messages = c.names.n;
	/* the file stays open: a rewriting by others does not disturb the long comparison */
	im_unlock(b->fd);
	ix.locked = false;
	for (size_t i = 0; i < c.names.n; i++) {
		const struct im_ix_name *n = &c.names.v[i];

		rep.unread += (n->flags & IM_IX_SEEN) == 0;
		if (n->line_n == 0)
			rep.missing++;
		else if (deep && !same_as_fresh(&c, n))
			rep.wrong++;
	}
	*ret = rep;
out:
	im_ix_names_done(&c.names);
	im_ix_end(&ix);
	return st;
}

/* --- rebuild --- */

enum im_status
im_index_rebuild(const struct im_mailbox *b, im_progress_fn *progress, void *arg, struct im_index_report *ret,
    struct im_err *err)
{
	struct im_ix ix = { .b = b, .path = IM_IX_REBUILD, .fd = -1 };
	enum im_status st = im_lock(b->cur_fd, true, IM_IX_WAIT_MS, err);

	if (st != IM_OK)
		return im_err_prefix(err, "another repair of %s is going on: ", b->name);
	(void)unlinkat(b->fd, IM_IX_REBUILD, 0);
	st = im_ix_begin_at(&ix, IM_IX_WAIT_MS, err);
	ix.repairing = true;
	if (st == IM_OK)
		st = im_ix_sync(&ix, progress, arg, err);
	/* deliveries kept the old index going meanwhile; the new one has all that the directories have */
	if (st == IM_OK && renameat(b->fd, IM_IX_REBUILD, b->fd, IM_IX_FILE) < 0)
		st = im_fail_errno(err, errno, "cannot replace the header index of %s", b->name);
	if (st == IM_OK)
		*ret = (struct im_index_report) { .messages = ix.h.total,
			.unread = ix.h.unread,
			.bytes = ix.h.bytes,
			.out_of_step = !ix.in_step };
	else
		(void)unlinkat(b->fd, IM_IX_REBUILD, 0);
	im_ix_end(&ix);
	return st;
}
