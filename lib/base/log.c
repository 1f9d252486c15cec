/*
 * log.c - one line an event
 *
 * The only state that lives as long as the program; set once in main().
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

enum { LINE_MAX_BYTES = 2048 };

static const char *ident = "intimail";
static enum im_log_to dest = IM_LOG_STDERR;
static int log_fd = STDERR_FILENO;
static bool verbose;

static const char *const label[] = {
	[LOG_ERR] = "error: ", [LOG_WARNING] = "warning: ", [LOG_INFO] = "", [LOG_DEBUG] = "debug: "
};

void
im_log_open(const char *name, enum im_log_to to, int fd)
{
	ident = name;
	dest = to;
	log_fd = to == IM_LOG_FD ? fd : STDERR_FILENO;
	if (to == IM_LOG_SYSLOG)
		openlog(name, LOG_PID, LOG_MAIL);
}

void
im_log_verbose(bool on)
{
	verbose = on;
}

static void
put_line(int priority, const char *text)
{
	char line[LINE_MAX_BYTES + 128], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	int n;

	/* a log file has its lines stamped (UTC: no time zone needs to be read); a terminal needs none */
	if (dest == IM_LOG_FD && gmtime_r(&now, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	if (dest == IM_LOG_FD)
		n = snprintf(line, sizeof(line), "%s%s[%ld]: %s%s\n", when, ident, (long)getpid(),
		    label[priority], text);
	else
		n = snprintf(line, sizeof(line), "%s: %s%s\n", ident, label[priority], text);
	if (n > 0)
		(void)im_write_full(log_fd, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

static void
vlog(int priority, const char *fmt, va_list ap)
{
	char text[LINE_MAX_BYTES];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		text[im_utf8_cut(im_str(text), sizeof(text) - 4)] = '\0';
	for (char *s = text; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	if (dest == IM_LOG_SYSLOG)
		syslog(priority, "%s%s", label[priority], text);
	else
		put_line(priority, text);
}

void
im_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_ERR, fmt, ap);
	va_end(ap);
}

void
im_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_WARNING, fmt, ap);
	va_end(ap);
}

void
im_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(LOG_INFO, fmt, ap);
	va_end(ap);
}

void
im_debug(const char *fmt, ...)
{
	va_list ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	vlog(LOG_DEBUG, fmt, ap);
	va_end(ap);
}
