/*
 * person_form.h - fields that the forms of a new and of a known person share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PERSON_FORM_H
#define PERSON_FORM_H

#include "admin.h"

const char *person_url(struct admin *x, const char *uid);
/* these tell what is wrong beside the field */
void person_read_quota(struct admin *x, uint64_t *ret);
void person_read_expires(struct admin *x, int64_t *ret);
const char *person_password_text(struct admin *x);
void person_languages(struct admin *x, const char *selected);

#endif
