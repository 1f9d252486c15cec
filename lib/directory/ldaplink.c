/*
 * ldaplink.c - a connection to slapd's local socket, with a deadline for every step
 *
 * The socket never blocks: each wait is a poll() for what is left of the step (connecting, binding, searching) and of
 * the whole, so that a server that hangs, drips or is stopped costs a known time. Nothing is retried here.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "directory/ldaplink.h"
#include "directory/ldapmsg.h"

enum { TOTAL_MS = 5000, CONNECT_RETRY_MS = 20, BIND_MAX = 128 };

void
im_ldap_link_begin(struct im_ldap_link *l)
{
	l->end = im_monotonic_ms() + TOTAL_MS;
	l->late = false;
}

static void
begin_step(struct im_ldap_link *l)
{
	int64_t step = im_monotonic_ms() + (int64_t)l->conf->ldap_timeout * 1000;

	l->step_end = step < l->end ? step : l->end;
}

static enum im_status
unreachable(const struct im_ldap_link *l, int errnum, struct im_err *err)
{
	return im_fail_dsn(err, IM_TEMP, "4.4.3", "cannot reach the directory at %s: %s",
	    l->conf->ldap_socket, strerror(errnum));
}

/* await - until the socket is ready for 'events' or the step's time is over */
static enum im_status
await(struct im_ldap_link *l, short events, struct im_err *err)
{
	for (;;) {
		int64_t left = l->step_end - im_monotonic_ms();
		if (left <= 0) {
			l->late = true;
			return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory at %s does not answer",
			    l->conf->ldap_socket);
		}
		struct pollfd p = { .fd = l->fd, .events = events };
		int r = poll(&p, 1, (int)left);
		if (r > 0)
			return IM_OK;
		if (r < 0 && errno != EINTR)
			return unreachable(l, errno, err);
	}
}

static enum im_status
connect_link(struct im_ldap_link *l, struct im_err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s", l->conf->ldap_socket))
		return im_fail_dsn(err, IM_CONFIG, "4.3.5",
		    "ldap_socket %s: longer than a socket's name may be (%zu bytes)", l->conf->ldap_socket,
		    sizeof(sa.sun_path) - 1);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return unreachable(l, errno, err);
	begin_step(l);
	while (connect(l->fd, (const struct sockaddr *)&sa, sizeof(sa)) != 0) {
		/* unix(7): a full backlog is EAGAIN at once, and poll() does not tell when there is room */
		if (errno != EAGAIN && errno != EINTR)
			return unreachable(l, errno, err);
		if (im_monotonic_ms() >= l->step_end) {
			l->late = true;
			return unreachable(l, ETIMEDOUT, err);
		}
		(void)poll(NULL, 0, CONNECT_RETRY_MS);
	}
	return IM_OK;
}

enum im_status
im_ldap_link_send(struct im_ldap_link *l, const struct im_ber_out *o, struct im_err *err)
{
	if (o->full)
		return im_fail_dsn(
		    err, IM_TEMP, "4.3.5", "the look-up is too long (ldap_base %s)", l->conf->ldap_base);
	begin_step(l);
	for (size_t sent = 0; sent < o->n;) {
		ssize_t r = send(l->fd, o->p + sent, o->n - sent, MSG_NOSIGNAL);
		if (r >= 0) {
			sent += (size_t)r;
		} else if (errno == EAGAIN) {
			enum im_status st = await(l, POLLOUT, err);
			if (st != IM_OK)
				return st;
		} else if (errno != EINTR) {
			return unreachable(l, errno, err);
		}
	}
	return IM_OK;
}

/* fill - at least one more byte; the buffer has room (a message is never longer than it) */
static enum im_status
fill(struct im_ldap_link *l, struct im_err *err)
{
	if (l->used > 0) {
		memmove(l->in, l->in + l->used, l->have - l->used);
		l->have -= l->used;
		l->used = 0;
	}
	for (;;) {
		enum im_status st = await(l, POLLIN, err);
		if (st != IM_OK)
			return st;
		ssize_t r = recv(l->fd, l->in + l->have, l->cap - l->have, 0);
		if (r > 0) {
			l->have += (size_t)r;
			return IM_OK;
		}
		if (r == 0)
			return unreachable(l, ECONNRESET, err);
		if (errno != EAGAIN && errno != EINTR)
			return unreachable(l, errno, err);
	}
}

/* make_room - for a message of n bytes; only a link that may grow ever needs it */
static void
make_room(struct im_ldap_link *l, size_t n)
{
	if (n <= l->cap)
		return;
	l->in = im_realloc(l->in, n);
	l->cap = n;
}

enum im_status
im_ldap_link_read(struct im_ldap_link *l, struct im_str *ret, struct im_err *err)
{
	for (;;) {
		long n = im_ber_frame(l->in + l->used, l->have - l->used, l->max);
		/* every message is a SEQUENCE: what is none need not be waited for */
		if (n < 0 || (l->have > l->used && l->in[l->used] != IM_BER_SEQUENCE))
			return im_fail_dsn(err, IM_TEMP, "4.4.3", "the directory's answer makes no sense");
		if (n > 0 && (size_t)n <= l->have - l->used) {
			*ret = (struct im_str) { l->in + l->used, (size_t)n };
			l->used += (size_t)n;
			return IM_OK;
		}
		make_room(l, n > 0 ? (size_t)n : 0);
		enum im_status st = fill(l, err);
		if (st != IM_OK)
			return st;
	}
}

static enum im_status
bind_link(struct im_ldap_link *l, struct im_err *err)
{
	uint8_t request[BIND_MAX];
	struct im_ber_out o = { .p = request, .cap = sizeof(request) };
	struct im_str msg = { 0 };

	im_ldap_put_bind(&o);
	enum im_status st = im_ldap_link_send(l, &o, err);
	if (st == IM_OK)
		st = im_ldap_link_read(l, &msg, err);
	/* only after it may a client send anything again (RFC 4511 4.2.1) */
	return st == IM_OK ? im_ldap_bind_answer(msg, err) : st;
}

enum im_status
im_ldap_link_open(struct im_ldap_link *l, struct im_err *err)
{
	enum im_status st = connect_link(l, err);

	if (st == IM_OK)
		st = bind_link(l, err);
	if (st != IM_OK)
		im_ldap_link_close(l);
	return st;
}

void
im_ldap_link_close(struct im_ldap_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
	l->have = l->used = 0;
}
