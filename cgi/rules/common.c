/*
 * common.c - what the forms over the rules file share
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "mail/address.h"
#include "rules.h"

enum im_status
rules_open(struct im_request *r, struct im_response *resp, struct im_value *model, struct rules_page *p,
    struct im_err *err)
{
	*p =
	    (struct rules_page) { .r = r, .resp = resp, .model = model, .store = { .fd = -1, .tmp_fd = -1 } };
	enum im_status st = im_store_open(r->conf->mail_root, r->session->uid, false, &p->store, err);
	p->has_store = st == IM_OK;
	if (st == IM_NOTFOUND)
		return im_rules_parse(IM_STR("intimail-rules 1\nsignature\t\n"), r->arena, &p->rules, err);
	if (st != IM_OK)
		return st;
	st = im_rules_load(&p->store, r->arena, &p->rules, err);
	if (st != IM_OK) {
		resp->error_text = im_tr(r->lang, "The file with your filters cannot be read. Ask who looks "
						  "after this server to repair it.");
		resp->status = 500;
		im_store_close(&p->store);
		return st;
	}
	if (r->method == IM_POST)
		p->rules.version = im_form_text(r, "version");
	return IM_OK;
}

void
rules_close(struct rules_page *p)
{
	if (p->has_store)
		im_store_close(&p->store);
}

void
rules_refuse(struct rules_page *p, struct im_value *at, const char *key, const char *text)
{
	im_v_set_str(p->r->arena, at, key, text);
	p->resp->status = 400;
}

static const char *
why_not(const struct rules_page *p, enum im_status st)
{
	const struct im_lang *l = p->r->lang;

	if (!p->has_store)
		return im_tr(
		    l, "Your mailbox is made when the first message arrives. Please try again then.");
	if (st == IM_CONFLICT)
		return im_tr(l, "These settings were changed in another window meanwhile. Nothing was saved: "
				"load the page "
				"again.");
	if (st == IM_TEMP)
		return im_tr(l, "The settings could not be saved just now. Please try again.");
	return im_tr(
	    l, "The settings were not saved: they are too long or hold characters that cannot be kept.");
}

enum im_status
rules_save(struct rules_page *p, const char *url, struct im_err *err)
{
	enum im_status st = IM_INVALID;

	if (p->resp->status >= 400)
		return IM_OK;
	if (p->has_store)
		st = im_rules_save(&p->store, p->r->conf, &p->rules, err);
	if (st == IM_OK) {
		p->resp->redirect = im_urlf(p->r->arena, "%s?saved=1", url);
		return IM_OK;
	}
	p->resp->status = p->has_store ? im_http(st) : 409;
	im_v_set_str(p->r->arena, p->model, "message", why_not(p, st));
	return IM_OK;
}

void
rules_show(struct rules_page *p, const char *title, const char *tab)
{
	struct im_arena *a = p->r->arena;

	p->resp->title = title;
	im_v_set_bool(a, p->model, tab, true);
	im_v_set_str(a, p->model, "version", p->rules.version);
	im_v_set_bool(a, p->model, "saved", p->r->method == IM_GET && im_query(p->r, "saved") != NULL);
	im_v_set_bool(a, p->model, "wrong", p->resp->status == 400);
}

const char *
rules_address_error(const struct im_request *r, const char *address)
{
	struct im_rcpt to;

	if (!im_rules_address_valid(address) || !im_rcpt_split(address, &to))
		return im_tr(r->lang, "This is no mail address.");
	if (strcmp(to.local, r->session->uid) == 0 && strcmp(to.domain, r->conf->domain) == 0)
		return im_tr(r->lang, "This is your own address: mail would go round in a circle.");
	return NULL;
}
