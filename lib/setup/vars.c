/*
 * vars.c - the names that configuration templates may use
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/vars.h"

#include <inttypes.h>
#include <string.h>

#include "base/str.h"

typedef void var_fn(const struct im_vars *v, struct im_buf *ret);

bool
im_conf_private(const struct im_conf *c)
{
	return strcmp(c->root, "/") != 0;
}

static void
postfix_uid(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%u", v->ids->uid[IM_WHO_POSTFIX]);
}

static void
mail_uid(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%u", v->ids->uid[IM_WHO_MAIL]);
}

static void
web_uid(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%u", v->ids->uid[IM_WHO_WEB]);
}

static void
auth_uid(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%u", v->ids->uid[IM_WHO_AUTH]);
}

static void
pages_uid(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%u", v->ids->uid[IM_WHO_PAGES]);
}

/* the domain in a regular expression of slapd.conf, where a backslash inside quotes is lost */
static void
domain_pattern(const struct im_vars *v, struct im_buf *ret)
{
	for (const char *p = v->conf->domain; *p; p++) {
		if (*p == '.')
			im_buf_adds(ret, "[.]");
		else
			im_buf_addc(ret, *p);
	}
}

/* the first label of the domain: the value of "dc" in the entry at the top of the tree */
static void
dc(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_add(ret, v->conf->domain, strcspn(v->conf->domain, "."));
}

static void
module_path(const struct im_vars *v, struct im_buf *ret)
{
	(void)v;
	im_buf_adds(ret, "/usr/lib/ldap");
}

/* on a system Postfix logs by syslog */
static void
maillog_file(const struct im_vars *v, struct im_buf *ret)
{
	if (im_conf_private(v->conf))
		im_buf_addf(ret, "%s/mail.log", v->conf->log_dir);
}

/* nothing leaves a private server */
static void
default_transport(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_adds(ret, im_conf_private(v->conf)
			     ? "error:5.3.2 a private server sends no mail to other domains"
			     : "smtp");
}

static void
postfix_dir(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%s/postfix", v->conf->state_dir);
}

static void
tls_key(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%s/tls/key.pem", v->conf->etc_dir);
}

static void
tls_cert(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%s/tls/cert.pem", v->conf->etc_dir);
}

/* RFC 4516 2.1: the path of a local socket is percent-encoded as the host */
static void
ldap_url(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_adds(ret, "ldapi://");
	for (const char *p = v->conf->ldap_socket; *p; p++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._", *p))
			im_buf_addc(ret, *p);
		else
			im_buf_addf(ret, "%%%02X", (unsigned char)*p);
	}
}

static void
add_pattern(struct im_buf *ret, const char *name)
{
	for (; *name; name++) {
		if (*name == '.')
			im_buf_addc(ret, '\\');
		im_buf_addc(ret, *name);
	}
}

/* the values of Host that are answered: our names; of a private server also addresses, which no foreign name can be */
static void
host_pattern(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_adds(ret, "^(");
	add_pattern(ret, v->conf->hostname);
	im_buf_addc(ret, '|');
	add_pattern(ret, v->conf->domain);
	if (im_conf_private(v->conf))
		im_buf_adds(ret, "|localhost|[0-9.]+|\\[[0-9a-f:.]+\\]");
	im_buf_adds(ret, ")(:[0-9]+)?$");
}

/* an address before ":port" (RFC 3986 3.2.2) */
static void
listen_host(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, strchr(v->conf->listen, ':') ? "[%s]" : "%s", v->conf->listen);
}

static void
http_plain(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_adds(ret, im_conf_private(v->conf) ? "^/" : "^/\\.well-known/acme-challenge/");
}

/* Postfix knows no suffixes */
static void
message_size_limit(const struct im_vars *v, struct im_buf *ret)
{
	im_buf_addf(ret, "%" PRIu64, v->conf->message_size_limit);
}

static const struct {
	const char *name;
	var_fn *value;
} vars[] = {
	{ "auth_uid", auth_uid },
	{ "dc", dc },
	{ "default_transport", default_transport },
	{ "domain_pattern", domain_pattern },
	{ "host_pattern", host_pattern },
	{ "http_plain", http_plain },
	{ "ldap_url", ldap_url },
	{ "listen_host", listen_host },
	{ "mail_uid", mail_uid },
	{ "maillog_file", maillog_file },
	{ "message_size_limit", message_size_limit },
	{ "module_path", module_path },
	{ "pages_uid", pages_uid },
	{ "postfix_dir", postfix_dir },
	{ "postfix_uid", postfix_uid },
	{ "tls_cert", tls_cert },
	{ "tls_key", tls_key },
	{ "web_uid", web_uid },
};

bool
im_vars_lookup(void *arg, const char *name, struct im_buf *ret)
{
	const struct im_vars *v = arg;

	for (size_t i = 0; i < IM_COUNT(vars); i++) {
		if (strcmp(vars[i].name, name) == 0) {
			vars[i].value(v, ret);
			return true;
		}
	}
	return im_conf_get(v->conf, name, ret);
}
