/*
 * people.c - everybody, and somebody new
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "person_form.h"

const char *
person_url(struct admin *x, const char *uid)
{
	return im_url_below(x->a, "/admin/people", uid);
}

static bool
found(const struct im_person *p, const char *what)
{
	bool hit = admin_contains(p->uid, what) || admin_contains(p->name, what);

	for (int i = 0; !hit && i < p->naddresses; i++)
		hit = admin_contains(p->addresses[i], what);
	return hit;
}

static const char *
state_text(struct admin *x, const struct im_person *p)
{
	if (!p->enabled)
		return im_tr(x->r->lang, "disabled");
	if (p->expires > 0 && p->expires <= x->r->now)
		return im_tr(x->r->lang, "ended");
	return p->expires > 0 ? im_tr_with(x->r->lang, "until %s", admin_time_text(x, p->expires), x->a) : "";
}

static void
row(struct admin *x, struct im_value *rows, const struct im_person *p)
{
	struct im_value *o = im_v_add_object(x->a, rows);

	im_v_set_str(x->a, o, "uid", p->uid);
	im_v_set_str(x->a, o, "name", p->name);
	im_v_set_str(x->a, o, "mail", p->mail);
	im_v_set_str(x->a, o, "url", person_url(x, p->uid));
	im_v_set_str(x->a, o, "quota_text", admin_quota_text(x, p->quota));
	im_v_set_int(x->a, o, "quota", (int64_t)p->quota);
	im_v_set_str(x->a, o, "state_text", state_text(x, p));
	im_v_set_bool(x->a, o, "admin", p->admin);
	im_v_set_bool(x->a, o, "enabled", p->enabled);
	im_v_set_int(x->a, o, "expires", p->expires);
}

enum im_status
people_show(struct admin *x)
{
	struct admin_rows hits;
	int n;
	struct im_person *all;
	enum im_status st = im_person_list(x->d, x->a, &all, &n, x->err);

	if (st != IM_OK)
		return st;
	admin_rows_begin(x, &hits);
	admin_title(x, "people", im_tr(x->r->lang, "People"));
	struct im_value *rows = im_v_set_array(x->a, x->model, "people");
	for (int i = 0; i < n; i++) {
		if (!found(&all[i], hits.what))
			continue;
		if (admin_rows_take(&hits))
			row(x, rows, &all[i]);
	}
	admin_rows_end(x, &hits, "/admin/people",
	    im_tr_count(x->r->lang, "%d person", "%d people", (uint64_t)hits.hits, x->a));
	return IM_OK;
}

/* ---- somebody new ---- */

static void
show_new(struct admin *x)
{
	bool again = x->r->method == IM_POST;
	struct im_value *m = x->model;
	const char *quota = again ? admin_field(x, "quota") : admin_quota_word(x, x->r->conf->default_quota);

	admin_title(x, "people", im_tr(x->r->lang, "Add a person"));
	im_v_set_str(x->a, m, "uid", again ? admin_field(x, "uid") : "");
	im_v_set_str(x->a, m, "name", again ? admin_field(x, "name") : "");
	im_v_set_str(x->a, m, "quota", quota);
	im_v_set_str(x->a, m, "expires", again ? admin_field(x, "expires") : "");
	im_v_set_bool(x->a, m, "admin", again && admin_checked(x, "admin"));
	person_languages(x, again ? admin_field(x, "language") : "");
	im_v_set_str(x->a, m, "domain", x->r->conf->domain);
}

enum im_status
people_new(struct admin *x)
{
	show_new(x);
	return IM_OK;
}

static void
command_add(struct admin *x, const struct im_person *p)
{
	admin_command(x, "intimail-user", "add", p->uid, "--name", p->name);
	if (p->quota != x->r->conf->default_quota)
		admin_words(x, "--quota", admin_quota_word(x, p->quota));
	if (*p->language)
		admin_words(x, "--language", p->language);
	if (p->expires)
		admin_words(x, "--expires", admin_time_command(x, p->expires));
	if (p->admin)
		admin_word(x, "--admin");
}

enum im_status
people_add(struct admin *x)
{
	const char *password = im_form(x->r, "password");
	struct im_person p = { .uid = admin_field(x, "uid"),
		.name = admin_field(x, "name"),
		.language = admin_field(x, "language"),
		.enabled = true,
		.admin = admin_checked(x, "admin"),
		.send_limit = -1,
		.unix_uid = -1 };
	struct im_err why;
	enum im_status st;

	if (!im_uid_valid(p.uid))
		admin_wrong(x, "uid",
		    im_tr(x->r->lang,
			"Small letters a-z, digits, “.”, “_” and “-”, beginning with a letter or a "
			"digit; at most 64."));
	if (!*p.name)
		admin_wrong(x, "name", im_tr(x->r->lang, "A name is needed."));
	person_read_quota(x, &p.quota);
	person_read_expires(x, &p.expires);
	if (password && *password && im_password_ok(p.uid, password, &why) != IM_OK)
		admin_wrong(x, "password", person_password_text(x));
	if (!x->wrong) {
		st = im_person_add(x->d, &p, password && *password ? password : NULL, x->err);
		if (st == IM_OK) {
			command_add(x, &p);
			admin_done(
			    x, person_url(x, p.uid), im_tr_with(x->r->lang, "%s was added.", p.uid, x->a));
			return IM_OK;
		}
		if (!admin_refused(x, st, false))
			return st;
	}
	show_new(x);
	return IM_OK;
}
