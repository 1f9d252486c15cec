/*
 * url.c - URLs are made here, so that no page needs to know what must be encoded where (RFC 3986)
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "web/app.h"

/* kept as they are: unreserved characters, and those of Maildir names that mean nothing in a segment or a value */
#define KEPT "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,=:@!" /* as kept_span() */

/* kept_span - how many bytes at s are kept; a list asks for every row, and strspn(3) makes itself a table each time */
static size_t
kept_span(const char *s)
{
	static const bool kept[256] = { ['A' ... 'Z'] = true,
		['a' ... 'z'] = true,
		['0' ... '9'] = true,
		['-'] = true,
		['.'] = true,
		['_'] = true,
		['~'] = true,
		[','] = true,
		['='] = true,
		[':'] = true,
		['@'] = true,
		['!'] = true };
	size_t n = 0;

	while (kept[(unsigned char)s[n]])
		n++;
	return n;
}

const char *
im_url_segment(struct im_arena *a, const char *s)
{
	size_t n = strlen(s);
	char *ret = im_arena_alloc(a, n * 3 + 1), *to = ret;

	while (*s) {
		size_t keep = kept_span(s);

		to = mempcpy(to, s, keep);
		s += keep;
		if (*s) {
			*to++ = '%';
			*to++ = "0123456789ABCDEF"[(unsigned char)*s >> 4];
			*to++ = "0123456789ABCDEF"[(unsigned char)*s & 15];
			s++;
		}
	}
	return ret;
}

const char *
im_url_below(struct im_arena *a, const char *base, const char *segment)
{
	size_t base_n = strlen(base), n = strlen(segment);
	char *ret, *to;

	if (kept_span(segment) < n)
		return im_urlf(a, "%s/%s", base, im_url_segment(a, segment));
	ret = im_arena_alloc(a, base_n + n + 2);
	to = mempcpy(ret, base, base_n);
	*to++ = '/';
	memcpy(to, segment, n);
	return ret;
}

/* below - the page of this path, or one below it */
static bool
below(const char *s, const char *path)
{
	size_t n = strlen(path);

	return strncmp(s, path, n) == 0 && (s[n] == '\0' || s[n] == '/' || s[n] == '?');
}

bool
im_url_local(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	bool ours = n > 6 && (memcmp(s, "/mail/", 6) == 0 || below(s, "/settings") || below(s, "/admin"));

	return ours && n <= 1024 && strspn(s, KEPT "/%?&+;$'()*") == n && !strstr(s, "//") &&
	       !strstr(s, "/..") && !strstr(s, "%2e") && !strstr(s, "%2E");
}
