/*
 * archive.h - the mail of somebody who was deleted
 *
 * It leaves the place where a later person of the same name would find it: <mail_root>/<uid> becomes
 * <mail_root>/.archive/<uid>.<YYYYMMDD>T<HHMMSS>Z (UTC), durably. By root; that the person is gone is the caller's care.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ARCHIVE_H
#define IM_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"

/* im_archive_mail - *ret: its new place, in the arena; NULL: there was no mail */
enum im_status im_archive_mail(const struct im_conf *conf, const char *uid, struct im_arena *a,
    const char **ret, struct im_err *err) IM_MUSTUSE;
/*
 * im_archive_purge - the same, and then it is removed, as the owner of mail_root; IM_OK too when there was no mail. What
 * an interruption leaves lies in the archive
 */
enum im_status im_archive_purge(const struct im_conf *conf, const char *uid, struct im_err *err) IM_MUSTUSE;

/*
 * im_archive_expire - archives older than archive_keep (told by their names) are removed, each told by its path; dry_run:
 * told only. What has another name is left alone
 */
typedef void im_archive_fn(const char *place, void *arg);
enum im_status im_archive_expire(const struct im_conf *conf, int64_t now, bool dry_run, im_archive_fn *fn,
    void *arg, struct im_err *err) IM_MUSTUSE;

#endif
