/*
 * complete.c - the size of a queue file estimated, and the parent's line in /proc
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/complete.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"

void
im_complete_begin(struct im_complete *c, pid_t parent, bool by_postfix)
{
	char path[32];

	*c = (struct im_complete) { .parent = parent, .by_postfix = by_postfix, .stat_fd = -1 };
	if (parent > 0 && im_fmt(path, sizeof(path), "/proc/%d/stat", (int)parent))
		c->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
}

void
im_complete_end(struct im_complete *c)
{
	if (c->stat_fd >= 0)
		(void)close(c->stat_fd);
	c->stat_fd = -1;
}

/* ---- the size ---- */

enum { RECORD_MAX = 2048, SHORT_RECORD = 128 };

static void
end_line(struct im_complete *c)
{
	uint64_t rest = c->line % RECORD_MAX;

	c->bytes += c->line + c->line / RECORD_MAX * 3 + 1 + (rest < SHORT_RECORD ? 1 : 2);
	c->line = 0;
}

/* the header fields that pipe(8) prepends are counted too: that errs on the safe side by some hundred bytes */
void
im_complete_feed(struct im_complete *c, const char *p, size_t n)
{
	for (const char *nl; n > 0 && (nl = memchr(p, '\n', n)) != NULL;) {
		c->line += (size_t)(nl - p);
		end_line(c);
		n -= (size_t)(nl + 1 - p);
		p = nl + 1;
	}
	c->line += n;
}

enum im_status
im_complete_check(struct im_complete *c, uint64_t expected, struct im_err *err)
{
	if (c->line > 0)
		end_line(c);
	if (c->bytes == 0)
		return im_fail_dsn(err, IM_TEMP, "4.3.0", "no message arrived on standard input");
	if (c->bytes + IM_COMPLETE_SLACK < expected)
		return im_fail_dsn(err, IM_TEMP, "4.3.0",
		    "the message ends early: %llu of %llu bytes arrived", (unsigned long long)c->bytes,
		    (unsigned long long)expected);
	return IM_OK;
}

/* ---- the parent ---- */

/* proc(5), /proc/pid/stat: "pid (name) state ppid pgrp session tty tpgid flags ..."; the name may hold anything */
static bool
dying(const char *line)
{
	enum { EXITING = 0x4 }; /* PF_EXITING, the same bit since Linux 2.2 */

	const char *p = strrchr(line, ')');
	if (p == NULL || p[1] != ' ' || strchr("ZXx", p[2]) != NULL)
		return p != NULL;
	p += 2;
	for (int field = 3; field < 9 && p != NULL; field++)
		if ((p = strchr(p, ' ')) != NULL)
			p++;
	return p != NULL && (strtoul(p, NULL, 10) & EXITING);
}

static bool
gone(const struct im_complete *c)
{
	char line[512];

	if (c->parent <= 0)
		return false;
	/* Postfix's pipe(8) is never process 1: it was gone before we began (by hand, anybody may call) */
	if (c->parent == 1 && c->by_postfix)
		return true;
	if (getppid() != c->parent)
		return true;
	if (c->stat_fd < 0) /* no /proc: the line above is all we can know */
		return false;
	ssize_t n = pread(c->stat_fd, line, sizeof(line) - 1, 0);
	if (n <= 0)
		return n == 0 || errno == ESRCH;
	line[n] = '\0';
	return dying(line);
}

enum im_status
im_complete_parent(const struct im_complete *c, struct im_err *err)
{
	return gone(c)
		   ? im_fail_dsn(err, IM_TEMP, "4.3.0", "the process that sent the message ended too early")
		   : IM_OK;
}
