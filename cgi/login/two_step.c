/*
 * two_step.c - the second step: a code of an authenticator app, or a recovery code
 *
 * Between the two steps nothing is kept here: the form carries what was proven, under a key of the server, bound to this
 * browser's cookie and to some minutes. A wrong code, a used one and a wrong recovery code give the same text at the same
 * time, and count in the throttle as wrong passwords do; here a browser that was here before has no privilege.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "base/io.h"
#include "directory/two_step.h"
#include "login.h"
#include "web/otp.h"
#include "web/session.h"
#include "web/token.h"

enum { LIFE_S = 300 };

/* statement - what the first step proved */
static const char *
statement(struct im_request *r, const char *uid, const char *account, const char *when, const char *admin)
{
	const char *cookie = im_cookie(r, IM_COOKIE_PRESESSION);

	return im_arena_fmt(r->arena, "%s\n%s\n%s\n%s\n%s", uid, account, when, admin, cookie ? cookie : "");
}

static void
ask(struct im_request *r, struct im_response *resp, struct im_value *model, const char *const fields[5],
    const char *message)
{
	static const char *const names[] = { "uid", "account", "when", "admin", "proof" };
	const char *next = im_form(r, "next");

	resp->template_name = "login-code";
	resp->title = im_tr(r->lang, "Sign in");
	for (size_t i = 0; i < IM_COUNT(names); i++)
		im_v_set_str(r->arena, model, names[i], fields[i]);
	im_v_set_str(r->arena, model, "next", im_url_local(next) ? next : "");
	im_v_set_str(r->arena, model, "message", message);
	im_v_set_str(r->arena, model, "domain", r->conf->domain);
}

static enum im_status
read_step(struct im_request *r, const char *uid, struct im_dir **ret_dir, struct im_two_step *ret,
    struct im_err *err)
{
	enum im_status st = im_dir_open(r->conf, ret_dir, err);

	return st == IM_OK ? im_two_step_get(*ret_dir, uid, r->arena, ret, err) : st;
}

enum im_status
login_second_step(struct im_request *r, struct im_response *resp, struct im_value *model,
    const struct login *l, bool *ret_asked, struct im_err *err)
{
	const char *when = im_arena_fmt(r->arena, "%lld", (long long)r->now), *proof;
	const char *uid = l->person.uid, *admin = l->person.admin ? "1" : "0";
	struct im_two_step step = { 0 };
	struct im_dir *d = NULL;
	enum im_status st = read_step(r, uid, &d, &step, err);

	im_dir_close(d);
	if (st != IM_OK || !step.secret)
		return st;
	*ret_asked = true;
	st = im_keyed_token(r->conf, IM_PLACE_SIGN_IN, "second step",
	    statement(r, uid, l->account, when, admin), r->arena, &proof, err);
	if (st == IM_OK)
		ask(r, resp, model, (const char *const[5]) { uid, l->account, when, admin, proof }, NULL);
	return st;
}

/* code_ok - IM_DENIED for anything that is not right */
static enum im_status
code_ok(struct im_request *r, struct im_dir *d, const char *uid, const struct im_two_step *step,
    const char *code, struct im_err *err)
{
	char hash[IM_HASH_HEX_CHARS + 1];
	bool first = false;
	int64_t at = 0;
	enum im_status st = IM_DENIED;

	if (im_otp_check(step->secret, code, r->now, &at)) {
		st = im_otp_once(r->conf, uid, at, &first, err);
		if (st == IM_OK && !first)
			st = im_fail(err, IM_DENIED, "a code that was used before");
	} else if (im_otp_recovery_hash(code, hash)) {
		st = im_two_step_use(d, uid, hash, err);
		if (st == IM_NOTFOUND || st == IM_INVALID)
			st = IM_DENIED;
	}
	return st;
}

/* try_code - on IM_OK *p is who signs in, as the sign-in page sees the person */
static enum im_status
try_code(struct im_request *r, const char *uid, const char *code, struct im_person *p, struct im_err *err)
{
	struct im_two_step step = { 0 };
	struct im_dir *d = NULL;
	enum im_status st = read_step(r, uid, &d, &step, err);

	/* switched off meanwhile, or the person is gone: start anew */
	if (st == IM_NOTFOUND || (st == IM_OK && !step.secret))
		st = im_fail(err, IM_DENIED, "no second step any more");
	if (st == IM_OK)
		st = code_ok(r, d, uid, &step, code ? code : "", err);
	if (st == IM_OK)
		st = im_person_get(d, uid, r->arena, p, err);
	if (st == IM_OK && (!p->enabled || (p->expires > 0 && p->expires <= r->now)))
		st = im_fail(err, IM_DENIED, "%s: disabled or ended", uid);
	im_dir_close(d);
	return st;
}

/* proven - does the form carry what the first step of this browser gave, and not too long ago? */
static bool
proven(struct im_request *r, const char *const f[5])
{
	struct im_err ignored;
	const char *want;
	uint64_t when;

	for (size_t i = 0; i < 5; i++) {
		if (!f[i] || strlen(f[i]) > LOGIN_FIELD_MAX)
			return false;
	}
	return im_str_u64(im_str(f[2]), INT64_MAX / 2, &when) && (int64_t)when <= r->now &&
	       r->now - (int64_t)when <= LIFE_S &&
	       im_keyed_token(r->conf, IM_PLACE_SIGN_IN, "second step", statement(r, f[0], f[1], f[2], f[3]),
		   r->arena, &want, &ignored) == IM_OK &&
	       im_token_eq(f[4], want);
}

enum im_status
login_code(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *const f[5] = { im_form(r, "uid"), im_form(r, "account"), im_form(r, "when"),
		im_form(r, "admin"), im_form(r, "proof") };
	struct im_throttle_who who = { .account = f[1], .addr = r->remote_addr };
	struct login l = { .account = f[1] };
	int64_t began = im_monotonic_ms();
	int wait = 0;

	if (!proven(r, f)) {
		resp->status = 403;
		login_fill(r, resp, model, im_tr(r->lang, "That took too long. Please sign in again."));
		return IM_OK;
	}
	enum im_status st = im_throttle_admit(r->conf, &who, &wait, err);
	if (st != IM_OK)
		return st;
	if (wait > 0) {
		resp->status = 429;
		resp->retry_after = wait;
		ask(r, resp, model, f,
		    im_tr_count(r->lang, "Too many tries. Please wait %d second and try again.",
			"Too many tries. Please wait %d seconds and try again.", (uint64_t)wait, r->arena));
		return IM_OK;
	}
	st = try_code(r, f[0], im_form(r, "code"), &l.person, err);
	if (st == IM_DENIED) {
		login_sleep_to_mark(began);
		resp->status = 403;
		ask(r, resp, model, f, im_tr(r->lang, "This code is not right, or it was used before."));
		return IM_OK;
	}
	if (st != IM_OK) {
		im_throttle_undo(r->conf, &who);
		return st;
	}
	im_throttle_ok(r->conf, &who);
	l.person.admin = strcmp(f[3], "1") == 0;
	return login_enter(r, resp, &l, err);
}
