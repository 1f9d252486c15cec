/*
 * fuzz_recipient.c - a directory's answer to the resolver: the message, and its entry as a recipient
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "directory/ldapmsg.h"
#include "directory/ldaprecipient.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count(const char *const *names)
{
	size_t n = 0;

	for (; names[n]; n++)
		if (names[n][0] == '\0')
			abort(); /* a member without a name */
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_recipient r = { 0 };
	struct im_arena a = { 0 };
	struct im_err err = { 0 };
	struct im_str attributes;
	bool done;

	char *copy = malloc(size ? size : 1);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	struct im_str msg = { copy, size };
	enum im_status st = im_ldap_answer(msg, IM_LDAP_ID_SEARCH, &done, &attributes, &err);
	if (st == IM_OK && !done)
		st = im_ldap_recipient(attributes, "dc=example,dc=org", &a, &r, &err);
	if (st != IM_OK && err.msg[0] == '\0')
		abort(); /* a failure without a reason */
	if (st == IM_OK && !done) {
		if (r.name[0] == '\0' || !r.mail || !r.owner || !r.language || !r.description)
			abort();
		if (count(r.members) > IM_LIST_MAX || count(r.outside) > IM_LIST_MAX ||
		    count(r.owners) > IM_LIST_MAX)
			abort();
	}
	im_arena_done(&a);
	free(copy);
	return 0;
}
