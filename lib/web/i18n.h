/*
 * i18n.h - the languages of the pages: gettext catalogues, read as data (no libc locale is needed)
 *
 * Sources are po/<lang>.po, compiled by msgfmt to <share_dir>/locale/<lang>.mo. English is the text itself. A missing
 * translation shows English. (.mo: GNU gettext manual 10.3)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_I18N_H
#define IM_I18N_H

#include <stdint.h>

#include "base/alloc.h"
#include "base/str.h"

struct im_lang; /* a language; IM_EN is always there */
extern const struct im_lang im_lang_en;

/* im_lang_choose - by Accept-Language (RFC 9110 12.5.4) among those present, else fallback ("en", "fr") */
const struct im_lang *im_lang_choose(const char *share_dir, const char *accept_language, const char *fallback, struct im_arena *a);
const char *im_lang_code(const struct im_lang *l); /* "fr" */

struct im_str im_tr_span(const struct im_lang *l, struct im_str msgid);
const char *im_tr(const struct im_lang *l, const char *msgid);
/* im_trn - plural: "%d message" / "%d messages"; the caller formats with n */
const char *im_trn(const struct im_lang *l, const char *one, const char *many, uint64_t n);

/* dates and sizes for people, in the arena */
const char *im_date_short(const struct im_lang *l, int64_t t, int64_t now, struct im_arena *a); /* 14:05, Mon 14:05, 3 Nov, 03/11/2019 */
const char *im_date_long(const struct im_lang *l, int64_t t, struct im_arena *a);  /* Tuesday 24 November 2026, 14:05 */
const char *im_size_for(const struct im_lang *l, uint64_t bytes, struct im_arena *a); /* 1.2 MB, 1,2 Mo */

#endif
