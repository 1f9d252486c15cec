/*
 * protocol.h - Postfix's policy delegation protocol, the side of the server: bytes to requests, without any input
 *
 * SMTPD_POLICY_README: "name=value" lines that end with an empty one; the answer is "action=..." and an empty line.
 * One parser a connection; what is too long, holds a NUL or is no "name=value" makes it refuse for good.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_POLICY_PROTOCOL_H
#define IM_POLICY_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	IM_POLICY_LINE_MAX = 4096, /* Postfix reads SMTP lines of 2048 bytes and may pass one on */
	IM_POLICY_LINES_MAX = 100, /* of a request; Postfix 3.10 sends 35 */
	IM_POLICY_REPLY_MAX = 512
};

enum im_policy_state { IM_POLICY_OTHER, IM_POLICY_RCPT, IM_POLICY_END };

/* what is asked; addresses in lower case, "" where they were not given or are longer than an address can be */
struct im_policy_request {
	enum im_policy_state state;
	char sender[321], recipient[321], login[321];
	uint64_t size, recipients; /* 0 = not told */
	int port;                  /* of the server that asks, 0 = not told */
	bool sender_long, recipient_long;
	bool known; /* request=smtpd_access_policy */
};

struct im_policy_parser {
	struct im_policy_request request;
	size_t n;  /* bytes of the unfinished line */
	int lines; /* of the unfinished request */
	bool bad;
	char line[IM_POLICY_LINE_MAX];
};

void im_policy_begin(struct im_policy_parser *p);
/*
 * im_policy_feed - takes bytes up to the end of a request; returns how many. *ret_whole: p->request is one, until the
 * next call. p->bad: this is not the protocol, nothing more is taken
 */
size_t im_policy_feed(struct im_policy_parser *p, const char *bytes, size_t n, bool *ret_whole);

/* im_policy_reply - "action=550 5.1.1 text": the verdict in SMTP's terms, control characters made harmless; its length */
size_t im_policy_reply(enum im_status st, const struct im_err *err, char ret[static IM_POLICY_REPLY_MAX]);

#endif
