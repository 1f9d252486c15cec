/*
 * fuzz_decode.c - transfer decoding: any cutting of the input gives the same output, and no more than came in
 *
 * The first byte chooses the encoding, the second the pieces.
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_decoder one = { 0 }, two = { 0 };
	struct im_buf a, b, c;
	struct im_str s;
	unsigned step;

	if (size < 2)
		return 0;
	one.cte = two.cte = (enum im_cte)(data[0] & 3);
	step = data[1] % 80 + 1;
	s = (struct im_str) { (const char *)data + 2, size - 2 };
	im_buf_init(&a, size * 2 + 16);
	im_buf_init(&b, size * 2 + 16);
	im_buf_init(&c, data[1]);
	im_decode(&one, s, true, &a);
	for (size_t at = 0; at < s.n; at += step)
		im_decode(&two, (struct im_str) { s.p + at, s.n - at < step ? s.n - at : step }, false, &b);
	im_decode(&two, (struct im_str) { NULL, 0 }, true, &b);
	assert(!a.full && !b.full);
	assert(im_str_eq(im_buf_str(&a), im_buf_str(&b)));
	/* a full buffer holds the beginning */
	one = (struct im_decoder) { .cte = two.cte };
	im_decode(&one, s, true, &c);
	assert(c.n == (a.n < c.max ? a.n : c.max) && (c.n == 0 || memcmp(a.p, c.p, c.n) == 0));
	im_buf_done(&a);
	im_buf_done(&b);
	im_buf_done(&c);
	return 0;
}
