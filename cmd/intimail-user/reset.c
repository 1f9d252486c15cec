/*
 * reset.c - a link by which a person sets a new password, once
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

#include "user.h"
#include "web/reset.h"

enum im_status
user_reset(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_person p;
	struct im_dir_run r;
	const char *path;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK)
		st = im_reset_new(&r.conf, p.uid, &r.arena, &path, err);
	if (st == IM_OK && ctx->json) {
		struct im_value *v = im_v_object(&r.arena);
		im_v_set_str(&r.arena, v, "uid", p.uid);
		im_v_set_str(&r.arena, v, "url", im_reset_url(&r.conf, path, &r.arena));
		im_cmd_print_json(v);
	} else if (st == IM_OK) {
		printf("%s\n", im_reset_url(&r.conf, path, &r.arena));
	}
	im_dir_run_end(&r);
	return st;
}
