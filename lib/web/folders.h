/*
 * folders.h - what every page of the mail shows around its content: the folders with their counts
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_FOLDERS_H
#define IM_FOLDERS_H

#include "web/app.h"
#include "mail/index.h"

/* the signed-in person's mail and one mailbox of it */
struct im_mail_at {
	struct im_store store;
	struct im_mailbox box;
	bool empty; /* nothing was ever delivered: there is no Maildir yet, and an empty inbox is shown */
};

/* im_mail_at_open - the mailbox of this name; IM_NOTFOUND, with resp->error_text, when there is none. Close on IM_OK */
enum im_status im_mail_at_open(const struct im_request *r, struct im_response *resp, const char *name,
    struct im_mail_at *ret, struct im_err *err) IM_MUSTUSE;
void im_mail_at_close(struct im_mail_at *at);

/* im_folder_label - a mailbox's name for people: "Inbox" and its like in their language, "Family/Photos" */
const char *im_folder_label(const struct im_lang *l, const char *name, struct im_arena *a);

/*
 * im_folders_model - sets what the partial _folders and the page's head need:
 *
 *	mailbox: { name, label, url, total, unread, summary }
 *	folders: [ { name, label, icon, url, total, unread, current } ]
 *
 * counts are those of the mailbox at hand. A folder that cannot be read is shown without counts.
 */
enum im_status im_folders_model(const struct im_request *r, const struct im_mail_at *at,
    const struct im_counts *counts, struct im_value *model, struct im_err *err) IM_MUSTUSE;

#endif
