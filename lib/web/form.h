/*
 * form.h - application/x-www-form-urlencoded: queries and forms (WHATWG URL 5.1)
 *
 * Stricter than browsers are: a broken percent sign, bytes that are no UTF-8 and NUL are refused, not repaired.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_FORM_H
#define IM_FORM_H

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"

struct im_form {
	size_t n;
	struct im_field {
		const char *name, *value;
	} * fields;
};

/* im_form_parse - at most max fields; *ret and its strings live in the arena. IM_INVALID with the reason */
enum im_status im_form_parse(
    struct im_str text, size_t max, struct im_arena *a, struct im_form *ret, struct im_err *err) IM_MUSTUSE;
const char *im_form_get(
    const struct im_form *f, const char *name); /* the first of that name; NULL when absent */

/*
 * im_percent_decode - into the arena, ended by NUL; NULL for a broken sequence, a NUL or bytes that are no UTF-8
 * plus: '+' means a space
 */
char *im_percent_decode(struct im_str text, bool plus, struct im_arena *a);

/* im_cookie_get - the value of the first cookie of that name in a Cookie field (RFC 6265 4.2.1), in the arena */
const char *im_cookie_get(const char *field, const char *name, struct im_arena *a);

#endif
