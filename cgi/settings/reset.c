/*
 * reset.c - a new password by a link, once and without a session
 *
 * Whoever has the link acts as the person it was made for; that a disabled person gets no password slapd decides.
 *
 * SPDX-License-Identifier: ISC
 */
#include "settings.h"
#include "web/reset.h"
#include "web/session.h"

static enum im_status
gone(struct im_request *r, struct im_response *resp, enum im_status st)
{
	if (st == IM_NOTFOUND)
		resp->error_text = im_tr(
		    r->lang, "This link was used already, or it is older than a day. Ask for a new one.");
	return st;
}

static void
fill(struct im_request *r, struct im_response *resp, struct im_value *model, const char *uid)
{
	resp->title = im_tr(r->lang, "New password");
	im_v_set_str(r->arena, model, "person", uid);
	im_v_set_str(r->arena, model, "reset_url", im_url_below(r->arena, "/reset", r->args[0]));
	im_v_set_str(r->arena, model, "domain", r->conf->domain);
}

enum im_status
reset_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *uid;
	enum im_status st = im_reset_look(r->conf, r->args[0], r->arena, &uid, err);

	if (st == IM_OK)
		fill(r, resp, model, uid);
	return gone(r, resp, st);
}

enum im_status
reset_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *uid, *password = im_form(r, "new");
	struct im_dir *d = NULL;
	int n;
	enum im_status st = im_reset_look(r->conf, r->args[0], r->arena, &uid, err);

	if (st != IM_OK)
		return gone(r, resp, st);
	fill(r, resp, model, uid);
	if (!settings_new_password(r, resp, model, uid, password, im_form(r, "again")))
		return IM_OK;
	st = im_reset_take(r->conf, r->args[0], r->arena, &uid, err);
	if (st != IM_OK)
		return gone(r, resp, st);
	st = im_dir_open_as(r->conf, uid, &d, err);
	if (st == IM_OK)
		st = im_person_passwd(d, uid, password, err);
	im_dir_close(d);
	if (st != IM_OK) {
		im_reset_give_back(r->conf, r->args[0]);
		return st;
	}
	im_reset_end(r->conf, r->args[0]);
	st = im_session_end_all(r->conf, uid, &n, err);
	if (st == IM_OK)
		resp->redirect = "/login";
	return st;
}
