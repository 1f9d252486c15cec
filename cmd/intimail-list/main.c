/*
 * intimail-list - groups and mailing lists of the household
 *
 * SPDX-License-Identifier: ISC
 */
#include "list.h"

const char *list_as;

static const struct im_opt options[] = {
	{ .name = "as",
	    .arg = "UID",
	    .help = "with the rights of that person (root only)",
	    .value = &list_as },
	{ 0 },
};

static const struct im_subcmd subcommands[] = {
	{ "add", "NAME", "Make a list", 1, 1, list_add, list_add_opts },
	{ "list", "", "List all lists", 0, 0, list_list, NULL },
	{ "show", "NAME", "Show one list", 1, 1, list_show, NULL },
	{ "members", "NAME", "Show everybody who gets its mail", 1, 1, list_members, NULL },
	{ "join", "NAME WHO...", "Add people, lists, addresses elsewhere", 2, -1, list_join, NULL },
	{ "leave", "NAME WHO...", "Take them out", 2, -1, list_leave, NULL },
	{ "set", "NAME", "Change a list", 1, 1, list_set, list_set_opts },
	{ "delete", "NAME", "Remove a list", 1, 1, list_delete, list_delete_opts },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-list",
		.summary = "Manage groups and mailing lists",
		.flags = IM_CMD_JSON,
		.opts = options,
		.subs = subcommands,
		.examples = "  intimail-list add class-3b --class --owner ann --members-from parents.txt\n"
			    "  intimail-list join class-3b bob carol@elsewhere.example\n"
			    "  intimail-list set class-3b --reply-to list --archive\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
