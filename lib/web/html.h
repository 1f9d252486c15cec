/*
 * html.h - HTML mail made harmless: an HTML5 parser (gumbo), a closed list, our own serializer
 *
 * The list of elements, attributes, URL schemes and CSS properties is notes of ARCHITECTURE.md, "HTML mail". Nothing is
 * edited after serializing. The page shows the result in a sandboxed frame with a policy of its own besides.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HTML_H
#define IM_HTML_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	IM_HTML_MAX_IN = 1024 * 1024, IM_HTML_MAX_OUT = 4 * 1024 * 1024,
	IM_HTML_MAX_DEPTH = 256, IM_HTML_MAX_ATTRS = 64, IM_HTML_MAX_TAGS = 100000
};

struct im_html_opts {
	bool remote;    /* keep https: images */
	/* gives a data: URL (appended to out) for a cid: image; false: drop the image */
	bool (*cid)(void *arg, struct im_str cid, struct im_buf *out);
	void *arg;
};
struct im_html_report { int remote_blocked; bool cut; };

/* im_html_clean - a body fragment, UTF-8 in and out. IM_INVALID when over the limits (the caller shows the text) */
enum im_status im_html_clean(struct im_str html, const struct im_html_opts *o, struct im_buf *out, struct im_html_report *rep, struct im_err *err) IM_MUSTUSE;

/* im_html_text - what an HTML part says, as plain text (snippets, the --text of intimail-message) */
void im_html_text(struct im_str html, size_t max, struct im_buf *out);

#endif
