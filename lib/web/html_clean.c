/*
 * html_clean.c - the walk over the parser's tree and the serializer
 *
 * The tree is walked once, without recursion, and written anew: only listed elements with listed attributes, everything
 * escaped, every element closed. So what a browser reads back has no other element or attribute than the lists know,
 * whatever the parser made of the mail. Style sheets end up in style= (html_sheet.c).
 *
 * The parser works in a budget: its allocator counts bytes and looks at the CPU clock, and leaves by longjmp when either
 * is spent. It never frees, the arena goes as a whole; so deep trees cost no stack on the way out either.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web/html.h"

enum {
	NAME_LEN = 16,
	ATTRS_SHOWN = 64,
	CLOSE_RESERVE = 8 * 1024,      /* end tags of everything open */
	TAG_MAX = IM_HTML_MAX_OUT / 2, /* one start tag; its image may be 2 MiB as data: */
	LINK_TEXT_MAX = 512,
	LINK_NODES_MAX = 200, /* read of a link's text to compare it with its host */
	CLASSES_MAX = 1024,
	NAMES_LEN_MAX = 256 /* of class and id, for matching */
};

/* --- parsing --- */

struct budget {
	struct im_arena arena;
	int64_t cpu_end_ns;
	unsigned calls;
	jmp_buf spent;
};

static int64_t
cpu_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *
budget_alloc(void *arg, size_t n)
{
	struct budget *b = arg;
	if (b->arena.used + n > IM_HTML_MAX_MEMORY || (++b->calls % 512 == 0 && cpu_ns() > b->cpu_end_ns))
		longjmp(b->spent, 1);
	return im_arena_alloc(&b->arena, n);
}

static void
budget_free(void *arg, void *p)
{
	(void)arg;
	(void)p;
}

static const GumboOutput *
parse(struct budget *b, struct im_str html)
{
	GumboOptions o = kGumboDefaultOptions;
	o.allocator = budget_alloc;
	o.deallocator = budget_free;
	o.userdata = b;
	o.max_errors = 0;
	b->cpu_end_ns = cpu_ns() + (int64_t)IM_HTML_MAX_CPU_MS * 1000000;
	if (setjmp(b->spent))
		return NULL;
	return gumbo_parse_with_options(&o, html.p, html.n);
}

/* --- the walk --- */

struct level {
	const GumboVector *children;
	unsigned next;
	char close[NAME_LEN]; /* element to end after the children, "" = none */
	struct im_str host;   /* to show after a link */
	struct im_css_node css;
};

struct walk {
	const struct im_html_opts *opts;
	struct im_html_report *rep;
	struct im_arena *arena;
	struct im_sheet *sheet;
	struct im_buf *out;
	size_t out_start;
	struct im_buf tag, plain, important, classes; /* scratch */
	struct level level[IM_HTML_MAX_DEPTH + 8];
	int depth; /* of level[], -1 = done */
};

static void
escape(struct im_buf *out, struct im_str s)
{
	static const char special[] = "&<>\"'`";
	static const char *const as[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;", "&#96;" };
	size_t start = 0;
	for (size_t i = 0; i < s.n; i++) {
		const char *at = s.p[i] ? strchr(special, s.p[i]) : NULL;
		if (!at)
			continue;
		im_buf_add(out, s.p + start, i - start);
		im_buf_adds(out, as[at - special]);
		start = i + 1;
	}
	im_buf_add(out, s.p + start, s.n - start);
}

static void
attribute(struct im_buf *out, const char *name, struct im_str value)
{
	im_buf_addc(out, ' ');
	im_buf_adds(out, name);
	im_buf_adds(out, "=\"");
	escape(out, value);
	im_buf_addc(out, '"');
}

static struct im_str
attr(const GumboElement *e, const char *name, size_t max)
{
	const GumboAttribute *a = gumbo_get_attribute(&e->attributes, name);
	struct im_str v = im_str(a ? a->value : NULL);
	return v.n > max ? (struct im_str) { NULL, 0 } : v;
}

/* the element's name, lower case; of those that the parser has no number for as it was written */
static void
element_name(const GumboElement *e, char dst[static NAME_LEN])
{
	dst[0] = 0;
	if (e->tag != GUMBO_TAG_UNKNOWN) {
		if (!im_fmt(dst, NAME_LEN, "%s", gumbo_normalized_tagname(e->tag)))
			dst[0] = 0;
		return;
	}
	GumboStringPiece t = e->original_tag;
	gumbo_tag_from_original_text(&t);
	if (!t.data || t.length >= NAME_LEN)
		return;
	for (size_t i = 0; i < t.length; i++)
		dst[i] = (char)(t.data[i] >= 'A' && t.data[i] <= 'Z' ? t.data[i] + ('a' - 'A') : t.data[i]);
	dst[t.length] = 0;
}

static void
style_of(struct walk *w, const GumboElement *e, const struct im_css_node *css, bool body)
{
	struct im_str own = attr(e, "style", IM_CSS_STYLE_MAX);
	im_buf_clear(&w->plain);
	im_buf_clear(&w->important);
	im_buf_clear(&w->classes);
	if (body) { /* a body becomes a div, which has no such attributes */
		struct im_str bg = attr(e, "bgcolor", 32), fg = attr(e, "text", 32);
		if (bg.n && im_html_attr_ok("bgcolor", bg))
			im_buf_addf(&w->plain, "background-color:%.*s;", (int)bg.n, bg.p);
		if (fg.n && im_html_attr_ok("color", fg))
			im_buf_addf(&w->plain, "color:%.*s;", (int)fg.n, fg.p);
	}
	if (!im_sheet_empty(w->sheet))
		im_sheet_match(w->sheet, css, &w->plain, &w->important, &w->classes);
	if (own.n) {
		im_css_clean(own, 0, &w->plain);
		im_css_clean(own, 1, &w->important);
	}
	if (w->classes.n && !w->classes.full)
		attribute(&w->tag, "class", im_buf_str(&w->classes));
	im_buf_add_str(&w->plain, im_buf_str(&w->important));
	if (w->plain.n && !w->plain.full)
		attribute(&w->tag, "style", im_buf_str(&w->plain));
}

static void
image_source(struct walk *w, const GumboElement *e)
{
	struct im_str url, raw = attr(e, "src", SIZE_MAX);
	if (!raw.n)
		return;
	switch (im_html_url(w->arena, raw, &url)) {
	case IM_URL_HTTP:
	case IM_URL_HTTPS:
		if (!w->opts->remote) {
			w->rep->remote_blocked++;
			return;
		}
		if (im_str_startsi(url,
			"http:")) /* the frame's policy lets no other out, and so no one listens on the way */
			url = im_str(im_arena_fmt(w->arena, "https:%.*s", (int)(url.n - 5), url.p + 5));
		attribute(&w->tag, "src", url);
		return;
	case IM_URL_DATA_IMAGE:
		attribute(&w->tag, "src", url);
		return;
	case IM_URL_CID: {
		struct im_buf data;
		im_buf_init(&data, TAG_MAX);
		struct im_str cid = { url.p + 4, url.n - 4 };
		if (w->opts->cid && w->opts->cid(w->opts->arg, cid, &data) && !data.full)
			attribute(&w->tag, "src", im_buf_str(&data));
		im_buf_done(&data);
		return;
	}
	default:
		return;
	}
}

/* the text of a link, for comparing; as far as it is short */
static void
link_text(const GumboNode *link, struct im_buf *text)
{
	const GumboVector *kids[16];
	unsigned next[16], depth = 0, nodes = 0;
	kids[0] = &link->v.element.children;
	next[0] = 0;
	while (nodes++ < LINK_NODES_MAX) {
		if (next[depth] >= kids[depth]->length) {
			if (depth-- == 0)
				return;
			continue;
		}
		const GumboNode *n = kids[depth]->data[next[depth]++];
		if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE) {
			im_buf_adds(text, n->v.text.text);
		} else if (n->type == GUMBO_NODE_ELEMENT && depth + 1 < IM_COUNT(kids)) {
			depth++;
			kids[depth] = &n->v.element.children;
			next[depth] = 0;
		}
	}
}

static void
link_target(struct walk *w, const GumboNode *n, struct level *l)
{
	struct im_str url, raw = attr(&n->v.element, "href", IM_HTML_URL_MAX);
	enum im_url_kind kind = raw.n ? im_html_url(w->arena, raw, &url) : IM_URL_BAD;
	if (kind < IM_URL_HTTP || kind > IM_URL_ANCHOR)
		return;
	attribute(&w->tag, "href", url);
	if (kind == IM_URL_ANCHOR)
		return;
	im_buf_adds(&w->tag, " target=\"_blank\" rel=\"noopener noreferrer nofollow\"");
	struct im_buf text;
	im_buf_init(&text, LINK_TEXT_MAX);
	link_text(n, &text);
	struct im_str host = im_html_url_host(url);
	if (im_html_host_differs(im_buf_str(&text), host))
		l->host = host;
	im_buf_done(&text);
}

static void
start_tag(struct walk *w, const GumboNode *n, const char *name, struct level *l)
{
	const GumboElement *e = &n->v.element;
	bool body = strcmp(name, "body") == 0, img = strcmp(name, "img") == 0;
	im_buf_clear(&w->tag);
	im_buf_addc(&w->tag, '<');
	im_buf_adds(&w->tag, body ? "div" : name);
	for (unsigned i = 0; i < e->attributes.length && i < ATTRS_SHOWN; i++) {
		const GumboAttribute *a = e->attributes.data[i];
		struct im_str value = im_str(a->value);
		if (a->attr_namespace != GUMBO_ATTR_NAMESPACE_NONE || !im_html_attr_ok(a->name, value))
			continue;
		if (!body || strcmp(a->name, "lang") == 0 || strcmp(a->name, "dir") == 0)
			attribute(&w->tag, a->name, value);
	}
	style_of(w, e, &l->css, body);
	if (img)
		image_source(w, e);
	else if (strcmp(name, "a") == 0)
		link_target(w, n, l);
	im_buf_addc(&w->tag, '>');
}

/* append what is whole; false when the output has reached its limit */
static bool
put(struct walk *w, struct im_str s)
{
	if (w->tag.full || w->out->n - w->out_start + s.n > IM_HTML_MAX_OUT - CLOSE_RESERVE) {
		w->rep->cut = true;
		return false;
	}
	im_buf_add_str(w->out, s);
	return true;
}

static bool
text(struct walk *w, struct im_str s)
{
	const struct level *l = &w->level[w->depth];
	im_buf_clear(&w->tag);
	/* the parser takes one line end away after <pre> (13.1.2.5) */
	if (l->next == 1 && strcmp(l->close, "pre") == 0 && im_str_starts(s, "\n"))
		im_buf_addc(&w->tag, '\n');
	escape(&w->tag, s);
	return put(w, im_buf_str(&w->tag));
}

static void
end_level(struct walk *w)
{
	const struct level *l = &w->level[w->depth--];
	if (l->close[0])
		im_buf_addf(w->out, "</%s>", l->close);
	if (l->host.n && !w->rep->cut) {
		im_buf_clear(&w->tag);
		im_buf_adds(&w->tag, "<bdi class=\"im-host\" dir=\"ltr\">[");
		im_buf_clear(&w->plain);
		im_html_host_ascii(l->host, &w->plain);
		escape(&w->tag, im_buf_str(&w->plain));
		im_buf_adds(&w->tag, "]</bdi>");
		(void)put(w, im_buf_str(&w->tag));
	}
}

enum step { GO_ON, STOP, TOO_DEEP };

static enum step
element(struct walk *w, const GumboNode *n)
{
	const GumboElement *e = &n->v.element;
	char name[NAME_LEN];
	element_name(e, name);
	bool body = e->tag == GUMBO_TAG_BODY;
	enum im_el_rule rule = e->tag_namespace != GUMBO_NAMESPACE_HTML ? IM_EL_DROP : im_html_element(name);
	if (rule == IM_EL_DROP)
		return GO_ON;
	if (w->depth + 1 == IM_COUNT(w->level))
		return TOO_DEEP;
	struct level *l = &w->level[w->depth + 1];
	*l = (struct level) { .children = &e->children };
	l->css = (struct im_css_node) { .parent = w->depth < 0 ? NULL : &w->level[w->depth].css,
		.tag = im_str(gumbo_normalized_tagname(e->tag)),
		.id = attr(e, "id", NAMES_LEN_MAX),
		.klass = attr(e, "class", NAMES_LEN_MAX) };
	if (rule == IM_EL_KEEP || body) {
		start_tag(w, n, name, l);
		if (!put(w, im_buf_str(&w->tag)))
			return STOP;
		if (im_html_void(name))
			return GO_ON;
		memcpy(l->close, body ? "div" : name, body ? sizeof("div") : strlen(name) + 1);
	}
	w->depth++;
	return GO_ON;
}

static enum step
walk_tree(struct walk *w, const GumboNode *root)
{
	w->depth = -1;
	enum step s = element(w, root);
	while (s == GO_ON && w->depth >= 0) {
		struct level *l = &w->level[w->depth];
		if (l->next == l->children->length) {
			end_level(w);
			continue;
		}
		const GumboNode *n = l->children->data[l->next++];
		if (n->type == GUMBO_NODE_ELEMENT)
			s = element(w, n);
		else if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE)
			s = text(w, im_str(n->v.text.text)) ? GO_ON : STOP;
	}
	while (w->depth >= 0)
		end_level(w);
	return s;
}

/* --- style sheets: in the head or anywhere --- */

static enum step
collect_sheets(struct walk *w, const GumboNode *root)
{
	struct level *top = &w->level[0];
	int depth = 0;
	*top = (struct level) { .children = &root->v.element.children };
	while (depth >= 0) {
		struct level *l = &w->level[depth];
		if (l->next == l->children->length) {
			depth--;
			continue;
		}
		const GumboNode *n = l->children->data[l->next++];
		if (n->type != GUMBO_NODE_ELEMENT || n->v.element.tag_namespace != GUMBO_NAMESPACE_HTML)
			continue;
		const GumboVector *kids = &n->v.element.children;
		if (n->v.element.tag == GUMBO_TAG_STYLE) {
			const GumboNode *t = kids->length ? kids->data[0] : NULL;
			if (t && t->type == GUMBO_NODE_TEXT)
				im_sheet_add(w->sheet, im_str(t->v.text.text));
		} else if (kids->length) {
			if (depth + 1 == IM_COUNT(w->level))
				return TOO_DEEP;
			w->level[++depth] = (struct level) { .children = kids };
		}
	}
	return GO_ON;
}

static enum step
clean_tree(struct walk *w, const GumboNode *root)
{
	im_buf_init(&w->tag, TAG_MAX * 2);
	im_buf_init(&w->plain, IM_CSS_STYLE_MAX);
	im_buf_init(&w->important, IM_CSS_STYLE_MAX);
	im_buf_init(&w->classes, CLASSES_MAX);
	w->sheet = im_sheet_new(w->arena);
	w->out_start = w->out->n;
	enum step s = collect_sheets(w, root);
	if (s == GO_ON) {
		im_sheet_style(w->sheet, w->out);
		s = walk_tree(w, root);
	}
	im_buf_done(&w->tag);
	im_buf_done(&w->plain);
	im_buf_done(&w->important);
	im_buf_done(&w->classes);
	return s;
}

enum im_status
im_html_clean(struct im_str html, const struct im_html_opts *o, struct im_buf *out,
    struct im_html_report *rep, struct im_err *err)
{
	enum im_status st = im_html_check(html, err);
	if (st != IM_OK)
		return st;
	size_t before = out->n;
	struct im_html_report report = { 0 };
	struct budget *b = im_calloc(1, sizeof(*b));
	struct walk *w = im_calloc(1, sizeof(*w));
	struct im_arena arena = { 0 };
	*w = (struct walk) { .opts = o, .rep = &report, .arena = &arena, .out = out };
	const GumboOutput *tree = parse(b, html.n ? html : IM_STR(""));
	if (!tree)
		st = im_fail(err, IM_INVALID, "HTML takes too much memory or time to read");
	else if (clean_tree(w, tree->root) == TOO_DEEP)
		st = im_fail(err, IM_INVALID, "HTML nested deeper than %d", IM_HTML_MAX_DEPTH);
	else if (out->full)
		st = im_fail(err, IM_INVALID, "HTML of more than %zu bytes when cleaned", out->max);
	if (st == IM_OK)
		*rep = report;
	else if (out->cap) {
		out->n = before;
		out->p[before] = 0;
	}
	im_arena_done(&arena);
	im_arena_done(&b->arena);
	free(b);
	free(w);
	return st;
}
