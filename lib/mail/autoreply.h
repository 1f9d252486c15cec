/*
 * autoreply.h - who is told that a person is away (RFC 3834)
 *
 * Whether a reply is due is decided from the header alone; that nobody is told twice in a period is kept in the file
 * Maildir/intimail-vacation: "hash seconds" a line, a hash of the sender and of the absence, so that the file tells
 * nobody who wrote, and a new absence begins anew.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_AUTOREPLY_H
#define IM_AUTOREPLY_H

#include <stdbool.h>

#include "base/conf.h"
#include "base/err.h"
#include "mail/maildir.h"
#include "mail/rules.h"

enum { IM_AUTOREPLY_SENDERS = 1000 }; /* remembered; the oldest are forgotten */

struct im_autoreply {
	struct im_str header;  /* of the message, raw */
	const char *sender;    /* envelope sender: the reply goes there (RFC 3834 4) */
	const char *recipient; /* the person's address: the reply comes from there */
	const char *original;  /* as it was addressed before aliases; "" = unknown */
	const char *subject;   /* decoded */
};

/* im_autoreply_due - a person wrote this, to this person by name. Everything that may be a robot or a list is not answered */
bool im_autoreply_due(const struct im_autoreply *m);

/* im_autoreply_claim - true for the first message of the sender in a period, which is written down before the reply goes out */
enum im_status im_autoreply_claim(const struct im_store *s, const struct im_rules *r, const char *sender,
    int64_t now, bool *ret, struct im_err *err) IM_MUSTUSE;

/* im_autoreply_send - the reply, with an empty envelope sender: nothing answers it */
enum im_status im_autoreply_send(const struct im_conf *conf, const struct im_rules *r,
    const struct im_autoreply *m, struct im_err *err) IM_MUSTUSE;

#endif
