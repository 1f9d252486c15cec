/*
 * fuzz_address.c - address lists and envelope recipients
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_line(const char *s)
{
	if (!im_utf8_valid(im_str(s)))
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1), *rcpt = strndup((const char *)data, size);
	struct im_arena a = { 0 };
	struct im_addresses l;
	struct im_rcpt r;
	struct im_buf b;

	assert(copy && rcpt);
	memcpy(copy, data, size);
	im_addresses_parse(&a, (struct im_str) { copy, size }, &l);
	assert(l.n <= IM_ADDRESS_MAX);
	for (int i = 0; i < l.n; i++)
		assert(*l.a[i].addr && is_line(l.a[i].addr) && is_line(l.a[i].name));
	im_buf_init(&b, 160);
	im_addresses_text(&l, 160, &b);
	assert(!b.full && b.n <= 160 && is_line(b.p));
	if (im_rcpt_split(rcpt, &r)) {
		assert(*r.local && strlen(r.address) <= 320);
		for (const char *p = r.address; *p; p++)
			assert(!(*p >= 'A' && *p <= 'Z') && (unsigned char)*p >= ' ');
	}
	im_buf_done(&b);
	im_arena_done(&a);
	free(copy);
	free(rcpt);
	return 0;
}
