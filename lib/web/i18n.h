/*
 * i18n.h - the languages of the pages: gettext catalogues, read as data (no libc locale is needed)
 *
 * Sources are po/<lang>.po, compiled by msgfmt to <share_dir>/locale/<lang>.mo. English is the text itself. A missing
 * translation shows English. A catalogue is untrusted as data: every offset is checked, no text of it is used as a
 * printf format. (.mo: GNU gettext manual 10.3)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_I18N_H
#define IM_I18N_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"

enum { IM_CATALOG_MAX_BYTES = 512 * 1024, IM_LANG_CODE_MAX = 8, IM_LANG_TRIES = 6 };

/* a language; im_lang_en is always there */
struct im_lang {
	char code[IM_LANG_CODE_MAX];
	struct im_str mo;     /* the catalogue; empty: English */
	uint32_t n;           /* strings in it */
	uint32_t orig, trans; /* offsets of the two tables, checked to lie inside */
	bool swapped;         /* the other byte order */
	bool one_below_two;   /* the singular is for 0 and 1 (French); else for 1 alone */
};
extern const struct im_lang im_lang_en;

/* im_lang_choose - by Accept-Language (RFC 9110 12.5.4) among those present, else fallback ("en", "fr"), else English */
const struct im_lang *im_lang_choose(
    const char *share_dir, const char *accept_language, const char *fallback, struct im_arena *a);
/* im_lang_parse - of a catalogue in memory, borrowed as long as the language lives; false: not one */
bool im_lang_parse(struct im_str mo, const char *code, struct im_lang *ret) IM_MUSTUSE;
const char *im_lang_code(const struct im_lang *l); /* "fr" */

struct im_str im_tr_span(const struct im_lang *l, struct im_str msgid);
const char *im_tr(const struct im_lang *l, const char *msgid) __attribute__((format_arg(2)));
/* im_trn - plural: "%d message" / "%d messages", untouched. For texts with a number use im_tr_count */
const char *im_trn(const struct im_lang *l, const char *one, const char *many, uint64_t n);
/* im_tr_count - the same with every %d replaced by n, in the arena */
const char *im_tr_count(
    const struct im_lang *l, const char *one, const char *many, uint64_t n, struct im_arena *a);
/* im_tr_with - the translation of msgid with every %s replaced by text, in the arena */
const char *im_tr_with(const struct im_lang *l, const char *msgid, const char *text, struct im_arena *a);

/* dates and sizes for people, in the arena; times in the process's time zone (tzset done by the caller) */
const char *im_date_short(const struct im_lang *l, int64_t t, int64_t now,
    struct im_arena *a); /* 14:05, Mon 14:05, 3 Nov, 03/11/2019 */
const char *im_date_long(
    const struct im_lang *l, int64_t t, struct im_arena *a); /* Tuesday 24 November 2026, 14:05 */
const char *im_size_for(const struct im_lang *l, uint64_t bytes, struct im_arena *a); /* 1.2 MB, 1,2 Mo */

#endif
