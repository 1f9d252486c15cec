/*
 * export.c - intimail-index export UID [MAILBOX]: the index as one plain JSON array, oldest first
 *
 * SPDX-License-Identifier: ISC
 */
#include "index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/value.h"

enum { PIECE = 64 * 1024 };

struct export
{
	struct im_buf out;
	bool any, bad;
};

static void
put(struct im_buf *b, const char *name, const char *text)
{
	im_buf_adds(b, name);
	im_json_string(b, im_str(text));
}

static bool
flush(struct export *x)
{
	if (!im_write_full(STDOUT_FILENO, x->out.p, x->out.n))
		x->bad = true;
	im_buf_clear(&x->out);
	return !x->bad;
}

static bool
export_entry(const struct im_entry *e, void *arg)
{
	struct export *x = arg;
	struct im_buf *b = &x->out;

	put(b, x->any ? ",\n{\"id\":" : "\n{\"id\":", e->id);
	put(b, ",\"from\":", e->from);
	put(b, ",\"to\":", e->to);
	put(b, ",\"subject\":", e->subject);
	im_buf_addf(b, ",\"timestamp\":\"%s\",\"unixtimestamp\":%" PRId64, e->timestamp, e->unixtimestamp);
	put(b, ",\"queueid\":", e->queueid);
	im_buf_addf(b, ",\"size\":%" PRIu64 ",\"status\":\"%s\",\"pj\":%d,\"in\":\"%s\",\"arrived\":%" PRId64,
	    e->size, e->flags, e->attachments, e->is_new ? "new" : "cur", e->arrived);
	put(b, ",\"snippet\":", e->snippet);
	im_buf_addf(b, ",\"mid\":\"%016" PRIx64 "\",\"pid\":\"%016" PRIx64 "\",\"tid\":\"%016" PRIx64 "\"}",
	    e->message_id, e->parent_id, e->thread_id);
	x->any = true;
	return b->n < PIECE || flush(x);
}

static enum im_status
export_one(struct index_run *r, const struct im_mailbox *b, void *arg, struct im_err *err)
{
	struct export x = { 0 };
	enum im_status st;

	(void)r;
	(void)arg;
	im_buf_init(&x.out, 4 * PIECE);
	im_buf_addc(&x.out, '[');
	st = im_index_each(b, export_entry, &x, err);
	im_buf_adds(&x.out, x.any ? "\n]\n" : "]\n");
	if (st == IM_OK && (x.bad || !flush(&x)))
		st = im_fail_errno(err, errno, "write the export");
	im_buf_done(&x.out);
	return st;
}

enum im_status
index_export(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct index_run r;
	enum im_status st = index_begin(ctx, argv[0], &r, err);

	if (st != IM_OK)
		return st;
	st = index_each_mailbox(&r, argc > 1 ? argv[1] : "INBOX", export_one, NULL, err);
	index_end(&r);
	return st;
}
