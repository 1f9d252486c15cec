/*
 * response.h - the head of an answer: status, type, and the security headers that its kind asks for
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_RESPONSE_H
#define IM_RESPONSE_H

#include "web/app.h"

/* im_response_head - append the CGI header block, the empty line included. length < 0: not known (streamed) */
enum im_status im_response_head(const struct im_response *resp, const char *content_type, int64_t length,
    struct im_buf *out, struct im_err *err) IM_MUSTUSE;

enum im_late { IM_LATE_DIE, IM_LATE_PAGE, IM_LATE_FRAME };

/*
 * im_response_before_limit - answer 503 and end when the limit of CPU time is reached (SIGXCPU); IM_LATE_DIE when an answer
 * has begun. Hostile mail can be slow to read: its owner must learn why there is no page, or nothing in the frame.
 */
void im_response_before_limit(enum im_late late);

#endif
