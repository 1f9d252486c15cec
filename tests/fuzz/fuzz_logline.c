/*
 * fuzz_logline.c - lines of the mail log: whatever is found lies within its line
 *
 * SPDX-License-Identifier: ISC
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mta/logline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
within(struct im_str part, struct im_str whole)
{
	assert(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1);
	struct im_str line = { copy, size }, id;
	struct im_logline l;

	assert(copy);
	memcpy(copy, data, size);
	if (im_logline_parse(line, &l)) {
		const struct im_str parts[] = { l.stamp, l.id, l.from, l.to, l.orig_to, l.host, l.dsn,
			l.status, l.more, l.user, l.mailbox };

		for (size_t i = 0; i < IM_COUNT(parts); i++)
			within(parts[i], line);
		assert(l.id.n >= 6 && l.id.n <= 32);
		assert(im_logline_time(l.stamp, 1795520418) >= INT64_C(-62200000000));
		assert(im_str_is(l.id, "NOQUEUE") || !im_logline_id(line, &id) || im_str_eq(id, l.id));
	}
	free(copy);
	return 0;
}
