/*
 * two_step.h - the second step of a sign-in, as the directory keeps it: a secret and hashes of recovery codes
 *
 * A person sets both and cannot read them; only the sign-in page (cn=auth) reads them and takes used codes away.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TWO_STEP_H
#define IM_TWO_STEP_H

#include <stdbool.h>

#include "base/alloc.h"
#include "directory/directory.h"

struct im_two_step {
	const char *secret; /* base32, NULL: signing in takes one step */
	const char **recovery;
	int nrecovery; /* hashes of unused codes */
};

/* as the sign-in page: IM_OK with secret NULL for a person without a second step */
enum im_status im_two_step_get(struct im_dir *d, const char *uid, struct im_arena *a, struct im_two_step *ret,
    struct im_err *err) IM_MUSTUSE;
/* is there a second step, for whoever may search but not read: the person, administrators */
enum im_status im_two_step_is_on(struct im_dir *d, const char *uid, bool *ret, struct im_err *err) IM_MUSTUSE;
/* secret NULL: leave the one that is there; hashes replace all codes */
enum im_status im_two_step_set(struct im_dir *d, const char *uid, const char *secret,
    const char *const *hashes, int n, struct im_err *err) IM_MUSTUSE;
enum im_status im_two_step_remove(struct im_dir *d, const char *uid, struct im_err *err) IM_MUSTUSE;
/* im_two_step_use - take a recovery code away; IM_NOTFOUND: there is none such (any more), so of two at once one wins */
enum im_status im_two_step_use(
    struct im_dir *d, const char *uid, const char *hash, struct im_err *err) IM_MUSTUSE;

#endif
