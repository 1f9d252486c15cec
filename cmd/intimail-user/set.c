/*
 * set.c - intimail-user set UID, intimail-user passwd UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

#include "user.h"

static struct {
	const char *name, *quota, *language, *primary;
	struct im_strlist add, remove;
	bool admin, no_admin, enable, disable, password_stdin;
} opt;

const struct im_opt user_set_opts[] = {
	{ .name = "name", .letter = 'n', .arg = "NAME", .help = "full name", .value = &opt.name },
	{ .name = "quota",
	    .letter = 'q',
	    .arg = "SIZE",
	    .help = "room for mail, as 300M or 5G, or none",
	    .value = &opt.quota },
	{ .name = "add-address",
	    .letter = 'a',
	    .arg = "ADDRESS",
	    .help = "one more address",
	    .list = &opt.add },
	{ .name = "remove-address", .arg = "ADDRESS", .help = "take an address away", .list = &opt.remove },
	{ .name = "primary",
	    .arg = "ADDRESS",
	    .help = "the address that is written as sender",
	    .value = &opt.primary },
	{ .name = "language",
	    .letter = 'l',
	    .arg = "CODE",
	    .help = "of the pages, as en or fr",
	    .value = &opt.language },
	{ .name = "admin", .help = "make an administrator", .flag = &opt.admin },
	{ .name = "no-admin", .help = "no administrator any more", .flag = &opt.no_admin },
	{ .name = "enable", .help = "accept mail and sign-in again", .flag = &opt.enable },
	{ .name = "disable",
	    .help = "accept no mail and no sign-in; nothing is removed",
	    .flag = &opt.disable },
	{ 0 },
};

const struct im_opt user_passwd_opts[] = {
	{ .name = "password-stdin",
	    .help = "read the password from standard input",
	    .flag = &opt.password_stdin },
	{ 0 },
};

static enum im_status
read_change(struct im_person_change *c, const char *add[], const char *remove[], struct im_err *err)
{
	if ((opt.admin && opt.no_admin) || (opt.enable && opt.disable))
		return im_fail(err, IM_USAGE, "--%s and --%s exclude each other",
		    opt.admin ? "admin" : "enable", opt.admin ? "no-admin" : "disable");
	for (size_t i = 0; i < opt.add.n; i++)
		add[i] = opt.add.v[i];
	for (size_t i = 0; i < opt.remove.n; i++)
		remove[i] = opt.remove.v[i];
	*c = (struct im_person_change) {
		.name = opt.name,
		.language = opt.language,
		.add_addresses = add,
		.remove_addresses = remove,
		.primary = opt.primary,
		.set_quota = opt.quota != NULL,
		.set_admin = opt.admin || opt.no_admin,
		.set_enabled = opt.enable || opt.disable,
		.admin = opt.admin,
		.enabled = opt.enable,
	};
	if (!c->name && !c->language && !c->primary && !c->set_quota && !c->set_admin && !c->set_enabled &&
	    opt.add.n + opt.remove.n == 0)
		return im_fail(err, IM_USAGE, "nothing to change; see intimail-user --help");
	return opt.quota != NULL ? user_quota_parse(opt.quota, &c->quota, err) : IM_OK;
}

enum im_status
user_set(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_person_change c;
	struct im_person p;
	struct user_run r;
	const char *add[IM_COUNT(opt.add.v) + 1] = { NULL }, *remove[IM_COUNT(opt.remove.v) + 1] = { NULL };

	(void)argc;
	enum im_status st = read_change(&c, add, remove, err);
	if (st != IM_OK)
		return st;
	st = user_begin(ctx, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_set(r.dir, argv[0], &c, err);
	if (st == IM_OK && opt.disable)
		st = user_end_sessions(&r, argv[0], err);
	if (st == IM_OK)
		st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		user_print(&r, &p);
	user_end(&r);
	return st;
}

enum im_status
user_passwd(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct user_run r;
	struct im_person p;
	char *password = NULL;

	(void)argc;
	enum im_status st = user_begin(ctx, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK)
		st = user_read_password(opt.password_stdin, argv[0], &password, err);
	if (st == IM_OK && password == NULL)
		st = im_fail(err, IM_USAGE,
		    "standard input is no terminal: give --password-stdin and the password there");
	if (st == IM_OK)
		st = im_person_passwd(r.dir, argv[0], password, err);
	user_forget_password(password);
	if (st == IM_OK) /* whoever knew the old one is out */
		st = user_end_sessions(&r, argv[0], err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		printf("password of %s changed\n", argv[0]);
	user_end(&r);
	return st;
}
