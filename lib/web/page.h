/*
 * page.h - a model becomes a page: templates from <share_dir>/templates, put together with _head and _foot
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_PAGE_H
#define IM_PAGE_H

#include "web/app.h"

enum { IM_PAGE_TEMPLATES_MAX = 16, IM_PAGE_MAX_BYTES = 16 * 1024 * 1024 };

/* im_page_render - append template_name, with its frame (_head, _foot) unless 'fragment' */
enum im_status im_page_render(const struct im_request *r, const char *template_name, bool fragment,
    const struct im_value *model, struct im_buf *out, struct im_err *err) IM_MUSTUSE;

/* im_page_error_text - what an error page says when nobody knows more, by HTTP status, translated */
const char *im_page_error_title(const struct im_lang *l, int status);
const char *im_page_error_text(const struct im_lang *l, int status);
/*
 * im_page_error_frame - an error as a document for the frame of a message, where style sheets of ours are forbidden; no
 * template is needed. Where only showing the message failed it says what else there is
 */
void im_page_error_frame(const struct im_lang *l, int status, const char *text, struct im_buf *out);
/* im_page_bare - an error page that needs nothing: no configuration, no template */
void im_page_bare(const char *title, const char *text, struct im_buf *out);

#endif
