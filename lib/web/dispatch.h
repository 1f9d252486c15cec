/*
 * dispatch.h - from a request to an answer, whatever the transport is
 *
 * app.c prepares the process, finds configuration and session, confines itself; then this. Tests call it without a server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DISPATCH_H
#define IM_DISPATCH_H

#include "web/request.h"

struct im_exchange {
	const struct im_app *app;
	const struct im_wire *wire;
	const struct im_conf *conf;
	struct im_arena *arena;
	struct im_session *session; /* NULL: not signed in */
	enum im_status session_st;  /* IM_DENIED: none; IM_TEMP: could not be read, told by session_err */
	struct im_err session_err;
	const char *static_version; /* of style and script, for their URLs */

	/* made by im_dispatch */
	struct im_request request;
	struct im_response response;
	struct im_err err; /* what the log says, when log_status >= 400 */
	int log_status;
	struct im_buf head, body; /* the answer; empty body for HEAD. Owned: im_exchange_done */
};

/* im_dispatch - always leaves a complete answer in head and body; response.stream is to be called by the transport */
void im_dispatch(struct im_exchange *x);
/* im_exchange_fail - the same for a request that cannot be looked at: no configuration, no confinement */
void im_exchange_fail(struct im_exchange *x, enum im_status st);
void im_exchange_done(struct im_exchange *x);

#endif
