/*
 * forward.c - mail sent on to another address; and the signature
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "rules.h"

static void
show_forward(struct rules_page *p)
{
	struct im_arena *a = p->r->arena;

	im_v_set_str(a, p->model, "forward", p->rules.forward);
	im_v_set_bool(a, p->model, "keep", p->rules.forward_keep);
	rules_show(p, im_tr(p->r->lang, "Forwarding"), "at_forward");
}

enum im_status
forward_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	show_forward(&p);
	rules_close(&p);
	return IM_OK;
}

enum im_status
forward_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	p.rules.forward = im_form_text(r, "forward");
	p.rules.forward_keep = im_form(r, "keep") != NULL || p.rules.forward[0] == '\0';
	const char *wrong = p.rules.forward[0] != '\0' ? rules_address_error(r, p.rules.forward) : NULL;
	if (wrong != NULL)
		rules_refuse(&p, model, "forward_error", wrong);
	st = rules_save(&p, "/settings/forward", err);
	if (st == IM_OK && resp->redirect == NULL)
		show_forward(&p);
	rules_close(&p);
	return st;
}

static void
show_signature(struct rules_page *p)
{
	im_v_set_str(p->r->arena, p->model, "signature", p->rules.signature);
	rules_show(p, im_tr(p->r->lang, "Signature"), "at_signature");
}

enum im_status
signature_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	show_signature(&p);
	rules_close(&p);
	return IM_OK;
}

enum im_status
signature_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	p.rules.signature = im_form_text(r, "signature");
	if (strlen(p.rules.signature) > IM_RULES_TEXT_MAX)
		rules_refuse(&p, model, "signature_error", im_tr(r->lang, "This text is too long."));
	st = rules_save(&p, "/settings/signature", err);
	if (st == IM_OK && resp->redirect == NULL)
		show_signature(&p);
	rules_close(&p);
	return st;
}
