/*
 * show.c - intimail-list list, show NAME, members NAME
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "list.h"

static int
count(const char *const *v)
{
	int n = 0;

	while (v != NULL && v[n] != NULL)
		n++;
	return n;
}

static void
print_table(const struct im_list *l, int n)
{
	size_t name = 4, mail = 7;

	for (int i = 0; i < n; i++) {
		name = strlen(l[i].name) > name ? strlen(l[i].name) : name;
		mail = strlen(l[i].mail) > mail ? strlen(l[i].mail) : mail;
	}
	printf("%-*s  %-*s  %7s  %-7s  %s\n", (int)name, "NAME", (int)mail, "ADDRESS", "MEMBERS", "WRITE",
	    "DESCRIPTION");
	for (int i = 0; i < n; i++)
		printf("%-*s  %-*s  %7d  %-7s  %s%s\n", (int)name, l[i].name, (int)mail, l[i].mail,
		    count(l[i].members) + count(l[i].outside), im_list_post_text(l[i].post), l[i].description,
		    l[i].enabled ? "" : " (disabled)");
}

enum im_status
list_list(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_list *lists;
	int n;

	(void)argc, (void)argv;
	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_list_all(r.dir, &r.arena, &lists, &n, err);
	if (st == IM_OK && ctx->json) {
		struct im_value *arr = im_v_array(&r.arena);
		for (int i = 0; i < n; i++)
			list_json(&r, &lists[i], im_v_add_object(&r.arena, arr));
		im_cmd_print_json(arr);
	} else if (st == IM_OK) {
		print_table(lists, n);
	}
	im_dir_run_end(&r);
	return st;
}

enum im_status
list_show(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	st = list_tell(ctx, &r, argv[0], err);
	im_dir_run_end(&r);
	return st;
}

enum im_status
list_members(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	const char **people, **outside;

	(void)argc;
	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	st = im_list_people(r.dir, argv[0], &r.arena, &people, &outside, err);
	if (st == IM_OK && ctx->json) {
		struct im_value *v = im_v_object(&r.arena), *arr = im_v_set_array(&r.arena, v, "people");
		for (const char **p = people; *p != NULL; p++)
			im_v_add_span(&r.arena, arr, im_str(*p));
		arr = im_v_set_array(&r.arena, v, "outside");
		for (const char **p = outside; *p != NULL; p++)
			im_v_add_span(&r.arena, arr, im_str(*p));
		im_cmd_print_json(v);
	} else if (st == IM_OK) {
		for (const char **p = people; *p != NULL; p++)
			puts(*p);
		for (const char **p = outside; *p != NULL; p++)
			puts(*p);
	}
	im_dir_run_end(&r);
	return st;
}
