/*
 * devices.c - where this person is signed in
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "settings.h"
#include "web/session.h"

static void
add(const struct im_request *r, struct im_value *list, const struct im_session *s)
{
	struct im_value *o = im_v_add_object(r->arena, list);
	bool current = strcmp(s->token_hash, r->session->token_hash) == 0;

	im_v_set_str(r->arena, o, "id", im_arena_fmt(r->arena, "%.*s", IM_SESSION_ID_CHARS, s->token_hash));
	im_v_set_str(r->arena, o, "browser",
	    strcmp(s->agent, "browser") == 0 ? im_tr(r->lang, "A browser") : s->agent);
	im_v_set_str(r->arena, o, "address", s->address);
	im_v_set_int(r->arena, o, "created", s->created);
	im_v_set_int(r->arena, o, "used", s->used);
	im_v_set_str(r->arena, o, "created_text", im_date_short(r->lang, s->created, r->now, r->arena));
	im_v_set_str(r->arena, o, "used_text", im_date_short(r->lang, s->used, r->now, r->arena));
	im_v_set_bool(r->arena, o, "current", current);
}

enum im_status
devices_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_value *list = im_v_set_array(r->arena, model, "sessions");
	struct im_session *all;
	int n;
	enum im_status st = im_session_list(r->conf, r->session->uid, r->arena, &all, &n, err);

	settings_page(r, resp, model, "at_sessions", im_tr(r->lang, "Devices"),
	    im_tr(r->lang, "That device is signed out."));
	for (int i = 0; st == IM_OK && i < n; i++)
		add(r, list, &all[i]);
	if (st == IM_OK)
		im_v_set_bool(r->arena, model, "has_others", n > 1);
	return st;
}

enum im_status
devices_end(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *id = im_form_text(r, "id");
	enum im_status st;
	int n;

	(void)model;
	if (strcmp(im_form_text(r, "all"), "1") == 0)
		st = im_session_end_others(r->conf, r->session, &n, err);
	else
		st = im_session_end_one(r->conf, r->session->uid, id, err);
	if (st == IM_NOTFOUND)
		resp->error_text = im_tr(r->lang, "That device is not signed in any more.");
	if (st == IM_OK)
		resp->redirect = "/settings/sessions?done=1";
	return st;
}
