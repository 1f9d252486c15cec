/*
 * index.h - what the subcommands of intimail-index share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMD_INDEX_H
#define IM_CMD_INDEX_H

#include "base/cmdline.h"
#include "base/conf.h"
#include "mail/index.h"

im_subcmd_fn index_check, index_rebuild, index_export, index_warn;
extern const struct im_opt index_check_opts[];

/* a run of a subcommand: configuration and the person's store, opened as the user who owns the mail */
struct index_run {
	struct im_conf conf;
	struct im_store store;
	struct im_arena arena;
};
enum im_status index_begin(
    struct im_cmd_ctx *ctx, const char *uid, struct index_run *r, struct im_err *err) IM_MUSTUSE;
void index_end(struct index_run *r);

/* index_each_mailbox - call fn with the mailbox named, or with every one when name is NULL, until one fails */
typedef enum im_status index_box_fn(
    struct index_run *r, const struct im_mailbox *b, void *arg, struct im_err *err);
enum im_status index_each_mailbox(
    struct index_run *r, const char *name, index_box_fn *fn, void *arg, struct im_err *err) IM_MUSTUSE;

#endif
