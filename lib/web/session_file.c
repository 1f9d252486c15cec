/*
 * session_file.c - the text of a session file
 *
 * The settings page can write these files too: whatever is read here is judged as anything from outside.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session_file.h"

#include <string.h>

#include "mail/maildir.h"
#include "web/token.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* keep - a value of these characters alone, else none */
static void
keep(char *dst, size_t size, struct im_str value, const char *allowed)
{
	dst[0] = '\0';
	if (value.n >= size || value.n == 0)
		return;
	for (size_t i = 0; i < value.n; i++) {
		if (!value.p[i] || !strchr(allowed, value.p[i]))
			return;
	}
	memcpy(dst, value.p, value.n);
	dst[value.n] = '\0';
}

static void
keep_timezone(struct im_session *s, struct im_str value)
{
	keep(s->timezone, sizeof s->timezone, value, LETTERS "_+-/");
	if (s->timezone[0] == '/')
		s->timezone[0] = '\0';
}

static void
parse_preferences(struct im_str line, struct im_session *s)
{
	while (line.n) {
		struct im_str value = im_str_cut(&line, ' '), name = im_str_cut(&value, '=');

		if (im_str_is(name, "lang"))
			keep(s->language, sizeof s->language, value, LETTERS);
		else if (im_str_is(name, "look"))
			keep(s->look, sizeof s->look, value, LETTERS);
		else if (im_str_is(name, "density"))
			keep(s->density, sizeof s->density, value, LETTERS);
		else if (im_str_is(name, "timezone"))
			keep_timezone(s, value);
		else if (im_str_is(name, "admin"))
			s->admin = im_str_is(value, "1");
	}
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* hex_decode - exactly n bytes, lower case; here, so that a command which ends sessions needs no cryptography */
static bool
hex_decode(struct im_str hex, unsigned char *dst, size_t n)
{
	if (hex.n != n * 2)
		return false;
	for (size_t i = 0; i < n; i++) {
		int hi = nibble(hex.p[i * 2]), lo = nibble(hex.p[i * 2 + 1]);

		if (hi < 0 || lo < 0)
			return false;
		dst[i] = (unsigned char)(hi << 4 | lo);
	}
	return true;
}

bool
im_session_parse(struct im_str text, struct im_session *s)
{
	struct im_str version = im_str_cut(&text, '\n'), uid = im_str_cut(&text, '\n');
	struct im_str created = im_str_cut(&text, '\n'), secret = im_str_cut(&text, '\n');
	struct im_str ends = im_str_cut(&text, '\n'), preferences = im_str_cut(&text, '\n');
	struct im_str address = im_str_cut(&text, '\n'), agent = im_str_cut(&text, '\n');
	uint64_t when, end;

	if (!im_str_is(version, "2") || text.n || !agent.n || !uid.n || uid.n >= sizeof s->uid ||
	    memchr(uid.p, '\0', uid.n) || !im_str_u64(created, INT64_MAX / 2, &when) ||
	    !hex_decode(secret, s->secret, sizeof s->secret) || !im_str_u64(ends, INT64_MAX / 2, &end))
		return false;
	memcpy(s->uid, uid.p, uid.n);
	s->uid[uid.n] = '\0';
	s->created = (int64_t)when;
	s->ends = (int64_t)end;
	parse_preferences(preferences, s);
	keep(s->address, sizeof s->address, address, LETTERS ".:");
	keep(s->agent, sizeof s->agent, agent, LETTERS " ,");
	return im_uid_valid(s->uid);
}

bool
im_session_format(const struct im_session *s, char *dst, size_t size)
{
	char secret[2 * sizeof s->secret + 1] = "";

	for (size_t i = 0; i < sizeof s->secret; i++) {
		secret[2 * i] = "0123456789abcdef"[s->secret[i] >> 4];
		secret[2 * i + 1] = "0123456789abcdef"[s->secret[i] & 15];
	}
	bool fits = im_fmt(dst, size,
	    "2\n%s\n%lld\n%s\n%lld\nlang=%s look=%s density=%s timezone=%s admin=%d\n%s\n%s\n", s->uid,
	    (long long)s->created, secret, (long long)s->ends, s->language, s->look, s->density, s->timezone,
	    s->admin, s->address, s->agent[0] ? s->agent : "browser");
	explicit_bzero(secret, sizeof secret);
	return fits;
}

bool
im_session_over(const struct im_conf *c, const struct im_session *s, int64_t now)
{
	return now - s->used > c->session_idle || now - s->created > c->session_lifetime ||
	       (s->ends > 0 && now >= s->ends);
}

void
im_session_prefer(struct im_session *s, const struct im_session_new *n)
{
	keep(s->language, sizeof s->language, im_str(n->language), LETTERS);
	keep(s->look, sizeof s->look, im_str(n->look), LETTERS);
	keep(s->density, sizeof s->density, im_str(n->density), LETTERS);
	keep_timezone(s, im_str(n->timezone));
	s->admin = n->admin;
}

void
im_session_origin(struct im_session *s, const char *address, const char *agent)
{
	/* in this order: each names itself after those below it, too */
	static const char *const browsers[][2] = { { "Edg", "Edge" }, { "OPR/", "Opera" },
		{ "SamsungBrowser", "Samsung Internet" }, { "Firefox/", "Firefox" }, { "FxiOS", "Firefox" },
		{ "CriOS", "Chrome" }, { "Chrome/", "Chrome" }, { "Safari/", "Safari" },
		{ "curl/", "curl" } };
	static const char *const systems[][2] = { { "Android", "Android" }, { "iPhone", "iPhone" },
		{ "iPad", "iPad" }, { "Windows", "Windows" }, { "Mac OS X", "Mac" }, { "CrOS", "Chromebook" },
		{ "Linux", "Linux" } };
	const char *browser = NULL, *system = NULL;

	keep(s->address, sizeof s->address, im_str(address), LETTERS ".:");
	for (size_t i = 0; agent && !browser && i < IM_COUNT(browsers); i++)
		browser = strstr(agent, browsers[i][0]) ? browsers[i][1] : NULL;
	for (size_t i = 0; agent && !system && i < IM_COUNT(systems); i++)
		system = strstr(agent, systems[i][0]) ? systems[i][1] : NULL;
	if (!im_fmt(s->agent, sizeof s->agent, "%s%s%s",
		browser  ? browser
		: system ? ""
			 : "browser",
		browser && system ? ", " : "", system ? system : ""))
		s->agent[0] = '\0';
}

bool
im_session_name(const char *file_name)
{
	return strlen(file_name) == IM_HASH_HEX_CHARS &&
	       strspn(file_name, "0123456789abcdef") == IM_HASH_HEX_CHARS;
}
