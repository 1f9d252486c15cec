/*
 * list.h - what the subcommands of intimail-list share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMD_LIST_H
#define IM_CMD_LIST_H

#include "base/cmdline.h"
#include "base/value.h"
#include "directory/list.h"
#include "directory/run.h"

im_subcmd_fn list_add, list_list, list_show, list_members, list_join, list_leave, list_set, list_delete;
extern const struct im_opt list_add_opts[], list_set_opts[], list_delete_opts[];
extern const char *list_as; /* --as UID */

void list_json(struct im_dir_run *r, const struct im_list *l, struct im_value *obj);
/* list_tell - the list as it is now: JSON, or for people */
enum im_status list_tell(
    struct im_cmd_ctx *ctx, struct im_dir_run *r, const char *name, struct im_err *err) IM_MUSTUSE;

/* the words of the command line for the rules of a list; NULL leaves them unset */
struct list_rules {
	const char *post, *join, *reply;
};
enum im_status list_rules_parse(
    const struct list_rules *w, struct im_list_change *c, struct im_err *err) IM_MUSTUSE;
/* list_copy - options given several times as a NULL-terminated array */
const char **list_copy(struct im_dir_run *r, const struct im_strlist *l);

/* list_read_members - a member a line: a user name, an address, or "Name <address>"; "-" is standard input */
enum im_status list_read_members(
    const char *file, struct im_arena *a, const char ***ret, struct im_err *err) IM_MUSTUSE;

#endif
