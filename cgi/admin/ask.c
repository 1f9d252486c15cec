/*
 * ask.c - the helper, which does what needs root: the queue, the mail log, the disk
 *
 * SPDX-License-Identifier: ISC
 */
#include "admin.h"
#include "helper/helper.h"
#include "web/session.h"

bool
admin_helper(struct admin *x, const char *verb, const char *const *args, cJSON **ret, const char **ret_text)
{
	enum im_status st =
	    im_helper_call(x->r->conf, im_cookie(x->r, IM_COOKIE_SESSION), verb, args, ret, x->err);
	const struct im_lang *l = x->r->lang;

	if (st == IM_OK)
		return true;
	if (st == IM_NOTFOUND)
		*ret_text = im_tr(l, "It is not there any more.");
	else if (st == IM_DENIED)
		*ret_text = im_tr(l, "The helper does not allow you this.");
	else if (st == IM_TEMP)
		*ret_text = im_tr(l, "The helper does not answer. Is intimail-helper running?");
	else
		*ret_text = im_tr_with(l, "This was not done: %s", x->err->msg, x->a);
	return false;
}

const char *
admin_json_text(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

int64_t
admin_json_int(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsNumber(v) && v->valuedouble > -9e15 && v->valuedouble < 9e15 ? (int64_t)v->valuedouble
										    : 0;
}
