/*
 * index_sync.c - making the index equal to the directories
 *
 * One way for everything that can be wrong: changes by other programs, a crash at any point, a damaged or missing
 * index. The names in new/ and cur/ are listed; each line of the old index that is whole and whose message exists is
 * kept, with place and flags corrected; lines of gone messages become tombstones; messages without a line are read.
 * If the new lines sort behind the old ones they are appended, else the file is written anew.
 *
 * Reading many messages takes long, so that is done in pieces without the lock; each piece is written down before the
 * next one, and whoever comes later goes on from there. The repair lock (flock on cur/) keeps two programs from doing
 * the same work.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "mail/index_sync.h"

enum {
	LIST_TRIES = 5,        /* listings until one was not disturbed */
	ROUNDS = 4,            /* complete passes until one was not disturbed */
	PASSES = 100000,       /* passes in all: never for ever, whatever the directories do */
	BULK = 100,            /* messages that may be read under the lock */
	PIECE_MS = 3000,       /* reading without the lock */
	PIECE_BYTES = 8 << 20, /* lines of one piece */
	REPAIR_WAIT_MS = 600000
};

/* --- comparing the old lines with the names --- */

static bool
write_prefix(struct im_ix_sync_state *s, const struct im_ix_line *l, uint64_t offset, bool removed,
    bool is_new, uint64_t flags)
{
	char text[IM_INDEX_LINE_MAX];
	size_t n;

	memcpy(text, l->text.p, l->text.n);
	n = im_ix_line_set(text, l->text.n, removed, is_new, flags);
	return n > 0 && im_pwrite_full(s->ix->fd, text, n, (off_t)offset);
}

static bool
compare_line(const struct im_ix_line *l, uint64_t offset, size_t n, void *arg)
{
	struct im_ix_sync_state *s = arg;
	struct im_ix_name *name;
	struct im_str id;

	if (l == NULL) {
		s->rewrite = true;
		return true;
	}
	id = (struct im_str) { l->id, l->id_n };
	if (s->has_last && im_ix_compare(s->last_arrived, (struct im_str) { s->last_id, strlen(s->last_id) },
			       l->arrived, id) >= 0)
		s->rewrite = true;
	s->has_last = true;
	s->last_arrived = l->arrived;
	memcpy(s->last_id, l->id, l->id_n + 1);
	name = im_ix_names_find(&s->names, id);
	if (l->removed || name == NULL) {
		/* a tombstone with a living message: it came back, its line must be made anew */
		if (name != NULL || (!l->removed && !write_prefix(s, l, offset, true, false, l->flags)))
			s->rewrite = true;
		s->removed++;
		return true;
	}
	if (name->line_n > 0) {
		s->rewrite = true; /* twice the same message */
		return true;
	}
	name->line_at = offset;
	name->line_n = (uint32_t)n;
	name->arrived = l->arrived;
	/* flags without room: the rewriting makes some */
	if ((name->flags != l->flags || name->is_new != l->is_new) &&
	    !write_prefix(s, l, offset, false, name->is_new, name->flags))
		s->rewrite = true;
	return true;
}

static enum im_status
compare_lines(struct im_ix_sync_state *s, struct im_err *err)
{
	struct im_ix *ix = s->ix;
	uint64_t end = ix->h.bytes;
	struct stat st;

	s->rewrite = !ix->header_ok;
	s->has_last = false;
	s->removed = 0;
	if (ix->fd < 0)
		return IM_OK;
	/* without a header every line that is whole still tells the truth about its message */
	if (!ix->header_ok)
		end = fstat(ix->fd, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
	if (!im_ix_scan(ix, IM_IX_HEADER, end, compare_line, s))
		return im_fail_errno(err, errno, "cannot read the header index of %s", ix->b->name);
	return IM_OK;
}

/* the names, listed while nobody changed anything, if that can be had */
static enum im_status
list_names(struct im_ix_sync_state *s, struct im_err *err)
{
	for (int i = 0;; i++) {
		enum im_status st;

		(void)im_dirwatch_only(&s->ix->w, 0, 0);
		im_ix_names_done(&s->names);
		st = im_ix_names_list(s->ix->b, &s->names, err);
		if (st != IM_OK || i == LIST_TRIES || s->ix->w.sig == 0 || im_dirwatch_only(&s->ix->w, 0, 0))
			return st;
	}
}

/* --- reading messages --- */

/* lines that were made before the lock was given up, for names that still have none */
static void
adopt_fresh(struct im_ix_sync_state *s)
{
	char *p = s->fresh.p, *end = s->fresh.p + s->fresh.n, *nl;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		struct im_ix_name *name;
		struct im_ix_line l;

		if (im_ix_line_parse((struct im_str) { p, (size_t)(nl - p) }, &l) &&
		    (name = im_ix_names_find(&s->names, (struct im_str) { l.id, l.id_n })) != NULL &&
		    name->line_n == 0 &&
		    ((l.flags == name->flags && l.is_new == name->is_new) ||
			im_ix_line_set(p, l.text.n, false, name->is_new, name->flags) > 0)) {
			name->summarised = true;
			name->arrived = l.arrived;
			name->text_at = (size_t)(p - s->fresh.p);
			name->text_n = l.text.n + 1;
		}
		p = nl + 1;
	}
}

/* make the line of one message; a file that is gone gets none, one that cannot be read an empty one */
static enum im_status
summarise(struct im_ix_sync_state *s, struct im_ix_name *name, struct im_err *err)
{
	const struct im_mailbox *b = s->ix->b;
	const char *file = s->names.text.p + name->at;
	struct im_summary sum = { .from = "", .to = "", .subject = "", .snippet = "" };
	int fd = openat(
	    name->is_new ? b->new_fd : b->cur_fd, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct im_arena arena = { 0 };
	struct im_msg_name parts;
	struct stat st = { 0 };
	struct im_entry e;
	size_t start = s->fresh.n;
	char *id;

	if (fd < 0 && errno == ENOENT)
		return IM_OK;
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return im_fail_errno(err, errno, "cannot open a message of %s", b->name);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    im_summary_file(fd, &arena, &sum, err) != IM_OK)
		sum = (struct im_summary) { .from = "", .to = "", .subject = "", .snippet = "" };
	if (fd >= 0)
		(void)close(fd);
	if (!im_msg_name_parse(im_str(file), &parts))
		return im_fail(err, IM_BUG, "a listed name is no message name");
	id = im_arena_strndup(&arena, parts.id.p, parts.id.n);
	if (name->arrived < 0)
		name->arrived = st.st_mtim.tv_sec;
	im_ix_entry_fill(&e, &parts, id, im_arena_strndup(&arena, parts.queueid.p, parts.queueid.n),
	    name->is_new, name->arrived,
	    fd >= 0 || parts.size == UINT64_MAX ? (uint64_t)st.st_size : parts.size, &sum);
	im_ix_line_put(&s->fresh, &e);
	im_arena_done(&arena);
	name->summarised = true;
	name->text_at = start;
	name->text_n = s->fresh.n - start;
	return s->fresh.full ? im_fail(err, IM_TEMP, "the header index of %s grows too large", b->name)
			     : IM_OK;
}

static int
by_key(const void *a, const void *b, void *arg)
{
	const struct im_ix_name *x = *(struct im_ix_name *const *)a, *y = *(struct im_ix_name *const *)b;

	return im_ix_compare(x->arrived, im_ix_names_id(arg, x), y->arrived, im_ix_names_id(arg, y));
}

/* pointers to the names that 'want', in the order of the index; owned by caller */
static struct im_ix_name **
select_names(struct im_ix_sync_state *s, bool (*want)(const struct im_ix_name *), size_t *ret_n)
{
	struct im_ix_name **v = im_malloc((s->names.n + 1) * sizeof(struct im_ix_name *));
	size_t n = 0;

	for (size_t i = 0; i < s->names.n; i++)
		if (want(&s->names.v[i]))
			v[n++] = &s->names.v[i];
	qsort_r(v, n, sizeof(struct im_ix_name *), by_key, &s->names);
	*ret_n = n;
	return v;
}

static bool
is_unread_yet(const struct im_ix_name *n)
{
	return n->line_n == 0 && !n->summarised;
}

static bool
is_fresh(const struct im_ix_name *n)
{
	return n->line_n == 0 && n->summarised;
}

static bool
is_listed(const struct im_ix_name *n)
{
	return n->line_n > 0 || n->summarised;
}

static enum im_status
summarise_all(struct im_ix_sync_state *s, struct im_ix_name **v, size_t n, bool piece, struct im_err *err)
{
	int64_t end = im_monotonic_ms() + PIECE_MS;
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < n; i++) {
		if (piece && (i & 63) == 63 && (s->fresh.n > PIECE_BYTES || im_monotonic_ms() > end))
			break;
		st = summarise(s, v[i], err);
		if (s->progress != NULL && (i & 63) == 0)
			s->progress(s->names.n - n + i, s->names.n, s->arg);
	}
	return st;
}

/* --- writing --- */

/* what the header says of the lines there are now */
static void
count(struct im_ix_sync_state *s)
{
	struct im_ix_header *h = &s->ix->h;

	h->total = h->unread = 0;
	for (size_t i = 0; i < s->names.n; i++) {
		const struct im_ix_name *n = &s->names.v[i];

		if (!is_listed(n))
			continue;
		h->total++;
		if ((n->flags & IM_IX_SEEN) == 0)
			h->unread++;
	}
	h->removed = s->removed;
}

static bool
can_append(const struct im_ix_sync_state *s, struct im_ix_name **fresh, size_t n)
{
	struct im_str last = { s->last_id, s->has_last ? strlen(s->last_id) : 0 };

	if (s->rewrite || s->ix->fd < 0 || im_ix_too_many_removed(s->removed, s->names.n))
		return false;
	return n == 0 || !s->has_last ||
	       im_ix_compare(fresh[0]->arrived, im_ix_names_id(&s->names, fresh[0]), s->last_arrived, last) >
		   0;
}

static bool
append_fresh(struct im_ix_sync_state *s, struct im_ix_name **v, size_t n)
{
	struct im_ix *ix = s->ix;
	struct im_ix_writer w;
	bool good = ftruncate(ix->fd, (off_t)ix->h.bytes) == 0;

	im_ix_writer_init(&w, ix->fd, ix->h.bytes);
	for (size_t i = 0; i < n; i++)
		im_ix_writer_add(&w, s->fresh.p + v[i]->text_at, v[i]->text_n);
	if (!im_ix_writer_done(&w) || !good)
		return false;
	ix->h.bytes = w.at;
	if (n > 0)
		ix->h.last = v[n - 1]->arrived;
	return true;
}

static enum im_status
write_lines(struct im_ix_sync_state *s, struct im_err *err)
{
	struct im_ix *ix = s->ix;
	enum im_status st = IM_OK;
	size_t n;
	struct im_ix_name **v = select_names(s, is_fresh, &n);

	if (!can_append(s, v, n) || !append_fresh(s, v, n)) {
		free(v);
		v = select_names(s, is_listed, &n);
		st = im_ix_rewrite(ix, &s->fresh, v, n, err);
		s->removed = 0;
		ix->h.last = n > 0 ? v[n - 1]->arrived : INT64_MIN;
	}
	free(v);
	count(s);
	return st;
}

/* settled: the lines are all there, so try to be in step */
static enum im_status
write_down(struct im_ix_sync_state *s, bool settled, struct im_err *err)
{
	struct im_ix *ix = s->ix;
	enum im_status st = write_lines(s, err);

	if (st != IM_OK)
		return st;
	ix->header_ok = true;
	ix->bad_line = ix->marked = ix->in_step = false;
	if (settled)
		im_ix_settle_listed(ix);
	if (ix->in_step)
		return IM_OK;
	/* the times stay, so that the next mark differs */
	ix->h.new_mark.inode = ix->h.cur_mark.inode = 0;
	/* if that fails the old header is still there, with old marks */
	(void)im_ix_write_header(ix);
	return IM_OK;
}

/* --- all together --- */

/* many messages to read: do a piece of them without the lock */
static enum im_status
work_off(struct im_ix_sync_state *s, struct im_ix_name **todo, size_t n, struct im_err *err)
{
	struct im_ix *ix = s->ix;
	enum im_status st = IM_OK, again;

	if (s->fresh.n > 0) {
		st = write_down(s, false, err);
		im_buf_clear(&s->fresh);
	}
	if (st == IM_OK && ix->in_memory)
		st = im_fail(
		    err, IM_TEMP, "there is no room on the disk for the header index of %s", ix->b->name);
	im_ix_pause(ix);
	if (st == IM_OK && !ix->repairing) {
		/* somebody else may be at it: then what is left after him is little */
		st = im_lock(ix->b->cur_fd, true, REPAIR_WAIT_MS, err);
		ix->repairing = st == IM_OK;
	} else if (st == IM_OK) {
		st = summarise_all(s, todo, n, true, err);
	}
	again = im_ix_relock(ix, st == IM_OK ? err : &(struct im_err) { 0 });
	return st == IM_OK ? again : st;
}

static enum im_status
one_pass(struct im_ix_sync_state *s, bool *ret_done, struct im_err *err)
{
	enum im_status st = list_names(s, err);
	struct im_ix_name **todo = NULL;
	size_t n = 0;

	if (st == IM_OK)
		st = compare_lines(s, err);
	if (st != IM_OK)
		return st;
	adopt_fresh(s);
	todo = select_names(s, is_unread_yet, &n);
	*ret_done = n <= BULK;
	if (n > BULK) {
		st = work_off(s, todo, n, err);
	} else {
		st = summarise_all(s, todo, n, false, err);
		if (st == IM_OK)
			st = write_down(s, true, err);
		im_buf_clear(&s->fresh);
	}
	free(todo);
	return st;
}

enum im_status
im_ix_sync(struct im_ix *ix, im_progress_fn *progress, void *arg, struct im_err *err)
{
	struct im_ix_sync_state s = { .ix = ix, .progress = progress, .arg = arg };
	enum im_status st = IM_OK;
	bool done = false;

	im_buf_init(&s.fresh, (size_t)PIECE_BYTES * 4);
	for (int round = 0, pass = 0; st == IM_OK && round < ROUNDS && pass < PASSES; round += done, pass++) {
		st = one_pass(&s, &done, err);
		if (done && ix->in_step)
			break;
	}
	im_ix_names_done(&s.names);
	im_buf_done(&s.fresh);
	return st;
}
