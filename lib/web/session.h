/*
 * session.h - sign-in sessions as files, and the tokens against forged forms
 *
 * Cookie "__Host-im": 32 random bytes, base64url. The file <state_dir>/sessions/<sha256(token) in hex> has a fixed layout
 * (version, uid, created, secret, end, preferences, address, browser) and its mtime is the last use (touched at most once a
 * minute); a stolen copy of the directory holds no usable token. Idle and absolute limits from the configuration. The
 * directory belongs to the sign-in page's user and group, mode 2770; the mail pages, settings and administration have that
 * group. A file of an older layout counts as ended.
 * CSRF token = HMAC-SHA256(secret, "csrf"), base64url; compared in constant time. Pages show it masked (token.h).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SESSION_H
#define IM_SESSION_H

#include "base/conf.h"
#include "base/err.h"
#include "web/app.h"

#define IM_COOKIE_SESSION "__Host-im"
#define IM_COOKIE_PRESESSION "__Host-imlogin" /* against forged sign-ins; lives as long as the browser */
#define IM_COOKIE_DEVICE "__Host-imdev"       /* this browser has signed in before */

enum {
	IM_SESSION_FILE_MAX = 768,
	IM_SESSION_TOUCH_S = 60,
	IM_SESSION_SWEEP_MAX = 500,
	IM_SESSION_LIST_MAX = 200,
	IM_SESSION_ID_CHARS = 16 /* of the file's name: enough to tell sessions apart, no way to the token */
};

/* what is known of a person when a session begins; NULL = nothing */
struct im_session_new {
	const char *uid;
	int64_t ends; /* seconds, 0 = no end of its own */
	const char *language, *look, *density, *timezone;
	bool admin;
	const char *address,
	    *agent; /* REMOTE_ADDR; the browser's User-Agent, of which a few words are kept */
};
enum im_status im_session_create(const struct im_conf *c, const struct im_session_new *n, struct im_arena *a,
    const char **ret_token, struct im_err *err) IM_MUSTUSE;
/* IM_DENIED: none, forged, expired; IM_TEMP: the sessions cannot be read */
enum im_status im_session_load(
    const struct im_conf *c, const char *token, struct im_session *ret, struct im_err *err) IM_MUSTUSE;
void im_session_end(const struct im_conf *c, const struct im_session *s);
/* im_session_sweep - remove sessions that nobody uses any more; looks at IM_SESSION_SWEEP_MAX files at most */
void im_session_sweep(const struct im_conf *c);
/* im_session_list - of a person that have not ended, the last used first; at most IM_SESSION_LIST_MAX. No secrets */
enum im_status im_session_list(const struct im_conf *c, const char *uid, struct im_arena *a,
    struct im_session **ret, int *ret_n, struct im_err *err) IM_MUSTUSE;
/* im_session_end_one - of this person, by the first IM_SESSION_ID_CHARS of its hash; IM_NOTFOUND: none of his */
enum im_status im_session_end_one(
    const struct im_conf *c, const char *uid, const char *id, struct im_err *err) IM_MUSTUSE;
/* im_session_end_others - all of a person but this one */
enum im_status im_session_end_others(
    const struct im_conf *c, const struct im_session *keep, int *ret_n, struct im_err *err) IM_MUSTUSE;
/*
 * im_session_update - all sessions of this person get the language, look, density, time zone and administrator's hint of n
 * (and its end, when that is set). One that ends meanwhile stays ended
 */
enum im_status im_session_update(
    const struct im_conf *c, const struct im_session_new *n, struct im_err *err) IM_MUSTUSE;
/* im_last_sign_in - seconds, 0 = never; kept as the time of <state_dir>/last-sign-in/<uid> */
int64_t im_last_sign_in(const struct im_conf *c, const char *uid);
void im_signed_in(const struct im_conf *c, const char *uid); /* now, by the sign-in page */

/* im_session_end_all - of a person: after a new password, when disabled, when deleted; *ret_n: how many there were */
enum im_status im_session_end_all(
    const struct im_conf *c, const char *uid, int *ret_n, struct im_err *err) IM_MUSTUSE;
const char *im_session_csrf(const struct im_session *s, struct im_arena *a);

/*
 * Before there is a session: the sign-in form carries HMAC(server key, cookie), so only a page of ours can have made it.
 * The server key is <state_dir>/<place>/key, made on first use; only the place's owner can read it: the sign-in page
 * "throttle", the settings page (for the link that resets a password) "pages".
 */
#define IM_PLACE_SIGN_IN "throttle"
#define IM_PLACE_PAGES "pages"
enum im_status im_presession_csrf(const struct im_conf *c, const char *place, const char *cookie,
    struct im_arena *a, const char **ret, struct im_err *err) IM_MUSTUSE;
/* im_keyed_token - HMAC(server key, purpose and text): proof that this server said it */
enum im_status im_keyed_token(const struct im_conf *c, const char *place, const char *purpose,
    const char *text, struct im_arena *a, const char **ret, struct im_err *err) IM_MUSTUSE;
/* a browser that signed in before: HMAC(server key, account as typed) */
enum im_status im_device_token(const struct im_conf *c, const char *account, struct im_arena *a,
    const char **ret, struct im_err *err) IM_MUSTUSE;

/*
 * Throttle of sign-ins, small files under flock in <state_dir>/<place>: per account, per address (/24, /64) and in all.
 * After 5 failures (20 from one network, 200 in all): 1, 2, 4 ... 60 seconds (1 second in all). Never a permanent
 * lock; an hour without a try forgets. A browser that signed in before (device cookie) passes the delay per account
 * and in all.
 *
 * im_throttle_admit counts the try before it is made: a hundred at once get no hundred guesses. *ret_wait > 0: refuse
 * with 429 and Retry-After, nothing counted. im_throttle_ok takes the try back and forgets the account's failures;
 * im_throttle_undo only takes it back (the directory was down).
 */
struct im_throttle_who {
	const char *account; /* as typed; folded here, "@<domain>" dropped */
	const char *addr;    /* REMOTE_ADDR */
	bool known_device;
	const char *place; /* NULL: IM_PLACE_SIGN_IN */
};
enum im_status im_throttle_admit(
    const struct im_conf *c, const struct im_throttle_who *w, int *ret_wait, struct im_err *err) IM_MUSTUSE;
void im_throttle_ok(const struct im_conf *c, const struct im_throttle_who *w);
void im_throttle_undo(const struct im_conf *c, const struct im_throttle_who *w);
/* im_throttle_account - the canonical form of what was typed, in the arena */
const char *im_throttle_account(const struct im_conf *c, const char *typed, struct im_arena *a);

#endif
