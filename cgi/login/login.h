/*
 * login.h - the handlers of the sign-in program
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LOGIN_H
#define LOGIN_H

#include "web/app.h"

enum {
	LOGIN_FIELD_MAX = 256, /* bytes of user name and password */
	LOGIN_FAILED_MS = 1200 /* a failed try is answered then, whatever was wrong */
};

im_handler login_form, login_try, logout_ask, logout_do;

#endif
