/*
 * html_css.c - which CSS declarations may stay: closed lists of properties, of characters and of functions
 *
 * Every declaration is judged on its own and written anew, so it does not matter how a browser would have split the
 * original. url(), var(), escapes, comments and at-rules need characters that are not in the alphabet.
 *
 * Two readings are kinder than a plain list, because nearly all newsletters need them: "background:" gives its colour as
 * background-color, and "font:" and "border-radius:" may hold a '/'.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 31 };

/* sorted as strcmp sorts */
static const char *const properties[] = {
	"background-color",
	"border",
	"border-bottom",
	"border-bottom-color",
	"border-bottom-left-radius",
	"border-bottom-right-radius",
	"border-bottom-style",
	"border-bottom-width",
	"border-collapse",
	"border-color",
	"border-left",
	"border-left-color",
	"border-left-style",
	"border-left-width",
	"border-radius",
	"border-right",
	"border-right-color",
	"border-right-style",
	"border-right-width",
	"border-spacing",
	"border-style",
	"border-top",
	"border-top-color",
	"border-top-left-radius",
	"border-top-right-radius",
	"border-top-style",
	"border-top-width",
	"border-width",
	"caption-side",
	"clear",
	"color",
	"direction",
	"display",
	"empty-cells",
	"float",
	"font",
	"font-family",
	"font-feature-settings",
	"font-kerning",
	"font-size",
	"font-size-adjust",
	"font-stretch",
	"font-style",
	"font-variant",
	"font-weight",
	"height",
	"letter-spacing",
	"line-height",
	"list-style",
	"list-style-type",
	"margin",
	"margin-bottom",
	"margin-left",
	"margin-right",
	"margin-top",
	"max-height",
	"max-width",
	"min-height",
	"min-width",
	"opacity",
	"overflow",
	"overflow-wrap",
	"padding",
	"padding-bottom",
	"padding-left",
	"padding-right",
	"padding-top",
	"table-layout",
	"text-align",
	"text-decoration",
	"text-indent",
	"text-transform",
	"vertical-align",
	"white-space",
	"width",
	"word-break",
	"word-spacing",
	"word-wrap",
};

static int
by_name(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool
one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* the name before '(' at v.p[at] */
static bool
function_ok(struct im_str v, size_t at)
{
	static const char *const functions[] = { "rgb", "rgba", "hsl", "hsla" };
	size_t start = at;
	while (start > 0 && (is_alnum(v.p[start - 1]) || v.p[start - 1] == '-'))
		start--;
	struct im_str name = { v.p + start, at - start };
	for (size_t i = 0; i < IM_COUNT(functions); i++)
		if (im_str_isi(name, functions[i]))
			return true;
	return false;
}

static bool
value_ok(struct im_str v, bool slash)
{
	if (v.n == 0 || v.n > IM_CSS_VALUE_MAX)
		return false;
	char quote = 0;
	int parens = 0;
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? 0 : c;
			continue;
		}
		if (is_alnum(c) || one_of(c, " \t\r\n.,#%+-"))
			continue;
		if (c == '(' && !parens && function_ok(v, i))
			parens++;
		else if (c == ')' && parens)
			parens--;
		else if (c != '/' || !slash || i == 0 || one_of(v.p[i - 1], "/*") ||
			 (i + 1 < v.n && one_of(v.p[i + 1], "/*")))
			return false;
	}
	return !quote && !parens;
}

static bool
display_ok(struct im_str v)
{
	static const char *const values[] = { "none", "inline", "block", "inline-block", "list-item", "table",
		"inline-table", "table-row", "table-cell", "table-row-group", "table-header-group",
		"table-footer-group", "table-column", "table-column-group", "table-caption", "initial",
		"inherit" };
	for (size_t i = 0; i < IM_COUNT(values); i++)
		if (im_str_isi(v, values[i]))
			return true;
	return false;
}

/* take the next word of a value, with the parentheses that belong to it */
static struct im_str
next_word(struct im_str *v)
{
	*v = im_str_trim(*v);
	size_t n = 0;
	int parens = 0;
	for (; n < v->n && (parens || !one_of(v->p[n], " \t\r\n")); n++)
		parens += v->p[n] == '(' ? 1 : v->p[n] == ')' && parens ? -1 : 0;
	struct im_str w = { v->p, n };
	*v = (struct im_str) { v->p + n, v->n - n };
	return w;
}

/* the colour among the words of a background shorthand; empty when there is none */
static struct im_str
background_color(struct im_str v)
{
	static const char *const others[] = { "none", "repeat", "repeat-x", "repeat-y", "no-repeat", "scroll",
		"fixed", "local", "top", "bottom", "left", "right", "center", "cover", "contain", "auto",
		"round", "space", "border-box", "padding-box", "content-box" };
	for (struct im_str w = next_word(&v); w.n; w = next_word(&v)) {
		bool letters = true, other = false;
		for (size_t i = 0; i < w.n; i++)
			letters = letters && lower(w.p[i]) >= 'a' && lower(w.p[i]) <= 'z';
		for (size_t i = 0; i < IM_COUNT(others); i++)
			other = other || im_str_isi(w, others[i]);
		bool function = w.n > 4 && (im_str_startsi(w, "rgb") || im_str_startsi(w, "hsl"));
		if (!other && (letters || function || w.p[0] == '#') && value_ok(w, false))
			return w;
	}
	return (struct im_str) { NULL, 0 };
}

/* take "!important" off the end */
static bool
take_important(struct im_str *v)
{
	size_t n = strlen("important");
	if (v->n < n + 1 || !im_str_isi((struct im_str) { v->p + (v->n - n), n }, "important"))
		return false;
	struct im_str rest = im_str_trim((struct im_str) { v->p, v->n - n });
	if (!rest.n || rest.p[rest.n - 1] != '!')
		return false;
	*v = im_str_trim((struct im_str) { rest.p, rest.n - 1 });
	return true;
}

static void
add(struct im_buf *out, const char *name, struct im_str value)
{
	im_buf_adds(out, name);
	im_buf_addc(out, ':');
	for (size_t i = 0; i < value.n; i++)
		im_buf_addc(out, one_of(value.p[i], "\t\r\n") ? ' ' : value.p[i]);
	im_buf_addc(out, ';');
}

static void
declaration(struct im_str d, int important, struct im_buf *out)
{
	struct im_str name = im_str_trim(im_str_cut(&d, ':'));
	struct im_str value = im_str_trim(d);
	if (name.n == 0 || name.n > NAME_MAX_LEN || memchr(name.p, 0, name.n) || value.n == 0)
		return;
	bool marked = take_important(&value);
	if (important >= 0 && marked != (important == 1))
		return;
	char key[NAME_MAX_LEN + 1] = { 0 };
	for (size_t i = 0; i < name.n; i++)
		key[i] = lower(name.p[i]);
	if (strcmp(key, "background") == 0) {
		struct im_str color = background_color(value);
		if (color.n)
			add(out, "background-color", color);
		return;
	}
	if (!bsearch(key, properties, IM_COUNT(properties), sizeof(properties[0]), by_name))
		return;
	bool slash = strcmp(key, "font") == 0 || strcmp(key, "border-radius") == 0;
	if (value_ok(value, slash) && (strcmp(key, "display") != 0 || display_ok(value)))
		add(out, key, value);
}

void
im_css_clean(struct im_str style, int important, struct im_buf *out)
{
	if (style.n > IM_CSS_STYLE_MAX)
		style.n = IM_CSS_STYLE_MAX;
	char quote = 0;
	int parens = 0, count = 0;
	size_t start = 0;
	for (size_t i = 0; i <= style.n && count < IM_CSS_DECLS_MAX; i++) {
		char c = i < style.n ? style.p[i] : ';';
		if (i < style.n && (quote || parens || c != ';')) {
			if (quote)
				quote = c == quote ? 0 : quote;
			else if (c == '"' || c == '\'')
				quote = c;
			else
				parens += c == '(' ? 1 : c == ')' && parens ? -1 : 0;
			continue;
		}
		declaration((struct im_str) { style.p + start, i - start }, important, out);
		start = i + 1;
		count++;
	}
}
