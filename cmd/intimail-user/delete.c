/*
 * delete.c - intimail-user delete UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user.h"

static bool opt_yes;

const struct im_opt user_delete_opts[] = {
	{ .name = "yes", .letter = 'y', .help = "do not ask", .flag = &opt_yes },
	{ 0 },
};

static enum im_status
confirm(const struct im_person *p, struct im_err *err)
{
	char answer[16];

	if (opt_yes)
		return IM_OK;
	if (!isatty(STDIN_FILENO))
		return im_fail(err, IM_USAGE, "deleting %s needs --yes when nobody can be asked", p->uid);
	printf("Delete %s (%s, %s)? The mail stays on the disk. [y/N] ", p->uid, p->name, p->mail);
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL || strchr("yY", answer[0]) == NULL ||
	    answer[0] == '\0')
		return im_fail(err, IM_CONFLICT, "not deleted");
	return IM_OK;
}

enum im_status
user_delete(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct user_run r;
	struct im_person p;

	(void)argc;
	enum im_status st = user_begin(ctx, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK)
		st = confirm(&p, err);
	if (st == IM_OK)
		st = im_person_delete(r.dir, argv[0], err);
	if (st == IM_OK)
		st = user_end_sessions(&r, argv[0], err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		printf("%s deleted; the mail is kept in %s\n", p.uid, user_mail_dir(&r, p.uid));
	user_end(&r);
	return st;
}
