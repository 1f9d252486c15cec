/*
 * ldaplink.h - a connection to slapd's local socket, as oneself, without libldap
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LDAPLINK_H
#define IM_LDAPLINK_H

#include "base/conf.h"
#include "base/err.h"
#include "directory/ber.h"

/* zero-initialise with fd -1, conf, in, cap, max. max > cap: 'in' comes from im_malloc and grows up to max */
struct im_ldap_link {
	const struct im_conf *conf;
	int fd;            /* -1: not connected */
	bool late;         /* the last failure was that slapd did not answer in time */
	int64_t end;       /* of the whole look-up, monotonic milliseconds */
	int64_t step_end;  /* of what is being waited for */
	size_t have, used; /* bytes in 'in', bytes of them already looked at */
	char *in;
	size_t cap, max;
};

/* im_ldap_link_begin - a look-up begins: the time for all that follows runs from here */
void im_ldap_link_begin(struct im_ldap_link *l);
/* im_ldap_link_open - connect and bind; closed again when that fails */
enum im_status im_ldap_link_open(struct im_ldap_link *l, struct im_err *err) IM_MUSTUSE;
enum im_status im_ldap_link_send(
    struct im_ldap_link *l, const struct im_ber_out *o, struct im_err *err) IM_MUSTUSE;
/* im_ldap_link_read - the next whole message, borrowed until the next call */
enum im_status im_ldap_link_read(struct im_ldap_link *l, struct im_str *ret, struct im_err *err) IM_MUSTUSE;
void im_ldap_link_close(struct im_ldap_link *l);

#endif
