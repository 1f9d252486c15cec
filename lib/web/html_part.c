/*
 * html_part.c - the HTML of a part as UTF-8
 *
 * The header of the part names the charset (RFC 2854 6). Where it does not, as is common, the document itself may, in its
 * first kilobyte (HTML Standard 13.2.3.2).
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html_part.h"

#include "mail/charset.h"
#include "web/html_int.h"

enum { SNIFF = 1024, CHARSET_MAX = 40 };

/* "text/html; charset=koi8-r" */
static struct im_str
after_charset(struct im_str content)
{
	for (; content.n > 8; content = (struct im_str) { content.p + 1, content.n - 1 }) {
		if (!im_str_startsi(content, "charset="))
			continue;
		struct im_str rest = { content.p + 8, content.n - 8 };
		return im_str_trim(im_str_cut(&rest, ';'));
	}
	return IM_STR("");
}

/* what <meta charset> or <meta http-equiv content> says; empty when there is none */
static struct im_str
declared(struct im_str html)
{
	struct im_lex l;
	struct im_tok t;
	struct im_str name, value, found = IM_STR("");
	im_lex_init(&l, (struct im_str) { html.p, html.n < SNIFF ? html.n : SNIFF });
	while (!found.n && im_lex_next(&l, &t)) {
		if (t.kind != IM_TOK_START || !im_str_isi(t.name, "meta"))
			continue;
		while (!found.n && im_lex_attr(&t.attrs, &name, &value)) {
			if (im_str_isi(name, "charset"))
				found = im_str_trim(value);
			else if (im_str_isi(name, "content"))
				found = after_charset(value);
		}
	}
	/* a document that could be read so far is in none of those (13.2.3.2, step 15 of the prescan) */
	if (found.n > CHARSET_MAX || im_str_startsi(found, "utf-16") || im_str_startsi(found, "utf-32") ||
	    im_str_startsi(found, "utf-7"))
		return IM_STR("");
	return found;
}

/* CR LF and CR to LF, NUL to a space: in place */
static void
normalize(struct im_buf *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++) {
		char c = b->p[i];
		if (c == '\r') {
			if (i + 1 < b->n && b->p[i + 1] == '\n')
				continue;
			c = '\n';
		}
		b->p[n++] = c ? c : ' ';
	}
	if (b->n) {
		b->n = n;
		b->p[n] = 0;
	}
}

bool
im_html_part_text(struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out)
{
	if (part->charset)
		return im_mime_part_text(message, part, max, out);
	struct im_buf raw, text;
	im_buf_init(&raw, max);
	bool whole = im_mime_decode_part(message, part, max, &raw);
	struct im_str charset = declared(im_buf_str(&raw));
	im_buf_init(&text, 3 * max);
	im_to_utf8(charset, im_buf_str(&raw), &text);
	normalize(&text);
	size_t n = im_utf8_cut(im_buf_str(&text), max);
	whole = whole && n == text.n;
	im_buf_add(out, text.p, n);
	im_buf_done(&text);
	im_buf_done(&raw);
	return whole;
}
