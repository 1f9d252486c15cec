/*
 * setup.c - from intimail.conf to a directory that servers can be started on
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/setup.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "setup/plan.h"

#define INSTALLED "/usr/share/intimail"
#define INSTALLED_LIBEXEC "/usr/libexec/intimail"

static bool
exists(struct im_arena *a, const char *dir, const char *name)
{
	return access(im_arena_fmt(a, "%s/%s", dir, name), F_OK) == 0;
}

static bool
is_tree(struct im_arena *a, const char *dir)
{
	return exists(a, dir, "postfix/main.cf.in") && exists(a, dir, "cgi/templates");
}

/* the parent of a path, in place; false at the top */
static bool
up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

enum im_status
im_sources_find(const char *tree, struct im_arena *a, struct im_sources *ret, struct im_err *err)
{
	char exe[4096], build[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return im_fail(err, IM_TEMP, "/proc/self/exe: not readable, is /proc mounted?");
	exe[n] = '\0';
	if (!up(exe)) /* <build>/bin */
		return im_fail(err, IM_CONFIG, "the program has no directory");
	memcpy(build, exe, sizeof(exe));
	(void)up(build);
	if (!tree && strncmp(exe, "/usr/", 5) == 0 && exists(a, INSTALLED "/setup", "postfix/main.cf.in")) {
		*ret = (struct im_sources) { INSTALLED "/setup", INSTALLED, INSTALLED_LIBEXEC,
			INSTALLED_LIBEXEC "/cgi", INSTALLED "/locale" };
		return IM_OK;
	}
	if (tree && !is_tree(a, tree))
		return im_fail(
		    err, IM_INVALID, "%s: no postfix/main.cf.in there, this is not the source tree", tree);
	ret->bin = im_arena_strdup(a, exe);
	ret->cgi = im_arena_fmt(a, "%s/cgi", build);
	ret->locale = im_arena_fmt(a, "%s/locale", build);
	while (!tree && up(exe))
		tree = is_tree(a, exe) ? exe : NULL;
	if (!tree)
		return im_fail(err, IM_CONFIG,
		    "the configuration templates are neither above %s nor in " INSTALLED ": say --source DIR",
		    build);
	ret->templates = im_arena_strdup(a, tree);
	ret->pages = im_arena_fmt(a, "%s/cgi", tree);
	return IM_OK;
}

static enum im_status
apply(struct im_plan *p, struct im_err *err)
{
	typedef enum im_status step_fn(struct im_plan *, struct im_err *);
	step_fn *const steps[] = { im_plan_directories, im_plan_files, im_plan_certificate, im_plan_slapd };
	enum im_status st = im_users_make(p->conf, p->put, &p->ids, err);

	for (size_t i = 0; st == IM_OK && i < IM_COUNT(steps); i++)
		st = steps[i](p, err);
	return st;
}

enum im_status
im_setup_apply(
    const struct im_conf *conf, const struct im_sources *src, struct im_put *put, struct im_err *err)
{
	struct im_plan p = { .conf = conf, .src = src, .put = put };
	enum im_status st;
	mode_t mask;
	int lock;

	if (!im_conf_private(conf))
		return im_fail(err, IM_CONFIG,
		    "root = /: setting up the whole system is not there yet, use --private DIR");
	if (geteuid() != 0)
		return im_fail(
		    err, IM_DENIED, "only root can give files to the servers' users: run it with sudo");
	st = im_plan_place(conf, err);
	if (st != IM_OK)
		return st;
	lock = im_machine_lock(err);
	if (lock < 0)
		return err->st;
	mask = umask(022);
	p.vars = (struct im_vars) { conf, &p.ids };
	st = apply(&p, err);
	umask(mask);
	close(lock);
	im_arena_done(&p.arena);
	return st;
}
