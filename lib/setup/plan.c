/*
 * plan.c - the table of what setup writes
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/plan.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "setup/render.h"

/* in this order: parents first */
static const struct {
	const char *path;
	mode_t mode;
	enum im_who user, group;
} directories[] = {
	{ "@root@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@etc_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@etc_dir@/postfix", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@etc_dir@/openldap", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@etc_dir@/lighttpd", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@etc_dir@/tls", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@libexec_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@libexec_dir@/cgi", 0750, IM_WHO_ROOT, IM_WHO_WEB },
	{ "@share_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@share_dir@/templates", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@share_dir@/static", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@share_dir@/locale", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@mail_root@", 0700, IM_WHO_MAIL, IM_WHO_MAIL },
	{ "@state_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	/* set-gid: the sign-in page runs with lighttpd's group, the mail pages come in by the group of the sessions */
	{ "@state_dir@/sessions", 02770, IM_WHO_AUTH, IM_WHO_AUTH },
	{ "@state_dir@/throttle", 0700, IM_WHO_AUTH, IM_WHO_AUTH },
	/* when people signed in last: told by the time of a file */
	{ "@state_dir@/last-sign-in", 0750, IM_WHO_AUTH, IM_WHO_AUTH },
	/* of the settings and administration pages: throttle and key; links that reset a password */
	{ "@state_dir@/pages", 0700, IM_WHO_PAGES, IM_WHO_PAGES },
	{ "@state_dir@/resets", 0700, IM_WHO_PAGES, IM_WHO_PAGES },
	{ "@state_dir@/upload", 0700, IM_WHO_WEB, IM_WHO_WEB },
	{ "@state_dir@/deflate", 0700, IM_WHO_WEB, IM_WHO_WEB },
	{ "@state_dir@/openldap", 0700, IM_WHO_LDAP, IM_WHO_LDAP },
	{ "@state_dir@/openldap/config", 0700, IM_WHO_LDAP, IM_WHO_LDAP },
	{ "@state_dir@/openldap/audit", 0700, IM_WHO_LDAP, IM_WHO_LDAP },
	{ "@state_dir@/policy", 0700, IM_WHO_MAIL, IM_WHO_MAIL },
	{ "@postfix_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@postfix_dir@/data", 0700, IM_WHO_POSTFIX, IM_WHO_POSTFIX },
	/* as Postfix's own postfix-files(5) has them */
	{ "@postfix_dir@/queue", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/active", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/bounce", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/corrupt", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/defer", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/deferred", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/flush", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/hold", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/incoming", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/private", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/saved", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/trace", 0700, IM_WHO_POSTFIX, IM_WHO_ROOT },
	{ "@postfix_dir@/queue/maildrop", 01730, IM_WHO_POSTFIX, IM_WHO_DROP },
	{ "@postfix_dir@/queue/public", 02710, IM_WHO_POSTFIX, IM_WHO_DROP },
	{ "@postfix_dir@/queue/pid", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@run_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ "@run_dir@/slapd", 0755, IM_WHO_LDAP, IM_WHO_LDAP },
	/* Postfix's smtpd comes in by the group */
	{ "@run_dir@/policy", 0750, IM_WHO_MAIL, IM_WHO_POSTFIX },
	{ "@log_dir@", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
};

/* rendered with the names of vars.h; all readable, none holds a secret */
static const struct {
	const char *template_name, *path;
} templates[] = {
	{ "postfix/main.cf.in", "@etc_dir@/postfix/main.cf" },
	{ "postfix/master.cf.in", "@etc_dir@/postfix/master.cf" },
	{ "postfix/dynamicmaps.cf.in", "@etc_dir@/postfix/dynamicmaps.cf" },
	{ "postfix/status-filter.in", "@etc_dir@/postfix/status-filter" },
	{ "postfix/ldap-mailbox.cf.in", "@etc_dir@/postfix/ldap-mailbox.cf" },
	{ "postfix/ldap-alias.cf.in", "@etc_dir@/postfix/ldap-alias.cf" },
	{ "postfix/ldap-throwaway.cf.in", "@etc_dir@/postfix/ldap-throwaway.cf" },
	{ "postfix/ldap-list.cf.in", "@etc_dir@/postfix/ldap-list.cf" },
	{ "openldap/slapd.conf.in", "@etc_dir@/openldap/slapd.conf" },
	{ "openldap/intimail.schema", "@etc_dir@/openldap/intimail.schema" },
	{ "openldap/base.ldif.in", "@etc_dir@/openldap/base.ldif" },
	{ "lighttpd/lighttpd.conf.in", "@etc_dir@/lighttpd/lighttpd.conf" },
};

/* copies, never links: a set-id program below a directory that somebody else may write is no program of ours */
static const struct {
	enum { FROM_BIN, FROM_CGI } from;
	const char *name, *path;
	mode_t mode;
	enum im_who user, group;
} programs[] = {
	{ FROM_BIN, "intimail-deliver", "@libexec_dir@/intimail-deliver", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ FROM_BIN, "intimail-policy", "@libexec_dir@/intimail-policy", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ FROM_BIN, "intimail-helper", "@libexec_dir@/intimail-helper", 0755, IM_WHO_ROOT, IM_WHO_ROOT },
	{ FROM_CGI, "login", "@libexec_dir@/cgi/login", 04755, IM_WHO_AUTH, IM_WHO_ROOT },
	{ FROM_CGI, "list", "@libexec_dir@/cgi/list", 06755, IM_WHO_MAIL, IM_WHO_AUTH },
	{ FROM_CGI, "settings", "@libexec_dir@/cgi/settings", 06755, IM_WHO_PAGES, IM_WHO_AUTH },
	{ FROM_CGI, "rules", "@libexec_dir@/cgi/rules", 06755, IM_WHO_MAIL, IM_WHO_AUTH },
	{ FROM_CGI, "message", "@libexec_dir@/cgi/message", 06755, IM_WHO_MAIL, IM_WHO_AUTH },
	{ FROM_CGI, "part", "@libexec_dir@/cgi/part", 06755, IM_WHO_MAIL, IM_WHO_AUTH },
	{ FROM_CGI, "html", "@libexec_dir@/cgi/html", 06755, IM_WHO_MAIL, IM_WHO_AUTH },
	{ FROM_CGI, "admin", "@libexec_dir@/cgi/admin", 06755, IM_WHO_PAGES, IM_WHO_AUTH },
};

const char *
im_plan_path(struct im_plan *p, const char *pattern, struct im_err *err)
{
	struct im_buf b;
	const char *ret = NULL;

	im_buf_init(&b, 4096);
	if (im_render("path", im_str(pattern), im_vars_lookup, &p->vars, &b, err) == IM_OK)
		ret = im_arena_strndup(&p->arena, b.p, b.n);
	im_buf_done(&b);
	return ret;
}

struct im_owner
im_plan_owner(const struct im_plan *p, mode_t mode, enum im_who user, enum im_who group)
{
	return (struct im_owner) { mode, p->ids.uid[user], p->ids.gid[group] };
}

static const char *
parent_of(struct im_plan *p, const char *path)
{
	size_t n = (size_t)(strrchr(path, '/') - path);

	return n == 0 ? "/" : im_arena_strndup(&p->arena, path, n);
}

enum im_status
im_plan_directories(struct im_plan *p, struct im_err *err)
{
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < IM_COUNT(directories); i++) {
		const char *path = im_plan_path(p, directories[i].path, err);

		if (!path)
			return err->st;
		/* parents that no line of the table makes: <root>/var/lib and the like */
		st = im_mkdirs(parent_of(p, path), 0755, err);
		if (st == IM_OK)
			st = im_put_dir(p->put, path,
			    im_plan_owner(p, directories[i].mode, directories[i].user, directories[i].group),
			    err);
	}
	return st;
}

static enum im_status
render_file(struct im_plan *p, const char *template_name, const char *path, struct im_err *err)
{
	const char *from = im_arena_fmt(&p->arena, "%s/%s", p->src->templates, template_name);
	struct im_buf text, out;
	enum im_status st;

	im_buf_init(&text, IM_RENDER_MAX);
	im_buf_init(&out, IM_RENDER_MAX);
	st = im_read_file(AT_FDCWD, from, IM_RENDER_MAX, &text, err);
	if (st == IM_OK)
		st = im_render(from, im_buf_str(&text), im_vars_lookup, &p->vars, &out, err);
	if (st == IM_OK)
		st = im_put_file(
		    p->put, path, im_buf_str(&out), im_plan_owner(p, 0644, IM_WHO_ROOT, IM_WHO_ROOT), err);
	im_buf_done(&out);
	im_buf_done(&text);
	return st;
}

static enum im_status
put_programs(struct im_plan *p, struct im_err *err)
{
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < IM_COUNT(programs); i++) {
		const char *dir = programs[i].from == FROM_BIN ? p->src->bin : p->src->cgi;
		const char *path = im_plan_path(p, programs[i].path, err);

		if (!path)
			return err->st;
		st = im_put_copy(p->put, im_arena_fmt(&p->arena, "%s/%s", dir, programs[i].name), path,
		    im_plan_owner(p, programs[i].mode, programs[i].user, programs[i].group), err);
		if (st == IM_NOTFOUND)
			return im_err_prefix(err, "a program is missing, build it first (make)");
	}
	return st;
}

static enum im_status
put_pages(struct im_plan *p, struct im_err *err)
{
	const struct {
		const char *from, *to, *version;
	} trees[] = {
		{ im_arena_fmt(&p->arena, "%s/templates", p->src->pages), "templates", NULL },
		/* the pages put the version into the addresses of the style and the script */
		{ im_arena_fmt(&p->arena, "%s/static", p->src->pages), "static", "version" },
		{ p->src->locale, "locale", NULL },
	};
	struct im_owner o = im_plan_owner(p, 0644, IM_WHO_ROOT, IM_WHO_ROOT);
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < IM_COUNT(trees); i++) {
		st = im_put_tree(p->put, trees[i].from,
		    im_arena_fmt(&p->arena, "%s/%s", p->conf->share_dir, trees[i].to), trees[i].version, o,
		    err);
		if (st == IM_NOTFOUND && trees[i].from == p->src->locale)
			st = IM_OK; /* no translations: English */
	}
	return st;
}

/* deliver_log - where the agent writes when this file is there (a private server has no syslog); made once, then left alone */
static enum im_status
deliver_log(struct im_plan *p, struct im_err *err)
{
	const char *path = im_plan_path(p, "@log_dir@/deliver.log", err);

	if (!path)
		return err->st;
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return IM_OK;
	return im_put_file(p->put, path, IM_STR(""), im_plan_owner(p, 0640, IM_WHO_MAIL, IM_WHO_MAIL), err);
}

enum im_status
im_plan_files(struct im_plan *p, struct im_err *err)
{
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < IM_COUNT(templates); i++) {
		const char *path = im_plan_path(p, templates[i].path, err);

		if (!path)
			return err->st;
		st = render_file(p, templates[i].template_name, path, err);
	}
	if (st == IM_OK)
		st = deliver_log(p, err);
	if (st == IM_OK)
		st = put_programs(p, err);
	return st == IM_OK ? put_pages(p, err) : st;
}
