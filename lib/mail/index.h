/*
 * index.h - the header index of a mailbox: a cache of the Maildir that makes every page cost the same
 *
 * index.jsonl: a fixed-width header line, then one JSON object per message, sorted by (arrived, id), newest last.
 * See intimail-index(5) for the bytes. The rules:
 *
 * - Writers hold flock(LOCK_EX) on the mailbox directory. Readers take no lock: header and lines carry checksums, and
 *   the directories' marks, compared after reading, prove all that was read; else it is read again under the lock.
 * - The header records the mtimes of new/ and cur/ as our last write set them, to a value that the kernel does not
 *   give (utimensat), with a watch (dirmark.h) over the moment between. So another program's change is always seen,
 *   on kernels with coarse file times too; then the index is reconciled with the directories.
 * - Nothing but the Maildir is ever believed: a torn, truncated, flipped or missing index is rebuilt.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_INDEX_H
#define IM_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/err.h"
#include "mail/maildir.h"
#include "mail/summary.h"

enum { IM_INDEX_LINE_MAX = 8192, IM_INDEX_PAGE_MAX = 1000 };

struct im_entry {
	const char *id;               /* the Maildir unique name: stable, used in URLs */
	bool is_new;                  /* in new/, not in cur/ */
	char flags[IM_FLAGS_MAX + 1]; /* sorted letters, D F P R S T and keywords */
	int64_t arrived;
	int64_t unixtimestamp; /* Date header where sane, else arrived */
	char timestamp[20];    /* local "YYYY-MM-DD HH:MM:SS" of it */
	const char *queueid;   /* "" where unknown */
	uint64_t size;
	const char *from, *to, *subject, *snippet;
	int attachments; /* "pj" */
	uint64_t message_id, parent_id, thread_id;
};

struct im_counts {
	uint64_t total, unread;
};

/* --- reading (list pages) --- */

struct im_page {
	struct im_counts counts;
	struct im_entry *e; /* newest first */
	int n;
	bool has_newer, has_older;
};

enum im_page_dir { IM_PAGE_NEWEST, IM_PAGE_OLDER_THAN, IM_PAGE_NEWER_THAN };

/*
 * im_index_page - at most n entries next to 'id' (not itself); IM_PAGE_NEWEST ignores id
 * Reconciles first when the Maildir was changed behind us. Strings live in arena. An id that is gone still marks its place.
 */
enum im_status im_index_page(const struct im_mailbox *b, enum im_page_dir dir, const char *id, int n,
    struct im_arena *arena, struct im_page *ret, struct im_err *err) IM_MUSTUSE;
/* im_index_counts - O(1) when in step */
enum im_status im_index_counts(
    const struct im_mailbox *b, struct im_counts *ret, struct im_err *err) IM_MUSTUSE;
/* im_index_counts_at - the same of a mailbox by name: a list of all folders opens no more than it must. IM_NOTFOUND */
enum im_status im_index_counts_at(
    const struct im_store *s, const char *name, struct im_counts *ret, struct im_err *err) IM_MUSTUSE;
/* im_index_find - one entry by id, O(log n) */
enum im_status im_index_find(const struct im_mailbox *b, const char *id, struct im_arena *arena,
    struct im_entry *ret, struct im_err *err) IM_MUSTUSE;
/* im_index_each - every entry, oldest first; fn returns false to stop */
typedef bool im_index_fn(const struct im_entry *e, void *arg);
enum im_status im_index_each(
    const struct im_mailbox *b, im_index_fn *fn, void *arg, struct im_err *err) IM_MUSTUSE;
/* im_index_open_message - O_RDONLY descriptor of the message's file, wherever it is now */
enum im_status im_index_open_message(
    const struct im_mailbox *b, const struct im_entry *e, int *ret_fd, struct im_err *err) IM_MUSTUSE;

/* --- writing; each takes the lock itself unless a lock handle is given --- */

/*
 * A delivery holds the index lock from before its rename until its line is appended:
 *	im_index_lock(), [im_index_has_queueid()], im_filing_commit(), im_index_append(), im_index_unlock()
 */
struct im_index_lock {
	const struct im_mailbox *box;
	bool held;
	bool in_step;     /* the index knows all that is in the directories, as far as can be told */
	struct im_ix *ix; /* private to the index; owned by the lock */
};
/* wait_ms: IM_TEMP when the lock is not to be had by then (l->held is false; a delivery goes on without the index) */
enum im_status im_index_lock(
    const struct im_mailbox *b, int wait_ms, struct im_index_lock *l, struct im_err *err) IM_MUSTUSE;
void im_index_unlock(struct im_index_lock *l);

/*
 * im_index_has_queueid - was this queue id filed here already? In step: the entries since the queue id's time (long
 * queue ids carry it) are read from the tail; out of step: the names in new/ and cur/ are scanned.
 */
enum im_status im_index_has_queueid(
    struct im_index_lock *l, const char *queueid, bool *ret, struct im_err *err) IM_MUSTUSE;

/* im_index_append - the message just filed by us under this lock; when the index is out of step nothing is written (a reader repairs it) */
enum im_status im_index_append(struct im_index_lock *l, const struct im_filing *f, bool is_new,
    const char *flags, const char *queueid, const struct im_summary *s, struct im_err *err) IM_MUSTUSE;

/* im_index_set_flags - add and remove flag letters: renames the file and changes the entry in place. IM_NOTFOUND */
enum im_status im_index_set_flags(const struct im_mailbox *b, const char *id, const char *add,
    const char *remove, struct im_err *err) IM_MUSTUSE;
/* im_index_move - to another mailbox of the same person; the id stays */
enum im_status im_index_move(const struct im_mailbox *from, const struct im_mailbox *to, const char *id,
    struct im_err *err) IM_MUSTUSE;
/* im_index_remove - unlink the file, mark the entry; the caller accounts for the quota (returns the size) */
enum im_status im_index_remove(
    const struct im_mailbox *b, const char *id, uint64_t *ret_size, struct im_err *err) IM_MUSTUSE;

/* --- repair --- */

struct im_index_report {
	uint64_t messages, unread, bad_lines, missing, extra,
	    wrong; /* missing: file without entry; extra: entry without file */
	bool header_bad, out_of_step;
	uint64_t bytes;
};
/* im_index_check - compares every line with the directories (and, when deep, with a fresh reading of each message); changes nothing */
enum im_status im_index_check(
    const struct im_mailbox *b, bool deep, struct im_index_report *ret, struct im_err *err) IM_MUSTUSE;
/* im_index_rebuild - from the Maildir alone; progress may be NULL */
typedef void im_progress_fn(uint64_t done, uint64_t total, void *arg);
enum im_status im_index_rebuild(const struct im_mailbox *b, im_progress_fn *progress, void *arg,
    struct im_index_report *ret, struct im_err *err) IM_MUSTUSE;

#endif
