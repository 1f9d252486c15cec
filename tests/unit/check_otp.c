/*
 * check_otp.c - one-time codes (RFC 6238, appendix B), recovery codes, reset links, the QR code
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"
#include "web/otp.h"
#include "web/reset.h"

static char dir[64];
static struct im_conf conf;

static void
begin(void)
{
	struct im_err err;
	char path[96];

	snprintf(dir, sizeof dir, "/tmp/im-otp-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	conf = (struct im_conf) { .state_dir = dir, .domain = "example.org" };
	snprintf(path, sizeof path, "%s/throttle", dir);
	ck_assert(im_mkdirs(path, 0700, &err) == IM_OK);
	snprintf(path, sizeof path, "%s/resets", dir);
	ck_assert(im_mkdirs(path, 0700, &err) == IM_OK);
}

static void
end(void)
{
	static const char *const names[] = { "throttle", "resets" };
	char path[96];

	for (size_t i = 0; i < IM_COUNT(names); i++) {
		struct dirent *e;

		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		DIR *d = opendir(path);
		while (d && (e = readdir(d)) != NULL)
			unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
		rmdir(path);
	}
	rmdir(dir);
}

/* the 20 bytes "12345678901234567890" */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const struct {
	int64_t now;
	const char *code;
	int64_t step; /* -1: refused */
} codes[] = {
	{ 59, "287082", 1 }, /* RFC 6238: 94287082 */
	{ 59, " 287 082 ", 1 },
	{ 89, "287082", 1 },   /* one step late */
	{ 29, "287082", 1 },   /* one step early */
	{ 120, "287082", -1 }, /* two */
	{ 1111111109, "081804", 37037036 },
	{ 1234567890, "005924", 41152263 },
	{ 2000000000, "279037", 66666666 },
	{ 59, "287083", -1 },
	{ 59, "28708", -1 },
	{ 59, "2870822", -1 },
	{ 59, "28708x", -1 },
	{ 59, "", -1 },
};

START_TEST(known_codes)
{
	int64_t step = -1;

	ck_assert_int_eq(im_otp_check(SECRET, codes[_i].code, codes[_i].now, &step), codes[_i].step >= 0);
	ck_assert_int_eq(step, codes[_i].step);
}
END_TEST

START_TEST(once)
{
	struct im_err err;
	bool first;

	begin();
	ck_assert(im_otp_once(&conf, "alice", 7, &first, &err) == IM_OK && first);
	ck_assert(im_otp_once(&conf, "alice", 7, &first, &err) == IM_OK && !first);
	ck_assert(im_otp_once(&conf, "alice", 6, &first, &err) == IM_OK && !first);
	ck_assert(im_otp_once(&conf, "bob", 6, &first, &err) == IM_OK && first);
	ck_assert(im_otp_once(&conf, "alice", 8, &first, &err) == IM_OK && first);
	end();
}
END_TEST

START_TEST(recovery)
{
	char code[IM_OTP_CODE_CHARS + 1], other[IM_OTP_CODE_CHARS + 1], hash[65], again[65], typed[40];
	struct im_err err;

	ck_assert(im_otp_recovery_new(code, &err) == IM_OK && im_otp_recovery_new(other, &err) == IM_OK);
	ck_assert_uint_eq(strlen(code), IM_OTP_CODE_CHARS);
	ck_assert_int_eq(code[5], '-');
	ck_assert_str_ne(code, other);
	ck_assert(im_otp_recovery_hash(code, hash));
	snprintf(typed, sizeof typed, " %.5s %s", code, code + 6);
	for (char *p = typed; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	ck_assert(im_otp_recovery_hash(typed, again));
	ck_assert_str_eq(hash, again);
	ck_assert(!im_otp_recovery_hash("abcde-fghi", hash) && !im_otp_recovery_hash("abcde-fghi1", hash));
	ck_assert(!im_otp_recovery_hash(NULL, hash) && !im_otp_recovery_hash("abcde-fghijk", hash));
}
END_TEST

START_TEST(secret_and_picture)
{
	char secret[IM_OTP_SECRET_CHARS + 1];
	struct im_arena a = { 0 };
	struct im_err err;
	int size = 0;

	begin();
	ck_assert(im_otp_secret_new(secret, &err) == IM_OK && im_otp_secret_valid(secret));
	ck_assert(!im_otp_secret_valid("x") && !im_otp_secret_valid(NULL));
	const char *uri = im_otp_uri(&conf, "alice", SECRET, &a);
	ck_assert_str_eq(uri, "otpauth://totp/example.org:alice?secret=" SECRET "&issuer=example.org");
	const char *path = im_qr_path(uri, &size, &a);
	ck_assert_ptr_nonnull(path);
	ck_assert_int_ge(size, 29);
	ck_assert_int_eq(strncmp(path, "M4 4h7v1h-7z", 12), 0); /* the finder in the corner */
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(reset_once)
{
	struct im_arena a = { 0 };
	const char *path, *newer, *uid;
	struct im_err err;

	begin();
	ck_assert(im_reset_new(&conf, "../x", &a, &path, &err) == IM_INVALID);
	ck_assert_msg(im_reset_new(&conf, "alice", &a, &path, &err) == IM_OK, "%s", err.msg);
	const char *token = path + strlen("/reset/");
	ck_assert(im_reset_look(&conf, token, &a, &uid, &err) == IM_OK);
	ck_assert_str_eq(uid, "alice");
	ck_assert(im_reset_take(&conf, token, &a, &uid, &err) == IM_OK);
	ck_assert(im_reset_take(&conf, token, &a, &uid, &err) == IM_NOTFOUND);
	im_reset_give_back(&conf, token);
	ck_assert(im_reset_take(&conf, token, &a, &uid, &err) == IM_OK);
	im_reset_end(&conf, token);
	im_reset_give_back(&conf, token);
	ck_assert(im_reset_look(&conf, token, &a, &uid, &err) == IM_NOTFOUND);
	/* a newer one takes the older away */
	ck_assert(im_reset_new(&conf, "alice", &a, &path, &err) == IM_OK);
	ck_assert(im_reset_new(&conf, "bob", &a, &newer, &err) == IM_OK);
	ck_assert(im_reset_look(&conf, path + 7, &a, &uid, &err) == IM_OK);
	ck_assert(im_reset_new(&conf, "alice", &a, &newer, &err) == IM_OK);
	ck_assert(im_reset_look(&conf, path + 7, &a, &uid, &err) == IM_NOTFOUND);
	ck_assert(im_reset_look(&conf, "../../etc/passwd", &a, &uid, &err) == IM_NOTFOUND);
	ck_assert(im_reset_look(&conf, NULL, &a, &uid, &err) == IM_NOTFOUND);
	im_arena_done(&a);
	end();
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ known_codes, IM_COUNT(codes), 0 },
		{ once, 0, 0 },
		{ recovery, 0, 0 },
		{ secret_and_picture, 0, 0 },
		{ reset_once, 0, 0 },
	};

	return unit_main("otp", tests, IM_COUNT(tests));
}
