/*
 * list.c - one list: members, owners, rules; the administrators' own group is shown only
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "list_form.h"

/* ---- the page ---- */

static void
show_names(struct admin *x, struct im_value *arr, const char *const *names, bool outside)
{
	for (const char *const *v = names; v && *v; v++) {
		struct im_value *o = im_v_add_object(x->a, arr);

		im_v_set_str(x->a, o, "name", *v);
		im_v_set_bool(x->a, o, "outside", outside);
	}
}

static void
show(struct admin *x, const struct im_list *l)
{
	bool again = x->wrong && x->r->method == IM_POST;
	struct im_value *m = x->model, *members;
	const char *pasted = again ? im_form(x->r, "members") : NULL;
	int n = list_count(l->members) + list_count(l->outside);

	admin_title(x, "lists", l->name);
	im_v_set_str(x->a, m, "name", l->name);
	im_v_set_str(x->a, m, "mail", l->mail);
	im_v_set_str(x->a, m, "csn", l->csn ? l->csn : "");
	im_v_set_str(x->a, m, "url", list_url(x, l->name));
	im_v_set_str(x->a, m, "description", l->description);
	im_v_set_bool(x->a, m, "reply_to_list", l->reply_to_list);
	im_v_set_bool(x->a, m, "archive", l->archive);
	im_v_set_bool(x->a, m, "enabled", l->enabled);
	im_v_set_bool(x->a, m, "is_admins", l->is_admins);
	list_choices(x, l->post, l->join);
	members = im_v_set_array(x->a, m, "members");
	show_names(x, members, l->members, false);
	show_names(x, members, l->outside, true);
	im_v_set_str(
	    x->a, m, "members_text", im_tr_count(x->r->lang, "%d member", "%d members", (uint64_t)n, x->a));
	im_v_set_str(x->a, m, "pasted", pasted ? pasted : "");
	show_names(x, im_v_set_array(x->a, m, "owners"), l->owners, false);
	show_names(x, im_v_set_array(x->a, m, "addresses"), l->addresses, false);
	admin_command(x, "intimail-list", "delete", l->name);
	im_v_set_str(x->a, m, "delete_command", admin_command_text(x));
}

static enum im_status
load(struct admin *x, struct im_list *l)
{
	const char *name = x->r->args[0];
	enum im_status st;

	if (im_uid_valid(name))
		st = im_list_get(x->d, name, x->a, l, x->err);
	else
		st = im_fail(x->err, IM_NOTFOUND, "not the name of a list");
	if (st == IM_NOTFOUND)
		x->resp->error_text = im_tr(x->r->lang, "There is no list of this name.");
	return st;
}

enum im_status
list_show(struct admin *x)
{
	struct im_list l = { .name = "", .description = "" };
	enum im_status st = load(x, &l);

	if (st == IM_OK)
		show(x, &l);
	return st;
}

/* ---- changes ---- */

static void
do_save(struct admin *x, const struct im_list *l, struct im_list_change *c)
{
	const char *description = admin_field(x, "description");

	admin_command(x, "intimail-list", "set", l->name);
	if (strcmp(description, l->description) != 0)
		admin_words(x, "--description", c->description = description);
	if (!im_list_post_parse(admin_field(x, "post"), &c->post))
		admin_wrong(x, "post", im_tr(x->r->lang, "Choose one of these."));
	else if ((c->set_post = c->post != l->post))
		admin_words(x, "--post", im_list_post_text(c->post));
	if (!im_list_join_parse(admin_field(x, "join"), &c->join))
		admin_wrong(x, "join", im_tr(x->r->lang, "Choose one of these."));
	else if ((c->set_join = c->join != l->join))
		admin_words(x, "--join", im_list_join_text(c->join));
	c->reply_to_list = admin_checked(x, "reply_to_list");
	if ((c->set_reply = c->reply_to_list != l->reply_to_list))
		admin_words(x, "--reply-to", c->reply_to_list ? "list" : "author");
	c->archive = admin_checked(x, "archive");
	if ((c->set_archive = c->archive != l->archive))
		admin_word(x, c->archive ? "--archive" : "--no-archive");
	c->enabled = admin_checked(x, "enabled");
	if ((c->set_enabled = c->enabled != l->enabled))
		admin_word(x, c->enabled ? "--enable" : "--disable");
}

/* do_names - one or many: each with an option of the command, or as its arguments */
static void
do_names(struct admin *x, const struct im_list *l, const char ***ret, const char *field, const char *verb,
    const char *option)
{
	int n;

	if (!admin_lines(x, field, ret, &n))
		admin_wrong(x, field, im_tr(x->r->lang, "These are too many at once: at most 500."));
	else if (n == 0)
		admin_wrong(
		    x, field, im_tr(x->r->lang, "A user name, the name of a list or an address is needed."));
	else {
		admin_command(x, "intimail-list", verb, l->name);
		for (const char **v = *ret; *v; v++) {
			if (option)
				admin_word(x, option);
			admin_word(x, *v);
		}
	}
}

static bool
change(struct admin *x, const struct im_list *l, struct im_list_change *c, const char *what)
{
	if (strcmp(what, "save") == 0)
		do_save(x, l, c);
	else if (strcmp(what, "join") == 0)
		do_names(x, l, &c->add_members, "members", "join", NULL);
	else if (strcmp(what, "leave") == 0)
		do_names(x, l, &c->remove_members, "name", "leave", NULL);
	else if (strcmp(what, "add-owner") == 0)
		do_names(x, l, &c->add_owners, "owner", "set", "--add-owner");
	else if (strcmp(what, "remove-owner") == 0)
		do_names(x, l, &c->remove_owners, "name", "set", "--remove-owner");
	else
		return false;
	return true;
}

static enum im_status
do_change(struct admin *x, struct im_list *l, struct im_list_change *c)
{
	c->csn = admin_field(x, "csn");
	if (!*c->csn)
		c->csn = NULL;
	if (!x->wrong) {
		enum im_status st = im_list_set(x->d, l->name, c, x->err);
		if (st == IM_OK) {
			admin_done(x, list_url(x, l->name), im_tr(x->r->lang, "Changed."));
			return IM_OK;
		}
		struct im_err why = *x->err;
		enum im_status again = load(x, l);
		if (again != IM_OK)
			return again;
		*x->err = why;
		if (!admin_refused(
			x, st, st == IM_CONFLICT && c->csn && l->csn && strcmp(c->csn, l->csn) != 0))
			return st;
	}
	show(x, l);
	return IM_OK;
}

static enum im_status
do_delete(struct admin *x, const struct im_list *l)
{
	if (strcmp(admin_field(x, "again"), l->name) != 0) {
		admin_wrong(
		    x, "again", im_tr(x->r->lang, "Type the name of the list to say that you mean it."));
		show(x, l);
		return IM_OK;
	}
	enum im_status st = im_list_delete(x->d, l->name, x->err);
	if (st == IM_OK) {
		admin_command(x, "intimail-list", "delete", l->name);
		admin_done(x, "/admin/lists", im_tr_with(x->r->lang, "%s was deleted.", l->name, x->a));
	} else if (admin_refused(x, st, false)) {
		show(x, l);
		st = IM_OK;
	}
	return st;
}

enum im_status
list_change(struct admin *x)
{
	const char *what = admin_field(x, "do");
	struct im_list_change c = { 0 };
	struct im_list l = { .name = "", .description = "" };
	enum im_status st = load(x, &l);

	if (st != IM_OK)
		return st;
	if (l.is_admins) {
		x->resp->error_text =
		    im_tr(x->r->lang, "Who is an administrator is said on the page of the person, not here.");
		return im_fail(x->err, IM_DENIED, "cn=admins is changed through people");
	}
	if (strcmp(what, "delete") == 0)
		return do_delete(x, &l);
	if (!change(x, &l, &c, what))
		return im_fail(x->err, IM_INVALID, "a form without a known name");
	return do_change(x, &l, &c);
}
