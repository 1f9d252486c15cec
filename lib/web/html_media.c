/*
 * html_media.c - rules of a mail that count for some widths only ("@media (max-width: 600px)")
 *
 * Newsletters of today are laid out for telephones by such rules, and they cannot move into style=. They are written anew as
 * one style sheet of ours: conditions made from two numbers, selectors that are classes of our own naming, declarations
 * that have been through im_css_clean (whose alphabet has no brace, no '<', no '@'). Nothing of the mail's text is in it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_sheet.h"

#include <string.h>

/* "480px", "30em" in pixels; -1 for anything else */
static int
pixels(struct im_str v)
{
	double n = 0, scale = 1;
	size_t i = 0;
	bool dot = false;
	if (!v.n)
		return -1;
	for (; i < v.n && ((v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] == '.' && !dot)); i++) {
		if (v.p[i] == '.')
			dot = true;
		else if (dot)
			n += (scale /= 10) * (v.p[i] - '0');
		else
			n = n * 10 + (v.p[i] - '0');
		if (n > 10000)
			return -1;
	}
	struct im_str unit = { v.p + i, v.n - i };
	if (i > 0 && im_str_isi(unit, "px"))
		return (int)n;
	return i > 0 && (im_str_isi(unit, "em") || im_str_isi(unit, "rem")) ? (int)(n * 16) : -1;
}

/* "(min-width: 480px)" */
static bool
feature(struct im_str f, struct im_media *m)
{
	if (f.n < 2 || f.p[0] != '(' || f.p[f.n - 1] != ')')
		return false;
	struct im_str value = { f.p + 1, f.n - 2 };
	struct im_str name = im_str_trim(im_str_cut(&value, ':'));
	int px = pixels(im_str_trim(value));
	if (px < 0)
		return false;
	if (im_str_isi(name, "min-width") || im_str_isi(name, "min-device-width"))
		m->min = px;
	else if (im_str_isi(name, "max-width") || im_str_isi(name, "max-device-width"))
		m->max = px;
	else
		return false;
	return true;
}

static struct im_str
word(struct im_str *q)
{
	*q = im_str_trim(*q);
	size_t n = 0;
	if (!q->n)
		return *q;
	if (q->n && q->p[0] == '(') {
		while (n < q->n && q->p[n] != ')')
			n++;
		n += n < q->n;
	} else {
		while (n < q->n && !memchr(" \t\r\n(", q->p[n], 5))
			n++;
	}
	struct im_str w = { q->p, n };
	*q = (struct im_str) { q->p + n, q->n - n };
	return w;
}

static bool
query(struct im_str q, struct im_media *m)
{
	*m = (struct im_media) { -1, -1 };
	bool any = false;
	for (struct im_str w = word(&q); w.n; w = word(&q)) {
		any = true;
		if (w.p[0] == '(' ? !feature(w, m)
				  : !im_str_isi(w, "only") && !im_str_isi(w, "and") &&
					!im_str_isi(w, "all") && !im_str_isi(w, "screen"))
			return false;
	}
	return any;
}

bool
im_media_parse(struct im_str prelude, struct im_media *ret)
{
	if (!im_str_startsi(prelude, "@media"))
		return false;
	struct im_str rest = { prelude.p + 6, prelude.n - 6 };
	while (rest.n) /* of a list the first that we can read */
		if (query(im_str_cut(&rest, ','), ret))
			return true;
	return false;
}

void
im_sheet_style(const struct im_sheet *s, struct im_buf *out)
{
	if (!s->nmedia)
		return;
	im_buf_adds(out, "<style>");
	for (int i = 0; i < s->nmedia; i++) {
		const struct im_media_rule *r = &s->media[i];
		struct im_str rest = r->important;
		im_buf_adds(out, "@media screen");
		if (r->media.min >= 0)
			im_buf_addf(out, " and (min-width:%dpx)", r->media.min);
		if (r->media.max >= 0)
			im_buf_addf(out, " and (max-width:%dpx)", r->media.max);
		im_buf_addf(out, "{.im-m%d{", i);
		im_buf_add_str(out, r->plain);
		while (rest.n) {
			im_buf_add_str(out, im_str_cut(&rest, ';'));
			im_buf_adds(out, "!important;");
		}
		im_buf_adds(out, "}}");
	}
	im_buf_adds(out, "</style>");
}
