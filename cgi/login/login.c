/*
 * login.c - signing in
 *
 * A stranger must learn nothing: unknown name, wrong password and disabled account give the same text at the same time.
 * The try is counted before the password is checked, so that many at once get no more guesses than one after another.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "directory/person.h"
#include "login.h"
#include "web/session.h"
#include "web/token.h"

void
login_fill(struct im_request *r, struct im_response *resp, struct im_value *model, const char *message)
{
	const char *user = im_form(r, "user"), *next = im_form(r, "next");

	if (!next)
		next = im_query(r, "next");
	resp->title = im_tr(r->lang, "Sign in");
	im_v_set_str(r->arena, model, "user_typed", user && strlen(user) <= LOGIN_FIELD_MAX ? user : "");
	im_v_set_str(r->arena, model, "next", im_url_local(next) ? next : "");
	im_v_set_str(r->arena, model, "message", message);
	im_v_set_str(r->arena, model, "domain", r->conf->domain);
}

enum im_status
login_form(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)err;
	login_fill(r, resp, model, NULL);
	return IM_OK;
}

static bool
typed_ok(const char *s)
{
	return s && *s && strlen(s) <= LOGIN_FIELD_MAX;
}

/* until a multiple of LOGIN_FAILED_MS after 'from': also a slow directory gives nothing away */
void
login_sleep_to_mark(int64_t from)
{
	int64_t mark = from + LOGIN_FAILED_MS, now = im_monotonic_ms();

	while (mark < now)
		mark += LOGIN_FAILED_MS;
	for (; now < mark; now = im_monotonic_ms())
		(void)nanosleep(&(struct timespec) { .tv_sec = (mark - now) / 1000,
				    .tv_nsec = (mark - now) % 1000 * 1000000 },
		    NULL);
}

enum im_status
login_too_many(struct im_request *r, struct im_response *resp, struct im_value *model, int wait)
{
	resp->status = 429;
	resp->retry_after = wait;
	login_fill(r, resp, model,
	    im_tr_count(r->lang, "Too many tries. Please wait %d second and try again.",
		"Too many tries. Please wait %d seconds and try again.", (uint64_t)wait, r->arena));
	return IM_OK;
}

static enum im_status
wrong(struct im_request *r, struct im_response *resp, struct im_value *model)
{
	resp->status = 403;
	login_fill(r, resp, model, im_tr(r->lang, "User name or password is wrong."));
	return IM_OK;
}

enum im_status
login_enter(struct im_request *r, struct im_response *resp, const struct login *l, struct im_err *err)
{
	const struct im_person *p = &l->person;
	const char *token, *device, *next = im_form(r, "next");
	const struct im_session_new n = { .uid = p->uid,
		.ends = p->expires,
		.language = p->language,
		.look = im_person_preference(p, "look"),
		.density = im_person_preference(p, "density"),
		.timezone = im_person_preference(p, "timezone"),
		.admin = p->admin,
		.address = r->remote_addr,
		.agent = r->user_agent };
	enum im_status st = im_session_create(r->conf, &n, r->arena, &token, err);

	if (st == IM_OK)
		st = im_device_token(r->conf, l->account, r->arena, &device, err);
	if (st != IM_OK)
		return st;
	if (r->session)
		im_session_end(r->conf, r->session);
	im_session_sweep(r->conf);
	im_signed_in(r->conf, p->uid);
	resp->cookies[1] =
	    im_arena_fmt(r->arena, IM_COOKIE_SESSION "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", token);
	resp->cookies[2] = im_arena_fmt(r->arena,
	    IM_COOKIE_DEVICE "=%s; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict", device);
	resp->redirect = im_url_local(next) ? next : "/mail/INBOX";
	return IM_OK;
}

static bool
known_device(struct im_request *r, const char *account)
{
	const char *cookie = im_cookie(r, IM_COOKIE_DEVICE), *want;
	struct im_err ignored;

	return im_token_valid(cookie) &&
	       im_device_token(r->conf, account, r->arena, &want, &ignored) == IM_OK &&
	       im_token_eq(cookie, want);
}

enum im_status
login_try(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *user = im_form(r, "user"), *password = im_form(r, "password");
	int64_t began = im_monotonic_ms();
	struct im_throttle_who who = { .addr = r->remote_addr };
	struct login l = { 0 };
	enum im_status st;
	bool asked = false;
	int wait = 0;

	if (im_form(r, "proof"))
		return login_code(r, resp, model, err);
	if (!typed_ok(user) || !typed_ok(password)) {
		login_sleep_to_mark(began);
		return wrong(r, resp, model);
	}
	l.account = who.account = im_throttle_account(r->conf, user, r->arena);
	who.known_device = known_device(r, l.account);
	st = im_throttle_admit(r->conf, &who, &wait, err);
	if (st != IM_OK)
		return st;
	if (wait > 0)
		return login_too_many(r, resp, model, wait);
	st = im_person_sign_in(r->conf, user, password, r->arena, &l.person, err);
	if (st == IM_DENIED || st == IM_NOTFOUND || st == IM_INVALID) {
		login_sleep_to_mark(began);
		return wrong(r, resp, model);
	}
	if (st == IM_OK)
		st = login_second_step(r, resp, model, &l, &asked, err);
	if (st != IM_OK || asked) {
		/* nobody's fault; or half of the way, which must not forget the wrong codes before it */
		im_throttle_undo(r->conf, &who);
		return st;
	}
	im_throttle_ok(r->conf, &who);
	return login_enter(r, resp, &l, err);
}
