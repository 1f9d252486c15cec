/*
 * autoreply.c - the absence notice itself
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/autoreply.h"

#include "base/buf.h"
#include "mail/header.h"
#include "mail/submit.h"
#include "mail/writer.h"

enum { REFERENCES_MAX = 4000, NOTICE_MAX = 4 * IM_RULES_TEXT_MAX + 16 * 1024 };

/* a raw field as one line of text */
static void
field(struct im_str header, const char *name, struct im_buf *b)
{
	struct im_str raw;

	if (!im_header_get(header, name, &raw))
		return;
	for (size_t i = 0; i < raw.n && !b->full; i++)
		im_buf_addc(b, raw.p[i] == '\r' || raw.p[i] == '\n' || raw.p[i] == '\t' || raw.p[i] == '\0'
				   ? ' '
				   : raw.p[i]);
}

enum im_status
im_autoreply_send(
    const struct im_conf *conf, const struct im_rules *r, const struct im_autoreply *m, struct im_err *err)
{
	const char *const to[] = { m->sender, NULL };
	struct im_buf subject, id, references, out;
	char queueid[33];

	im_buf_init(&subject, 1000);
	im_buf_init(&id, REFERENCES_MAX);
	im_buf_init(&references, REFERENCES_MAX);
	im_buf_init(&out, NOTICE_MAX);
	if (r->vacation_subject[0] != '\0')
		im_buf_adds(&subject, r->vacation_subject);
	else
		im_buf_addf(&subject, "Auto: %s", m->subject); /* RFC 3834 3.1.5 */
	field(m->header, "message-id", &id);
	field(m->header, "references", &references);
	im_buf_addc(&references, ' ');
	im_buf_add_str(&references, im_buf_str(&id));
	const struct im_notice n = { .from = m->recipient,
		.to = m->sender,
		.subject = subject.p,
		.text = r->vacation_text,
		.replied = true,
		.in_reply_to = id.n > 0 && !id.full ? id.p : NULL,
		.references = references.full ? id.p : references.p };
	enum im_status st = im_writer_notice(conf, &n, &out, err);
	if (st == IM_OK)
		st = im_submit_text(conf, "", to, im_buf_str(&out), queueid, err);
	im_buf_done(&subject);
	im_buf_done(&id);
	im_buf_done(&references);
	im_buf_done(&out);
	return st;
}
