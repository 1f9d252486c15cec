/*
 * maildir_list.c - what is in a store (mailboxes) and in a mailbox (message files)
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/maildir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

enum { MAILBOXES_MAX = 10000 };

/* a stream of its own over the directory: the shared descriptor's position stays untouched */
static DIR *
open_stream(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && d == NULL)
		(void)close(fd);
	return d;
}

static enum im_status
each_in(const struct im_mailbox *b, bool is_new, im_maildir_fn *fn, void *arg, bool *go, struct im_err *err)
{
	const char *dir = is_new ? "new" : "cur";
	DIR *d = open_stream(b->fd, dir);
	struct dirent *e;
	int bad;

	if (d == NULL)
		return im_fail_errno(err, errno, "cannot list %s of %s", dir, b->name);
	while (*go && (errno = 0, e = readdir(d)) != NULL) {
		struct im_msg_name name;

		if (e->d_type == DT_DIR || !im_msg_name_parse(im_str(e->d_name), &name))
			continue;
		*go = fn(&name, e->d_name, is_new, arg);
	}
	bad = *go ? errno : 0;
	(void)closedir(d);
	return bad == 0 ? IM_OK : im_fail_errno(err, bad, "cannot list %s of %s", dir, b->name);
}

enum im_status
im_maildir_each(const struct im_mailbox *b, im_maildir_fn *fn, void *arg, struct im_err *err)
{
	bool go = true;
	enum im_status st = each_in(b, true, fn, arg, &go, err);

	return st == IM_OK && go ? each_in(b, false, fn, arg, &go, err) : st;
}

/* INBOX, then the folders that every mail program knows, then the rest */
static int
rank(const char *name)
{
	static const char *const known[] = { "INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash" };

	for (size_t i = 0; i < IM_COUNT(known); i++)
		if (strcmp(name, known[i]) == 0)
			return (int)i;
	return IM_COUNT(known);
}

static int
compare(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int d = rank(x) - rank(y);

	return d != 0 ? d : strcasecmp(x, y) != 0 ? strcasecmp(x, y) : strcmp(x, y);
}

static bool
is_mailbox(int fd, const struct dirent *e)
{
	char cur[IM_MAILBOX_NAME_MAX + 6];
	struct stat st;

	if (e->d_name[0] != '.' || !im_mailbox_name_valid(e->d_name + 1) ||
	    strcmp(e->d_name + 1, "INBOX") == 0)
		return false;
	if (e->d_type != DT_DIR &&
	    (e->d_type != DT_UNKNOWN || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode)))
		return false;
	return im_fmt(cur, sizeof(cur), "%s/cur", e->d_name) &&
	       fstatat(fd, cur, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

enum im_status
im_mailbox_list(const struct im_store *s, char ***ret, size_t *ret_n, struct im_err *err)
{
	DIR *d = open_stream(s->fd, ".");
	size_t n = 0, cap = 16;
	struct dirent *e;
	char **v;
	int bad;

	if (d == NULL)
		return im_fail_errno(err, errno, "cannot list the mailboxes of %s", s->uid);
	v = im_calloc(cap, sizeof(*v));
	v[n++] = im_strdup("INBOX");
	while ((errno = 0, e = readdir(d)) != NULL && n < MAILBOXES_MAX) {
		if (!is_mailbox(s->fd, e))
			continue;
		if (n == cap)
			v = im_realloc(v, (cap *= 2) * sizeof(*v));
		v[n++] = im_strdup(e->d_name + 1);
	}
	bad = e == NULL ? errno : 0;
	(void)closedir(d);
	if (bad != 0) {
		while (n > 0)
			free(v[--n]);
		free(v);
		return im_fail_errno(err, bad, "cannot list the mailboxes of %s", s->uid);
	}
	qsort(v, n, sizeof(*v), compare);
	*ret = v;
	*ret_n = n;
	return IM_OK;
}
