/*
 * run.h - a command's run over the directory: configuration, connection, memory
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DIR_RUN_H
#define IM_DIR_RUN_H

#include "base/alloc.h"
#include "directory/directory.h"

struct im_dir_run {
	struct im_conf conf;
	struct im_dir *dir;
	struct im_arena arena; /* ends with the run */
};

/* im_dir_run_begin - as: the person of --as, NULL for oneself. Nothing is to be ended when it fails */
enum im_status im_dir_run_begin(
    const char *config, const char *as, struct im_dir_run *r, struct im_err *err) IM_MUSTUSE;
void im_dir_run_end(struct im_dir_run *r);

#endif
