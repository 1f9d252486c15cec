/*
 * vars.h - the names that configuration templates may use: every key of intimail.conf, and what is computed from it
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_VARS_H
#define IM_SETUP_VARS_H

#include "base/conf.h"
#include "setup/users.h"

struct im_vars {
	const struct im_conf *conf;
	const struct im_ids *ids;
};

/* im_vars_lookup - an im_render_lookup over a struct im_vars; the computed names come first */
bool im_vars_lookup(void *vars, const char *name, struct im_buf *ret);

/* im_conf_private - is this a private server's configuration (root is not "/")? */
bool im_conf_private(const struct im_conf *c);

#endif
