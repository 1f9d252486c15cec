/*
 * intimail-private - run a mail server of one's own below a directory, for trying and testing
 *
 * SPDX-License-Identifier: ISC
 */
#include "private.h"

#include <stdlib.h>
#include <string.h>

#include "setup/private.h"

struct private_opts private_opts;

static const struct im_opt start_options[] = {
	{ "domain", 'd', "NAME", "the mail domain; needed when DIR is new", .value = &private_opts.domain },
	{ "source", 's', "DIR", "the source tree, when this program is not below it",
	    .value = &private_opts.source },
	{ 0 },
};

static const struct im_subcmd subs[] = {
	{ "start", "DIR", "Start slapd, Postfix and lighttpd in DIR, which is set up first", 1, 1, cmd_start,
	    start_options },
	{ "status", "DIR", "Show where they listen and whether they run", 1, 1, cmd_status, NULL },
	{ "stop", "DIR", "End them", 1, 1, cmd_stop, NULL },
	{ 0 },
};

enum im_status
private_conf(const struct im_cmd_ctx *ctx, const char *dir, const char *domain, struct im_conf *ret,
    struct im_err *err)
{
	enum im_status st = im_private_open(dir, domain, ret, err);
	char *given;

	if (st != IM_OK || strcmp(ctx->config, IM_CONF_DEFAULT) == 0)
		return st;
	given = realpath(ctx->config, NULL);
	if (!given || strcmp(given, ret->file) != 0) {
		st =
		    im_fail(err, IM_USAGE, "--config %s: a private server has a configuration of its own, %s",
			ctx->config, ret->file);
		im_conf_done(ret);
	}
	free(given);
	return st;
}

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-private",
		.summary =
		    "Run a mail server below a directory, on loopback, without touching the machine's own",
		.examples = "  intimail-private start /var/tmp/mail --domain example.org\n"
			    "  intimail-private status --json /var/tmp/mail\n"
			    "  intimail-private stop /var/tmp/mail\n",
		.flags = IM_CMD_JSON,
		.subs = subs,
	};

	return im_cmd_main(&cmd, argc, argv);
}
