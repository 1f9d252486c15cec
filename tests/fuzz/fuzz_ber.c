/*
 * fuzz_ber.c - whatever a directory server sends: framing, the bind's answer, the search's answers
 *
 * The input is a stream, cut into messages as dirlite.c does it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "directory/ldapmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_ldap_found found = { 0 };
	struct im_err err = { 0 };
	bool done = false;

	for (int n = 0; size > 0 && !done; n++) {
		long len = im_ber_frame(data, size, IM_LDAP_MSG_MAX);
		if (len <= 0 || (size_t)len > size)
			break;
		char *copy = malloc((size_t)len);
		if (copy == NULL)
			break;
		memcpy(copy, data, (size_t)len);
		struct im_str msg = { copy, (size_t)len };
		enum im_status st =
		    n == 0 ? im_ldap_bind_answer(msg, &err) : im_ldap_search_answer(msg, &found, &done, &err);
		free(copy);
		if (st != IM_OK && err.msg[0] == '\0')
			abort(); /* a failure without a reason */
		if (st == IM_OK && n > 0 && found.user.uid[0] == '\0')
			abort(); /* a person without a name */
		if (st != IM_OK && n > 0)
			break;
		data += len;
		size -= (size_t)len;
	}
	return 0;
}
