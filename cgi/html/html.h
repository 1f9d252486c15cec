/*
 * html.h - the frame that shows the HTML of a message
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef HTML_H
#define HTML_H

#include "web/app.h"

enum {
	HTML_CID_MAX = 256 * 1024,            /* bytes of one image of the mail that is shown in its place */
	HTML_CID_TOTAL_MAX = 2 * 1024 * 1024, /* of all of them; the rest are attachments like others */
	HTML_TEXT_MAX = 512 * 1024            /* of the text that is shown instead */
};

im_handler html_page;

#endif
