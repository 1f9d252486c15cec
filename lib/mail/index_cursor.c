/*
 * index_cursor.c - reading the index's own JSON, in the order in which it was written, and its checksums
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_cursor.h"

#include <string.h>

#include "mail/crc32.h"

/* --- checksums --- */

void
im_ix_put_hex(char *p, uint64_t v, int digits)
{
	while (digits-- > 0) {
		p[digits] = "0123456789abcdef"[v & 15];
		v >>= 4;
	}
}

bool
im_ix_get_hex(const char *p, size_t n, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

uint32_t
im_ix_checksum(const char *p, size_t n, size_t crc_at)
{
	return im_crc32(im_crc32(0, p, crc_at), p + crc_at + IM_IX_CRC_N, n - crc_at - IM_IX_CRC_N);
}

bool
im_ix_checksum_ok(const char *p, size_t n, size_t crc_at)
{
	uint64_t v;

	return n >= crc_at + IM_IX_CRC_N && im_ix_get_hex(p + crc_at, IM_IX_CRC_N, &v) &&
	       v == im_ix_checksum(p, n, crc_at);
}

/* --- the cursor --- */

bool
im_ix_skip(struct im_ix_cursor *c, const char *literal)
{
	size_t n = strlen(literal);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, literal, n) != 0)
		return false;
	c->p += n;
	return true;
}

void
im_ix_expect(struct im_ix_cursor *c, const char *literal)
{
	if (!im_ix_skip(c, literal))
		c->bad = true;
}

uint64_t
im_ix_number(struct im_ix_cursor *c)
{
	uint64_t v = 0;
	char *start = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - start < 20)
		v = v * 10 + (uint64_t)(*c->p++ - '0');
	if (c->p == start)
		c->bad = true;
	return v;
}

int64_t
im_ix_integer(struct im_ix_cursor *c)
{
	bool minus = im_ix_skip(c, "-");
	int64_t v = (int64_t)im_ix_number(c);

	return minus ? -v : v;
}

/* one escape after the backslash; the writer makes only these */
static size_t
unescape(struct im_ix_cursor *c, char *dst)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = c->p < c->end ? memchr(from, *c->p, sizeof(from) - 1) : NULL;
	uint64_t v;

	if (at != NULL) {
		*dst = to[at - from];
		c->p++;
		return 1;
	}
	if (c->end - c->p < 5 || c->p[0] != 'u' || !im_ix_get_hex(c->p + 1, 4, &v) ||
	    (v >= 0xd800 && v < 0xe000)) {
		c->bad = true;
		return 0;
	}
	c->p += 5;
	return im_utf8_put((uint32_t)v, dst);
}

const char *
im_ix_string(struct im_ix_cursor *c)
{
	char *start = c->p, *q = memchr(start, '"', (size_t)(c->end - start)), *dst;

	if (q == NULL) {
		c->bad = true;
		return "";
	}
	dst = memchr(start, '\\', (size_t)(q - start));
	if (dst == NULL) {
		*q = '\0';
		c->p = q + 1;
		return start;
	}
	c->p = dst;
	while (c->p < c->end && *c->p != '"' && !c->bad)
		if (*c->p == '\\') {
			c->p++;
			dst += unescape(c, dst);
		} else {
			*dst++ = *c->p++;
		}
	if (c->p == c->end || c->bad) {
		c->bad = true;
		return "";
	}
	c->p++;
	*dst = '\0';
	return start;
}
