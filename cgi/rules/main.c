/*
 * rules - the settings that lie beside the mail: filters, forwarding, absence, signature; and what takes the room
 *
 * As a mail page it is confined to one person's Maildir, and asks no directory.
 *
 * SPDX-License-Identifier: ISC
 */
#include "rules.h"

static const struct im_route routes[] = {
	{ IM_GET, "/settings/filters", "settings-filters", IM_R_AUTH, filters_show },
	{ IM_POST, "/settings/filters", "settings-filters", IM_R_AUTH, filters_save },
	{ IM_GET, "/settings/forward", "settings-forward", IM_R_AUTH, forward_show },
	{ IM_POST, "/settings/forward", "settings-forward", IM_R_AUTH, forward_save },
	{ IM_GET, "/settings/vacation", "settings-vacation", IM_R_AUTH, vacation_show },
	{ IM_POST, "/settings/vacation", "settings-vacation", IM_R_AUTH, vacation_save },
	{ IM_GET, "/settings/signature", "settings-signature", IM_R_AUTH, signature_show },
	{ IM_POST, "/settings/signature", "settings-signature", IM_R_AUTH, signature_save },
	{ IM_GET, "/settings/storage", "settings-storage", IM_R_AUTH, storage_show },
	{ IM_GET, "/settings/addresses/{}", "settings-address", IM_R_AUTH, address_show },
};

int
main(void)
{
	return im_app_main(&(struct im_app) {
	    .name = "rules", .routes = routes, .nroutes = IM_COUNT(routes), .uses_mail = true });
}
