/*
 * writer.h - messages of our own: notices, replies, confirmations (RFC 5322, 2045, 2047, 3834)
 *
 * What goes into a header is folded, encoded where it is not ASCII, and never holds a line end whatever it came from.
 * The text is UTF-8, sent as quoted-printable. Composing with attachments builds on this later.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_WRITER_H
#define IM_WRITER_H

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

struct im_writer_field {
	const char *name, *value; /* value: UTF-8 */
};

struct im_notice {
	const char *from_name, *from; /* name may be NULL */
	const char *to_name, *to;
	const char *subject, *text; /* UTF-8, text with LF */
	bool automatic;             /* Auto-Submitted: auto-generated; replied: auto-replied */
	bool replied;
	const char *in_reply_to, *references; /* raw Message-IDs or NULL; malformed ones are left out */
	const struct im_writer_field *extra;  /* ended by a NULL name; or NULL */
};

/* im_writer_notice - the whole message with LF line ends, Date and a Message-ID of our own appended to out */
enum im_status im_writer_notice(
    const struct im_conf *conf, const struct im_notice *n, struct im_buf *out, struct im_err *err) IM_MUSTUSE;

/* the pieces: "Name: value\n" with unstructured text; "Name: display <address>\n" */
void im_writer_text(struct im_buf *out, const char *name, const char *value);
void im_writer_address(struct im_buf *out, const char *name, const char *display, const char *address);
void im_writer_date(struct im_buf *out, int64_t when);                     /* "Date: ...\n" */
void im_writer_message_id(struct im_buf *out, const struct im_conf *conf); /* "Message-ID: <...>\n" */
void im_writer_quoted_printable(struct im_buf *out, struct im_str text);

#endif
