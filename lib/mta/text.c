/*
 * text.c - no control characters, whatever somebody put into an address
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/text.h"

#include <string.h>

const char *
im_mta_text(struct im_arena *a, struct im_str s, size_t max)
{
	size_t n = s.n < max ? s.n : max, at = 0, put = 0, used;
	/* the worst: each byte is malformed and becomes U+FFFD, three bytes */
	char *dst = im_arena_alloc(a, n * 3 + 1), one[4];

	while (at < n) {
		uint32_t c = im_utf8_next(s.p + at, s.p + s.n, &used);
		size_t len;

		if (at + used > n)
			break;
		at += used;
		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			c = '?';
		len = im_utf8_put(c, one);
		if (put + len > max)
			break;
		memcpy(dst + put, one, len);
		put += len;
	}
	dst[put] = '\0';
	return dst;
}
