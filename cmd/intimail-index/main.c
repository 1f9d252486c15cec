/*
 * intimail-index - look after the header indexes: compare, make anew, print
 *
 * Nobody needs it in daily life, as readers repair an index by themselves. It tells whether they do, and gives the
 * index to other programs as plain JSON.
 *
 * SPDX-License-Identifier: ISC
 */
#include "index.h"

static const struct im_subcmd subcommands[] = {
	{ .name = "check",
	    .args = "UID [MAILBOX]",
	    .help = "Compare index and messages; changes nothing",
	    .min_args = 1,
	    .max_args = 2,
	    .run = index_check,
	    .opts = index_check_opts },
	{ .name = "rebuild",
	    .args = "UID [MAILBOX]",
	    .help = "Make the index anew from the messages",
	    .min_args = 1,
	    .max_args = 2,
	    .run = index_rebuild },
	{ .name = "export",
	    .args = "UID [MAILBOX]",
	    .help = "Print the index of INBOX or MAILBOX as one JSON array",
	    .min_args = 1,
	    .max_args = 2,
	    .run = index_export },
	{ .name = "warn",
	    .args = "UID",
	    .help = "Warn a person whose mailbox is nearly full, once for each level",
	    .min_args = 1,
	    .max_args = 1,
	    .run = index_warn },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-index",
		.summary = "Check, rebuild and export the header indexes of a person's mailboxes",
		.flags = IM_CMD_JSON,
		.subs = subcommands,
		.examples = "  intimail-index check ann\n"
			    "  intimail-index check ann Archive --deep\n"
			    "  intimail-index rebuild ann INBOX\n"
			    "  intimail-index export ann Sent >sent.json\n"
			    "  intimail-index warn ann\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
