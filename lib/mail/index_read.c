/*
 * index_read.c - pages, counts and single entries, without a lock
 *
 * A reading is right when, after it, the directories still carry the marks of the header it began with: every change
 * of a line is preceded by a rename or removal, and that replaces the mark. So one comparison at the end proves the
 * header and all lines read. If it fails, the reading is done again under the lock, after a reconciliation if one is
 * needed: waiting for a writer and repairing are the same path.
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

#include "base/io.h"

enum { LINE_GUESS = 448, CHUNK_MAX = 1 << 20, REPAIRS = 3 };

/* one reading; may be run several times, so it begins by forgetting. false: a bad line or an I/O error */
typedef bool reading_fn(struct im_ix *ix, void *arg);

static enum im_status
read_locked(const struct im_mailbox *b, reading_fn *fn, void *arg, struct im_err *err)
{
	struct im_ix ix;
	enum im_status st = im_ix_begin(b, IM_IX_WAIT_MS, &ix, err);
	bool done = false;

	if (st != IM_OK)
		return st;
	for (int i = 0; st == IM_OK && !done && i < REPAIRS; i++) {
		if (!ix.in_step || ix.bad_line)
			st = im_ix_sync(&ix, NULL, NULL, err);
		ix.bad_line = false;
		done = st == IM_OK && fn(&ix, arg);
		ix.bad_line = !done;
	}
	im_ix_end(&ix);
	if (st == IM_OK && !done)
		st = im_fail(
		    err, IM_TEMP, "the header index of %s cannot be read back after its repair", b->name);
	return st;
}

static enum im_status
read_index(const struct im_mailbox *b, reading_fn *fn, void *arg, struct im_err *err)
{
	struct im_ix ix;
	bool good;

	im_ix_open(b, &ix);
	good = ix.header_ok && fn(&ix, arg) && im_ix_compare_dirs(&ix);
	im_ix_end(&ix);
	return good ? IM_OK : read_locked(b, fn, arg, err);
}

/* --- pages --- */

struct page {
	enum im_page_dir dir;
	const char *id;
	int n;
	struct im_arena *arena;
	struct im_page *ret;
};

/* lines met on the way up or down; those that live become entries until n are had */
struct collected {
	struct im_entry *e;
	int n, max;
	bool more; /* there is at least one beyond max */
};

static bool
collect(struct collected *c, char *text, size_t n)
{
	struct im_ix_line l;

	if (!im_ix_line_parse((struct im_str) { text, n }, &l))
		return false;
	if (l.removed)
		return true;
	if (c->n == c->max)
		c->more = true;
	else if (!im_ix_line_entry(&l, text, &c->e[c->n++]))
		return false;
	return true;
}

static uint64_t
chunk_size(int lines, int round)
{
	uint64_t want = (uint64_t)(lines + 1) * LINE_GUESS;

	/* from the second time on certainly more than a line */
	if (round > 0)
		want = (want + 2 * IM_INDEX_LINE_MAX) << (round < 6 ? round : 6);
	return want < CHUNK_MAX ? want : CHUNK_MAX;
}

static char *
load_chunk(struct im_ix *ix, struct im_arena *arena, uint64_t from, uint64_t to)
{
	char *buf = im_arena_alloc(arena, (size_t)(to - from) + 1);

	if (im_pread_full(ix->fd, buf, (size_t)(to - from), (off_t)from) == (ssize_t)(to - from))
		return buf;
	return NULL;
}

/* newest first, from the line that ends at 'end' */
static bool
collect_back(struct im_ix *ix, uint64_t end, struct im_arena *arena, struct collected *c)
{
	for (int round = 0; end > IM_IX_HEADER && !c->more; round++) {
		uint64_t size = chunk_size(c->max - c->n, round);
		uint64_t from = end - IM_IX_HEADER > size ? end - size : IM_IX_HEADER;
		char *buf = load_chunk(ix, arena, from, end), *first, *p;

		if (buf == NULL)
			goto bad;
		p = buf + (end - from);
		if (p[-1] != '\n')
			goto bad;
		/* the chunk begins within a line, unless it is the first one of the file */
		first = from == IM_IX_HEADER ? buf : memchr(buf, '\n', (size_t)(end - from));
		if (from != IM_IX_HEADER)
			first++;
		while (p > first && !c->more) {
			char *nl = p - 1, *start = memrchr(first, '\n', (size_t)(nl - first));

			start = start == NULL ? first : start + 1;
			if (!collect(c, start, (size_t)(nl - start)))
				goto bad;
			p = start;
		}
		if (first == buf + (end - from) && size >= 2 * IM_INDEX_LINE_MAX)
			goto bad; /* no line in the room of two */
		end = from + (uint64_t)(first - buf);
	}
	return true;
bad:
	ix->bad_line = true;
	return false;
}

/* oldest first, from the line at 'at' */
static bool
collect_forward(struct im_ix *ix, uint64_t at, struct im_arena *arena, struct collected *c)
{
	for (int round = 0; at < ix->h.bytes && !c->more; round++) {
		uint64_t size = chunk_size(c->max - c->n, round);
		uint64_t to = ix->h.bytes - at > size ? at + size : ix->h.bytes;
		char *buf = load_chunk(ix, arena, at, to), *p = buf, *end, *nl;

		if (buf == NULL)
			goto bad;
		end = buf + (to - at);
		while (!c->more && p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			if (!collect(c, p, (size_t)(nl - p)))
				goto bad;
			p = nl + 1;
		}
		if (p == buf && (size >= 2 * IM_INDEX_LINE_MAX || to == ix->h.bytes))
			goto bad;
		at += (uint64_t)(p - buf);
	}
	return true;
bad:
	ix->bad_line = true;
	return false;
}

/* is there a living line before (or from) this offset? */
static bool
any(struct im_ix *ix, bool before, uint64_t at, struct im_arena *arena, bool *ret)
{
	struct collected none = { 0 };

	if (!(before ? collect_back : collect_forward)(ix, at, arena, &none))
		return false;
	*ret = none.more;
	return true;
}

static void
reverse(struct im_entry *e, int n)
{
	for (int i = 0; i < n / 2; i++) {
		struct im_entry t = e[i];

		e[i] = e[n - 1 - i];
		e[n - 1 - i] = t;
	}
}

/* where the neighbours of an id begin: *before ends below it, *after is past it. A gone id has its place all the same */
static bool
neighbours(struct im_ix *ix, const char *id, uint64_t *before, uint64_t *after)
{
	char buf[IM_INDEX_LINE_MAX];
	struct im_ix_line l;
	uint64_t at = 0;
	bool found = false;

	if (im_msg_arrived(im_str(id)) < 0) {
		/* without a time in it only a living id has a place; else as if it were newer than all */
		if (!im_ix_find(ix, id, buf, &l, &at, &found))
			return false;
		if (!found)
			at = ix->h.bytes;
	} else if (!im_ix_lower(ix, im_msg_arrived(im_str(id)), im_str(id), &at)) {
		return false;
	}
	*before = *after = at;
	if (at == ix->h.bytes)
		return true;
	if (!im_ix_load(ix, at, buf, &l))
		return false;
	if (strcmp(l.id, id) == 0)
		*after = at + l.text.n + 1;
	return true;
}

static bool
page_fn(struct im_ix *ix, void *arg)
{
	struct page *p = arg;
	struct im_page *r = p->ret;
	struct collected c = { .max = p->n };
	uint64_t before = ix->h.bytes, after = ix->h.bytes;

	*r = (struct im_page) { .counts = { .total = ix->h.total, .unread = ix->h.unread } };
	c.e = im_arena_alloc(p->arena, (size_t)(p->n + 1) * sizeof(*c.e));
	if (p->dir != IM_PAGE_NEWEST && !neighbours(ix, p->id, &before, &after))
		return false;
	if (p->dir == IM_PAGE_NEWER_THAN) {
		if (!collect_forward(ix, after, p->arena, &c) ||
		    !any(ix, true, after, p->arena, &r->has_older))
			return false;
		r->has_newer = c.more;
		reverse(c.e, c.n);
	} else {
		if (!collect_back(ix, before, p->arena, &c))
			return false;
		r->has_older = c.more;
		if (p->dir == IM_PAGE_OLDER_THAN && !any(ix, false, before, p->arena, &r->has_newer))
			return false;
	}
	r->e = c.e;
	r->n = c.n;
	return true;
}

enum im_status
im_index_page(const struct im_mailbox *b, enum im_page_dir dir, const char *id, int n, struct im_arena *arena,
    struct im_page *ret, struct im_err *err)
{
	struct page p = { .dir = dir, .id = id, .n = n, .arena = arena, .ret = ret };

	if (n < 0 || n > IM_INDEX_PAGE_MAX)
		return im_fail(err, IM_INVALID, "a page has at most %d messages", IM_INDEX_PAGE_MAX);
	return read_index(b, page_fn, &p, err);
}

static bool
counts_fn(struct im_ix *ix, void *arg)
{
	*(struct im_counts *)arg = (struct im_counts) { .total = ix->h.total, .unread = ix->h.unread };
	return true;
}

enum im_status
im_index_counts(const struct im_mailbox *b, struct im_counts *ret, struct im_err *err)
{
	return read_index(b, counts_fn, ret, err);
}

/* false: not in step, or anything else that the long way tells or mends */
static bool
counts_in_step(const struct im_store *s, int dir, struct im_counts *ret)
{
	int fd = openat(dir, IM_IX_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct im_dirmark new_mark, cur_mark;
	char buf[IM_IX_HEADER];
	struct im_ix_header h;
	bool good;

	if (fd < 0)
		return false;
	good = im_pread_full(fd, buf, sizeof(buf), 0) == (ssize_t)sizeof(buf) &&
	       im_ix_header_decode(buf, &h) && s->boot[0] != '\0' && strcmp(s->boot, h.boot) == 0 &&
	       im_dirmark_at(dir, "new", &new_mark) && im_dirmark_at(dir, "cur", &cur_mark) &&
	       im_dirmark_eq(&h.new_mark, &new_mark) && im_dirmark_eq(&h.cur_mark, &cur_mark);
	(void)close(fd);
	if (good)
		*ret = (struct im_counts) { .total = h.total, .unread = h.unread };
	return good;
}

enum im_status
im_index_counts_at(const struct im_store *s, const char *name, struct im_counts *ret, struct im_err *err)
{
	char dir[IM_MAILBOX_NAME_MAX + 2];
	struct im_mailbox b;
	enum im_status st;
	bool done = false;
	int fd;

	if (im_mailbox_name_valid(name) && strcmp(name, "INBOX") != 0 &&
	    im_fmt(dir, sizeof(dir), ".%s", name)) {
		fd = openat(s->fd, dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		done = fd >= 0 && counts_in_step(s, fd, ret);
		if (fd >= 0)
			(void)close(fd);
	} else if (strcmp(name, "INBOX") == 0) {
		done = counts_in_step(s, s->fd, ret);
	}
	if (done)
		return IM_OK;
	st = im_mailbox_open(s, name, false, &b, err);
	if (st != IM_OK)
		return st;
	st = im_index_counts(&b, ret, err);
	im_mailbox_close(&b);
	return st;
}

/* --- one entry --- */

struct find {
	const char *id;
	struct im_arena *arena;
	struct im_entry *ret;
	bool found;
};

static bool
find_fn(struct im_ix *ix, void *arg)
{
	struct find *f = arg;
	char *buf = im_arena_alloc(f->arena, IM_INDEX_LINE_MAX);
	struct im_ix_line l;
	uint64_t at;

	return im_ix_find(ix, f->id, buf, &l, &at, &f->found) &&
	       (!f->found || im_ix_line_entry(&l, buf, f->ret));
}

enum im_status
im_index_find(const struct im_mailbox *b, const char *id, struct im_arena *arena, struct im_entry *ret,
    struct im_err *err)
{
	struct find f = { .id = id, .arena = arena, .ret = ret };
	enum im_status st = read_index(b, find_fn, &f, err);

	if (st == IM_OK && !f.found)
		st = im_fail(err, IM_NOTFOUND, "there is no such message in %s", b->name);
	return st;
}

/* --- all --- */

struct all {
	char *buf;
	size_t n;
};

static bool
check_line(const struct im_ix_line *line, uint64_t offset, size_t n, void *arg)
{
	(void)offset;
	(void)n;
	*(bool *)arg = line != NULL;
	return line != NULL;
}

static bool
all_fn(struct im_ix *ix, void *arg)
{
	struct all *a = arg;
	bool good = true;

	free(a->buf);
	a->n = (size_t)(ix->h.bytes - IM_IX_HEADER);
	a->buf = im_malloc(a->n + 1);
	if (im_pread_full(ix->fd, a->buf, a->n, IM_IX_HEADER) != (ssize_t)a->n ||
	    (a->n > 0 && a->buf[a->n - 1] != '\n'))
		good = false;
	if (good && !im_ix_scan(ix, IM_IX_HEADER, ix->h.bytes, check_line, &good))
		good = false;
	ix->bad_line = !good;
	return good;
}

enum im_status
im_index_each(const struct im_mailbox *b, im_index_fn *fn, void *arg, struct im_err *err)
{
	struct all a = { 0 };
	enum im_status st = read_index(b, all_fn, &a, err);
	char *p = a.buf, *end = a.buf + a.n, *nl;
	bool go = true;

	while (st == IM_OK && go && p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		struct im_ix_line l;
		struct im_entry e;

		if (!im_ix_line_parse((struct im_str) { p, (size_t)(nl - p) }, &l) ||
		    (!l.removed && !im_ix_line_entry(&l, p, &e)))
			st = im_fail(
			    err, IM_TEMP, "the header index of %s changed while it was read", b->name);
		else if (!l.removed)
			go = fn(&e, arg);
		p = nl + 1;
	}
	free(a.buf);
	return st;
}

/* --- the message itself --- */

/* -1: not there or no regular file */
static int
open_regular(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		(void)close(fd);
		errno = EACCES;
		fd = -1;
	}
	return fd;
}

enum im_status
im_index_open_message(const struct im_mailbox *b, const struct im_entry *e, int *ret_fd, struct im_err *err)
{
	char name[IM_MSG_NAME_MAX + IM_FLAGS_MAX + 4];
	bool is_new = e->is_new;
	enum im_status st;
	int fd = -1;

	if (!im_fmt(name, sizeof(name), "%s%s%s", e->id, is_new ? "" : ":2,", is_new ? "" : e->flags))
		return im_fail(err, IM_INVALID, "message name too long");
	fd = open_regular(is_new ? b->new_fd : b->cur_fd, name);
	/* another program renamed it: look it up, again if it is renamed while we look */
	for (int i = 0; fd < 0 && errno == ENOENT && i < REPAIRS; i++) {
		st = im_ix_locate(b, e->id, name, &is_new, err);
		if (st != IM_OK)
			return st;
		fd = open_regular(is_new ? b->new_fd : b->cur_fd, name);
	}
	if (fd < 0)
		return im_fail_errno(err, errno, "cannot open the message in %s", b->name);
	*ret_fd = fd;
	return IM_OK;
}
