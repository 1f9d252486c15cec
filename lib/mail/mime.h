/*
 * mime.h - the structure of a message: headers and the part tree (RFC 5322, 2045, 2046, 2183, 2231)
 *
 * One push parser for both uses: the agent feeds it what streams by at delivery (memory does not grow with the
 * message), the reader feeds it a mapped file and keeps the offsets. It never fails for the looks of a message:
 * what passes a limit is counted, marked in 'flags' and treated as body text.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MIME_H
#define IM_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	IM_MIME_MAX_DEPTH = 100,
	IM_MIME_MAX_PARTS = 1000,
	IM_MIME_MAX_HEADER = 1024 * 1024,      /* bytes of one header block that are kept */
	IM_MIME_MAX_STREAM_HEADER = 64 * 1024, /* the same while streaming at delivery */
	IM_MIME_MAX_FIELDS = 20000
};

enum im_cte { IM_CTE_IDENTITY, IM_CTE_BASE64, IM_CTE_QP, IM_CTE_UUENCODE };
/* OTHER: a disposition that is none of the two, to be treated as an attachment (RFC 2183 2.8) */
enum im_disposition { IM_DISP_NONE, IM_DISP_INLINE, IM_DISP_ATTACHMENT, IM_DISP_OTHER };

struct im_mime_part {
	int number; /* position in the tree in document order, 0 = the message itself; what URLs name */
	int parent; /* -1 for the message */
	int depth, nchildren;
	uint64_t header_off, header_len; /* bytes of the raw message */
	uint64_t body_off, body_len;     /* transfer-encoded body, without the line end before the boundary */
	const char *type, *subtype;      /* lower case, "text" "plain" where missing or unreadable */
	const char *charset;             /* as written, lower case, or NULL */
	const char *name;       /* file name from disposition or type, decoded, cleaned, UTF-8; or NULL */
	const char *content_id; /* without <>, or NULL */
	enum im_cte cte;
	enum im_disposition disposition;
	bool flowed, delsp; /* format=flowed (RFC 3676) */
	bool is_attachment; /* leaf that is no text/plain or text/html, or is not to be shown inline */
	bool is_multipart;  /* its children are its content */
	bool
	    is_unparted; /* a multipart without parts (wrong boundary, cut off): text/plain, so that it is seen */
};

enum { IM_MIME_CUT_DEPTH = 1, IM_MIME_CUT_PARTS = 2, IM_MIME_CUT_HEADER = 4 };

struct im_mime {
	struct im_arena arena;
	struct im_mime_part *parts;
	int nparts;
	int attachments; /* number of parts with is_attachment */
	unsigned flags;
	struct im_str
	    header; /* raw header block of the message (at most the limit, bare CRs made LF), valid until im_mime_done */
	uint64_t size;       /* bytes fed */
	char *header_memory; /* private */
};

struct im_mime_parser; /* opaque */
struct im_mime_parser *im_mime_begin(size_t max_header);
void im_mime_feed(struct im_mime_parser *p, const void *data, size_t n);
/* im_mime_end - *m is filled; the parser is released. Release m with im_mime_done */
void im_mime_end(struct im_mime_parser *p, struct im_mime *m);
void im_mime_done(struct im_mime *m);

/* im_mime_parse - a whole message in memory or mapped */
void im_mime_parse(struct im_str message, struct im_mime *m);

/*
 * im_mime_stream - what a part's body says, while it streams by (for those who keep no part tree)
 *
 * begin: a leaf's header is read; true to get its lines. line: without its end, at most IM_MIME_MAX_LINE bytes of it;
 * false: no more of this part. A part is valid during the call only, no names, Content-IDs are collected then.
 */
enum { IM_MIME_MAX_LINE = 2048 };
struct im_mime_stream {
	bool (*begin)(void *arg, const struct im_mime_part *part);
	bool (*line)(void *arg, struct im_str line);
	void *arg;
};
struct im_mime_parser *im_mime_begin_stream(size_t max_header, const struct im_mime_stream *stream);

/*
 * The first part that is a text/plain (text/html) body and not an attachment; -1 when there is none. An unparted one is
 * taken when there is neither text nor HTML.
 */
int im_mime_text_part(const struct im_mime *m);
int im_mime_html_part(const struct im_mime *m);
/* im_mime_by_cid - the part with this Content-ID; -1 */
int im_mime_by_cid(const struct im_mime *m, struct im_str cid);

/*
 * Streaming transfer decoding: feed encoded bytes, decoded bytes are appended to out.
 * Zero-initialise, set cte. Lenient as mail demands: garbage inside base64 is skipped, broken =XX kept.
 */
struct im_decoder {
	enum im_cte cte;
	unsigned char state[16];
	char hold[128];
	size_t nhold;
};
void im_decode(struct im_decoder *d, struct im_str in, bool end, struct im_buf *out);

/* im_mime_decode_part - the whole decoded body of a part, at most max bytes (the rest is dropped, returns false) */
bool im_mime_decode_part(
    struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out);

/* im_mime_part_text - decoded, charset converted, CR LF -> LF, NULs '?': UTF-8 ready to show; false if cut at max */
bool im_mime_part_text(
    struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out);

/*
 * im_mime_part_size - bytes of the decoded body, without decoding it into memory. A large one whose lines look alike is
 * not gone through at all: exact unless there is something odd in its midst
 */
uint64_t im_mime_part_size(struct im_str message, const struct im_mime_part *part);

#endif
