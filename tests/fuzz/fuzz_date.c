/*
 * fuzz_date.c - the Date field: what is read is a date between the years 1000 and 10000
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1), text[20];
	int64_t t;

	assert(copy);
	memcpy(copy, data, size);
	if (im_date_parse((struct im_str) { copy, size }, &t)) {
		assert(t > INT64_C(-31000000000) && t < INT64_C(253500000000));
		im_date_local(t, text);
		assert(strlen(text) == 19);
	}
	free(copy);
	return 0;
}
