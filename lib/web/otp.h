/*
 * otp.h - one-time codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 seconds, 6 digits), recovery codes
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_OTP_H
#define IM_OTP_H

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"

enum {
	IM_OTP_STEP_S = 30,
	IM_OTP_WINDOW = 1,        /* steps before and after now that are taken: clocks differ */
	IM_OTP_SECRET_CHARS = 32, /* 160 bits in base32 */
	IM_OTP_CODES = 10,
	IM_OTP_CODE_CHARS = 11 /* "abcde-fghij": 50 bits */
};

enum im_status im_otp_secret_new(char dst[static IM_OTP_SECRET_CHARS + 1], struct im_err *err) IM_MUSTUSE;
bool im_otp_secret_valid(const char *secret);
/* im_otp_check - is this the code of now, or of a step beside it? *ret_step: of which. Spaces in the code do not count */
bool im_otp_check(const char *secret, const char *code, int64_t now, int64_t *ret_step);
/*
 * im_otp_once - remember that the code of this step was used; false when it, or a later one, was used before. Kept in
 * <state_dir>/throttle: no write to the directory for a sign-in
 */
enum im_status im_otp_once(
    const struct im_conf *c, const char *uid, int64_t step, bool *ret_first, struct im_err *err) IM_MUSTUSE;

/* im_otp_uri - what the QR code says (the Key URI format of authenticator apps) */
const char *im_otp_uri(const struct im_conf *c, const char *uid, const char *secret, struct im_arena *a);

enum im_status im_otp_recovery_new(char dst[static IM_OTP_CODE_CHARS + 1], struct im_err *err) IM_MUSTUSE;
/* im_otp_recovery_hash - of what was typed, in any case, with or without the dash; false for what is no such code */
bool im_otp_recovery_hash(const char *typed, char dst[static 65]);

/* im_qr_path - a QR code as the "d" of an SVG path of 1x1 squares, with a margin; *ret_size: of the whole. NULL: too long */
const char *im_qr_path(const char *text, int *ret_size, struct im_arena *a);

#endif
