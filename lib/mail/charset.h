/*
 * charset.h - any charset to UTF-8
 *
 * UTF-8, ASCII, ISO-8859-1/-15 and windows-1252 are done here without iconv (they are nearly all mail and cost
 * nothing to start); the rest by iconv(3) under the names mail uses. An unknown or failing charset falls back
 * to UTF-8 where the bytes are valid UTF-8, else windows-1252. Bytes that do not convert become U+FFFD.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CHARSET_H
#define IM_CHARSET_H

#include "base/buf.h"
#include "base/str.h"

/* im_to_utf8 - append in, which is in charset ("" or NULL: unknown), to out as valid UTF-8 */
void im_to_utf8(struct im_str charset, struct im_str in, struct im_buf *out);

#endif
