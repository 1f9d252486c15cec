/*
 * html.c - the document in the frame
 *
 * Three walls: the cleaner, the policy sent with this answer (nothing but data: images and inline styles), and the frame's
 * sandbox without the page's origin. Each alone is meant to hold.
 *
 * The frame is white in dark mode too: mail sets one colour of a pair and takes a white page for granted.
 *
 * SPDX-License-Identifier: ISC
 */
#include "html.h"

#include <string.h>

#include "mail/mimetype.h"
#include "web/html.h"
#include "web/html_part.h"
#include "web/mailfile.h"

static const char style[] =
    "<style>"
    ":root{color-scheme:light}"
    "html{background:#fff;color:#1c1c21}"
    "body{margin:0;font:15px/1.5 system-ui,sans-serif;overflow-wrap:break-word}"
    /* what was the mail's body: its colour reaches the edges, and it may take the space around it away */
    "body>div{padding:14px 16px;box-sizing:border-box;min-height:100vh}"
    "body>div[style*=\"background-color\"]{padding:0}"
    /* in a table an image that may shrink lets its column collapse */
    "img{max-width:100%}td img,th img{max-width:none}"
    "img[alt]:not([src]){font-size:13px;color:#5c5c66}"
    "a{color:#0b57d0}"
    "pre{white-space:pre-wrap}body>pre{margin:14px 16px;font:inherit}"
    "blockquote{margin:.8em 0 .8em .2em;padding-left:.8em;border-left:2px solid #c9c9d2}"
    ".im-host{margin-left:.3em;padding:0 "
    ".3em;border-radius:3px;background:#fdecc8;color:#6b3d00;font-size:.85em}"
    ".im-note{margin:14px 16px;padding:.6em .8em;border-radius:6px;background:#f1f1f5;color:#3c3c46}"
    "</style>";

/* what the images of a message need while it is cleaned */
struct images {
	const struct im_mail_file *file;
	const struct im_mime *mime;
	size_t left; /* bytes that may still be shown */
};

static void
base64(struct im_str in, struct im_buf *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)in.p;
	char group[4];
	for (size_t i = 0; i < in.n; i += 3) {
		size_t n = in.n - i < 3 ? in.n - i : 3;
		unsigned v =
		    (unsigned)p[i] << 16 | (n > 1 ? (unsigned)p[i + 1] << 8 : 0) | (n > 2 ? p[i + 2] : 0);
		for (size_t k = 0; k < 4; k++)
			group[k] = k <= n ? digits[v >> (18 - 6 * k) & 63] : '=';
		im_buf_add(out, group, 4);
	}
}

/* the Content-ID that a cid: URL names (RFC 2392 2: percent-encoded) */
static struct im_str
content_id(struct im_str url, char *dst)
{
	size_t n = 0;
	for (size_t i = 0; i < url.n; i++) {
		bool escaped = url.p[i] == '%' && i + 2 < url.n && im_hex_digit(url.p[i + 1]) >= 0 &&
			       im_hex_digit(url.p[i + 2]) >= 0;
		dst[n++] =
		    escaped ? (char)(im_hex_digit(url.p[i + 1]) << 4 | im_hex_digit(url.p[i + 2])) : url.p[i];
		i += escaped ? 2 : 0;
	}
	return (struct im_str) { dst, n };
}

static bool
cid_image(void *arg, struct im_str cid, struct im_buf *out)
{
	struct images *im = arg;
	char id[1024];
	if (cid.n > sizeof(id))
		return false;
	int n = im_mime_by_cid(im->mime, content_id(cid, id));
	if (n < 0 || im->mime->parts[n].body_len > 2 * (uint64_t)HTML_CID_MAX)
		return false;
	struct im_buf data;
	im_buf_init(&data, im->left < HTML_CID_MAX ? im->left : HTML_CID_MAX);
	bool whole = im_mime_decode_part(im->file->raw, &im->mime->parts[n], data.max, &data);
	const char *type = whole ? im_raster_type(im_buf_str(&data)) : NULL;
	if (type) {
		im->left -= data.n;
		im_buf_addf(out, "data:%s;base64,", type);
		base64(im_buf_str(&data), out);
	}
	im_buf_done(&data);
	return type != NULL;
}

static void
escaped(struct im_buf *out, struct im_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '&')
			im_buf_adds(out, "&amp;");
		else if (c == '<')
			im_buf_adds(out, "&lt;");
		else if (c == '>')
			im_buf_adds(out, "&gt;");
		else
			im_buf_addc(out, c);
	}
}

/* instead of HTML that is beyond the limits */
static void
text_instead(const struct im_request *r, const struct im_mail_file *f, const struct im_mime *m,
    struct im_str html, struct im_buf *out)
{
	struct im_buf text;
	int n = im_mime_text_part(m);
	im_buf_init(&text, HTML_TEXT_MAX);
	if (n >= 0)
		(void)im_mime_part_text(f->raw, &m->parts[n], HTML_TEXT_MAX, &text);
	else
		im_html_text(html, HTML_TEXT_MAX - 4, &text);
	im_buf_adds(out, "<p class=\"im-note\">");
	escaped(out,
	    im_str(im_tr(r->lang,
		"The layout of this message is too large or too intricate to be shown. This is its text.")));
	im_buf_adds(out, "</p><pre>");
	escaped(out, im_buf_str(&text));
	im_buf_adds(out, "</pre>");
	im_buf_done(&text);
}

static void
fill_body(const struct im_request *r, const struct im_mail_file *f, const struct im_mime *m, int part,
    bool remote, struct im_buf *out)
{
	struct images images = { .file = f, .mime = m, .left = HTML_CID_TOTAL_MAX };
	struct im_html_opts opts = { .remote = remote, .cid = cid_image, .arg = &images };
	struct im_html_report report;
	struct im_err ignored;
	struct im_buf html;
	im_buf_init(&html, IM_HTML_MAX_IN);
	bool whole = im_html_part_text(f->raw, &m->parts[part], IM_HTML_MAX_IN, &html);
	if (!whole || im_html_clean(im_buf_str(&html), &opts, out, &report, &ignored) != IM_OK)
		text_instead(r, f, m, im_buf_str(&html), out);
	im_buf_done(&html);
}

static void
fill_document(const struct im_request *r, const struct im_mail_file *f, const struct im_mime *m, int part,
    bool remote, struct im_buf *out)
{
	/* the language is the sender's and not known here; lang="" says so (HTML Standard 3.2.6.2) */
	im_buf_adds(out, "<!DOCTYPE html><html lang=\"\"><head><meta charset=\"utf-8\"><title>");
	escaped(out, im_str(f->entry.subject));
	im_buf_adds(out, "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
	im_buf_adds(out, style);
	im_buf_adds(out, "</head><body>");
	fill_body(r, f, m, part, remote, out);
	im_buf_adds(out, "</body></html>\n");
}

enum im_status
html_page(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	struct im_mail_file f;
	enum im_status st = im_mail_file_open(r, resp, r->args[0], r->args[1], &f, err);
	if (st != IM_OK)
		return st;
	struct im_mime m;
	im_mail_file_parse(&f, &m);
	int part = im_mime_html_part(&m);
	if (part >= 0) {
		const char *images = im_query(r, "images");
		resp->allow_remote_images = images && strcmp(images, "1") == 0;
		resp->kind = IM_FRAME_HTML;
		resp->content_type = "text/html; charset=utf-8";
		im_buf_init(&resp->body, IM_HTML_MAX_OUT + 64 * 1024);
		fill_document(r, &f, &m, part, resp->allow_remote_images, &resp->body);
	} else {
		resp->error_text = im_tr(r->lang, "This message has no HTML.");
		st = im_fail(
		    err, IM_NOTFOUND, "user %s: message %s has no HTML part", r->session->uid, r->args[1]);
	}
	im_mime_done(&m);
	im_mail_file_close(&f);
	return st;
}
