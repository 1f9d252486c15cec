/*
 * sent.c - what each person sent in the last 24 hours
 *
 * A bucket holds its hour, so nothing has to be cleared when time goes on; a clock that jumps forward forgets, one that
 * jumps back keeps what lies ahead until it is there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "policy/sent.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/io.h"
#include "mail/maildir.h"

enum { HOURS = 24, HOUR_S = 3600 };

struct bucket {
	int64_t hour;
	uint64_t recipients, bytes;
};

struct person {
	char uid[65];
	struct bucket hours[HOURS];
};

struct im_sent {
	struct person *people; /* sorted by uid */
	size_t n, cap;
	bool changed;
};

struct im_sent *
im_sent_new(void)
{
	return im_calloc(1, sizeof(struct im_sent));
}

void
im_sent_free(struct im_sent *s)
{
	if (s)
		free(s->people);
	free(s);
}

bool
im_sent_changed(const struct im_sent *s)
{
	return s->changed;
}

static bool
counts(const struct bucket *b, int64_t now)
{
	int64_t age = now / HOUR_S - b->hour;

	return b->recipients + b->bytes > 0 && age >= 0 && age < HOURS;
}

/* kept - what counts, or will when a clock that was set back has come there again; no more than a day ahead */
static bool
kept(const struct bucket *b, int64_t now)
{
	int64_t age = now / HOUR_S - b->hour;

	return b->recipients + b->bytes > 0 && age > -HOURS && age < HOURS;
}

/* place - where uid is, or belongs */
static size_t
place(const struct im_sent *s, const char *uid, bool *ret_there)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (strcmp(s->people[mid].uid, uid) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_there = low < s->n && strcmp(s->people[low].uid, uid) == 0;
	return low;
}

static void
forget_idle(struct im_sent *s, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		bool used = false;
		for (int h = 0; h < HOURS; h++)
			used |= kept(&s->people[i].hours[h], now);
		if (used && n != i)
			s->people[n] = s->people[i];
		n += used;
	}
	s->n = n;
}

static struct person *
person_for(struct im_sent *s, const char *uid, int64_t now)
{
	bool there;
	size_t at = place(s, uid, &there);

	if (there)
		return &s->people[at];
	if (s->n == s->cap) {
		forget_idle(s, now);
		if (s->n >= IM_SENT_PEOPLE)
			return NULL;
		if (s->n == s->cap) {
			s->cap = s->cap ? s->cap * 2 : 16;
			s->people = im_realloc(s->people, s->cap * sizeof(*s->people));
		}
		at = place(s, uid, &there);
	}
	memmove(&s->people[at + 1], &s->people[at], (s->n - at) * sizeof(*s->people));
	memset(&s->people[at], 0, sizeof(*s->people));
	memcpy(s->people[at].uid, uid, strlen(uid) + 1);
	s->n++;
	return &s->people[at];
}

static void
add_hour(struct im_sent *s, const char *uid, int64_t hour, uint64_t recipients, uint64_t bytes, int64_t now)
{
	struct person *p = strlen(uid) < sizeof(p->uid) ? person_for(s, uid, now) : NULL;

	if (!p)
		return;
	struct bucket *b = &p->hours[hour % HOURS];
	if (b->hour != hour)
		*b = (struct bucket) { .hour = hour };
	b->recipients += recipients;
	b->bytes += bytes;
}

void
im_sent_add(struct im_sent *s, const char *uid, uint64_t recipients, uint64_t bytes, int64_t now)
{
	add_hour(s, uid, now / HOUR_S, recipients, bytes, now);
	s->changed = true;
}

struct im_sent_total
im_sent_total(const struct im_sent *s, const char *uid, int64_t now)
{
	struct im_sent_total t = { 0 };
	bool there;
	size_t at = place(s, uid, &there);

	for (int h = 0; there && h < HOURS; h++) {
		const struct bucket *b = &s->people[at].hours[h];
		if (!counts(b, now))
			continue;
		t.recipients += b->recipients;
		t.bytes += b->bytes;
	}
	return t;
}

static bool
parse_line(struct im_sent *s, struct im_str line, int64_t now)
{
	struct im_str uid = im_str_cut(&line, ' '), hour = im_str_cut(&line, ' '),
		      count = im_str_cut(&line, ' ');
	uint64_t h, recipients, bytes;
	char name[65];

	if (uid.n == 0 || uid.n >= sizeof(name))
		return false;
	memcpy(name, uid.p, uid.n);
	name[uid.n] = '\0';
	if (strlen(name) != uid.n || !im_uid_valid(name) || !im_str_u64(hour, INT64_MAX / HOUR_S, &h) ||
	    !im_str_u64(count, INT64_MAX / HOURS, &recipients) ||
	    !im_str_u64(line, INT64_MAX / HOURS, &bytes))
		return false;
	struct bucket b = { (int64_t)h, recipients, bytes };
	if (kept(&b, now))
		add_hour(s, name, b.hour, recipients, bytes, now);
	return true;
}

int
im_sent_parse(struct im_sent *s, struct im_str text, int64_t now)
{
	int bad = 0;

	while (text.n > 0)
		bad += !parse_line(s, im_str_cut(&text, '\n'), now);
	return bad;
}

enum im_status
im_sent_load(struct im_sent *s, int dirfd, const char *name, int64_t now, struct im_err *err)
{
	struct im_buf b;

	im_buf_init(&b, IM_SENT_FILE_MAX);
	enum im_status st = im_read_file(dirfd, name, IM_SENT_FILE_MAX, &b, err);
	if (st == IM_OK)
		(void)im_sent_parse(s, im_buf_str(&b), now);
	im_buf_done(&b);
	return st == IM_NOTFOUND ? IM_OK : st;
}

enum im_status
im_sent_save(struct im_sent *s, int dirfd, const char *name, int64_t now, struct im_err *err)
{
	struct im_buf b;

	im_buf_init(&b, IM_SENT_FILE_MAX);
	forget_idle(s, now);
	for (size_t i = 0; i < s->n; i++) {
		for (int h = 0; h < HOURS; h++) {
			const struct bucket *x = &s->people[i].hours[h];
			if (kept(x, now))
				im_buf_addf(&b, "%s %" PRId64 " %" PRIu64 " %" PRIu64 "\n", s->people[i].uid,
				    x->hour, x->recipients, x->bytes);
		}
	}
	enum im_status st = im_replace_file(dirfd, name, 0600, im_buf_str(&b), err);
	im_buf_done(&b);
	if (st == IM_OK)
		s->changed = false;
	return st;
}
