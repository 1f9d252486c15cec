/*
 * lists.c - groups and lists, and a new one: "a school class" is a name, some pasted addresses and a button
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "list_form.h"

const char *
list_url(struct admin *x, const char *name)
{
	return im_url_below(x->a, "/admin/lists", name);
}

int
list_count(const char *const *v)
{
	int n = 0;

	while (v && v[n])
		n++;
	return n;
}

const char *
list_post_label(struct admin *x, enum im_list_post post)
{
	static const char *const labels[] = {
		[IM_POST_ALL] = /* N_ */ "everybody",
		[IM_POST_MEMBERS] = /* N_ */ "members",
		[IM_POST_OWNERS] = /* N_ */ "owners",
	};

	return im_tr(x->r->lang, labels[post]);
}

void
list_choices(struct admin *x, enum im_list_post post, enum im_list_join join)
{
	struct im_value *p = im_v_set_array(x->a, x->model, "post"), *j;
	const struct im_lang *l = x->r->lang;

	for (int i = IM_POST_ALL; i <= IM_POST_OWNERS; i++)
		admin_option(x, p, im_list_post_text((enum im_list_post)i),
		    list_post_label(x, (enum im_list_post)i), im_list_post_text(post));
	j = im_v_set_array(x->a, x->model, "join");
	admin_option(x, j, "owners", im_tr(l, "whom the owners enter"), im_list_join_text(join));
	admin_option(x, j, "confirm", im_tr(l, "everybody who confirms it"), im_list_join_text(join));
}

static void
row(struct admin *x, struct im_value *rows, const struct im_list *l)
{
	struct im_value *o = im_v_add_object(x->a, rows);
	int n = list_count(l->members) + list_count(l->outside);

	im_v_set_str(x->a, o, "name", l->name);
	im_v_set_str(x->a, o, "description", l->description);
	im_v_set_str(x->a, o, "mail", l->mail);
	im_v_set_str(x->a, o, "url", list_url(x, l->name));
	im_v_set_int(x->a, o, "members", n);
	im_v_set_str(
	    x->a, o, "members_text", im_tr_count(x->r->lang, "%d member", "%d members", (uint64_t)n, x->a));
	im_v_set_str(x->a, o, "post_text", list_post_label(x, l->post));
	im_v_set_bool(x->a, o, "enabled", l->enabled);
}

enum im_status
lists_show(struct admin *x)
{
	struct admin_rows hits;
	int n;
	struct im_list *all;
	enum im_status st = im_list_all(x->d, x->a, &all, &n, x->err);

	if (st != IM_OK)
		return st;
	admin_rows_begin(x, &hits);
	admin_title(x, "lists", im_tr(x->r->lang, "Groups and lists"));
	struct im_value *rows = im_v_set_array(x->a, x->model, "lists");
	for (int i = 0; i < n; i++) {
		if (!admin_contains(all[i].name, hits.what) &&
		    !admin_contains(all[i].description, hits.what) && !admin_contains(all[i].mail, hits.what))
			continue;
		if (admin_rows_take(&hits))
			row(x, rows, &all[i]);
	}
	admin_rows_end(x, &hits, "/admin/lists",
	    im_tr_count(x->r->lang, "%d list", "%d lists", (uint64_t)hits.hits, x->a));
	return IM_OK;
}

/* ---- a new one ---- */

static void
show_new(struct admin *x)
{
	bool again = x->r->method == IM_POST;
	enum im_list_post post = IM_POST_MEMBERS;
	enum im_list_join join = IM_JOIN_OWNERS;
	const char *members = again ? im_form(x->r, "members") : "";

	if (again && !im_list_post_parse(admin_field(x, "post"), &post))
		post = IM_POST_MEMBERS;
	if (again && !im_list_join_parse(admin_field(x, "join"), &join))
		join = IM_JOIN_OWNERS;
	admin_title(x, "lists", im_tr(x->r->lang, "Add a list"));
	im_v_set_str(x->a, x->model, "name", again ? admin_field(x, "name") : "");
	im_v_set_str(x->a, x->model, "description", again ? admin_field(x, "description") : "");
	im_v_set_str(x->a, x->model, "members", members ? members : "");
	im_v_set_str(x->a, x->model, "owners", again ? admin_field(x, "owners") : x->me.uid);
	im_v_set_bool(x->a, x->model, "reply_to_list", again && admin_checked(x, "reply_to_list"));
	im_v_set_bool(x->a, x->model, "archive", again && admin_checked(x, "archive"));
	im_v_set_str(x->a, x->model, "domain", x->r->conf->domain);
	list_choices(x, post, join);
}

enum im_status
lists_new(struct admin *x)
{
	show_new(x);
	return IM_OK;
}

static void
command_add(struct admin *x, const struct im_list *l, const char *const *members)
{
	admin_command(x, "intimail-list", "add", l->name);
	if (*l->description)
		admin_words(x, "--description", l->description);
	for (const char *const *o = l->owners; *o; o++)
		admin_words(x, "--owner", *o);
	admin_words(x, "--post", im_list_post_text(l->post));
	admin_words(x, "--join", im_list_join_text(l->join));
	if (l->reply_to_list)
		admin_words(x, "--reply-to", "list");
	if (l->archive)
		admin_word(x, "--archive");
	for (const char *const *m = members; *m; m++)
		admin_words(x, "--member", *m);
}

/* add_members - those that were pasted; when it cannot be done the list that was made for them goes again */
static enum im_status
add(struct admin *x, const struct im_list *l, const char **members)
{
	struct im_list_change c = { .add_members = members };
	struct im_err ignored;
	enum im_status st = im_list_add(x->d, l, x->err);

	if (st != IM_OK || !members[0])
		return st;
	st = im_list_set(x->d, l->name, &c, x->err);
	if (st != IM_OK && im_list_delete(x->d, l->name, &ignored) != IM_OK)
		return im_err_prefix(x->err, "%s was added, but without its members", l->name);
	return st;
}

enum im_status
lists_add(struct admin *x)
{
	static const char *const none[] = { NULL };
	struct im_list l = { .name = admin_field(x, "name"),
		.description = admin_field(x, "description"),
		.reply_to_list = admin_checked(x, "reply_to_list"),
		.archive = admin_checked(x, "archive"),
		.enabled = true };
	const char **members;
	int n;

	if (!im_uid_valid(l.name))
		admin_wrong(x, "name",
		    im_tr(x->r->lang,
			"Small letters a-z, digits, “.”, “_” and “-”, beginning with a letter or a "
			"digit; at most 64."));
	if (!im_list_post_parse(admin_field(x, "post"), &l.post))
		l.post = IM_POST_MEMBERS;
	if (!im_list_join_parse(admin_field(x, "join"), &l.join))
		l.join = IM_JOIN_OWNERS;
	if (!admin_lines(x, "owners", &l.owners, &n) || n == 0)
		admin_wrong(x, "owners", im_tr(x->r->lang, "At least one owner is needed: a user name."));
	l.members = (const char **)(uintptr_t)none;
	l.outside = l.members;
	l.addresses = l.members;
	if (!admin_lines(x, "members", &members, &n))
		admin_wrong(x, "members", im_tr(x->r->lang, "These are too many at once: at most 500."));
	if (!x->wrong) {
		enum im_status st = add(x, &l, members);
		if (st == IM_OK) {
			command_add(x, &l, members);
			admin_done(
			    x, list_url(x, l.name), im_tr_with(x->r->lang, "%s was added.", l.name, x->a));
			return IM_OK;
		}
		if (!admin_refused(x, st, false))
			return st;
	}
	show_new(x);
	return IM_OK;
}
