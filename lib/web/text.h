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

/* text is valid UTF-8 with LF line ends; http, https, mailto and www. links are found; blocks are appended to arr */
void im_text_model(struct im_arena *a, struct im_str text, bool flowed, bool delsp, struct im_value *arr);

#endif
