/*
 * fuzz_css.c - any bytes as the value of style= and as a style sheet
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "web/html_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the alphabet, balanced quotes and parentheses, no other function, and a second cleaning that changes nothing */
static void
check(const struct im_buf *b)
{
	static const char alphabet[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,#%+-()'\"!/:;";
	char quote = 0;
	int parens = 0;
	for (size_t i = 0; i < b->n; i++) {
		char c = b->p[i];
		if (!c || !strchr(alphabet, c))
			abort();
		if (quote ? c == quote : c == '"' || c == '\'')
			quote = quote ? 0 : c;
		else if (!quote && (c == '(' || c == ')'))
			parens += c == '(' ? 1 : -1;
		if (parens < 0 || parens > 1)
			abort();
		if (!quote && c == '(' &&
		    (i < 3 || (strncasecmp(b->p + i - 3, "rgb", 3) && strncasecmp(b->p + i - 3, "hsl", 3) &&
				  (i < 4 || (strncasecmp(b->p + i - 4, "rgba", 4) &&
						strncasecmp(b->p + i - 4, "hsla", 4))))))
			abort();
	}
	if (quote || parens || strstr(b->p, "//") || strstr(b->p, "/*"))
		abort();
	struct im_buf again;
	im_buf_init(&again, 2 * IM_CSS_STYLE_MAX);
	im_css_clean(im_buf_str(b), -1, &again);
	if (b->n < IM_CSS_STYLE_MAX && (again.n != b->n || memcmp(again.p, b->p, b->n) != 0))
		abort();
	im_buf_done(&again);
}

/* one style element, with '<' nowhere else, braces that balance at two levels, and '@' for media only */
static void
check_style(const struct im_buf *b)
{
	static const char open[] = "<style>", end[] = "</style>";
	if (!b->n || b->full)
		return;
	size_t depth = 0, last = b->n - (sizeof(end) - 1);
	if (strncmp(b->p, open, sizeof(open) - 1) || strcmp(b->p + last, end))
		abort();
	for (size_t i = sizeof(open) - 1; i < last; i++) {
		char c = b->p[i];
		if (!c || strchr("<>\\*&", c) || (c == '@' && strncmp(b->p + i, "@media screen", 13)) ||
		    (c == '@' && depth) || (c == '}' && depth-- == 0) || (c == '{' && ++depth > 2))
			abort();
	}
	if (depth || strcasestr(b->p, "url("))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_str css = { (const char *)data, size };
	struct im_arena a = { 0 };
	struct im_buf b, c, k;
	im_buf_init(&b, 4 * IM_CSS_STYLE_MAX);
	im_buf_init(&c, 4 * IM_CSS_STYLE_MAX);
	im_buf_init(&k, 1024 * 1024);
	im_css_clean(css, 0, &b);
	check(&b);
	im_buf_clear(&b);
	im_css_clean(css, 1, &b);
	check(&b);

	struct im_sheet *s = im_sheet_new(&a);
	im_sheet_add(s, css);
	im_sheet_add(s, css);
	struct im_css_node up = { NULL, IM_STR("div"), IM_STR("i"), IM_STR("a b c") };
	struct im_css_node node = { &up, IM_STR("p"), IM_STR("j"), IM_STR(" a\tx ") };
	im_buf_clear(&b);
	im_sheet_match(s, &node, &b, &c, &k);
	if (!b.full)
		check(&b);
	if (!c.full)
		check(&c);
	im_buf_clear(&k);
	im_sheet_style(s, &k);
	check_style(&k);
	im_buf_done(&b);
	im_buf_done(&c);
	im_buf_done(&k);
	im_arena_done(&a);
	return 0;
}
