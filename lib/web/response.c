/*
 * response.c - header blocks
 *
 * One block of constant lines for each kind of answer, so that no answer can lack a line. Values that are not ours go
 * through one setter that refuses control characters.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/response.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* what every answer has */
#define COMMON                                                                                          \
	"X-Content-Type-Options: nosniff\r\n"                                                           \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                                                   \
	"Cross-Origin-Resource-Policy: same-origin\r\n"                                                 \
	"X-DNS-Prefetch-Control: off\r\n"                                                               \
	"Permissions-Policy: camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), " \
	"bluetooth=()\r\n"                                                                              \
	"Cache-Control: no-store\r\n"                                                                   \
	"Strict-Transport-Security: max-age=63072000\r\n"

/* Referrer-Policy: with no-referrer our own forms would be sent with "Origin: null" */
#define PAGE_POLICY                                                                          \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; " \
	"img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; "      \
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "                      \
	"require-trusted-types-for 'script'; trusted-types 'none'\r\n"                       \
	"X-Frame-Options: DENY\r\n"                                                          \
	"Referrer-Policy: same-origin\r\n" COMMON

static const char page_headers[] = PAGE_POLICY;

#define FRAME_POLICY(images)                                                                                \
	"Content-Security-Policy: default-src 'none'; img-src data:" images "; style-src 'unsafe-inline'; " \
	"form-action 'none'; base-uri 'none'; frame-ancestors 'self'; "                                     \
	"sandbox allow-popups allow-popups-to-escape-sandbox\r\n"                                           \
	"X-Frame-Options: SAMEORIGIN\r\n"                                                                   \
	"Referrer-Policy: no-referrer\r\n" COMMON

static const char frame_headers[] = FRAME_POLICY("");
static const char frame_images_headers[] = FRAME_POLICY(" https:");

static const char file_headers[] = "Content-Security-Policy: default-src 'none'; sandbox\r\n"
				   "X-Frame-Options: DENY\r\n"
				   "Referrer-Policy: no-referrer\r\n" COMMON;

static const struct reason {
	int status;
	const char *text;
} reasons[] = {
	{ 200, "OK" },
	{ 303, "See Other" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 411, "Length Required" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 429, "Too Many Requests" },
	{ 500, "Internal Server Error" },
	{ 503, "Service Unavailable" },
};

static const char *
reason(int status)
{
	for (size_t i = 0; i < IM_COUNT(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].text;
	}
	return "Status";
}

static enum im_status
header(struct im_buf *out, const char *name, const char *value, struct im_err *err)
{
	for (const char *p = value; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return im_fail(err, IM_BUG, "a control character in the header %s", name);
	}
	im_buf_adds(out, name);
	im_buf_adds(out, ": ");
	im_buf_adds(out, value);
	im_buf_adds(out, "\r\n");
	return IM_OK;
}

static bool
raster(const char *type)
{
	return strcmp(type, "image/png") == 0 || strcmp(type, "image/gif") == 0 ||
	       strcmp(type, "image/jpeg") == 0 || strcmp(type, "image/webp") == 0;
}

/* disposition - RFC 6266: an ASCII form for old software, the real name as RFC 8187 says */
static void
disposition(struct im_buf *out, const char *filename)
{
	im_buf_adds(out, "Content-Disposition: attachment");
	if (filename && *filename) {
		im_buf_adds(out, "; filename=\"");
		for (const char *p = filename; *p; p++) {
			unsigned char c = (unsigned char)*p;

			if ((c & 0xc0) == 0x80) /* of a character one mark is enough */
				continue;
			im_buf_addc(out, c < 0x20 || c >= 0x7f || strchr("\"\\%/:*?<>|;", c) ? '_' : (char)c);
		}
		im_buf_adds(out, "\"; filename*=UTF-8''");
		for (const char *p = filename; *p; p++) {
			unsigned char c = (unsigned char)*p;
			bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
				     (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';

			if (plain || c < 0x20 || c == 0x7f)
				im_buf_addc(out, plain ? (char)c : '_');
			else
				im_buf_addf(out, "%%%02X", c);
		}
	}
	im_buf_adds(out, "\r\n");
}

static void
security(const struct im_response *resp, int kind, struct im_buf *out)
{
	switch (kind) {
	case IM_FRAME_HTML:
		im_buf_adds(out, resp->allow_remote_images ? frame_images_headers : frame_headers);
		break;
	case IM_FRAME_DOWNLOAD:
	case IM_FRAME_INLINE_IMAGE:
	case IM_FRAME_TEXT:
		im_buf_adds(out, file_headers);
		break;
	default:
		im_buf_adds(out, page_headers);
	}
}

enum im_status
im_response_head(const struct im_response *resp, const char *content_type, int64_t length, struct im_buf *out,
    struct im_err *err)
{
	int status = resp->redirect ? 303 : resp->status ? resp->status : 200;
	int kind = resp->kind;
	enum im_status st = IM_OK;

	if (kind == IM_FRAME_INLINE_IMAGE && !raster(content_type))
		kind = IM_FRAME_DOWNLOAD;
	if (kind == IM_FRAME_DOWNLOAD)
		content_type = "application/octet-stream";
	else if (kind == IM_FRAME_TEXT)
		content_type = "text/plain; charset=utf-8";
	im_buf_addf(out, "Status: %d %s\r\n", status, reason(status));
	if (resp->redirect)
		st = header(out, "Location", resp->redirect, err);
	if (st == IM_OK)
		st = header(out, "Content-Type", content_type, err);
	if (length >= 0)
		im_buf_addf(out, "Content-Length: %lld\r\n", (long long)length);
	security(resp, kind, out);
	if (kind == IM_FRAME_DOWNLOAD)
		disposition(out, resp->filename);
	if (resp->allow)
		im_buf_addf(out, "Allow: %s\r\n", resp->allow);
	if (resp->retry_after > 0)
		im_buf_addf(out, "Retry-After: %d\r\n", resp->retry_after);
	if (resp->clear_site_data)
		im_buf_adds(out, "Clear-Site-Data: \"cache\", \"cookies\", \"storage\"\r\n");
	for (size_t i = 0; i < IM_COUNT(resp->cookies) && st == IM_OK; i++) {
		if (resp->cookies[i])
			st = header(out, "Set-Cookie", resp->cookies[i], err);
	}
	im_buf_adds(out, "\r\n");
	if (st == IM_OK && out->full)
		st = im_fail(err, IM_BUG, "the headers are too long");
	return st;
}

#define LATE(policy, advice)                                                                               \
	"Status: 503 Service Unavailable\r\n"                                                              \
	"Content-Type: text/html; charset=utf-8\r\n" policy "\r\n"                                         \
	"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>This page takes too long</title>" \
	"<h1>This page takes too long</h1><p>It was given up. " advice "</p>\n"

static const char late_page[] = LATE(PAGE_POLICY, "Go back and choose another view.");
static const char late_frame[] = LATE(FRAME_POLICY(""), "Choose “Text only” above to read the text.");

static void
too_late(const char *answer, size_t n)
{
	static const char note[] =
	    "intimail-web: a page was given up: it needed more CPU time than the limit\n";

	(void)!write(STDOUT_FILENO, answer, n);
	(void)!write(STDERR_FILENO, note, sizeof note - 1);
	_exit(0);
}

static void
too_late_page(int signum)
{
	(void)signum;
	too_late(late_page, sizeof late_page - 1);
}

static void
too_late_frame(int signum)
{
	(void)signum;
	too_late(late_frame, sizeof late_frame - 1);
}

void
im_response_before_limit(enum im_late late)
{
	(void)signal(SIGXCPU, late == IM_LATE_FRAME  ? too_late_frame
			      : late == IM_LATE_PAGE ? too_late_page
						     : SIG_DFL);
}
