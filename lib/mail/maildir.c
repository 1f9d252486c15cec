/*
 * maildir.c - opening stores and mailboxes, and filing a message so that it survives a power cut
 *
 * Filing is write to tmp/, fsync, rename into new/ or cur/, fsync of that directory; only then is a message delivered.
 * The final name is made at the rename, so that under the index lock names rise in the order of delivery.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

enum { HOST_LABEL_MAX = 20, NAME_TRIES = 100 };

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

/* --- stores and mailboxes --- */

/* flock, F_NOTIFY and durable renames are promises of a local file system only */
static enum im_status
check_local(int fd, const char *what, struct im_err *err)
{
	static const struct {
		unsigned long magic;
		const char *name;
	} remote[] = {
		{ 0x6969, "NFS" },
		{ 0x517b, "SMB" },
		{ 0xff534d42, "CIFS" },
		{ 0xfe534d42, "SMB2" },
		{ 0x5346414f, "AFS" },
		{ 0x73757245, "Coda" },
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return im_fail_errno(err, errno, "cannot ask for the file system of the mail of %s", what);
	for (size_t i = 0; i < IM_COUNT(remote); i++)
		if (((unsigned long)fs.f_type & 0xffffffff) == remote[i].magic)
			return im_fail(err, IM_TEMP,
			    "the mail of %s lies on a network file system (%s): locks and change notices do "
			    "not work "
			    "there, use a local disk",
			    what, remote[i].name);
	return IM_OK;
}

static enum im_status
check_owner(int fd, const char *what, const char *dir, struct im_err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return im_fail_errno(err, errno, "cannot look at %s of %s", dir, what);
	if (st.st_uid != geteuid())
		return im_fail(err, IM_TEMP,
		    "%s of %s belongs to user id %u, not to %u, which this program runs as: chown it", dir,
		    what, (unsigned)st.st_uid, (unsigned)geteuid());
	return IM_OK;
}

/*
 * open_dir - the directory 'name' below dirfd, made when 'create'; symbolic links and foreign owners are refused
 * A made directory is synced into its parent: mail in a directory that a power cut takes away is lost mail.
 */
static enum im_status
open_dir_as(
    int flags, int dirfd, const char *name, const char *what, bool create, int *ret, struct im_err *err)
{
	int fd = openat(dirfd, name, flags);
	enum im_status st;

	if (fd < 0 && errno == ENOENT && create) {
		if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
			return im_fail_errno(err, errno, "cannot make the directory %s of %s", name, what);
		if (fsync(dirfd) < 0)
			return im_fail_errno(err, errno, "cannot sync the parent of %s of %s", name, what);
		fd = openat(dirfd, name, flags);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return im_fail(
		    err, IM_TEMP, "%s of %s is a symbolic link or no directory: this is refused", name, what);
	if (fd < 0)
		return im_fail_errno(err, errno, "cannot open the directory %s of %s", name, what);
	st = check_owner(fd, what, name, err);
	if (st == IM_OK)
		*ret = fd;
	else
		(void)close(fd);
	return st;
}

static enum im_status
open_dir(int dirfd, const char *name, const char *what, bool create, int *ret, struct im_err *err)
{
	return open_dir_as(DIR_FLAGS, dirfd, name, what, create, ret, err);
}

/* what is missing inside a store is an administrator's matter, never "no such user" */
static enum im_status
soften(enum im_status st, struct im_err *err)
{
	if (st == IM_OK || st == IM_NOTFOUND || st == IM_TEMP) {
		if (st == IM_NOTFOUND)
			err->st = IM_TEMP;
		return st == IM_NOTFOUND ? IM_TEMP : st;
	}
	err->st = IM_TEMP;
	return IM_TEMP;
}

/* it stays the same for as long as this process lives */
static struct {
	bool known;
	char id[IM_BOOT_ID + 1]; /* hex digits, or "" where /proc does not tell */
} boot;

void
im_boot_id_learn(void)
{
	char text[36];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	size_t n = 0;

	boot.known = true;
	if (fd >= 0 && read(fd, text, sizeof(text)) == (ssize_t)sizeof(text))
		for (size_t i = 0; i < sizeof(text) && n < IM_BOOT_ID; i++)
			if ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))
				boot.id[n++] = text[i];
	boot.id[n == IM_BOOT_ID ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* open_tmp - made last: where there is a tmp/, its neighbours are there too and need not be opened to know it */
static enum im_status
open_tmp(struct im_store *s, const char *uid, bool create, struct im_err *err)
{
	static const char *const parts[] = { "new", "cur" };
	enum im_status st = open_dir(s->fd, "tmp", uid, false, &s->tmp_fd, err);
	int part = -1;

	if (st != IM_NOTFOUND || !create)
		return soften(st, err);
	st = IM_OK;
	for (size_t i = 0; st == IM_OK && i < IM_COUNT(parts); i++) {
		st = open_dir(s->fd, parts[i], uid, true, &part, err);
		close_fd(&part);
	}
	if (st == IM_OK)
		st = open_dir(s->fd, "tmp", uid, true, &s->tmp_fd, err);
	return soften(st, err);
}

enum im_status
im_store_open(const char *mail_root, const char *uid, bool create, struct im_store *ret, struct im_err *err)
{
	struct im_store s = { .fd = -1, .tmp_fd = -1 };
	int root = -1, home = -1;
	enum im_status st;

	if (!im_uid_valid(uid))
		return im_fail(err, IM_INVALID, "'%.70s' is no valid user name", uid);
	/* a confined page may pass through the parents, not read them; only who creates must (to sync them) */
	root = open(mail_root, (create ? O_RDONLY : O_PATH) | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		st = soften(im_fail_errno(err, errno, "cannot open the mail directory %s", mail_root), err);
		goto out;
	}
	st = open_dir_as(create ? DIR_FLAGS : DIR_FLAGS | O_PATH, root, uid, uid, create, &home, err);
	if (st == IM_OK)
		st = open_dir(home, "Maildir", uid, create, &s.fd, err);
	if (st != IM_OK) {
		if (st != IM_NOTFOUND || create)
			st = soften(st, err);
		goto out;
	}
	st = check_local(s.fd, uid, err);
	if (st == IM_OK)
		st = open_tmp(&s, uid, create, err);
out:
	close_fd(&home);
	close_fd(&root);
	if (st != IM_OK) {
		im_store_close(&s);
		return st;
	}
	memcpy(s.uid, uid, strlen(uid) + 1); /* at most 64, im_uid_valid() */
	if (!boot.known)
		im_boot_id_learn();
	memcpy(s.boot, boot.id, sizeof(s.boot));
	*ret = s;
	return IM_OK;
}

void
im_store_close(struct im_store *s)
{
	close_fd(&s->fd);
	close_fd(&s->tmp_fd);
}

/* Courier marks folders so; Dovecot and maildrop look for it when they count the quota */
static enum im_status
mark_folder(int fd, const char *name, struct im_err *err)
{
	int f = openat(fd, "maildirfolder", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (f < 0)
		return im_fail_errno(err, errno, "cannot make maildirfolder in %s", name);
	(void)close(f);
	return IM_OK;
}

enum im_status
im_mailbox_open(
    const struct im_store *s, const char *name, bool create, struct im_mailbox *ret, struct im_err *err)
{
	struct im_mailbox b = { .fd = -1, .tmp_fd = -1, .new_fd = -1, .cur_fd = -1 };
	char dir[IM_MAILBOX_NAME_MAX + 2] = ".";
	bool inbox = strcmp(name, "INBOX") == 0, made = false;
	enum im_status st;

	if (!im_mailbox_name_valid(name))
		return im_fail(err, IM_INVALID, "'%.80s' is no valid mailbox name", name);
	if (!inbox)
		memcpy(dir + 1, name, strlen(name) + 1); /* at most 200, im_mailbox_name_valid() */
	st = open_dir(s->fd, dir, s->uid, false, &b.fd, err);
	if (st == IM_NOTFOUND && create) {
		st = open_dir(s->fd, dir, s->uid, true, &b.fd, err);
		made = true;
	}
	if (st == IM_NOTFOUND && !create)
		(void)im_fail(err, st, "there is no mailbox '%s'", name);
	if (st != IM_OK)
		goto out;
	st = soften(open_dir(b.fd, "tmp", dir, create, &b.tmp_fd, err), err);
	if (st == IM_OK)
		st = soften(open_dir(b.fd, "new", dir, create, &b.new_fd, err), err);
	if (st == IM_OK)
		st = soften(open_dir(b.fd, "cur", dir, create, &b.cur_fd, err), err);
	if (st == IM_OK && made)
		st = mark_folder(b.fd, name, err);
out:
	if (st != IM_OK) {
		im_mailbox_close(&b);
		return st;
	}
	memcpy(b.name, name, strlen(name) + 1);
	memcpy(b.boot, s->boot, sizeof(b.boot));
	*ret = b;
	return IM_OK;
}

void
im_mailbox_close(struct im_mailbox *b)
{
	close_fd(&b->fd);
	close_fd(&b->tmp_fd);
	close_fd(&b->new_fd);
	close_fd(&b->cur_fd);
}

/* --- filing --- */

/* the first label of the host's name; other characters than letters, digits and '-' would need quoting */
static void
host_label(char dst[HOST_LABEL_MAX + 1])
{
	char host[65] = "";
	size_t n = 0;

	(void)gethostname(host, sizeof(host) - 1);
	for (const char *p = host; *p != '\0' && *p != '.' && n < HOST_LABEL_MAX; p++)
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    *p == '-')
			dst[n++] = *p;
	if (n == 0) {
		memcpy(dst, "localhost", 9);
		n = 9;
	}
	dst[n] = '\0';
}

enum im_status
im_filing_begin(const struct im_mailbox *box, struct im_filing *f, struct im_err *err)
{
	char host[HOST_LABEL_MAX + 1];
	struct timespec t;
	int fd = -1;

	*f = (struct im_filing) { .box = box, .fd = -1 };
	host_label(host);
	for (int i = 0; i < NAME_TRIES && fd < 0; i++) {
		(void)clock_gettime(CLOCK_REALTIME, &t);
		if (!im_fmt(f->tmp_name, sizeof(f->tmp_name), "%lld.M%06ldP%d_%d.%s", (long long)t.tv_sec,
			t.tv_nsec / 1000, (int)getpid(), i, host))
			return im_fail(err, IM_BUG, "temporary name too long");
		fd = openat(
		    box->tmp_fd, f->tmp_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	if (fd < 0) {
		f->tmp_name[0] = '\0';
		return soften(im_fail_errno(err, errno, "cannot make a file in tmp/ of %s", box->name), err);
	}
	f->fd = fd;
	f->arrived = t.tv_sec;
	return IM_OK;
}

enum im_status
im_filing_sync(struct im_filing *f, struct im_err *err)
{
	int bad = 0;

	if (f->fd < 0)
		return im_fail(err, IM_BUG, "im_filing_sync without a file");
	if (fsync(f->fd) < 0)
		bad = errno;
	/* close tells of what could not be written on some file systems */
	if (close(f->fd) < 0 && bad == 0 && errno != EINTR)
		bad = errno;
	f->fd = -1;
	if (bad != 0)
		return soften(
		    im_fail_errno(err, bad, "cannot write the message in tmp/ of %s", f->box->name), err);
	return IM_OK;
}

int
im_rename_noreplace(int from_fd, const char *from, int to_fd, const char *to)
{
	if (renameat2(from_fd, from, to_fd, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	if (linkat(from_fd, from, to_fd, to, 0) < 0)
		return errno;
	(void)unlinkat(from_fd, from, 0);
	return 0;
}

enum im_status
im_filing_commit(
    struct im_filing *f, uint64_t size, const char *queueid, const char *flags, struct im_err *err)
{
	const struct im_mailbox *b = f->box;
	char host[HOST_LABEL_MAX + 1], name[IM_MSG_NAME_MAX + 1], letters[IM_FLAGS_MAX + 1] = "";
	bool with_q = im_queueid_valid(im_str(queueid));
	int dir = flags == NULL ? b->new_fd : b->cur_fd, e = EEXIST;
	struct timespec t;

	host_label(host);
	(void)im_flags_text(im_flags_mask(im_str(flags)), letters);
	(void)clock_gettime(CLOCK_REALTIME, &t);
	for (int i = 0; i < NAME_TRIES && e == EEXIST; i++) {
		/* a clock that stands still must not end in the same name again */
		long usec = (t.tv_nsec / 1000 + i) % 1000000;

		if (!im_fmt(f->id, sizeof(f->id), "%lld.M%06ldP%d%s%s.%s,S=%llu", (long long)t.tv_sec, usec,
			(int)getpid(), with_q ? "Q" : "", with_q ? queueid : "", host,
			(unsigned long long)size) ||
		    !im_fmt(name, sizeof(name), "%s%s%s", f->id, flags != NULL ? ":2," : "", letters))
			return im_fail(err, IM_BUG, "message name too long");
		e = im_rename_noreplace(b->tmp_fd, f->tmp_name, dir, name);
	}
	if (e != 0) {
		f->id[0] = '\0';
		return soften(im_fail_errno(err, e, "cannot file the message in %s", b->name), err);
	}
	f->tmp_name[0] = '\0';
	f->arrived = t.tv_sec;
	if (fsync(dir) < 0)
		return soften(im_fail_errno(err, errno, "cannot sync the directory of %s", b->name), err);
	return IM_OK;
}

void
im_filing_abort(struct im_filing *f)
{
	close_fd(&f->fd);
	if (f->tmp_name[0] != '\0')
		(void)unlinkat(f->box->tmp_fd, f->tmp_name, 0);
	f->tmp_name[0] = '\0';
}
