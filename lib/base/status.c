/*
 * status.c - the one table of results
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/status.h"

#include <sysexits.h>

static const struct {
	const char *name, *dsn;
	int cli, http;
} table[IM_NSTATUS] = {
	[IM_OK] = { "ok", "2.0.0", 0, 200 },
	[IM_USAGE] = { "wrong usage", "4.3.5", EX_USAGE, 400 },
	[IM_INVALID] = { "invalid data", "4.6.0", EX_DATAERR, 400 },
	[IM_NOTFOUND] = { "not found", "5.1.1", EX_NOUSER, 404 },
	[IM_QUOTA] = { "over the limit", "5.2.2", EX_UNAVAILABLE, 413 },
	[IM_DENIED] = { "not allowed", "5.7.1", EX_NOPERM, 403 },
	[IM_CONFLICT] = { "conflict", "4.3.0", EX_CANTCREAT, 409 },
	[IM_TEMP] = { "try again later", "4.3.0", EX_TEMPFAIL, 503 },
	[IM_CONFIG] = { "configuration error", "4.3.5", EX_CONFIG, 500 },
	[IM_BUG] = { "internal error", "4.3.0", EX_SOFTWARE, 500 },
};

/* a number outside the enumeration is a defect of the caller, and shown as one */
static enum im_status
known(enum im_status st)
{
	return (unsigned)st < IM_NSTATUS ? st : IM_BUG;
}

const char *
im_status_name(enum im_status st)
{
	return table[known(st)].name;
}

int
im_exit_cli(enum im_status st)
{
	return table[known(st)].cli;
}

int
im_exit_pipe(enum im_status st)
{
	switch (known(st)) {
	case IM_OK:
	case IM_NOTFOUND:
	case IM_QUOTA:
	case IM_DENIED:
		return table[st].cli;
	default:
		return EX_TEMPFAIL;
	}
}

const char *
im_status_dsn(enum im_status st)
{
	return table[known(st)].dsn;
}

int
im_http(enum im_status st)
{
	return table[known(st)].http;
}
