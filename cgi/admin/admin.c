/*
 * admin.c - what every administration page does: who asks, notices, errors beside fields, command lines
 *
 * SPDX-License-Identifier: ISC
 */
#include "admin.h"

#include <stdarg.h>
#include <string.h>

#include "web/token.h"

static const struct {
	const char *key, *url, *label;
} sections[] = {
	{ "overview", "/admin", /* N_ */ "Overview" },
	{ "people", "/admin/people", /* N_ */ "People" },
	{ "lists", "/admin/lists", /* N_ */ "Groups and lists" },
	{ "addresses", "/admin/addresses", /* N_ */ "Throw-away addresses" },
	{ "queue", "/admin/queue", /* N_ */ "Queue" },
	{ "trace", "/admin/trace", /* N_ */ "Where is my mail?" },
	{ "audit", "/admin/audit", /* N_ */ "Who changed what" },
};

void
admin_title(struct admin *x, const char *section, const char *title)
{
	struct im_value *nav = im_v_set_array(x->a, x->model, "nav");

	x->resp->title = title;
	for (size_t i = 0; i < IM_COUNT(sections); i++) {
		struct im_value *o = im_v_add_object(x->a, nav);

		im_v_set_str(x->a, o, "url", sections[i].url);
		im_v_set_str(x->a, o, "label", im_tr(x->r->lang, sections[i].label));
		im_v_set_bool(x->a, o, "current", strcmp(sections[i].key, section) == 0);
	}
}

/* ---- who asks ---- */

static enum im_status
not_allowed(struct admin *x)
{
	x->resp->status = 403;
	x->resp->error_text =
	    im_tr(x->r->lang, "These pages are for administrators. Ask one of them for what you need.");
	return im_fail(x->err, IM_DENIED, "%s is no administrator", x->r->session->uid);
}

static enum im_status
begin(struct admin *x)
{
	enum im_status st = im_dir_open_as(x->r->conf, x->r->session->uid, &x->d, x->err);

	if (st == IM_OK)
		st = im_person_get(x->d, x->r->session->uid, x->a, &x->me, x->err);
	if (st == IM_DENIED || st == IM_NOTFOUND)
		return not_allowed(x);
	if (st != IM_OK)
		return st;
	bool over = x->me.expires > 0 && x->me.expires <= x->r->now;
	return x->me.admin && x->me.enabled && !over ? IM_OK : not_allowed(x);
}

/* ---- notices, carried by the address ---- */

static void
notice_mac(struct admin *x, const char *text, const char *command, char dst[static IM_TOKEN_CHARS + 1])
{
	im_token_mac(x->r->session->secret, "admin notice", im_arena_fmt(x->a, "%s\n%s", text, command), dst);
}

static void
show_notice(struct admin *x)
{
	const char *text = im_query(x->r, "done"), *command = im_query(x->r, "cmd"),
		   *mac = im_query(x->r, "mac");
	char want[IM_TOKEN_CHARS + 1];

	if (!command)
		command = "";
	if (text && mac) {
		notice_mac(x, text, command, want);
		if (!im_token_eq(mac, want))
			text = NULL;
	} else {
		text = NULL;
	}
	im_v_set_str(x->a, x->model, "notice", text);
	im_v_set_str(x->a, x->model, "notice_command", text && *command ? command : NULL);
}

void
admin_done(struct admin *x, const char *url, const char *text)
{
	const char *command = admin_command_text(x);
	char mac[IM_TOKEN_CHARS + 1];

	if (!command)
		command = "";
	notice_mac(x, text, command, mac);
	x->resp->redirect = im_urlf(x->a, "%s%sdone=%s&cmd=%s&mac=%s", url, strchr(url, '?') ? "&" : "?",
	    im_url_segment(x->a, text), im_url_segment(x->a, command), mac);
}

enum im_status
admin_run(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err,
    admin_page *page)
{
	struct admin x = { .r = r, .resp = resp, .model = model, .err = err, .a = r->arena };
	enum im_status st;

	im_buf_init(&x.command, ADMIN_COMMAND_MAX);
	st = begin(&x);
	if (st == IM_OK) {
		show_notice(&x);
		x.errors = im_v_object(x.a);
		st = page(&x);
	}
	if (st == IM_OK && x.wrong) {
		struct im_value *e = im_v_set_object(x.a, model, "errors");

		e->u = x.errors->u;
		if (!resp->status)
			resp->status = 400;
	}
	im_buf_done(&x.command);
	im_dir_close(x.d);
	return st;
}

/* ---- what went wrong ---- */

void
admin_wrong(struct admin *x, const char *field, const char *text)
{
	x->wrong = true;
	im_v_set_str(x->a, x->errors, field, text);
}

bool
admin_refused(struct admin *x, enum im_status st, bool changed_meanwhile)
{
	const struct im_lang *l = x->r->lang;

	if (st == IM_TEMP || st == IM_CONFIG || st == IM_BUG)
		return false;
	x->resp->status = im_http(st);
	if (st == IM_DENIED)
		admin_wrong(x, "page", im_tr(l, "The directory does not allow you this."));
	else if (changed_meanwhile)
		admin_wrong(x, "page",
		    im_tr(l,
			"Somebody else changed it meanwhile. Nothing was overwritten: below is what it is "
			"now. Look, and repeat what you want."));
	else
		admin_wrong(x, "page", im_tr_with(l, "This was not done: %s", x->err->msg, x->a));
	return true;
}

/* ---- command lines ---- */

void
admin_word(struct admin *x, const char *word)
{
	im_shell_add(&x->command, word);
}

void
admin_words(struct admin *x, const char *option, const char *value)
{
	admin_word(x, option);
	admin_word(x, value);
}

void
admin_command_words(struct admin *x, ...)
{
	const char *word;
	va_list ap;

	im_buf_done(&x->command);
	im_buf_init(&x->command, ADMIN_COMMAND_MAX);
	va_start(ap, x);
	while ((word = va_arg(ap, const char *)))
		admin_word(x, word);
	va_end(ap);
}

const char *
admin_command_text(struct admin *x)
{
	return x->command.full || !x->command.n ? NULL : im_arena_strndup(x->a, x->command.p, x->command.n);
}
