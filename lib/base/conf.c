/*
 * conf.c - the one configuration file
 *
 * Every page request reads it, so it costs one open and one read: values are cut out of the text in place, and a
 * derived path is made only when it was not given. The table below is the only list of keys.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

enum kind { TEXT, DOMAIN, PATH, SOCKET, USER, ADDRESS, LANGUAGE, COUNT, SECONDS, SIZE, YESNO, OVER_QUOTA };

/*
 * name, kind, type for people, least and most, default, help
 *
 * In a default "<key>" stands for the value of a key above it; "" with ldap_base is made from the domain.
 */
#define KEYS(X)                                                                                            \
	X(domain, DOMAIN, "domain name", 0, 0, NULL, "the mail domain of the household")                   \
	X(hostname, DOMAIN, "domain name", 0, 0, "mail.<domain>",                                          \
	    "the name of this machine in SMTP and on the web")                                             \
	X(root, PATH, "directory", 0, 0, "/",                                                              \
	    "\"/\", or the directory of a private server; the paths below are made from it")               \
	X(mail_root, PATH, "directory", 0, 0, "<root>/var/mail/intimail",                                  \
	    "one directory for each person, with the mail")                                                \
	X(state_dir, PATH, "directory", 0, 0, "<root>/var/lib/intimail",                                   \
	    "sessions, sign-in throttle, servers' data")                                                   \
	X(run_dir, PATH, "directory", 0, 0, "<root>/run/intimail", "sockets and pid files")                \
	X(log_dir, PATH, "directory", 0, 0, "<root>/var/log/intimail", "log files")                        \
	X(etc_dir, PATH, "directory", 0, 0, "<root>/etc/intimail",                                         \
	    "the rendered configuration of the servers")                                                   \
	X(share_dir, PATH, "directory", 0, 0, "<root>/usr/share/intimail",                                 \
	    "page templates, static files, translations")                                                  \
	X(libexec_dir, PATH, "directory", 0, 0, "<root>/usr/libexec/intimail",                             \
	    "the delivery agent, and the page programs in cgi/")                                           \
	X(mail_user, USER, "user name", 0, 0, "intimail", "owns the mail; delivers and shows it")          \
	X(web_user, USER, "user name", 0, 0, "intimail-web",                                               \
	    "runs lighttpd; reads neither mail nor sessions")                                              \
	X(auth_user, USER, "user name", 0, 0, "intimail-auth", "runs the sign-in page; owns the sessions") \
	X(pages_user, USER, "user name", 0, 0, "intimail-pages",                                           \
	    "runs the settings and administration pages; the directory knows whom it acts for")            \
	X(ldap_socket, SOCKET, "path of a socket", 0, 0, "<run_dir>/ldapi", "where slapd listens")         \
	X(ldap_base, TEXT, "distinguished name", 0, 0, "",                                                 \
	    "the top of the directory tree; dc=... of the domain when empty")                              \
	X(ldap_timeout, SECONDS, "seconds", 1, 60, "3", "how long the directory may take for one step")    \
	X(listen, ADDRESS, "IP address", 0, 0, "127.0.0.1", "the address that the servers bind")           \
	X(smtp_port, COUNT, "port", 1, 65535, "25", "of the SMTP server")                                  \
	X(http_port, COUNT, "port", 1, 65535, "80",                                                        \
	    "of the web server without TLS; it redirects to the other")                                    \
	X(https_port, COUNT, "port", 1, 65535, "443", "of the web server")                                 \
	X(submit_port, COUNT, "port", 1, 65535, "10025",                                                   \
	    "on the loopback address: where programs of this machine hand over messages")                  \
	X(over_quota, OVER_QUOTA, "defer | refuse", 0, 0, "defer",                                         \
	    "mail for a full mailbox: keep it in the queue and try again, or send it back at once")        \
	X(default_quota, SIZE, "size", 0, INT64_MAX, "5G",                                                 \
	    "room for the mail of a new person; 0 is no limit")                                            \
	X(message_size_limit, SIZE, "size", 1024, INT64_MAX, "50M", "the largest message that is taken")   \
	X(send_limit, COUNT, "number", 0, 1000000, "500",                                                  \
	    "recipients that a person may write to in a day; 0 is no limit")                               \
	X(send_size_limit, SIZE, "size", 0, INT64_MAX, "1G",                                               \
	    "what a person may send in a day; 0 is no limit")                                              \
	X(archive_keep, SECONDS, "seconds", 0, 315360000, "90d",                                           \
	    "how long the mail of a deleted person is kept")                                               \
	X(language, LANGUAGE, "language code", 0, 0, "en",                                                 \
	    "of the pages, where the browser asks for none that we have")                                  \
	X(timezone, TEXT, "name of a time zone", 0, 0, "",                                                 \
	    "of dates on pages, \"Europe/Paris\"; the system's when empty")                                \
	X(page_size, COUNT, "number", 1, 500, "50", "messages on one page of a list")                      \
	X(session_idle, SECONDS, "seconds", 60, 31536000, "2h",                                            \
	    "a sign-in that is not used ends after this time")                                             \
	X(session_lifetime, SECONDS, "seconds", 60, 31536000, "12h",                                       \
	    "a sign-in ends after this time in any case")                                                  \
	X(sandbox_required, YESNO, "yes | no", 0, 0, "no",                                                 \
	    "refuse to show mail where the kernel cannot confine the page programs (Landlock)")

static const struct im_conf_key keys[] = {
#define X(name, kind, type, least, most, def, help) { #name, type, def, help },
	KEYS(X)
#undef X
};

/* what keys[i] is for the program */
static const struct field {
	enum kind kind;
	size_t at; /* offset in struct im_conf */
	uint64_t least, most;
} fields[] = {
#define X(name, kind, type, least, most, def, help) { kind, offsetof(struct im_conf, name), least, most },
	KEYS(X)
#undef X
};

enum { NKEYS = IM_COUNT(keys) };

const struct im_conf_key *
im_conf_keys(size_t *ret_n)
{
	*ret_n = NKEYS;
	return keys;
}

static size_t
find(struct im_str name)
{
	size_t i = 0;

	while (i < NKEYS && !im_str_is(name, keys[i].name))
		i++;
	return i;
}

/* --- values --- */

static const char **
text_at(struct im_conf *c, size_t i)
{
	return (const char **)((char *)c + fields[i].at);
}

static const void *
value_at(const struct im_conf *c, size_t i)
{
	return (const char *)c + fields[i].at;
}

static bool
only(const char *s, const char *allowed)
{
	return s[strspn(s, allowed)] == '\0';
}

/* labels of letters, digits and hyphens (RFC 1123 2.1), folded to lower case in place */
static bool
domain_ok(char *s)
{
	size_t label = 0;

	if (*s == '\0' || strlen(s) > 253)
		return false;
	for (char *p = s; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + ('a' - 'A'));
		label = *p == '.' ? 0 : label + 1;
		if (label > 63 || (label == 0 && (p == s || p[-1] == '-' || p[-1] == '.')) ||
		    (label == 1 && *p == '-'))
			return false;
	}
	return label > 0 && s[strlen(s) - 1] != '-' && only(s, "abcdefghijklmnopqrstuvwxyz0123456789-.");
}

/* absolute and without "..": it ends up in other programs' configuration files too, hence no quotes and blanks */
static bool
path_ok(char *s, size_t max)
{
	size_t n = strlen(s);

	if (s[0] != '/' || n > max || strstr(s, "/../") || strpbrk(s, " \t\"'\\$;{}<>|&*?#%@,"))
		return false;
	if (n >= 3 && strcmp(s + n - 3, "/..") == 0)
		return false;
	while (n > 1 && s[n - 1] == '/')
		s[--n] = '\0';
	return true;
}

static bool
user_ok(const char *s)
{
	return *s && strlen(s) <= 32 && s[0] != '-' && only(s, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

static bool
timezone_or_dn_ok(const char *s)
{
	return s[0] != '/' && !strstr(s, "..") && !strpbrk(s, "\"\\$;{}<>|&*?#@");
}

/* "90", "90s", "15m", "12h", "30d" */
static bool
seconds_ok(struct im_str s, uint64_t *ret)
{
	static const char letters[] = "smhd";
	static const unsigned each[] = { 1, 60, 3600, 86400 };
	const char *at = s.n ? memchr(letters, s.p[s.n - 1], sizeof(letters) - 1) : NULL;
	uint64_t v;

	if (at)
		s.n--;
	if (!im_str_u64(s, UINT32_MAX, &v))
		return false;
	*ret = v * (at ? each[at - letters] : 1);
	return true;
}

static bool
set_text(struct im_conf *c, size_t i, char *s)
{
	bool ok = false;

	switch (fields[i].kind) {
	case DOMAIN:
		ok = domain_ok(s);
		break;
	case PATH:
		ok = path_ok(s, 4000);
		break;
	case SOCKET: /* what a socket address holds, unix(7) */
		ok = path_ok(s, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
		break;
	case USER:
		ok = user_ok(s);
		break;
	case ADDRESS:
		ok = *s && only(s, "0123456789abcdefABCDEF.:");
		break;
	case LANGUAGE:
		ok = *s && strlen(s) <= 16 &&
		     only(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
		break;
	default:
		ok = timezone_or_dn_ok(s);
		break;
	}
	if (ok)
		*text_at(c, i) = s;
	return ok;
}

static bool
set_number(struct im_conf *c, size_t i, const char *s)
{
	const struct field *f = &fields[i];
	void *to = (char *)c + f->at;
	uint64_t v = 0;
	bool ok;

	if (f->kind == SIZE)
		ok = im_str_size(im_str(s), &v);
	else if (f->kind == SECONDS)
		ok = seconds_ok(im_str(s), &v);
	else
		ok = im_str_u64(im_str(s), f->most, &v);
	if (!ok || v < f->least || v > f->most)
		return false;
	if (f->kind == SIZE)
		*(uint64_t *)to = v;
	else
		*(int *)to = (int)v;
	return true;
}

static bool
set_choice(struct im_conf *c, size_t i, const char *s)
{
	void *to = (char *)c + fields[i].at;

	if (fields[i].kind == YESNO) {
		*(bool *)to = strcmp(s, "yes") == 0;
		return *(bool *)to || strcmp(s, "no") == 0;
	}
	*(enum im_over_quota *)to = strcmp(s, "refuse") == 0 ? IM_OVER_QUOTA_REFUSE : IM_OVER_QUOTA_DEFER;
	return strcmp(s, "refuse") == 0 || strcmp(s, "defer") == 0;
}

/* s stays in use; false: not a value of this key's type */
static bool
set(struct im_conf *c, size_t i, char *s)
{
	switch (fields[i].kind) {
	case COUNT:
	case SECONDS:
	case SIZE:
		return set_number(c, i, s);
	case YESNO:
	case OVER_QUOTA:
		return set_choice(c, i, s);
	default:
		return set_text(c, i, s);
	}
}

/* --- defaults --- */

static char *
base_of_domain(struct im_arena *a, const char *domain)
{
	struct im_str rest = im_str(domain);
	char *base = NULL;

	while (rest.p) {
		struct im_str label = im_str_cut(&rest, '.');

		base =
		    im_arena_fmt(a, "%s%sdc=%.*s", base ? base : "", base ? "," : "", (int)label.n, label.p);
	}
	return base;
}

/* the default with "<key>" replaced; only one stands in each, at any place */
static char *
expand(struct im_conf *c, const char *def)
{
	const char *open = strchr(def, '<'), *close = open ? strchr(open, '>') : NULL, *value;

	if (!close)
		return im_arena_strdup(&c->arena, def);
	value = *text_at(c, find((struct im_str) { open + 1, (size_t)(close - open) - 1 }));
	if (strcmp(value, "/") == 0)
		value = "";
	return im_arena_fmt(&c->arena, "%.*s%s%s", (int)(open - def), def, value, close + 1);
}

static enum im_status
set_defaults(struct im_conf *c, const bool given[NKEYS], struct im_err *err)
{
	for (size_t i = 0; i < NKEYS; i++) {
		if (!given[i] && !keys[i].def)
			return im_fail(err, IM_CONFIG, "%s: \"%s\" must be given (%s)", c->file, keys[i].name,
			    keys[i].help);
		if (!given[i] && !set(c, i, expand(c, keys[i].def)))
			return im_fail(err, IM_CONFIG,
			    "%s: \"%s\": the default \"%s\" is no %s here; give it", c->file, keys[i].name,
			    expand(c, keys[i].def), keys[i].type);
	}
	if (c->ldap_base[0] == '\0')
		c->ldap_base = base_of_domain(&c->arena, c->domain);
	return IM_OK;
}

/* --- the file --- */

static enum im_status
bad_value(const struct im_conf *c, int lineno, size_t i, const char *value, struct im_err *err)
{
	const struct field *f = &fields[i];
	const char *more = "";

	if (f->kind == COUNT || f->kind == SECONDS)
		return im_fail(err, IM_CONFIG, "%s:%d: %s = %s: wanted is a %s from %llu to %llu", c->file,
		    lineno, keys[i].name, value, keys[i].type, (unsigned long long)f->least,
		    (unsigned long long)f->most);
	if (f->kind == PATH)
		more = " (absolute, without blanks and special characters)";
	else if (f->kind == SOCKET)
		more = " (absolute, at most 107 bytes, without blanks)";
	else if (f->kind == SIZE)
		more = " (such as 300M or 5G)";
	return im_fail(err, IM_CONFIG, "%s:%d: %s = %s: wanted is a %s%s", c->file, lineno, keys[i].name,
	    value, keys[i].type, more);
}

static enum im_status
set_line(struct im_conf *c, int lineno, struct im_str line, bool given[NKEYS], struct im_err *err)
{
	struct im_str value = line, name = im_str_trim(im_str_cut(&value, '='));
	size_t i;

	if (!value.p)
		return im_fail(err, IM_CONFIG, "%s:%d: expected \"name = value\"", c->file, lineno);
	value = im_str_trim(value);
	i = find(name);
	if (i == NKEYS)
		return im_fail(err, IM_CONFIG, "%s:%d: unknown key \"%.*s\" (intimail.conf(5) lists them)",
		    c->file, lineno, (int)(name.n < 64 ? name.n : 64), name.p);
	if (given[i])
		return im_fail(
		    err, IM_CONFIG, "%s:%d: \"%s\" is given a second time", c->file, lineno, keys[i].name);
	given[i] = true;
	for (size_t k = 0; k < value.n; k++)
		if ((unsigned char)value.p[k] < 0x20 || value.p[k] == 0x7f)
			return im_fail(err, IM_CONFIG, "%s:%d: control character in \"%s\"", c->file, lineno,
			    keys[i].name);
	/* the text is ours, and behind the value stands white space or the line end */
	((char *)(uintptr_t)value.p)[value.n] = '\0';
	if (!im_utf8_valid(value) || !set(c, i, (char *)(uintptr_t)value.p))
		return bad_value(c, lineno, i, value.p, err);
	return IM_OK;
}

static enum im_status
parse(struct im_conf *c, char *text, size_t n, struct im_err *err)
{
	struct im_str rest = { text, n };
	bool given[NKEYS] = { false };
	enum im_status st;

	for (int lineno = 1; rest.p && rest.n; lineno++) {
		struct im_str line = im_str_trim(im_str_cut(&rest, '\n'));

		if (line.n == 0 || line.p[0] == '#')
			continue;
		st = set_line(c, lineno, line, given, err);
		if (st != IM_OK)
			return st;
	}
	return set_defaults(c, given, err);
}

/* the whole file in the arena, with a NUL behind it */
static enum im_status
slurp(struct im_conf *c, char **ret, size_t *ret_n, struct im_err *err)
{
	int fd = open(c->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum im_status st = IM_OK;
	struct stat sb;
	ssize_t n = 0;

	if (fd < 0) {
		(void)im_fail_errno(err, errno, "configuration %s", c->file);
		return err->st = IM_CONFIG;
	}
	if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode)) {
		st = im_fail(err, IM_CONFIG, "configuration %s: not a file", c->file);
	} else if (sb.st_size > IM_CONF_MAX_BYTES) {
		st = im_fail(
		    err, IM_CONFIG, "configuration %s: larger than %d bytes", c->file, IM_CONF_MAX_BYTES);
	} else {
		*ret = im_arena_alloc(&c->arena, (size_t)sb.st_size + 1);
		n = im_read_full(fd, *ret, (size_t)sb.st_size);
		if (n < 0) {
			(void)im_fail_errno(err, errno, "read configuration %s", c->file);
			st = err->st = IM_CONFIG;
		}
	}
	close(fd);
	*ret_n = n > 0 ? (size_t)n : 0;
	return st;
}

enum im_status
im_conf_load(const char *file, struct im_conf *c, struct im_err *err)
{
	enum im_status st;
	char *text = NULL;
	size_t n = 0;

	*c = (struct im_conf) { 0 };
	c->file = im_arena_strdup(&c->arena, file);
	st = slurp(c, &text, &n, err);
	if (st == IM_OK)
		st = parse(c, text, n, err);
	if (st != IM_OK)
		im_conf_done(c);
	return st;
}

void
im_conf_done(struct im_conf *c)
{
	im_arena_done(&c->arena);
	*c = (struct im_conf) { 0 };
}

bool
im_conf_get(const struct im_conf *c, const char *key, struct im_buf *ret)
{
	size_t i = find(im_str(key));

	if (i == NKEYS)
		return false;
	switch (fields[i].kind) {
	case COUNT:
	case SECONDS:
		im_buf_addf(ret, "%d", *(const int *)value_at(c, i));
		break;
	case SIZE:
		im_buf_addf(ret, "%llu", (unsigned long long)*(const uint64_t *)value_at(c, i));
		break;
	case YESNO:
		im_buf_adds(ret, *(const bool *)value_at(c, i) ? "yes" : "no");
		break;
	case OVER_QUOTA:
		im_buf_adds(ret,
		    *(const enum im_over_quota *)value_at(c, i) == IM_OVER_QUOTA_REFUSE ? "refuse" : "defer");
		break;
	default:
		im_buf_adds(ret, *(const char *const *)value_at(c, i));
		break;
	}
	return true;
}
