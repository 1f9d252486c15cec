/*
 * message - one message of a mailbox: its text or a frame with its HTML, its attachments, its header
 *
 * SPDX-License-Identifier: ISC
 */
#include "message.h"

static const struct im_route routes[] = {
	{ IM_GET, "/mail/{}/{}", "message", IM_R_AUTH | IM_R_FRAGMENT, message_page },
};

int
main(void)
{
	return im_app_main(&(struct im_app) { .name = "message",
	    .routes = routes,
	    .nroutes = IM_COUNT(routes),
	    .uses_mail = true,
	    .reads_magic = true });
}
