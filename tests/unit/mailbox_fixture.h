/*
 * mailbox_fixture.h - a store in a temporary directory, messages into it, and the question whether the index is right
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TESTS_MAILBOX_FIXTURE_H
#define IM_TESTS_MAILBOX_FIXTURE_H

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/index.h"
#include "unit.h"

struct fixture {
	char root[64];
	struct im_store store;
	struct im_mailbox box;
	struct im_err err;
	int n; /* messages made */
};

static inline int
fixture_unlink(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static inline void
fixture_done(struct fixture *f)
{
	im_mailbox_close(&f->box);
	im_store_close(&f->store);
	(void)nftw(f->root, fixture_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* in memory where that can be had: every delivery syncs */
static inline void
fixture_init(struct fixture *f)
{
	*f = (struct fixture) { .n = 0 };
	ck_assert(im_fmt(f->root, sizeof(f->root), "%s/intimail-unit-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"));
	ck_assert_ptr_nonnull(mkdtemp(f->root));
	ck_assert_msg(im_store_open(f->root, "ann", true, &f->store, &f->err) == IM_OK, "%s", f->err.msg);
	ck_assert_msg(im_mailbox_open(&f->store, "INBOX", true, &f->box, &f->err) == IM_OK, "%s", f->err.msg);
}

static inline void
fixture_text(struct fixture *f, struct im_buf *m)
{
	int n = f->n++;

	im_buf_addf(m,
	    "From: =?utf-8?Q?S=C3=A9nder?= %d <s%d@example.org>\nTo: ann@example.org\nSubject: message "
	    "\"%d\" \\ of many\n"
	    "Message-ID: <%d@example.org>\nReferences: <%d@example.org> <%d@example.org>\n"
	    "Date: Tue, 24 Nov 2026 07:%02d:00 +0000\n\nHello, this is the text of number %d.\n",
	    n % 7, n % 7, n, n, n / 4, n / 2, n % 60, n);
}

/* as the agent files a message; id may be NULL */
static inline enum im_status
fixture_deliver_to(
    struct fixture *f, const struct im_mailbox *b, const char *queueid, const char *flags, char *ret_id)
{
	struct im_summary_parser *p = im_summary_begin();
	struct im_arena arena = { 0 };
	struct im_index_lock lock;
	struct im_summary sum;
	struct im_filing filing;
	enum im_status st;
	struct im_buf m;

	im_buf_init(&m, 65536);
	fixture_text(f, &m);
	im_summary_feed(p, m.p, m.n);
	im_summary_end(p, &arena, &sum);
	st = im_filing_begin(b, &filing, &f->err);
	if (st == IM_OK && !im_write_full(filing.fd, m.p, m.n))
		st = im_fail(&f->err, IM_TEMP, "write");
	if (st == IM_OK)
		st = im_filing_sync(&filing, &f->err);
	if (st == IM_OK)
		st = im_index_lock(b, 10000, &lock, &f->err);
	if (st == IM_OK) {
		st = im_filing_commit(&filing, m.n, queueid, flags, &f->err);
		if (st == IM_OK)
			st = im_index_append(&lock, &filing, flags == NULL, flags != NULL ? flags : "",
			    queueid, &sum, &f->err);
		im_index_unlock(&lock);
	}
	if (st == IM_OK && ret_id != NULL)
		memcpy(ret_id, filing.id, sizeof(filing.id));
	im_filing_abort(&filing);
	im_buf_done(&m);
	im_arena_done(&arena);
	return st;
}

static inline void
fixture_deliver(struct fixture *f, char *ret_id)
{
	ck_assert_msg(fixture_deliver_to(f, &f->box, "", NULL, ret_id) == IM_OK, "%s", f->err.msg);
}

/* as another program puts a message there */
static inline void
fixture_foreign(struct fixture *f, const struct im_mailbox *b, bool is_new, const char *name)
{
	int fd = openat(is_new ? b->new_fd : b->cur_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	struct im_buf m;

	im_buf_init(&m, 65536);
	fixture_text(f, &m);
	if (fd >= 0) {
		ck_assert(im_write_full(fd, m.p, m.n));
		close(fd);
	}
	im_buf_done(&m);
}

/* --- is the index right? --- */

struct fixture_line {
	char id[IM_MSG_NAME_MAX + 1];
	bool is_new;
	uint64_t flags;
	int64_t arrived; /* of an entry only */
};

struct fixture_list {
	struct fixture_line *v;
	size_t n, cap;
};

static inline void
fixture_add(struct fixture_list *l, struct im_str id, bool is_new, struct im_str flags, int64_t arrived)
{
	struct fixture_line *e;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		ck_assert_ptr_nonnull(l->v);
	}
	e = &l->v[l->n++];
	*e = (struct fixture_line) { .is_new = is_new, .flags = im_flags_mask(flags), .arrived = arrived };
	memcpy(e->id, id.p, id.n);
}

static inline bool
fixture_add_file(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	(void)file;
	fixture_add(arg, name->id, is_new, name->flags, 0);
	return true;
}

static inline bool
fixture_add_entry(const struct im_entry *e, void *arg)
{
	fixture_add(arg, im_str(e->id), e->is_new, im_str(e->flags), e->arrived);
	return true;
}

static inline int
fixture_by_id(const void *a, const void *b)
{
	return strcmp(((const struct fixture_line *)a)->id, ((const struct fixture_line *)b)->id);
}

/* the whole index by pages of n, from the newest or (newer) from the oldest, equals the list */
static inline void
fixture_pages(struct fixture *f, const struct im_mailbox *b, const struct fixture_list *l, int n)
{
	size_t left = l->n;
	const char *id = "";
	struct im_arena arena = { 0 };
	struct im_page p = { .has_older = true };

	for (bool first = true; p.has_older || first; first = false) {
		enum im_page_dir dir = first ? IM_PAGE_NEWEST : IM_PAGE_OLDER_THAN;

		ck_assert_msg(im_index_page(b, dir, id, n, &arena, &p, &f->err) == IM_OK, "%s", f->err.msg);
		ck_assert_uint_eq(p.counts.total, l->n);
		ck_assert_int_eq(p.has_newer, !first);
		ck_assert_uint_eq((size_t)p.n, left < (size_t)n ? left : (size_t)n);
		for (int i = 0; i < p.n; i++)
			ck_assert_str_eq(p.e[i].id, l->v[--left].id);
		if (p.n > 0)
			id = p.e[p.n - 1].id;
	}
	ck_assert_uint_eq(left, 0);
	for (left = 0; left < l->n && l->n > 0;) {
		enum im_page_dir dir = IM_PAGE_NEWER_THAN;
		const char *from = left == 0 ? l->v[0].id : l->v[left].id;

		ck_assert_msg(im_index_page(b, dir, from, n, &arena, &p, &f->err) == IM_OK, "%s", f->err.msg);
		ck_assert_int_eq(p.has_older, true);
		for (int i = 0; i < p.n; i++)
			ck_assert_str_eq(p.e[i].id, l->v[left + (size_t)(p.n - i)].id);
		if (p.n == 0)
			break;
		left += (size_t)p.n;
		ck_assert_int_eq(p.has_newer, left + 1 < l->n);
	}
	im_arena_done(&arena);
}

/* index and directories say the same, in every way of asking */
static inline void
fixture_right(struct fixture *f, const struct im_mailbox *b)
{
	struct fixture_list files = { 0 }, entries = { 0 };
	struct im_index_report rep;
	struct im_counts c;
	size_t unread = 0;

	ck_assert_msg(im_index_each(b, fixture_add_entry, &entries, &f->err) == IM_OK, "%s", f->err.msg);
	ck_assert_msg(im_maildir_each(b, fixture_add_file, &files, &f->err) == IM_OK, "%s", f->err.msg);
	ck_assert_msg(im_index_counts(b, &c, &f->err) == IM_OK, "%s", f->err.msg);
	ck_assert_uint_eq(files.n, entries.n);
	{
		struct im_counts at;

		ck_assert_int_eq(im_index_counts_at(&f->store, b->name, &at, &f->err), IM_OK);
		ck_assert(at.total == c.total && at.unread == c.unread);
	}
	for (size_t i = 0; i < entries.n; i++) {
		unread += (entries.v[i].flags & im_flags_mask(IM_STR("S"))) == 0;
		ck_assert(i == 0 || entries.v[i - 1].arrived < entries.v[i].arrived ||
			  (entries.v[i - 1].arrived == entries.v[i].arrived &&
			      strcmp(entries.v[i - 1].id, entries.v[i].id) < 0));
	}
	ck_assert_uint_eq(c.total, entries.n);
	ck_assert_uint_eq(c.unread, unread);
	fixture_pages(f, b, &entries, entries.n < 30 ? 3 : 17);
	if (entries.n > 0) {
		qsort(entries.v, entries.n, sizeof(*entries.v), fixture_by_id);
		qsort(files.v, files.n, sizeof(*files.v), fixture_by_id);
	}
	for (size_t i = 0; i < entries.n; i++) {
		ck_assert_str_eq(entries.v[i].id, files.v[i].id);
		ck_assert_int_eq(entries.v[i].is_new, files.v[i].is_new);
		ck_assert_uint_eq(entries.v[i].flags, files.v[i].flags);
	}
	free(entries.v);
	free(files.v);
	ck_assert_msg(im_index_check(b, true, &rep, &f->err) == IM_OK, "%s", f->err.msg);
	ck_assert_uint_eq(rep.bad_lines + rep.missing + rep.extra + rep.wrong, 0);
	ck_assert(!rep.header_bad && !rep.out_of_step);
}

#endif
