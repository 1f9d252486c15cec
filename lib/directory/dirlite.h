/*
 * dirlite.h - the least LDAP client: EXTERNAL over the local socket, one search, a deadline for every step (RFC 4511)
 *
 * For programs that start once per message: ldap_initialize() costs more than a whole delivery (13 million
 * instructions against 0.3). Everything that changes the directory uses libldap (person.h).
 * Hostile or broken answers (garbage, dripping bytes, referral, size limit, two entries) are IM_TEMP, never a result.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DIRLITE_H
#define IM_DIRLITE_H

#include "base/conf.h"
#include "base/err.h"

struct im_mailuser {
	char uid[65];
	uint64_t quota; /* bytes, 0 = none (attribute absent: IM_TEMP only when malformed) */
	bool enabled;
	int64_t expires;  /* seconds UTC, 0 = never */
	char language[8]; /* preferredLanguage, "fr"; "" = unknown */
};

/* im_dirlite_user - whom an address (lower case, without detail) belongs to; IM_NOTFOUND is definitive */
enum im_status im_dirlite_user(
    const struct im_conf *conf, const char *address, struct im_mailuser *ret, struct im_err *err) IM_MUSTUSE;

#endif
