/*
 * part.c - a part as a download; as a picture only what its own bytes show to be one
 *
 * What the sender calls a part decides its proposed file name and nothing else: whatever is no PNG, GIF, JPEG or WebP by
 * its first bytes is sent as application/octet-stream to be saved, never to be shown.
 *
 * SPDX-License-Identifier: ISC
 */
#include "part.h"

#include <string.h>

#include "mail/mimetype.h"
#include "web/mailfile.h"

/* what is needed until the last byte is sent; lives in the request's arena */
struct sending {
	struct im_mail_file file;
	struct im_part_stream stream;
};

static bool
send_next(void *arg, struct im_buf *chunk)
{
	struct sending *s = arg;
	if (im_part_stream_next(&s->stream, chunk))
		return true;
	im_mail_file_close(&s->file);
	return false;
}

static void
send_stream(struct sending *s, struct im_response *resp)
{
	resp->content_type = "application/octet-stream";
	resp->stream = send_next;
	resp->stream_arg = s;
	resp->stream_size = im_part_stream_size(&s->stream);
	resp->has_stream_size = true;
}

/* an ending for a part without a name, by what it says it is */
static const char *
extension(const struct im_mime_part *p, const char *raster)
{
	static const struct {
		const char *type, *subtype, *ext;
	} known[] = {
		{ "text", "plain", "txt" },
		{ "text", "html", "html" },
		{ "text", "calendar", "ics" },
		{ "message", "rfc822", "eml" },
		{ "application", "pdf", "pdf" },
	};
	if (raster)
		return strcmp(raster, "image/jpeg") == 0 ? "jpg" : strchr(raster, '/') + 1;
	for (size_t i = 0; i < IM_COUNT(known); i++)
		if (strcmp(p->type, known[i].type) == 0 && strcmp(p->subtype, known[i].subtype) == 0)
			return known[i].ext;
	return "bin";
}

/* too long a name loses its middle, not its ending */
static const char *
file_name(struct im_request *r, const struct im_mime_part *p, const char *raster)
{
	if (!p->name || !*p->name)
		return im_arena_fmt(r->arena, "part-%d.%s", p->number, extension(p, raster));
	struct im_str name = im_str(p->name);
	if (name.n <= PART_NAME_MAX)
		return im_arena_strdup(r->arena, p->name);
	const char *dot = memrchr(name.p, '.', name.n);
	const char *ext = dot && strlen(dot) <= 16 ? dot : "";
	size_t n = im_utf8_cut(name, PART_NAME_MAX - strlen(ext));
	return im_arena_fmt(r->arena, "%.*s%s", (int)n, name.p, ext);
}

/* the four raster types by content, else NULL; the stream does not move */
static const char *
raster_type(const struct im_part_stream *s)
{
	struct im_part_stream copy = *s;
	struct im_buf head;
	im_buf_init(&head, 2 * (size_t)IM_STREAM_CHUNK);
	(void)im_part_stream_next(&copy, &head);
	const char *type = im_raster_type(im_buf_str(&head));
	im_buf_done(&head);
	return type;
}

static enum im_status
no_part(const struct im_request *r, struct im_response *resp, struct im_err *err)
{
	resp->error_text = im_tr(r->lang, "This message has no such part.");
	return im_fail(
	    err, IM_NOTFOUND, "user %s: message %s has no part %s", r->session->uid, r->args[1], r->args[2]);
}

static enum im_status
choose_part(struct im_request *r, struct im_response *resp, struct sending *s, struct im_err *err)
{
	uint64_t number;
	struct im_mime mime;
	if (!im_str_u64(im_str(r->args[2]), IM_MIME_MAX_PARTS, &number))
		return no_part(r, resp, err);
	im_mail_file_parse(&s->file, &mime);
	if ((int)number >= mime.nparts || mime.parts[number].is_multipart) {
		im_mime_done(&mime);
		return no_part(r, resp, err);
	}
	const struct im_mime_part *p = &mime.parts[number];
	im_part_stream_init(&s->stream, &s->file, p);
	const char *raster = raster_type(&s->stream), *want = im_query(r, "inline");
	bool shown = raster && want && strcmp(want, "1") == 0;
	resp->kind = shown ? IM_FRAME_INLINE_IMAGE : IM_FRAME_DOWNLOAD;
	resp->filename = file_name(r, p, raster);
	send_stream(s, resp);
	if (shown)
		resp->content_type = raster;
	im_mime_done(&mime);
	return IM_OK;
}

enum im_status
part_page(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	struct sending *s = im_arena_alloc(r->arena, sizeof(*s));
	enum im_status st = im_mail_file_open(r, resp, r->args[0], r->args[1], &s->file, err);
	if (st != IM_OK)
		return st;
	st = choose_part(r, resp, s, err);
	if (st != IM_OK)
		im_mail_file_close(&s->file);
	return st;
}

/* "?download=1" saves the source as a file that mail programs open, named by its subject */
enum im_status
raw_page(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	const char *download = im_query(r, "download");
	struct sending *s = im_arena_alloc(r->arena, sizeof(*s));
	enum im_status st = im_mail_file_open(r, resp, r->args[0], r->args[1], &s->file, err);
	if (st != IM_OK)
		return st;
	im_raw_stream_init(&s->stream, &s->file);
	send_stream(s, resp);
	resp->kind = IM_FRAME_TEXT;
	if (download && strcmp(download, "1") == 0) {
		struct im_str subject = im_str(s->file.entry.subject);
		size_t n = im_utf8_cut(subject, PART_NAME_MAX - 4);
		resp->kind = IM_FRAME_DOWNLOAD;
		resp->filename = n ? im_arena_fmt(r->arena, "%.*s.eml", (int)n, subject.p) : "message.eml";
	}
	return IM_OK;
}
