/*
 * main.c - the sign-in page: the only program that is reached without a session
 *
 * It runs as a user of its own that can read no mail. What it can do: bind to the directory, make and end sessions.
 *
 * SPDX-License-Identifier: ISC
 */
#include "login.h"

static const struct im_route routes[] = {
	{ IM_GET, "/login", "login", IM_R_PRESESSION, login_form },
	{ IM_POST, "/login", "login", IM_R_PRESESSION, login_try },
	{ IM_GET, "/logout", "logout", IM_R_AUTH, logout_ask },
	{ IM_POST, "/logout", NULL, IM_R_AUTH, logout_do },
};

int
main(void)
{
	return im_app_main(&(struct im_app) {
	    .name = "login", .routes = routes, .nroutes = IM_COUNT(routes), .uses_directory = true });
}
