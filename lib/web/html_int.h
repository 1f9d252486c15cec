/*
 * html_int.h - what the files of the HTML cleaner share; nothing outside lib/web/html_*.c and its tests includes it
 *
 *	html_tok.c    a small linear tokenizer: limits, "has remote images?", plain text. No parser library.
 *	html_url.c    which URLs may stay
 *	html_idn.c    a host as it is shown beside a link
 *	html_css.c    which declarations may stay
 *	html_sheet.c  <style> blocks: simple selectors, so that their declarations can move into style=
 *	html_match.c  which rules an element has
 *	html_media.c  the rules that count for some widths only
 *	html_list.c   which elements and attributes may stay
 *	html_clean.c  the walk over gumbo's tree and the serializer
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HTML_INT_H
#define IM_HTML_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* --- tokenizer --- */

enum im_tok_kind { IM_TOK_TEXT, IM_TOK_START, IM_TOK_END, IM_TOK_OTHER /* comment, doctype, declaration */ };

struct im_tok {
	enum im_tok_kind kind;
	struct im_str name;  /* of a tag, as written */
	struct im_str attrs; /* of a start tag: everything between name and '>' */
	struct im_str text;  /* of IM_TOK_TEXT, entities as written */
	size_t nattrs;       /* counted until past IM_HTML_MAX_ATTRS at most by its caller's limit */
	bool raw;            /* text of script, style and the like: nothing a reader sees */
};

struct im_lex {
	const char *p, *end;
	char raw[12]; /* name of the element whose raw text is next, "" = none */
};

void im_lex_init(struct im_lex *l, struct im_str html);
bool im_lex_next(struct im_lex *l, struct im_tok *t);
/* im_lex_attr - take the next attribute off *attrs; value as written, entities included */
bool im_lex_attr(struct im_str *attrs, struct im_str *name, struct im_str *value);
/* im_html_unescape - append s with character references decoded (HTML 4's names and the numeric ones) */
void im_html_unescape(struct im_str s, struct im_buf *out);

/*
 * im_html_check - IM_INVALID for what would make the parser slow: too large, too deep, too many tags or attributes
 * The parser's cost is the number of tags times the depth, and the square of a tag's attributes.
 */
enum im_status im_html_check(struct im_str html, struct im_err *err) IM_MUSTUSE;

/* --- URLs: raw is decoded text of an attribute --- */

enum im_url_kind {
	IM_URL_BAD, /* dropped */
	IM_URL_HTTP,
	IM_URL_HTTPS,
	IM_URL_MAILTO,
	IM_URL_TEL,
	IM_URL_ANCHOR, /* fine in a link */
	IM_URL_CID,
	IM_URL_DATA_IMAGE /* fine in an image */
};
enum { IM_HTML_URL_MAX = 8192, IM_HTML_DATA_MAX = 350 * 1024 /* 256 KiB as base64 */ };

/* im_html_url - classify and clean: controls removed, spaces encoded; *clean lives in the arena (not for IM_URL_BAD) */
enum im_url_kind im_html_url(struct im_arena *a, struct im_str raw, struct im_str *clean);
/* im_html_url_host - the host of a cleaned http(s) or mailto URL, without userinfo and port; empty when there is none */
struct im_str im_html_url_host(struct im_str clean);
/*
 * im_html_host_differs - does text, shown as a link to 'host', look like the address of another place?
 * A host and its subdomains, and "www.", count as one place.
 */
bool im_html_host_differs(struct im_str text, struct im_str host);

/* im_html_host_ascii - append the host with its labels of other scripts as "xn--..." */
void im_html_host_ascii(struct im_str host, struct im_buf *out);

/* --- CSS --- */

enum { IM_CSS_STYLE_MAX = 16 * 1024, IM_CSS_VALUE_MAX = 512, IM_CSS_DECLS_MAX = 200 };

/*
 * im_css_clean - append the declarations of 'style' that may stay, as "name:value;", without escaping for HTML
 * important: 0 = all but those marked !important, 1 = those only, -1 = all. The mark itself is always taken off.
 */
void im_css_clean(struct im_str style, int important, struct im_buf *out);

/* a style sheet of simple rules, see html_sheet.c */
struct im_sheet;
struct im_sheet *im_sheet_new(struct im_arena *a);
void im_sheet_add(struct im_sheet *s, struct im_str css);
bool im_sheet_empty(const struct im_sheet *s);

/* an element as selectors see it; the chain of parents is walked for "a b" and "a > b" */
struct im_css_node {
	const struct im_css_node *parent;
	struct im_str tag; /* lower case */
	struct im_str id, klass;
};
/*
 * im_sheet_match - append what the sheet says of node: plain declarations and those marked !important, weakest first; and
 * the classes ("im-m0 im-m3") of the rules that count for some widths only
 */
void im_sheet_match(struct im_sheet *s, const struct im_css_node *node, struct im_buf *plain,
    struct im_buf *important, struct im_buf *classes);
/* im_sheet_style - append "<style>...</style>" that says what these classes mean; nothing when there are none */
void im_sheet_style(const struct im_sheet *s, struct im_buf *out);

/* --- lists --- */

enum im_el_rule { IM_EL_UNWRAP, IM_EL_KEEP, IM_EL_DROP };
enum im_el_rule im_html_element(const char *name);
bool im_html_void(const char *name);
/* im_html_attr_ok - may this attribute stay with this value? Not for href, src and style */
bool im_html_attr_ok(const char *name, struct im_str value);

#endif
