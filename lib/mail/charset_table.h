/*
 * charset_table.h - charsets that are a table: converted without iconv(3)
 *
 * Two reasons: iconv_open(3) loads a shared object, which costs more than reading the whole message; and the page
 * programs that are linked statically have no iconv for these at all. The tables are made when intimail is built, by
 * lib/mail/gen/mkcharset.c from iconv itself, and hold only what is one character of the Basic Multilingual Plane.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CHARSET_TABLE_H
#define IM_CHARSET_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct im_charset_table {
	const char *name;       /* as iconv knows it */
	const uint16_t *single; /* [128]: of the bytes 0x80-0xff; 0 where one is none, or begins a pair */
	const uint16_t
	    *pair; /* [126 * 191]: lead 0x81-0xfe, trail 0x40-0xfe; NULL where there are no pairs */
};
extern const struct im_charset_table im_charset_tables[];
extern const size_t im_charset_ntables;

/*
 * im_charset_from_table - append in as UTF-8. A full out ends at a character.
 *
 * False, with nothing appended, when no table knows the charset or, unless 'lenient', the table does not know all of it:
 * then iconv is to be asked. Lenient: what it does not know becomes U+FFFD.
 */
bool im_charset_from_table(const char *name, struct im_str in, bool lenient, struct im_buf *out);

/* im_charset_from_shift - UTF-7, HZ, ISO-2022-KR, for where there is no iconv; false: none of them */
bool im_charset_from_shift(const char *name, struct im_str in, struct im_buf *out);

#endif
