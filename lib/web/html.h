/*
 * html.h - HTML mail made harmless: an HTML5 parser (gumbo), a closed list, our own serializer
 *
 * The lists are tables: elements and attributes in html_list.c, URLs in html_url.c, CSS in html_css.c. Nothing is edited
 * after serializing. The page shows the result in a sandboxed frame with a policy of its own besides.
 *
 * Only im_html_clean needs the parser library: a program that calls just the others does not link it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HTML_H
#define IM_HTML_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	IM_HTML_MAX_IN = 1024 * 1024,
	IM_HTML_MAX_OUT = 4 * 1024 * 1024,
	IM_HTML_MAX_DEPTH = 256,
	IM_HTML_MAX_ATTRS = 64,
	IM_HTML_MAX_TAGS = 100000,
	IM_HTML_MAX_MEMORY = 192 * 1024 * 1024, /* of the parser's tree */
	IM_HTML_MAX_CPU_MS = 1000               /* of parsing */
};

struct im_html_opts {
	bool remote; /* keep remote images, fetched by https whatever the mail says */
	/* gives a data: URL (appended to out) for a cid: image; false: drop the image */
	bool (*cid)(void *arg, struct im_str cid, struct im_buf *out);
	void *arg;
};
struct im_html_report {
	int remote_blocked; /* images that were not kept because they are elsewhere */
	bool cut;           /* the output reached its limit; what is there is whole */
};

/*
 * im_html_clean - a body fragment, UTF-8 in and out. IM_INVALID when over the limits (the caller shows the text); out is
 * as before then. out needs room for IM_HTML_MAX_OUT bytes
 */
enum im_status im_html_clean(struct im_str html, const struct im_html_opts *o, struct im_buf *out,
    struct im_html_report *rep, struct im_err *err) IM_MUSTUSE;

/* im_html_text - what an HTML part says, as plain text of at most max bytes (snippets, the --text of intimail-message) */
void im_html_text(struct im_str html, size_t max, struct im_buf *out);

/* im_html_has_remote - would im_html_clean block an image? A quick scan that errs on the side of yes */
bool im_html_has_remote(struct im_str html);

/* im_html_remote_refs - remote URLs in src, background and url(): what the mail would fetch in a careless reader */
int im_html_remote_refs(struct im_str html);

#endif
