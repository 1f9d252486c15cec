/*
 * probe.c - does a server answer?
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"

enum { PROBE_S = 2 };

static int
connect_to(const struct im_probe *p)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un path;
	} a;
	struct timeval limit = { .tv_sec = PROBE_S };
	socklen_t n = sizeof(a.path);
	int fd;

	memset(&a, 0, sizeof(a));
	if (p->port == 0) {
		a.path.sun_family = AF_UNIX;
		if (!im_fmt(a.path.sun_path, sizeof(a.path.sun_path), "%s", p->address))
			return -1;
	} else if (inet_pton(AF_INET, p->address, &a.v4.sin_addr) == 1) {
		a.v4.sin_family = AF_INET;
		a.v4.sin_port = htons((uint16_t)p->port);
		n = sizeof(a.v4);
	} else if (inet_pton(AF_INET6, p->address, &a.v6.sin6_addr) == 1) {
		a.v6.sin6_family = AF_INET6;
		a.v6.sin6_port = htons((uint16_t)p->port);
		n = sizeof(a.v6);
	} else {
		return -1;
	}
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, &a.any, n) == 0)
		return fd;
	close(fd);
	return -1;
}

bool
im_probe(const struct im_probe *p)
{
	char answer[64];
	size_t want = p->expect ? strlen(p->expect) : 0;
	int fd = connect_to(p);
	bool ok;

	if (fd < 0)
		return false;
	ok = !p->say || send(fd, p->say, p->say_n, MSG_NOSIGNAL) == (ssize_t)p->say_n;
	if (ok && want > 0 && want <= sizeof(answer))
		ok = im_read_full(fd, answer, want) == (ssize_t)want && memcmp(answer, p->expect, want) == 0;
	close(fd);
	return ok;
}
