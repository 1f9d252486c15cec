/*
 * part - what can be taken out of a message: a part as a download or an inline image, and the source
 *
 * SPDX-License-Identifier: ISC
 */
#include "part.h"

static const struct im_route routes[] = {
	{ IM_GET, "/mail/{}/{}/part/{}", NULL, IM_R_AUTH, part_page },
	{ IM_GET, "/mail/{}/{}/raw", NULL, IM_R_AUTH, raw_page },
};

int
main(void)
{
	return im_app_main(&(struct im_app) { .name = "part",
	    .routes = routes,
	    .nroutes = IM_COUNT(routes),
	    .uses_mail = true,
	    .reads_gconv = true });
}
