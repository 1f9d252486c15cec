/*
 * rules.h - the settings that lie beside the mail
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CGI_RULES_H
#define IM_CGI_RULES_H

#include "mail/rules_check.h"
#include "web/app.h"

/* a form with the rules file behind it */
struct rules_page {
	struct im_request *r;
	struct im_response *resp;
	struct im_value *model;
	struct im_store store;
	bool has_store; /* before the first message there is no mailbox */
	struct im_rules rules;
};

/* rules_open - the rules as they are; a POST must begin with the version that its form showed (else a conflict is told) */
enum im_status rules_open(struct im_request *r, struct im_response *resp, struct im_value *model,
    struct rules_page *p, struct im_err *err) IM_MUSTUSE;
/* rules_save - and back to the page at 'url', which then says so; a conflict or a refusal shows the form again */
enum im_status rules_save(struct rules_page *p, const char *url, struct im_err *err) IM_MUSTUSE;
void rules_close(struct rules_page *p);
/* rules_show - what every one of these pages shows: title, tab, version, "saved" */
void rules_show(struct rules_page *p, const char *title, const char *tab);
/* rules_refuse - a text beside the field; the page is shown again with what was typed */
void rules_refuse(struct rules_page *p, struct im_value *at, const char *key, const char *text);
/* rules_address_error - why one cannot forward to it, translated; NULL: one can */
const char *rules_address_error(const struct im_request *r, const char *address);

im_handler filters_show, filters_save, forward_show, forward_save, vacation_show, vacation_save,
    signature_show, signature_save, storage_show, address_show;

#endif
