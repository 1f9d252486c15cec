/*
 * reset.h - links that set a new password once
 *
 * <state_dir>/resets/<sha256(token) in hex>: "1", uid, end (seconds). Owned by the settings page's user; made by it (for the
 * administration) or by root (intimail-user reset). A newer link of a person takes the older ones away.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_RESET_H
#define IM_RESET_H

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"

enum { IM_RESET_LIFE_S = 24 * 3600, IM_RESET_FILE_MAX = 160, IM_RESET_FILES_MAX = 5000 };

/* *ret_path: "/reset/<token>", to be put behind https://<hostname> */
enum im_status im_reset_new(const struct im_conf *c, const char *uid, struct im_arena *a,
    const char **ret_path, struct im_err *err) IM_MUSTUSE;
/* im_reset_url - the whole address of such a path, as a browser reaches it */
const char *im_reset_url(const struct im_conf *c, const char *path, struct im_arena *a);
/* im_reset_look - whose link is it? IM_NOTFOUND: used, too old, or never there; they are not told apart */
enum im_status im_reset_look(const struct im_conf *c, const char *token, struct im_arena *a,
    const char **ret_uid, struct im_err *err) IM_MUSTUSE;
/* im_reset_take - the same, and it is used up: of two at once one gets it */
enum im_status im_reset_take(const struct im_conf *c, const char *token, struct im_arena *a,
    const char **ret_uid, struct im_err *err) IM_MUSTUSE;
/* im_reset_give_back - it was taken and nothing was changed by it */
void im_reset_give_back(const struct im_conf *c, const char *token);
/* im_reset_end - it was taken and has done its work */
void im_reset_end(const struct im_conf *c, const char *token);

#endif
