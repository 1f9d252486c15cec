/*
 * text.h - plain text mail as a model: quotes, links, signature, flowed lines (RFC 3676)
 *
 * No HTML is made here: the template walks the blocks, so escaping stays in one place. Adjacent lines of one depth are
 * one block whose text keeps its line ends (shown with white-space: pre-wrap).
 *
 *	blocks: [ { "quote": 0-9, "signature": bool, "runs": [ { "text": "..." } | { "text": "...", "link_url": "https://..." } ] } ]
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TEXT_H
#define IM_TEXT_H

#include <stdbool.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/value.h"

/* what comes after so many is shown as plain text: a page of a hostile mail stays a page */
enum { IM_TEXT_BLOCKS_MAX = 4000, IM_TEXT_LINKS_MAX = 4000, IM_TEXT_QUOTE_MAX = 9, IM_TEXT_URL_MAX = 4096 };

/* text is valid UTF-8 with LF line ends; http, https, mailto and www. links are found; blocks are appended to arr */
void im_text_model(struct im_arena *a, struct im_str text, bool flowed, bool delsp, struct im_value *arr);

#endif
