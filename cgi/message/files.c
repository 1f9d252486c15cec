/*
 * files.c - the attachments of a message: names, kinds, sizes, links
 *
 * What a part is, its bytes tell (libmagic), not its sender. libmagic is only asked when there is something to ask.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "mail/mimetype.h"
#include "message.h"

enum { RASTER_HEAD = 32 }; /* bytes */

/* shown_inside - a picture that belongs to the HTML, which shows it unless it is large */
static bool
shown_inside(const struct message *m, const struct im_mime_part *p)
{
	return m->html >= 0 && p->content_id && p->disposition != IM_DISP_ATTACHMENT &&
	       im_str_is(im_str(p->type), "image") && p->body_len <= MESSAGE_INSIDE_MAX / 3 * 4;
}

/* other_form - of the same text, made for other programs; an invitation is more than that */
static bool
other_form(const struct message *m, const struct im_mime_part *p)
{
	return p->parent >= 0 && im_str_is(im_str(m->mime.parts[p->parent].subtype), "alternative") &&
	       im_str_is(im_str(p->type), "text") && !im_str_is(im_str(p->subtype), "calendar");
}

/* is_file - whatever is not shown already: nothing of a message stays out of sight */
static bool
is_file(const struct message *m, const struct im_mime_part *p)
{
	if (p->is_multipart || p->number == m->text || p->number == m->html || message_is_text(m, p))
		return false;
	return !shown_inside(m, p) && !other_form(m, p);
}

/* kinds for people, by the longest prefix of the type */
static const struct kind {
	const char *prefix, *label;
} kinds[] = {
	{ "application/pdf", /* N_ */ "PDF document" },
	{ "application/zip", /* N_ */ "Compressed file" },
	{ "application/gzip", /* N_ */ "Compressed file" },
	{ "application/x-7z", /* N_ */ "Compressed file" },
	{ "application/x-rar", /* N_ */ "Compressed file" },
	{ "application/x-tar", /* N_ */ "Compressed file" },
	{ "application/msword", /* N_ */ "Text document" },
	{ "application/vnd.openxmlformats-officedocument.wordprocessingml", /* N_ */ "Text document" },
	{ "application/vnd.openxmlformats-officedocument.spreadsheetml", /* N_ */ "Spreadsheet" },
	{ "application/vnd.openxmlformats-officedocument.presentationml", /* N_ */ "Presentation" },
	{ "application/vnd.ms-excel", /* N_ */ "Spreadsheet" },
	{ "application/vnd.ms-powerpoint", /* N_ */ "Presentation" },
	{ "application/vnd.oasis.opendocument.text", /* N_ */ "Text document" },
	{ "application/vnd.oasis.opendocument.spreadsheet", /* N_ */ "Spreadsheet" },
	{ "application/vnd.oasis.opendocument.presentation", /* N_ */ "Presentation" },
	{ "application/vnd.debian", /* N_ */ "Program" },
	{ "application/x-dosexec", /* N_ */ "Program" },
	{ "application/x-executable", /* N_ */ "Program" },
	{ "application/x-pie-executable", /* N_ */ "Program" },
	{ "image/", /* N_ */ "Picture" },
	{ "audio/", /* N_ */ "Sound" },
	{ "video/", /* N_ */ "Video" },
	{ "message/", /* N_ */ "Message" },
	{ "text/calendar", /* N_ */ "Calendar" },
	{ "text/vcard", /* N_ */ "Contact" },
	{ "text/html", /* N_ */ "Web page" },
	{ "text/", /* N_ */ "Text" },
};

static const char *
kind_label(const struct im_lang *l, const char *type)
{
	for (size_t i = 0; i < IM_COUNT(kinds); i++)
		if (im_str_starts(im_str(type), kinds[i].prefix))
			return im_tr(l, kinds[i].label);
	return im_tr(l, "File");
}

/* raster - a picture that the page can show, told by its first bytes; NULL for everything else */
static const char *
raster(const struct message *m, const struct im_mime_part *p)
{
	struct im_buf head;
	const char *type;

	im_buf_init(&head, RASTER_HEAD);
	(void)im_mime_decode_part(m->raw, p, RASTER_HEAD, &head);
	type = im_raster_type(im_buf_str(&head));
	im_buf_done(&head);
	return type;
}

static void
add_file(
    const struct message *m, struct im_magic **magic, struct im_value *files, const struct im_mime_part *p)
{
	struct im_arena *a = m->r->arena;
	const struct im_lang *l = m->r->lang;
	struct im_value *f = im_v_add_object(a, files);
	uint64_t size = im_mime_part_size(m->raw, p);
	const char *picture = raster(m, p), *type = picture;
	const char *name =
	    p->name && *p->name ? p->name : im_tr_count(l, "Part %d", "Part %d", (uint64_t)p->number, a);
	const char *url = im_urlf(a, "%s/part/%d", m->url, p->number);

	if (!type) {
		if (!*magic)
			*magic = im_magic_open();
		type = im_magic_part(*magic, m->raw, p, a);
	}
	im_v_set_str(a, f, "url", url);
	im_v_set_str(a, f, "name", name);
	im_v_set_str(a, f, "type", type);
	im_v_set_str(a, f, "type_text", kind_label(l, type));
	im_v_set_int(a, f, "size", (int64_t)size);
	im_v_set_str(a, f, "size_text", im_size_for(l, size, a));
	im_v_set_int(a, f, "part", p->number);
	im_v_set_str(
	    a, f, "thumb_url", picture && size <= MESSAGE_THUMB_MAX ? im_urlf(a, "%s?inline=1", url) : NULL);
}

void
message_files(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	struct im_value *files = im_v_set_array(a, model, "files");
	struct im_magic *magic = NULL;
	uint64_t n = 0;

	for (int i = 0; i < m->mime.nparts; i++) {
		if (!is_file(m, &m->mime.parts[i]))
			continue;
		add_file(m, &magic, files, &m->mime.parts[i]);
		n++;
	}
	im_magic_close(magic);
	im_v_set_bool(a, model, "has_files", n > 0);
	im_v_set_str(
	    a, model, "files_text", im_tr_count(m->r->lang, "%d attachment", "%d attachments", n, a));
}
