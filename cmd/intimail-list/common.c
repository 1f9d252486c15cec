/*
 * common.c - what the subcommands share: connection, rules, output
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "list.h"

const char **
list_copy(struct im_dir_run *r, const struct im_strlist *l)
{
	const char **v = im_arena_alloc(&r->arena, (l->n + 1) * sizeof(*v));

	for (size_t i = 0; i < l->n; i++)
		v[i] = l->v[i];
	return v;
}

enum im_status
list_rules_parse(const struct list_rules *w, struct im_list_change *c, struct im_err *err)
{
	c->set_post = w->post != NULL;
	c->set_join = w->join != NULL;
	c->set_reply = w->reply != NULL;
	if (w->post != NULL && !im_list_post_parse(w->post, &c->post))
		return im_fail(
		    err, IM_USAGE, "--post \"%.40s\": wanted is anyone, members or owners", w->post);
	if (w->join != NULL && !im_list_join_parse(w->join, &c->join))
		return im_fail(err, IM_USAGE, "--join \"%.40s\": wanted is owners or confirm", w->join);
	if (w->reply != NULL && strcmp(w->reply, "list") != 0 && strcmp(w->reply, "author") != 0)
		return im_fail(err, IM_USAGE, "--reply-to \"%.40s\": wanted is author or list", w->reply);
	c->reply_to_list = w->reply != NULL && strcmp(w->reply, "list") == 0;
	return IM_OK;
}

static void
json_array(struct im_arena *a, struct im_value *obj, const char *key, const char *const *v)
{
	if (v == NULL) {
		im_v_set_null(a, obj, key);
		return;
	}
	struct im_value *arr = im_v_set_array(a, obj, key);
	for (; *v != NULL; v++)
		im_v_add_span(a, arr, im_str(*v));
}

void
list_json(struct im_dir_run *r, const struct im_list *l, struct im_value *obj)
{
	struct im_arena *a = &r->arena;

	im_v_set_str(a, obj, "name", l->name);
	im_v_set_str(a, obj, "description", l->description);
	im_v_set_str(a, obj, "mail", l->mail);
	json_array(a, obj, "addresses", l->addresses);
	json_array(a, obj, "members", l->members);
	json_array(a, obj, "outside", l->outside);
	json_array(a, obj, "owners", l->owners);
	im_v_set_str(a, obj, "post", im_list_post_text(l->post));
	im_v_set_str(a, obj, "join", im_list_join_text(l->join));
	im_v_set_str(a, obj, "reply_to", l->reply_to_list ? "list" : "author");
	im_v_set_bool(a, obj, "archive", l->archive);
	im_v_set_bool(a, obj, "enabled", l->enabled);
}

static void
print_names(const char *label, const char *const *v)
{
	if (v == NULL)
		printf("%-15s (shown to its members and owners)\n", label);
	else if (*v == NULL)
		printf("%-15s none\n", label);
	for (const char *const *p = v; p != NULL && *p != NULL; p++)
		printf("%-15s %s\n", p == v ? label : "", *p);
}

static void
print_list(const struct im_list *l)
{
	static const char *const may[] = { "anyone", "members", "owners" };

	printf("%-15s %s\n", "List:", l->name);
	if (l->description[0])
		printf("%-15s %s\n", "Description:", l->description);
	print_names("Addresses:", l->addresses);
	print_names("Owners:", l->owners);
	print_names("Members:", l->members);
	print_names("Outside:", l->outside);
	printf("%-15s %s\n", "May write:", may[l->post]);
	printf("%-15s %s\n",
	    "Join:", l->join == IM_JOIN_CONFIRM ? "whoever confirms the address" : "the owners add people");
	printf("%-15s %s\n", "Answers go to:", l->reply_to_list ? "the list" : "the author");
	printf("%-15s %s\n", "Archive:", l->archive ? "yes" : "no");
	printf("%-15s %s\n", "Status:", l->enabled ? "enabled" : "disabled: no mail is accepted");
}

enum im_status
list_tell(struct im_cmd_ctx *ctx, struct im_dir_run *r, const char *name, struct im_err *err)
{
	struct im_list l;

	enum im_status st = im_list_get(r->dir, name, &r->arena, &l, err);
	if (st != IM_OK)
		return st;
	if (ctx->json) {
		struct im_value *v = im_v_object(&r->arena);
		list_json(r, &l, v);
		im_cmd_print_json(v);
	} else {
		print_list(&l);
	}
	return IM_OK;
}
