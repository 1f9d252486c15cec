/*
 * when.h - an end as people type it and read it: "14d", "2026-12-31", "never"
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_WHEN_H
#define IM_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/*
 * im_when_parse - "12h", "14d", "2w" from now; "YYYY-MM-DD" (the last second of that day) and "YYYY-MM-DD HH:MM" in
 * local time; "never". *ret in seconds UTC, 0 = never. False: another form, no such day, not after now, or after 9999.
 */
bool im_when_parse(const char *s, int64_t now, int64_t *ret) IM_MUSTUSE;
/* im_when_text - "2026-12-31 23:59" in local time, "never" for 0; returns dst */
char *im_when_text(int64_t t, char dst[static 24]);

/* the same as generalizedTime in UTC (RFC 4517 3.3.13), "20261231225959Z" */
char *im_when_ldap(int64_t t, char dst[static 24]);

/* what im_when_parse() accepts, for messages */
#define IM_WHEN_FORMS "14d, 12h, 2w, 2026-12-31, \"2026-12-31 18:00\" or never, in the future"

#endif
