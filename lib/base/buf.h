/*
 * buf.h - a growing byte buffer with a maximum
 *
 * It always ends in a NUL that is not counted. What would pass the maximum is not added and sets
 * 'full': append freely, look once at the end. Content may hold NULs.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_BUF_H
#define IM_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"
#include "base/str.h"

struct im_buf {
	char *p; /* owned by the buffer; "" before the first append */
	size_t n, cap, max;
	bool full;
};

void im_buf_init(struct im_buf *b, size_t max);
void im_buf_done(struct im_buf *b);
void im_buf_clear(struct im_buf *b); /* n = 0, memory kept */
void im_buf_add(struct im_buf *b, const void *p, size_t n);
void im_buf_adds(struct im_buf *b, const char *s);
void im_buf_add_str(struct im_buf *b, struct im_str s);
void im_buf_addc(struct im_buf *b, char c);
void im_buf_addf(struct im_buf *b, const char *fmt, ...) IM_PRINTF(2, 3);
struct im_str im_buf_str(const struct im_buf *b);    /* borrowed until the next change */
char *im_buf_steal(struct im_buf *b, size_t *ret_n); /* owned by caller; ret_n may be NULL */

#endif
