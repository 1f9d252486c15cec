/*
 * fuzz_template.c - any bytes as a template, and as the text that a template shows
 *
 * The input is cut at its first NUL: what is before it is the template, what is behind it a value and a partial.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
partial(void *arg, struct im_str name, struct im_str *ret)
{
	if (!im_str_is(name, "p"))
		return false;
	*ret = *(struct im_str *)arg;
	return true;
}

/* what is in a value never becomes markup */
static void
check_escape(struct im_str value)
{
	struct im_buf out;

	im_buf_init(&out, value.n * 6 + 1);
	im_html_escape(&out, value);
	if (out.full || out.n < value.n)
		abort();
	for (size_t i = 0; i < out.n; i++)
		if (strchr("<>\"'", out.p[i]) && out.p[i])
			abort();
	im_buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data, *cut = memchr(data, 0, size);
	struct im_str template = { text, cut ? (size_t)(cut - text) : size };
	struct im_str value = { cut ? cut + 1 : text, cut ? size - template.n - 1 : 0 };
	struct im_template_env env = { .partial = partial, .arg = &value, .strict = size % 2 };
	struct im_arena a = { 0 };
	struct im_value *m = im_v_object(&a), *list = im_v_set_array(&a, m, "l");
	struct im_err err;
	struct im_buf out;

	im_v_set_span(&a, m, "v", value);
	im_v_set_int(&a, m, "i", -1);
	im_v_set_null(&a, m, "n");
	im_v_set_bool(&a, m, "t", true);
	im_v_set_span(&a, im_v_set_object(&a, m, "o"), "v", value);
	for (int i = 0; i < 3; i++)
		im_v_set_int(&a, im_v_add_object(&a, list), "i", i);
	im_buf_init(&out, 64 * 1024);
	(void)!im_template_render(template, m, &env, &out, &err);
	check_escape(value);
	im_buf_done(&out);
	im_arena_done(&a);
	return 0;
}
