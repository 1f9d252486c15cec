/*
 * person_form.c - what a uid, a name, an address, a password may look like
 *
 * slapd holds the same rules as constraints (openldap/slapd.conf.in); here each refusal gets a reason for people.
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "directory/dir.h"

enum { UID_MAX = 64, NAME_MAX_BYTES = 200, PASSWORD_MIN_CHARS = 10, PASSWORD_MAX_BYTES = 256 };

static bool
lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

enum im_status
im_person_uid_ok(const char *uid, struct im_err *err)
{
	size_t n = strlen(uid);

	if (n == 0 || n > UID_MAX)
		return im_fail(
		    err, IM_INVALID, "user name \"%.80s\": wanted are 1 to %d characters", uid, UID_MAX);
	if (!lower_or_digit(uid[0]))
		return im_fail(
		    err, IM_INVALID, "user name \"%s\": must begin with a letter a-z or a digit", uid);
	for (size_t i = 0; i < n; i++)
		if (!lower_or_digit(uid[i]) && strchr("._-", uid[i]) == NULL)
			return im_fail(err, IM_INVALID,
			    "user name \"%s\": only small letters a-z, digits, \".\", \"_\" and \"-\"", uid);
	if (strstr(uid, "..") != NULL || uid[n - 1] == '.')
		return im_fail(
		    err, IM_INVALID, "user name \"%s\": a dot must stand between two other characters", uid);
	return IM_OK;
}

enum im_status
im_person_name_ok(const char *name, struct im_err *err)
{
	size_t n = strlen(name);

	if (im_str_trim(im_str(name)).n == 0 || n > NAME_MAX_BYTES)
		return im_fail(err, IM_INVALID, "name: wanted are 1 to %d bytes", NAME_MAX_BYTES);
	if (!im_utf8_valid(im_str(name)))
		return im_fail(err, IM_INVALID, "name: not UTF-8");
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return im_fail(err, IM_INVALID, "name: holds a control character");
	return IM_OK;
}

enum im_status
im_person_language_ok(const char *language, struct im_err *err)
{
	size_t n = strlen(language);

	for (size_t i = 0; i < n; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", language[i]) == NULL)
			return im_fail(
			    err, IM_INVALID, "language \"%s\": wanted is a code such as en or fr", language);
	if (n == 1 || n > 16)
		return im_fail(
		    err, IM_INVALID, "language \"%.40s\": wanted is a code such as en or fr", language);
	return IM_OK;
}

/* local_part_ok - a dot-atom (RFC 5321 4.1.2) of letters, digits, "-", "_", "="; no "+", which begins a folder's name */
static bool
local_part_ok(struct im_str s)
{
	if (s.n == 0 || s.n > 64)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool dot = s.p[i] == '.';
		if (!lower_or_digit(s.p[i]) && !dot && strchr("_=-", s.p[i]) == NULL)
			return false;
		if (dot && (i == 0 || i + 1 == s.n || s.p[i + 1] == '.'))
			return false;
	}
	return true;
}

enum im_status
im_person_address_ok(
    const struct im_conf *conf, const char *address, struct im_arena *a, const char **ret, struct im_err *err)
{
	char *lower = im_arena_strdup(a, address);

	for (char *p = lower; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
	struct im_str domain = im_str(lower), local = im_str_cut(&domain, '@');
	if (domain.p == NULL || !local_part_ok(local))
		return im_fail(err, IM_INVALID,
		    "address \"%.200s\": wanted is name@%s, the name of letters a-z, digits, \".\", \"_\", "
		    "\"=\" and \"-\"",
		    address, conf->domain);
	if (!im_str_is(domain, conf->domain))
		return im_fail(err, IM_INVALID, "address \"%.200s\": this server has the mail of %s only",
		    address, conf->domain);
	*ret = lower;
	return IM_OK;
}

enum im_status
im_password_ok(const char *uid, const char *password, struct im_err *err)
{
	size_t chars = 0, n = strlen(password);

	for (size_t i = 0; i < n; i++)
		chars += ((unsigned char)password[i] & 0xc0) != 0x80;
	if (chars < PASSWORD_MIN_CHARS)
		return im_fail(err, IM_INVALID,
		    "the password is too short: at least %d characters; a few words are fine",
		    PASSWORD_MIN_CHARS);
	if (n > PASSWORD_MAX_BYTES)
		return im_fail(
		    err, IM_INVALID, "the password is too long: at most %d bytes", PASSWORD_MAX_BYTES);
	if (strcasecmp(password, uid) == 0)
		return im_fail(err, IM_INVALID, "the password must not be the user name");
	/* one character over and over again is as short as one character */
	if (strspn(password, (char[]) { password[0], '\0' }) == n)
		return im_fail(err, IM_INVALID, "the password must not be one character repeated");
	return IM_OK;
}
