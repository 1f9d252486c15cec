/*
 * fuzz_html.c - any bytes as HTML mail; what comes out, read again, holds nothing that the lists do not know
 *
 * SPDX-License-Identifier: ISC
 */
#include <gumbo.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/html.h"
#include "web/html_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_url(const char *element, const GumboAttribute *a)
{
	struct im_arena arena = { 0 };
	struct im_str clean;
	enum im_url_kind k = im_html_url(&arena, im_str(a->value), &clean);
	if (strcmp(a->name, "href") == 0) {
		if (strcmp(element, "a") != 0 || k < IM_URL_HTTP || k > IM_URL_ANCHOR)
			abort();
	} else if (strcmp(element, "img") != 0 || (k != IM_URL_DATA_IMAGE && k != IM_URL_HTTPS)) {
		abort();
	}
	im_arena_done(&arena);
}

static void
check_style(const char *value)
{
	static const char *const never[] = { "url(", "expression", "@", "\\", "/*", "var(", "<", "{",
		"behavior", "binding", "position", "javascript" };
	for (size_t i = 0; i < IM_COUNT(never); i++) {
		const char *at = strcasestr(value, never[i]);
		/* words may be part of a font's name, in quotes or not, but no property or function */
		if (at && (!strchr("ebpj", never[i][0]) || at[strlen(never[i])] == ':' ||
			      at[strlen(never[i])] == '('))
			abort();
	}
	struct im_buf again;
	im_buf_init(&again, 2 * IM_CSS_STYLE_MAX);
	im_css_clean(im_str(value), -1, &again);
	if (strcmp(again.p, value) != 0 && strlen(value) < IM_CSS_STYLE_MAX / 2)
		abort();
	im_buf_done(&again);
}

static bool
attribute_ok(const GumboAttribute *a)
{
	if (strcmp(a->name, "class") == 0)
		return strcmp(a->value, "im-host") == 0 || strncmp(a->value, "im-m", 4) == 0;
	return im_html_attr_ok(a->name, im_str(a->value)) || strcmp(a->name, "target") == 0 ||
	       strcmp(a->name, "rel") == 0;
}

static void
check_element(const GumboElement *e)
{
	const char *name = gumbo_normalized_tagname(e->tag);
	/* the parser's own frame, which the output lives in */
	if (e->tag == GUMBO_TAG_HTML || e->tag == GUMBO_TAG_HEAD || e->tag == GUMBO_TAG_BODY) {
		if (e->attributes.length)
			abort();
		return;
	}
	if (e->tag_namespace != GUMBO_NAMESPACE_HTML)
		abort();
	if (e->tag == GUMBO_TAG_STYLE) { /* ours, see fuzz_css.c */
		const GumboNode *text = e->children.length ? e->children.data[0] : NULL;
		if (e->attributes.length || !text || strncmp(text->v.text.text, "@media screen", 13))
			abort();
		return;
	}
	if (e->tag != GUMBO_TAG_UNKNOWN && im_html_element(name) != IM_EL_KEEP)
		abort();
	for (unsigned i = 0; i < e->attributes.length; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		if (strcmp(a->name, "href") == 0 || strcmp(a->name, "src") == 0)
			check_url(name, a);
		else if (strcmp(a->name, "style") == 0)
			check_style(a->value);
		else if (!attribute_ok(a))
			abort();
	}
}

static void
check_tree(const GumboNode *n)
{
	if (n->type == GUMBO_NODE_COMMENT || n->type == GUMBO_NODE_CDATA || n->type == GUMBO_NODE_TEMPLATE)
		abort();
	if (n->type != GUMBO_NODE_ELEMENT)
		return;
	check_element(&n->v.element);
	for (unsigned i = 0; i < n->v.element.children.length; i++)
		check_tree(n->v.element.children.data[i]);
}

static bool
red_square(void *arg, struct im_str cid, struct im_buf *out)
{
	(void)arg;
	if (cid.n % 2)
		return false;
	im_buf_adds(out, "data:image/png;base64,UkVE");
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_str html = { (const char *)data, size };
	struct im_html_opts o = { .remote = size % 2, .cid = red_square };
	struct im_html_report rep;
	struct im_err err;
	struct im_buf out;
	im_buf_init(&out, IM_HTML_MAX_OUT);
	if (im_html_clean(html, &o, &out, &rep, &err) == IM_OK) {
		if (memchr(out.p, 0, out.n) || (o.remote && rep.remote_blocked))
			abort();
		GumboOutput *tree = gumbo_parse_with_options(&kGumboDefaultOptions, out.p, out.n);
		check_tree(tree->root);
		gumbo_destroy_output(&kGumboDefaultOptions, tree);
	} else if (out.n) {
		abort();
	}
	im_buf_clear(&out);
	im_html_text(html, size / 2, &out);
	if (out.n > size / 2)
		abort();
	(void)im_html_has_remote(html);
	(void)im_html_remote_refs(html);
	im_buf_done(&out);
	return 0;
}
