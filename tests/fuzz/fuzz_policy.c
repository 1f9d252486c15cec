/*
 * fuzz_policy.c - what a client of the policy server sends, whole and cut at a place of the fuzzer's choosing
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* feed_all - every request of the bytes; the last one in *ret. How many there were, -1 when it is not the protocol */
static int
feed_all(struct im_policy_parser *p, const char *bytes, size_t n, struct im_policy_request *ret)
{
	int requests = 0;

	while (n > 0) {
		bool whole;
		size_t taken = im_policy_feed(p, bytes, n, &whole);
		if (p->bad)
			return -1;
		if (taken == 0 || taken > n)
			abort(); /* it would never end */
		if (whole) {
			requests++;
			*ret = p->request;
			if (strlen(ret->sender) > 320 || strlen(ret->recipient) > 320)
				abort();
		}
		bytes += taken;
		n -= taken;
	}
	return requests;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct im_policy_parser one, two;
	struct im_policy_request a = { 0 }, b = { 0 };

	if (size < 1)
		return 0;
	size_t cut = data[0] < size ? data[0] : size - 1;
	char *copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data + 1, size - 1);
	im_policy_begin(&one);
	im_policy_begin(&two);
	int n = feed_all(&one, copy, size - 1, &a), first = feed_all(&two, copy, cut, &b);
	int rest = first < 0 ? first : feed_all(&two, copy + cut, size - 1 - cut, &b);
	/* where the bytes are cut makes no difference */
	if ((n < 0) != (rest < 0) || (n >= 0 && (first + rest != n || memcmp(&a, &b, sizeof(a)) != 0)))
		abort();
	free(copy);
	return 0;
}
