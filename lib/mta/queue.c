/*
 * queue.c - Postfix's queue by its own programs
 *
 * postsuper(1) ends with 0 for a message that is not there; what it says ("Deleted: 1 message") tells.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/queue.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "mail/maildir.h"
#include "mta/text.h"

enum {
	LIST_BYTES = 64 * 1024 * 1024, /* some 100 000 waiting messages */
	LIST_MS = 20000,
	TOOL_MS = 15000,
	SAID_BYTES = 64 * 1024,
	TEXT_MAX = 2048,
	RECIPIENTS = 1000 /* shown of one message */
};

/* a parsed line, before it is known whether it is among the oldest */
struct row {
	int64_t arrived;
	struct im_str line;
};

static enum im_status
tool(const struct im_conf *c, const char *name, const char *const args[], int timeout_ms, struct im_buf *out,
    struct im_err *err)
{
	const char *argv[8] = { name, "-c" };
	struct im_proc_opts o = { .timeout_ms = timeout_ms };
	char conf[4096];
	size_t n = 3;

	if (geteuid() != 0)
		return im_fail(err, IM_DENIED, "only root may look into Postfix's queue: use sudo");
	if (!im_fmt(conf, sizeof(conf), "%s/postfix", c->etc_dir))
		return im_fail(err, IM_CONFIG, "etc_dir is too long");
	argv[2] = conf;
	for (size_t i = 0; args[i] && n < IM_COUNT(argv) - 1; i++)
		argv[n++] = args[i];
	return im_proc_run(argv, &o, out, err);
}

static const char *
text_of(struct im_arena *a, const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(v) ? im_mta_text(a, im_str(v->valuestring), TEXT_MAX) : "";
}

static double
number_of(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 9e15 ? v->valuedouble : 0;
}

static void
take_recipients(const cJSON *list, struct im_arena *a, struct im_queue_message *m)
{
	const cJSON *one;
	int n = cJSON_GetArraySize(list);

	n = n < RECIPIENTS ? n : RECIPIENTS;
	m->recipients = im_arena_alloc(a, (size_t)(n + 1) * sizeof(*m->recipients));
	cJSON_ArrayForEach(one, list)
	{
		if (m->nrecipients == n)
			break;
		m->recipients[m->nrecipients++] = (struct im_queue_recipient) {
			.address = text_of(a, one, "address"),
			.reason = text_of(a, one, "delay_reason"),
		};
	}
}

static bool
take_message(struct im_str line, struct im_arena *a, struct im_queue_message *m)
{
	cJSON *o = cJSON_ParseWithLength(line.p, line.n);
	bool good;

	*m = (struct im_queue_message) {
		.id = text_of(a, o, "queue_id"),
		.queue = text_of(a, o, "queue_name"),
		.arrived = (int64_t)number_of(o, "arrival_time"),
		.size = (uint64_t)number_of(o, "message_size"),
		.sender = text_of(a, o, "sender"),
	};
	take_recipients(cJSON_GetObjectItemCaseSensitive(o, "recipients"), a, m);
	good = im_queueid_valid(im_str(m->id));
	cJSON_Delete(o);
	return good;
}

/* the time alone, without parsing: a queue of 100 000 is sorted before the oldest thousand are read */
static bool
take_row(struct im_str line, struct row *r)
{
	static const char key[] = "\"arrival_time\": ";
	const char *at = memmem(line.p, line.n, key, sizeof(key) - 1);
	struct im_str rest = { at, at ? (size_t)(line.p + line.n - at) : 0 };
	uint64_t when;

	if (!at || line.p[0] != '{' || line.p[line.n - 1] != '}')
		return false;
	rest.p += sizeof(key) - 1;
	rest.n -= sizeof(key) - 1;
	if (!im_str_u64(im_str_cut(&rest, ','), INT64_MAX, &when))
		return false;
	*r = (struct row) { (int64_t)when, line };
	return true;
}

static int
by_time(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->arrived < y->arrived ? -1 : x->arrived > y->arrived;
}

static enum im_status
read_queue(const struct im_conf *c, struct im_buf *out, struct im_err *err)
{
	static const char *const args[] = { "-j", NULL };

	im_buf_init(out, LIST_BYTES);
	return tool(c, "postqueue", args, LIST_MS, out, err);
}

enum im_status
im_queue_list(const struct im_conf *conf, struct im_arena *a, struct im_queue_message **ret, int *ret_n,
    int *ret_total, struct im_err *err)
{
	struct im_queue_message *list;
	struct row *rows = NULL;
	size_t n = 0, cap = 0;
	struct im_buf out;
	int shown = 0;

	enum im_status st = read_queue(conf, &out, err);
	for (struct im_str rest = im_buf_str(&out); st == IM_OK && rest.n;) {
		struct im_str line = im_str_cut(&rest, '\n');

		if (n == cap)
			rows = im_realloc(rows, (cap = cap ? cap * 2 : 64) * sizeof(*rows));
		/* what is no message is a warning of postqueue */
		n += line.n && take_row(line, &rows[n]);
	}
	if (st == IM_OK) {
		if (n)
			qsort(rows, n, sizeof(*rows), by_time);
		list = im_arena_alloc(a, (IM_QUEUE_MAX + 1) * sizeof(*list));
		for (size_t i = 0; i < n && shown < IM_QUEUE_MAX; i++)
			shown += take_message(rows[i].line, a, &list[shown]);
		*ret = list;
		*ret_n = shown;
		*ret_total = (int)n;
	}
	free(rows);
	im_buf_done(&out);
	return st;
}

static enum im_status
check_id(const char *id, struct im_err *err)
{
	if (!im_queueid_valid(im_str(id)))
		return im_fail(
		    err, IM_INVALID, "\"%s\" is no queue id: 6 to 32 letters and digits are wanted", id);
	return IM_OK;
}

static enum im_status
not_there(const char *id, struct im_err *err)
{
	return im_fail(err, IM_NOTFOUND,
	    "there is no message %s in the queue: it was delivered, returned or removed", id);
}

enum im_status
im_queue_show(const struct im_conf *conf, const char *id, size_t max, struct im_buf *ret, struct im_err *err)
{
	const char *args[] = { "-h", "-b", "-q", id, NULL };
	struct im_buf out;
	enum im_status st = check_id(id, err);

	if (st != IM_OK)
		return st;
	im_buf_init(&out, max);
	st = tool(conf, "postcat", args, TOOL_MS, &out, err);
	if (st == IM_OK)
		im_buf_add_str(ret, im_buf_str(&out));
	else if (strstr(err->msg, "No such file"))
		st = not_there(id, err);
	im_buf_done(&out);
	return st;
}

/* which queue the message is in now; "" = none */
static enum im_status
where(const struct im_conf *c, const char *id, char ret[static 16], struct im_err *err)
{
	struct im_arena a = { 0 };
	struct im_queue_message m;
	struct im_buf out;
	enum im_status st = read_queue(c, &out, err);

	ret[0] = '\0';
	for (struct im_str rest = im_buf_str(&out); st == IM_OK && rest.n && !ret[0];) {
		struct im_str line = im_str_cut(&rest, '\n');

		if (line.n && memmem(line.p, line.n, id, strlen(id)) && take_message(line, &a, &m) &&
		    strcmp(m.id, id) == 0 && !im_fmt(ret, 16, "%s", m.queue))
			st = im_fail(err, IM_TEMP, "postqueue names a queue that Postfix does not have");
	}
	im_buf_done(&out);
	im_arena_done(&a);
	return st;
}

static enum im_status
retry(const struct im_conf *c, const char *id, struct im_err *err)
{
	const char *args[] = { "-i", id, NULL };
	char queue[16];
	struct im_buf out;
	enum im_status st = where(c, id, queue, err);

	/* postqueue -i is content with any id, and a message on hold stays there without a word */
	if (st != IM_OK)
		return st;
	if (!queue[0])
		return not_there(id, err);
	if (strcmp(queue, "hold") == 0)
		return im_fail(err, IM_CONFLICT, "%s is on hold: release it first", id);
	im_buf_init(&out, SAID_BYTES);
	st = tool(c, "postqueue", args, TOOL_MS, &out, err);
	im_buf_done(&out);
	return st;
}

enum im_status
im_queue_do(const struct im_conf *conf, enum im_queue_verb verb, const char *id, struct im_err *err)
{
	static const char *const options[] = {
		[IM_QUEUE_HOLD] = "-h", [IM_QUEUE_RELEASE] = "-H", [IM_QUEUE_DELETE] = "-d"
	};
	char queue[16] = "";
	struct im_buf out;
	bool done;
	enum im_status st = check_id(id, err);

	if (st != IM_OK || verb == IM_QUEUE_RETRY)
		return st == IM_OK ? retry(conf, id, err) : st;
	if ((unsigned)verb >= IM_COUNT(options))
		return im_fail(err, IM_BUG, "a queue verb of number %d", (int)verb);
	const char *args[] = { options[verb], id, NULL };
	im_buf_init(&out, SAID_BYTES);
	st = tool(conf, "postsuper", args, TOOL_MS, &out, err);
	done = st == IM_OK && strstr(out.p, ": 1 message");
	im_buf_done(&out);
	if (st != IM_OK || done)
		return st;
	/* nothing was done: because it is so already, or because it is gone? */
	st = where(conf, id, queue, err);
	if (st != IM_OK)
		return st;
	if (!queue[0])
		return not_there(id, err);
	if (verb == IM_QUEUE_DELETE)
		return im_fail(err, IM_TEMP, "%s was moving within the queue: try again", id);
	return (strcmp(queue, "hold") == 0) == (verb == IM_QUEUE_HOLD)
		   ? IM_OK
		   : im_fail(err, IM_TEMP, "%s was moving within the queue: try again", id);
}

enum im_status
im_queue_flush(const struct im_conf *conf, struct im_err *err)
{
	static const char *const args[] = { "-f", NULL };
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, SAID_BYTES);
	st = tool(conf, "postqueue", args, TOOL_MS, &out, err);
	im_buf_done(&out);
	return st;
}

struct im_value *
im_queue_value(struct im_arena *a, const struct im_queue_message *list, int n, int total)
{
	struct im_value *v = im_v_object(a), *messages, *m, *recipients, *r;

	im_v_set_int(a, v, "total", total);
	messages = im_v_set_array(a, v, "messages");
	for (int i = 0; i < n; i++) {
		m = im_v_add_object(a, messages);
		im_v_set_str(a, m, "id", list[i].id);
		im_v_set_str(a, m, "queue", list[i].queue);
		im_v_set_int(a, m, "arrived", list[i].arrived);
		im_v_set_int(a, m, "size", (int64_t)list[i].size);
		/* Postfix shows the empty sender of a bounce by this name */
		im_v_set_str(a, m, "sender", strcmp(list[i].sender, "MAILER-DAEMON") ? list[i].sender : "");
		recipients = im_v_set_array(a, m, "recipients");
		for (int k = 0; k < list[i].nrecipients; k++) {
			r = im_v_add_object(a, recipients);
			im_v_set_str(a, r, "address", list[i].recipients[k].address);
			im_v_set_str(a, r, "reason", list[i].recipients[k].reason);
		}
	}
	return v;
}
