/*
 * intimail-setup - write the configuration of Postfix, slapd and lighttpd from intimail.conf
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/value.h"
#include "setup/private.h"
#include "setup/setup.h"

static struct opts {
	const char *private_dir, *domain, *source;
} opts;

static const struct im_opt options[] = {
	{ "private", 'p', "DIR", "set up a private server in DIR, with a configuration of its own",
	    .value = &opts.private_dir },
	{ "domain", 'd', "NAME", "its mail domain; needed when DIR is new", .value = &opts.domain },
	{ "source", 's', "DIR", "the source tree, when this program is not below it", .value = &opts.source },
	{ 0 },
};

struct told {
	struct im_arena *arena;
	struct im_value *list; /* --json */
};

static void
changed(void *arg, const char *path)
{
	struct told *t = arg;

	if (t->list)
		im_v_add_span(t->arena, t->list, im_str(path));
	else
		printf("%s\n", path);
}

static enum im_status
open_conf(const struct im_cmd_ctx *ctx, struct im_conf *conf, struct im_err *err)
{
	if (opts.private_dir)
		return im_private_open(opts.private_dir, opts.domain, conf, err);
	if (opts.domain)
		return im_fail(
		    err, IM_USAGE, "--domain is for a new private server: --private DIR is missing");
	return im_conf_load(ctx->config, conf, err);
}

static void
show(const struct im_cmd_ctx *ctx, const struct im_conf *conf, const struct im_put *put,
    const struct told *told, struct im_value *object)
{

	if (!ctx->json) {
		if (put->changes == 0)
			printf("%s: nothing to change\n", conf->root);
		else
			printf("%s: %u changes\n", conf->root, put->changes);
		return;
	}
	(void)told;
	im_v_set_str(told->arena, object, "root", conf->root);
	im_v_set_str(told->arena, object, "config", conf->file);
	im_cmd_print_json(object);
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_arena arena = { 0 };
	struct told told = { .arena = &arena };
	struct im_put put = { .changed = changed, .arg = &told };
	struct im_value *object = im_v_object(&arena);
	struct im_sources src;
	struct im_conf conf;
	enum im_status st;

	(void)argc;
	(void)argv;
	if (ctx->json)
		told.list = im_v_set_array(&arena, object, "changed");
	st = im_sources_find(opts.source, &arena, &src, err);
	if (st == IM_OK)
		st = open_conf(ctx, &conf, err);
	if (st == IM_OK) {
		st = im_setup_apply(&conf, &src, &put, err);
		if (st == IM_OK)
			show(ctx, &conf, &put, &told, object);
		im_conf_done(&conf);
	}
	im_arena_done(&arena);
	return st;
}

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-setup",
		.summary =
		    "Write the servers' configuration from intimail.conf; a second run changes nothing",
		.args = "",
		.examples = "  intimail-setup --private /var/tmp/mail --domain example.org\n"
			    "  intimail-setup -c /var/tmp/mail/etc/intimail/intimail.conf\n",
		.flags = IM_CMD_JSON,
		.opts = options,
		.max_args = 0,
		.run = run,
	};

	return im_cmd_main(&cmd, argc, argv);
}
