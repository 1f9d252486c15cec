/*
 * alias.h - what the files of intimail-alias share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMD_ALIAS_H
#define IM_CMD_ALIAS_H

#include "base/cmdline.h"
#include "directory/alias.h"
#include "directory/run.h"

/* alias_print - one address with who wrote to it, as JSON or for people */
enum im_status alias_print(
    struct im_dir_run *r, const char *address, bool json, struct im_err *err) IM_MUSTUSE;
enum im_status alias_print_all(
    struct im_dir_run *r, const char *owner, bool json, struct im_err *err) IM_MUSTUSE;

#endif
