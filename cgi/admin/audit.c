/*
 * audit.c - who changed what, when
 *
 * SPDX-License-Identifier: ISC
 */
#include "directory/audit.h"

#include <string.h>

#include "admin.h"

static const char *
verb_text(struct admin *x, const char *verb)
{
	static const struct {
		const char *verb, *text;
	} rows[] = { { "add", /* N_ */ "added" }, { "modify", /* N_ */ "changed" },
		{ "delete", /* N_ */ "deleted" }, { "rename", /* N_ */ "renamed" },
		{ "password", /* N_ */ "set the password of" } };

	for (size_t i = 0; i < IM_COUNT(rows); i++)
		if (strcmp(verb, rows[i].verb) == 0)
			return im_tr(x->r->lang, rows[i].text);
	return verb;
}

static void
row(struct admin *x, struct im_value *rows, const struct im_audit *e)
{
	struct im_value *o = im_v_add_object(x->a, rows), *changes;

	im_v_set_int(x->a, o, "when", e->when);
	im_v_set_str(x->a, o, "when_text", im_date_long(x->r->lang, e->when, x->a));
	im_v_set_str(x->a, o, "who", e->who);
	im_v_set_str(x->a, o, "verb", e->verb);
	im_v_set_str(x->a, o, "verb_text", verb_text(x, e->verb));
	im_v_set_str(x->a, o, "kind", e->kind);
	im_v_set_str(x->a, o, "name", e->name);
	changes = im_v_set_array(x->a, o, "changes");
	for (const char **c = e->changes; c && *c; c++)
		im_v_add_span(x->a, changes, im_str(*c));
}

enum im_status
audit_show(struct admin *x)
{
	const char *who = im_query(x->r, "who"), *before_text = im_query(x->r, "before");
	uint64_t before = 0;
	struct im_audit *list;
	int n;

	if (!before_text || !im_str_u64(im_str(before_text), INT64_MAX, &before))
		before = 0;
	struct im_str q = im_str_trim(im_str(who));
	who = q.n > 0 && q.n <= 64 ? im_arena_strndup(x->a, q.p, q.n) : NULL;
	enum im_status st =
	    im_audit_list(x->d, (int64_t)before, ADMIN_PAGE + 1, who, NULL, x->a, &list, &n, x->err);
	if (st != IM_OK)
		return st;
	admin_title(x, "audit", im_tr(x->r->lang, "Who changed what"));
	im_v_set_str(x->a, x->model, "who", who ? who : "");
	struct im_value *rows = im_v_set_array(x->a, x->model, "changes");
	for (int i = 0; i < n && i < ADMIN_PAGE; i++)
		row(x, rows, &list[i]);
	im_v_set_str(x->a, x->model, "newer_url",
	    before ? im_urlf(x->a, "/admin/audit?who=%s", im_url_segment(x->a, who ? who : "")) : NULL);
	/* several changes within one second: the page goes on at that second, so that none is left out */
	bool more = n > ADMIN_PAGE;
	int64_t next = more ? list[ADMIN_PAGE - 1].when : 0;
	if (more && next < list[0].when)
		next++;
	im_v_set_str(x->a, x->model, "older_url",
	    more ? im_urlf(x->a, "/admin/audit?who=%s&before=%lld", im_url_segment(x->a, who ? who : ""),
		       (long long)next)
		 : NULL);
	return IM_OK;
}
