/*
 * html_part.h - the HTML of a part as UTF-8, by the charset that its header or the document itself names
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HTML_PART_H
#define IM_HTML_PART_H

#include "mail/mime.h"

/* im_html_part_text - as im_mime_part_text; append at most max bytes, false when there is more */
bool im_html_part_text(
    struct im_str message, const struct im_mime_part *part, size_t max, struct im_buf *out);

#endif
