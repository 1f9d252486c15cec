/*
 * describe.c - a message as JSON
 *
 * SPDX-License-Identifier: ISC
 */
#include "message.h"

#include <string.h>

#include "mail/address.h"
#include "mail/date.h"
#include "mail/header.h"

static void
add_addresses(
    struct im_arena *a, struct im_value *o, const struct im_mime *m, const char *field, const char *names)
{
	struct im_value *addrs = im_v_set_array(a, o, field), *ns = im_v_set_array(a, o, names);
	struct im_addresses l;
	struct im_str raw;

	if (!im_header_get(m->header, field, &raw))
		return;
	im_addresses_parse(a, raw, &l);
	for (int i = 0; i < l.n; i++) {
		im_v_add_span(a, addrs, im_str(l.a[i].addr));
		im_v_add_span(a, ns, im_str(l.a[i].name));
	}
}

static void
add_header(struct im_arena *a, struct im_value *o, const struct im_mime *m)
{
	struct im_str raw;
	struct im_buf b;
	int64_t date;

	add_addresses(a, o, m, "from", "from_names");
	add_addresses(a, o, m, "to", "to_names");
	if (im_header_get(m->header, "subject", &raw)) {
		im_buf_init(&b, raw.n * 3 + 16);
		im_header_decode(raw, &b);
		im_v_set_span(a, o, "subject", im_str_trim(im_buf_str(&b)));
		im_buf_done(&b);
	} else {
		im_v_set_null(a, o, "subject");
	}
	if (im_header_get(m->header, "date", &raw) && im_date_parse(raw, &date))
		im_v_set_int(a, o, "date", date);
	else
		im_v_set_null(a, o, "date");
}

static void
add_part(struct im_arena *a, struct im_value *arr, struct im_str raw, const struct im_mime_part *p)
{
	static const char *const ctes[] = { "identity", "base64", "quoted-printable", "uuencode" };
	static const char *const dispositions[] = { NULL, "inline", "attachment", "other" };
	struct im_value *o = im_v_add_object(a, arr);

	im_v_set_int(a, o, "number", p->number);
	im_v_set_int(a, o, "parent", p->parent);
	im_v_set_str(a, o, "type", im_arena_fmt(a, "%s/%s", p->type, p->subtype));
	if (p->charset)
		im_v_set_str(a, o, "charset", p->charset);
	if (p->name)
		im_v_set_str(a, o, "name", p->name);
	if (p->content_id)
		im_v_set_str(a, o, "content_id", p->content_id);
	if (p->disposition != IM_DISP_NONE)
		im_v_set_str(a, o, "disposition", dispositions[p->disposition]);
	if (p->cte != IM_CTE_IDENTITY)
		im_v_set_str(a, o, "encoding", ctes[p->cte]);
	if (p->flowed)
		im_v_set_bool(a, o, "flowed", true);
	if (p->is_unparted)
		im_v_set_bool(a, o, "unparted", true);
	if (p->is_attachment)
		im_v_set_bool(a, o, "attachment", true);
	if (!p->is_multipart)
		im_v_set_int(a, o, "size", (int64_t)im_mime_part_size(raw, p));
}

static void
add_remote_refs(struct im_arena *a, struct im_value *o, struct im_str raw, const struct im_mime_part *html)
{
	enum { MAX_HTML = 8 * 1024 * 1024 };
	struct im_buf b;

	im_buf_init(&b, MAX_HTML);
	(void)im_mime_part_text(raw, html, MAX_HTML, &b);
	im_v_set_int(a, o, "remote_refs", count_remote_refs(im_buf_str(&b)));
	im_buf_done(&b);
}

struct im_value *
describe_message(struct im_arena *a, const char *file, struct im_str raw, const struct im_mime *m)
{
	struct im_value *o = im_v_object(a), *names, *parts;
	int explicit_ones = 0, text = im_mime_text_part(m);

	im_v_set_str(a, o, "file", file);
	add_header(a, o, m);
	im_v_set_int(a, o, "attachments", m->attachments);
	for (int i = 0; i < m->nparts; i++)
		explicit_ones += m->parts[i].is_attachment && m->parts[i].disposition == IM_DISP_ATTACHMENT;
	im_v_set_int(a, o, "attachments_explicit", explicit_ones);
	im_v_set_bool(a, o, "has_html", im_mime_html_part(m) >= 0);
	/* a multipart without parts is shown, but is no text */
	im_v_set_bool(a, o, "has_text", text >= 0 && !m->parts[text].is_unparted);
	names = im_v_set_array(a, o, "filenames");
	for (int i = 0; i < m->nparts; i++)
		if (m->parts[i].is_attachment && m->parts[i].name)
			im_v_add_span(a, names, im_str(m->parts[i].name));
	if (im_mime_html_part(m) >= 0)
		add_remote_refs(a, o, raw, &m->parts[im_mime_html_part(m)]);
	im_v_set_int(a, o, "size", (int64_t)m->size);
	parts = im_v_set_array(a, o, "parts");
	for (int i = 0; i < m->nparts; i++)
		add_part(a, parts, raw, &m->parts[i]);
	return o;
}
