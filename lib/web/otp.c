/*
 * otp.c - one-time codes
 *
 * liboath computes them; comparing is ours, in constant time over the whole window, so that the time of an answer says
 * nothing about how near a guess was.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/otp.h"

#include <errno.h>
#include <fcntl.h>
#include <liboath/oath.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "web/session.h"
#include "web/token.h"

enum { DIGITS = 6, SECRET_BYTES = 20, LOCK_WAIT_MS = 2000 };

static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* five bits of each byte are used: 256 is a multiple of 32, so every letter is equally likely */
static enum im_status
letters(char *dst, size_t n, struct im_err *err)
{
	unsigned char bytes[IM_OTP_SECRET_CHARS];
	enum im_status st = im_token_random(bytes, n, err);

	for (size_t i = 0; st == IM_OK && i < n; i++)
		dst[i] = base32[bytes[i] & 31];
	dst[n] = '\0';
	explicit_bzero(bytes, sizeof bytes);
	return st;
}

enum im_status
im_otp_secret_new(char dst[static IM_OTP_SECRET_CHARS + 1], struct im_err *err)
{
	return letters(dst, IM_OTP_SECRET_CHARS, err);
}

bool
im_otp_secret_valid(const char *secret)
{
	return secret && strlen(secret) == IM_OTP_SECRET_CHARS &&
	       strspn(secret, base32) == IM_OTP_SECRET_CHARS;
}

/* digits - a code as it was typed, spaces taken out */
static bool
digits(const char *typed, char dst[static DIGITS + 1])
{
	size_t n = 0;

	for (; typed && *typed; typed++) {
		if (*typed == ' ')
			continue;
		if (*typed < '0' || *typed > '9' || n == DIGITS)
			return false;
		dst[n++] = *typed;
	}
	dst[n] = '\0';
	return n == DIGITS;
}

bool
im_otp_check(const char *secret, const char *code, int64_t now, int64_t *ret_step)
{
	char typed[DIGITS + 1], want[DIGITS + 1];
	char *key = NULL;
	size_t n = 0;
	bool found = false;

	if (!digits(code, typed) || now < 0 ||
	    oath_base32_decode(secret, strlen(secret), &key, &n) != OATH_OK)
		return false;
	for (int64_t step = now / IM_OTP_STEP_S - IM_OTP_WINDOW; step <= now / IM_OTP_STEP_S + IM_OTP_WINDOW;
	     step++) {
		if (step < 0 || oath_hotp_generate(key, n, (uint64_t)step, DIGITS, false,
				    OATH_HOTP_DYNAMIC_TRUNCATION, want) != OATH_OK)
			continue;
		if (im_eq_secret(want, typed, DIGITS)) {
			found = true;
			*ret_step = step;
		}
	}
	explicit_bzero(key, n);
	free(key);
	explicit_bzero(want, sizeof want);
	return found;
}

enum im_status
im_otp_once(const struct im_conf *c, const char *uid, int64_t step, bool *ret_first, struct im_err *err)
{
	char path[4096], hash[IM_HASH_HEX_CHARS + 1];
	int64_t last = 0;

	im_token_hash(im_str(uid), hash);
	if (!im_fmt(path, sizeof path, "%s/" IM_PLACE_SIGN_IN "/step-%.32s", c->state_dir, hash))
		return im_fail(err, IM_CONFIG, "state_dir is too long");
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return im_fail_errno(
		    err, errno, "open the last code of %s in %s/throttle", uid, c->state_dir);
	enum im_status st = im_lock(fd, true, LOCK_WAIT_MS, err);
	if (st == IM_OK) {
		if (im_pread_full(fd, &last, sizeof last, 0) != sizeof last)
			last = 0;
		*ret_first = step > last;
		if (step > last && !im_pwrite_full(fd, &step, sizeof step, 0))
			st = im_fail_errno(err, errno, "write the last code of %s", uid);
	}
	close(fd);
	return st;
}

const char *
im_otp_uri(const struct im_conf *c, const char *uid, const char *secret, struct im_arena *a)
{
	return im_arena_fmt(a, "otpauth://totp/%s:%s?secret=%s&issuer=%s", c->domain, uid, secret, c->domain);
}

enum im_status
im_otp_recovery_new(char dst[static IM_OTP_CODE_CHARS + 1], struct im_err *err)
{
	char text[IM_OTP_CODE_CHARS];
	enum im_status st = letters(text, IM_OTP_CODE_CHARS - 1, err);

	if (st != IM_OK)
		return st;
	for (int i = 0, at = 0; i < IM_OTP_CODE_CHARS; i++)
		dst[i] = i == 5 ? '-' : (char)(text[at] >= 'A' ? text[at] | 0x20 : text[at]), at += i != 5;
	dst[IM_OTP_CODE_CHARS] = '\0';
	return IM_OK;
}

bool
im_otp_recovery_hash(const char *typed, char dst[static 65])
{
	char code[IM_OTP_CODE_CHARS];
	size_t n = 0;

	for (; typed && *typed; typed++) {
		char letter = (char)(*typed >= 'a' && *typed <= 'z' ? *typed & ~0x20 : *typed);

		if (letter == '-' || letter == ' ')
			continue;
		if (!strchr(base32, letter) || n == sizeof code - 1)
			return false;
		code[n++] = letter;
	}
	code[n] = '\0';
	if (n != sizeof code - 1)
		return false;
	im_token_hash(im_str(code), dst);
	return true;
}
