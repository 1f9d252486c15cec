/*
 * logout.c - signing out: a question for whoever comes by a link, and the deed
 *
 * SPDX-License-Identifier: ISC
 */
#include "login.h"
#include "web/session.h"

enum im_status
logout_ask(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	(void)err;
	resp->title = im_tr(r->lang, "Sign out");
	return IM_OK;
}

enum im_status
logout_do(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	(void)err;
	im_session_end(r->conf, r->session);
	/* the device mark goes with all cookies (Clear-Site-Data): whoever signs out may sit at a strange computer */
	resp->cookies[0] = IM_COOKIE_SESSION "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict";
	resp->clear_site_data = true;
	resp->redirect = "/login";
	return IM_OK;
}
