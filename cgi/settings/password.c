/*
 * password.c - a new password
 *
 * The current one is asked again: whoever finds an open session must not be able to take the account over. All other
 * sessions end.
 *
 * SPDX-License-Identifier: ISC
 */
#include "settings.h"
#include "web/session.h"

static void
fill(struct im_request *r, struct im_response *resp, struct im_value *model)
{
	settings_page(r, resp, model, "at_password", im_tr(r->lang, "Password"),
	    im_tr(r->lang, "Your new password counts from now on. All other devices were signed out."));
}

enum im_status
password_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)err;
	fill(r, resp, model);
	return IM_OK;
}

enum im_status
password_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *uid = r->session->uid, *password = im_form(r, "new");
	struct im_dir *d = NULL;
	enum im_status st;
	bool ok = false;
	int n;

	fill(r, resp, model);
	if (!settings_new_password(r, resp, model, uid, password, im_form(r, "again")))
		return IM_OK;
	st = settings_verify(r, resp, model, im_form(r, "current"), &ok, err);
	if (st != IM_OK || !ok)
		return st;
	st = im_dir_open_as(r->conf, uid, &d, err);
	if (st == IM_OK)
		st = im_person_passwd(d, uid, password, err);
	im_dir_close(d);
	if (st == IM_OK)
		st = im_session_end_others(r->conf, r->session, &n, err);
	if (st == IM_OK)
		resp->redirect = "/settings/password?done=1";
	return st;
}
