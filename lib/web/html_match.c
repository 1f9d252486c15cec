/*
 * html_match.c - which rules of a mail's style sheets an element has
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_sheet.h"

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
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
compound_matches(struct im_sheet *s, const struct im_compound *c, const struct im_css_node *node)
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
matches(struct im_sheet *s, const struct im_selector *sel, size_t i, const struct im_css_node *node)
{
	if (!compound_matches(s, &sel->c[i], node))
		return false;
	if (i == 0)
		return true;
	bool child = sel->c[i].child;
	for (const struct im_css_node *up = node->parent; up && s->steps < IM_SHEET_STEPS_MAX;
	     up = child ? NULL : up->parent)
		if (matches(s, sel, i - 1, up))
			return true;
	return false;
}

struct found {
	const struct im_selector *sel[IM_SHEET_MATCHES_MAX];
	size_t n;
};

/* insertion keeps them in the order of the cascade */
static void
collect(struct im_sheet *s, unsigned bucket, const struct im_css_node *node, struct found *f)
{
	for (const struct im_selector *sel = s->bucket[bucket]; sel && s->steps < IM_SHEET_STEPS_MAX;
	     sel = sel->next) {
		if (f->n == IM_SHEET_MATCHES_MAX || !matches(s, sel, sel->n - 1, node))
			continue;
		size_t at = f->n;
		while (at > 0 &&
		       (f->sel[at - 1]->weight > sel->weight ||
			   (f->sel[at - 1]->weight == sel->weight && f->sel[at - 1]->order > sel->order)))
			at--;
		if (at > 0 && f->sel[at - 1] == sel) /* met in two buckets */
			continue;
		for (size_t k = f->n; k > at; k--)
			f->sel[k] = f->sel[k - 1];
		f->sel[at] = sel;
		f->n++;
	}
}

void
im_sheet_match(struct im_sheet *s, const struct im_css_node *node, struct im_buf *plain,
    struct im_buf *important, struct im_buf *classes)
{
	struct found f;
	f.n = 0;
	unsigned seen[IM_SHEET_NAMES_MAX * 4 + 3], nseen = 0;
	seen[nseen++] = im_sheet_bucket('*', (struct im_str) { NULL, 0 });
	seen[nseen++] = im_sheet_bucket('t', node->tag);
	if (node->id.n)
		seen[nseen++] = im_sheet_bucket('#', node->id);
	struct im_str rest = node->klass;
	while (rest.n && nseen < IM_COUNT(seen)) {
		size_t n = 0;
		while (n < rest.n && !is_space(rest.p[n]))
			n++;
		if (n)
			seen[nseen++] = im_sheet_bucket('.', (struct im_str) { rest.p, n });
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
		const struct im_selector *sel = f.sel[i];
		if (sel->media_rule >= 0) {
			im_buf_addf(classes, "%sim-m%d", classes->n ? " " : "", sel->media_rule);
			continue;
		}
		im_buf_add_str(plain, sel->plain);
		im_buf_add_str(important, sel->important);
	}
}
