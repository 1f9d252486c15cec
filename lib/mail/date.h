/*
 * date.h - the Date field (RFC 5322 3.3, 4.3) in all the forms that are met
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DATE_H
#define IM_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* im_date_parse - seconds UTC (negative before 1970); false when it is no date */
bool im_date_parse(struct im_str raw, int64_t *ret) IM_MUSTUSE;

/* im_date_local - "YYYY-MM-DD HH:MM:SS" in the process's time zone (tzset done by the caller) */
void im_date_local(int64_t t, char dst[static 20]);

#endif
