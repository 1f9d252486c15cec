/*
 * trace.c - the story of messages out of the mail log
 *
 * The log is read twice: once for the queue ids of the messages that match, once for all that is said of them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/trace.h"

#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "mta/text.h"
#include "mta/trace_int.h"
#include "mta/tracelog.h"

/* the newest IM_TRACE_MAX: one that is found again moves to the end */
struct found {
	char id[IM_TRACE_ID + 1]; /* "" = refused before it got one */
	char *line;               /* of a refusal; owned */
};

enum { BUCKETS = 512 };

struct search {
	struct im_str needle; /* small letters */
	struct found found[IM_TRACE_MAX];
	int nfound;
	struct im_story *bucket[BUCKETS]; /* open addressing */
	struct im_story *stories;
	struct im_arena *a;
	int64_t now;
};

/* --- first: which messages? --- */

static void
remember(struct search *s, struct im_str id, struct im_str line)
{
	bool refused = im_str_is(id, "NOQUEUE");
	struct found f = { 0 };
	int at = 0;

	if (id.n > IM_TRACE_ID)
		return;
	if (!refused)
		memcpy(f.id, id.p, id.n);
	for (at = s->nfound; !refused && at > 0 && strcmp(s->found[at - 1].id, f.id) != 0;)
		at--;
	if (at > 0 && !refused && at == s->nfound)
		return; /* the last one again: most often so */
	if (at > 0 && !refused)
		at--;
	else if (s->nfound < IM_TRACE_MAX)
		at = s->nfound++;
	else
		at = 0;
	free(s->found[at].line);
	memmove(&s->found[at], &s->found[at + 1], (size_t)(s->nfound - 1 - at) * sizeof(f));
	if (refused)
		f.line = im_strndup(line.p, line.n);
	s->found[s->nfound - 1] = f;
}

static bool
matches(const struct im_logline *l, struct im_str needle)
{
	struct im_str more = l->kind == IM_LOG_MESSAGE_ID ? l->more : (struct im_str) { 0 };

	return im_logline_find(l->to, needle) >= 0 || im_logline_find(l->from, needle) >= 0 ||
	       im_logline_find(l->orig_to, needle) >= 0 || im_logline_find(l->id, needle) >= 0 ||
	       im_logline_find(more, needle) >= 0;
}

static void
seek_line(void *arg, struct im_str line)
{
	struct search *s = arg;
	struct im_logline l;

	if (im_logline_find(line, s->needle) >= 0 && im_logline_parse(line, &l) && matches(&l, s->needle))
		remember(s, l.id, line);
}

/* --- then: what became of them --- */

static struct im_story **
bucket_of(struct search *s, struct im_str id)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < id.n; i++)
		h = (h ^ (unsigned char)id.p[i]) * 16777619u;
	for (h %= BUCKETS; s->bucket[h] && !im_str_is(id, s->bucket[h]->id); h = (h + 1) % BUCKETS)
		;
	return &s->bucket[h];
}

static void
begin_stories(struct search *s)
{
	s->stories = im_arena_alloc(s->a, (IM_TRACE_MAX + 1) * sizeof(*s->stories));
	for (int i = 0; i < s->nfound; i++) {
		struct im_story *st = &s->stories[i];

		memcpy(st->id, s->found[i].id, sizeof(st->id));
		st->a = s->a;
		st->now = s->now;
		if (st->id[0])
			*bucket_of(s, im_str(st->id)) = st;
		else
			im_story_line(st, im_str(s->found[i].line));
	}
}

static void
tell_line(void *arg, struct im_str line)
{
	struct search *s = arg;
	struct im_story *st;
	struct im_str id;

	if (im_logline_id(line, &id) && (st = *bucket_of(s, id)))
		im_story_line(st, line);
}

static struct im_str
small_letters(struct im_arena *a, const char *what)
{
	char *p = im_arena_strdup(a, what);

	for (size_t i = 0; p[i]; i++)
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]);
	return im_str_trim(im_str(p));
}

static enum im_status
search(struct search *s, const struct im_conf *conf, int64_t since, struct im_err *err)
{
	struct im_tracelog log;
	enum im_status st = im_tracelog_open(conf, since, s->now, IM_TRACE_BYTES, &log, err);

	if (st != IM_OK)
		return st;
	st = im_tracelog_each(&log, seek_line, s, err);
	if (st == IM_OK && s->nfound) {
		begin_stories(s);
		st = im_tracelog_each(&log, tell_line, s, err);
	}
	im_tracelog_close(&log);
	return st;
}

enum im_status
im_trace_find(const struct im_conf *conf, const char *what, int64_t since, struct im_arena *a,
    struct im_trace **ret, int *ret_n, struct im_err *err)
{
	struct search *s = im_calloc(1, sizeof(*s));
	struct im_trace *list;
	enum im_status st;
	int n = 0;

	s->a = a;
	s->now = im_now();
	s->needle = small_letters(a, what);
	if (s->needle.n < IM_TRACE_TEXT_MIN || s->needle.n > IM_TRACE_TEXT_MAX)
		st = im_fail(err, IM_INVALID,
		    "wanted is a part of an address, a message id or a queue id, of %d to %d characters",
		    IM_TRACE_TEXT_MIN, IM_TRACE_TEXT_MAX);
	else
		st = search(s, conf, since, err);
	if (st == IM_OK) {
		list = im_arena_alloc(a, (IM_TRACE_MAX + 1) * sizeof(*list));
		for (int i = s->nfound; i-- > 0;) /* the newest first */
			if (im_story_end(&s->stories[i], since, &list[n]))
				n++;
		*ret = list;
		*ret_n = n;
	}
	for (int i = 0; i < s->nfound; i++)
		free(s->found[i].line);
	free(s);
	return st;
}
