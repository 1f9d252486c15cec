/*
 * set.c - intimail-user set UID, intimail-user passwd UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "user.h"

static struct {
	const char *name, *quota, *language, *primary, *expires, *send_limit, *unix_user, *role;
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
	{ .name = "expires",
	    .letter = 'e',
	    .arg = "WHEN",
	    .help = "the end of the account, as 14d or 2026-12-31, or never",
	    .value = &opt.expires },
	{ .name = "send-limit",
	    .arg = "N",
	    .help = "recipients a day, or default",
	    .value = &opt.send_limit },
	{ .name = "unix-user",
	    .arg = "NAME",
	    .help = "the UNIX user who is this person, or none",
	    .value = &opt.unix_user },
	{ .name = "role", .arg = "ROLE", .help = "admin or member", .value = &opt.role },
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

/* read_limits - the options whose argument is a word or a number */
static enum im_status
read_limits(struct im_person_change *c, struct im_err *err)
{
	uint64_t n = 0;

	c->send_limit = c->unix_uid = -1;
	c->set_expires = opt.expires != NULL;
	c->set_send_limit = opt.send_limit != NULL;
	c->set_unix_uid = opt.unix_user != NULL;
	if (opt.role != NULL) {
		c->set_admin = true;
		c->admin = strcmp(opt.role, "admin") == 0;
		if (!c->admin && strcmp(opt.role, "member") != 0)
			return im_fail(
			    err, IM_USAGE, "--role \"%.40s\": wanted is admin or member", opt.role);
	}
	if (c->set_send_limit && strcmp(opt.send_limit, "default") != 0) {
		if (!im_str_u64(im_str(opt.send_limit), INT32_MAX, &n))
			return im_fail(err, IM_USAGE, "--send-limit \"%.40s\": wanted is a number or default",
			    opt.send_limit);
		c->send_limit = (int64_t)n;
	}
	if (c->set_unix_uid && strcmp(opt.unix_user, "none") != 0) {
		const struct passwd *pw = getpwnam(opt.unix_user);
		if (pw == NULL)
			return im_fail(
			    err, IM_NOTFOUND, "--unix-user \"%.40s\": there is no such user", opt.unix_user);
		c->unix_uid = pw->pw_uid;
	}
	return c->set_expires ? user_when_parse("expires", opt.expires, &c->expires, err) : IM_OK;
}

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
	enum im_status st = read_limits(c, err);
	if (st != IM_OK)
		return st;
	if (!c->name && !c->language && !c->primary && !c->set_quota && !c->set_admin && !c->set_enabled &&
	    !c->set_expires && !c->set_send_limit && !c->set_unix_uid && opt.add.n + opt.remove.n == 0)
		return im_fail(err, IM_USAGE, "nothing to change; see intimail-user --help");
	return opt.quota != NULL ? user_quota_parse(opt.quota, &c->quota, err) : IM_OK;
}

enum im_status
user_set(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_person_change c;
	struct im_person p;
	struct im_dir_run r;
	const char *add[IM_COUNT(opt.add.v) + 1] = { NULL }, *remove[IM_COUNT(opt.remove.v) + 1] = { NULL };

	(void)argc;
	enum im_status st = read_change(&c, add, remove, err);
	if (st != IM_OK)
		return st;
	st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_set(r.dir, argv[0], &c, err);
	if (st == IM_OK)
		st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK && opt.disable) /* the uid as the directory has it: sessions are found by it */
		st = user_end_sessions(&r, p.uid, err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		user_print(&r, &p);
	im_dir_run_end(&r);
	return st;
}

static enum im_status
switch_to(struct im_cmd_ctx *ctx, const char *uid, bool on, struct im_err *err)
{
	const struct im_person_change c = { .set_enabled = true, .enabled = on };
	struct im_person p;
	struct im_dir_run r;

	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_set(r.dir, uid, &c, err);
	if (st == IM_OK)
		st = im_person_get(r.dir, uid, &r.arena, &p, err);
	if (st == IM_OK && !on) /* the uid as the directory has it: sessions are found by it */
		st = user_end_sessions(&r, p.uid, err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		printf("%s %s\n", uid, on ? "enabled" : "disabled: no mail is accepted, no sign-in");
	im_dir_run_end(&r);
	return st;
}

enum im_status
user_disable(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc;
	return switch_to(ctx, argv[0], false, err);
}

enum im_status
user_enable(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc;
	return switch_to(ctx, argv[0], true, err);
}

enum im_status
user_passwd(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_person p;
	char *password = NULL;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
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
		st = user_end_sessions(&r, p.uid, err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		printf("password of %s changed\n", argv[0]);
	im_dir_run_end(&r);
	return st;
}
