/*
 * fuzz_form.c - any bytes as the target and the form of a request
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *s)
{
	if (!im_utf8_valid(im_str(s)))
		abort();
}

static void
check_form(struct im_str text, struct im_arena *a)
{
	struct im_form f;
	struct im_err err;

	if (im_form_parse(text, IM_FIELDS_MAX, a, &f, &err) != IM_OK)
		return;
	for (size_t i = 0; i < f.n; i++) {
		check_text(f.fields[i].name);
		check_text(f.fields[i].value);
		/* what we encode is read back as it was */
		const char *enc = im_url_segment(a, f.fields[i].value),
			   *dec = im_percent_decode(im_str(enc), true, a);

		if (!dec || strcmp(dec, f.fields[i].value) != 0)
			abort();
	}
}

static void
check_target(struct im_str text, struct im_arena *a)
{
	struct im_wire w = { .uri = im_arena_strndup(a, text.p, text.n) };
	struct im_request r = { .arena = a };
	struct im_path path;
	struct im_err err;
	int http = 0;

	if (im_request_target(&w, &r, &path, &http, &err) != IM_OK) {
		if (http < 400)
			abort();
		return;
	}
	for (size_t i = 0; i < path.n; i++) {
		check_text(path.seg[i]);
		if (!path.seg[i][0] || strcmp(path.seg[i], "..") == 0 || strchr(path.seg[i], '/'))
			abort();
		for (const char *p = path.seg[i]; *p; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_str text = { (const char *)data, size };
	struct im_arena a = { 0 };

	check_form(text, &a);
	check_target(text, &a);
	if (im_url_local(im_arena_strndup(&a, text.p, text.n)) &&
	    (size < 6 || memcmp(data, "/mail/", 6) != 0))
		abort();
	im_arena_done(&a);
	return 0;
}
