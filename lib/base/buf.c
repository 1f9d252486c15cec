/*
 * buf.c - the growing buffer
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { FIRST = 256 };

static char empty[1]; /* never written to */

void
im_buf_init(struct im_buf *b, size_t max)
{
	*b = (struct im_buf) { .p = empty, .max = max };
}

void
im_buf_done(struct im_buf *b)
{
	if (b->cap)
		free(b->p);
	im_buf_init(b, b->max);
}

void
im_buf_clear(struct im_buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->cap)
		b->p[0] = '\0';
}

/* room for n bytes and the NUL; false (and full) when that would pass the maximum */
static bool
reserve(struct im_buf *b, size_t n)
{
	size_t need, cap;

	if (n > b->max || b->n > b->max - n) {
		b->full = true;
		return false;
	}
	need = b->n + n + 1;
	if (need <= b->cap)
		return true;
	cap = b->cap ? b->cap : FIRST;
	while (cap < need)
		cap += cap / 2 + FIRST;
	if (cap > b->max + 1 && b->max + 1 >= need)
		cap = b->max + 1;
	b->p = im_realloc(b->cap ? b->p : NULL, cap);
	b->cap = cap;
	return true;
}

void
im_buf_add(struct im_buf *b, const void *p, size_t n)
{
	if (n == 0 || !reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
im_buf_adds(struct im_buf *b, const char *s)
{
	im_buf_add(b, s, strlen(s));
}

void
im_buf_add_str(struct im_buf *b, struct im_str s)
{
	im_buf_add(b, s.p, s.n);
}

void
im_buf_addc(struct im_buf *b, char c)
{
	if (b->cap - b->n < 2 && !reserve(b, 1))
		return;
	if (b->n >= b->max) {
		b->full = true;
		return;
	}
	b->p[b->n++] = c;
	b->p[b->n] = '\0';
}

void
im_buf_addf(struct im_buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->full = true;
		return;
	}
	if ((size_t)n < sizeof(small)) {
		im_buf_add(b, small, (size_t)n);
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n > 0)
		b->n += (size_t)n;
}

struct im_str
im_buf_str(const struct im_buf *b)
{
	return (struct im_str) { b->p, b->n };
}

char *
im_buf_steal(struct im_buf *b, size_t *ret_n)
{
	char *p = b->cap ? b->p : im_calloc(1, 1);

	if (ret_n)
		*ret_n = b->n;
	im_buf_init(b, b->max);
	return p;
}
