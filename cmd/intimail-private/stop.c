/*
 * stop.c - intimail-private stop
 *
 * SPDX-License-Identifier: ISC
 */
#include "private.h"

#include <stdio.h>
#include <unistd.h>

#include "setup/private.h"
#include "setup/server.h"

enum im_status
cmd_stop(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_arena arena = { 0 };
	struct im_server servers[IM_NSERVERS];
	struct im_err one;
	struct im_conf conf;
	enum im_status st;
	int lock;

	(void)argc;
	st = private_conf(ctx, argv[0], NULL, &conf, err);
	if (st != IM_OK)
		return st;
	lock = im_private_lock(&conf, err);
	st = lock < 0 ? err->st : IM_OK;
	im_servers(&conf, &arena, servers);
	/* in reverse: nobody may ask a server that has gone. One that does not end is no reason to leave the others */
	for (size_t i = IM_NSERVERS; lock >= 0 && i-- > 0;) {
		if (ctx->verbose)
			fprintf(stderr, "intimail-private: stopping %s\n", servers[i].name);
		if (im_server_stop(&servers[i], &one) != IM_OK) {
			*err = one;
			st = one.st;
		}
	}
	if (lock >= 0)
		close(lock);
	im_arena_done(&arena);
	im_conf_done(&conf);
	return st;
}
