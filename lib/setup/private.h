/*
 * private.h - a private server: its directory, its intimail.conf, its ports
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_PRIVATE_H
#define IM_SETUP_PRIVATE_H

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"

/*
 * im_private_open - the configuration of the private server in dir
 *
 * domain: makes dir and its intimail.conf when they are absent, on 127.0.0.1 with free ports; NULL: they must be there.
 * A domain that differs from the configured one is IM_CONFLICT. conf is complete on IM_OK only.
 */
enum im_status im_private_open(
    const char *dir, const char *domain, struct im_conf *ret, struct im_err *err) IM_MUSTUSE;

/*
 * im_private_ports - give the server other ports where somebody else has taken them meanwhile
 *
 * Call with none of its servers running; rewrites intimail.conf and loads it again when something changed.
 */
enum im_status im_private_ports(struct im_conf *c, struct im_err *err) IM_MUSTUSE;

/* im_place_name - can a directory of this name be the root of a private server? (characters, length) */
enum im_status im_place_name(const char *root, struct im_err *err) IM_MUSTUSE;

/* im_private_lock - one start or stop of a private server at a time: a locked descriptor, -1 with err */
int im_private_lock(const struct im_conf *c, struct im_err *err);

#endif
