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

/* unseen - characters that show nothing, or turn the text around what stands beside them: nobody's name needs them */
static bool
unseen(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x200b || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

/*
 * script_of - 1 Latin, 2 Greek, 4 Cyrillic, 8 an invisible joiner; 0 anything else. The first three look alike: in one
 * word they are a disguise, and a joiner has a meaning in other scripts only
 */
static unsigned
script_of(uint32_t c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c < 0x250) ||
	    (c >= 0x1e00 && c < 0x1f00) || (c >= 0xff21 && c < 0xff5b))
		return 1;
	if ((c >= 0x370 && c < 0x400) || (c >= 0x1f00 && c < 0x2000))
		return 2;
	if ((c >= 0x400 && c < 0x530) || (c >= 0x1c80 && c < 0x1c90) || (c >= 0xa640 && c < 0xa6a0))
		return 4;
	return c == 0x200c || c == 0x200d ? 8 : 0;
}

enum im_status
im_person_name_ok(const char *name, struct im_err *err)
{
	size_t n = strlen(name), used;
	unsigned scripts = 0;

	if (im_str_trim(im_str(name)).n == 0 || n > NAME_MAX_BYTES)
		return im_fail(err, IM_INVALID, "name: wanted are 1 to %d bytes", NAME_MAX_BYTES);
	if (!im_utf8_valid(im_str(name)))
		return im_fail(err, IM_INVALID, "name: not UTF-8");
	for (const char *p = name; p < name + n; p += used) {
		uint32_t c = im_utf8_next(p, name + n, &used);
		if (unseen(c))
			return im_fail(err, IM_INVALID, "name: holds a control character");
		scripts = c == ' ' ? 0 : scripts | script_of(c);
		if ((scripts & (scripts - 1)) != 0)
			return im_fail(err, IM_INVALID,
			    "name: one word has letters of two alphabets that look alike; write it again by "
			    "hand");
	}
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
