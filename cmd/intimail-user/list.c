/*
 * list.c - intimail-user list, intimail-user show UID
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "user.h"

static void
print_table(struct im_dir_run *r, const struct im_person *p, int n)
{
	size_t uid = 9, mail = 7;

	for (int i = 0; i < n; i++) {
		uid = strlen(p[i].uid) > uid ? strlen(p[i].uid) : uid;
		mail = strlen(p[i].mail) > mail ? strlen(p[i].mail) : mail;
	}
	printf("%-*s  %-*s  %9s  %s\n", (int)uid, "USER NAME", (int)mail, "ADDRESS", "QUOTA", "NAME");
	for (int i = 0; i < n; i++)
		printf("%-*s  %-*s  %9s  %s%s%s\n", (int)uid, p[i].uid, (int)mail, p[i].mail,
		    user_quota_text(r, p[i].quota), p[i].name, p[i].admin ? " (administrator)" : "",
		    p[i].enabled ? "" : " (disabled)");
}

enum im_status
user_list(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_person *people;
	int n;

	(void)argc, (void)argv;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_list(r.dir, &r.arena, &people, &n, err);
	if (st == IM_OK && ctx->json) {
		struct im_value *arr = im_v_array(&r.arena);
		for (int i = 0; i < n; i++)
			user_json(&r, &people[i], im_v_add_object(&r.arena, arr));
		im_cmd_print_json(arr);
	} else if (st == IM_OK && n == 0) {
		printf("Nobody yet: intimail-user add UID --name NAME adds a person.\n");
	} else if (st == IM_OK) {
		print_table(&r, people, n);
	}
	im_dir_run_end(&r);
	return st;
}

enum im_status
user_show(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_person p;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(r.dir, argv[0], &r.arena, &p, err);
	if (st == IM_OK && ctx->json)
		user_print_json(&r, &p);
	else if (st == IM_OK)
		user_print(&r, &p);
	im_dir_run_end(&r);
	return st;
}
