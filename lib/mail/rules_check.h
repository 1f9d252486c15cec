/*
 * rules_check.h - the parts of rules.h: text to rules and back, and what may be in them
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_RULES_CHECK_H
#define IM_RULES_CHECK_H

#include "base/buf.h"
#include "mail/rules.h"

enum { IM_RULES_CONTAINS_MAX = 200, IM_RULES_SUBJECT_MAX = 200, IM_RULES_ADDRESS_MAX = 254 };

/* im_rules_parse - a file's text; IM_INVALID tells the line. Strings live in a */
enum im_status im_rules_parse(
    struct im_str text, struct im_arena *a, struct im_rules *ret, struct im_err *err) IM_MUSTUSE;
/* im_rules_print - the file that says the same */
void im_rules_print(const struct im_rules *r, struct im_buf *b);
const char *im_rules_version(struct im_arena *a, struct im_str text);

/* im_rules_check - IM_INVALID with a text for people; uid and domain may be NULL (forwarding to oneself is not looked for) */
enum im_status im_rules_check(
    const struct im_rules *r, const char *uid, const char *domain, struct im_err *err) IM_MUSTUSE;
/* im_rules_address_valid - one plain address, in ASCII, that may be forwarded to */
bool im_rules_address_valid(const char *address);

#endif
