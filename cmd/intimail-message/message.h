/*
 * message.h - between the files of intimail-message
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "base/err.h"
#include "base/value.h"
#include "mail/mime.h"

/* describe_message - the JSON object of a message: what is made of its headers and its parts */
struct im_value *describe_message(
    struct im_arena *a, const char *file, struct im_str raw, const struct im_mime *m);

/* count_remote_refs - remote URLs in src, background and url() */
int count_remote_refs(struct im_str html);

#endif
