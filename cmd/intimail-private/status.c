/*
 * status.c - intimail-private status
 *
 * SPDX-License-Identifier: ISC
 */
#include "private.h"

#include <stdio.h>
#include <string.h>

#include "base/value.h"
#include "setup/server.h"
#include "setup/vars.h"

/* an address before a port (RFC 3986 3.2.2) */
static const char *
host_port(struct im_arena *a, const char *scheme, const char *address, int port)
{
	return im_arena_fmt(a, strchr(address, ':') ? "%s[%s]:%d" : "%s%s:%d", scheme, address, port);
}

static const char *
ldap_uri(const struct im_conf *c, struct im_arena *a)
{
	struct im_vars v = { .conf = c };
	struct im_buf b;
	const char *ret;

	im_buf_init(&b, 4096);
	(void)im_vars_lookup(&v, "ldap_url", &b);
	ret = im_arena_strndup(a, b.p, b.n);
	im_buf_done(&b);
	return ret;
}

static struct im_value *
describe(const struct im_conf *c, const struct im_server servers[static IM_NSERVERS], struct im_arena *a)
{
	struct im_value *o = im_v_object(a), *list, *one;

	im_v_set_str(a, o, "domain", c->domain);
	im_v_set_str(a, o, "hostname", c->hostname);
	im_v_set_str(a, o, "smtp", host_port(a, "", c->listen, c->smtp_port));
	im_v_set_str(a, o, "http", host_port(a, "http://", c->listen, c->http_port));
	im_v_set_str(a, o, "https", host_port(a, "https://", c->listen, c->https_port));
	im_v_set_str(a, o, "ldap_uri", ldap_uri(c, a));
	im_v_set_str(a, o, "ldap_base", c->ldap_base);
	im_v_set_str(a, o, "root", c->root);
	im_v_set_str(a, o, "config", c->file);
	im_v_set_str(a, o, "mail_root", c->mail_root);
	im_v_set_str(a, o, "mail_log", im_arena_fmt(a, "%s/mail.log", c->log_dir));
	im_v_set_str(a, o, "postfix_config", im_arena_fmt(a, "%s/postfix", c->etc_dir));
	im_v_set_str(a, o, "certificate", im_arena_fmt(a, "%s/tls/cert.pem", c->etc_dir));
	list = im_v_set_object(a, o, "servers");
	for (size_t i = 0; i < IM_NSERVERS; i++) {
		pid_t pid = im_server_pid(&servers[i]);

		one = im_v_set_object(a, list, servers[i].name);
		im_v_set_bool(a, one, "running", pid != 0);
		if (pid != 0)
			im_v_set_int(a, one, "pid", pid);
		else
			im_v_set_null(a, one, "pid");
		im_v_set_str(a, one, "log", servers[i].log);
	}
	return o;
}

static void
print_text(const struct im_value *v)
{
	static const char *const shown[] = { "domain", "https", "http", "smtp", "ldap_uri", "config",
		"mail_root", "mail_log" };

	for (size_t i = 0; i < IM_COUNT(shown); i++) {
		struct im_str s = im_v_get(v, im_str(shown[i]))->u.s;

		printf("%-10s %.*s\n", shown[i], (int)s.n, s.p);
	}
	for (const struct im_value *s = im_v_get(v, im_str("servers"))->u.c.first; s; s = s->next) {
		if (im_v_get(s, im_str("running"))->u.b)
			printf(
			    "%-10s runs, process %lld\n", s->key, (long long)im_v_get(s, im_str("pid"))->u.i);
		else
			printf("%-10s does not run\n", s->key);
	}
}

bool
private_show(const struct im_cmd_ctx *ctx, const struct im_conf *conf)
{
	struct im_arena arena = { 0 };
	struct im_server servers[IM_NSERVERS];
	const struct im_value *v;
	bool all = true;

	im_servers(conf, &arena, servers);
	v = describe(conf, servers, &arena);
	if (ctx->json) {
		im_cmd_print_json(v);
	} else {
		print_text(v);
	}
	for (const struct im_value *s = im_v_get(v, im_str("servers"))->u.c.first; s; s = s->next)
		all = all && im_v_get(s, im_str("running"))->u.b;
	im_arena_done(&arena);
	return all;
}

enum im_status
cmd_status(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_conf conf;
	enum im_status st = private_conf(ctx, argv[0], NULL, &conf, err);

	(void)argc;
	if (st != IM_OK)
		return st;
	if (!private_show(ctx, &conf))
		st = im_fail(err, IM_TEMP, "%s: not all servers run", conf.root);
	im_conf_done(&conf);
	return st;
}
