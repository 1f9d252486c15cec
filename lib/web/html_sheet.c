/*
 * html_sheet.c - <style> blocks of a mail: simple rules, so that their declarations can move into style=
 *
 * The blocks themselves are never shown. Of a sheet we read rules with selectors of types, classes and ids, alone or as
 * "a b" and "a > b" (CSS 2.1 5); anything else (pseudo-classes, attributes) is passed over. What a rule says has been
 * through im_css_clean before it is kept. Rules that count for some widths only cannot move into style=: html_media.c.
 *
 * Work is bounded: a hostile sheet runs out of rules or steps and the rest of the mail is shown without it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_sheet.h"

#include <string.h>

struct im_sheet *
im_sheet_new(struct im_arena *a)
{
	struct im_sheet *s = im_arena_alloc(a, sizeof(*s));
	s->arena = a;
	return s;
}

bool
im_sheet_empty(const struct im_sheet *s)
{
	return s->count == 0;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool
is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_' || (c & 0x80);
}

unsigned
im_sheet_bucket(char kind, struct im_str name)
{
	unsigned h = (unsigned char)kind;
	for (size_t i = 0; i < name.n; i++)
		h = h * 31 + ((unsigned char)name.p[i] | 0x20);
	return h % IM_SHEET_BUCKETS;
}

static unsigned
selector_bucket(const struct im_selector *s)
{
	const struct im_compound *last = &s->c[s->n - 1];
	if (last->id.n)
		return im_sheet_bucket('#', last->id);
	if (last->nklass)
		return im_sheet_bucket('.', last->klass[0]);
	return im_sheet_bucket(last->tag.n ? 't' : '*', last->tag);
}

/* one compound at *p: "td.x#y"; false when it holds what we do not read */
static bool
parse_compound(struct im_str *s, struct im_compound *c, unsigned *weight)
{
	bool any = false;
	while (s->n && !is_space(s->p[0]) && s->p[0] != '>') {
		char kind = s->p[0];
		size_t skip = is_name(kind) ? 0 : 1, n = skip;
		while (n < s->n && is_name(s->p[n]))
			n++;
		struct im_str name = { s->p + skip, n - skip };
		if (!skip && !any) {
			c->tag = name;
			*weight += 1;
		} else if (kind == '#' && name.n && !c->id.n) {
			c->id = name;
			*weight += 10000;
		} else if (kind == '.' && name.n && c->nklass < IM_SHEET_NAMES_MAX) {
			c->klass[c->nklass++] = name;
			*weight += 100;
		} else if (kind != '*' || any || name.n) {
			return false;
		}
		any = true;
		*s = (struct im_str) { s->p + n, s->n - n };
	}
	return any;
}

static bool
parse_selector(struct im_str text, struct im_selector *ret)
{
	*ret = (struct im_selector) { 0 };
	bool child = false;
	for (text = im_str_trim(text); text.n; text = im_str_trim(text)) {
		if (text.p[0] == '>') {
			if (child || !ret->n)
				return false;
			child = true;
			text = (struct im_str) { text.p + 1, text.n - 1 };
			continue;
		}
		if (ret->n == IM_SHEET_COMPOUNDS_MAX)
			return false;
		struct im_compound *c = &ret->c[ret->n++];
		c->child = child;
		child = false;
		if (!parse_compound(&text, c, &ret->weight))
			return false;
	}
	return ret->n && !child;
}

static struct im_str
cleaned(struct im_sheet *s, struct im_str decls, int important)
{
	struct im_buf b;
	im_buf_init(&b, IM_SHEET_DECLS_MAX);
	im_css_clean(decls, important, &b);
	struct im_str r = { im_arena_strndup(s->arena, b.p, b.n), b.n };
	if (b.full) /* a cut declaration might mean something else */
		r.n = 0;
	im_buf_done(&b);
	return r;
}

static int
add_media_rule(struct im_sheet *s, struct im_media m, struct im_str plain, struct im_str important)
{
	s->media[s->nmedia] = (struct im_media_rule) { m, plain, important };
	return s->nmedia++;
}

static void
add_rule(struct im_sheet *s, const struct im_media *m, struct im_str selectors, struct im_str decls)
{
	bool conditional = m && (m->min >= 0 || m->max >= 0);
	struct im_str plain = cleaned(s, decls, 0), important = cleaned(s, decls, 1);
	int rule = -1;
	if ((!plain.n && !important.n) || (conditional && s->nmedia == IM_SHEET_MEDIA_MAX))
		return;
	while (selectors.n && s->count < IM_SHEET_SELECTORS_MAX) {
		struct im_selector sel;
		if (!parse_selector(im_str_cut(&selectors, ','), &sel))
			continue;
		if (conditional && rule < 0)
			rule = add_media_rule(s, *m, plain, important);
		sel.order = s->count++;
		sel.media_rule = rule;
		sel.plain = plain;
		sel.important = important;
		struct im_selector *kept = im_arena_alloc(s->arena, sizeof(*kept));
		*kept = sel;
		struct im_selector **head = &s->bucket[selector_bucket(kept)];
		kept->next = *head;
		*head = kept;
	}
}

/* comments, "<!--" and "-->" become spaces; a copy, which selectors point into */
static struct im_str
without_comments(struct im_sheet *s, struct im_str css)
{
	char *p = im_arena_strndup(s->arena, css.p, css.n);
	for (size_t i = 0; i < css.n; i++) {
		size_t n = 0;
		if (css.n - i >= 2 && p[i] == '/' && p[i + 1] == '*') {
			const char *end = memmem(p + i + 2, css.n - i - 2, "*/", 2);
			n = end ? (size_t)(end + 2 - (p + i)) : css.n - i;
		} else if (css.n - i >= 4 && memcmp(p + i, "<!--", 4) == 0) {
			n = 4;
		} else if (css.n - i >= 3 && memcmp(p + i, "-->", 3) == 0) {
			n = 3;
		}
		if (n) {
			memset(p + i, ' ', n);
			i += n - 1;
		}
	}
	return (struct im_str) { p, css.n };
}

/* the length of a block, s.p after its '{', up to and without its '}' */
static size_t
block_len(struct im_str s)
{
	size_t depth = 1, i = 0;
	char quote = 0;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (quote)
			quote = c == quote || c == '\n' ? 0 : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '{')
			depth++;
		else if (c == '}' && --depth == 0)
			break;
	}
	return i;
}

/* the rules of a sheet, or of a media block in it: those go one level deep */
static void
add_rules(struct im_sheet *s, const struct im_media *within, struct im_str css)
{
	while (css.n && s->count < IM_SHEET_SELECTORS_MAX) {
		size_t n = 0;
		while (n < css.n && css.p[n] != '{' && css.p[n] != ';' && css.p[n] != '}')
			n++;
		struct im_str prelude = im_str_trim((struct im_str) { css.p, n });
		char stop = n < css.n ? css.p[n] : 0;
		size_t skip = n + (stop != 0);
		css = (struct im_str) { css.p + skip, css.n - skip };
		if (stop != '{') /* "@import ...;" or a stray '}' */
			continue;
		struct im_str block = { css.p, block_len(css) };
		struct im_media m;
		if (prelude.n && prelude.p[0] != '@')
			add_rule(s, within, prelude, block);
		else if (!within && im_media_parse(prelude, &m))
			add_rules(s, &m, block);
		skip = block.n < css.n ? block.n + 1 : block.n;
		css = (struct im_str) { css.p + skip, css.n - skip };
	}
}

void
im_sheet_add(struct im_sheet *s, struct im_str css)
{
	if (css.n > IM_SHEET_BYTES_MAX - s->bytes)
		return;
	s->bytes += css.n;
	add_rules(s, NULL, without_comments(s, css));
}
