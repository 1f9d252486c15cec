/*
 * address.h - addresses and address lists (RFC 5322 3.4, groups, obsolete forms, what people send)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_ADDRESS_H
#define IM_ADDRESS_H

#include <stdbool.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

enum {
	IM_ADDRESS_MAX = 1000,      /* addresses of one list */
	IM_ADDRESS_MAX_BYTES = 400, /* of one address: RFC 5321 4.5.3.1.3 has 256 */
	IM_ADDRESS_NAME_MAX_BYTES = 1000
};

struct im_address {
	const char *name; /* decoded display name, "" where there is none */
	const char *addr; /* local@domain, domain in lower case, or a local name; "" never occurs */
};

struct im_addresses {
	struct im_address *a;
	int n;
	bool cut; /* there were more than the limit */
};

/*
 * im_addresses_parse - a raw To, From, Cc ... field; memory in arena
 *
 * Groups are flattened, entries without an address left out. A single word ("root", "<MAILER-DAEMON>") is an address.
 */
void im_addresses_parse(struct im_arena *arena, struct im_str raw, struct im_addresses *ret);

/* im_addresses_first - the same, no more than max addresses (a list shows two or three of thousands) */
void im_addresses_first(struct im_arena *arena, struct im_str raw, int max, struct im_addresses *ret);

/*
 * im_addresses_text - 'Name <a@b>, c@d' as one UTF-8 line for display, at most max bytes, "…" where cut
 * Names are shown without their '<' and '>': an address in a name must not look like the address.
 */
void im_addresses_text(const struct im_addresses *l, size_t max, struct im_buf *out);

/*
 * im_rcpt_split - an envelope recipient "local+detail@domain" into its parts, all in lower case
 * Refuses (false) what is longer than RFC 5321 4.5.3.1 allows or holds control characters.
 */
struct im_rcpt {
	char address[321]; /* local@domain without detail */
	char local[65];
	char detail[65]; /* "" where there is none */
	char domain[256];
};
bool im_rcpt_split(const char *recipient, struct im_rcpt *ret) IM_MUSTUSE;

#endif
