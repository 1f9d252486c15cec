/*
 * intimail-user - the people of the household: who has a mailbox, which addresses reach it, how much room it has
 *
 * A person is an entry of the directory and nothing else; the mailbox is made by the first delivery. So every
 * subcommand is one or two calls of lib/directory, and a page can do the same.
 *
 * SPDX-License-Identifier: ISC
 */
#include "user.h"

static const struct im_subcmd subcommands[] = {
	{ .name = "add",
	    .args = "UID",
	    .help = "Add a person",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_add,
	    .opts = user_add_opts },
	{ .name = "list",
	    .args = "",
	    .help = "List all people",
	    .min_args = 0,
	    .max_args = 0,
	    .run = user_list },
	{ .name = "show",
	    .args = "UID",
	    .help = "Show one person",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_show },
	{ .name = "set",
	    .args = "UID",
	    .help = "Change a person",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_set,
	    .opts = user_set_opts },
	{ .name = "passwd",
	    .args = "UID",
	    .help = "Set the password",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_passwd,
	    .opts = user_passwd_opts },
	{ .name = "reset",
	    .args = "UID",
	    .help = "Print a link that sets a new password, once",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_reset },
	{ .name = "disable",
	    .args = "UID",
	    .help = "Accept no mail and no sign-in; nothing is removed",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_disable },
	{ .name = "enable",
	    .args = "UID",
	    .help = "Accept mail and sign-in again",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_enable },
	{ .name = "expire",
	    .args = "",
	    .help = "End the temporary accounts whose time is over",
	    .run = user_expire,
	    .opts = user_expire_opts },
	{ .name = "delete",
	    .args = "UID",
	    .help = "Remove a person; the mail is archived",
	    .min_args = 1,
	    .max_args = 1,
	    .run = user_delete,
	    .opts = user_delete_opts },
	{ 0 },
};

static const struct im_opt options[] = {
	{ .name = "as", .arg = "UID", .help = "with the rights of this person (root)", .value = &user_as },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-user",
		.summary = "Manage the people who have mail here",
		.flags = IM_CMD_JSON,
		.opts = options,
		.subs = subcommands,
		.examples =
		    "  intimail-user add ann --name 'Ann Smith' --address ann.smith@example.org --quota 10G\n"
		    "  intimail-user add guest --name 'A guest' --expires 14d\n"
		    "  intimail-user disable ann\n"
		    "  intimail-user list --json\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
