/*
 * fuzz_rules.c - any bytes as a person's rules: refused, or printed so that they are read the same, and judged
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>

#include "mail/rules_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct im_arena a = { 0 };
	struct im_err err = { 0 };
	struct im_rules r;
	struct im_verdict v;
	struct im_buf one, two;

	im_buf_init(&one, 2 * IM_RULES_FILE_MAX);
	im_buf_init(&two, 2 * IM_RULES_FILE_MAX);
	if (im_rules_parse((struct im_str) { (const char *)data, n }, &a, &r, &err) == IM_OK) {
		im_rules_print(&r, &one);
		if (one.n <= IM_RULES_FILE_MAX) {
			if (im_rules_parse(im_buf_str(&one), &a, &r, &err) != IM_OK)
				abort();
			im_rules_print(&r, &two);
			if (!im_str_eq(im_buf_str(&one), im_buf_str(&two)))
				abort();
		}
		const struct im_rule_message m = { .from = r.signature,
			.to = r.vacation_text,
			.cc = r.vacation_subject,
			.subject = r.forward,
			.list_id = "" };
		im_rules_judge(&r, &m, 0, &v);
		if (!v.keep && v.nforward == 0)
			abort(); /* lost */
	} else if (err.msg[0] == '\0') {
		abort();
	}
	im_buf_done(&one);
	im_buf_done(&two);
	im_arena_done(&a);
	return 0;
}
