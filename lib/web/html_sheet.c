/*
 * html_sheet.c - <style> blocks of a mail: simple rules, so that their declarations can move into style=
 *
 * The blocks themselves are never shown. Of a sheet we read rules with selectors of types, classes and ids, alone or as
 * "a b" and "a > b" (CSS 2.1 5); anything else (pseudo-classes, attributes, media queries with conditions) is passed
 * over. What a rule says has been through im_css_clean before it is kept. Work is bounded: a hostile sheet runs out of
 * steps and the rest of the mail is shown without it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <string.h>

enum {
	COMPOUNDS_MAX = 6,
	NAMES_MAX = 4,
	SELECTORS_MAX = 2000,
	MATCHES_MAX = 64,
	BUCKETS = 256,
	DECLS_BYTES_MAX = 4096,
	SHEET_BYTES_MAX = 256 * 1024,
	STEPS_MAX = 4 * 1000 * 1000
};

/* tag, classes and id that one element must have */
struct compound {
	struct im_str tag, id, klass[NAMES_MAX];
	size_t nklass;
	bool child; /* of the one to the left: "a > b" */
};

struct selector {
	struct compound c[COMPOUNDS_MAX];
	size_t n;
	unsigned weight; /* specificity, then the order in the sheet (CSS 2.1 6.4.1) */
	unsigned order;
	struct im_str plain, important;
	struct selector *next; /* in its bucket */
};

struct im_sheet {
	struct im_arena *arena;
	struct selector *bucket[BUCKETS]; /* by what the rightmost compound names */
	unsigned count;
	size_t bytes;
	unsigned long steps;
};

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

static unsigned
bucket_of(char kind, struct im_str name)
{
	unsigned h = (unsigned char)kind;
	for (size_t i = 0; i < name.n; i++)
		h = h * 31 + ((unsigned char)name.p[i] | 0x20);
	return h % BUCKETS;
}

static unsigned
selector_bucket(const struct selector *s)
{
	const struct compound *last = &s->c[s->n - 1];
	if (last->id.n)
		return bucket_of('#', last->id);
	if (last->nklass)
		return bucket_of('.', last->klass[0]);
	return bucket_of(last->tag.n ? 't' : '*', last->tag);
}

/* one compound at *p: "td.x#y"; false when it holds what we do not read */
static bool
parse_compound(struct im_str *s, struct compound *c, unsigned *weight)
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
		} else if (kind == '.' && name.n && c->nklass < NAMES_MAX) {
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
parse_selector(struct im_str text, struct selector *ret)
{
	*ret = (struct selector) { 0 };
	bool child = false;
	for (text = im_str_trim(text); text.n; text = im_str_trim(text)) {
		if (text.p[0] == '>') {
			if (child || !ret->n)
				return false;
			child = true;
			text = (struct im_str) { text.p + 1, text.n - 1 };
			continue;
		}
		if (ret->n == COMPOUNDS_MAX)
			return false;
		struct compound *c = &ret->c[ret->n++];
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
	im_buf_init(&b, DECLS_BYTES_MAX);
	im_css_clean(decls, important, &b);
	struct im_str r = { im_arena_strndup(s->arena, b.p, b.n), b.n };
	if (b.full) /* a cut declaration might mean something else */
		r.n = 0;
	im_buf_done(&b);
	return r;
}

static void
add_rule(struct im_sheet *s, struct im_str selectors, struct im_str decls)
{
	struct im_str plain = cleaned(s, decls, 0), important = cleaned(s, decls, 1);
	if (!plain.n && !important.n)
		return;
	while (selectors.n && s->count < SELECTORS_MAX) {
		struct selector sel;
		if (!parse_selector(im_str_cut(&selectors, ','), &sel))
			continue;
		sel.order = s->count++;
		sel.plain = plain;
		sel.important = important;
		struct selector *kept = im_arena_alloc(s->arena, sizeof(*kept));
		*kept = sel;
		struct selector **head = &s->bucket[selector_bucket(kept)];
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

/* "@media all", "@media screen": their rules count for us; with a condition in parentheses, or for print, they do not */
static bool
media_without_condition(struct im_str prelude)
{
	if (!im_str_startsi(prelude, "@media"))
		return false;
	struct im_str rest = { prelude.p + 6, prelude.n - 6 };
	while (rest.n) {
		struct im_str word = im_str_trim(im_str_cut(&rest, ','));
		if (im_str_isi(word, "all") || im_str_isi(word, "screen") || im_str_isi(word, "only screen"))
			return true;
	}
	return false;
}

void
im_sheet_add(struct im_sheet *s, struct im_str css)
{
	if (css.n > SHEET_BYTES_MAX - s->bytes)
		return;
	s->bytes += css.n;
	css = without_comments(s, css);
	while (css.n && s->count < SELECTORS_MAX) {
		size_t n = 0;
		while (n < css.n && css.p[n] != '{' && css.p[n] != ';' && css.p[n] != '}')
			n++;
		struct im_str prelude = im_str_trim((struct im_str) { css.p, n });
		char stop = n < css.n ? css.p[n] : 0;
		size_t skip = n + (stop != 0);
		css = (struct im_str) { css.p + skip, css.n - skip };
		if (stop != '{' || media_without_condition(prelude))
			continue; /* "@import ...;", the '}' of a media block, or into one */
		n = block_len(css);
		if (prelude.n && prelude.p[0] != '@')
			add_rule(s, prelude, (struct im_str) { css.p, n });
		skip = n < css.n ? n + 1 : n;
		css = (struct im_str) { css.p + skip, css.n - skip };
	}
}

static bool
has_class(struct im_str classes, struct im_str want)
{
	while (classes.n) {
		size_t n = 0;
		while (n < classes.n && !is_space(classes.p[n]))
			n++;
		if (im_str_eq((struct im_str) { classes.p, n }, want))
			return true;
		n += n < classes.n;
		classes = (struct im_str) { classes.p + n, classes.n - n };
	}
	return false;
}

static bool
compound_matches(struct im_sheet *s, const struct compound *c, const struct im_css_node *node)
{
	s->steps++;
	if (c->tag.n && !im_str_eqi(c->tag, node->tag))
		return false;
	if (c->id.n && !im_str_eq(c->id, node->id))
		return false;
	for (size_t i = 0; i < c->nklass; i++)
		if (!has_class(node->klass, c->klass[i]))
			return false;
	return true;
}

/* does the selector's part up to compound i match at node? Recursion is as deep as a selector is long */
static bool
matches(struct im_sheet *s, const struct selector *sel, size_t i, const struct im_css_node *node)
{
	if (!compound_matches(s, &sel->c[i], node))
		return false;
	if (i == 0)
		return true;
	bool child = sel->c[i].child;
	for (const struct im_css_node *up = node->parent; up && s->steps < STEPS_MAX;
	     up = child ? NULL : up->parent)
		if (matches(s, sel, i - 1, up))
			return true;
	return false;
}

struct found {
	const struct selector *sel[MATCHES_MAX];
	size_t n;
};

/* insertion keeps them in the order of the cascade */
static void
collect(struct im_sheet *s, unsigned bucket, const struct im_css_node *node, struct found *f)
{
	for (const struct selector *sel = s->bucket[bucket]; sel && s->steps < STEPS_MAX; sel = sel->next) {
		if (f->n == MATCHES_MAX || !matches(s, sel, sel->n - 1, node))
			continue;
		size_t at = f->n;
		while (at > 0 &&
		       (f->sel[at - 1]->weight > sel->weight ||
			   (f->sel[at - 1]->weight == sel->weight && f->sel[at - 1]->order > sel->order)))
			at--;
		if (at > 0 && f->sel[at - 1] == sel) /* met in two buckets */
			continue;
		memmove(&f->sel[at + 1], &f->sel[at], (f->n - at) * sizeof(f->sel[0]));
		f->sel[at] = sel;
		f->n++;
	}
}

void
im_sheet_match(
    struct im_sheet *s, const struct im_css_node *node, struct im_buf *plain, struct im_buf *important)
{
	struct found f;
	f.n = 0;
	unsigned seen[NAMES_MAX * 4 + 3], nseen = 0;
	seen[nseen++] = bucket_of('*', (struct im_str) { NULL, 0 });
	seen[nseen++] = bucket_of('t', node->tag);
	if (node->id.n)
		seen[nseen++] = bucket_of('#', node->id);
	struct im_str rest = node->klass;
	while (rest.n && nseen < IM_COUNT(seen)) {
		size_t n = 0;
		while (n < rest.n && !is_space(rest.p[n]))
			n++;
		if (n)
			seen[nseen++] = bucket_of('.', (struct im_str) { rest.p, n });
		n += n < rest.n;
		rest = (struct im_str) { rest.p + n, rest.n - n };
	}
	for (unsigned i = 0; i < nseen; i++) {
		unsigned j = 0;
		while (seen[j] != seen[i])
			j++;
		if (j == i)
			collect(s, seen[i], node, &f);
	}
	for (size_t i = 0; i < f.n; i++) {
		im_buf_add_str(plain, f.sel[i]->plain);
		im_buf_add_str(important, f.sel[i]->important);
	}
}
