/*
 * owner.h - from root to whom the files belong
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_OWNER_H
#define IM_OWNER_H

#include "base/err.h"

/*
 * im_become_owner_of - be the owner and the group of path from now on, with no way back; name: who that should be, for
 * the messages. A program that is not root stays who it is.
 * IM_CONFIG: path is not there, or is root's; IM_DENIED: neither root nor the owner; IM_TEMP: the kernel refuses.
 * No name service is asked: static programs have none.
 */
enum im_status im_become_owner_of(const char *path, const char *name, struct im_err *err) IM_MUSTUSE;

#endif
