/*
 * overview.c - what an administrator wants to know at a glance, and what does not work
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "helper/helper.h"
#include "person_form.h"

enum { NEARLY_FULL = 80, LINES_MAX = 20, SOON_DAYS = 14 };

static void
line(struct admin *x, struct im_value *arr, const char *uid, const char *name, const char *text)
{
	struct im_value *o = im_v_add_object(x->a, arr);

	im_v_set_str(x->a, o, "uid", uid);
	im_v_set_str(x->a, o, "name", name);
	im_v_set_str(x->a, o, "url", person_url(x, uid));
	im_v_set_str(x->a, o, "text", text);
}

static void
ending(struct admin *x, const struct im_person *all, int n)
{
	struct im_value *arr = im_v_set_array(x->a, x->model, "ending");
	int64_t soon = x->r->now + SOON_DAYS * INT64_C(86400);

	for (int i = 0, shown = 0; i < n && shown < LINES_MAX; i++) {
		if (!all[i].enabled || all[i].expires == 0 || all[i].expires > soon)
			continue;
		line(x, arr, all[i].uid, all[i].name, admin_time_text(x, all[i].expires));
		shown++;
	}
}

static void
full(struct admin *x, const cJSON *answer)
{
	struct im_value *arr = im_v_set_array(x->a, x->model, "full");
	const cJSON *one;
	int shown = 0;

	cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(answer, "people"))
	{
		int64_t used = admin_json_int(one, "used"), of = admin_json_int(one, "of");

		if (of <= 0 || (double)used * 100 < (double)of * NEARLY_FULL || shown++ >= LINES_MAX)
			continue;
		line(x, arr, admin_json_text(one, "uid"), admin_json_text(one, "name"),
		    im_arena_fmt(x->a, "%s / %s", im_size_for(x->r->lang, (uint64_t)used, x->a),
			im_size_for(x->r->lang, (uint64_t)of, x->a)));
	}
}

static void
problem(struct admin *x, struct im_value *problems, const char *text)
{
	im_v_set_str(x->a, im_v_add_object(x->a, problems), "text", text);
}

enum im_status
overview_show(struct admin *x)
{
	static const char *const none[] = { NULL };
	struct im_person *all;
	int n, enabled = 0;
	const char *text;
	cJSON *answer;
	enum im_status st = im_person_list(x->d, x->a, &all, &n, x->err);

	if (st != IM_OK)
		return st;
	admin_title(x, "overview", im_tr(x->r->lang, "Administration"));
	for (int i = 0; i < n; i++)
		enabled += all[i].enabled;
	im_v_set_int(x->a, x->model, "people", n);
	im_v_set_int(x->a, x->model, "disabled", n - enabled);
	im_v_set_str(x->a, x->model, "people_text",
	    im_tr_count(x->r->lang, "%d person", "%d people", (uint64_t)n, x->a));
	ending(x, all, n);
	struct im_value *problems = im_v_set_array(x->a, x->model, "problems");
	if (admin_helper(x, "queue-list", none, &answer, &text)) {
		int64_t waiting = admin_json_int(answer, "total");

		im_v_set_int(x->a, x->model, "queue", waiting);
		im_v_set_str(x->a, x->model, "queue_text",
		    im_tr_count(x->r->lang, "%d message waits", "%d messages wait", (uint64_t)waiting, x->a));
		cJSON_Delete(answer);
	} else {
		im_v_set_null(x->a, x->model, "queue");
		im_v_set_null(x->a, x->model, "queue_text");
		problem(x, problems, text);
	}
	if (x->err->st != IM_TEMP && admin_helper(x, "usage", none, &answer, &text)) {
		full(x, answer);
		cJSON_Delete(answer);
	} else {
		(void)im_v_set_array(x->a, x->model, "full");
	}
	return IM_OK;
}
