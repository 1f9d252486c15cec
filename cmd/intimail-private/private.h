/*
 * private.h - the subcommands of intimail-private
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef CMD_PRIVATE_H
#define CMD_PRIVATE_H

#include "base/cmdline.h"
#include "base/conf.h"

struct private_opts {
	const char *domain, *source;
};
extern struct private_opts private_opts;

im_subcmd_fn cmd_start, cmd_status, cmd_stop;

/* the configuration of the private server in dir, which must be the one of -c when that was given */
enum im_status private_conf(const struct im_cmd_ctx *ctx, const char *dir, const char *domain,
    struct im_conf *ret, struct im_err *err) IM_MUSTUSE;
/* print where the servers are and whether they run; false when one does not */
bool private_show(const struct im_cmd_ctx *ctx, const struct im_conf *conf);

#endif
