/*
 * route.c - patterns of segments; {} is any one segment
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/route.h"

static bool
fits(const char *pattern, const struct im_path *path, const char *args[IM_PATH_ARGS_MAX])
{
	struct im_str rest = im_str(pattern + 1);
	size_t n = 0, nargs = 0;

	while (rest.n) {
		struct im_str part = im_str_cut(&rest, '/');

		if (n == path->n)
			return false;
		if (im_str_is(part, "{}")) {
			if (nargs == IM_PATH_ARGS_MAX)
				return false;
			args[nargs++] = path->seg[n];
		} else if (!im_str_is(part, path->seg[n])) {
			return false;
		}
		n++;
	}
	return n == path->n;
}

const struct im_route *
im_route_match(const struct im_app *app, enum im_method method, const struct im_path *path,
    const char *args[IM_PATH_ARGS_MAX], int *ret_allowed)
{
	const struct im_route *found = NULL;

	*ret_allowed = 0;
	for (size_t i = 0; i < app->nroutes; i++) {
		const struct im_route *route = &app->routes[i];
		const char *got[IM_PATH_ARGS_MAX] = { 0 };

		if (!fits(route->pattern, path, got))
			continue;
		*ret_allowed |= (int)route->method;
		if (!found && route->method == method) {
			found = route;
			for (size_t k = 0; k < IM_PATH_ARGS_MAX; k++)
				args[k] = got[k];
		}
	}
	return found;
}
