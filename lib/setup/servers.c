/*
 * servers.c - how slapd, the policy server, Postfix, the helper and lighttpd are run on a root
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>

#include "setup/server.h"
#include "setup/vars.h"

/* an anonymous simple bind (RFC 4511 4.2): refused or not, an answer begins with a SEQUENCE */
static const char ldap_bind[] = "\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00";

static const char http_get[] = "GET /static/ HTTP/1.0\r\nHost: localhost\r\n\r\n";

static struct im_server
slapd(const struct im_conf *c, struct im_arena *a)
{
	const char *conf = im_arena_fmt(a, "%s/openldap/config/slapd.d", c->state_dir);
	struct im_vars v = { .conf = c };
	struct im_buf url;
	struct im_server s;

	im_buf_init(&url, 1024);
	(void)im_vars_lookup(&v, "ldap_url", &url);
	s = (struct im_server) {
		.name = "slapd",
		.exe = "slapd",
		/* "-d none": in the foreground, and only messages that are always shown (2.5 has no log file of its own) */
		.argv = { "/usr/sbin/slapd", "-h", im_arena_strdup(a, url.p), "-F", conf, "-u", "openldap",
		    "-g", "openldap", "-d", "none" },
		.mark = conf,
		.pidfile = im_arena_fmt(a, "%s/slapd.pid", c->run_dir),
		.log = im_arena_fmt(a, "%s/slapd.log", c->log_dir),
		.probes = { { c->ldap_socket, 0, ldap_bind, sizeof(ldap_bind) - 1, "\x30" } },
		.end_signal = SIGTERM,
	};
	im_buf_done(&url);
	return s;
}

/* a state of the protocol that Postfix does not have: there is no objection to it, and slapd is not asked */
static const char policy_request[] = "request=smtpd_access_policy\nprotocol_state=PROBE\n\n";

static struct im_server
policy(const struct im_conf *c, struct im_arena *a)
{
	const char *conf = im_arena_fmt(a, "%s/intimail.conf", c->etc_dir);

	return (struct im_server) {
		.name = "policy",
		.exe = "intimail-policy",
		.argv = { im_arena_fmt(a, "%s/intimail-policy", c->libexec_dir), "-c", conf },
		.mark = conf,
		.pidfile = im_arena_fmt(a, "%s/policy.pid", c->run_dir),
		.log = im_arena_fmt(a, "%s/policy.log", c->log_dir),
		.probes = { { im_arena_fmt(a, "%s/policy/policy.sock", c->run_dir), 0, policy_request,
		    sizeof(policy_request) - 1, "action=DUNNO" } },
		.end_signal = SIGTERM,
	};
}

static struct im_server
postfix(const struct im_conf *c, struct im_arena *a)
{
	const char *conf = im_arena_fmt(a, "%s/postfix", c->etc_dir);

	return (struct im_server) {
		.name = "postfix",
		.exe = "master",
		.argv = { "/usr/lib/postfix/sbin/master", "-c", conf },
		/* about master.cf master(8) complains to syslog only */
		.check = { "postconf", "-c", conf, "-M" },
		.mark = conf,
		.pidfile = im_arena_fmt(a, "%s/postfix.pid", c->run_dir),
		.log = im_arena_fmt(a, "%s/mail.log", c->log_dir),
		.probes = { { c->listen, c->smtp_port, NULL, 0, "220 " } },
		.end_signal = SIGTERM,
	};
}

static struct im_server
helper(const struct im_conf *c, struct im_arena *a)
{
	const char *conf = im_arena_fmt(a, "%s/intimail.conf", c->etc_dir);

	return (struct im_server) {
		.name = "helper",
		.exe = "intimail-helper",
		.argv = { im_arena_fmt(a, "%s/intimail-helper", c->libexec_dir), "-c", conf, "--listen" },
		.mark = conf,
		.pidfile = im_arena_fmt(a, "%s/helper.pid", c->run_dir),
		.log = im_arena_fmt(a, "%s/helper.log", c->log_dir),
		.probes = { { im_arena_fmt(a, "%s/helper.sock", c->run_dir), 0, NULL, 0, NULL } },
		.end_signal = SIGTERM,
	};
}

static struct im_server
lighttpd(const struct im_conf *c, struct im_arena *a)
{
	const char *conf = im_arena_fmt(a, "%s/lighttpd/lighttpd.conf", c->etc_dir);

	return (struct im_server) {
		.name = "lighttpd",
		.exe = "lighttpd",
		.argv = { "/usr/sbin/lighttpd", "-D", "-f", conf },
		.mark = conf,
		.pidfile = im_arena_fmt(a, "%s/lighttpd.pid", c->run_dir),
		.log = im_arena_fmt(a, "%s/lighttpd-error.log", c->log_dir),
		.probes = { { c->listen, c->http_port, http_get, sizeof(http_get) - 1, "HTTP/1." },
		    { c->listen, c->https_port, NULL, 0, NULL } },
		/* SIGINT: lets requests under way end */
		.end_signal = SIGINT,
	};
}

void
im_servers(const struct im_conf *c, struct im_arena *a, struct im_server ret[static IM_NSERVERS])
{
	ret[0] = slapd(c, a);
	ret[1] = policy(c, a);
	ret[2] = postfix(c, a);
	ret[3] = helper(c, a);
	ret[4] = lighttpd(c, a);
}
