/*
 * password.c - reading a new password: from standard input, or typed twice without echo
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/io.h"
#include "user.h"

enum { LINE_BYTES = 1024 }; /* more than a password may have, so that "too long" is said, not cut */

/* read_line - up to the line end, byte by byte: what follows on standard input is not ours */
static enum im_status
read_line(int fd, char line[LINE_BYTES], struct im_err *err)
{
	size_t n = 0;

	for (;;) {
		char c;
		ssize_t r = read(fd, &c, 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return im_fail_errno(err, errno, "reading the password");
		if (r == 0 || c == '\n')
			break;
		if (c == '\0' || n + 1 == LINE_BYTES)
			return im_fail(err, IM_INVALID, "the password is too long or holds a NUL byte");
		line[n++] = c;
	}
	if (n > 0 && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	return n > 0 ? IM_OK : im_fail(err, IM_INVALID, "no password was given");
}

static enum im_status
ask(int tty, const char *prompt, char line[LINE_BYTES], struct im_err *err)
{
	(void)im_write_full(tty, prompt, strlen(prompt));
	enum im_status st = read_line(tty, line, err);
	(void)im_write_full(tty, "\n", 1);
	return st;
}

/* ask_twice - with echo off; signals are held so that a Ctrl-C does not leave the terminal silent */
static enum im_status
ask_twice(int tty, const char *uid, char line[LINE_BYTES], struct im_err *err)
{
	struct termios old, quiet;
	sigset_t all, before;
	char again[LINE_BYTES], prompt[160];

	if (tcgetattr(tty, &old) != 0)
		return im_fail_errno(err, errno, "terminal");
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	(void)tcsetattr(tty, TCSAFLUSH, &quiet);
	if (!im_fmt(prompt, sizeof(prompt), "New password for %s: ", uid))
		prompt[0] = '\0';
	enum im_status st = ask(tty, prompt, line, err);
	if (st == IM_OK)
		st = im_password_ok(uid, line, err);
	if (st == IM_OK)
		st = ask(tty, "Once more: ", again, err);
	(void)tcsetattr(tty, TCSAFLUSH, &old);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (st == IM_OK && strcmp(line, again) != 0)
		st = im_fail(err, IM_INVALID, "the two passwords differ; nothing was changed");
	explicit_bzero(again, sizeof(again));
	return st;
}

enum im_status
user_read_password(bool from_stdin, const char *uid, char **ret, struct im_err *err)
{
	char line[LINE_BYTES];
	enum im_status st;

	*ret = NULL;
	if (from_stdin) {
		st = read_line(STDIN_FILENO, line, err);
	} else {
		if (!isatty(STDIN_FILENO))
			return IM_OK;
		int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
		if (tty < 0)
			return im_fail_errno(err, errno, "/dev/tty");
		st = ask_twice(tty, uid, line, err);
		(void)close(tty);
	}
	if (st == IM_OK)
		*ret = im_strdup(line);
	explicit_bzero(line, sizeof(line));
	return st;
}

void
user_forget_password(char *password)
{
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
}
