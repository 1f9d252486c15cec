/*
 * snippet.h - the first words of a text, for the list of messages
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SNIPPET_H
#define IM_SNIPPET_H

#include "base/buf.h"
#include "base/str.h"

/* im_snippet_plain - white space folded; quoted lines, what introduces them and the signature left out; at most max bytes */
void im_snippet_plain(struct im_str text, size_t max, struct im_buf *out);

/* im_snippet_html - the same of an HTML text without its tags, style and head */
void im_snippet_html(struct im_str html, size_t max, struct im_buf *out);

#endif
