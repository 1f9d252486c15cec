/*
 * fuzz_json.c - any bytes as a JSON string: cJSON reads it back, and it is the input where that was UTF-8
 *
 * SPDX-License-Identifier: ISC
 */
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct im_str in = { (const char *)data, n };
	struct im_buf b;
	cJSON *j;
	size_t cut;

	im_buf_init(&b, 8 * n + 2);
	im_json_string(&b, in);
	if (b.full || !im_utf8_valid(im_buf_str(&b)))
		abort();
	j = cJSON_Parse(b.p);
	/* cJSON's strings end at a NUL */
	if (!j || !cJSON_IsString(j))
		abort();
	if (im_utf8_valid(in) && !memchr(data, 0, n) && !im_str_is(in, j->valuestring))
		abort();
	cut = im_utf8_cut(in, n / 2);
	if (cut > n / 2 || (im_utf8_valid(in) && !im_utf8_valid((struct im_str) { in.p, cut })))
		abort();
	cJSON_Delete(j);
	im_buf_done(&b);
	return 0;
}
