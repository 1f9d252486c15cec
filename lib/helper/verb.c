/*
 * verb.c - the table of verbs
 *
 * A verb is a name, the form of its arguments and a function of the library, the same one that the command uses.
 *
 * SPDX-License-Identifier: ISC
 */
#include "helper/verb.h"

#include <string.h>

#include "base/io.h"
#include "directory/person.h"
#include "helper/helper.h"
#include "helper/usage.h"
#include "mail/archive.h"
#include "mail/maildir.h"
#include "mta/queue.h"
#include "mta/trace.h"

enum { SHOW_MAX = 256 * 1024, ROOM = IM_HELPER_ANSWER_MAX - 1024, TRACE_DAYS = 14 };

enum form { FORM_QUEUE_ID, FORM_UID, FORM_TEXT };

struct call {
	const struct im_conf *conf;
	const char *const *args;
	int n;
	struct im_arena *a;
	struct im_value *answer;
};

struct im_verb {
	const char *name;
	int min, max;
	enum form form;
	enum im_status (*run)(struct call *c, struct im_err *err);
};

/* does it fit into an answer? Lists are halved until they do */
static bool
fits(const struct im_value *v)
{
	struct im_buf b;
	bool full;

	im_buf_init(&b, ROOM);
	im_v_json(v, &b);
	full = b.full;
	im_buf_done(&b);
	return !full;
}

/* an array that was made by somebody else becomes a member of the answer */
static void
put_array(struct call *c, const char *key, const struct im_value *array)
{
	im_v_set_array(c->a, c->answer, key)->u = array->u;
}

static enum im_status
queue_list(struct call *c, struct im_err *err)
{
	struct im_queue_message *list;
	struct im_value *v;
	int n, total;
	enum im_status st = im_queue_list(c->conf, c->a, &list, &n, &total, err);

	if (st != IM_OK)
		return st;
	for (v = im_queue_value(c->a, list, n, total); n > 0 && !fits(v);)
		v = im_queue_value(c->a, list, n /= 2, total);
	im_v_set_int(c->a, c->answer, "total", total);
	put_array(c, "messages", im_v_get(v, im_str("messages")));
	return IM_OK;
}

static enum im_status
queue_show(struct call *c, struct im_err *err)
{
	struct im_buf text;
	enum im_status st;

	im_buf_init(&text, SHOW_MAX);
	st = im_queue_show(c->conf, c->args[0], SHOW_MAX, &text, err);
	if (st == IM_OK)
		im_v_set_span(c->a, c->answer, "text", im_buf_str(&text));
	im_buf_done(&text);
	return st;
}

static enum im_status
queue_hold(struct call *c, struct im_err *err)
{
	return im_queue_do(c->conf, IM_QUEUE_HOLD, c->args[0], err);
}

static enum im_status
queue_release(struct call *c, struct im_err *err)
{
	return im_queue_do(c->conf, IM_QUEUE_RELEASE, c->args[0], err);
}

static enum im_status
queue_delete(struct call *c, struct im_err *err)
{
	return im_queue_do(c->conf, IM_QUEUE_DELETE, c->args[0], err);
}

static enum im_status
queue_retry(struct call *c, struct im_err *err)
{
	return im_queue_do(c->conf, IM_QUEUE_RETRY, c->args[0], err);
}

static enum im_status
trace(struct call *c, struct im_err *err)
{
	struct im_trace *list;
	struct im_value *v;
	int n;
	enum im_status st =
	    im_trace_find(c->conf, c->args[0], im_now() - TRACE_DAYS * INT64_C(86400), c->a, &list, &n, err);

	if (st != IM_OK)
		return st;
	for (v = im_trace_value(c->a, list, n); n > 0 && !fits(v);)
		v = im_trace_value(c->a, list, n /= 2);
	put_array(c, "messages", v);
	return IM_OK;
}

static enum im_status
usage(struct call *c, struct im_err *err)
{
	return im_helper_usage(
	    c->conf, c->n ? c->args[0] : NULL, c->a, im_v_set_array(c->a, c->answer, "people"), err);
}

static enum im_status
recount(struct call *c, struct im_err *err)
{
	return im_helper_recount(c->conf, c->args[0], c->a, im_v_set_array(c->a, c->answer, "people"), err);
}

/* gone - whose mail is taken away must not be in the directory any more */
static enum im_status
gone(struct call *c, struct im_err *err)
{
	struct im_person p;
	struct im_dir *d;

	enum im_status st = im_dir_open(c->conf, &d, err);
	if (st != IM_OK)
		return st;
	st = im_person_get(d, c->args[0], c->a, &p, err);
	im_dir_close(d);
	if (st == IM_OK)
		return im_fail(err, IM_CONFLICT, "%s is still in the directory: the mail stays", c->args[0]);
	return st == IM_NOTFOUND ? IM_OK : st;
}

static enum im_status
archive(struct call *c, struct im_err *err)
{
	const char *place;
	enum im_status st = gone(c, err);

	if (st == IM_OK)
		st = im_archive_mail(c->conf, c->args[0], c->a, &place, err);
	if (st == IM_OK)
		im_v_set_str(c->a, c->answer, "place", place);
	return st;
}

static enum im_status
purge(struct call *c, struct im_err *err)
{
	enum im_status st = gone(c, err);

	return st == IM_OK ? im_archive_purge(c->conf, c->args[0], err) : st;
}

static const struct im_verb table[] = {
	{ "queue-list", 0, 0, FORM_TEXT, queue_list },
	{ "queue-show", 1, 1, FORM_QUEUE_ID, queue_show },
	{ "queue-hold", 1, 1, FORM_QUEUE_ID, queue_hold },
	{ "queue-release", 1, 1, FORM_QUEUE_ID, queue_release },
	{ "queue-delete", 1, 1, FORM_QUEUE_ID, queue_delete },
	{ "queue-retry", 1, 1, FORM_QUEUE_ID, queue_retry },
	{ "trace", 1, 1, FORM_TEXT, trace },
	{ "usage", 0, 1, FORM_UID, usage },
	{ "recount", 1, 1, FORM_UID, recount },
	{ "archive", 1, 1, FORM_UID, archive },
	{ "purge", 1, 1, FORM_UID, purge },
};

const struct im_verb *
im_verb_find(const char *name)
{
	for (size_t i = 0; i < IM_COUNT(table); i++)
		if (strcmp(name, table[i].name) == 0)
			return &table[i];
	return NULL;
}

static bool
form_ok(enum form form, const char *s)
{
	switch (form) {
	case FORM_QUEUE_ID:
		return im_queueid_valid(im_str(s));
	case FORM_UID:
		return im_uid_valid(s);
	case FORM_TEXT:
		for (const char *p = s; *p; p++)
			if ((unsigned char)*p < 0x20 || *p == 0x7f)
				return false;
		return *s && strlen(s) <= IM_HELPER_ARG_MAX && im_utf8_valid(im_str(s));
	}
	return false;
}

enum im_status
im_verb_check(const struct im_verb *v, const char *const *args, int n, struct im_err *err)
{
	if (n < v->min || n > v->max)
		return im_fail(
		    err, IM_USAGE, "%s: %d arguments, wanted are %d to %d", v->name, n, v->min, v->max);
	for (int i = 0; i < n; i++)
		if (!form_ok(v->form, args[i]))
			return im_fail(err, IM_INVALID, "%s: an argument has a wrong form", v->name);
	return IM_OK;
}

enum im_status
im_verb_run(const struct im_verb *v, const struct im_conf *conf, const char *const *args, int n,
    struct im_arena *a, struct im_value *answer, struct im_err *err)
{
	struct call c = { conf, args, n, a, answer };

	return v->run(&c, err);
}
