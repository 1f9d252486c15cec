/*
 * vacation.c - what is answered while a person is away
 *
 * Days are whole ones in the time zone of the pages: the last day is answered until its end.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rules.h"

/* "2026-12-31" -> its first second, local time; plus: so many days later. -1: no date */
static int64_t
day(const char *s, int plus)
{
	struct tm tm = { 0 };
	const char *end = strptime(s, "%Y-%m-%d", &tm);

	if (end == NULL || *end != '\0' || tm.tm_year < 100 || tm.tm_year > 300)
		return -1;
	tm.tm_mday += plus;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static const char *
date_text(struct im_arena *a, int64_t t)
{
	time_t time = (time_t)t;
	char s[32];
	struct tm tm;

	if (t == 0 || localtime_r(&time, &tm) == NULL || strftime(s, sizeof(s), "%Y-%m-%d", &tm) == 0)
		return "";
	return im_arena_strdup(a, s);
}

static void
show(struct rules_page *p)
{
	struct im_arena *a = p->r->arena;
	const struct im_rules *q = &p->rules;
	bool typed = p->r->method == IM_POST;

	im_v_set_bool(a, p->model, "on", q->vacation);
	im_v_set_str(
	    a, p->model, "from", typed ? im_form_text(p->r, "from") : date_text(a, q->vacation_from));
	im_v_set_str(a, p->model, "to",
	    typed ? im_form_text(p->r, "to") : date_text(a, q->vacation_to > 0 ? q->vacation_to - 1 : 0));
	im_v_set_str(a, p->model, "days",
	    typed ? im_form_text(p->r, "days") : im_arena_fmt(a, "%d", q->vacation_days));
	im_v_set_str(a, p->model, "subject", q->vacation_subject);
	im_v_set_str(a, p->model, "text", q->vacation_text);
	rules_show(p, im_tr(p->r->lang, "Absence"), "at_vacation");
}

enum im_status
vacation_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	show(&p);
	rules_close(&p);
	return IM_OK;
}

static void
take_dates(struct rules_page *p)
{
	const struct im_lang *l = p->r->lang;
	const char *from = im_form_text(p->r, "from"), *to = im_form_text(p->r, "to");

	p->rules.vacation_from = from[0] != '\0' ? day(from, 0) : 0;
	p->rules.vacation_to = to[0] != '\0' ? day(to, 1) : 0;
	if (p->rules.vacation_from < 0)
		rules_refuse(p, p->model, "from_error", im_tr(l, "This is no date."));
	if (p->rules.vacation_to < 0)
		rules_refuse(p, p->model, "to_error", im_tr(l, "This is no date."));
	else if (p->rules.vacation_to != 0 && p->rules.vacation_to <= p->rules.vacation_from)
		rules_refuse(p, p->model, "to_error", im_tr(l, "The last day is before the first one."));
}

static void
take(struct rules_page *p)
{
	const struct im_lang *l = p->r->lang;
	struct im_rules *q = &p->rules;
	uint64_t days;

	q->vacation = im_form(p->r, "on") != NULL;
	q->vacation_subject = im_form_text(p->r, "subject");
	q->vacation_text = im_form_text(p->r, "text");
	take_dates(p);
	if (!im_str_u64(im_str(im_form_text(p->r, "days")), 365, &days) || days < 1)
		rules_refuse(p, p->model, "days_error", im_tr(l, "A number from 1 to 365 is wanted."));
	else
		q->vacation_days = (int)days;
	if (strlen(q->vacation_subject) > IM_RULES_SUBJECT_MAX)
		rules_refuse(p, p->model, "subject_error", im_tr(l, "This text is too long."));
	if (strlen(q->vacation_text) > IM_RULES_TEXT_MAX)
		rules_refuse(p, p->model, "text_error", im_tr(l, "This text is too long."));
	else if (q->vacation && q->vacation_text[0] == '\0')
		rules_refuse(p, p->model, "text_error", im_tr(l, "What shall be answered?"));
}

enum im_status
vacation_save(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct rules_page p;

	enum im_status st = rules_open(r, resp, model, &p, err);
	if (st != IM_OK)
		return st;
	take(&p);
	st = rules_save(&p, "/settings/vacation", err);
	if (st == IM_OK && resp->redirect == NULL)
		show(&p);
	rules_close(&p);
	return st;
}
