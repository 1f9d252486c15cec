/*
 * completion.h - the table of a program as a bash completion script
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_COMPLETION_H
#define IM_COMPLETION_H

#include "base/cmdline.h"

/* im_completion - print the script to stdout; 'common' are the options that every program has, also a table */
void im_completion(const struct im_cmd *cmd, const struct im_opt *common);

#endif
