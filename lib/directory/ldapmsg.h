/*
 * ldapmsg.h - the LDAP messages of a look-up (RFC 4511), without any input or output
 *
 * Pure functions over bytes, so that they are tested and fuzzed alone. Whatever is not exactly what a healthy
 * server answers to these requests is an error, never half a result.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LDAPMSG_H
#define IM_LDAPMSG_H

#include "base/conf.h"
#include "base/err.h"
#include "directory/ber.h"
#include "directory/dirlite.h"

enum { IM_LDAP_MSG_MAX = 4096 };      /* of one answer to the agent: four small attributes are asked for */
enum { IM_LDAP_ENTRY_MAX = 1 << 20 }; /* of one answer that may hold a list with all its members */
enum { IM_LDAP_ID_BIND = 1, IM_LDAP_ID_SEARCH = 2 }; /* whoever searches again counts on from here */

/* SASL EXTERNAL: slapd takes the identity from the socket's peer credentials */
void im_ldap_put_bind(struct im_ber_out *o);

/* entries that have (attribute=value), of that objectClass unless it is NULL */
struct im_ldap_term {
	const char *objectclass, *attribute, *value;
};
struct im_ldap_search {
	uint32_t id;
	const char *branch; /* what stands before ldap_base, with its comma: "ou=people,"; "" */
	const char *ldap_base;
	bool whole;                       /* all below the branch, else one level */
	const struct im_ldap_term *terms; /* one of them must hold */
	size_t nterms;
	int size_limit, time_limit;
	const char *const *attributes; /* NULL-terminated */
};
void im_ldap_put_query(struct im_ber_out *o, const struct im_ldap_search *s);
/* one level below ou=people: (&(objectClass=intimailUser)(mailAlias=address)), at most two entries */
void im_ldap_put_search(struct im_ber_out *o, const char *ldap_base, const char *address, int time_limit);

/* what has been seen of the answer to the search */
struct im_ldap_found {
	int entries;
	struct im_mailuser user; /* of the first entry */
};

/* im_ldap_bind_answer - one whole message; IM_OK when bound */
enum im_status im_ldap_bind_answer(struct im_str msg, struct im_err *err) IM_MUSTUSE;
/*
 * im_ldap_answer - one whole message of the answer to search 'id': an entry, whose attributes are told, or the
 * successful end (*ret_done). All else is IM_TEMP
 */
enum im_status im_ldap_answer(struct im_str msg, uint32_t id, bool *ret_done, struct im_str *ret_attributes,
    struct im_err *err) IM_MUSTUSE;
/* im_ldap_attribute - cut the next one off; values is what im_ber_expect(IM_BER_OCTETS) takes values from */
enum im_status im_ldap_attribute(struct im_str *attributes, struct im_str *ret_name,
    struct im_str *ret_values, struct im_err *err) IM_MUSTUSE;
enum im_status im_ldap_garbage(struct im_err *err); /* "the directory's answer makes no sense" */
enum im_status im_ldap_bad_value(struct im_str name, struct im_err *err); /* "... has a bad or double NAME" */

/* im_ldap_time - "20261231235959Z" (RFC 4517 3.3.13), the one form that our tools write */
bool im_ldap_time(struct im_str s, int64_t *ret) IM_MUSTUSE;
bool im_ldap_bool(struct im_str s, bool *ret) IM_MUSTUSE;

/* im_ldap_search_answer - one whole message; *ret_done when it was the last one. IM_NOTFOUND: done, and no entry came */
enum im_status im_ldap_search_answer(
    struct im_str msg, struct im_ldap_found *found, bool *ret_done, struct im_err *err) IM_MUSTUSE;

#endif
