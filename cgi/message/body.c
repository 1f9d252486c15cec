/*
 * body.c - what the message says: its text parts, or the frame that shows its HTML
 *
 * SPDX-License-Identifier: ISC
 */
#include "message.h"

#include "web/html.h"
#include "web/text.h"

bool
message_is_text(const struct message *m, const struct im_mime_part *p)
{
	bool plain = im_str_is(im_str(p->type), "text") && im_str_is(im_str(p->subtype), "plain");

	if (!plain || p->is_attachment)
		return false;
	if (m->view != VIEW_HTML && p->number == m->text)
		return true;
	return !p->name && p->parent >= 0 && im_str_is(im_str(m->mime.parts[p->parent].subtype), "mixed");
}

/* text_of_html - the words of the HTML part, where there is no other text */
static bool
text_of_html(const struct message *m, struct im_buf *out)
{
	struct im_buf html;
	bool whole;

	im_buf_init(&html, IM_HTML_MAX_IN);
	whole = im_mime_part_text(m->raw, &m->mime.parts[m->html], IM_HTML_MAX_IN, &html);
	im_html_text(im_buf_str(&html), MESSAGE_TEXT_MAX, out);
	im_buf_done(&html);
	return whole;
}

void
message_text(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	struct im_value *blocks = im_v_set_array(a, model, "blocks");
	struct im_buf text;
	bool whole = true;

	im_buf_init(&text, MESSAGE_TEXT_MAX);
	for (int i = 0; i < m->mime.nparts; i++) {
		const struct im_mime_part *p = &m->mime.parts[i];

		if (!message_is_text(m, p))
			continue;
		im_buf_clear(&text);
		whole &= im_mime_part_text(m->raw, p, MESSAGE_TEXT_MAX, &text);
		im_text_model(a, im_buf_str(&text), p->flowed, p->delsp, blocks);
	}
	if (m->view == VIEW_TEXT && m->text < 0 && m->html >= 0) {
		whole = text_of_html(m, &text);
		im_text_model(a, im_buf_str(&text), false, false, blocks);
	}
	im_buf_done(&text);
	im_v_set_bool(a, model, "show_empty", m->view == VIEW_TEXT && !blocks->u.c.n);
	im_v_set_bool(a, model, "text_cut", !whole);
}

/* html_holds_back - are there images elsewhere that the frame leaves out? */
static bool
html_holds_back(const struct message *m)
{
	struct im_buf html;
	bool ret;

	im_buf_init(&html, IM_HTML_MAX_IN);
	(void)im_mime_part_text(m->raw, &m->mime.parts[m->html], IM_HTML_MAX_IN, &html);
	ret = im_html_has_remote(im_buf_str(&html));
	im_buf_done(&html);
	return ret;
}

void
message_html(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	const char *images = im_query(m->r, "images");
	bool shown = images && im_str_is(im_str(images), "1");

	im_v_set_str(a, model, "frame_url", im_urlf(a, "%s/html%s", m->url, shown ? "?images=1" : ""));
	im_v_set_str(
	    a, model, "images_url", !shown && html_holds_back(m) ? im_urlf(a, "%s?images=1", m->url) : NULL);
}
