/*
 * err.h - what went wrong, on what, why: filled by the library, shown once by the program
 *
 * No allocation, so that it works when memory is short. Library functions take "struct im_err *err"
 * last, fill it on failure only and leave their outputs untouched then. err may not be NULL.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ERR_H
#define IM_ERR_H

#include "base/status.h"

struct im_err {
	enum im_status st;
	char dsn[12];  /* enhanced status code for a delivery, "" = the status's default */
	char msg[384]; /* one line, no final dot or newline, control characters replaced */
};

/* im_fail - fill *err and return st: return im_fail(err, IM_INVALID, "quota %s: not a size", s); */
enum im_status im_fail(struct im_err *err, enum im_status st, const char *fmt, ...) IM_PRINTF(3, 4);

/* im_fail_dsn - the same with an enhanced status code of its own, e.g. "4.2.2" */
enum im_status im_fail_dsn(struct im_err *err, enum im_status st, const char *dsn, const char *fmt, ...)
    IM_PRINTF(4, 5);

/*
 * im_fail_errno - classify errnum, append ": <strerror>"
 *
 * ENOENT, ENOTDIR -> IM_NOTFOUND; EEXIST -> IM_CONFLICT; EDQUOT -> IM_QUOTA is *not* made here (a full
 * file system is not the recipient's quota): ENOSPC, EDQUOT, EIO and everything else -> IM_TEMP;
 * EACCES, EPERM, EROFS -> IM_TEMP as well (an administrator's mistake must never bounce mail);
 * EINVAL, ENAMETOOLONG -> IM_INVALID.
 */
enum im_status im_fail_errno(struct im_err *err, int errnum, const char *fmt, ...) IM_PRINTF(3, 4);

/* im_err_prefix - put "text: " before the message, where a caller knows more; returns err->st */
enum im_status im_err_prefix(struct im_err *err, const char *fmt, ...) IM_PRINTF(2, 3);

#endif
