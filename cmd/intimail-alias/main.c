/*
 * intimail-alias - throw-away addresses: one for each shop, taken back when it is abused
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <time.h>

#include "alias.h"
#include "base/str.h"
#include "base/when.h"

static struct {
	const char *as, *owner, *purpose, *word, *expires, *limit, *address;
} opt;

static const struct im_opt options[] = {
	{ .name = "as",
	    .arg = "UID",
	    .help = "with the rights of that person (root only)",
	    .value = &opt.as },
	{ 0 },
};
static const struct im_opt add_opts[] = {
	{ .name = "owner",
	    .letter = 'o',
	    .arg = "UID",
	    .help = "whose it is; that of --as otherwise",
	    .value = &opt.owner },
	{ .name = "for",
	    .letter = 'f',
	    .arg = "PURPOSE",
	    .help = "what it is for, a shop",
	    .value = &opt.purpose },
	{ .name = "word",
	    .letter = 'w',
	    .arg = "WORD",
	    .help = "its beginning; taken from the purpose otherwise",
	    .value = &opt.word },
	{ .name = "expires",
	    .letter = 'e',
	    .arg = "WHEN",
	    .help = "14d, 12h, 2w, 2026-12-31 or never",
	    .value = &opt.expires },
	{ .name = "limit",
	    .letter = 'l',
	    .arg = "N",
	    .help = "ends after so many messages",
	    .value = &opt.limit },
	{ .name = "address",
	    .letter = 'a',
	    .arg = "ADDRESS",
	    .help = "this whole address instead (administrators)",
	    .value = &opt.address },
	{ 0 },
};
static const struct im_opt list_opts[] = {
	{ .name = "owner",
	    .letter = 'o',
	    .arg = "UID",
	    .help = "only those of this person",
	    .value = &opt.owner },
	{ 0 },
};
static const struct im_opt set_opts[] = {
	{ .name = "for", .letter = 'f', .arg = "PURPOSE", .help = "what it is for", .value = &opt.purpose },
	{ .name = "expires",
	    .letter = 'e',
	    .arg = "WHEN",
	    .help = "14d, 12h, 2w, 2026-12-31 or never",
	    .value = &opt.expires },
	{ .name = "limit",
	    .letter = 'l',
	    .arg = "N",
	    .help = "ends after so many messages, 0: no limit",
	    .value = &opt.limit },
	{ 0 },
};

static enum im_status
end(struct im_dir_run *r, enum im_status st)
{
	im_dir_run_end(r);
	return st;
}

/* read_ends - --expires and --limit */
static enum im_status
read_ends(int64_t *expires, uint64_t *limit, struct im_err *err)
{
	if (opt.expires != NULL && !im_when_parse(opt.expires, time(NULL), expires))
		return im_fail(
		    err, IM_USAGE, "--expires \"%.40s\": wanted is %s", opt.expires, IM_WHEN_FORMS);
	if (opt.limit != NULL && !im_str_u64(im_str(opt.limit), INT64_MAX, limit))
		return im_fail(err, IM_USAGE, "--limit \"%.40s\": wanted is a number of messages", opt.limit);
	return IM_OK;
}

static enum im_status
add(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_alias_new n = { .owner = opt.owner ? opt.owner : opt.as,
		.word = opt.word,
		.address = opt.address,
		.purpose = opt.purpose };
	const char *address;
	struct im_dir_run r;

	(void)argc, (void)argv;
	if (n.owner == NULL)
		return im_fail(err, IM_USAGE, "--owner is missing: intimail-alias add --owner UID");
	if (opt.word != NULL && opt.address != NULL)
		return im_fail(err, IM_USAGE, "--word and --address exclude each other");
	enum im_status st = read_ends(&n.expires, &n.limit, err);
	if (st == IM_OK)
		st = im_dir_run_begin(ctx->config, opt.as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_alias_add(r.dir, &n, &r.arena, &address, err);
	if (st == IM_OK && ctx->json)
		st = alias_print(&r, address, ctx->json, err);
	else if (st == IM_OK)
		puts(address);
	return end(&r, st);
}

static enum im_status
list(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	(void)argc, (void)argv;
	enum im_status st = im_dir_run_begin(ctx->config, opt.as, &r, err);
	return st == IM_OK ? end(&r, alias_print_all(&r, opt.owner, ctx->json, err)) : st;
}

static enum im_status
show(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, opt.as, &r, err);
	return st == IM_OK ? end(&r, alias_print(&r, argv[0], ctx->json, err)) : st;
}

static enum im_status
change(struct im_cmd_ctx *ctx, const char *address, const struct im_alias_change *c, struct im_err *err)
{
	struct im_dir_run r;

	enum im_status st = im_dir_run_begin(ctx->config, opt.as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_alias_set(r.dir, address, c, err);
	if (st == IM_OK)
		st = alias_print(&r, address, ctx->json, err);
	return end(&r, st);
}

static enum im_status
set(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_alias_change c = {
		.purpose = opt.purpose, .set_expires = opt.expires != NULL, .set_limit = opt.limit != NULL
	};

	(void)argc;
	if (c.purpose == NULL && !c.set_expires && !c.set_limit)
		return im_fail(err, IM_USAGE, "nothing to change; see intimail-alias --help");
	enum im_status st = read_ends(&c.expires, &c.limit, err);
	return st == IM_OK ? change(ctx, argv[0], &c, err) : st;
}

static enum im_status
revoke_address(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc;
	return change(ctx, argv[0], &(struct im_alias_change) { .set_enabled = true, .enabled = false }, err);
}

static enum im_status
restore(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc;
	return change(ctx, argv[0], &(struct im_alias_change) { .set_enabled = true, .enabled = true }, err);
}

static const struct im_subcmd subcommands[] = {
	{ "add", "", "Make an address and print it", 0, 0, add, add_opts },
	{ "list", "", "List addresses, the newest first", 0, 0, list, list_opts },
	{ "show", "ADDRESS", "Show one, and who wrote to it", 1, 1, show, NULL },
	{ "set", "ADDRESS", "Change one", 1, 1, set, set_opts },
	{ "revoke", "ADDRESS", "Take no more mail for it", 1, 1, revoke_address, NULL },
	{ "restore", "ADDRESS", "Take mail for it again", 1, 1, restore, NULL },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-alias",
		.summary = "Manage throw-away addresses",
		.flags = IM_CMD_JSON,
		.opts = options,
		.subs = subcommands,
		.examples = "  intimail-alias add --owner ann --for 'Shoes, Main Street' --expires 14d\n"
			    "  intimail-alias list --owner ann\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
