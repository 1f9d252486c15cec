/*
 * fuzz_charset.c - any bytes in any charset become valid UTF-8; a full buffer ends at a character
 *
 * The label is what stands before the first newline.
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = size ? memchr(data, '\n', size) : NULL;
	struct im_str label = { (const char *)data, nl ? (size_t)(nl - data) : 0 }, in;
	size_t n = nl ? size - label.n - 1 : size;
	char *copy = malloc(n ? n : 1);
	struct im_buf whole, cut;

	assert(copy);
	if (n)
		memcpy(copy, data + size - n, n);
	in = (struct im_str) { copy, n };
	im_buf_init(&whole, n * 16 + 64);
	im_buf_init(&cut, n / 2 + 1);
	im_to_utf8(label, in, &whole);
	im_to_utf8(label, in, &cut);
	assert(!whole.full && im_utf8_valid(im_buf_str(&whole)) && im_utf8_valid(im_buf_str(&cut)));
	assert(cut.n <= cut.max && (cut.n == 0 || memcmp(cut.p, whole.p, cut.n) == 0));
	(void)im_html_charset(in);
	im_buf_done(&whole);
	im_buf_done(&cut);
	free(copy);
	return 0;
}
