/*
 * header.h - header fields: finding, unfolding, encoded words (RFC 5322 2.2, RFC 2047, and what people send)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HEADER_H
#define IM_HEADER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

struct im_field {
	struct im_str name, value; /* raw: value with folds and without the final line end */
};

/* im_header_name - the length of the field name that a line begins with; 0: the line begins no field */
size_t im_header_name(struct im_str line);

/* im_header_next - the next field of a raw block at *pos (starts at 0); false at the end. What is no field is passed over */
bool im_header_next(struct im_str block, size_t *pos, struct im_field *ret);

/* im_header_get - the first field of this name (ASCII case folded); false when absent */
bool im_header_get(struct im_str block, const char *name, struct im_str *ret_raw);

/*
 * im_header_text - an unstructured field as one line of UTF-8, appended to out: unfolded, encoded words decoded (adjacent
 * ones joined before the charset conversion when the charset is the same), raw 8-bit bytes guessed (UTF-8, else
 * windows-1252), control and bidi control characters removed
 */
void im_header_text(struct im_str raw, struct im_buf *out);

/* im_header_decode - the same with the bidi controls kept: what was sent, for tools; pages show im_header_text */
void im_header_decode(struct im_str raw, struct im_buf *out);

/*
 * im_text_line - append UTF-8 text as one line: white space, controls and line separators become a space or nothing;
 * keep_bidi as above
 */
void im_text_line(struct im_str text, bool keep_bidi, struct im_buf *out);

/*
 * im_header_param - a parameter of a structured field (Content-Type, -Disposition), RFC 2231 continuations and charsets
 * decoded; false when absent
 */
bool im_header_param(struct im_str raw, const char *name, struct im_buf *out);

/* im_header_param_raw - the same for what is compared byte by byte (a boundary): unquoted only */
bool im_header_param_raw(struct im_str raw, const char *name, struct im_buf *out);

#endif
