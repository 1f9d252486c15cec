/*
 * change.c - intimail-list join, leave, set, delete
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "list.h"

static struct {
	const char *description;
	struct list_rules rules;
	struct im_strlist owners, no_owners, addresses, no_addresses;
	bool archive, no_archive, enable, disable, yes;
} opt;

const struct im_opt list_set_opts[] = {
	{ .name = "description",
	    .letter = 'd',
	    .arg = "TEXT",
	    .help = "what it is for",
	    .value = &opt.description },
	{ .name = "add-owner", .letter = 'o', .arg = "UID", .help = "one more owner", .list = &opt.owners },
	{ .name = "remove-owner", .arg = "UID", .help = "no owner any more", .list = &opt.no_owners },
	{ .name = "add-address",
	    .letter = 'a',
	    .arg = "ADDRESS",
	    .help = "one more address",
	    .list = &opt.addresses },
	{ .name = "remove-address",
	    .arg = "ADDRESS",
	    .help = "take an address away",
	    .list = &opt.no_addresses },
	{ .name = "post",
	    .arg = "WHO",
	    .help = "who may write: anyone, members, owners",
	    .value = &opt.rules.post },
	{ .name = "join", .arg = "HOW", .help = "owners or confirm", .value = &opt.rules.join },
	{ .name = "reply-to",
	    .arg = "WHERE",
	    .help = "where answers go: author or list",
	    .value = &opt.rules.reply },
	{ .name = "archive", .help = "keep what goes over the list", .flag = &opt.archive },
	{ .name = "no-archive", .help = "do not keep it any more", .flag = &opt.no_archive },
	{ .name = "enable", .help = "accept mail again", .flag = &opt.enable },
	{ .name = "disable", .help = "accept no mail; nothing is removed", .flag = &opt.disable },
	{ 0 },
};

const struct im_opt list_delete_opts[] = {
	{ .name = "yes", .letter = 'y', .help = "do not ask", .flag = &opt.yes },
	{ 0 },
};

static enum im_status
change(struct im_cmd_ctx *ctx, struct im_dir_run *r, const char *name, const struct im_list_change *c,
    struct im_err *err)
{
	enum im_status st = im_list_set(r->dir, name, c, err);

	if (st == IM_OK)
		st = list_tell(ctx, r, name, err);
	im_dir_run_end(r);
	return st;
}

/* who - what follows the name of the list */
static const char **
who(struct im_dir_run *r, int argc, char **argv)
{
	const char **v = im_arena_alloc(&r->arena, (size_t)argc * sizeof(*v));

	for (int i = 1; i < argc; i++)
		v[i - 1] = argv[i];
	return v;
}

enum im_status
list_join(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	const struct im_list_change c = { .add_members = who(&r, argc, argv) };
	return change(ctx, &r, argv[0], &c, err);
}

enum im_status
list_leave(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	const struct im_list_change c = { .remove_members = who(&r, argc, argv) };
	return change(ctx, &r, argv[0], &c, err);
}

enum im_status
list_set(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_list_change c = { .description = opt.description,
		.set_archive = opt.archive || opt.no_archive,
		.archive = opt.archive,
		.set_enabled = opt.enable || opt.disable,
		.enabled = opt.enable };

	(void)argc;
	if ((opt.archive && opt.no_archive) || (opt.enable && opt.disable))
		return im_fail(err, IM_USAGE, "--%s and --%s exclude each other",
		    opt.archive && opt.no_archive ? "archive" : "enable",
		    opt.archive && opt.no_archive ? "no-archive" : "disable");
	enum im_status st = list_rules_parse(&opt.rules, &c, err);
	if (st != IM_OK)
		return st;
	if (!c.description && !c.set_archive && !c.set_enabled && !c.set_post && !c.set_join &&
	    !c.set_reply && opt.owners.n + opt.no_owners.n + opt.addresses.n + opt.no_addresses.n == 0)
		return im_fail(err, IM_USAGE, "nothing to change; see intimail-list --help");
	st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	c.add_owners = list_copy(&r, &opt.owners);
	c.remove_owners = list_copy(&r, &opt.no_owners);
	c.add_addresses = list_copy(&r, &opt.addresses);
	c.remove_addresses = list_copy(&r, &opt.no_addresses);
	return change(ctx, &r, argv[0], &c, err);
}

/* confirm - the name typed again: a "y" comes too easily */
static enum im_status
confirm(const struct im_list *l, struct im_err *err)
{
	char answer[80];

	if (opt.yes)
		return IM_OK;
	if (!isatty(STDIN_FILENO))
		return im_fail(err, IM_USAGE, "deleting %s needs --yes when nobody can be asked", l->name);
	printf("Delete the list %s (%s)? Type its name again: ", l->name, l->mail);
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\r\n")] = '\0';
	return strcmp(answer, l->name) == 0 ? IM_OK : im_fail(err, IM_CONFLICT, "not deleted");
}

enum im_status
list_delete(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_list l;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_list_get(r.dir, argv[0], &r.arena, &l, err);
	if (st == IM_OK)
		st = confirm(&l, err);
	if (st == IM_OK)
		st = im_list_delete(r.dir, l.name, err);
	if (st == IM_OK && ctx->json) {
		struct im_value *v = im_v_object(&r.arena);
		list_json(&r, &l, v);
		im_cmd_print_json(v);
	} else if (st == IM_OK) {
		printf("%s deleted\n", l.name);
	}
	im_dir_run_end(&r);
	return st;
}
