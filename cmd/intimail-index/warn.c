/*
 * warn.c - the warning of a mailbox that is nearly full, asked for by a timer or after a quota was lowered
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>

#include "directory/dirlite.h"
#include "index.h"
#include "mail/quota.h"
#include "mail/quota_warn.h"

enum { LOCK_WAIT_MS = 20 * 1000 };

static enum im_status
warn(const struct index_run *r, const char *uid, int *ret_level, struct im_err *err)
{
	struct im_mailuser u;
	struct im_usage usage;
	char address[400];

	/* uid@domain is always one of a person's addresses */
	if (!im_fmt(address, sizeof(address), "%s@%s", uid, r->conf.domain))
		return im_fail(err, IM_USAGE, "%s: too long", uid);
	enum im_status st = im_dirlite_user(&r->conf, address, &u, err);
	if (st == IM_NOTFOUND)
		return im_fail(err, st, "there is nobody named '%s'", uid);
	if (st == IM_OK)
		st = im_quota_lock(&r->store, LOCK_WAIT_MS, err);
	if (st != IM_OK)
		return st;
	st = im_quota_usage(&r->store, u.quota, &usage, err);
	if (st == IM_OK) {
		const struct im_quota_warning w = { .address = address,
			.language = u.language,
			.quota = u.quota,
			.before = usage.bytes,
			.after = usage.bytes };

		st = im_quota_warn(&r->conf, &r->store, &w, ret_level, err);
	}
	im_quota_unlock(&r->store);
	return st;
}

enum im_status
index_warn(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct index_run r;
	int level = 0;

	(void)argc;
	enum im_status st = index_begin(ctx, argv[0], &r, err);
	if (st != IM_OK)
		return st;
	st = warn(&r, argv[0], &level, err);
	index_end(&r);
	if (st != IM_OK)
		return st;
	if (ctx->json)
		(void)printf("{\"user\":\"%s\",\"warned\":%d}\n", argv[0], level);
	else if (level > 0)
		(void)printf("%s: warned at %d %%\n", argv[0], level);
	return IM_OK;
}
