/*
 * queue.c - what waits, why, and what to do with it; where a message is
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "admin.h"
#include "helper/helper.h"
#include "mta/trace.h"

static const struct verb {
	const char *word, *verb, *done;
} verbs[] = {
	{ "hold", "queue-hold", /* N_ */ "It is on hold: nothing happens until it is released." },
	{ "release", "queue-release", /* N_ */ "It is released." },
	{ "retry", "queue-retry",
	    /* N_ */ "It is tried again now. Reload this page to see what came of it." },
	{ "delete", "queue-delete", /* N_ */ "It was deleted. Nobody is told." },
};

static const char *
queue_label(struct admin *x, const char *queue)
{
	if (strcmp(queue, "hold") == 0)
		return im_tr(x->r->lang, "on hold");
	if (strcmp(queue, "deferred") == 0)
		return im_tr(x->r->lang, "waits for the next try");
	return im_tr(x->r->lang, "on its way");
}

static void
row(struct admin *x, struct im_value *o, const cJSON *msg)
{
	const cJSON *r;
	const char *id = admin_json_text(msg, "id"), *queue = admin_json_text(msg, "queue");
	int64_t size = admin_json_int(msg, "size");
	struct im_value *to;

	im_v_set_str(x->a, o, "id", id);
	im_v_set_str(x->a, o, "url", im_url_below(x->a, "/admin/queue", id));
	im_v_set_str(x->a, o, "queue", queue);
	im_v_set_str(x->a, o, "queue_text", queue_label(x, queue));
	im_v_set_bool(x->a, o, "held", strcmp(queue, "hold") == 0);
	im_v_set_str(x->a, o, "sender", admin_json_text(msg, "sender"));
	im_v_set_str(x->a, o, "arrived_text", admin_time_text(x, admin_json_int(msg, "arrived")));
	im_v_set_str(x->a, o, "size_text", im_size_for(x->r->lang, size > 0 ? (uint64_t)size : 0, x->a));
	to = im_v_set_array(x->a, o, "recipients");
	cJSON_ArrayForEach(r, cJSON_GetObjectItemCaseSensitive(msg, "recipients"))
	{
		struct im_value *one = im_v_add_object(x->a, to);

		im_v_set_str(x->a, one, "address", admin_json_text(r, "address"));
		im_v_set_str(x->a, one, "reason", admin_json_text(r, "reason"));
	}
}

enum im_status
queue_show(struct admin *x)
{
	static const char *const none[] = { NULL };
	int page = admin_page_number(x), n = 0;
	const char *text;
	const cJSON *msg;
	cJSON *answer;

	admin_title(x, "queue", im_tr(x->r->lang, "Queue"));
	struct im_value *rows = im_v_set_array(x->a, x->model, "messages");
	admin_command(x, "intimail-queue", "list");
	im_v_set_str(x->a, x->model, "command", admin_command_text(x));
	if (!admin_helper(x, "queue-list", none, &answer, &text)) {
		im_v_set_str(x->a, x->model, "problem", text);
		return IM_OK;
	}
	cJSON_ArrayForEach(msg, cJSON_GetObjectItemCaseSensitive(answer, "messages"))
	{
		if (n++ / ADMIN_PAGE == page)
			row(x, im_v_add_object(x->a, rows), msg);
	}
	im_v_set_int(x->a, x->model, "total", admin_json_int(answer, "total"));
	im_v_set_str(x->a, x->model, "total_text",
	    im_tr_count(x->r->lang, "%d message waits", "%d messages wait",
		(uint64_t)admin_json_int(answer, "total"), x->a));
	admin_pages(x, "/admin/queue", page, n);
	cJSON_Delete(answer);
	return IM_OK;
}

/* ---- one message ---- */

static enum im_status
no_such(struct admin *x)
{
	x->resp->error_text = im_tr(
	    x->r->lang, "This message is not in the queue any more: it was delivered, returned or deleted.");
	return im_fail(x->err, IM_NOTFOUND, "no such message in the queue");
}

/* find - the row of one message out of the whole queue; false: not there, or the helper is not */
static bool
find(struct admin *x, const char *id)
{
	static const char *const none[] = { NULL };
	const char *text;
	const cJSON *msg;
	bool there = false;
	cJSON *answer;

	if (!admin_helper(x, "queue-list", none, &answer, &text))
		return false;
	cJSON_ArrayForEach(msg, cJSON_GetObjectItemCaseSensitive(answer, "messages"))
	{
		if (!there && strcmp(admin_json_text(msg, "id"), id) == 0) {
			row(x, im_v_set_object(x->a, x->model, "message"), msg);
			there = true;
		}
	}
	cJSON_Delete(answer);
	return there;
}

static void
commands(struct admin *x, const char *id)
{
	struct im_value *c = im_v_set_object(x->a, x->model, "commands");

	for (size_t i = 0; i < IM_COUNT(verbs); i++) {
		admin_command(x, "intimail-queue", verbs[i].word, id);
		im_v_set_str(x->a, c, verbs[i].word, admin_command_text(x));
	}
}

/* head_only - of the header and the beginning of the text that the helper gives: as valid UTF-8, and not too long */
static struct im_str
head_only(const char *text)
{
	struct im_str s = im_str(text);
	const char *end = strstr(text, "\n\n");

	if (end)
		s.n = (size_t)(end - text);
	s.n = im_utf8_cut(s, ADMIN_HEAD_BYTES);
	return s;
}

enum im_status
queue_message(struct admin *x)
{
	const char *id = x->r->args[0], *args[] = { id, NULL }, *text;
	cJSON *answer;

	if (!im_queueid_valid(im_str(id)))
		return no_such(x);
	if (!admin_helper(x, "queue-show", args, &answer, &text)) {
		if (x->err->st == IM_NOTFOUND || x->err->st == IM_INVALID)
			return no_such(x);
		x->resp->error_text = text;
		return x->err->st;
	}
	admin_title(x, "queue", im_tr_with(x->r->lang, "Message %s", id, x->a));
	im_v_set_str(x->a, x->model, "id", id);
	im_v_set_str(x->a, x->model, "url", im_url_below(x->a, "/admin/queue", id));
	im_v_set_span(x->a, x->model, "head", head_only(admin_json_text(answer, "text")));
	cJSON_Delete(answer);
	commands(x, id);
	if (!find(x, id))
		im_v_set_null(x->a, x->model, "message");
	return IM_OK;
}

enum im_status
queue_change(struct admin *x)
{
	const char *id = x->r->args[0], *what = admin_field(x, "do"), *args[] = { id, NULL }, *text;
	const struct verb *v = NULL;
	cJSON *answer;

	for (size_t i = 0; i < IM_COUNT(verbs); i++)
		if (strcmp(what, verbs[i].word) == 0)
			v = &verbs[i];
	if (!im_queueid_valid(im_str(id)))
		return no_such(x);
	if (!v)
		return im_fail(x->err, IM_INVALID, "a form without a known name");
	/* deleting asks again: the button on the first page leads to the message, where its id is typed */
	if (strcmp(v->word, "delete") == 0 && strcmp(admin_field(x, "again"), id) != 0) {
		admin_wrong(
		    x, "again", im_tr(x->r->lang, "Type the name of the message to say that you mean it."));
		return queue_message(x);
	}
	if (!admin_helper(x, v->verb, args, &answer, &text)) {
		if (x->err->st == IM_NOTFOUND)
			return no_such(x);
		x->resp->error_text = text;
		return x->err->st;
	}
	cJSON_Delete(answer);
	admin_command(x, "intimail-queue", v->word, id);
	admin_done(x, "/admin/queue", im_tr(x->r->lang, v->done));
	return IM_OK;
}
