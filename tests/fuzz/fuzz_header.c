/*
 * fuzz_header.c - header blocks, encoded words, parameters: valid UTF-8 on one line comes out, whatever goes in
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/header.h"
#include "mail/mime_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(const struct im_buf *b)
{
	assert(im_utf8_valid(im_buf_str(b)));
	for (size_t i = 0; i < b->n; i++)
		assert((unsigned char)b->p[i] >= ' ' && b->p[i] != 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "charset", "name", "filename", "boundary" };
	char *copy = malloc(size ? size : 1); /* of that size: reading past the end is seen */
	struct im_str s = { copy, size };
	struct im_arena a = { 0 };
	struct im_field f;
	struct im_buf b;
	size_t pos = 0, before;

	assert(copy);
	memcpy(copy, data, size);
	im_buf_init(&b, size * 16 + 64);
	im_header_text(s, &b);
	assert(!b.full);
	check_line(&b);
	for (size_t i = 0; i < IM_COUNT(names); i++) {
		im_buf_clear(&b);
		if (im_header_param(s, names[i], &b)) {
			const char *name = im_mime_clean_name(&a, im_buf_str(&b));

			check_line(&b);
			assert(!name || (*name && *name != '.' && !strpbrk(name, "/\\") &&
					    im_utf8_valid(im_str(name))));
		}
	}
	while (before = pos, im_header_next(s, &pos, &f)) {
		assert(pos > before && pos <= s.n && f.name.n > 0);
		assert(f.name.p >= s.p && f.value.p + f.value.n <= s.p + s.n);
	}
	im_buf_done(&b);
	im_arena_done(&a);
	free(copy);
	return 0;
}
