/*
 * mailbox_tool.c - the mailbox and index functions on a command line, for tests that need processes to kill
 *
 *	mailbox_tool ROOT UID VERB ARGUMENT...
 *
 *	deliver BOX COUNT SIZE [QUEUEID]  file messages as the agent does, print the ids
 *	flags BOX ID ADD REMOVE           move BOX TO ID        remove BOX ID
 *	list BOX                          id, place, flags, subject of every entry, oldest first
 *	page BOX newest|older|newer ID N  ids, then has_newer has_older total unread
 *	counts BOX                        total unread
 *	find BOX ID                       the entry, and whether its file can be opened
 *	duplicate BOX QUEUEID             yes or no
 *	quota add|usage|recount|admit N ...
 *	measure BOX N                     median microseconds of N pages, finds, flag changes, deliveries without fsync
 *	work BOX SECONDS SEED WHAT        hammer: deliver, flags, move, back, remove, read or rebuild until the time is over;
 *	                                  with a '!' when other programs change the mailbox at the same time
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/index.h"
#include "mail/quota.h"

struct tool {
	struct im_store store;
	struct im_mailbox box;
	int argc;
	char **argv;
	struct im_err err;
	bool disturbed; /* other programs are at work */
};

static enum im_status
deliver_one(const struct im_mailbox *b, size_t size, const char *queueid, int number, char *ret_id,
    struct im_err *err)
{
	struct im_summary_parser *p = im_summary_begin();
	struct im_arena arena = { 0 };
	struct im_index_lock lock;
	struct im_summary sum;
	struct im_filing f;
	struct im_buf m;
	enum im_status st;

	im_buf_init(&m, 1 << 26);
	im_buf_addf(&m,
	    "From: Sender %d <sender%d@example.org>\nTo: Reader <reader@example.org>\nSubject: message %d of "
	    "%d\n"
	    "Date: Tue, 24 Nov 2026 07:00:00 +0000\nMessage-ID: <%d.%d@example.org>\n\n",
	    number % 97, number % 97, number, (int)getpid(), number, (int)getpid());
	do
		im_buf_adds(&m, "The quick brown fox jumps over the lazy dog and comes back again.\n");
	while (m.n < size);
	im_summary_feed(p, m.p, m.n);
	im_summary_end(p, &arena, &sum);
	st = im_filing_begin(b, &f, err);
	if (st == IM_OK && !im_write_full(f.fd, m.p, m.n))
		st = im_fail_errno(err, errno, "write");
	if (st == IM_OK && getenv("NOSYNC") == NULL)
		st = im_filing_sync(&f, err);
	if (st == IM_OK)
		st = im_index_lock(b, 60000, &lock, err);
	if (st == IM_OK) {
		st = im_filing_commit(&f, m.n, queueid, NULL, err);
		if (st == IM_OK)
			st = im_index_append(&lock, &f, true, "", queueid, &sum, err);
		im_index_unlock(&lock);
	}
	if (st == IM_OK)
		memcpy(ret_id, f.id, sizeof(f.id));
	im_filing_abort(&f);
	im_buf_done(&m);
	im_arena_done(&arena);
	return st;
}

static enum im_status
do_deliver(struct tool *t)
{
	char id[IM_MSG_NAME_MAX + 1];
	enum im_status st = IM_OK;

	for (int i = 0; st == IM_OK && i < atoi(t->argv[0]); i++) {
		st = deliver_one(
		    &t->box, (size_t)atol(t->argv[1]), t->argc > 2 ? t->argv[2] : "", i, id, &t->err);
		if (st == IM_OK)
			puts(id);
	}
	return st;
}

static bool
print_entry(const struct im_entry *e, void *arg)
{
	(void)arg;
	printf("%s\t%s\t%s\t%s\n", e->id, e->is_new ? "new" : "cur", e->flags, e->subject);
	return true;
}

static enum im_status
do_list(struct tool *t)
{
	return im_index_each(&t->box, print_entry, NULL, &t->err);
}

static enum im_status
do_page(struct tool *t)
{
	enum im_page_dir dir = strcmp(t->argv[0], "newest") == 0  ? IM_PAGE_NEWEST
			       : strcmp(t->argv[0], "older") == 0 ? IM_PAGE_OLDER_THAN
								  : IM_PAGE_NEWER_THAN;
	struct im_arena arena = { 0 };
	struct im_page p;
	enum im_status st = im_index_page(&t->box, dir, t->argv[1], atoi(t->argv[2]), &arena, &p, &t->err);

	if (st == IM_OK) {
		for (int i = 0; i < p.n; i++)
			puts(p.e[i].id);
		printf("%d %d %" PRIu64 " %" PRIu64 "\n", p.has_newer, p.has_older, p.counts.total,
		    p.counts.unread);
	}
	im_arena_done(&arena);
	return st;
}

static enum im_status
do_counts(struct tool *t)
{
	struct im_counts c;
	enum im_status st = im_index_counts(&t->box, &c, &t->err);

	if (st == IM_OK)
		printf("%" PRIu64 " %" PRIu64 "\n", c.total, c.unread);
	return st;
}

static enum im_status
do_find(struct tool *t)
{
	struct im_arena arena = { 0 };
	struct im_entry e;
	int fd = -1;
	enum im_status st = im_index_find(&t->box, t->argv[0], &arena, &e, &t->err);

	if (st == IM_OK)
		st = im_index_open_message(&t->box, &e, &fd, &t->err);
	if (st == IM_OK) {
		print_entry(&e, NULL);
		(void)close(fd);
	}
	im_arena_done(&arena);
	return st;
}

static enum im_status
do_flags(struct tool *t)
{
	return im_index_set_flags(&t->box, t->argv[0], t->argv[1], t->argv[2], &t->err);
}

static enum im_status
do_move(struct tool *t)
{
	struct im_mailbox to;
	enum im_status st = im_mailbox_open(&t->store, t->argv[0], true, &to, &t->err);

	if (st == IM_OK) {
		st = im_index_move(&t->box, &to, t->argv[1], &t->err);
		im_mailbox_close(&to);
	}
	return st;
}

static enum im_status
do_remove(struct tool *t)
{
	uint64_t size;

	return im_index_remove(&t->box, t->argv[0], &size, &t->err);
}

static enum im_status
do_rebuild(struct tool *t)
{
	struct im_index_report r;

	return im_index_rebuild(&t->box, NULL, NULL, &r, &t->err);
}

static enum im_status
do_check(struct tool *t)
{
	struct im_index_report r;
	enum im_status st = im_index_check(&t->box, t->argc > 0, &r, &t->err);

	if (st == IM_OK)
		printf("messages %" PRIu64 " unread %" PRIu64 " bad %" PRIu64 " missing %" PRIu64
		       " extra %" PRIu64 " wrong %" PRIu64 " header_bad %d out_of_step %d bytes %" PRIu64
		       "\n",
		    r.messages, r.unread, r.bad_lines, r.missing, r.extra, r.wrong, r.header_bad,
		    r.out_of_step, r.bytes);
	return st;
}

static enum im_status
do_duplicate(struct tool *t)
{
	struct im_index_lock lock;
	bool found = false;
	enum im_status st = im_index_lock(&t->box, 60000, &lock, &t->err);

	if (st == IM_OK) {
		st = im_index_has_queueid(&lock, t->argv[0], &found, &t->err);
		printf("%s in_step %d\n", found ? "yes" : "no", lock.in_step);
		im_index_unlock(&lock);
	}
	return st;
}

static enum im_status
do_quota(struct tool *t)
{
	uint64_t n = t->argc > 1 ? strtoull(t->argv[1], NULL, 10) : 0;
	struct im_usage u = { 0 };
	enum im_status st = im_quota_lock(&t->store, 60000, &t->err);

	if (st != IM_OK)
		return st;
	if (strcmp(t->argv[0], "add") == 0)
		st = im_quota_add(&t->store, atol(t->argv[1]), atol(t->argv[2]), &t->err);
	else if (strcmp(t->argv[0], "admit") == 0)
		st = im_quota_admit(&t->store, n, strtoull(t->argv[2], NULL, 10), &t->err);
	else if (strcmp(t->argv[0], "usage") == 0)
		st = im_quota_usage(&t->store, n, &u, &t->err);
	else
		st = im_quota_recount(&t->store, n, &u, &t->err);
	im_quota_unlock(&t->store);
	if (st == IM_OK)
		printf("%" PRIu64 " %" PRIu64 "\n", u.bytes, u.messages);
	return st;
}

/* --- measuring --- */

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static enum im_status
measure_once(struct tool *t, int what, const char *id, int i)
{
	struct im_arena arena = { 0 };
	struct im_page p;
	struct im_entry e;
	enum im_status st = IM_OK;
	char filed[IM_MSG_NAME_MAX + 1];

	switch (what) {
	case 0:
		st = im_index_page(&t->box, IM_PAGE_NEWEST, "", 50, &arena, &p, &t->err);
		break;
	case 1:
		st = im_index_page(&t->box, IM_PAGE_OLDER_THAN, id, 50, &arena, &p, &t->err);
		break;
	case 2:
		st = im_index_find(&t->box, id, &arena, &e, &t->err);
		break;
	case 3:
		st = im_index_set_flags(&t->box, id, i % 2 ? "F" : "", i % 2 ? "" : "F", &t->err);
		break;
	case 4:
		st = deliver_one(&t->box, 500, "", i, filed, &t->err);
		break;
	}
	im_arena_done(&arena);
	return st;
}

static enum im_status
do_measure(struct tool *t)
{
	static const char *const names[] = { "page", "older", "find", "flags", "deliver" };
	struct im_arena arena = { 0 };
	int n = atoi(t->argv[0]);
	int64_t *took = calloc((size_t)n, sizeof(*took));
	struct im_page p;
	enum im_status st = im_index_page(&t->box, IM_PAGE_NEWEST, "", 50, &arena, &p, &t->err);

	if (st == IM_OK && p.n < 50)
		st = im_fail(&t->err, IM_INVALID, "too few messages to measure");
	for (int what = 0; st == IM_OK && what < (int)IM_COUNT(names); what++) {
		for (int i = 0; st == IM_OK && i < n; i++) {
			int64_t start = im_now_ns();

			st = measure_once(t, what, p.e[49].id, i);
			took[i] = im_now_ns() - start;
		}
		qsort(took, (size_t)n, sizeof(*took), by_value);
		printf("%s %.1f\n", names[what], (double)took[n / 2] / 1000);
	}
	free(took);
	im_arena_done(&arena);
	return st;
}

/* --- hammering --- */

static const char *
pick(const struct im_page *p, unsigned *seed)
{
	return p->n == 0 ? NULL : p->e[rand_r(seed) % p->n].id;
}

static enum im_status
work_once(struct tool *t, struct im_mailbox *other, const char *what, unsigned *seed, int i)
{
	static const char letters[] = "SRFDPTab";
	struct im_arena arena = { 0 };
	struct im_page p = { 0 };
	char id[IM_MSG_NAME_MAX + 1], one[2] = "";
	struct im_index_report r;
	enum im_status st = IM_OK;
	const char *some;
	uint64_t size;

	if (strcmp(what, "deliver") == 0)
		return deliver_one(&t->box, 500, "", i, id, &t->err);
	if (strcmp(what, "rebuild") == 0) {
		st = im_index_rebuild(&t->box, NULL, NULL, &r, &t->err);
		(void)usleep(20000);
		return st;
	}
	st = im_index_page(&t->box, IM_PAGE_NEWEST, "", 50, &arena, &p, &t->err);
	some = pick(&p, seed);
	if (st == IM_OK && some != NULL && strcmp(what, "flags") == 0) {
		one[0] = letters[rand_r(seed) % 8];
		st = im_index_set_flags(
		    &t->box, some, rand_r(seed) % 2 ? one : "", rand_r(seed) % 2 ? one : "", &t->err);
	} else if (st == IM_OK && some != NULL && strcmp(what, "move") == 0) {
		st = im_index_move(&t->box, other, some, &t->err);
	} else if (st == IM_OK && some != NULL && strcmp(what, "back") == 0) {
		im_arena_done(&arena);
		st = im_index_page(other, IM_PAGE_NEWEST, "", 50, &arena, &p, &t->err);
		some = pick(&p, seed);
		if (st == IM_OK && some != NULL)
			st = im_index_move(other, &t->box, some, &t->err);
	} else if (st == IM_OK && some != NULL && strcmp(what, "remove") == 0 && p.counts.total > 100) {
		st = im_index_remove(&t->box, some, &size, &t->err);
	}
	for (int k = 0; st == IM_OK && k + 1 < p.n; k++)
		if (p.e[k].arrived < p.e[k + 1].arrived)
			st = im_fail(&t->err, IM_BUG, "a page out of order");
	if (st == IM_OK && !t->disturbed && (uint64_t)p.n != (p.counts.total < 50 ? p.counts.total : 50))
		st = im_fail(&t->err, IM_BUG, "a page of %d with %d in all", p.n, (int)p.counts.total);
	im_arena_done(&arena);
	/* somebody else was quicker */
	return st == IM_NOTFOUND || st == IM_CONFLICT ? IM_OK : st;
}

static enum im_status
do_work(struct tool *t)
{
	int64_t end = im_monotonic_ms() + (int64_t)(atof(t->argv[0]) * 1000);
	unsigned seed = (unsigned)atoi(t->argv[1]);
	struct im_mailbox other;
	char what[16] = "";
	enum im_status st = im_mailbox_open(&t->store, "Other", true, &other, &t->err);
	int n = 0;

	memccpy(what, t->argv[2], '!', sizeof(what) - 1);
	t->disturbed = strchr(what, '!') != NULL;
	what[strcspn(what, "!")] = '\0';

	if (st != IM_OK)
		return st;
	while (st == IM_OK && im_monotonic_ms() < end)
		st = work_once(t, &other, what, &seed, n++);
	im_mailbox_close(&other);
	printf("%s %d\n", t->argv[2], n);
	return st;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum im_status (*run)(struct tool *);
		int args;
	} verbs[] = {
		{ "deliver", do_deliver, 2 },
		{ "list", do_list, 0 },
		{ "page", do_page, 3 },
		{ "counts", do_counts, 0 },
		{ "find", do_find, 1 },
		{ "flags", do_flags, 3 },
		{ "move", do_move, 2 },
		{ "remove", do_remove, 1 },
		{ "rebuild", do_rebuild, 0 },
		{ "check", do_check, 0 },
		{ "duplicate", do_duplicate, 1 },
		{ "quota", do_quota, 2 },
		{ "measure", do_measure, 1 },
		{ "work", do_work, 3 },
	};
	struct tool t = { 0 };
	enum im_status st = IM_USAGE;

	if (argc < 5)
		return 64;
	st = im_store_open(argv[1], argv[2], true, &t.store, &t.err);
	if (st == IM_OK)
		st = im_mailbox_open(&t.store, argv[4], true, &t.box, &t.err);
	t.argc = argc - 5;
	t.argv = argv + 5;
	for (size_t i = 0; st == IM_OK && i < IM_COUNT(verbs); i++)
		if (strcmp(argv[3], verbs[i].name) == 0 && t.argc >= verbs[i].args) {
			st = verbs[i].run(&t);
			break;
		}
	if (st != IM_OK)
		fprintf(stderr, "%s\n", t.err.msg);
	return im_exit_cli(st);
}
