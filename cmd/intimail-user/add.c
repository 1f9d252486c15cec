/*
 * add.c - intimail-user add UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

#include "user.h"

static struct {
	const char *name, *quota, *language, *expires;
	struct im_strlist addresses;
	bool admin, password_stdin;
} opt;

const struct im_opt user_add_opts[] = {
	{ .name = "name", .letter = 'n', .arg = "NAME", .help = "full name (required)", .value = &opt.name },
	{ .name = "quota",
	    .letter = 'q',
	    .arg = "SIZE",
	    .help = "room for mail, as 300M or 5G, or none; default_quota otherwise",
	    .value = &opt.quota },
	{ .name = "address",
	    .letter = 'a',
	    .arg = "ADDRESS",
	    .help = "an address besides UID@domain",
	    .list = &opt.addresses },
	{ .name = "language",
	    .letter = 'l',
	    .arg = "CODE",
	    .help = "of the pages, as en or fr",
	    .value = &opt.language },
	{ .name = "expires",
	    .letter = 'e',
	    .arg = "WHEN",
	    .help = "a temporary account: its end, as 14d or 2026-12-31",
	    .value = &opt.expires },
	{ .name = "admin",
	    .help = "make an administrator; mail to postmaster and abuse arrives too",
	    .flag = &opt.admin },
	{ .name = "password-stdin",
	    .help = "read the password from standard input",
	    .flag = &opt.password_stdin },
	{ 0 },
};

static enum im_status
add(struct im_dir_run *r, struct im_cmd_ctx *ctx, const char *uid, const char *password, struct im_err *err)
{
	struct im_person p = {
		.uid = uid,
		.name = opt.name,
		.addresses = opt.addresses.v,
		.naddresses = (int)opt.addresses.n,
		.quota = r->conf.default_quota,
		.language = opt.language,
		.enabled = true,
		.send_limit = -1,
		.unix_uid = -1,
		.admin = opt.admin,
	};

	if (opt.quota != NULL) {
		enum im_status bad = user_quota_parse(opt.quota, &p.quota, err);
		if (bad != IM_OK)
			return bad;
	}
	if (opt.expires != NULL) {
		enum im_status bad = user_when_parse("expires", opt.expires, &p.expires, err);
		if (bad != IM_OK)
			return bad;
	}
	enum im_status st = im_person_add(r->dir, &p, password, err);
	if (st == IM_OK)
		st = im_person_get(r->dir, uid, &r->arena, &p, err);
	if (st != IM_OK)
		return st;
	if (ctx->json)
		user_print_json(r, &p);
	else
		printf("%s added: %s, quota %s%s\n", uid, p.mail, user_quota_text(r, p.quota),
		    password ? "" : "; no password yet: intimail-user passwd sets one");
	return IM_OK;
}

enum im_status
user_add(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	char *password;

	(void)argc;
	if (opt.name == NULL)
		return im_fail(
		    err, IM_USAGE, "--name is missing: intimail-user add %s --name 'Full Name'", argv[0]);
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = user_read_password(opt.password_stdin, argv[0], &password, err);
	if (st == IM_OK)
		st = add(&r, ctx, argv[0], password, err);
	user_forget_password(password);
	im_dir_run_end(&r);
	return st;
}
