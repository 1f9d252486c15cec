/*
 * policy.h - intimail-policy: what its parts share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CMD_POLICY_H
#define IM_CMD_POLICY_H

#include <signal.h>

#include "base/conf.h"
#include "directory/resolve.h"
#include "policy/sent.h"

enum {
	POLICY_CLIENTS = 400,
	POLICY_IDLE_MS = 400 * 1000, /* Postfix closes its end after 300 s (smtpd_policy_service_max_idle) */
	POLICY_REQUEST_MS = 10 * 1000, /* for the rest of a request that began, for taking an answer */
	POLICY_SAVE_MS = 10 * 1000
};

struct policy {
	const char *file; /* intimail.conf */
	struct im_conf conf;
	struct im_resolver *resolver;
	struct im_sent *sent;
	int state_fd; /* <state_dir>/policy */
	int listener;
	sigset_t wait_mask; /* signals are let in while waiting only */
};

extern volatile sig_atomic_t policy_end, policy_reload;

/* policy_serve - until policy_end is set */
void policy_serve(struct policy *p);
void policy_save(struct policy *p);
/* policy_reread - the configuration anew; a bad one is told and the old one stays */
void policy_reread(struct policy *p);

#endif
