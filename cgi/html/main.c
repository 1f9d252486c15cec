/*
 * html - the HTML of a message, cleaned, as a document of its own for a sandboxed frame
 *
 * SPDX-License-Identifier: ISC
 */
#include "html.h"

static const struct im_route routes[] = {
	{ IM_GET, "/mail/{}/{}/html", NULL, IM_R_AUTH, html_page },
};

int
main(void)
{
	return im_app_main(&(struct im_app) { .name = "html",
	    .routes = routes,
	    .nroutes = IM_COUNT(routes),
	    .uses_mail = true,
	    .reads_gconv = true,
	    .framed = true });
}
