/*
 * alloc.c - memory that is there, and the arena
 *
 * Blocks of an arena double up to 256 KiB, so that a page of a few kilobytes touches few pages and a big one
 * calls malloc seldom. calloc gives zeroed memory for nothing where it comes fresh from the kernel.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/alloc.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { BLOCK_MIN = 4096, BLOCK_MAX = 256 * 1024 };

struct im_arena_block {
	struct im_arena_block *next;
	size_t size, used; /* of data */
	alignas(max_align_t) char data[];
};

static int oom_status = EX_OSERR;

void
im_oom_exit_status(int status)
{
	oom_status = status;
}

static void __attribute__((noreturn)) out_of_memory(void)
{
	static const char msg[] = "out of memory\n";

	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0) {
		/* nobody to tell */
	}
	_exit(oom_status);
}

void *
im_malloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *
im_calloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *
im_realloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (!q)
		out_of_memory();
	return q;
}

char *
im_strdup(const char *s)
{
	return im_strndup(s, strlen(s));
}

char *
im_strndup(const char *s, size_t n)
{
	char *p = im_malloc(n + 1);

	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

static struct im_arena_block *
new_block(struct im_arena *a, size_t n)
{
	size_t size = a->head ? a->head->size * 2 : BLOCK_MIN;
	struct im_arena_block *b;

	if (size > BLOCK_MAX)
		size = BLOCK_MAX;
	if (size < n)
		size = n;
	if (size > SIZE_MAX - sizeof(*b))
		out_of_memory();
	b = im_malloc(sizeof(*b) + size);
	b->size = size;
	b->used = 0;
	/* a block for one big thing goes second: the room left in the first is still of use */
	if (a->head && n > BLOCK_MAX / 4) {
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

/* take - memory as it comes: zeroing what is handed out, not whole blocks, touches no page that is not used */
static void *
take(struct im_arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct im_arena_block *b = a->head;
	void *p;

	if (n > SIZE_MAX - align)
		out_of_memory();
	n = n ? (n + align - 1) & ~(align - 1) : align;
	if (!b || b->size - b->used < n)
		b = new_block(a, n);
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return p;
}

void *
im_arena_alloc(struct im_arena *a, size_t n)
{
	return memset(take(a, n), 0, n ? n : 1);
}

char *
im_arena_strndup(struct im_arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX)
		out_of_memory();
	p = take(a, n + 1);
	if (n)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
im_arena_strdup(struct im_arena *a, const char *s)
{
	return im_arena_strndup(a, s, strlen(s));
}

char *
im_arena_fmt(struct im_arena *a, const char *fmt, ...)
{
	char small[256], *p;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return im_arena_strndup(a, "", 0);
	if ((size_t)n < sizeof(small))
		return im_arena_strndup(a, small, (size_t)n);
	p = im_arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	n = vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		p[0] = '\0';
	return p;
}

void
im_arena_done(struct im_arena *a)
{
	struct im_arena_block *b = a->head, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct im_arena) { 0 };
}
