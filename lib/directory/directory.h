/*
 * directory.h - a connection to the directory, as oneself or as a person
 *
 * slapd knows the caller by its UNIX identity (SASL EXTERNAL over the local socket) and decides everything: root is the
 * directory's root, a service sees what it needs, a UNIX user whose number stands in a person's entry is that person.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_DIRECTORY_H
#define IM_DIRECTORY_H

#include "base/conf.h"
#include "base/err.h"

struct im_dir; /* a bound connection */

enum im_status im_dir_open(const struct im_conf *conf, struct im_dir **ret, struct im_err *err) IM_MUSTUSE;
/*
 * im_dir_open_as - with the rights of a person, by proxied authorization (the authorization identity of the EXTERNAL
 * bind). Allowed to root and to the settings and administration pages (authzTo of cn=pages). uid NULL: as oneself.
 * IM_DENIED when this process may not act as that person, or there is none.
 */
enum im_status im_dir_open_as(
    const struct im_conf *conf, const char *uid, struct im_dir **ret, struct im_err *err) IM_MUSTUSE;
void im_dir_close(struct im_dir *d);

#endif
