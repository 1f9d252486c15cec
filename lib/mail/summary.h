/*
 * summary.h - what the list shows of a message: the fields of an index entry, gained while the message streams by
 *
 * The same code runs at delivery (fed by the agent as it copies) and at a rebuild (fed from the file), so that
 * rebuild and delivery always agree. Memory is bounded whatever the message is.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SUMMARY_H
#define IM_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

enum {
	IM_SUMMARY_ADDR_MAX = 160,    /* bytes of from and of to */
	IM_SUMMARY_SUBJECT_MAX = 240, /* bytes */
	IM_SUMMARY_SNIPPET_MAX = 80   /* bytes of the first text, white space folded, quotes left out */
};

struct im_summary {
	const char *from; /* 'Name <addr>' or 'addr', decoded, one line; "" where missing */
	const char *to;
	const char *subject;
	const char *snippet;
	bool has_date;
	int64_t date; /* Date header, seconds UTC, when has_date */
	uint64_t
	    message_id; /* 64-bit hash of Message-ID, 0 = none: threading compares hashes (the index is small) */
	uint64_t parent_id; /* hash of the last of References, else of In-Reply-To; 0 = none */
	uint64_t thread_id; /* hash of the first of References, else parent_id, else message_id */
	int attachments;
	uint64_t size; /* bytes fed */
};

struct im_summary_parser;
struct im_summary_parser *im_summary_begin(void);
void im_summary_feed(struct im_summary_parser *p, const void *data, size_t n);
/* im_summary_end - strings live in arena; the parser is released */
void im_summary_end(struct im_summary_parser *p, struct im_arena *arena, struct im_summary *ret);
/* im_summary_end_header - the same, and the raw header block (at most IM_MIME_MAX_STREAM_HEADER bytes) for who judges it */
void im_summary_end_header(
    struct im_summary_parser *p, struct im_arena *arena, struct im_summary *ret, struct im_str *ret_header);

/* im_summary_file - of an open message file, read from its start with a small buffer; IM_TEMP when it cannot be read */
enum im_status im_summary_file(
    int fd, struct im_arena *arena, struct im_summary *ret, struct im_err *err) IM_MUSTUSE;

#endif
