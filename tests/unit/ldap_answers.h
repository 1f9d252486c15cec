/*
 * ldap_answers.h - what a directory server answers, made with our own writer
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LDAP_ANSWERS_H
#define LDAP_ANSWERS_H

#include <check.h>
#include <string.h>

#include "directory/ber.h"
#include "directory/ldapmsg.h"

struct reply {
	uint8_t b[8192];
	struct im_ber_out o;
	size_t msg, op;
};

static inline void
begin(struct reply *r, uint32_t id, int op)
{
	r->o.p = r->b;
	r->o.cap = sizeof(r->b);
	r->msg = im_ber_open(&r->o, IM_BER_SEQUENCE);
	im_ber_put_number(&r->o, IM_BER_INTEGER, id);
	r->op = im_ber_open(&r->o, op);
}

static inline void
end(struct reply *r)
{
	im_ber_close(&r->o, r->op);
	im_ber_close(&r->o, r->msg);
	ck_assert(!r->o.full);
}

static inline void
result(struct reply *r, uint32_t id, int op, uint32_t code)
{
	begin(r, id, op);
	im_ber_put_number(&r->o, IM_BER_ENUM, code);
	im_ber_put(&r->o, IM_BER_OCTETS, IM_STR(""));
	im_ber_put(&r->o, IM_BER_OCTETS, IM_STR("text"));
	end(r);
}

/* attributes: name, value, name, value ... NULL; an equal name that follows is a second value */
static inline void
entry(struct reply *r, const char *const *a)
{
	begin(r, IM_LDAP_ID_SEARCH, 0x64);
	im_ber_put(&r->o, IM_BER_OCTETS, IM_STR("uid=x,ou=people,dc=example,dc=org"));
	size_t list = im_ber_open(&r->o, IM_BER_SEQUENCE);
	while (*a) {
		const char *name = *a;
		size_t one = im_ber_open(&r->o, IM_BER_SEQUENCE);
		im_ber_put(&r->o, IM_BER_OCTETS, im_str(name));
		size_t set = im_ber_open(&r->o, IM_BER_SET);
		for (; *a && strcmp(*a, name) == 0; a += 2)
			im_ber_put(&r->o, IM_BER_OCTETS, im_str(a[1]));
		im_ber_close(&r->o, set);
		im_ber_close(&r->o, one);
	}
	im_ber_close(&r->o, list);
	end(r);
}

#endif
