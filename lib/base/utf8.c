/*
 * utf8.c - UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/str.h"

#include <string.h>

static bool
tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

uint32_t
im_utf8_next(const char *p, const char *end, size_t *ret_n)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t left = (size_t)(end - p);

	*ret_n = 1;
	if (s[0] < 0x80)
		return s[0];
	if (s[0] >= 0xc2 && s[0] <= 0xdf && left >= 2 && tail(s[1])) {
		*ret_n = 2;
		return (uint32_t)(s[0] & 0x1f) << 6 | (s[1] & 0x3f);
	}
	if ((s[0] & 0xf0) == 0xe0 && left >= 3 && tail(s[1]) && tail(s[2])) {
		uint32_t c = (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 | (s[2] & 0x3f);

		if (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))
			return 0xfffd;
		*ret_n = 3;
		return c;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4 && left >= 4 && tail(s[1]) && tail(s[2]) && tail(s[3])) {
		uint32_t c = (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
			     (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);

		if (c < 0x10000 || c > 0x10ffff)
			return 0xfffd;
		*ret_n = 4;
		return c;
	}
	return 0xfffd;
}

size_t
im_utf8_put(uint32_t c, char dst[static 4])
{
	if ((c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		c = 0xfffd;
	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xc0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		dst[0] = (char)(0xe0 | c >> 12);
		dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	dst[0] = (char)(0xf0 | c >> 18);
	dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool
im_utf8_valid(struct im_str s)
{
	const char *p = s.p, *end = s.n ? s.p + s.n : s.p;
	uint64_t w;
	size_t n;

	while (p < end) {
		/* most mail is ASCII: eight bytes a step */
		if ((size_t)(end - p) >= sizeof(w)) {
			memcpy(&w, p, sizeof(w));
			if ((w & UINT64_C(0x8080808080808080)) == 0) {
				p += sizeof(w);
				continue;
			}
		}
		/* a real U+FFFD takes three bytes, a malformed byte one */
		if (im_utf8_next(p, end, &n) == 0xfffd && n == 1)
			return false;
		p += n;
	}
	return true;
}

size_t
im_utf8_cut(struct im_str s, size_t max)
{
	size_t at = max;

	if (s.n <= max)
		return s.n;
	while (at > 0 && max - at < 3 && tail((unsigned char)s.p[at]))
		at--;
	return tail((unsigned char)s.p[at]) ? max : at;
}
