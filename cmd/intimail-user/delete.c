/*
 * delete.c - intimail-user delete UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mail/archive.h"
#include "user.h"

static bool opt_yes, opt_purge;

const struct im_opt user_delete_opts[] = {
	{ .name = "yes", .letter = 'y', .help = "do not ask", .flag = &opt_yes },
	{ .name = "purge", .help = "remove the mail too, instead of archiving it", .flag = &opt_purge },
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
	printf("Delete %s (%s, %s)? The mail is %s. [y/N] ", p->uid, p->name, p->mail,
	    opt_purge ? "removed for ever" : "archived");
	(void)fflush(stdout);
	if (fgets(answer, sizeof(answer), stdin) == NULL || strchr("yY", answer[0]) == NULL ||
	    answer[0] == '\0')
		return im_fail(err, IM_CONFLICT, "not deleted");
	return IM_OK;
}

static void
print_deleted(struct im_dir_run *r, const struct im_person *p, const char *place)
{
	struct im_value *v = im_v_object(&r->arena);

	user_json(r, p, v);
	im_v_set_str(&r->arena, v, "archive", place);
	im_cmd_print_json(v);
}

enum im_status
user_delete(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_person p;
	const char *place = NULL;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK)
		st = confirm(&p, err);
	if (st == IM_OK)
		st = im_person_delete(r.dir, argv[0], err);
	if (st == IM_OK)
		st = user_end_sessions(&r, p.uid, err);
	if (st == IM_OK) {
		st = opt_purge ? im_archive_purge(&r.conf, p.uid, err)
			       : im_archive_mail(&r.conf, p.uid, &r.arena, &place, err);
		if (st != IM_OK)
			(void)im_err_prefix(err, "%s was deleted, but the mail is not %s", p.uid,
			    opt_purge ? "removed" : "archived");
	}
	if (st == IM_OK && ctx->json)
		print_deleted(&r, &p, place);
	else if (st == IM_OK && place != NULL)
		printf("%s deleted; the mail is kept in %s\n", p.uid, place);
	else if (st == IM_OK)
		printf("%s deleted; no mail is left\n", p.uid);
	im_dir_run_end(&r);
	return st;
}
