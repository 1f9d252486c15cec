/*
 * server.h - one server process: start it, know whether it runs and answers, end it
 *
 * A server is started in the foreground of a session of its own, with its messages going to a log file, and is known by
 * a pid file that is written here. A pid counts only while the process has the server's configuration on its command
 * line: after a reboot the number may belong to anybody.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_SERVER_H
#define IM_SETUP_SERVER_H

#include <sys/types.h>

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"

/* a question whose answer shows that the server works, not only that it exists */
struct im_probe {
	const char *address; /* IP address, or the path of a local socket when port is 0 */
	int port;
	const char *say; /* may be NULL; say_n bytes */
	size_t say_n;
	const char *expect; /* the beginning of the answer; NULL: a connection is enough */
};

enum { IM_SERVER_ARGS = 16, IM_SERVER_PROBES = 2 };

struct im_server {
	const char *name;                 /* "slapd" */
	const char *exe;                  /* base name of the program that runs, as /proc/PID/exe has it */
	const char *argv[IM_SERVER_ARGS]; /* absolute path of the program first */
	const char *check
	    [IM_SERVER_ARGS]; /* run before it: a complaint is the log of a start that failed; may be empty */
	const char *mark;     /* an argument by which its command line is recognised */
	const char *pidfile;
	const char *log; /* its own log, and what it says on stderr */
	struct im_probe probes[IM_SERVER_PROBES];
	int end_signal; /* asks it to end */
};

/* im_server_pid - 0 when it does not run */
pid_t im_server_pid(const struct im_server *s);

/* im_server_start - start it and wait until every probe is answered; a failure ends with the last lines of its log in tail */
enum im_status im_server_start(const struct im_server *s, struct im_buf *tail, struct im_err *err) IM_MUSTUSE;

/* im_server_stop - ask it to end, wait, insist; fine when it does not run */
enum im_status im_server_stop(const struct im_server *s, struct im_err *err) IM_MUSTUSE;

/* the servers of a root, in the order of starting; strings in the arena */
enum { IM_NSERVERS = 5 };
void im_servers(const struct im_conf *c, struct im_arena *a, struct im_server ret[static IM_NSERVERS]);

#endif
