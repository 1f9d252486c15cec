/*
 * err.c - errors as text without allocation
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* text for people comes from file names and mail: keep it to one line that no terminal obeys */
static void
clean(char *s, size_t size)
{
	size_t n = strlen(s);

	if (n == size - 1)
		s[im_utf8_cut((struct im_str) { s, n }, n - 1)] = '\0';
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

static void
fill(struct im_err *err, enum im_status st, const char *dsn, const char *fmt, va_list ap)
{
	char msg[sizeof(err->msg)];

	/* an argument may be the old err->msg */
	if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
		msg[0] = '\0';
	clean(msg, sizeof(msg));
	memcpy(err->msg, msg, strlen(msg) + 1);
	err->st = st;
	if (!im_fmt(err->dsn, sizeof(err->dsn), "%s", dsn))
		err->dsn[0] = '\0';
}

enum im_status
im_fail(struct im_err *err, enum im_status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, st, "", fmt, ap);
	va_end(ap);
	return st;
}

enum im_status
im_fail_dsn(struct im_err *err, enum im_status st, const char *dsn, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(err, st, dsn, fmt, ap);
	va_end(ap);
	return st;
}

static enum im_status
classify(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return IM_NOTFOUND;
	case EEXIST:
		return IM_CONFLICT;
	case EINVAL:
	case ENAMETOOLONG:
		return IM_INVALID;
	default:
		return IM_TEMP;
	}
}

enum im_status
im_fail_errno(struct im_err *err, int errnum, const char *fmt, ...)
{
	const char *why = strerrordesc_np(errnum);
	char what[sizeof(err->msg)];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(what, sizeof(what), fmt, ap) < 0)
		what[0] = '\0';
	va_end(ap);
	return im_fail(err, classify(errnum), "%s: %s", what, why ? why : "unknown error");
}

enum im_status
im_err_prefix(struct im_err *err, const char *fmt, ...)
{
	char dsn[sizeof(err->dsn)], prefix[sizeof(err->msg)];
	va_list ap;

	memcpy(dsn, err->dsn, sizeof(dsn));
	va_start(ap, fmt);
	if (vsnprintf(prefix, sizeof(prefix), fmt, ap) < 0)
		prefix[0] = '\0';
	va_end(ap);
	return im_fail_dsn(err, err->st, dsn, "%s: %s", prefix, err->msg);
}
