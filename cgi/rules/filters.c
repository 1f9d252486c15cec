/*
 * filters.c - the filter rules, all in one form: a rule whose text is made empty goes away, the last rows are for new ones
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "web/folders.h"

enum { NEW_ROWS = 1 };

static const struct choice {
	const char *value, *label;
} fields[] = {
	{ "from", /* N_ */ "Sender" },
	{ "to", /* N_ */ "Recipient" },
	{ "subject", /* N_ */ "Subject" },
	{ "list", /* N_ */ "Mailing list" },
}, actions[] = {
	{ "folder", /* N_ */ "move to the folder" },
	{ "flag", /* N_ */ "flag" },
	{ "read", /* N_ */ "mark as read" },
	{ "forward", /* N_ */ "send a copy to" },
	{ "delete", /* N_ */ "move to the trash" },
};

static void
set_choices(const struct rules_page *p, struct im_value *row, const char *key, const struct choice *c,
    size_t n, unsigned chosen)
{
	struct im_arena *a = p->r->arena;
	struct im_value *list = im_v_set_array(a, row, key);

	for (size_t i = 0; i < n; i++) {
		struct im_value *v = im_v_add_object(a, list);

		im_v_set_str(a, v, "value", c[i].value);
		im_v_set_str(a, v, "label", im_tr(p->r->lang, c[i].label));
		im_v_set_bool(a, v, "chosen", i == chosen);
	}
}

/* the folders that there are, and the one that the rule names although it is gone */
static void
set_folders(const struct rules_page *p, struct im_value *row, char **names, size_t n, const char *chosen)
{
	struct im_arena *a = p->r->arena;
	struct im_value *list = im_v_set_array(a, row, "folders");
	bool found = chosen[0] == '\0';

	for (size_t i = 0; i <= n; i++) {
		const char *name = i < n ? names[i] : chosen;

		if (i == n && found)
			break;
		found = found || strcmp(name, chosen) == 0;
		struct im_value *v = im_v_add_object(a, list);
		im_v_set_str(a, v, "value", name);
		im_v_set_str(a, v, "label", im_folder_label(p->r->lang, name, a));
		im_v_set_bool(a, v, "chosen", strcmp(name, chosen) == 0);
	}
}

static struct im_value *
set_row(const struct rules_page *p, struct im_value *rows, int n, const struct im_rule *q, char **names,
    size_t nnames)
{
	struct im_arena *a = p->r->arena;
	struct im_value *row = im_v_add_object(a, rows);

	im_v_set_int(a, row, "n", n);
	im_v_set_bool(a, row, "new", q->contains[0] == '\0');
	set_choices(p, row, "fields", fields, IM_COUNT(fields), (unsigned)q->field);
	im_v_set_str(a, row, "contains", q->contains);
	set_choices(p, row, "actions", actions, IM_COUNT(actions), (unsigned)q->action);
	set_folders(p, row, names, nnames, q->action == IM_DO_FOLDER ? q->argument : "");
	im_v_set_str(a, row, "address", q->action == IM_DO_FORWARD ? q->argument : "");
	im_v_set_bool(a, row, "stop", q->stop);
	return row;
}

static void
check_row(struct rules_page *p, struct im_value *row, const struct im_rule *q)
{
	const struct im_lang *l = p->r->lang;
	const char *wrong = q->action == IM_DO_FORWARD ? rules_address_error(p->r, q->argument) : NULL;

	if (strlen(q->contains) > IM_RULES_CONTAINS_MAX)
		rules_refuse(p, row, "contains_error", im_tr(l, "This text is too long."));
	if (q->action == IM_DO_FOLDER && !im_mailbox_name_valid(q->argument))
		rules_refuse(p, row, "folder_error", im_tr(l, "Which folder?"));
	if (wrong != NULL)
		rules_refuse(p, row, "address_error", wrong);
}

static void
fill(struct rules_page *p, bool check)
{
	static const struct im_rule empty = { .contains = "", .argument = "" };
	struct im_value *rows = im_v_set_array(p->r->arena, p->model, "rules");
	char **names = NULL;
	size_t n = 0;
	struct im_err ignored;

	if (!p->has_store || im_mailbox_list(&p->store, &names, &n, &ignored) != IM_OK)
		n = 0;
	for (int i = 0; i < p->rules.nrules; i++) {
		struct im_value *row = set_row(p, rows, i, &p->rules.rules[i], names, n);

		if (check)
			check_row(p, row, &p->rules.rules[i]);
	}
	for (int i = 0; i < NEW_ROWS && p->rules.nrules + i < IM_RULES_MAX; i++)
		(void)set_row(p, rows, p->rules.nrules + i, &empty, names, n);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static unsigned
choice_of(const char *s, const struct choice *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, c[i].value) == 0)
			return (unsigned)i;
	return 0;
}

static const char *
numbered(const struct im_request *r, const char *name, int i)
{
	return im_form_text(r, im_arena_fmt(r->arena, "%s%d", name, i));
}

static void
take(struct rules_page *p)
{
	const struct im_request *r = p->r;
	struct im_rules *q = &p->rules;

	q->rules = im_arena_alloc(r->arena, IM_RULES_MAX * sizeof(*q->rules));
	q->nrules = 0;
	for (int i = 0; i < IM_RULES_MAX; i++) {
		const char *contains = numbered(r, "contains", i);

		if (contains[0] == '\0')
			continue;
		struct im_rule *u = &q->rules[q->nrules++];
		u->contains = contains;
		u->field = (enum im_rule_field)choice_of(numbered(r, "field", i), fields, IM_COUNT(fields));
		u->action =
		    (enum im_rule_action)choice_of(numbered(r, "action", i), actions, IM_COUNT(actions));
		u->argument = u->action == IM_DO_FOLDER    ? numbered(r, "folder", i)
			      : u->action == IM_DO_FORWARD ? numbered(r, "address", i)
							   : "";
		u->stop = numbered(r, "stop", i)[0] != '\0';
	}
}

enum im_status
filters_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	fill(&p, false);
	rules_show(&p, im_tr(r->lang, "Filters"), "at_filters");
	rules_close(&p);
	return IM_OK;
}

enum im_status
filters_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	take(&p);
	fill(&p, true);
	st = rules_save(&p, "/settings/filters", err);
	rules_show(&p, im_tr(r->lang, "Filters"), "at_filters");
	rules_close(&p);
	return st;
}
