/*
 * index_scan.c - finding lines in the index: by order, by id, all of them
 *
 * Lines differ in length, so a search goes by bytes and looks for the next line start. The last few KB are read in one
 * piece.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/io.h"

enum {
	SEARCH_BLOCK = 2 * IM_INDEX_LINE_MAX,
	PROBE = 1024, /* holds a whole line nearly always */
	LINEAR = 3 * 1024,
	FIRST_STEP = 24 * 1024, /* a page of 50 */
	SCAN_BUF = 16 * IM_INDEX_LINE_MAX
};

/* the line at p of at most max bytes; 0: there is no newline */
static size_t
line_length(const char *p, size_t max)
{
	const char *nl = max == 0 ? NULL : memchr(p, '\n', max);

	return nl == NULL ? 0 : (size_t)(nl - p) + 1;
}

enum probe { PROBED, NO_LINE, BAD_LINE };

/* the first whole line after the byte at 'mid', below 'hi' */
static enum probe
probe(const struct im_ix *ix, uint64_t mid, uint64_t hi, struct im_ix_line *l, uint64_t *at, uint64_t *next)
{
	char buf[SEARCH_BLOCK];
	size_t room = hi - mid < sizeof(buf) ? (size_t)(hi - mid) : sizeof(buf);

	for (size_t want = PROBE;; want = sizeof(buf)) {
		ssize_t got = im_pread_full(ix->fd, buf, want < room ? want : room, (off_t)mid);
		size_t skip = got <= 0 ? 0 : line_length(buf, (size_t)got);
		size_t n = skip == 0 ? 0 : line_length(buf + skip, (size_t)got - skip);

		if (n > 0) {
			*at = mid + skip;
			*next = *at + n;
			return im_ix_line_parse((struct im_str) { buf + skip, n - 1 }, l) ? PROBED : BAD_LINE;
		}
		if (want >= room || want == sizeof(buf))
			return room == sizeof(buf) ? BAD_LINE : NO_LINE;
	}
}

/* the first line not before the key between two line starts that are near each other */
static bool
lower_linear(
    const struct im_ix *ix, uint64_t lo, uint64_t hi, int64_t arrived, struct im_str id, uint64_t *ret)
{
	char buf[2 * SEARCH_BLOCK]; /* halves without a line are below SEARCH_BLOCK */
	struct im_ix_line l;
	uint64_t at;
	size_t n;

	if (hi - lo > sizeof(buf) ||
	    im_pread_full(ix->fd, buf, (size_t)(hi - lo), (off_t)lo) != (ssize_t)(hi - lo))
		return false;
	for (at = lo; at < hi; at += n) {
		n = line_length(buf + (at - lo), (size_t)(hi - at));
		if (n == 0 || !im_ix_line_parse((struct im_str) { buf + (at - lo), n - 1 }, &l))
			return false;
		if (im_ix_compare(l.arrived, (struct im_str) { l.id, l.id_n }, arrived, id) >= 0)
			break;
	}
	*ret = at;
	return true;
}

/*
 * What is looked for is mostly near the end: so first in growing steps from there, then by halves. That costs the same
 * in every mailbox, and for old messages in a large one a few steps more.
 */
bool
im_ix_lower(struct im_ix *ix, int64_t arrived, struct im_str id, uint64_t *ret)
{
	uint64_t lo = IM_IX_HEADER, hi = ix->h.bytes, at, next, step = FIRST_STEP;
	bool from_end = true;
	struct im_ix_line l;

	while (hi - lo > LINEAR) {
		uint64_t mid = from_end && step < hi - lo ? hi - step : lo + (hi - lo) / 2;
		enum probe p = probe(ix, mid, hi, &l, &at, &next);

		if (p == NO_LINE)
			break;
		if (p == BAD_LINE) {
			ix->bad_line = true;
			return false;
		}
		if (im_ix_compare(l.arrived, (struct im_str) { l.id, l.id_n }, arrived, id) < 0) {
			lo = next;
			from_end = false;
		} else {
			hi = at;
			step *= 4;
		}
	}
	if (!lower_linear(ix, lo, hi, arrived, id, ret)) {
		ix->bad_line = true;
		return false;
	}
	return true;
}

bool
im_ix_load(struct im_ix *ix, uint64_t offset, char *buf, struct im_ix_line *ret)
{
	uint64_t left = ix->h.bytes - offset;
	ssize_t got;
	size_t n;

	got = im_pread_full(
	    ix->fd, buf, left < IM_INDEX_LINE_MAX ? (size_t)left : IM_INDEX_LINE_MAX, (off_t)offset);
	n = got <= 0 ? 0 : line_length(buf, (size_t)got);
	if (n > 0 && im_ix_line_parse((struct im_str) { buf, n - 1 }, ret))
		return true;
	ix->bad_line = true;
	return false;
}

/* all of a line, so that one of an older or newer form, with its checksum right, does not pass either */
static bool
whole_line(struct im_str text, char scratch[static IM_INDEX_LINE_MAX], struct im_ix_line *l)
{
	struct im_entry e;

	if (!im_ix_line_parse(text, l))
		return false;
	memcpy(scratch, text.p, text.n);
	return im_ix_line_entry(l, scratch, &e);
}

bool
im_ix_scan(const struct im_ix *ix, uint64_t from, uint64_t to, im_ix_scan_fn *fn, void *arg)
{
	char *buf = im_malloc(SCAN_BUF), scratch[IM_INDEX_LINE_MAX];
	bool go = true, good = true;
	struct im_ix_line l;

	while (go && from < to) {
		size_t want = to - from < SCAN_BUF ? (size_t)(to - from) : SCAN_BUF, at = 0, n;
		ssize_t got = im_pread_full(ix->fd, buf, want, (off_t)from);

		if (got <= 0) {
			good = got == 0; /* shorter than its header says: the caller misses the lines */
			break;
		}
		for (; go && (n = line_length(buf + at, (size_t)got - at)) > 0; at += n) {
			bool ok = whole_line((struct im_str) { buf + at, n - 1 }, scratch, &l);

			go = fn(ok ? &l : NULL, from + at, n, arg);
		}
		if (at == 0) {
			/* no newline in all this: no line of ours */
			go = fn(NULL, from, (size_t)got, arg);
			at = (size_t)got;
		}
		from += at;
	}
	free(buf);
	return good;
}

/* --- by id --- */

struct by_id {
	struct im_str id;
	uint64_t offset;
	bool found, bad;
};

static bool
by_id_fn(const struct im_ix_line *l, uint64_t offset, size_t n, void *arg)
{
	struct by_id *s = arg;

	(void)n;
	if (l == NULL)
		s->bad = true;
	else if (!l->removed && im_str_eq((struct im_str) { l->id, l->id_n }, s->id)) {
		s->found = true;
		s->offset = offset;
	}
	return !s->found && !s->bad;
}

bool
im_ix_find(struct im_ix *ix, const char *id, char *buf, struct im_ix_line *ret, uint64_t *ret_offset,
    bool *ret_found)
{
	struct by_id s = { .id = im_str(id) };
	int64_t arrived = im_msg_arrived(s.id);

	*ret_found = false;
	if (arrived >= 0) {
		if (!im_ix_lower(ix, arrived, s.id, &s.offset))
			return false;
		s.found = s.offset < ix->h.bytes;
	} else if (!im_ix_scan(ix, IM_IX_HEADER, ix->h.bytes, by_id_fn, &s) || s.bad) {
		/* a name without a time: nothing to search by. Other programs make such names, rarely */
		ix->bad_line = true;
		return false;
	}
	if (!s.found)
		return true;
	if (!im_ix_load(ix, s.offset, buf, ret))
		return false;
	*ret_found = !ret->removed && im_str_eq((struct im_str) { ret->id, ret->id_n }, s.id);
	*ret_offset = s.offset;
	return true;
}
