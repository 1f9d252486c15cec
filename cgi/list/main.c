/*
 * list - the messages of a mailbox, newest first
 *
 * It needs the index and a template, not the reader of messages: linked statically, it starts as fast as anything can.
 *
 * SPDX-License-Identifier: ISC
 */
#include "list.h"

static enum im_status
to_inbox(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)r;
	(void)model;
	(void)err;
	resp->redirect = "/mail/INBOX";
	return IM_OK;
}

static const struct im_route routes[] = {
	{ IM_GET, "/", NULL, IM_R_AUTH, to_inbox },
	{ IM_GET, "/mail", NULL, IM_R_AUTH, to_inbox },
	{ IM_GET, "/mail/{}", "list", IM_R_AUTH | IM_R_FRAGMENT, list_mailbox },
};

int
main(void)
{
	return im_app_main(&(struct im_app) {
	    .name = "list", .routes = routes, .nroutes = IM_COUNT(routes), .uses_mail = true });
}
