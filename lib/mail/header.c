/*
 * header.c - finding header fields
 *
 * A block is walked once from front to back; whatever is no field is passed over, so that one broken line (a
 * mail log that slipped in, a From line of an mbox) does not hide the fields after it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/header.h"

#include <string.h>

enum { NAME_MAX_LEN = 256 };

size_t
im_header_name(struct im_str line)
{
	size_t n = 0, i;

	/* RFC 5322 2.2: printable ASCII without the colon */
	while (n < line.n && n < NAME_MAX_LEN && line.p[n] > ' ' && line.p[n] < 0x7f && line.p[n] != ':')
		n++;
	/* RFC 5322 4.5: white space before the colon was allowed once */
	for (i = n; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		;
	return i < line.n && line.p[i] == ':' ? n : 0;
}

/* the line at *pos without its end; *pos moves behind the end */
static struct im_str
next_line(struct im_str block, size_t *pos)
{
	const char *p = block.p + *pos, *nl = memchr(p, '\n', block.n - *pos);
	struct im_str line = { p, nl ? (size_t)(nl - p) : block.n - *pos };

	*pos += line.n + (nl != NULL);
	while (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

bool
im_header_next(struct im_str block, size_t *pos, struct im_field *ret)
{
	while (*pos < block.n) {
		struct im_str line = next_line(block, pos);
		size_t n = im_header_name(line);
		const char *value, *end = line.p + line.n;

		while (*pos < block.n && (block.p[*pos] == ' ' || block.p[*pos] == '\t')) {
			struct im_str more = next_line(block, pos);

			end = more.p + more.n;
		}
		if (n == 0)
			continue;
		value = memchr(line.p + n, ':', line.n - n);
		ret->name = (struct im_str) { line.p, n };
		ret->value = im_str_trim((struct im_str) { value + 1, (size_t)(end - value - 1) });
		return true;
	}
	return false;
}

bool
im_header_get(struct im_str block, const char *name, struct im_str *ret_raw)
{
	struct im_str want = im_str(name);
	struct im_field f;
	size_t pos = 0;

	while (im_header_next(block, &pos, &f)) {
		if (im_str_eqi(f.name, want)) {
			*ret_raw = f.value;
			return true;
		}
	}
	return false;
}
