/*
 * check.c - intimail-index check UID [MAILBOX], intimail-index rebuild UID [MAILBOX]
 *
 * SPDX-License-Identifier: ISC
 */
#include "index.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/value.h"

static bool deep;
const struct im_opt index_check_opts[] = {
	{ .name = "deep",
	    .letter = 'd',
	    .help = "Read every message and compare what the index says of it",
	    .flag = &deep },
	{ 0 },
};

/* --- a second opinion: the lines read by cJSON, which knows nothing of our format --- */

static bool
is_witnessed(const cJSON *line)
{
	static const char *const strings[] = { "id", "from", "to", "subject", "timestamp", "queueid",
		"status" };
	static const char *const numbers[] = { "unixtimestamp", "size", "pj" };

	for (size_t i = 0; i < IM_COUNT(strings); i++)
		if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(line, strings[i])))
			return false;
	for (size_t i = 0; i < IM_COUNT(numbers); i++)
		if (!cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(line, numbers[i])))
			return false;
	return true;
}

static uint64_t
count_strange(struct im_str text)
{
	uint64_t strange = 0;

	while (text.n > 0) {
		struct im_str line = im_str_cut(&text, '\n');
		cJSON *v = cJSON_ParseWithLength(line.p, line.n);

		if (v == NULL || !is_witnessed(v))
			strange++;
		cJSON_Delete(v);
	}
	return strange;
}

/* how many committed lines are no JSON of the promised shape */
static enum im_status
witness(const struct im_mailbox *b, uint64_t *ret, struct im_err *err)
{
	enum { INDEX_MAX = 1 << 30 };
	struct im_str text, header;
	struct im_buf file;
	enum im_status st;
	cJSON *v, *bytes;

	*ret = 0;
	im_buf_init(&file, INDEX_MAX);
	st = im_read_file(b->fd, "index.jsonl", INDEX_MAX, &file, err);
	if (st != IM_OK) {
		im_buf_done(&file);
		return st == IM_NOTFOUND ? IM_OK : st;
	}
	text = im_buf_str(&file);
	header = im_str_cut(&text, '\n');
	v = cJSON_ParseWithLength(header.p, header.n);
	bytes = cJSON_GetObjectItemCaseSensitive(v, "bytes");
	if (!cJSON_IsNumber(bytes) || bytes->valuedouble < (double)(header.n + 1) ||
	    bytes->valuedouble > (double)file.n) {
		*ret = 1;
	} else {
		text.n = (size_t)bytes->valuedouble - header.n - 1;
		*ret = count_strange(text);
	}
	cJSON_Delete(v);
	im_buf_done(&file);
	return IM_OK;
}

/* --- reports --- */

struct report {
	struct im_value *all; /* as JSON, or NULL */
	uint64_t faults;
};

static void
add_json(struct index_run *r, struct im_value *all, const char *name, const struct im_index_report *i,
    uint64_t strange)
{
	struct im_value *v = im_v_add_object(&r->arena, all);

	im_v_set_str(&r->arena, v, "mailbox", im_arena_strdup(&r->arena, name));
	im_v_set_int(&r->arena, v, "messages", (int64_t)i->messages);
	im_v_set_int(&r->arena, v, "unread", (int64_t)i->unread);
	im_v_set_int(&r->arena, v, "bytes", (int64_t)i->bytes);
	im_v_set_bool(&r->arena, v, "in_step", !i->out_of_step);
	im_v_set_bool(&r->arena, v, "header_bad", i->header_bad);
	im_v_set_int(&r->arena, v, "bad_lines", (int64_t)i->bad_lines);
	im_v_set_int(&r->arena, v, "bad_json", (int64_t)strange);
	im_v_set_int(&r->arena, v, "missing", (int64_t)i->missing);
	im_v_set_int(&r->arena, v, "extra", (int64_t)i->extra);
	im_v_set_int(&r->arena, v, "wrong", (int64_t)i->wrong);
}

static enum im_status
check_one(struct index_run *r, const struct im_mailbox *b, void *arg, struct im_err *err)
{
	struct report *rep = arg;
	struct im_index_report i;
	uint64_t strange = 0, differ, faults;
	enum im_status st = im_index_check(b, deep, &i, err);

	if (st == IM_OK)
		st = witness(b, &strange, err);
	if (st != IM_OK)
		return st;
	differ = i.missing + i.extra + i.wrong;
	faults = i.bad_lines + (i.header_bad && i.bytes > 0) + strange;
	/* changes that no reader has taken in yet are no fault; with an index that says it is in step they are */
	if (!i.out_of_step)
		faults += differ;
	rep->faults += faults;
	if (rep->all != NULL) {
		add_json(r, rep->all, b->name, &i, strange);
		return IM_OK;
	}
	printf("%s: %" PRIu64 " messages, %" PRIu64 " unread, index %" PRIu64 " bytes", b->name, i.messages,
	    i.unread, i.bytes);
	if (faults > 0)
		printf("; DAMAGED: %" PRIu64 " bad lines, %" PRIu64 " no JSON, %s header, %" PRIu64
		       " missing, %" PRIu64 " too many, %" PRIu64 " wrong",
		    i.bad_lines, strange, i.header_bad ? "bad" : "good", i.missing, i.extra, i.wrong);
	else if (differ > 0)
		printf("; %" PRIu64 " changes wait for the next reader", differ);
	else
		printf("; %s", i.out_of_step ? "right, to be compared by the next reader" : "right");
	printf("\n");
	return IM_OK;
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, index_box_fn *fn, struct report *rep, struct im_err *err)
{
	struct index_run r;
	enum im_status st = index_begin(ctx, argv[0], &r, err);

	if (st != IM_OK)
		return st;
	rep->all = ctx->json ? im_v_array(&r.arena) : NULL;
	st = index_each_mailbox(&r, argc > 1 ? argv[1] : NULL, fn, rep, err);
	if (st == IM_OK && rep->all != NULL)
		im_cmd_print_json(rep->all);
	index_end(&r);
	return st;
}

enum im_status
index_check(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct report rep = { 0 };
	enum im_status st = run(ctx, argc, argv, check_one, &rep, err);

	if (st == IM_OK && rep.faults > 0)
		st = im_fail(err, IM_INVALID,
		    "the index of %s is damaged; the next reader repairs it, or: intimail-index rebuild %s",
		    argv[0], argv[0]);
	return st;
}

/* --- rebuild --- */

static void
show_progress(uint64_t done, uint64_t total, void *arg)
{
	(void)arg;
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " ", done, total);
}

static enum im_status
rebuild_one(struct index_run *r, const struct im_mailbox *b, void *arg, struct im_err *err)
{
	bool people = isatty(STDERR_FILENO) == 1;
	struct report *rep = arg;
	struct im_index_report i;
	enum im_status st = im_index_rebuild(b, people ? show_progress : NULL, NULL, &i, err);

	if (people)
		fprintf(stderr, "\r\033[K");
	if (st != IM_OK)
		return st;
	if (rep->all != NULL)
		add_json(r, rep->all, b->name, &i, 0);
	else
		printf("%s: %" PRIu64 " messages, %" PRIu64 " unread, index %" PRIu64 " bytes\n", b->name,
		    i.messages, i.unread, i.bytes);
	return IM_OK;
}

enum im_status
index_rebuild(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct report rep = { 0 };

	return run(ctx, argc, argv, rebuild_one, &rep, err);
}
