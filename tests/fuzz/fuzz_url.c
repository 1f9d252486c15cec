/*
 * fuzz_url.c - any bytes as an URL of a mail, and as the text of a link
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/html_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const scheme[] = {
	[IM_URL_HTTP] = "http://",
	[IM_URL_HTTPS] = "https://",
	[IM_URL_MAILTO] = "mailto:",
	[IM_URL_TEL] = "tel:",
	[IM_URL_ANCHOR] = "#",
	[IM_URL_CID] = "cid:",
	[IM_URL_DATA_IMAGE] = "data:image/",
};

static void
check_ascii(struct im_str host)
{
	struct im_buf b;
	im_buf_init(&b, 16 * host.n + 64);
	im_html_host_ascii(host, &b);
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] & 0x80)
			abort();
	if (b.full)
		abort();
	im_buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_arena a = { 0 };
	struct im_str raw = { (const char *)data, size }, clean, again;
	enum im_url_kind k = im_html_url(&a, raw, &clean);
	if (k != IM_URL_BAD) {
		if (!im_str_startsi(clean, scheme[k]))
			abort();
		for (size_t i = 0; i < clean.n; i++)
			if ((unsigned char)clean.p[i] < 0x20 ||
			    (k != IM_URL_CID && strchr(" \"<>\\^`{|}", clean.p[i])))
				abort();
		/* what is clean stays so and is the same; encoding may only make it too long */
		if (clean.n <= IM_HTML_URL_MAX &&
		    (im_html_url(&a, clean, &again) != k || !im_str_eq(clean, again)))
			abort();
		struct im_str host = im_html_url_host(clean);
		if ((k == IM_URL_HTTP || k == IM_URL_HTTPS) && !host.n)
			abort();
		if (k != IM_URL_MAILTO && host.n && host.p[0] != '[' && im_html_host_differs(host, host))
			abort();
		check_ascii(host);
		(void)im_html_host_differs(raw, host);
	}
	(void)im_html_host_differs(raw, IM_STR("bank.example"));
	im_arena_done(&a);
	return 0;
}
