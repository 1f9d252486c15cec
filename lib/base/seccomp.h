/*
 * seccomp.h - the system calls that a confined program keeps; used by confine.c only
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SECCOMP_H
#define IM_SECCOMP_H

#include <stdbool.h>

#include "base/err.h"

/*
 * im_seccomp - load the filter; no_new_privs must be set
 *
 * Files, memory, time, descriptors that are open: allowed. Starting programs, sockets, tracing, kernel interfaces: the
 * process is killed. Everything else fails with EPERM. 'unix_sockets': a client of local servers; a socket of another
 * family fails with EPERM then, as libraries try what there is (libldap asks for the name of this host). Where the kernel has no seccomp, or we have no filter for
 * the machine (only x86_64 and arm64 have one): IM_OK, or IM_CONFIG when 'required'.
 */
enum im_status im_seccomp(bool unix_sockets, bool required, struct im_err *err) IM_MUSTUSE;

#endif
