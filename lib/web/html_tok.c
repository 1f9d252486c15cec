/*
 * html_tok.c - a small linear HTML tokenizer (HTML Standard 13.2.5, without the states that a mail cannot tell apart)
 *
 * It serves what must be cheap or must happen before the parser library runs: the limits, "would this mail fetch
 * something?" and the plain text. It is no sanitizer: what is shown always goes through the real parser.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <string.h>

#include "web/html.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void
im_lex_init(struct im_lex *l, struct im_str html)
{
	*l = (struct im_lex) { .p = html.p, .end = html.n ? html.p + html.n : html.p };
}

/* the value of an attribute, *pp at the first byte after '='; false when the file ends inside quotes */
static bool
attr_value(const char **pp, const char *end, struct im_str *value)
{
	const char *p = *pp;
	while (p < end && is_space(*p))
		p++;
	if (p < end && (*p == '"' || *p == '\'')) {
		const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
		if (!close) {
			*pp = end;
			return false;
		}
		*value = (struct im_str) { p + 1, (size_t)(close - p - 1) };
		*pp = close + 1;
		return true;
	}
	const char *start = p;
	while (p < end && !is_space(*p) && *p != '>')
		p++;
	*value = (struct im_str) { start, (size_t)(p - start) };
	*pp = p;
	return true;
}

/* one attribute at *pp; false at '>' or the end, *pp is left there */
static bool
attr_next(const char **pp, const char *end, struct im_str *name, struct im_str *value)
{
	const char *p = *pp;
	while (p < end && (is_space(*p) || *p == '/'))
		p++;
	*pp = p;
	if (p == end || *p == '>')
		return false;
	const char *start = p++; /* a leading '=' belongs to the name */
	while (p < end && !is_space(*p) && *p != '/' && *p != '>' && *p != '=')
		p++;
	*name = (struct im_str) { start, (size_t)(p - start) };
	*value = (struct im_str) { p, 0 };
	*pp = p;
	while (p < end && is_space(*p))
		p++;
	if (p == end || *p != '=')
		return true;
	*pp = p + 1;
	return attr_value(pp, end, value);
}

bool
im_lex_attr(struct im_str *attrs, struct im_str *name, struct im_str *value)
{
	if (!attrs->n)
		return false;
	const char *p = attrs->p, *end = attrs->p + attrs->n;
	bool got = attr_next(&p, end, name, value);
	*attrs = (struct im_str) { p, (size_t)(end - p) };
	return got;
}

/* elements whose content is one text (13.2.6.2); plaintext never ends */
static const char *const raw_names[] = { "script", "style", "title", "textarea", "xmp", "iframe", "noembed",
	"noframes", "plaintext" };

static void
start_raw(struct im_lex *l, struct im_str name)
{
	for (size_t i = 0; i < IM_COUNT(raw_names); i++)
		if (im_str_isi(name, raw_names[i]))
			memcpy(l->raw, raw_names[i], strlen(raw_names[i]) + 1);
}

/* everything up to </raw */
static void
take_raw(struct im_lex *l, struct im_tok *t)
{
	size_t n = strlen(l->raw);
	const char *p = l->p;
	while (p < l->end) {
		p = memchr(p, '<', (size_t)(l->end - p));
		if (!p)
			break;
		struct im_str name = { p + 2, n };
		if ((size_t)(l->end - p) > n + 2 && p[1] == '/' && im_str_isi(name, l->raw) &&
		    !is_letter(p[n + 2]) && strcmp(l->raw, "plaintext") != 0)
			break;
		p++;
	}
	if (!p)
		p = l->end;
	*t = (struct im_tok) { .kind = IM_TOK_TEXT, .text = { l->p, (size_t)(p - l->p) }, .raw = true };
	l->p = p;
	l->raw[0] = 0;
}

/* a start or end tag, l->p at its '<', name at 'p'; false when the file ends within: such a tag is none */
static bool
take_tag(struct im_lex *l, const char *p, struct im_tok *t)
{
	const char *name = p;
	while (p < l->end && !is_space(*p) && *p != '/' && *p != '>')
		p++;
	t->name = (struct im_str) { name, (size_t)(p - name) };
	const char *attrs = p;
	struct im_str n, v;
	while (attr_next(&p, l->end, &n, &v))
		t->nattrs++;
	if (p == l->end) {
		l->p = l->end;
		return false;
	}
	t->attrs = (struct im_str) { attrs, (size_t)(p - attrs) };
	l->p = p + 1;
	if (t->kind == IM_TOK_START)
		start_raw(l, t->name);
	return true;
}

/* "<!...", "<?..." or "</" without a name; l->p at '<' */
static void
take_other(struct im_lex *l, struct im_tok *t)
{
	const char *p = l->p + 2, *end = l->end;
	t->kind = IM_TOK_OTHER;
	if (end - l->p >= 4 && memcmp(l->p, "<!--", 4) == 0) {
		p = l->p + 4;
		if (p < end && *p == '>') {
			l->p = p + 1;
			return;
		}
		p -= 2; /* "<!-->" and "<!--->" are whole comments */
		while (p < end && (p = memmem(p, (size_t)(end - p), "--", 2))) {
			const char *q = p + 2;
			if (q < end && *q == '!' && p >= l->p + 4)
				q++;
			if (q < end && *q == '>') {
				l->p = q + 1;
				return;
			}
			p++;
		}
		l->p = end;
		return;
	}
	p = p < end ? memchr(p, '>', (size_t)(end - p)) : NULL;
	l->p = p ? p + 1 : end;
}

bool
im_lex_next(struct im_lex *l, struct im_tok *t)
{
	*t = (struct im_tok) { 0 };
	if (l->raw[0]) {
		take_raw(l, t);
		if (t->text.n)
			return true;
	}
	if (l->p >= l->end)
		return false;
	const char *p = l->p;
	if (*p == '<' && p + 1 < l->end) {
		if (is_letter(p[1])) {
			t->kind = IM_TOK_START;
			return take_tag(l, p + 1, t);
		}
		if (p[1] == '/' && p + 2 < l->end && is_letter(p[2])) {
			t->kind = IM_TOK_END;
			return take_tag(l, p + 2, t);
		}
		if (p[1] == '!' || p[1] == '?' || p[1] == '/') {
			take_other(l, t);
			return true;
		}
	}
	const char *lt = memchr(p + 1, '<', (size_t)(l->end - p - 1));
	l->p = lt ? lt : l->end;
	*t = (struct im_tok) { .kind = IM_TOK_TEXT, .text = { p, (size_t)(l->p - p) } };
	return true;
}

/* --- limits --- */

/* these close each other or themselves, so that leaving their end tags out, as old mail does, nests nothing */
static const char *const self_closing[] = { "p", "li", "dd", "dt", "tr", "td", "th", "tbody", "thead",
	"tfoot", "option", "optgroup", "colgroup", "html", "head", "body", "br", "img", "hr", "input", "meta",
	"link", "col", "wbr", "area", "base", "embed", "param", "source", "track", "script", "style", "title",
	"textarea" };

static unsigned
depth_weight(struct im_str name)
{
	if (im_str_isi(name, "table"))
		return 4; /* with tbody, tr and td */
	if (im_str_isi(name, "ul") || im_str_isi(name, "ol") || im_str_isi(name, "dl"))
		return 2;
	for (size_t i = 0; i < IM_COUNT(self_closing); i++)
		if (im_str_isi(name, self_closing[i]))
			return 0;
	return 1;
}

struct open_tags {
	struct im_str name[IM_HTML_MAX_DEPTH + 1];
	size_t n;
	unsigned depth;
};

static void
close_tag(struct open_tags *o, struct im_str name)
{
	size_t i = o->n;
	while (i > 0 && !im_str_eqi(o->name[i - 1], name))
		i--;
	if (i == 0)
		return;
	while (o->n >= i)
		o->depth -= depth_weight(o->name[--o->n]);
}

enum im_status
im_html_check(struct im_str html, struct im_err *err)
{
	if (html.n > IM_HTML_MAX_IN)
		return im_fail(
		    err, IM_INVALID, "HTML of %zu bytes is larger than %d", html.n, IM_HTML_MAX_IN);
	struct open_tags open;
	open.n = open.depth = 0;
	size_t tags = 0;
	struct im_lex l;
	struct im_tok t;
	im_lex_init(&l, html);
	while (im_lex_next(&l, &t)) {
		if (t.nattrs > IM_HTML_MAX_ATTRS)
			return im_fail(err, IM_INVALID, "HTML tag with %zu attributes, at most %d are read",
			    t.nattrs, IM_HTML_MAX_ATTRS);
		if (t.kind == IM_TOK_START || t.kind == IM_TOK_END)
			tags++;
		if (tags > IM_HTML_MAX_TAGS)
			return im_fail(err, IM_INVALID, "HTML of more than %d tags", IM_HTML_MAX_TAGS);
		if (t.kind == IM_TOK_END) {
			close_tag(&open, t.name);
			continue;
		}
		unsigned w = t.kind == IM_TOK_START ? depth_weight(t.name) : 0;
		if (!w)
			continue;
		open.depth += w;
		open.name[open.n++] = t.name;
		if (open.depth > IM_HTML_MAX_DEPTH)
			return im_fail(err, IM_INVALID, "HTML nested deeper than %d", IM_HTML_MAX_DEPTH);
	}
	return IM_OK;
}
