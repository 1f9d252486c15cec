/*
 * account.c - the rules that the agent shares, apart so that it need not carry the others
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/str.h"
#include "policy/admit.h"

bool
im_admit_account(bool enabled, int64_t expires, int64_t now)
{
	return enabled && (expires == 0 || expires > now);
}

enum im_status
im_admit_full(const struct im_conf *conf, const char *address, uint64_t used, uint64_t quota, uint64_t size,
    struct im_err *err)
{
	char used_text[16], quota_text[16], size_text[16], what[64] = "";
	bool defer = conf->over_quota == IM_OVER_QUOTA_DEFER;

	if (size > 0 && !im_fmt(what, sizeof(what), "; this message of %s does not fit%s",
			    im_size_text(size, size_text), defer ? " and is tried again later" : ""))
		what[0] = '\0';
	return im_fail_dsn(err, IM_QUOTA, defer ? "4.2.2" : "5.2.2",
	    "The mailbox of %s is full (%s of %s used)%s", address, im_size_text(used, used_text),
	    im_size_text(quota, quota_text), what);
}
