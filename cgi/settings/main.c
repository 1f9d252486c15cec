/*
 * main.c - what everybody may change about himself
 *
 * Runs as a user of its own that reads no mail and, in the directory, can do nothing but act as the signed-in person.
 *
 * SPDX-License-Identifier: ISC
 */
#include "settings.h"

static const struct im_route routes[] = {
	{ IM_GET, "/settings", "settings-profile", IM_R_AUTH, profile_show },
	{ IM_POST, "/settings", "settings-profile", IM_R_AUTH, profile_save },
	{ IM_GET, "/settings/password", "settings-password", IM_R_AUTH, password_show },
	{ IM_POST, "/settings/password", "settings-password", IM_R_AUTH, password_save },
	{ IM_GET, "/settings/sessions", "settings-sessions", IM_R_AUTH, devices_show },
	{ IM_POST, "/settings/sessions", NULL, IM_R_AUTH, devices_end },
	{ IM_GET, "/settings/two-step", "settings-two-step", IM_R_AUTH, two_step_show },
	{ IM_POST, "/settings/two-step", "settings-two-step", IM_R_AUTH, two_step_change },
	{ IM_GET, "/settings/addresses", "settings-addresses", IM_R_AUTH, addresses_show },
	{ IM_POST, "/settings/addresses", "settings-addresses", IM_R_AUTH, addresses_change },
	{ IM_GET, "/reset/{}", "reset", IM_R_PRESESSION, reset_show },
	{ IM_POST, "/reset/{}", "reset", IM_R_PRESESSION, reset_save },
};

int
main(void)
{
	return im_app_main(&(struct im_app) {
	    .name = "settings", .routes = routes, .nroutes = IM_COUNT(routes), .acts_in_directory = true });
}
