/*
 * session.h - sign-in sessions as files, and the token against forged forms
 *
 * Cookie "__Host-im": 32 random bytes, base64url. The file <state_dir>/sessions/<sha256(token) in hex> has a fixed layout
 * (version, uid, created, secret) and its mtime is the last use (touched at most once a minute); a stolen copy of the
 * directory holds no usable token. Idle and absolute limits from the configuration.
 * CSRF token = HMAC-SHA256(secret, "csrf"), base64url; compared in constant time.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SESSION_H
#define IM_SESSION_H

#include "base/conf.h"
#include "base/err.h"
#include "web/app.h"

enum im_status im_session_create(const struct im_conf *c, const char *uid, struct im_arena *a, const char **ret_token, struct im_err *err) IM_MUSTUSE;
/* IM_DENIED: none, forged, expired */
enum im_status im_session_load(const struct im_conf *c, const char *token, struct im_session *ret, struct im_err *err) IM_MUSTUSE;
void im_session_end(const struct im_conf *c, const struct im_session *s);
const char *im_session_csrf(const struct im_session *s, struct im_arena *a);
bool im_session_csrf_ok(const struct im_session *s, const char *token);

/*
 * Throttle of sign-ins, small files under flock in <state_dir>/throttle: per account, per address (/24, /64) and in all.
 * After 5 failures: 1, 2, 4 ... 60 seconds. ret_wait > 0: refuse with 429 and Retry-After. Never a permanent lock; a
 * browser that signed in before (device cookie "__Host-imdev", HMAC of uid) passes the per-account delay.
 */
enum im_status im_throttle_check(const struct im_conf *c, const char *account, const char *addr, bool known_device, int *ret_wait, struct im_err *err) IM_MUSTUSE;
void im_throttle_failed(const struct im_conf *c, const char *account, const char *addr);
void im_throttle_ok(const struct im_conf *c, const char *account);

#endif
