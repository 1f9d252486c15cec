/*
 * mime_lines.c - a stream of pieces into lines
 *
 * A line that lies within one piece is handed over where it is; only one that spans pieces is copied.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime_internal.h"

#include <stdlib.h>
#include <string.h>

enum { DETECT = 4096 /* where the first line has not ended by then, LF it is */ };

void
im_lines_init(
    struct im_lines *l, void (*on_line)(void *, struct im_str, uint64_t, unsigned), void *arg, size_t cap)
{
	*l = (struct im_lines) { .on_line = on_line, .arg = arg, .cap = cap };
	im_buf_init(&l->carry, SIZE_MAX / 4);
}

/* bytes of the line end at the end of a line of n bytes; two CRs before LF come from programs that add one too many */
static unsigned
eol_len(const struct im_lines *l, const char *p, uint64_t n)
{
	unsigned k = 1;

	if (n == 0 || (p[n - 1] != '\n' && (l->eol != IM_EOL_CR || p[n - 1] != '\r')))
		return 0;
	if (p[n - 1] == '\r')
		return 1;
	while (k < n && k < (l->eol == IM_EOL_CR ? 2 : 3) && p[n - 1 - k] == '\r')
		k++;
	return k;
}

/* behind the next line end in [p, end); NULL: not there. A CR that is the last byte may yet be followed by its LF */
static const char *
line_end(const struct im_lines *l, const char *p, const char *end)
{
	if (l->eol == IM_EOL_LF) {
		p = memchr(p, '\n', (size_t)(end - p));
		return p ? p + 1 : NULL;
	}
	while (p < end && *p != '\r' && *p != '\n')
		p++;
	if (p == end || (*p == '\r' && p + 1 == end))
		return NULL;
	return *p == '\r' && p[1] == '\n' ? p + 2 : p + 1;
}

static void
carry(struct im_lines *l, const char *p, size_t n)
{
	size_t max = l->cap + sizeof(l->tail), room = l->carry.n < max ? max - l->carry.n : 0;

	im_buf_add(&l->carry, p, n < room ? n : room);
	l->carry_len += n;
	for (size_t i = n < sizeof(l->tail) ? 0 : n - sizeof(l->tail); i < n; i++) {
		memmove(l->tail, l->tail + 1, sizeof(l->tail) - 1);
		l->tail[sizeof(l->tail) - 1] = p[i];
	}
}

static void
hand_over(struct im_lines *l, const char *p, uint64_t kept, uint64_t raw, unsigned eol)
{
	uint64_t n = raw - eol;

	n = n < kept ? n : kept;
	l->on_line(l->arg, (struct im_str) { p, n < l->cap ? (size_t)n : l->cap }, raw, eol);
}

static void
finish_carry(struct im_lines *l)
{
	uint64_t raw = l->carry_len, known = raw < sizeof(l->tail) ? raw : sizeof(l->tail);
	struct im_buf b = l->carry;

	hand_over(l, b.p, b.n, raw, eol_len(l, l->tail + sizeof(l->tail) - known, known));
	l->carry_len = 0;
	im_buf_clear(&l->carry);
}

static void
feed(struct im_lines *l, const char *p, const char *end)
{
	if (p < end && l->carry_len && l->eol == IM_EOL_CR && l->tail[sizeof(l->tail) - 1] == '\r') {
		if (*p == '\n')
			carry(l, p++, 1);
		finish_carry(l);
	}
	while (p < end && !l->skip) {
		const char *next = line_end(l, p, end);

		if (!next) {
			carry(l, p, (size_t)(end - p));
			return;
		}
		if (l->carry_len) {
			carry(l, p, (size_t)(next - p));
			finish_carry(l);
		} else {
			size_t raw = (size_t)(next - p);

			hand_over(l, p, raw, raw, eol_len(l, p, raw));
		}
		p = next;
	}
}

/* false: cannot be told yet. A CR counts as a line end when something else than CR and LF follows */
static bool
detect(struct im_lines *l, const char *p, size_t n)
{
	size_t i = 0;

	n = n < DETECT ? n : DETECT;
	while (i < n && p[i] != '\r' && p[i] != '\n')
		i++;
	if (i < n && p[i] == '\r') {
		while (i < n && p[i] == '\r')
			i++;
		if (i < n && p[i] != '\n') {
			l->eol = IM_EOL_CR;
			return true;
		}
	}
	if (i == n && n < DETECT)
		return false;
	l->eol = IM_EOL_LF;
	return true;
}

/* the pieces so far are in carry: go through them again */
static void
feed_detected(struct im_lines *l)
{
	size_t n;
	char *first = im_buf_steal(&l->carry, &n);

	l->carry_len = 0;
	feed(l, first, first + n);
	free(first);
}

void
im_lines_feed(struct im_lines *l, const char *p, size_t n)
{
	if (n == 0)
		return;
	if (l->eol == IM_EOL_UNKNOWN && (l->carry.n || !detect(l, p, n))) {
		size_t room = DETECT - l->carry.n, take = n < room ? n : room;

		im_buf_add(&l->carry, p, take);
		p += take;
		n -= take;
		if (!detect(l, l->carry.p, l->carry.n))
			return;
		feed_detected(l);
	}
	feed(l, p, p + n);
}

void
im_lines_end(struct im_lines *l)
{
	if (l->eol == IM_EOL_UNKNOWN && l->carry.n) {
		l->eol = memchr(l->carry.p, '\r', l->carry.n) ? IM_EOL_CR : IM_EOL_LF;
		feed_detected(l);
	}
	if (l->carry_len && !l->skip)
		finish_carry(l);
	im_buf_done(&l->carry);
}
