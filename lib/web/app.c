/*
 * app.c - the life of a page program, started once per request by CGI (RFC 3875)
 *
 * The order is the security of it: nothing but the cookie is looked at before the program has confined itself to what the
 * signed-in person owns. Page programs are set-uid, so the environment is hostile except for the CGI variables, which
 * come from lighttpd (only its user can start us); it is forgotten once those are taken out of it.
 *
 * Starting must be cheap: no locale, no user data base, no library that initialises itself.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/app.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/io.h"
#include "base/log.h"
#include "mail/maildir.h"
#include "web/dispatch.h"
#include "web/response.h"
#include "web/session.h"

enum {
	CPU_SECONDS = 5,
	ADDRESS_SPACE = 512 * 1024 * 1024,
	FILE_BYTES = 1024 * 1024 * 1024, /* the index of a mailbox with two million messages */
	VARIABLE_MAX = 16 * 1024,        /* of one CGI variable; a longer one is not there */
	CONFINE_PATHS_MAX = 16
};

extern char **environ;

static const struct variable {
	const char *name;
	size_t at;
} variables[] = {
	{ "REQUEST_METHOD", offsetof(struct im_wire, method) },
	{ "REQUEST_URI", offsetof(struct im_wire, uri) },
	{ "HTTP_ACCEPT", offsetof(struct im_wire, accept) },
	{ "HTTP_ACCEPT_LANGUAGE", offsetof(struct im_wire, accept_language) },
	{ "HTTP_X_REQUESTED_WITH", offsetof(struct im_wire, requested_with) },
	{ "HTTP_COOKIE", offsetof(struct im_wire, cookie) },
	{ "HTTP_SEC_FETCH_SITE", offsetof(struct im_wire, fetch_site) },
	{ "HTTP_ORIGIN", offsetof(struct im_wire, origin) },
	{ "HTTP_HOST", offsetof(struct im_wire, host) },
	{ "CONTENT_TYPE", offsetof(struct im_wire, content_type) },
	{ "CONTENT_LENGTH", offsetof(struct im_wire, content_length) },
	{ "REMOTE_ADDR", offsetof(struct im_wire, remote_addr) },
	{ "HTTP_USER_AGENT", offsetof(struct im_wire, user_agent) },
};

static void
take_variables(char **env, struct im_wire *w)
{
	for (; env && *env; env++) {
		const char *eq = strchr(*env, '=');
		size_t n = eq ? (size_t)(eq - *env) : 0;

		if (!n || strlen(eq + 1) > VARIABLE_MAX)
			continue;
		if (n == 5 && memcmp(*env, "HTTPS", 5) == 0)
			w->https = strcmp(eq + 1, "on") == 0;
		for (size_t i = 0; i < IM_COUNT(variables); i++) {
			if (strncmp(variables[i].name, *env, n) == 0 && !variables[i].name[n])
				*(const char **)((char *)w + variables[i].at) = eq + 1;
		}
	}
}

/* become - wholly the user and group that the set-id bits gave, with no way back */
static enum im_status
become(struct im_err *err)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (uid == 0)
		return im_fail(err, IM_CONFIG, "page programs do not run as root: run intimail-setup again");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return im_fail_errno(err, errno, "become user %u", (unsigned)uid);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return IM_OK;
}

/*
 * config_path - of the root that the program is installed in: <root>/usr/libexec/intimail/cgi/<name>. The kernel tells the
 * path, nobody who starts us. A program anywhere else (built, not installed) has the system's configuration.
 */
static const char *
config_path(struct im_arena *a)
{
	static const char place[] = "/usr/libexec/intimail/cgi/";
	char exe[4096], *at;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);

	if (n <= 0)
		return IM_CONF_DEFAULT;
	exe[n] = '\0';
	at = strrchr(exe, '/');
	if (!at || (size_t)(at + 1 - exe) < sizeof place - 1)
		return IM_CONF_DEFAULT;
	at += 1 - (ssize_t)(sizeof place - 1);
	if (memcmp(at, place, sizeof place - 1) != 0)
		return IM_CONF_DEFAULT;
	return im_arena_fmt(a, "%.*s%s", (int)(at - exe), exe, IM_CONF_DEFAULT);
}

static enum im_status
configure(struct im_conf *conf, struct im_arena *a, struct im_err *err)
{
	const char *file = config_path(a);
	struct stat st;

	if (stat(file, &st) < 0)
		return im_fail(err, IM_CONFIG, "configuration %s: %s", file, strerror(errno));
	/* whoever writes this file decides whose mail is shown; one who runs the program by hand may use his own */
	if ((st.st_uid != 0 && (getauxval(AT_SECURE) || st.st_uid != getuid())) ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		return im_fail(err, IM_CONFIG,
		    "configuration %s: must belong to root and be writable by nobody else", file);
	return im_conf_load(file, conf, err);
}

/* set_timezone - read now what dates will need: the files are out of reach later. The person's own before the house's */
static void
set_timezone(const struct im_conf *c, const struct im_session *s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	const char *zone = s && s->timezone[0] ? s->timezone : c->timezone;
	char tz[80];

	if (zone && *zone && strspn(zone, allowed) == strlen(zone) && im_fmt(tz, sizeof tz, ":%s", zone))
		(void)setenv("TZ", tz, 1);
	tzset();
}

/* static_version - in the URLs of style and script, so that browsers may keep them for ever; written at installation */
static const char *
static_version(const struct im_conf *c, struct im_arena *a)
{
	const char *path = im_arena_fmt(a, "%s/static/version", c->share_dir);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[64];
	ssize_t n;

	if (fd < 0)
		return "0";
	n = im_read_full(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] = '\0';
	return im_arena_strdup(a, *text ? text : "0");
}

static void
find_session(struct im_exchange *x, struct im_session *s)
{
	const char *token = im_cookie_get(x->wire->cookie, IM_COOKIE_SESSION, x->arena);

	x->session_st = im_session_load(x->conf, token, s, &x->session_err);
	x->session = x->session_st == IM_OK ? s : NULL;
}

/* directory_paths - of a program that speaks with slapd: it changes sessions, and keeps what is its own kind's alone */
static size_t
directory_paths(const struct im_exchange *x, struct im_confine_path *paths, size_t n)
{
	static const char *const sign_in[] = { "sessions", IM_PLACE_SIGN_IN, "last-sign-in" };
	static const char *const pages[] = { "sessions", IM_PLACE_PAGES, "resets" };
	const struct im_conf *c = x->conf;

	for (size_t i = 0; i < IM_COUNT(sign_in); i++)
		paths[n++] = (struct im_confine_path) { im_arena_fmt(x->arena, "%s/%s", c->state_dir,
							    x->app->uses_directory ? sign_in[i] : pages[i]),
			IM_PATH_WRITE };
	if (x->app->acts_in_directory) {
		paths[n++] =
		    (struct im_confine_path) { im_arena_fmt(x->arena, "%s/last-sign-in", c->state_dir),
			    IM_PATH_READ };
		paths[n++] = (struct im_confine_path) { "/usr/share/zoneinfo", IM_PATH_READ };
	}
	paths[n++] = (struct im_confine_path) { c->run_dir, IM_PATH_READ };
	paths[n++] = (struct im_confine_path) { "/etc", IM_PATH_READ }; /* ldap.conf, gnutls, hosts */
	paths[n++] = (struct im_confine_path) { "/usr/lib", IM_PATH_READ };
	return n;
}

/* confine - from here on only this person's mail, and the templates, exist */
static enum im_status
confine(const struct im_exchange *x, struct im_err *err)
{
	const struct im_conf *c = x->conf;
	struct im_confine_path paths[CONFINE_PATHS_MAX];
	size_t n = 0;

	paths[n++] = (struct im_confine_path) { c->share_dir, IM_PATH_READ }; /* templates, locale */
	if (x->app->uses_mail && x->session)
		paths[n++] = (struct im_confine_path) {
			im_arena_fmt(x->arena, "%s/%s/Maildir", c->mail_root, x->session->uid), IM_PATH_WRITE
		};
	if (x->app->reads_gconv)
		paths[n++] = (struct im_confine_path) { IM_GCONV_DIR, IM_PATH_READ };
	if (x->app->reads_magic) {
		paths[n++] = (struct im_confine_path) { "/usr/share/misc/magic.mgc", IM_PATH_READ };
		paths[n++] = (struct im_confine_path) { "/etc/magic", IM_PATH_READ };
	}
	if (x->app->uses_directory || x->app->acts_in_directory)
		n = directory_paths(x, paths, n);
	return im_confine(
	    &(struct im_confine) { .paths = paths,
		.npaths = n,
		.required = c->sandbox_required,
		.calls = x->app->uses_directory || x->app->acts_in_directory ? IM_CALLS_UNIX : IM_CALLS_LOCAL,
		.cpu_s = CPU_SECONDS,
		.as_bytes = ADDRESS_SPACE,
		.file_bytes = FILE_BYTES },
	    err);
}

static bool
send_all(struct iovec *v, int n)
{
	ssize_t w = writev(STDOUT_FILENO, v, n);

	for (int i = 0; i < n; i++) {
		size_t skip = w > 0 ? (size_t)w < v[i].iov_len ? (size_t)w : v[i].iov_len : 0;

		w -= (ssize_t)skip;
		if (skip < v[i].iov_len &&
		    !im_write_full(STDOUT_FILENO, (char *)v[i].iov_base + skip, v[i].iov_len - skip))
			return false;
	}
	return true;
}

static void
send_answer(struct im_exchange *x)
{
	struct iovec v[2] = { { x->head.p, x->head.n }, { x->body.p, x->body.n } };
	struct im_response *resp = &x->response;
	struct im_buf chunk;
	bool more = true;

	if (!send_all(v, 2) || !resp->stream)
		return;
	im_buf_init(&chunk, 2 * (size_t)IM_STREAM_CHUNK);
	while (more) {
		im_buf_clear(&chunk);
		more = resp->stream(resp->stream_arg, &chunk);
		if (!im_write_full(STDOUT_FILENO, chunk.p, chunk.n))
			break; /* the browser went away */
	}
	im_buf_done(&chunk);
}

static void
log_failure(const struct im_exchange *x)
{
	const char *uri = x->wire->uri ? x->wire->uri : "";
	int path = (int)strcspn(uri, "?");

	/* not to be signed in is no failure */
	if (x->log_status < 400 || x->log_status == 401)
		return;
	im_warn("%s: %s status=%d path=%.*s user=%s from=%s", x->app->name,
	    x->err.msg[0] ? x->err.msg : "refused", x->log_status, path > 200 ? 200 : path, uri,
	    x->session ? x->session->uid : "-", x->wire->remote_addr ? x->wire->remote_addr : "-");
}

/* prepare - everything before the request is looked at */
static enum im_status
prepare(struct im_exchange *x, struct im_conf *conf, struct im_session *session, struct im_err *err)
{
	enum im_status st = become(err);

	if (st == IM_OK)
		st = configure(conf, x->arena, err);
	if (st != IM_OK)
		return st;
	x->conf = conf;
	x->static_version = static_version(conf, x->arena);
	find_session(x, session);
	if (x->app->uses_mail || x->app->acts_in_directory)
		set_timezone(conf, x->session);
	if (x->app->uses_mail)
		im_boot_id_learn();
	return confine(x, err);
}

int
im_app_main(const struct im_app *app)
{
	struct im_arena arena = { 0 };
	struct im_conf conf = { 0 };
	struct im_session session = { 0 };
	struct im_wire wire = { .body_fd = STDIN_FILENO };
	struct im_exchange x = { .app = app, .wire = &wire, .arena = &arena, .static_version = "0" };
	struct im_err err;
	enum im_status st;

	if (!im_fds_sane())
		return 1;
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	im_response_before_limit(app->framed ? IM_LATE_FRAME : IM_LATE_PAGE);
	im_log_open("intimail-web", IM_LOG_FD, STDERR_FILENO);
	take_variables(environ, &wire);
	(void)clearenv();
	st = prepare(&x, &conf, &session, &err);
	if (st == IM_OK) {
		im_dispatch(&x);
	} else {
		x.session_err = err;
		im_exchange_fail(&x, st);
	}
	im_response_before_limit(IM_LATE_DIE);
	log_failure(&x);
	send_answer(&x);
	/* memory goes with the process; what is left is not worth a page fault */
	return 0;
}
