/*
 * html_list.c - which elements and attributes of a mail may stay: closed lists
 *
 * Kept are elements that never change the tokenizer's state and run, load or submit nothing. Elements whose content is
 * no text for a reader go with their content; whatever else there is is unwrapped: its content stays. There is no id,
 * class or name (DOM clobbering, hooks for styles), nothing that begins with "on" or "data-", no background.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_int.h"

#include <stdlib.h>
#include <string.h>

/* each sorted as strcmp sorts */
static const char *const kept[] = { "a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "big",
	"blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd", "del", "dfn", "div",
	"dl", "dt", "em", "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6",
	"header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "pre", "q", "s",
	"samp", "section", "small", "span", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
	"th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr" };

static const char *const dropped[] = { "applet", "area", "audio", "base", "button", "canvas", "dialog",
	"embed", "fencedframe", "frame", "frameset", "head", "iframe", "input", "link", "listing", "map",
	"marquee", "math", "meta", "noembed", "noframes", "noscript", "object", "option", "plaintext",
	"portal", "script", "select", "source", "style", "svg", "template", "textarea", "title", "track",
	"video", "xmp" };

static int
by_name(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

enum im_el_rule
im_html_element(const char *name)
{
	if (bsearch(name, kept, IM_COUNT(kept), sizeof(kept[0]), by_name))
		return IM_EL_KEEP;
	if (bsearch(name, dropped, IM_COUNT(dropped), sizeof(dropped[0]), by_name))
		return IM_EL_DROP;
	return IM_EL_UNWRAP;
}

bool
im_html_void(const char *name)
{
	static const char *const names[] = { "br", "col", "hr", "img", "wbr" };
	return bsearch(name, names, IM_COUNT(names), sizeof(names[0]), by_name);
}

/* what a value may be made of besides letters and digits; NULL: any text */
struct attr_rule {
	const char *name, *others;
	size_t max;
};

/* sorted as strcmp sorts */
static const struct attr_rule attrs[] = {
	{ "align", "-", 16 },
	{ "alt", NULL, 4096 },
	{ "bgcolor", "#", 32 },
	{ "border", "", 8 },
	{ "cellpadding", "%", 8 },
	{ "cellspacing", "%", 8 },
	{ "color", "#", 32 },
	{ "cols", "", 8 },
	{ "colspan", "", 8 },
	{ "datetime", "+-:. ", 40 },
	{ "dir", "", 8 },
	{ "face", " ,'\"-", 256 },
	{ "height", "%.", 16 },
	{ "hspace", "", 8 },
	{ "lang", "-", 35 },
	{ "nowrap", "", 8 },
	{ "reversed", "", 8 },
	{ "scope", "", 16 },
	{ "size", "+-", 8 },
	{ "span", "", 8 },
	{ "start", "-", 12 },
	{ "title", NULL, 4096 },
	{ "type", "-", 16 },
	{ "valign", "-", 16 },
	{ "vspace", "", 8 },
	{ "width", "%.*", 16 },
};

static int
by_attr(const void *key, const void *item)
{
	return strcmp(key, ((const struct attr_rule *)item)->name);
}

bool
im_html_attr_ok(const char *name, struct im_str value)
{
	const struct attr_rule *r = bsearch(name, attrs, IM_COUNT(attrs), sizeof(attrs[0]), by_attr);
	if (!r || value.n > r->max)
		return false;
	for (size_t i = 0; r->others && i < value.n; i++) {
		char c = value.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alnum && (!c || !strchr(r->others, c)))
			return false;
	}
	return true;
}
