/*
 * tracelog.c - the end of the mail logs
 *
 * Read, not mapped: a log that is cut while it is read must not end us.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mta/tracelog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "mta/logline.h"

enum { BLOCK = 256 * 1024, STEP = 1024 * 1024, PEEK = 2 * IM_LOGLINE_MAX };

/* the time of the first line that begins at or after "at"; 0 where there is none */
static int64_t
time_at(int fd, off_t at, int64_t now)
{
	char text[PEEK];
	ssize_t n = im_pread_full(fd, text, sizeof(text), at);
	struct im_str rest = { text, n > 0 ? (size_t)n : 0 }, line;
	int64_t when = 0;

	if (at > 0)
		(void)im_str_cut(&rest, '\n');
	while (when == 0 && rest.n) {
		line = im_str_cut(&rest, '\n');
		if (line.n > 25) {
			const char *space =
			    line.p[3] == ' ' ? NULL : memchr(line.p, ' ', 41 < line.n ? 41 : line.n);

			when = im_logline_time(
			    (struct im_str) { line.p, space ? (size_t)(space - line.p) : 15 }, now);
		}
	}
	return when;
}

/* backwards in steps until a line is older than what is wanted */
static off_t
beginning(int fd, off_t end, off_t max, int64_t since, int64_t now)
{
	off_t least = end > max ? end - max : 0, at = end;

	if (since <= 0)
		return least;
	while (at > least) {
		int64_t when;

		at = at - least > STEP ? at - STEP : least;
		when = time_at(fd, at, now);
		if (when > 0 && when < since)
			break;
	}
	return at;
}

static bool
open_one(const char *path, int64_t since, int64_t now, off_t *left, struct im_tracelog *t)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return false;
	}
	t->file[t->n].fd = fd;
	t->file[t->n].end = st.st_size;
	t->file[t->n].from = beginning(fd, st.st_size, *left, since, now);
	*left -= t->file[t->n].end - t->file[t->n].from;
	t->n++;
	return true;
}

/* the log, and what was rotated away from it last; the older one first */
static bool
open_pair(const char *path, int64_t since, int64_t now, off_t left, struct im_tracelog *t)
{
	char older[4096];
	int first = t->n;
	bool found = open_one(path, since, now, &left, t);

	if (left > 0 && im_fmt(older, sizeof(older), "%s.1", path) && open_one(older, since, now, &left, t) &&
	    found) {
		__typeof__(t->file[0]) newer = t->file[first];

		t->file[first] = t->file[first + 1];
		t->file[first + 1] = newer;
	}
	return found;
}

enum im_status
im_tracelog_open(const struct im_conf *conf, int64_t since, int64_t now, off_t max, struct im_tracelog *ret,
    struct im_err *err)
{
	struct im_tracelog t = { 0 };
	char path[4096];

	/* the agent's first: what was filed where is known before Postfix says that it was sent */
	if (im_fmt(path, sizeof(path), "%s/deliver.log", conf->log_dir))
		(void)open_pair(path, since, now, max / 4, &t);
	if (!im_fmt(path, sizeof(path), "%s/mail.log", conf->log_dir))
		return im_fail(err, IM_CONFIG, "log_dir is too long");
	if (!open_pair(path, since, now, max, &t) &&
	    (strcmp(conf->root, "/") != 0 || !open_pair("/var/log/mail.log", since, now, max, &t))) {
		int e = errno;

		im_tracelog_close(&t);
		return im_fail_errno(err, e, "the mail log %s cannot be read",
		    strcmp(conf->root, "/") == 0 ? "/var/log/mail.log" : path);
	}
	*ret = t;
	return IM_OK;
}

static enum im_status
each_of(int fd, off_t from, off_t end, char *block, void (*take)(void *, struct im_str), void *arg,
    struct im_err *err)
{
	bool skip = from > 0; /* the beginning of it is in the middle of a line */
	size_t have = 0;

	while (from < end) {
		size_t want = end - from < (off_t)(BLOCK - have) ? (size_t)(end - from) : BLOCK - have;
		ssize_t n = im_pread_full(fd, block + have, want, from);
		struct im_str rest;
		const char *nl;

		if (n < 0)
			return im_fail_errno(err, errno, "read the mail log");
		if (n == 0)
			break;
		from += n;
		rest = (struct im_str) { block, have + (size_t)n };
		while (rest.n && (nl = memchr(rest.p, '\n', rest.n))) {
			struct im_str line = { rest.p, (size_t)(nl - rest.p) };

			if (!skip && line.n <= IM_LOGLINE_MAX)
				take(arg, line);
			skip = false;
			rest.n -= line.n + 1;
			rest.p = nl + 1;
		}
		if (rest.n == BLOCK) { /* no line is that long */
			skip = true;
			rest.n = 0;
		}
		memmove(block, rest.p, rest.n);
		have = rest.n;
	}
	return IM_OK;
}

enum im_status
im_tracelog_each(
    const struct im_tracelog *t, void (*line)(void *, struct im_str), void *arg, struct im_err *err)
{
	char *block = im_malloc(BLOCK);
	enum im_status st = IM_OK;

	for (int i = 0; st == IM_OK && i < t->n; i++)
		st = each_of(t->file[i].fd, t->file[i].from, t->file[i].end, block, line, arg, err);
	free(block);
	return st;
}

void
im_tracelog_close(struct im_tracelog *t)
{
	for (int i = 0; i < t->n; i++)
		close(t->file[i].fd);
	t->n = 0;
}
