/*
 * common.c - what the settings pages share
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "settings.h"
#include "web/session.h"

void
settings_refuse(const struct im_request *r, struct im_response *resp, struct im_value *model, const char *key,
    const char *text)
{
	im_v_set_str(r->arena, model, key, text);
	resp->status = 400;
}

void
settings_page(const struct im_request *r, struct im_response *resp, struct im_value *model, const char *at,
    const char *title, const char *notice)
{
	resp->title = title;
	im_v_set_bool(r->arena, model, at, true);
	im_v_set_str(r->arena, model, "notice", im_query(r, "done") ? notice : NULL);
}

enum im_status
settings_verify(struct im_request *r, struct im_response *resp, struct im_value *model, const char *password,
    bool *ret_ok, struct im_err *err)
{
	struct im_throttle_who who = {
		.account = r->session->uid, .addr = r->remote_addr, .place = IM_PLACE_PAGES
	};
	int wait = 0;

	*ret_ok = false;
	enum im_status st = im_throttle_admit(r->conf, &who, &wait, err);
	if (st != IM_OK)
		return st;
	if (wait > 0) {
		settings_refuse(r, resp, model, "current_error",
		    im_tr_count(r->lang, "Too many tries. Please wait %d second and try again.",
			"Too many tries. Please wait %d seconds and try again.", (uint64_t)wait, r->arena));
		resp->status = 429;
		resp->retry_after = wait;
		return IM_OK;
	}
	st = im_person_verify(r->conf, r->session->uid, password ? password : "", err);
	if (st == IM_DENIED) {
		settings_refuse(
		    r, resp, model, "current_error", im_tr(r->lang, "This is not your password."));
		return IM_OK;
	}
	if (st != IM_OK) {
		im_throttle_undo(r->conf, &who);
		return st;
	}
	im_throttle_ok(r->conf, &who);
	*ret_ok = true;
	return IM_OK;
}

bool
settings_new_password(struct im_request *r, struct im_response *resp, struct im_value *model, const char *uid,
    const char *password, const char *again)
{
	struct im_err why;

	if (!password || im_password_ok(uid, password, &why) != IM_OK) {
		settings_refuse(r, resp, model, "new_error",
		    im_tr(r->lang, "Please choose at least 10 characters, and not your user name."));
		return false;
	}
	if (!again || strcmp(password, again) != 0) {
		settings_refuse(r, resp, model, "again_error", im_tr(r->lang, "The two are not the same."));
		return false;
	}
	return true;
}

void
settings_option(const struct im_request *r, struct im_value *options, const char *value, const char *label,
    const char *now)
{
	struct im_value *o = im_v_add_object(r->arena, options);

	im_v_set_str(r->arena, o, "value", value);
	im_v_set_str(r->arena, o, "label", label);
	im_v_set_bool(r->arena, o, "selected", strcmp(value, now) == 0);
}
