/*
 * cmdline.h - how every program starts: descriptors, options, help, version
 *
 * A program describes itself in one table; --help, the man page test and shell completion are made from it.
 * --completion prints a bash script made from it too (completion.c), which "make install" puts where bash looks.
 * Common to all: -c/--config FILE, -v/--verbose, -h/--help, -V/--version, and -j/--json where IM_CMD_JSON is set.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMDLINE_H
#define IM_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct im_opt {
	const char *name; /* long name without dashes; NULL ends the table */
	char letter;      /* short form or 0 */
	const char *arg;  /* NULL: a flag; else the argument's name for the help, "SIZE" */
	const char *help;
	/* exactly one of these takes the value; counts and lists are for options that may be repeated */
	bool *flag;
	const char **value;
	struct im_strlist {
		const char *v[64];
		size_t n;
	} * list;
};

struct im_subcmd; /* run is called with what follows the name, options already taken */
struct im_cmd_ctx;
typedef enum im_status im_subcmd_fn(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err);

struct im_subcmd {
	const char *name;       /* NULL ends the table */
	const char *args;       /* "UID [MAILBOX]" */
	const char *help;       /* one line */
	int min_args, max_args; /* max -1: any */
	im_subcmd_fn *run;
	const struct im_opt *opts; /* of this subcommand, or NULL */
};

enum {
	IM_CMD_JSON = 1,
	IM_CMD_NOCONF = 2, /* has no configuration file */
	IM_CMD_FIRST = 4 /* options stand before the first argument only: what follows is for somebody else */
};

struct im_cmd {
	const char *name;     /* intimail-user */
	const char *summary;  /* one line */
	const char *args;     /* for a program without subcommands: "FILE..." */
	const char *examples; /* shown by --help, may be NULL */
	unsigned flags;
	const struct im_opt *opts;    /* of the program, or NULL */
	const struct im_subcmd *subs; /* or NULL */
	int min_args, max_args;       /* without subcommands */
	im_subcmd_fn *run;            /* without subcommands */
};

struct im_cmd_ctx {
	const struct im_cmd *cmd;
	const char *config; /* -c, or IM_CONF_DEFAULT */
	bool json, verbose;
};

/*
 * im_cmd_main - the whole life of a command-line program: sane descriptors, umask 077, SIGPIPE ignored, options,
 * dispatch, one line on stderr for a failure ("intimail-user: ..."), exit status by im_exit_cli()
 */
int im_cmd_main(const struct im_cmd *cmd, int argc, char **argv);

/* im_cmd_print_json - what --json prints: the value and a newline on standard output */
struct im_value;
void im_cmd_print_json(const struct im_value *v);

#define IM_VERSION "0.1.0" /* the one place; debian/changelog and man pages are tested against it */

#endif
