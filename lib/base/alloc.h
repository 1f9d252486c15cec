/*
 * alloc.h - memory that is there, and an arena for what lives as long as a request
 *
 * Sizes that come from outside are capped by their callers (every parser publishes its limits), so running
 * out of memory is the machine's trouble, not an attacker's lever: the process ends through one hook.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ALLOC_H
#define IM_ALLOC_H

#include <stddef.h>

/* im_oom_exit_status - what _exit(2) gets when memory ends: 71 (default; pipe(8) defers) */
void im_oom_exit_status(int status);

void *im_malloc(size_t n) __attribute__((malloc, returns_nonnull));
void *im_calloc(size_t n, size_t size) __attribute__((malloc, returns_nonnull));
void *im_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *im_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *im_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));

/*
 * An arena: allocations are never freed one by one, only all at once. Zero-initialise it
 * (struct im_arena a = {0};), release with im_arena_done(). Memory is zeroed and aligned for any type.
 */
struct im_arena {
	struct im_arena_block *head;
	size_t used; /* bytes handed out, for limits */
};

void *im_arena_alloc(struct im_arena *a, size_t n) __attribute__((returns_nonnull));
char *im_arena_strndup(struct im_arena *a, const char *s, size_t n) __attribute__((returns_nonnull));
char *im_arena_strdup(struct im_arena *a, const char *s) __attribute__((returns_nonnull));
char *im_arena_fmt(struct im_arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), returns_nonnull));
void im_arena_done(struct im_arena *a);

#endif
