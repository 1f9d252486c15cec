/*
 * sent.h - what each person sent in the last 24 hours: recipients and bytes, in hourly buckets
 *
 * In memory; saved as lines "uid hour recipients bytes" (hour: since 1970), each hour of each person one.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_POLICY_SENT_H
#define IM_POLICY_SENT_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { IM_SENT_PEOPLE = 5000, IM_SENT_FILE_MAX = 16 * 1024 * 1024 };

struct im_sent_total {
	uint64_t recipients, bytes;
};

struct im_sent;
struct im_sent *im_sent_new(void);
void im_sent_free(struct im_sent *s);

void im_sent_add(struct im_sent *s, const char *uid, uint64_t recipients, uint64_t bytes, int64_t now);
struct im_sent_total im_sent_total(const struct im_sent *s, const char *uid, int64_t now);
/* im_sent_changed - since the last time it was saved */
bool im_sent_changed(const struct im_sent *s);

/* im_sent_parse - add what a file says; lines that make no sense are passed over, and the number of them returned */
int im_sent_parse(struct im_sent *s, struct im_str text, int64_t now);
/* no file: nothing was sent yet */
enum im_status im_sent_load(
    struct im_sent *s, int dirfd, const char *name, int64_t now, struct im_err *err) IM_MUSTUSE;
enum im_status im_sent_save(
    struct im_sent *s, int dirfd, const char *name, int64_t now, struct im_err *err) IM_MUSTUSE;

#endif
