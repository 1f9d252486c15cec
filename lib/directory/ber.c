/*
 * ber.c - the Basic Encoding Rules as far as LDAP uses them
 *
 * RFC 4511 5.1 allows only the definite form of length and primitive OCTET STRINGs, and all tags of LDAP are below
 * 31. So an element is one tag byte, a length of one to five bytes, and content: everything else is refused here.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "directory/ber.h"

enum { TAG_MULTIBYTE = 0x1f, LONG_FORM = 0x80, MAX_LENGTH_BYTES = 4 };

/* header - tag and length at p; the size of the header, 0 when more bytes are needed, -1 when malformed */
static int
header(const uint8_t *p, size_t n, int *tag, size_t *length)
{
	if (n < 1)
		return 0;
	if ((p[0] & TAG_MULTIBYTE) == TAG_MULTIBYTE)
		return -1;
	if (n < 2)
		return 0;
	*tag = p[0];
	if (p[1] < LONG_FORM) {
		*length = p[1];
		return 2;
	}
	int k = p[1] & ~LONG_FORM;
	if (k == 0 || k > MAX_LENGTH_BYTES)
		return -1;
	if (n < 2 + (size_t)k)
		return 0;
	uint32_t v = 0;
	for (int i = 0; i < k; i++)
		v = v << 8 | p[2 + i];
	*length = v;
	return 2 + k;
}

long
im_ber_frame(const void *p, size_t n, size_t max)
{
	int tag;
	size_t length;
	int h = header(p, n, &tag, &length);

	if (h <= 0)
		return h;
	if (max < (size_t)h || length > max - (size_t)h)
		return -1;
	return (long)((size_t)h + length);
}

bool
im_ber_next(struct im_str *b, int *ret_tag, struct im_str *ret)
{
	int tag;
	size_t length;
	int h = b->n ? header((const uint8_t *)b->p, b->n, &tag, &length) : 0;

	if (h <= 0 || length > b->n - (size_t)h)
		return false;
	*ret_tag = tag;
	*ret = (struct im_str) { b->p + h, length };
	b->p += (size_t)h + length;
	b->n -= (size_t)h + length;
	return true;
}

bool
im_ber_expect(struct im_str *b, int tag, struct im_str *ret)
{
	struct im_str rest = *b;
	int found;

	if (!im_ber_next(&rest, &found, ret) || found != tag)
		return false;
	*b = rest;
	return true;
}

bool
im_ber_number(struct im_str *b, int tag, uint32_t *ret)
{
	struct im_str s;

	if (!im_ber_expect(b, tag, &s) || s.n < 1 || s.n > 4 || (s.p[0] & 0x80))
		return false;
	uint32_t v = 0;
	for (size_t i = 0; i < s.n; i++)
		v = v << 8 | (uint8_t)s.p[i];
	*ret = v;
	return true;
}

static void
put_bytes(struct im_ber_out *o, const void *p, size_t n)
{
	if (n > o->cap - o->n) {
		o->full = true;
		return;
	}
	if (n)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

/* put_header - always the two-byte long form: a constructed element gets its length after its content */
static void
put_header(struct im_ber_out *o, int tag, size_t n)
{
	if (n > UINT16_MAX)
		o->full = true;
	const uint8_t h[] = { (uint8_t)tag, LONG_FORM | 2, (uint8_t)(n >> 8), (uint8_t)n };
	put_bytes(o, h, sizeof(h));
}

size_t
im_ber_open(struct im_ber_out *o, int tag)
{
	put_header(o, tag, 0);
	return o->n;
}

void
im_ber_close(struct im_ber_out *o, size_t mark)
{
	if (o->full)
		return;
	size_t n = o->n - mark;
	if (n > UINT16_MAX) {
		o->full = true;
		return;
	}
	o->p[mark - 2] = (uint8_t)(n >> 8);
	o->p[mark - 1] = (uint8_t)n;
}

void
im_ber_put(struct im_ber_out *o, int tag, struct im_str content)
{
	put_header(o, tag, content.n);
	put_bytes(o, content.p, content.n);
}

void
im_ber_put_number(struct im_ber_out *o, int tag, uint32_t v)
{
	/* five bytes with a leading zero: never taken for a negative number, and BER wants no more than that it is
	 * the shortest form (X.690 8.3.2), so leading zero bytes are skipped while the next one's top bit is clear */
	const char b[] = { 0, (char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v };
	size_t skip = 0;

	while (skip < sizeof(b) - 1 && b[skip] == 0 && !(b[skip + 1] & 0x80))
		skip++;
	im_ber_put(o, tag, (struct im_str) { b + skip, sizeof(b) - skip });
}
