/*
 * message.h - the page of a message, in the order in which it is made: open, who and when, views, body, attachments
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "mail/index.h"
#include "mail/mime.h"
#include "web/app.h"

enum {
	MESSAGE_PEOPLE_MAX = 50,       /* addresses shown of each field; the header view shows all */
	MESSAGE_TEXT_MAX = 512 * 1024, /* bytes of text shown; the source has the rest */
	MESSAGE_FIELD_MAX = 16 * 1024, /* bytes of a field in the header view */
	MESSAGE_FIELDS_MAX = 1000,
	MESSAGE_INSIDE_MAX =
	    256 *
	    1024, /* larger pictures of an HTML text are listed as attachments (the frame leaves them out) */
	MESSAGE_THUMB_MAX = 4 * 1024 * 1024 /* larger pictures are not fetched for a thumbnail */
};

enum message_view { VIEW_HTML, VIEW_TEXT, VIEW_HEADERS };

/* a message at hand: the file is mapped as long as the page is made */
struct message {
	struct im_request *r;
	struct im_entry entry;
	const char *url; /* "/mail/INBOX/<id>" */
	struct im_str raw;
	struct im_mime mime;
	int text, html; /* parts; -1 where there is none */
	enum message_view view;
};

im_handler message_page;

/* who wrote to whom: "people", "initial", "from_warning" */
void message_people(const struct message *m, struct im_value *model);
/* the decoded header: "fields" */
void message_fields(const struct message *m, struct im_value *model);
/*
 * message_is_text - is this part shown as text of the body? Besides the first text these are the others of a "mixed" body:
 * what follows a picture in the text, the footer of a list. Other forms of the same (multipart/alternative) are not.
 */
bool message_is_text(const struct message *m, const struct im_mime_part *p);
/* "blocks" of every text part that belongs to the body; "text_cut" */
void message_text(const struct message *m, struct im_value *model);
/* "frame_url", "images_url" (null when nothing is held back) */
void message_html(const struct message *m, struct im_value *model);
/* "files", "files_text" */
void message_files(const struct message *m, struct im_value *model);

#endif
