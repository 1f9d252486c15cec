/*
 * charset.h - any charset to UTF-8
 *
 * UTF-8, ASCII, ISO-8859-1/-15 and windows-1252 are done here (they are nearly all mail and cost nothing to start),
 * the other charsets of mail by tables (charset_table.h); what is left by iconv(3) under the names mail uses, which
 * statically linked programs do not have. An unknown or failing charset falls back
 * to UTF-8 where the bytes are valid UTF-8, else windows-1252. Bytes that do not convert become U+FFFD.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CHARSET_H
#define IM_CHARSET_H

#include "base/buf.h"
#include "base/str.h"

enum { IM_CHARSET_NAME_MAX = 40 };

/*
 * im_to_utf8 - append in, which is in charset ("" or NULL: unknown), to out as valid UTF-8
 *
 * Converts in pieces: when out is full, what fitted is there, ended at a character.
 */
void im_to_utf8(struct im_str charset, struct im_str in, struct im_buf *out);

/* im_html_charset - what a <meta> tag near the start of an HTML text says; empty when it says nothing */
struct im_str im_html_charset(struct im_str html);

#endif
