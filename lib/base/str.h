/*
 * str.h - spans of bytes (mail holds NULs), UTF-8, numbers
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_STR_H
#define IM_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

struct im_str {
	const char *p; /* borrowed; may be NULL when n == 0 */
	size_t n;
};

#define IM_STR(literal) ((struct im_str) { (literal), sizeof(literal) - 1 })

struct im_str im_str(const char *s); /* NULL gives the empty span */
bool im_str_eq(struct im_str a, struct im_str b);
bool im_str_eqi(struct im_str a, struct im_str b); /* ASCII case folded */
bool im_str_is(struct im_str a, const char *s);    /* equal, byte for byte */
bool im_str_isi(struct im_str a, const char *s);   /* equal, ASCII case folded */
bool im_str_starts(struct im_str a, const char *s);
bool im_str_startsi(struct im_str a, const char *s);
struct im_str im_str_trim(struct im_str a); /* space, tab, CR, LF at both ends */
/* im_str_cut - the span before the first 'c'; *a becomes what follows it (empty and p == NULL at the end) */
struct im_str im_str_cut(struct im_str *a, char c);

/* im_hex_digit - 0 to 15 in either case, -1 for no hexadecimal digit */
static inline int
im_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* im_str_u64 - decimal digits only, at least one, at most max */
bool im_str_u64(struct im_str a, uint64_t max, uint64_t *ret) IM_MUSTUSE;
/* im_str_size - "5G", "300M", "64k", "1000", "2.5G": bytes, powers of 1024 */
bool im_str_size(struct im_str a, uint64_t *ret) IM_MUSTUSE;
/* im_size_text - "1.2 MB" style for people (powers of 1000 avoided: 1024), into dst; returns dst */
char *im_size_text(uint64_t bytes, char dst[static 16]);

/* im_fmt - snprintf that tells: false when the text did not fit (dst then holds "") */
bool im_fmt(char *dst, size_t size, const char *fmt, ...) IM_PRINTF(3, 4) IM_MUSTUSE;

/* im_eq_secret - constant-time comparison of n bytes */
bool im_eq_secret(const void *a, const void *b, size_t n);

/*
 * UTF-8 (RFC 3629). im_utf8_next decodes one code point at p (p < end), sets *ret_n to the bytes used (>= 1);
 * malformed input gives 0xFFFD and uses one byte.
 */
uint32_t im_utf8_next(const char *p, const char *end, size_t *ret_n);
size_t im_utf8_put(uint32_t c, char dst[static 4]); /* returns the bytes written, 1-4 */
bool im_utf8_valid(struct im_str s);
/* im_utf8_cut - the longest prefix of at most max bytes that does not split a character */
size_t im_utf8_cut(struct im_str s, size_t max);

#endif
