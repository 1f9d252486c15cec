/*
 * slapd.c - slapd's configuration data base and the first tree of the directory
 *
 * slapd.conf is converted to slapd.d (cn=config) whenever it or the schema is newer; a directory with people in it is
 * never touched. Both tools run as slapd's own user, so that every file they make belongs to it.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/proc.h"
#include "setup/plan.h"

enum { TOOL_MS = 60000, OUTPUT_MAX = 64 * 1024 };

static enum im_status
run_as_slapd(const struct im_plan *p, const char *const argv[], struct im_err *err)
{
	struct im_proc_opts o = {
		.timeout_ms = TOOL_MS,
		.uid = p->ids.uid[IM_WHO_LDAP],
		.gid = p->ids.gid[IM_WHO_LDAP],
	};
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, OUTPUT_MAX);
	st = im_proc_run(argv, &o, &out, err);
	im_buf_done(&out);
	return st;
}

/* is path newer than what was made from it? */
static bool
newer(const char *path, const char *made)
{
	struct stat a, b;

	if (stat(path, &a) != 0 || stat(made, &b) != 0)
		return true;
	return a.st_mtim.tv_sec > b.st_mtim.tv_sec ||
	       (a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec >= b.st_mtim.tv_nsec);
}

/* below dir, which is slapd's own: as its user, so that a link planted there leads nowhere */
static enum im_status
remove_tree(const struct im_plan *p, const char *dir, struct im_err *err)
{
	const char *const argv[] = { "rm", "-rf", "--", dir, NULL };

	return run_as_slapd(p, argv, err);
}

/*
 * The new slapd.d is made beside the old one and takes its place at the end. slaptest opens the data base, so there must
 * be one (with "-u" it opens none, but converts nothing either).
 */
static enum im_status
convert(struct im_plan *p, const char *conf, const char *dir, struct im_err *err)
{
	const char *made = im_arena_fmt(&p->arena, "%s/new", dir),
		   *used = im_arena_fmt(&p->arena, "%s/slapd.d", dir);
	const char *const argv[] = { "slaptest", "-f", conf, "-F", made, NULL };
	enum im_status st = remove_tree(p, made, err);

	if (st == IM_OK)
		st = im_put_dir(
		    &(struct im_put) { 0 }, made, im_plan_owner(p, 0750, IM_WHO_LDAP, IM_WHO_LDAP), err);
	if (st == IM_OK)
		st = run_as_slapd(p, argv, err);
	if (st == IM_OK)
		st = remove_tree(p, used, err);
	if (st == IM_OK && rename(made, used) != 0)
		st = im_fail_errno(err, errno, "%s", used);
	if (st != IM_OK)
		return im_err_prefix(err, "slapd's configuration (%s)", conf);
	im_put_changed(p->put, used);
	return IM_OK;
}

/* first_tree - a data base that is not there yet, with what is in ldif: slaptest opens every one */
static enum im_status
first_tree(struct im_plan *p, const char *conf, const char *suffix, const char *ldif, const char *db,
    struct im_err *err)
{
	const char *const argv[] = { "slapadd", "-b", suffix, "-f", conf, "-l", ldif, NULL };

	if (access(db, F_OK) == 0)
		return IM_OK;
	if (run_as_slapd(p, argv, err) != IM_OK) {
		(void)unlink(db);
		return im_err_prefix(err, "the first tree of the directory (%s)", ldif);
	}
	im_put_changed(p->put, db);
	return IM_OK;
}

enum im_status
im_plan_slapd(struct im_plan *p, struct im_err *err)
{
	const char *etc = im_plan_path(p, "@etc_dir@/openldap", err);
	const char *db = im_plan_path(p, "@state_dir@/openldap/data.mdb", err);
	const char *base = im_plan_path(p, "@state_dir@/openldap/config", err);
	const char *audit = im_plan_path(p, "@state_dir@/openldap/audit/data.mdb", err);
	const char *conf, *made;
	enum im_status st;

	if (!etc || !db || !base || !audit)
		return err->st;
	conf = im_arena_fmt(&p->arena, "%s/slapd.conf", etc);
	made = im_arena_fmt(&p->arena, "%s/slapd.d/cn=config.ldif", base);
	st = first_tree(p, conf, "cn=accesslog", "/dev/null", audit, err);
	if (st == IM_OK)
		st = first_tree(
		    p, conf, p->conf->ldap_base, im_arena_fmt(&p->arena, "%s/base.ldif", etc), db, err);
	if (st != IM_OK)
		return st;
	if (newer(conf, made) || newer(im_arena_fmt(&p->arena, "%s/intimail.schema", etc), made))
		return convert(p, conf, base, err);
	return IM_OK;
}
