/*
 * conf.h - intimail.conf, the one configuration file
 *
 * "name = value", '#' begins a comment line, no sections, no quoting: the value is the rest of the line, trimmed.
 * One table in conf.c gives each key's type, range, default and a line of help; intimail.conf(5) is tested
 * against it. An unknown key, a key given twice, a bad value is IM_CONFIG with file and line.
 *
 * Paths that are not given are made from "root": "/" for the system, DIR for a private server.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CONF_H
#define IM_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

enum im_over_quota { IM_OVER_QUOTA_DEFER, IM_OVER_QUOTA_REFUSE };

/* every string is set after loading, owned by the struct's arena */
struct im_conf {
	struct im_arena arena;
	const char *file; /* where it was read from */

	const char *domain;   /* example.org; required */
	const char *hostname; /* mail.<domain> */
	const char *root;     /* "/" or the directory of a private server */

	const char *mail_root;   /* <root>/var/mail/intimail: one directory per uid */
	const char *state_dir;   /* <root>/var/lib/intimail: sessions, throttle, upload */
	const char *run_dir;     /* <root>/run/intimail: sockets, pid files */
	const char *log_dir;     /* <root>/var/log/intimail */
	const char *etc_dir;     /* <root>/etc/intimail: rendered configuration */
	const char *share_dir;   /* <root>/usr/share/intimail: templates, static, locale */
	const char *libexec_dir; /* <root>/usr/libexec/intimail: agent, cgi/ */

	const char *mail_user; /* "intimail": owns the mail, runs the agent and the mail pages */
	const char *web_user;  /* "intimail-web": lighttpd; can read no mail and no session */
	const char *auth_user; /* "intimail-auth": the sign-in page; owns the sessions */
	const char *
	    pages_user; /* "intimail-pages": settings and administration; acts in the directory as the person */

	const char *ldap_socket; /* path of slapd's ldapi socket */
	const char *ldap_base;   /* dc=example,dc=org, from the domain */
	int ldap_timeout;        /* seconds for each step, 3 */

	const char *listen; /* address the servers bind: 127.0.0.1 in a private server */
	int smtp_port, http_port, https_port;
	int submit_port; /* on the loopback address: where our own programs hand messages to Postfix */

	enum im_over_quota over_quota; /* defer */
	uint64_t default_quota;        /* bytes for a new person, 0 = none; 5G */
	uint64_t message_size_limit;   /* bytes; 50M */
	int send_limit;                /* recipients that a person may write to in a day; 500 */
	uint64_t send_size_limit;      /* bytes that a person may send in a day; 1G */

	int archive_keep; /* seconds that the mail of a deleted person is kept; 90 days */

	const char *language;  /* "en": when the browser asks for none we have */
	const char *timezone;  /* "" = the system's */
	int page_size;         /* messages on a list page, 50 */
	int session_idle;      /* seconds, 2 h */
	int session_lifetime;  /* seconds, 12 h */
	bool sandbox_required; /* refuse to serve when Landlock is missing */
};

#define IM_CONF_DEFAULT "/etc/intimail/intimail.conf"
#define IM_CONF_MAX_BYTES (256 * 1024)

/* im_conf_load - read and check file; *c is complete on IM_OK, empty otherwise. Release with im_conf_done */
enum im_status im_conf_load(const char *file, struct im_conf *c, struct im_err *err) IM_MUSTUSE;
void im_conf_done(struct im_conf *c);

/* im_conf_get - the value of a key as text, for templates: "@domain@"; false for an unknown key */
bool im_conf_get(const struct im_conf *c, const char *key, struct im_buf *ret);

/* im_conf_each - the table itself, for --help, the man page test and rendering */
struct im_conf_key {
	const char *name, *type, *def, *help;
};
const struct im_conf_key *im_conf_keys(size_t *ret_n);

#endif
