/*
 * person.c - one person: every change is a small form, with the field "do" naming it
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "helper/helper.h"
#include "person_form.h"
#include "web/reset.h"
#include "web/session.h"

/* ---- the page ---- */

static void
show_usage(struct admin *x, const struct im_person *p)
{
	struct im_value *u = im_v_set_object(x->a, x->model, "usage");
	const char *args[] = { p->uid, NULL }, *text;
	cJSON *answer;

	if (!admin_helper(x, "usage", args, &answer, &text)) {
		im_v_set_str(x->a, u, "problem", text);
		return;
	}
	const cJSON *one = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(answer, "people"), 0);
	int64_t used = admin_json_int(one, "used");
	const char *used_text = im_size_for(x->r->lang, used > 0 ? (uint64_t)used : 0, x->a);
	im_v_set_int(x->a, u, "used", used);
	im_v_set_str(x->a, u, "used_text", used_text);
	im_v_set_str(x->a, u, "of_text", admin_quota_text(x, p->quota));
	im_v_set_int(
	    x->a, u, "percent", p->quota && used > 0 ? (int64_t)((double)used * 100 / (double)p->quota) : 0);
	im_v_set_str(x->a, u, "last_delivery", admin_time_text(x, admin_json_int(one, "last_delivery")));
	im_v_set_str(x->a, u, "last_sign_in", admin_time_text(x, admin_json_int(one, "last_sign_in")));
	cJSON_Delete(answer);
}

static void
show_addresses(struct admin *x, const struct im_person *p)
{
	struct im_value *arr = im_v_set_array(x->a, x->model, "addresses");

	for (int i = 0; i < p->naddresses; i++) {
		struct im_value *o = im_v_add_object(x->a, arr);

		im_v_set_str(x->a, o, "address", p->addresses[i]);
		im_v_set_bool(x->a, o, "primary", strcmp(p->addresses[i], p->mail) == 0);
	}
}

/* commands_before - what the buttons without a field do, as command lines beside them */
static void
commands_before(struct admin *x, const struct im_person *p)
{
	struct im_value *c = im_v_set_object(x->a, x->model, "commands");
	const struct {
		const char *key, *words[2];
	} rows[] = {
		{ "password", { "passwd", p->uid } },
		{ "reset", { "reset", p->uid } },
		{ "enable", { p->enabled ? "disable" : "enable", p->uid } },
		{ "delete", { "delete", p->uid } },
	};

	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		admin_command(x, "intimail-user", rows[i].words[0], rows[i].words[1]);
		im_v_set_str(x->a, c, rows[i].key, admin_command_text(x));
	}
}

static void
show(struct admin *x, const struct im_person *p)
{
	/* what was typed stays only when the reason stands beside a field; after a conflict what is there is shown */
	bool typed = x->wrong && x->r->method == IM_POST && x->resp->status == 0 &&
		     strcmp(admin_field(x, "do"), "save") == 0;
	struct im_value *m = x->model;
	const char *limit = p->send_limit >= 0 ? im_arena_fmt(x->a, "%lld", (long long)p->send_limit) : "";

	admin_title(x, "people", *p->name ? p->name : p->uid);
	im_v_set_str(x->a, m, "uid", p->uid);
	im_v_set_str(x->a, m, "mail", p->mail);
	im_v_set_str(x->a, m, "csn", p->csn ? p->csn : "");
	im_v_set_str(x->a, m, "url", person_url(x, p->uid));
	im_v_set_str(x->a, m, "name", typed ? admin_field(x, "name") : p->name);
	im_v_set_str(x->a, m, "quota", typed ? admin_field(x, "quota") : admin_quota_word(x, p->quota));
	im_v_set_str(x->a, m, "expires", typed ? admin_field(x, "expires") : admin_time_word(x, p->expires));
	im_v_set_str(x->a, m, "send_limit", typed ? admin_field(x, "send_limit") : limit);
	im_v_set_int(x->a, m, "send_limit_default", x->r->conf->send_limit);
	im_v_set_bool(x->a, m, "admin", typed ? admin_checked(x, "admin") : p->admin);
	person_languages(x, typed ? admin_field(x, "language") : p->language);
	im_v_set_bool(x->a, m, "enabled", p->enabled);
	im_v_set_bool(x->a, m, "ended", p->expires > 0 && p->expires <= x->r->now);
	im_v_set_bool(x->a, m, "two_step", p->two_step);
	im_v_set_bool(x->a, m, "myself", strcmp(p->uid, x->me.uid) == 0);
	im_v_set_int(x->a, m, "archive_days", x->r->conf->archive_keep / 86400);
	show_addresses(x, p);
	commands_before(x, p);
	show_usage(x, p);
}

/* load - a uid from the path; anything that cannot be one is not asked for */
static enum im_status
load(struct admin *x, struct im_person *p)
{
	const char *uid = x->r->args[0];

	if (!im_uid_valid(uid)) {
		x->resp->error_text = im_tr(x->r->lang, "There is nobody of this user name.");
		return im_fail(x->err, IM_NOTFOUND, "not a user name");
	}
	enum im_status st = im_person_get(x->d, uid, x->a, p, x->err);
	if (st == IM_NOTFOUND)
		x->resp->error_text = im_tr(x->r->lang, "There is nobody of this user name.");
	return st;
}

enum im_status
person_show(struct admin *x)
{
	struct im_person p = { .uid = "", .name = "", .language = "" };
	enum im_status st = load(x, &p);

	if (st == IM_OK)
		show(x, &p);
	return st;
}

/* ---- changes: each fills c and the command line, or says what is wrong ---- */

static void
do_save(struct admin *x, const struct im_person *p, struct im_person_change *c)
{
	const char *name = admin_field(x, "name"), *language = admin_field(x, "language"),
		   *limit = admin_field(x, "send_limit");
	uint64_t n = 0;

	admin_command(x, "intimail-user", "set", p->uid);
	if (!*name)
		admin_wrong(x, "name", im_tr(x->r->lang, "A name is needed."));
	if (strcmp(name, p->name) != 0)
		admin_words(x, "--name", c->name = name);
	if (strcmp(language, p->language) != 0)
		admin_words(x, "--language", c->language = language);
	person_read_quota(x, &c->quota);
	if ((c->set_quota = c->quota != p->quota))
		admin_words(x, "--quota", admin_quota_word(x, c->quota));
	/* the field has no seconds: what it was shown as is no change */
	if (strcmp(admin_field(x, "expires"), admin_time_word(x, p->expires)) != 0) {
		person_read_expires(x, &c->expires);
		c->set_expires = true;
		admin_words(x, "--expires", admin_time_command(x, c->expires));
	}
	if (*limit && !im_str_u64(im_str(limit), 1000000, &n))
		admin_wrong(
		    x, "send_limit", im_tr(x->r->lang, "A number is wanted; empty is the usual limit."));
	c->send_limit = *limit ? (int64_t)n : -1;
	if ((c->set_send_limit = c->send_limit != p->send_limit))
		admin_words(x, "--send-limit", *limit ? limit : "default");
	c->admin = admin_checked(x, "admin");
	if ((c->set_admin = c->admin != p->admin))
		admin_word(x, c->admin ? "--admin" : "--no-admin");
}

static void
do_address(struct admin *x, const struct im_person *p, struct im_person_change *c, const char *what)
{
	const char **one = im_arena_alloc(x->a, 2 * sizeof *one);
	const char *address = admin_field(x, "address");

	if (!*address)
		admin_wrong(x, "address", im_tr(x->r->lang, "An address is needed."));
	/* a name alone is meant to be of this domain */
	one[0] = strchr(address, '@') ? address : im_arena_fmt(x->a, "%s@%s", address, x->r->conf->domain);
	admin_command(x, "intimail-user", "set", p->uid);
	if (strcmp(what, "add-address") == 0) {
		c->add_addresses = one;
		admin_words(x, "--add-address", one[0]);
	} else if (strcmp(what, "remove-address") == 0) {
		c->remove_addresses = one;
		admin_words(x, "--remove-address", one[0]);
	} else {
		c->primary = one[0];
		admin_words(x, "--primary", one[0]);
	}
}

/* change - one that is a change of the entry */
static bool
change(struct admin *x, const struct im_person *p, struct im_person_change *c, const char *what)
{
	if (strcmp(what, "save") == 0) {
		do_save(x, p, c);
	} else if (strcmp(what, "add-address") == 0 || strcmp(what, "remove-address") == 0 ||
		   strcmp(what, "primary") == 0) {
		do_address(x, p, c, what);
	} else if (strcmp(what, "enable") == 0 || strcmp(what, "disable") == 0) {
		c->set_enabled = true;
		c->enabled = what[0] == 'e';
		admin_command(x, "intimail-user", what, p->uid);
	} else if (strcmp(what, "two-step") == 0) {
		c->remove_two_step = true;
	} else {
		return false;
	}
	return true;
}

/* after - whoever may not come in any more is put out of the browsers where he is signed in */
static void
after(struct admin *x, const char *uid, const struct im_person_change *c)
{
	struct im_err ignored;
	int n;

	if ((c->set_enabled && !c->enabled) || (c->set_expires && c->expires && c->expires <= x->r->now) ||
	    c->set_admin)
		(void)!im_session_end_all(x->r->conf, uid, &n, &ignored);
}

static enum im_status
do_change(struct admin *x, struct im_person *p, struct im_person_change *c)
{
	const char *csn = admin_field(x, "csn");
	enum im_status st;

	if (!*csn)
		csn = NULL;
	c->csn = csn;
	if (!x->wrong) {
		st = im_person_set(x->d, p->uid, c, x->err);
		if (st == IM_OK) {
			after(x, p->uid, c);
			/* whoever gave the right away cannot see this page any more */
			bool out = c->set_admin && !c->admin && strcmp(p->uid, x->me.uid) == 0;
			admin_done(
			    x, out ? "/mail/INBOX" : person_url(x, p->uid), im_tr(x->r->lang, "Changed."));
			return IM_OK;
		}
		struct im_err why = *x->err;
		enum im_status again = load(x, p);
		if (again != IM_OK)
			return again;
		*x->err = why;
		if (!admin_refused(x, st, st == IM_CONFLICT && csn && p->csn && strcmp(csn, p->csn) != 0))
			return st;
	}
	show(x, p);
	return IM_OK;
}

/* ---- changes that are none of the entry ---- */

static enum im_status
do_password(struct admin *x, const struct im_person *p)
{
	const char *password = im_form(x->r, "password");
	struct im_err why;
	int n;

	if (!password || im_password_ok(p->uid, password, &why) != IM_OK) {
		admin_wrong(x, "password", person_password_text(x));
		show(x, p);
		return IM_OK;
	}
	enum im_status st = im_person_passwd(x->d, p->uid, password, x->err);
	if (st == IM_OK) {
		(void)!im_session_end_all(x->r->conf, p->uid, &n, &why);
		admin_command(x, "intimail-user", "passwd", p->uid);
		admin_done(x, strcmp(p->uid, x->me.uid) == 0 ? "/login" : person_url(x, p->uid),
		    im_tr(x->r->lang, "The password was set, and all browsers were signed out."));
	} else if (admin_refused(x, st, false)) {
		show(x, p);
		st = IM_OK;
	}
	return st;
}

/* do_reset - the link is a secret: it is shown in this one answer and stands in no address */
static enum im_status
do_reset(struct admin *x, const struct im_person *p)
{
	const char *path;
	enum im_status st = im_reset_new(x->r->conf, p->uid, x->a, &path, x->err);

	if (st != IM_OK)
		return st;
	im_v_set_str(x->a, x->model, "reset_link", im_reset_url(x->r->conf, path, x->a));
	im_v_set_str(x->a, x->model, "reset_path", path);
	show(x, p);
	return IM_OK;
}

static enum im_status
do_end_sessions(struct admin *x, const struct im_person *p)
{
	int n = 0;
	enum im_status st = im_session_end_all(x->r->conf, p->uid, &n, x->err);

	if (st == IM_OK)
		admin_done(x, strcmp(p->uid, x->me.uid) == 0 ? "/login" : person_url(x, p->uid),
		    im_tr_count(x->r->lang, "%d browser was signed out.", "%d browsers were signed out.",
			(uint64_t)n, x->a));
	return st;
}

static enum im_status
do_recount(struct admin *x, const struct im_person *p)
{
	const char *args[] = { p->uid, NULL }, *text;
	cJSON *answer;

	if (admin_helper(x, "recount", args, &answer, &text)) {
		cJSON_Delete(answer);
		admin_done(x, person_url(x, p->uid), im_tr(x->r->lang, "The mail was counted anew."));
	} else {
		admin_wrong(x, "page", text);
		x->resp->status = 503;
		show(x, p);
	}
	return IM_OK;
}

/* mail_after_delete - what became of the mail, as a text */
static const char *
mail_after_delete(struct admin *x, const char *uid, bool purge)
{
	const char *args[] = { uid, NULL }, *text;
	cJSON *answer;

	if (admin_helper(x, purge ? "purge" : "archive", args, &answer, &text)) {
		cJSON_Delete(answer);
		return purge ? im_tr_with(x->r->lang, "%s was deleted, with all mail.", uid, x->a)
			     : im_tr_with(
				   x->r->lang, "%s was deleted. The mail is kept as an archive.", uid, x->a);
	}
	return im_tr_with(x->r->lang, "%s was deleted, but the mail is still on the disk.", uid, x->a);
}

static enum im_status
do_delete(struct admin *x, const struct im_person *p)
{
	bool purge = strcmp(admin_field(x, "mail"), "purge") == 0;
	struct im_err ignored;
	int n;

	if (strcmp(admin_field(x, "again"), p->uid) != 0) {
		admin_wrong(x, "again", im_tr(x->r->lang, "Type the user name to say that you mean it."));
		show(x, p);
		return IM_OK;
	}
	enum im_status st = im_person_delete(x->d, p->uid, x->err);
	if (st == IM_OK) {
		(void)!im_session_end_all(x->r->conf, p->uid, &n, &ignored);
		admin_command(x, "intimail-user", "delete", p->uid);
		if (purge)
			admin_word(x, "--purge");
		admin_done(x, "/admin/people", mail_after_delete(x, p->uid, purge));
	} else if (admin_refused(x, st, false)) {
		show(x, p);
		st = IM_OK;
	}
	return st;
}

enum im_status
person_change(struct admin *x)
{
	static const struct {
		const char *what;
		enum im_status (*run)(struct admin *x, const struct im_person *p);
	} others[] = { { "password", do_password }, { "reset", do_reset },
		{ "end-sessions", do_end_sessions }, { "recount", do_recount }, { "delete", do_delete } };
	const char *what = admin_field(x, "do");
	struct im_person_change c = { .send_limit = -1, .unix_uid = -1 };
	struct im_person p = { .uid = "", .name = "", .language = "" };
	enum im_status st = load(x, &p);

	if (st != IM_OK)
		return st;
	for (size_t i = 0; i < IM_COUNT(others); i++)
		if (strcmp(what, others[i].what) == 0)
			return others[i].run(x, &p);
	if (!change(x, &p, &c, what))
		return im_fail(x->err, IM_INVALID, "a form without a known name");
	return do_change(x, &p, &c);
}
