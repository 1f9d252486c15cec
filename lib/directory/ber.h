/*
 * ber.h - the Basic Encoding Rules as far as LDAP uses them (X.690, RFC 4511 5.1): definite lengths, one-byte tags
 *
 * A reader over a borrowed span that never looks outside of it, and a writer into a fixed array. Both refuse
 * instead of guessing; the writer keeps a flag, so that a request is built freely and checked once.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_BER_H
#define IM_BER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* universal tags that LDAP uses */
enum {
	IM_BER_BOOLEAN = 0x01,
	IM_BER_INTEGER = 0x02,
	IM_BER_OCTETS = 0x04,
	IM_BER_ENUM = 0x0a,
	IM_BER_SEQUENCE = 0x30,
	IM_BER_SET = 0x31
};

/*
 * im_ber_frame - how long is the element that begins at p?
 * 0: more bytes are needed to tell, -1: not an element or longer than max; else the whole length, header included
 * (which may be more than n).
 */
long im_ber_frame(const void *p, size_t n, size_t max);

/* im_ber_next - cut the next element off *b: its tag and content; false at the end and when malformed (*b unchanged) */
bool im_ber_next(struct im_str *b, int *ret_tag, struct im_str *ret) IM_MUSTUSE;
/* im_ber_expect - the same, and it must have this tag */
bool im_ber_expect(struct im_str *b, int tag, struct im_str *ret) IM_MUSTUSE;
/* im_ber_number - an INTEGER or ENUMERATED (by tag), 1 to 4 content bytes, not negative */
bool im_ber_number(struct im_str *b, int tag, uint32_t *ret) IM_MUSTUSE;

struct im_ber_out {
	uint8_t *p;
	size_t n, cap;
	bool full; /* something did not fit: the request must not be sent */
};

/* im_ber_open - begin a constructed element, give what it returns to im_ber_close; lengths are always three bytes */
size_t im_ber_open(struct im_ber_out *o, int tag);
void im_ber_close(struct im_ber_out *o, size_t mark);
void im_ber_put(struct im_ber_out *o, int tag, struct im_str content); /* at most 65535 bytes */
void im_ber_put_number(struct im_ber_out *o, int tag, uint32_t v);     /* INTEGER, ENUMERATED */

#endif
