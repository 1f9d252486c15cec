/*
 * fuzz_text.c - any bytes as plain text mail: no word is lost, and links lead where they say
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* bytes that are neither white space nor quote marks */
static size_t
words(struct im_str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += !memchr(" \t\n>", s.p[i], 4);
	return n;
}

static size_t
check_run(const struct im_value *run)
{
	struct im_str text = im_v_get(run, IM_STR("text"))->u.s;
	const struct im_value *url = im_v_get(run, IM_STR("link_url"));
	if (!text.n)
		abort();
	if (!url)
		return words(text);
	struct im_str u = url->u.s;
	if (!im_str_startsi(u, "http://") && !im_str_startsi(u, "https://") && !im_str_startsi(u, "mailto:"))
		abort();
	if (u.n < text.n || !im_str_eq((struct im_str) { u.p + (u.n - text.n), text.n }, text))
		abort();
	return words(text);
}

static void
check(struct im_str in, bool flowed, bool delsp)
{
	struct im_arena a = { 0 };
	struct im_value *arr = im_v_array(&a);
	size_t seen = 0;
	im_text_model(&a, in, flowed, delsp, arr);
	if (arr->u.c.n > IM_TEXT_BLOCKS_MAX + 1)
		abort();
	for (const struct im_value *b = arr->u.c.first; b; b = b->next) {
		int64_t q = im_v_get(b, IM_STR("quote"))->u.i;
		if (q < 0 || q > IM_TEXT_QUOTE_MAX)
			abort();
		for (const struct im_value *r = im_v_get(b, IM_STR("runs"))->u.c.first; r; r = r->next)
			seen += check_run(r);
	}
	if (seen != words(in))
		abort();
	im_arena_done(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_str in = { (const char *)data, size };
	check(in, false, false);
	check(in, true, false);
	check(in, true, true);
	return 0;
}
