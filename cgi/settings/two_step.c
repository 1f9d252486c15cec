/*
 * two_step.c - switching the second step on and off
 *
 * The secret travels in the form until a code proves that the app has it; only then is it written. Both directions ask for
 * the password: else an open session would do to lock the owner out.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "directory/two_step.h"
#include "settings.h"
#include "web/otp.h"
#include "web/token.h"

static void
fill(struct im_request *r, struct im_response *resp, struct im_value *model, bool on)
{
	settings_page(r, resp, model, "at_two_step", im_tr(r->lang, "Two-step sign-in"),
	    on ? NULL : im_tr(r->lang, "Signing in takes one step again."));
	im_v_set_bool(r->arena, model, "on", on);
}

/* finish - what of the page is shown: codes or the picture alone, else how it is */
static void
finish(struct im_request *r, struct im_value *model)
{
	const struct im_value *codes = im_v_get(model, IM_STR("codes"));
	bool show_codes = codes && codes->u.c.n > 0;

	im_v_set_bool(r->arena, model, "show_codes", show_codes);
	im_v_set_bool(r->arena, model, "show_state", !show_codes && !im_v_get(model, IM_STR("offer")));
}

static enum im_status
is_on(struct im_request *r, bool *ret, struct im_err *err)
{
	struct im_dir *d = NULL;
	enum im_status st = im_dir_open_as(r->conf, r->session->uid, &d, err);

	if (st == IM_OK)
		st = im_two_step_is_on(d, r->session->uid, ret, err);
	im_dir_close(d);
	return st;
}

enum im_status
two_step_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	bool on = false;
	enum im_status st = is_on(r, &on, err);

	if (st == IM_OK) {
		fill(r, resp, model, on);
		finish(r, model);
	}
	return st;
}

/* offer - the secret as a picture and as text */
static void
offer(struct im_request *r, struct im_value *model, const char *secret)
{
	int size = 0;
	const char *path =
	    im_qr_path(im_otp_uri(r->conf, r->session->uid, secret, r->arena), &size, r->arena);
	char groups[IM_OTP_SECRET_CHARS + IM_OTP_SECRET_CHARS / 4 + 1];
	size_t n = 0;

	for (size_t i = 0; i < IM_OTP_SECRET_CHARS; i++) {
		if (i > 0 && i % 4 == 0)
			groups[n++] = ' ';
		groups[n++] = secret[i];
	}
	groups[n] = '\0';
	im_v_set_bool(r->arena, model, "offer", true);
	im_v_set_str(r->arena, model, "secret", secret);
	im_v_set_str(r->arena, model, "secret_text", groups);
	im_v_set_str(r->arena, model, "qr_path", path);
	im_v_set_int(r->arena, model, "qr_size", size);
}

/* new_codes - made, their hashes written (with the secret, when there is one), shown once */
static enum im_status
new_codes(struct im_request *r, struct im_value *model, const char *secret, struct im_err *err)
{
	struct im_value *list = im_v_set_array(r->arena, model, "codes");
	char code[IM_OTP_CODE_CHARS + 1], hash[IM_HASH_HEX_CHARS + 1];
	const char *hashes[IM_OTP_CODES];
	struct im_dir *d = NULL;
	enum im_status st = im_dir_open_as(r->conf, r->session->uid, &d, err);

	for (int i = 0; st == IM_OK && i < IM_OTP_CODES; i++) {
		st = im_otp_recovery_new(code, err);
		if (st != IM_OK || !im_otp_recovery_hash(code, hash))
			break;
		hashes[i] = im_arena_strdup(r->arena, hash);
		im_v_add_span(r->arena, list, im_str(im_arena_strdup(r->arena, code)));
	}
	if (st == IM_OK)
		st = im_two_step_set(d, r->session->uid, secret, hashes, IM_OTP_CODES, err);
	im_dir_close(d);
	return st;
}

static enum im_status
confirm(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *secret = im_form_text(r, "secret");
	int64_t step;
	bool ok = false;

	if (!im_otp_secret_valid(secret))
		return im_fail(err, IM_INVALID, "a secret of another form");
	if (!im_otp_check(secret, im_form(r, "code"), r->now, &step)) {
		settings_refuse(r, resp, model, "code_error",
		    im_tr(r->lang,
			"This is not the code of this moment. Is the clock of the telephone right?"));
		offer(r, model, secret);
		return IM_OK;
	}
	enum im_status st = settings_verify(r, resp, model, im_form(r, "current"), &ok, err);
	if (st == IM_OK && !ok)
		offer(r, model, secret);
	if (st == IM_OK && ok)
		st = new_codes(r, model, secret, err);
	return st;
}

static enum im_status
off(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_dir *d = NULL;
	bool ok = false;
	enum im_status st = settings_verify(r, resp, model, im_form(r, "current"), &ok, err);

	if (st != IM_OK || !ok)
		return st;
	st = im_dir_open_as(r->conf, r->session->uid, &d, err);
	if (st == IM_OK)
		st = im_two_step_remove(d, r->session->uid, err);
	im_dir_close(d);
	if (st == IM_OK)
		resp->redirect = "/settings/two-step?done=1";
	return st;
}

/* act - by the button; what another window did meanwhile leads back to the page, which says how it is */
static enum im_status
act(struct im_request *r, struct im_response *resp, struct im_value *model, bool on, struct im_err *err)
{
	const char *what = im_form_text(r, "do");
	char secret[IM_OTP_SECRET_CHARS + 1];
	enum im_status st;
	bool ok = false;

	if (strcmp(what, "begin") == 0 && !on) {
		st = im_otp_secret_new(secret, err);
		if (st == IM_OK)
			offer(r, model, im_arena_strdup(r->arena, secret));
		return st;
	}
	if (strcmp(what, "confirm") == 0 && !on)
		return confirm(r, resp, model, err);
	if (strcmp(what, "off") == 0 && on)
		return off(r, resp, model, err);
	if (strcmp(what, "codes") == 0 && on) {
		st = settings_verify(r, resp, model, im_form(r, "current"), &ok, err);
		return st == IM_OK && ok ? new_codes(r, model, NULL, err) : st;
	}
	resp->redirect = "/settings/two-step";
	return IM_OK;
}

enum im_status
two_step_change(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	bool on = false;
	enum im_status st = is_on(r, &on, err);

	if (st != IM_OK)
		return st;
	fill(r, resp, model, on);
	st = act(r, resp, model, on, err);
	if (st == IM_OK)
		finish(r, model);
	return st;
}
