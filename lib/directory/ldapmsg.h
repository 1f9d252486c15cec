/*
 * ldapmsg.h - the LDAP messages of one look-up (RFC 4511), without any input or output: what dirlite.c sends and reads
 *
 * Pure functions over bytes, so that they are tested and fuzzed alone. Whatever is not exactly what a healthy
 * server answers to these two requests is an error, never half a result.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LDAPMSG_H
#define IM_LDAPMSG_H

#include "base/conf.h"
#include "base/err.h"
#include "directory/ber.h"
#include "directory/dirlite.h"

enum { IM_LDAP_MSG_MAX = 4096 }; /* of one answer: four small attributes are asked for */
enum { IM_LDAP_ID_BIND = 1, IM_LDAP_ID_SEARCH = 2 };

/* SASL EXTERNAL: slapd takes the identity from the socket's peer credentials */
void im_ldap_put_bind(struct im_ber_out *o);
/* one level below ou=people: (&(objectClass=intimailUser)(mailAlias=address)), at most two entries */
void im_ldap_put_search(struct im_ber_out *o, const char *ldap_base, const char *address, int time_limit);

/* what has been seen of the answer to the search */
struct im_ldap_found {
	int entries;
	struct im_mailuser user; /* of the first entry */
};

/* im_ldap_bind_answer - one whole message; IM_OK when bound */
enum im_status im_ldap_bind_answer(struct im_str msg, struct im_err *err) IM_MUSTUSE;
/* im_ldap_search_answer - one whole message; *ret_done when it was the last one. IM_NOTFOUND: done, and no entry came */
enum im_status im_ldap_search_answer(
    struct im_str msg, struct im_ldap_found *found, bool *ret_done, struct im_err *err) IM_MUSTUSE;

#endif
