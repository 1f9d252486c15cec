/*
 * index_cursor.h - a cursor over text of the index: the checksum vouches for it, bounds are checked all the same
 *
 * Each step moves the cursor past what it read. What is not there sets 'bad', which is asked once at the end.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_INDEX_CURSOR_H
#define IM_INDEX_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum { IM_IX_CRC_N = 8 };

struct im_ix_cursor {
	char *p, *end;
	bool bad;
};

bool im_ix_skip(struct im_ix_cursor *c, const char *literal); /* false: something else is there */
void im_ix_expect(struct im_ix_cursor *c, const char *literal);
uint64_t im_ix_number(struct im_ix_cursor *c);
int64_t im_ix_integer(struct im_ix_cursor *c);
/* the rest of a string after its opening quote, decoded in place and ended with a NUL where the quote was (or before) */
const char *im_ix_string(struct im_ix_cursor *c);

void im_ix_put_hex(char *p, uint64_t v, int digits);
bool im_ix_get_hex(const char *p, size_t n, uint64_t *ret); /* small letters only */

/* CRC-32 of everything but the checksum's own digits, which begin at crc_at */
uint32_t im_ix_checksum(const char *p, size_t n, size_t crc_at);
bool im_ix_checksum_ok(const char *p, size_t n, size_t crc_at);

#endif
