/*
 * alias.h - what the files of intimail-alias share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMD_ALIAS_H
#define IM_CMD_ALIAS_H

#include "base/cmdline.h"
#include "base/conf.h"
#include "directory/alias.h"

/* a run of a subcommand: configuration, connection, and what was asked for */
struct alias_run {
	struct im_conf conf;
	struct im_dir *dir;
	struct im_arena arena;
	bool json;
};

/* alias_print - one address with who wrote to it, as JSON or for people */
enum im_status alias_print(struct alias_run *r, const char *address, struct im_err *err) IM_MUSTUSE;
enum im_status alias_print_all(struct alias_run *r, const char *owner, struct im_err *err) IM_MUSTUSE;

#endif
