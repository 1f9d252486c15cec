/*
 * html_sheet.h - a mail's style sheets in memory: written by html_sheet.c, read by html_match.c and html_media.c
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HTML_SHEET_H
#define IM_HTML_SHEET_H

#include "web/html_int.h"

enum {
	IM_SHEET_COMPOUNDS_MAX = 6,
	IM_SHEET_NAMES_MAX = 4,
	IM_SHEET_SELECTORS_MAX = 2000,
	IM_SHEET_MEDIA_MAX = 200,
	IM_SHEET_MATCHES_MAX = 64,
	IM_SHEET_BUCKETS = 256,
	IM_SHEET_DECLS_MAX = 4096,
	IM_SHEET_BYTES_MAX = 256 * 1024,
	IM_SHEET_STEPS_MAX = 4 * 1000 * 1000
};

/* tag, classes and id that one element must have */
struct im_compound {
	struct im_str tag, id, klass[IM_SHEET_NAMES_MAX];
	size_t nklass;
	bool child; /* of the one to the left: "a > b" */
};

/* "@media screen and (min-width: ...) and (max-width: ...)" in pixels; -1 = none */
struct im_media {
	int min, max;
};

/* a rule below a condition: its declarations stay in a style sheet, elements get a class of ours */
struct im_media_rule {
	struct im_media media;
	struct im_str plain, important;
};

struct im_selector {
	struct im_compound c[IM_SHEET_COMPOUNDS_MAX];
	size_t n;
	unsigned weight; /* specificity (CSS 2.1 6.4.3) */
	unsigned order;
	struct im_str plain, important;
	int media_rule;           /* -1 = none */
	struct im_selector *next; /* in its bucket */
};

struct im_sheet {
	struct im_arena *arena;
	struct im_selector *bucket[IM_SHEET_BUCKETS]; /* by what the rightmost compound names */
	unsigned count;
	struct im_media_rule media[IM_SHEET_MEDIA_MAX];
	int nmedia;
	size_t bytes;
	unsigned long steps;
};

/* im_sheet_bucket - of a selector whose rightmost compound names so: '#', '.', 't' for a tag, '*' */
unsigned im_sheet_bucket(char kind, struct im_str name);

/* im_media_parse - false when the condition has anything but widths in it, or is for paper */
bool im_media_parse(struct im_str prelude, struct im_media *ret);

#endif
