/*
 * html_text.c - what can be said of an HTML part without the parser library: its text, and whether it would fetch things
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html.h"

#include <string.h>

#include "web/html_int.h"

/* --- text --- */

/* what an element does to the flow of text */
enum flow { FLOW_NONE, FLOW_LINE, FLOW_PARAGRAPH, FLOW_BREAK, FLOW_CELL, FLOW_ITEM, FLOW_PRE };

static enum flow
flow_of(struct im_str name)
{
	static const struct {
		const char *name;
		enum flow flow;
	} table[] = {
		{ "br", FLOW_BREAK },
		{ "p", FLOW_PARAGRAPH },
		{ "div", FLOW_LINE },
		{ "td", FLOW_CELL },
		{ "tr", FLOW_LINE },
		{ "table", FLOW_LINE },
		{ "li", FLOW_ITEM },
		{ "th", FLOW_CELL },
		{ "h1", FLOW_PARAGRAPH },
		{ "h2", FLOW_PARAGRAPH },
		{ "h3", FLOW_PARAGRAPH },
		{ "h4", FLOW_PARAGRAPH },
		{ "h5", FLOW_PARAGRAPH },
		{ "h6", FLOW_PARAGRAPH },
		{ "ul", FLOW_LINE },
		{ "ol", FLOW_LINE },
		{ "dl", FLOW_LINE },
		{ "dt", FLOW_LINE },
		{ "dd", FLOW_LINE },
		{ "pre", FLOW_PRE },
		{ "blockquote", FLOW_PARAGRAPH },
		{ "hr", FLOW_PARAGRAPH },
		{ "center", FLOW_LINE },
		{ "section", FLOW_LINE },
		{ "article", FLOW_LINE },
		{ "header", FLOW_LINE },
		{ "footer", FLOW_LINE },
		{ "address", FLOW_LINE },
		{ "body", FLOW_LINE },
		{ "form", FLOW_LINE },
		{ "caption", FLOW_LINE },
		{ "figure", FLOW_LINE },
	};
	for (size_t i = 0; i < IM_COUNT(table); i++)
		if (im_str_isi(name, table[i].name))
			return table[i].flow;
	return FLOW_NONE;
}

struct writer {
	struct im_buf *out;
	size_t start, max;
	int newlines; /* wanted before the next word; two at most */
	bool space;   /* the same for a space */
	bool item;    /* the next word begins a list item */
	int pre;      /* depth of <pre> */
};

static void
want_lines(struct writer *w, int n)
{
	if (w->newlines < n)
		w->newlines = n;
	w->space = false;
}

static void
flush_white(struct writer *w)
{
	if (w->out->n > w->start) {
		for (int i = 0; i < w->newlines; i++)
			im_buf_addc(w->out, '\n');
		if (!w->newlines && w->space)
			im_buf_addc(w->out, ' ');
	}
	if (w->item)
		im_buf_adds(w->out, "* ");
	w->newlines = 0;
	w->space = w->item = false;
}

static void
write_text(struct writer *w, struct im_str s)
{
	size_t i = 0;
	while (i < s.n && w->out->n - w->start <= w->max) {
		size_t start = i;
		while (i < s.n && (unsigned char)s.p[i] > ' ')
			i++;
		if (i > start) {
			flush_white(w);
			im_buf_add(w->out, s.p + start, i - start);
		}
		for (; i < s.n && (unsigned char)s.p[i] <= ' '; i++) {
			if (w->pre && s.p[i] == '\n')
				w->newlines += w->newlines < 2;
			else
				w->space = true;
		}
	}
}

static void
write_tag(struct writer *w, const struct im_tok *t)
{
	bool start = t->kind == IM_TOK_START;
	switch (flow_of(t->name)) {
	case FLOW_BREAK:
		if (start)
			w->newlines += w->newlines < 2;
		w->space = false;
		break;
	case FLOW_LINE:
		want_lines(w, 1);
		break;
	case FLOW_PRE:
		w->pre += start ? 1 : w->pre ? -1 : 0;
		want_lines(w, 2);
		break;
	case FLOW_PARAGRAPH:
		want_lines(w, 2);
		break;
	case FLOW_ITEM:
		want_lines(w, 1);
		w->item = start;
		break;
	case FLOW_CELL:
		w->space = true;
		break;
	case FLOW_NONE:
		break;
	}
}

void
im_html_text(struct im_str html, size_t max, struct im_buf *out)
{
	struct writer w = { .out = out, .start = out->n, .max = max };
	struct im_lex l;
	struct im_tok t;
	im_lex_init(&l, html);
	while (out->n - w.start <= max && !out->full && im_lex_next(&l, &t)) {
		if (t.kind == IM_TOK_TEXT && !t.raw) {
			struct im_buf plain;
			im_buf_init(&plain, t.text.n * 3 + 8);
			im_html_unescape(t.text, &plain);
			write_text(&w, im_buf_str(&plain));
			im_buf_done(&plain);
		} else if (t.kind == IM_TOK_START || t.kind == IM_TOK_END) {
			write_tag(&w, &t);
		}
	}
	if (out->n - w.start > max) {
		out->n = w.start + im_utf8_cut((struct im_str) { out->p + w.start, out->n - w.start }, max);
		out->p[out->n] = 0;
	}
}

/* --- remote content --- */

/* is it an URL with a host? Controls and spaces before and within the scheme count for nothing, as in browsers */
static bool
is_remote(struct im_str value)
{
	char head[10] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < value.n && n < sizeof(head) - 1; i++)
		if ((unsigned char)value.p[i] > ' ')
			head[n++] = value.p[i];
	struct im_str s = { head, n };
	return im_str_startsi(s, "http:") || im_str_startsi(s, "https:") || im_str_starts(s, "//");
}

static bool
attr_is_remote(struct im_str value)
{
	struct im_buf b;
	im_buf_init(&b, value.n * 3 + 8);
	im_html_unescape(value, &b);
	bool remote = is_remote(im_buf_str(&b));
	im_buf_done(&b);
	return remote;
}

bool
im_html_has_remote(struct im_str html)
{
	struct im_lex l;
	struct im_tok t;
	struct im_str name, value;
	im_lex_init(&l, html);
	while (im_lex_next(&l, &t)) {
		if (t.kind != IM_TOK_START || (!im_str_isi(t.name, "img") && !im_str_isi(t.name, "image")))
			continue;
		while (im_lex_attr(&t.attrs, &name, &value))
			if (im_str_isi(name, "src") && attr_is_remote(value))
				return true;
	}
	return false;
}

static int
css_refs(struct im_str css)
{
	int n = 0;
	while (css.n) {
		const char *at = memmem(css.p, css.n, "url(", 4);
		if (!at)
			break;
		css = (struct im_str) { at + 4, css.n - (size_t)(at + 4 - css.p) };
		struct im_str url = css;
		while (url.n && (url.p[0] == ' ' || url.p[0] == '"' || url.p[0] == '\'' || url.p[0] == '&')) {
			size_t skip = im_str_starts(url, "&quot;") ? 6 : im_str_starts(url, "&#39;") ? 5 : 1;
			url = (struct im_str) { url.p + skip, url.n - skip };
		}
		n += is_remote(url);
	}
	return n;
}

int
im_html_remote_refs(struct im_str html)
{
	int n = 0;
	struct im_lex l;
	struct im_tok t;
	struct im_str name, value;
	im_lex_init(&l, html);
	while (im_lex_next(&l, &t)) {
		if (t.kind == IM_TOK_TEXT && t.raw)
			n += css_refs(t.text);
		if (t.kind != IM_TOK_START)
			continue;
		while (im_lex_attr(&t.attrs, &name, &value)) {
			if (im_str_isi(name, "src") || im_str_isi(name, "background"))
				n += attr_is_remote(value);
			else if (im_str_isi(name, "style"))
				n += css_refs(value);
		}
	}
	return n;
}
