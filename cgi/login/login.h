/*
 * login.h - the handlers of the sign-in program
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "directory/person.h"
#include "web/app.h"

enum {
	LOGIN_FIELD_MAX = 256, /* bytes of user name and password */
	LOGIN_FAILED_MS = 1200 /* a failed try is answered then, whatever was wrong */
};

im_handler login_form, login_try, logout_ask, logout_do;

/* what the steps of a sign-in share */
struct login {
	const char *account; /* as typed, in its canonical form: names the mark of this browser */
	struct im_person person;
};
/* login_enter - a new session in place of an old one, and the mark that this browser has been here */
enum im_status login_enter(
    struct im_request *r, struct im_response *resp, const struct login *l, struct im_err *err);
void login_sleep_to_mark(int64_t from);
enum im_status login_too_many(
    struct im_request *r, struct im_response *resp, struct im_value *model, int wait);
/* login_fill - the first form, with what was typed (never the password) */
void login_fill(struct im_request *r, struct im_response *resp, struct im_value *model, const char *message);

/* two_step.c: does this person have a second step? Then the page that asks for the code is made, nothing is signed in */
enum im_status login_second_step(struct im_request *r, struct im_response *resp, struct im_value *model,
    const struct login *l, bool *ret_asked, struct im_err *err);
/* login_code - that page's answer */
enum im_status login_code(
    struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err);

#endif
