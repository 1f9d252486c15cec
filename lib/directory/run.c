/*
 * run.c - a command's run over the directory
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/run.h"

enum im_status
im_dir_run_begin(const char *config, const char *as, struct im_dir_run *r, struct im_err *err)
{
	*r = (struct im_dir_run) { 0 };
	enum im_status st = im_conf_load(config, &r->conf, err);
	if (st != IM_OK)
		return st;
	st = im_dir_open_as(&r->conf, as, &r->dir, err);
	if (st != IM_OK)
		im_conf_done(&r->conf);
	return st;
}

void
im_dir_run_end(struct im_dir_run *r)
{
	im_dir_close(r->dir);
	im_arena_done(&r->arena);
	im_conf_done(&r->conf);
}
