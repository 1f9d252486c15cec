/*
 * quota.c - the Maildir++ quota file (Courier's README.maildirquota)
 *
 * The file is a cache, too: whatever is wrong with it, it is counted anew from the names in the Maildir. It is not
 * synced; a power cut costs a recount. A recount writes a new file in tmp/ and renames it, so that other programs which
 * append to the old one at that moment lose a line, not the file; the next recount finds what they added.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#define QUOTA_FILE "maildirsize"

enum { QUOTA_FILE_MAX = 5120, RECOUNT_AGE_S = 15 * 60 };

enum im_status
im_quota_lock(const struct im_store *s, int wait_ms, struct im_err *err)
{
	enum im_status st = im_lock(s->tmp_fd, true, wait_ms, err);

	return st == IM_OK ? st : im_err_prefix(err, "quota of %s: ", s->uid);
}

void
im_quota_unlock(const struct im_store *s)
{
	im_unlock(s->tmp_fd);
}

/* --- the file --- */

struct quota_file {
	uint64_t quota;
	struct im_usage usage;
	int64_t mtime;
};

static bool
signed_number(struct im_str s, int64_t *ret)
{
	bool minus = im_str_starts(s, "-");
	uint64_t v;

	if (minus) {
		s.p++;
		s.n--;
	}
	if (!im_str_u64(s, INT64_MAX / 4096, &v))
		return false;
	*ret = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

/* "1000S" or "1000S,50C"; a limit on the number of messages is none of ours and makes the file another's */
static bool
parse_quota(struct im_str line, uint64_t *ret)
{
	line = im_str_trim(line);
	if (line.n < 2 || line.p[line.n - 1] != 'S')
		return false;
	line.n--;
	return im_str_u64(line, UINT64_MAX / 2, ret);
}

static bool
parse_file(struct im_str text, struct quota_file *ret)
{
	int64_t bytes = 0, messages = 0, a, b;

	if (text.n == 0 || text.p[text.n - 1] != '\n' || !parse_quota(im_str_cut(&text, '\n'), &ret->quota))
		return false;
	while (text.n > 0) {
		struct im_str line = im_str_trim(im_str_cut(&text, '\n')), first = im_str_cut(&line, ' ');

		if (!signed_number(first, &a) || !signed_number(im_str_trim(line), &b))
			return false;
		bytes += a;
		messages += b;
	}
	if (bytes < 0 || messages < 0)
		return false;
	ret->usage = (struct im_usage) { .bytes = (uint64_t)bytes, .messages = (uint64_t)messages };
	return true;
}

/* false: missing, too large or not understood */
static bool
read_file(const struct im_store *s, struct quota_file *ret)
{
	char text[QUOTA_FILE_MAX + 1] = "";
	int fd = openat(s->fd, QUOTA_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= QUOTA_FILE_MAX)
		n = im_read_full(fd, text, sizeof(text));
	(void)close(fd);
	if (n <= 0 || n > QUOTA_FILE_MAX || !parse_file((struct im_str) { text, (size_t)n }, ret))
		return false;
	ret->mtime = st.st_mtim.tv_sec;
	return true;
}

bool
im_quota_recorded(const struct im_store *s, uint64_t *ret_quota, struct im_usage *ret)
{
	struct quota_file f;

	if (!read_file(s, &f))
		return false;
	*ret_quota = f.quota;
	*ret = f.usage;
	return true;
}

static enum im_status
write_file(const struct im_store *s, uint64_t quota, const struct im_usage *u, struct im_err *err)
{
	char name[64], text[128];
	bool good;
	int fd, e;

	if (!im_fmt(name, sizeof(name), "%" PRId64 ".P%d_quota.localhost", im_now_ns(), (int)getpid()) ||
	    !im_fmt(
		text, sizeof(text), "%" PRIu64 "S\n%" PRIu64 " %" PRIu64 "\n", quota, u->bytes, u->messages))
		return im_fail(err, IM_BUG, "quota line too long");
	fd = openat(s->tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return im_fail_errno(err, errno, "cannot write the quota file of %s", s->uid);
	good = im_write_full(fd, text, strlen(text));
	e = errno;
	if (close(fd) < 0 && good) {
		good = false;
		e = errno;
	}
	if (good && renameat(s->tmp_fd, name, s->fd, QUOTA_FILE) == 0)
		return IM_OK;
	e = good ? errno : e;
	(void)unlinkat(s->tmp_fd, name, 0);
	return im_fail_errno(err, e, "cannot write the quota file of %s", s->uid);
}

/* --- counting --- */

struct recount {
	const struct im_mailbox *box;
	struct im_usage usage;
};

static bool
count_message(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct recount *r = arg;
	uint64_t size = name->size;
	struct stat st;

	/* a name without a size, or with one that nobody can have */
	if (size > INT64_MAX / 4096) {
		if (fstatat(is_new ? r->box->new_fd : r->box->cur_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		size = (uint64_t)st.st_size;
	}
	r->usage.bytes += size;
	r->usage.messages++;
	return true;
}

static enum im_status
count_all(const struct im_store *s, struct im_usage *ret, struct im_err *err)
{
	struct recount r = { 0 };
	char **names;
	size_t n;
	enum im_status st = im_mailbox_list(s, &names, &n, err);

	if (st != IM_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		struct im_mailbox b;

		if (st == IM_OK)
			st = im_mailbox_open(s, names[i], false, &b, err);
		if (st == IM_OK) {
			r.box = &b;
			st = im_maildir_each(&b, count_message, &r, err);
			im_mailbox_close(&b);
		}
		/* a folder that was removed meanwhile counts nothing */
		if (st == IM_NOTFOUND)
			st = IM_OK;
		free(names[i]);
	}
	free(names);
	if (st == IM_OK)
		*ret = r.usage;
	return st;
}

enum im_status
im_quota_recount(const struct im_store *s, uint64_t quota, struct im_usage *ret, struct im_err *err)
{
	struct im_usage u;
	enum im_status st = count_all(s, &u, err);

	if (st == IM_OK)
		st = write_file(s, quota, &u, err);
	if (st == IM_OK)
		*ret = u;
	return st;
}

enum im_status
im_quota_peek(
    const struct im_store *s, uint64_t quota, uint64_t need, struct im_usage *ret, struct im_err *err)
{
	struct quota_file f;

	if (!read_file(s, &f))
		return count_all(s, ret, err);
	bool fits = need <= quota && f.usage.bytes <= quota - need;
	if (!fits && im_now() - f.mtime >= RECOUNT_AGE_S)
		return count_all(s, ret, err);
	*ret = f.usage;
	return IM_OK;
}

enum im_status
im_quota_usage(const struct im_store *s, uint64_t quota, struct im_usage *ret, struct im_err *err)
{
	struct quota_file f;
	enum im_status st;

	if (!read_file(s, &f))
		return im_quota_recount(s, quota, ret, err);
	/* over quota: nothing is appended any more, so what was removed by others is only seen by counting */
	if (quota > 0 && f.usage.bytes > quota && im_now() - f.mtime >= RECOUNT_AGE_S)
		return im_quota_recount(s, quota, ret, err);
	if (f.quota != quota) {
		st = write_file(s, quota, &f.usage, err);
		if (st != IM_OK)
			return st;
	}
	*ret = f.usage;
	return IM_OK;
}

enum im_status
im_quota_admit_usage(
    const struct im_store *s, uint64_t quota, uint64_t size, struct im_usage *ret, struct im_err *err)
{
	char used[16], limit[16], more[16];
	struct im_usage u;
	struct quota_file f;
	enum im_status st;

	if (quota == 0)
		return IM_OK;
	st = im_quota_usage(s, quota, &u, err);
	if (st != IM_OK)
		return st;
	*ret = u;
	/* before somebody is refused the figures must be fresh */
	if (u.bytes + size > quota && read_file(s, &f) && im_now() - f.mtime >= RECOUNT_AGE_S) {
		st = im_quota_recount(s, quota, &u, err);
		if (st != IM_OK)
			return st;
		*ret = u;
	}
	if (size <= quota && u.bytes <= quota - size)
		return IM_OK;
	return im_fail(err, IM_QUOTA, "the mailbox of %s is full: %s of %s used, this message needs %s",
	    s->uid, im_size_text(u.bytes, used), im_size_text(quota, limit), im_size_text(size, more));
}

enum im_status
im_quota_admit(const struct im_store *s, uint64_t quota, uint64_t size, struct im_err *err)
{
	struct im_usage ignored;

	return im_quota_admit_usage(s, quota, size, &ignored, err);
}

enum im_status
im_quota_add(const struct im_store *s, int64_t bytes, int64_t messages, struct im_err *err)
{
	char line[64];
	int fd, e;
	bool good;

	if (!im_fmt(line, sizeof(line), "%" PRId64 " %" PRId64 "\n", bytes, messages))
		return im_fail(err, IM_BUG, "quota line too long");
	fd = openat(s->fd, QUOTA_FILE, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return IM_OK; /* counted by the next who asks */
	if (fd < 0)
		return im_fail_errno(err, errno, "cannot open the quota file of %s", s->uid);
	/* one write: other programs append to it as well */
	good = write(fd, line, strlen(line)) == (ssize_t)strlen(line);
	e = errno;
	(void)close(fd);
	return good ? IM_OK : im_fail_errno(err, e, "cannot write the quota file of %s", s->uid);
}
