/*
 * ldaprecipient.h - an entry of the directory as a recipient: pure, from the attributes of one answer
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_LDAPRECIPIENT_H
#define IM_LDAPRECIPIENT_H

#include "base/alloc.h"
#include "base/err.h"
#include "base/str.h"
#include "directory/resolve.h"

/* what to ask for; NULL-terminated */
extern const char *const im_ldap_recipient_attributes[];

/*
 * im_ldap_recipient - IM_OK and a whole recipient, or IM_TEMP: a value that is missing, double or malformed must
 * neither bounce mail nor let it pass. Owners that are nobody below ou=people are left out.
 */
enum im_status im_ldap_recipient(struct im_str attributes, const char *ldap_base, struct im_arena *a,
    struct im_recipient *ret, struct im_err *err) IM_MUSTUSE;

#endif
