/*
 * index_impl.h - what the files of the header index share; nobody else includes it
 *
 *	index_header.c, index_line.c  bytes <-> structs, by index_cursor.c
 *	index_file.c    opening, locking, the header, in step or not
 *	index_scan.c    searching by key and id, all lines
 *	index_read.c    pages, counts, entries
 *	index_write.c   append, flags, move, remove
 *	index_list.c    the names in new/ and cur/ as a table
 *	index_sync.c    making the index equal to the directories, index_rewrite.c a new file
 *	index_admin.c   check and rebuild
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_INDEX_IMPL_H
#define IM_INDEX_IMPL_H

#include "base/buf.h"
#include "mail/dirmark.h"
#include "mail/index.h"

#define IM_IX_FILE "index.jsonl"
#define IM_IX_TMP "index.jsonl.tmp"     /* a rewriting, under the lock */
#define IM_IX_REBUILD "index.jsonl.new" /* a rebuilding, under the repair lock */

enum {
	IM_IX_HEADER = 512,    /* bytes of the header line, newline included */
	IM_IX_PREFIX_MAX = 128 /* bytes of a line that may change */
};

/* im_flags_mask() of "S" */
#define IM_IX_SEEN (UINT64_C(1) << ('S' - 'A'))

/* --- format --- */

struct im_ix_header {
	uint64_t generation;
	uint64_t bytes; /* committed length of the file; what follows does not count */
	uint64_t total, unread, removed;
	int64_t last; /* arrived of the last line, INT64_MIN where there is none */
	char boot[IM_BOOT_ID + 1];
	struct im_dirmark new_mark, cur_mark; /* all zero: not in step */
};

bool im_ix_header_decode(const char buf[static IM_IX_HEADER], struct im_ix_header *ret);
void im_ix_header_encode(const struct im_ix_header *h, char buf[static IM_IX_HEADER]);

/* what searching and comparing need of a line */
struct im_ix_line {
	struct im_str text; /* without the newline; borrowed */
	size_t crc_at;      /* of the 8 digits */
	bool removed, is_new;
	uint64_t flags;
	int64_t arrived;
	size_t id_n;
	char id[IM_MSG_NAME_MAX + 1];
};

/* im_ix_line_parse - false: not a whole, unharmed line of ours */
bool im_ix_line_parse(struct im_str text, struct im_ix_line *ret);
/* im_ix_line_entry - all of a line that im_ix_line_parse took; the strings are cut out of text itself, which is changed */
bool im_ix_line_entry(const struct im_ix_line *l, char *text, struct im_entry *ret);
/* im_ix_line_put - append e as a line with its newline */
void im_ix_line_put(struct im_buf *b, const struct im_entry *e);
/*
 * im_ix_line_set - change place and flags within text (a whole line without the newline) and its checksum
 * Returns how many bytes at the start may differ now; 0 when the flags do not fit the line's room.
 */
size_t im_ix_line_set(char *text, size_t n, bool removed, bool is_new, uint64_t flags);

/* order of lines: arrived, then id byte for byte */
int im_ix_compare(int64_t a_arrived, struct im_str a, int64_t b_arrived, struct im_str b);

/* im_ix_entry_fill - an entry out of name and summary; *e borrows from both, times are filled in */
void im_ix_entry_fill(struct im_entry *e, const struct im_msg_name *name, const char *id, const char *queueid,
    bool is_new, int64_t arrived, uint64_t size, const struct im_summary *s);

/* --- file --- */

struct im_ix {
	const struct im_mailbox *b;
	const char *path; /* IM_IX_FILE, or IM_IX_REBUILD while rebuilding */
	int fd;           /* -1: there is no index */
	bool locked, repairing;
	bool in_memory; /* no room on the disk: the file is nobody else's */
	bool header_ok;
	bool marked;   /* the directories carry the header's marks */
	bool in_step;  /* and it was written since the system started */
	bool bad_line; /* a line was met that is none */
	struct im_ix_header h;
	struct im_dirwatch w;
};

enum { IM_IX_WAIT_MS = 30000 };

/* im_ix_open - for reading, without a lock or a watch: header read, in_step not yet known */
void im_ix_open(const struct im_mailbox *b, struct im_ix *ix);
/* im_ix_begin - lock, watch, read the header, compare: for writing */
enum im_status im_ix_begin(
    const struct im_mailbox *b, int wait_ms, struct im_ix *ix, struct im_err *err) IM_MUSTUSE;
/* im_ix_begin_at - the same, of a handle whose b, path and empty descriptors are set */
enum im_status im_ix_begin_at(struct im_ix *ix, int wait_ms, struct im_err *err) IM_MUSTUSE;
/* im_ix_relock - the same again after im_ix_pause() */
enum im_status im_ix_relock(struct im_ix *ix, struct im_err *err) IM_MUSTUSE;
void im_ix_pause(struct im_ix *ix); /* give up lock and file for a while */
void im_ix_end(struct im_ix *ix);   /* works for both kinds */
/* im_ix_compare_dirs - do the directories still carry the header's marks? Sets marked and in_step; returns in_step */
bool im_ix_compare_dirs(struct im_ix *ix);
bool im_ix_write_header(struct im_ix *ix); /* false with errno */
/*
 * im_ix_settle - after a change of ours, of so many names in new/ and in cur/: mark what was touched, prove that
 * nobody else was there, write the header with the new marks. When it cannot be proven the header is left as it is and
 * neither marked nor in_step is true any more. Only for an index that was marked.
 */
void im_ix_settle(struct im_ix *ix, int in_new, int in_cur);
/* im_ix_settle_listed - the same after the directories were listed and not changed by us */
void im_ix_settle_listed(struct im_ix *ix);

/* --- reading --- */

/* im_ix_lower - offset of the first line not before (arrived, id), h.bytes when there is none; false: I/O or bad line */
bool im_ix_lower(struct im_ix *ix, int64_t arrived, struct im_str id, uint64_t *ret);
/* im_ix_load - the line at offset into buf (IM_INDEX_LINE_MAX bytes); false: I/O or bad line */
bool im_ix_load(struct im_ix *ix, uint64_t offset, char *buf, struct im_ix_line *ret);
/* im_ix_find - *ret_found and the line's place by id */
bool im_ix_find(struct im_ix *ix, const char *id, char *buf, struct im_ix_line *ret, uint64_t *ret_offset,
    bool *ret_found);

/* im_ix_scan - every line from offset to end, in file order; a bad one comes with line == NULL. fn returns false to stop */
typedef bool im_ix_scan_fn(const struct im_ix_line *line, uint64_t offset, size_t n, void *arg);
bool im_ix_scan(
    const struct im_ix *ix, uint64_t from, uint64_t to, im_ix_scan_fn *fn, void *arg); /* false with errno */

/* --- the directories as a table --- */

struct im_ix_name {
	size_t at; /* of the file name in names.text, NUL-terminated */
	uint64_t flags;
	int64_t
	    arrived; /* -1: not in the name; filled from the file when it is summarised, or from the old line */
	uint64_t line_at; /* the old line, when line_n > 0 */
	uint32_t line_n;
	uint16_t id_n;
	bool is_new;
	bool summarised; /* text_at, text_n: the new line */
	size_t text_at;
	size_t text_n;
};

struct im_ix_names {
	struct im_buf text;
	struct im_ix_name *v;
	size_t n, cap;
	uint32_t *hash; /* index + 1 */
	size_t hash_n;
};

enum im_status im_ix_names_list(
    const struct im_mailbox *b, struct im_ix_names *t, struct im_err *err) IM_MUSTUSE;
struct im_ix_name *im_ix_names_find(struct im_ix_names *t, struct im_str id);
struct im_str im_ix_names_id(const struct im_ix_names *t, const struct im_ix_name *n);
void im_ix_names_done(struct im_ix_names *t);

/* --- making it right --- */

/*
 * im_ix_sync - under the lock (which may be given up and taken again): make the index equal to the directories
 * On IM_OK ix can be read under the lock; in_step tells whether that could be recorded, too.
 */
enum im_status im_ix_sync(
    struct im_ix *ix, im_progress_fn *progress, void *arg, struct im_err *err) IM_MUSTUSE;

/* im_ix_locate - the file of a message by its id, wherever it is; name gets IM_MSG_NAME_MAX + 1 bytes. IM_NOTFOUND */
enum im_status im_ix_locate(
    const struct im_mailbox *b, const char *id, char *name, bool *ret_is_new, struct im_err *err) IM_MUSTUSE;

#endif
