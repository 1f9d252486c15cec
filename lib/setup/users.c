/*
 * users.c - the system users that delivery and pages run as
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/users.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/proc.h"

#define LOCK_FILE "/run/intimail-setup.lock"

enum { USERADD_MS = 30000, LOCK_MS = 120000 };

int
im_machine_lock(struct im_err *err)
{
	int fd = open(LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		(void)im_fail_errno(err, errno, "%s", LOCK_FILE);
		return -1;
	}
	if (im_lock(fd, true, LOCK_MS, err) != IM_OK) {
		(void)im_err_prefix(err, "another setup is under way");
		close(fd);
		return -1;
	}
	return fd;
}

static bool
find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw)
		return false;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return true;
}

static enum im_status
make_user(const char *name, const char *comment, struct im_put *p, struct im_err *err)
{
	const char *const argv[] = { "useradd", "--system", "--user-group", "--no-create-home", "--home-dir",
		"/nonexistent", "--shell", "/usr/sbin/nologin", "--comment", comment, "--", name, NULL };
	struct im_proc_opts o = { .timeout_ms = USERADD_MS };
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, 4096);
	st = im_proc_run(argv, &o, &out, err);
	im_buf_done(&out);
	if (st != IM_OK)
		return im_err_prefix(err, "making the system user %s", name);
	im_put_changed(p, name);
	return IM_OK;
}

enum im_status
im_users_make(const struct im_conf *c, struct im_put *p, struct im_ids *ret, struct im_err *err)
{
	const struct {
		enum im_who who;
		const char *name, *comment; /* comment: ours; else the package that brings it */
		const char *package;
	} users[] = {
		{ IM_WHO_MAIL, c->mail_user, "intimail mail", NULL },
		{ IM_WHO_WEB, c->web_user, "intimail web server", NULL },
		{ IM_WHO_AUTH, c->auth_user, "intimail sign-in", NULL },
		{ IM_WHO_PAGES, c->pages_user, "intimail settings and administration pages", NULL },
		{ IM_WHO_POSTFIX, "postfix", NULL, "postfix" },
		{ IM_WHO_LDAP, "openldap", NULL, "slapd" },
	};
	const struct group *gr = getgrnam("postdrop");
	enum im_status st;

	if (!gr)
		return im_fail(err, IM_CONFIG,
		    "there is no group postdrop on this machine: install the package postfix");
	memset(ret, 0, sizeof(*ret));
	ret->gid[IM_WHO_DROP] = gr->gr_gid;
	for (size_t i = 0; i < IM_COUNT(users); i++) {
		enum im_who w = users[i].who;

		if (find_user(users[i].name, &ret->uid[w], &ret->gid[w]))
			continue;
		if (!users[i].comment)
			return im_fail(err, IM_CONFIG,
			    "there is no user %s on this machine: install the package %s", users[i].name,
			    users[i].package);
		st = make_user(users[i].name, users[i].comment, p, err);
		if (st != IM_OK)
			return st;
		if (!find_user(users[i].name, &ret->uid[w], &ret->gid[w]))
			return im_fail(
			    err, IM_TEMP, "the user %s was made, but cannot be found", users[i].name);
	}
	return IM_OK;
}
