/*
 * route.h - which route a path is: the first whose pattern fits
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ROUTE_H
#define IM_ROUTE_H

#include "web/request.h"

/*
 * im_route_match - the route, and args filled with what its {} matched; NULL: none. *ret_allowed: the methods (IM_GET,
 * IM_POST or'ed) of all routes with this path, 0 when no pattern fits (404), else a NULL return is 405
 */
const struct im_route *im_route_match(const struct im_app *app, enum im_method method,
    const struct im_path *path, const char *args[IM_PATH_ARGS_MAX], int *ret_allowed);

#endif
