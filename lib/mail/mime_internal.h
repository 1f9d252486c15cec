/*
 * mime_internal.h - between the files of the MIME reader only
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MIME_INTERNAL_H
#define IM_MIME_INTERNAL_H

#include "mail/mime.h"

/*
 * Lines out of pieces. What a line is, is decided once: it ends at LF, and CRs before it belong to the end; or, where the
 * first line of the message ends in a bare CR, at CR, LF or CR LF. Any cutting of the input gives the same lines.
 */
struct im_lines {
	/* line: without its end, at most 'cap' bytes of it; raw_len: all of it; eol: bytes of its end, 0 for a last line without */
	void (*on_line)(void *arg, struct im_str line, uint64_t raw_len, unsigned eol);
	void *arg;
	size_t cap; /* may change between lines */
	bool skip;  /* set by on_line: nothing that follows matters */
	/* private */
	enum { IM_EOL_UNKNOWN, IM_EOL_LF, IM_EOL_CR } eol;
	struct im_buf carry; /* the start of an incomplete line */
	uint64_t carry_len;  /* how long it is so far */
	char tail[3];        /* its last bytes */
};
void im_lines_init(
    struct im_lines *l, void (*on_line)(void *, struct im_str, uint64_t, unsigned), void *arg, size_t cap);
void im_lines_feed(struct im_lines *l, const char *p, size_t n);
void im_lines_end(struct im_lines *l); /* hands over an unfinished last line and releases */

/* RFC 2046 5.1.1 allows 70; what fits on a line (RFC 5322 2.1.1) is understood */
enum { IM_MIME_MAX_BOUNDARY = 998 };

/*
 * im_mime_read_part - what the header block of a part says of it
 *
 * lean: without name and Content-ID. boundary gets that of a multipart, "" when there is none. The default type is
 * message/rfc822 within multipart/digest (RFC 2046 5.1.5), else text/plain.
 */
void im_mime_read_part(struct im_arena *arena, struct im_str header, bool in_digest, bool lean,
    struct im_mime_part *part, struct im_buf *boundary);

/* im_mime_clean_name - a file name without path, control and bidi characters, leading dots; NULL when nothing is left */
const char *im_mime_clean_name(struct im_arena *arena, struct im_str name);

#endif
