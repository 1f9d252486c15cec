/*
 * addresses.c - own throw-away addresses
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "directory/alias.h"
#include "settings.h"

enum { DAY = 24 * 3600, LIMIT_MAX = 1000000 };

/* how long an address may live, in days; 0 = for ever */
static const struct {
	const char *value, *label;
	int days;
} lives[] = {
	{ "", /* N_ */ "For ever", 0 },
	{ "7", /* N_ */ "A week", 7 },
	{ "31", /* N_ */ "A month", 31 },
	{ "92", /* N_ */ "Three months", 92 },
	{ "366", /* N_ */ "A year", 366 },
};

static const char *
state(const struct im_request *r, const struct im_alias *x)
{
	if (!x->enabled)
		return im_tr(r->lang, "Revoked");
	if (x->expires > 0 && x->expires <= r->now)
		return im_tr(r->lang, "Ended");
	if (x->expires > 0)
		return im_tr_with(r->lang, "Until %s", im_date_long(r->lang, x->expires, r->arena), r->arena);
	if (x->limit > 0)
		return im_tr_count(r->lang, "For %d message", "For %d messages", x->limit, r->arena);
	return im_tr(r->lang, "For ever");
}

static void
add(const struct im_request *r, struct im_value *list, const struct im_alias *x)
{
	struct im_value *o = im_v_add_object(r->arena, list);

	im_v_set_str(r->arena, o, "address", x->address);
	im_v_set_str(r->arena, o, "purpose", x->purpose);
	im_v_set_str(r->arena, o, "state_text", state(r, x));
	im_v_set_str(r->arena, o, "csn", x->csn);
	im_v_set_bool(r->arena, o, "enabled", x->enabled && (x->expires == 0 || x->expires > r->now));
	im_v_set_int(r->arena, o, "expires", x->expires);
	im_v_set_int(r->arena, o, "limit", (int64_t)x->limit);
	im_v_set_str(r->arena, o, "wrote_url", im_url_below(r->arena, "/settings/addresses", x->address));
}

static enum im_status
show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_dir *d,
    struct im_err *err)
{
	struct im_value *list = im_v_set_array(r->arena, model, "aliases");
	struct im_value *options = im_v_set_array(r->arena, model, "lives");
	bool adds = strcmp(im_form_text(r, "do"), "add") == 0; /* else they were typed into another form */
	const char *life = im_form_text(r, "life");
	struct im_alias *all;
	int n = 0;
	enum im_status st = im_alias_list(d, r->session->uid, r->arena, &all, &n, err);

	settings_page(
	    r, resp, model, "at_addresses", im_tr(r->lang, "Throw-away addresses"), im_tr(r->lang, "Saved."));
	for (int i = 0; st == IM_OK && i < n; i++)
		add(r, list, &all[i]);
	for (size_t i = 0; i < IM_COUNT(lives); i++)
		settings_option(r, options, lives[i].value, im_tr(r->lang, lives[i].label), life);
	im_v_set_str(r->arena, model, "purpose", adds ? im_form_text(r, "purpose") : "");
	im_v_set_str(r->arena, model, "limit", adds ? im_form_text(r, "limit") : "");
	return st;
}

enum im_status
addresses_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_dir *d = NULL;
	enum im_status st = im_dir_open_as(r->conf, r->session->uid, &d, err);

	if (st == IM_OK)
		st = show(r, resp, model, d, err);
	im_dir_close(d);
	return st;
}

static bool
purpose_ok(struct im_request *r, struct im_response *resp, struct im_value *model, const char *purpose)
{
	if (strlen(purpose) <= IM_ALIAS_PURPOSE_MAX)
		return true;
	settings_refuse(r, resp, model, "purpose_error", im_tr(r->lang, "This is too long."));
	return false;
}

static enum im_status
make(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_dir *d,
    struct im_err *err)
{
	struct im_alias_new n = { .owner = r->session->uid, .purpose = im_form_text(r, "purpose") };
	const char *life = im_form_text(r, "life"), *limit = im_form_text(r, "limit"), *address;

	for (size_t i = 0; i < IM_COUNT(lives); i++) {
		if (strcmp(life, lives[i].value) == 0 && lives[i].days > 0)
			n.expires = r->now + (int64_t)lives[i].days * DAY;
	}
	if (*limit && !im_str_u64(im_str(limit), LIMIT_MAX, &n.limit))
		settings_refuse(r, resp, model, "limit_error", im_tr(r->lang, "Please enter a number."));
	if (!purpose_ok(r, resp, model, n.purpose) || resp->status)
		return IM_OK;
	enum im_status st = im_alias_add(d, &n, r->arena, &address, err);
	if (st == IM_QUOTA || st == IM_INVALID) {
		settings_refuse(r, resp, model, "purpose_error",
		    st == IM_QUOTA ? im_tr(r->lang, "You have as many addresses as one person can have.")
				   : im_tr(r->lang, "This cannot be used: please take other words."));
		return IM_OK;
	}
	return st;
}

static enum im_status
change(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_dir *d,
    const char *what, struct im_err *err)
{
	const char *address = im_form_text(r, "address"), *csn = im_form_text(r, "csn");
	struct im_alias_change c = { .csn = *csn ? csn : NULL };

	if (strcmp(what, "revoke") == 0) {
		c.set_enabled = true;
	} else if (strcmp(what, "purpose") == 0) {
		c.purpose = im_form_text(r, "purpose");
		if (!purpose_ok(r, resp, model, c.purpose))
			return IM_OK;
	} else {
		return im_fail(err, IM_INVALID, "a button that the form does not have");
	}
	return im_alias_set(d, address, &c, err);
}

enum im_status
addresses_change(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *what = im_form_text(r, "do");
	struct im_dir *d = NULL;
	enum im_status st = im_dir_open_as(r->conf, r->session->uid, &d, err);

	if (st == IM_OK)
		st = strcmp(what, "add") == 0 ? make(r, resp, model, d, err)
					      : change(r, resp, model, d, what, err);
	if (st == IM_CONFLICT) {
		resp->status = 409;
		im_v_set_str(r->arena, model, "conflict",
		    im_tr(r->lang, "This address was changed elsewhere meanwhile. Below is how it is now."));
		st = IM_OK;
	}
	if (st == IM_OK && !resp->status)
		resp->redirect = "/settings/addresses?done=1";
	else if (st == IM_OK)
		st = show(r, resp, model, d, err);
	im_dir_close(d);
	return st;
}
