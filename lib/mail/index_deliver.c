/*
 * index_deliver.c - what a delivery does with the index: lock, look for a duplicate, append
 *
 * The agent never reconciles: it must stay small and quick whatever the mailbox's state. Out of step it files the
 * message and leaves the index to the next reader. Only a mailbox without any message gets its index made here. After
 * a start of the system, until somebody reads, lines are appended to the index as it is: it stays one to be compared.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_write.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"

enum {
	ALWAYS_SEEN = 16, /* entries looked at whatever their times say: clocks are set back at times */
	SHORT_SEEN = 512, /* entries, for queue ids without a time */
	SLACK_S = 2,
	QUEUE_LIFE_S = 6 * 86400 /* short queue ids come again some day; Postfix gives up after 5 days */
};

static bool
not_empty(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	(void)name;
	(void)file;
	(void)is_new;
	*(bool *)arg = false;
	return false;
}

enum im_status
im_index_lock(const struct im_mailbox *b, int wait_ms, struct im_index_lock *l, struct im_err *err)
{
	struct im_ix *ix = im_malloc(sizeof(*ix));
	enum im_status st = im_ix_begin(b, wait_ms, ix, err);
	bool empty = true;
	struct im_err e;

	*l = (struct im_index_lock) { .box = b, .ix = ix };
	if (st != IM_OK) {
		im_index_unlock(l);
		return st;
	}
	/* that it could not be made is no reason not to file the message */
	if (ix->fd < 0 && im_maildir_each(b, not_empty, &empty, &e) == IM_OK && empty &&
	    im_ix_sync(ix, NULL, NULL, &e) != IM_OK)
		ix->marked = ix->in_step = false;
	l->held = ix->locked;
	l->in_step = ix->marked;
	return IM_OK;
}

void
im_index_unlock(struct im_index_lock *l)
{
	if (l->ix != NULL)
		im_ix_end(l->ix);
	free(l->ix);
	l->ix = NULL;
	l->held = l->in_step = false;
}

/* --- duplicates --- */

struct lookup {
	const char *queueid;
	int64_t since; /* older messages cannot be it */
	int seen, max;
	bool found;
};

/* false: no need to look further back */
static bool
is_other(struct lookup *k, struct im_str id, int64_t arrived)
{
	struct im_msg_name name;

	if (k->seen++ >= ALWAYS_SEEN && (arrived < k->since || k->seen > k->max))
		return false;
	k->found = im_msg_name_parse(id, &name) && im_str_is(name.queueid, k->queueid);
	return !k->found;
}

/* from the newest line backwards; tombstones count, the reader may have been quick. false: a bad line */
static bool
look_back(struct im_ix *ix, struct lookup *k)
{
	uint64_t end = ix->h.bytes, size = 2048;
	char buf[2 * IM_INDEX_LINE_MAX];
	struct im_ix_line l;

	while (end > IM_IX_HEADER) {
		uint64_t from = end - IM_IX_HEADER > size ? end - size : IM_IX_HEADER;
		char *first = buf, *p = buf + (end - from);

		if (im_pread_full(ix->fd, buf, (size_t)(end - from), (off_t)from) != (ssize_t)(end - from) ||
		    p[-1] != '\n')
			return false;
		if (from != IM_IX_HEADER)
			first = (char *)memchr(buf, '\n', (size_t)(end - from)) + 1;
		while (p > first) {
			char *nl = p - 1, *start = memrchr(first, '\n', (size_t)(nl - first));

			start = start == NULL ? first : start + 1;
			if (!im_ix_line_parse((struct im_str) { start, (size_t)(nl - start) }, &l))
				return false;
			if (!is_other(k, (struct im_str) { l.id, l.id_n }, l.arrived))
				return true;
			p = start;
		}
		if (first == buf + (end - from) && size == sizeof(buf))
			return false;
		end = from + (uint64_t)(first - buf);
		size = sizeof(buf);
	}
	return true;
}

static bool
look_name(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct lookup *k = arg;

	(void)file;
	(void)is_new;
	if (name->arrived >= k->since && im_str_is(name->queueid, k->queueid))
		k->found = true;
	return !k->found;
}

enum im_status
im_index_has_queueid(struct im_index_lock *l, const char *queueid, bool *ret, struct im_err *err)
{
	struct lookup k = { .queueid = queueid, .max = INT32_MAX };
	int64_t now = im_now();

	*ret = false;
	if (!im_queueid_valid(im_str(queueid)))
		return IM_OK;
	if (!im_queueid_time(im_str(queueid), &k.since)) {
		k.since = now - QUEUE_LIFE_S;
		k.max = SHORT_SEEN;
	} else if (k.since > now) {
		k.since = now;
	}
	k.since -= SLACK_S;
	if (l->ix == NULL || !l->ix->marked || !look_back(l->ix, &k)) {
		enum im_status st;

		k.found = false;
		st = im_maildir_each(l->box, look_name, &k, err);
		if (st != IM_OK)
			return st;
	}
	*ret = k.found;
	return IM_OK;
}

/* --- the new message --- */

enum im_status
im_index_append(struct im_index_lock *l, const struct im_filing *f, bool is_new, const char *flags,
    const char *queueid, const struct im_summary *s, struct im_err *err)
{
	struct im_ix *ix = l->ix;
	struct im_msg_name name;
	struct im_ix_line line;
	struct im_entry e;
	struct im_buf text;
	enum im_status st = IM_OK;

	if (ix == NULL || !ix->marked)
		return IM_OK;
	if (!im_msg_name_parse(im_str(f->id), &name))
		return im_fail(err, IM_BUG, "'%.60s' is no message name", f->id);
	name.flags = im_str(flags);
	im_ix_entry_fill(&e, &name, f->id, queueid, is_new, f->arrived, s->size, s);
	im_buf_init(&text, 2 * IM_INDEX_LINE_MAX);
	im_ix_line_put(&text, &e);
	if (text.full || !im_ix_line_parse((struct im_str) { text.p, text.n - 1 }, &line)) {
		st = im_fail(err, IM_BUG, "the entry of '%.60s' has no proper form", f->id);
	} else if (!im_ix_insert(ix, text.p, text.n, &line)) {
		st = im_fail(err, IM_TEMP,
		    "the header index of %s could not be written; it is repaired by the next reader",
		    l->box->name);
	} else {
		im_ix_settle(ix, is_new, !is_new);
	}
	if (st != IM_OK)
		ix->marked = ix->in_step = false;
	l->in_step = ix->marked;
	im_buf_done(&text);
	return st;
}
