/*
 * trace.c - "where is my mail?": the story of messages, found by a sender, a recipient, an id
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/trace.h"

#include <string.h>

#include "admin.h"
#include "helper/helper.h"

static void
step(struct admin *x, struct im_value *o, const cJSON *s)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(s, "args"), *arg;
	const char *args[3] = { "", "", "" }, *what = admin_json_text(s, "what");
	size_t n = 0;

	cJSON_ArrayForEach(arg, list)
	{
		if (n < IM_COUNT(args) && cJSON_IsString(arg))
			args[n++] = arg->valuestring;
	}
	im_v_set_str(x->a, o, "when_text", admin_time_text(x, admin_json_int(s, "when")));
	/* the text is a msgid of the library, and no format: im_trace_text puts the arguments in */
	struct im_str text = im_tr_span(x->r->lang, im_str(what));
	im_v_set_str(x->a, o, "text", im_trace_text(x->a, im_arena_strndup(x->a, text.p, text.n), args));
	im_v_set_str(x->a, o, "line", admin_json_text(s, "line"));
}

static void
story(struct admin *x, struct im_value *o, const cJSON *msg)
{
	const cJSON *v;
	const char *fate = admin_json_text(msg, "fate");
	struct im_value *to, *steps;

	im_v_set_str(x->a, o, "queueid", admin_json_text(msg, "queueid"));
	im_v_set_str(x->a, o, "sender", admin_json_text(msg, "sender"));
	im_v_set_str(x->a, o, "message_id", admin_json_text(msg, "message_id"));
	im_v_set_str(x->a, o, "fate", fate);
	im_v_set_span(x->a, o, "fate_text", im_tr_span(x->r->lang, im_str(fate)));
	to = im_v_set_array(x->a, o, "recipients");
	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(msg, "recipients"))
	{
		if (cJSON_IsString(v))
			im_v_add_span(x->a, to, im_str(v->valuestring));
	}
	steps = im_v_set_array(x->a, o, "steps");
	cJSON_ArrayForEach(v, cJSON_GetObjectItemCaseSensitive(msg, "steps"))
	{
		step(x, im_v_add_object(x->a, steps), v);
	}
}

enum im_status
trace_show(struct admin *x)
{
	const char *what = im_query(x->r, "q"), *text;
	const char *args[] = { NULL, NULL };
	const cJSON *msg;
	cJSON *answer;

	admin_title(x, "trace", im_tr(x->r->lang, "Where is my mail?"));
	if (!what || strlen(what) > 320)
		what = "";
	struct im_str q = im_str_trim(im_str(what));
	args[0] = im_arena_strndup(x->a, q.p, q.n);
	im_v_set_str(x->a, x->model, "q", args[0]);
	im_v_set_bool(x->a, x->model, "asked", *args[0] != '\0');
	struct im_value *stories = im_v_set_array(x->a, x->model, "messages");
	if (!*args[0])
		return IM_OK;
	admin_command(x, "intimail-trace", args[0]);
	im_v_set_str(x->a, x->model, "command", admin_command_text(x));
	if (!admin_helper(x, "trace", args, &answer, &text)) {
		im_v_set_str(x->a, x->model, "problem", text);
		return IM_OK;
	}
	cJSON_ArrayForEach(msg, cJSON_GetObjectItemCaseSensitive(answer, "messages"))
	{
		story(x, im_v_add_object(x->a, stories), msg);
	}
	cJSON_Delete(answer);
	return IM_OK;
}
