/*
 * fuzz_mo.c - any bytes as a catalogue of texts
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/i18n.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const ids[] = { "Sign in", "Monday", "a", "zzz", "\xff", "%d message" };
	const char *text = (const char *)data;
	struct im_arena a = { 0 };
	struct im_lang l;

	if (!im_lang_parse((struct im_str) { text, size }, "xx", &l))
		return 0;
	for (size_t i = 0; i < IM_COUNT(ids); i++) {
		struct im_str t = im_tr_span(&l, im_str(ids[i]));

		if (t.p != ids[i] && (t.p < text || t.p + t.n >= text + size || t.p[t.n] != '\0'))
			abort();
		if (strstr(im_tr_count(&l, ids[i], "%d messages", 7, &a), "%d"))
			abort();
		(void)im_tr_with(&l, ids[i], "%s%d", &a);
	}
	(void)im_date_long(&l, 1700000000, &a);
	(void)im_date_short(&l, 1700000000, 1690000000, &a);
	(void)im_size_for(&l, 123456, &a);
	im_arena_done(&a);
	return 0;
}
