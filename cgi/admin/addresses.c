/*
 * addresses.c - the throw-away addresses of everybody
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/alias.h"

#include <string.h>

#include "admin.h"

static const char *
state_text(struct admin *x, const struct im_alias *l)
{
	if (!l->enabled)
		return im_tr(x->r->lang, "revoked");
	if (l->expires > 0 && l->expires <= x->r->now)
		return im_tr(x->r->lang, "ended");
	return l->expires > 0 ? im_tr_with(x->r->lang, "until %s", admin_time_text(x, l->expires), x->a) : "";
}

static void
row(struct admin *x, struct im_value *rows, const struct im_alias *l)
{
	struct im_value *o = im_v_add_object(x->a, rows);

	im_v_set_str(x->a, o, "address", l->address);
	im_v_set_str(x->a, o, "owner", l->owner);
	im_v_set_str(x->a, o, "purpose", l->purpose);
	im_v_set_str(x->a, o, "created_text", admin_time_text(x, l->created));
	im_v_set_str(x->a, o, "state_text", state_text(x, l));
	im_v_set_int(x->a, o, "limit", (int64_t)l->limit);
	im_v_set_bool(x->a, o, "enabled", l->enabled);
	im_v_set_str(x->a, o, "csn", l->csn ? l->csn : "");
	admin_command(x, "intimail-alias", "revoke", l->address);
	im_v_set_str(x->a, o, "command", admin_command_text(x));
}

enum im_status
addresses_show(struct admin *x)
{
	struct admin_rows hits;
	int n;
	struct im_alias *all;
	enum im_status st = im_alias_list(x->d, NULL, x->a, &all, &n, x->err);

	if (st != IM_OK)
		return st;
	admin_rows_begin(x, &hits);
	admin_title(x, "addresses", im_tr(x->r->lang, "Throw-away addresses"));
	struct im_value *rows = im_v_set_array(x->a, x->model, "aliases");
	for (int i = 0; i < n; i++) {
		if (!admin_contains(all[i].address, hits.what) && !admin_contains(all[i].owner, hits.what) &&
		    !admin_contains(all[i].purpose, hits.what))
			continue;
		if (admin_rows_take(&hits))
			row(x, rows, &all[i]);
	}
	admin_rows_end(x, &hits, "/admin/addresses",
	    im_tr_count(x->r->lang, "%d address", "%d addresses", (uint64_t)hits.hits, x->a));
	return IM_OK;
}

enum im_status
addresses_change(struct admin *x)
{
	const char *address = admin_field(x, "address"), *csn = admin_field(x, "csn");
	struct im_alias_change c = { .csn = *csn ? csn : NULL, .set_enabled = true, .enabled = false };

	if (!*address || strcmp(admin_field(x, "do"), "revoke") != 0)
		return im_fail(x->err, IM_INVALID, "a form without a known name");
	enum im_status st = im_alias_set(x->d, address, &c, x->err);
	if (st == IM_OK) {
		admin_command(x, "intimail-alias", "revoke", address);
		admin_done(x, "/admin/addresses", im_tr_with(x->r->lang, "%s is revoked.", address, x->a));
		return IM_OK;
	}
	return admin_refused(x, st, st == IM_CONFLICT) ? addresses_show(x) : st;
}
