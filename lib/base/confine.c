/*
 * confine.c - limits, Landlock, seccomp
 *
 * Raw system calls and our own copies of the kernel's structures: Debian 12 has no wrapper, its headers are older than
 * kernels that people run, and libseccomp needs a millisecond where a page takes less.
 *
 * Landlock (kernel Documentation/userspace-api/landlock.rst) decides which files; ABI 1 cannot rename from tmp/ to
 * new/ and counts as none. What an ABI does not know is not asked for.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/seccomp.h"

/* linux/landlock.h of 6.12 */
enum {
	FS_EXECUTE = 1 << 0,
	FS_WRITE_FILE = 1 << 1,
	FS_READ_FILE = 1 << 2,
	FS_READ_DIR = 1 << 3,
	FS_REMOVE_DIR = 1 << 4,
	FS_REMOVE_FILE = 1 << 5,
	FS_MAKE_DIR = 1 << 7,
	FS_MAKE_REG = 1 << 8,
	FS_REFER = 1 << 13,    /* ABI 2 */
	FS_TRUNCATE = 1 << 14, /* ABI 3 */
	FS_ABI1 = (1 << 13) - 1,
	FS_IOCTL_DEV = 1 << 15, /* ABI 5 */

	NET_ALL = 3,   /* ABI 4: bind and connect of TCP */
	SCOPE_ALL = 3, /* ABI 6: abstract sockets, signals */

	READ_RIGHTS = FS_READ_FILE | FS_READ_DIR,
	WRITE_RIGHTS = READ_RIGHTS | FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_DIR |
		       FS_MAKE_REG | FS_REFER | FS_TRUNCATE,
	FILE_RIGHTS = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,

	NET_CONNECT = 2,

	CREATE_VERSION = 1,
	RULE_PATH_BENEATH = 1,
	RULE_NET_PORT = 2
};

struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct path_beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

struct net_port {
	uint64_t allowed, port;
};

/* the numbers are the same on every architecture */
enum { NR_CREATE_RULESET = 444, NR_ADD_RULE = 445, NR_RESTRICT_SELF = 446 };

int
im_landlock_abi(void)
{
	long abi = syscall(NR_CREATE_RULESET, NULL, 0, CREATE_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static unsigned
fs_handled(int abi)
{
	return FS_ABI1 | FS_REFER | (abi >= 3 ? FS_TRUNCATE : 0) | (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static enum im_status
add_path(int ruleset, unsigned handled, const struct im_confine_path *p, struct im_err *err)
{
	const bool write = p->access == IM_PATH_WRITE;
	struct path_beneath rule = { .allowed = (write ? WRITE_RIGHTS : READ_RIGHTS) & handled };
	enum im_status st = IM_OK;
	struct stat sb;

	/* what may be written to lies in a person's reach: a link there must not choose the target */
	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC | (write ? O_NOFOLLOW : 0));
	if (rule.parent_fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return IM_OK;
		return im_fail_errno(err, errno, "confine to %s", p->path);
	}
	if (fstat(rule.parent_fd, &sb) < 0) {
		st = im_fail_errno(err, errno, "confine to %s", p->path);
	} else if (S_ISLNK(sb.st_mode)) {
		st = im_fail(err, IM_DENIED, "confine to %s: a symbolic link", p->path);
	} else {
		if (!S_ISDIR(sb.st_mode))
			rule.allowed &= FILE_RIGHTS;
		if (syscall(NR_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0)
			st = im_fail_errno(err, errno, "confine to %s", p->path);
	}
	close(rule.parent_fd);
	return st;
}

static enum im_status
add_port(int ruleset, uint16_t port, struct im_err *err)
{
	struct net_port rule = { .allowed = NET_CONNECT, .port = port };

	if (syscall(NR_ADD_RULE, ruleset, RULE_NET_PORT, &rule, 0) < 0)
		return im_fail_errno(err, errno, "confine to the port %u", (unsigned)port);
	return IM_OK;
}

static enum im_status
restrict_files(const struct im_confine *c, int abi, struct im_err *err)
{
	struct ruleset_attr attr = {
		.fs = fs_handled(abi), .net = abi >= 4 ? NET_ALL : 0, .scoped = abi >= 6 ? SCOPE_ALL : 0
	};
	size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
	int ruleset = (int)syscall(NR_CREATE_RULESET, &attr, size, 0);
	enum im_status st = IM_OK;

	if (ruleset < 0)
		return im_fail_errno(err, errno, "confine: create the Landlock rules");
	for (size_t i = 0; i < c->npaths && st == IM_OK; i++)
		st = add_path(ruleset, (unsigned)attr.fs, &c->paths[i], err);
	if (st == IM_OK && attr.net && c->connect_port != 0)
		st = add_port(ruleset, c->connect_port, err);
	if (st == IM_OK && syscall(NR_RESTRICT_SELF, ruleset, 0) < 0)
		st = im_fail_errno(err, errno, "confine: Landlock");
	close(ruleset);
	return st;
}

static bool
limit(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit now = { 0 };

	/* never raise, and stay within what we were given; nothing is below nothing */
	if (hard > 0 && getrlimit(what, &now) < 0)
		return false;
	if (hard > now.rlim_max)
		hard = now.rlim_max;
	if (soft > hard)
		soft = hard;
	return setrlimit(what, &(struct rlimit) { soft, hard }) == 0;
}

static enum im_status
set_limits(const struct im_confine *c, struct im_err *err)
{
	bool ok = limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_NPROC, 0, 0);

	/* soft first: SIGXCPU says in the log what it was */
	if (ok && c->cpu_s)
		ok = limit(RLIMIT_CPU, c->cpu_s, c->cpu_s + 1);
#ifndef __SANITIZE_ADDRESS__ /* its shadow is 16 TB of address space */
	if (ok && c->as_bytes)
		ok = limit(RLIMIT_AS, c->as_bytes, c->as_bytes);
#endif
	if (ok && c->file_bytes) {
		ok = limit(RLIMIT_FSIZE, c->file_bytes, c->file_bytes);
		(void)signal(SIGXFSZ, SIG_IGN); /* the limit arrives as EFBIG */
	}
	return ok ? IM_OK : im_fail_errno(err, errno, "confine: set a resource limit");
}

enum im_status
im_confine(const struct im_confine *c, struct im_err *err)
{
	int abi = im_landlock_abi();
	enum im_status st;

	if (abi < 2 && c->required)
		return im_fail(err, IM_CONFIG,
		    "this kernel has no usable Landlock (Linux 5.19 or newer with landlock in its lsm= "
		    "list), and "
		    "sandbox_required = yes");
	st = set_limits(c, err);
	if (st != IM_OK)
		return st;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return im_fail_errno(err, errno, "confine: no_new_privs");
	if (abi >= 2)
		st = restrict_files(c, abi, err);
	if (st == IM_OK && c->calls != IM_CALLS_ALL)
		st = im_seccomp(c->calls == IM_CALLS_UNIX, c->required, err);
	return st;
}
