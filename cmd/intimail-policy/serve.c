/*
 * serve.c - connections: many of them, none of which another one waits for
 *
 * A client says one request and waits for the answer. What comes behind a request before it was answered is not the
 * protocol, as everything else that is not: the connection is closed.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/io.h"
#include "base/log.h"
#include "policy.h"
#include "policy/judge.h"

enum { READ_BYTES = 4096, COMPLAIN_MS = 10 * 1000 };

struct client {
	int fd;
	int64_t since; /* of the last answer, or of the first byte of a request */
	size_t out_at, out_n;
	char out[IM_POLICY_REPLY_MAX];
	struct im_policy_parser parser;
};

struct server {
	struct policy *p;
	struct client *clients[POLICY_CLIENTS];
	size_t n;
	int64_t saved, complained;
	struct pollfd polls[POLICY_CLIENTS + 1];
};

static void
drop(struct server *s, size_t i)
{
	(void)close(s->clients[i]->fd);
	free(s->clients[i]);
	s->clients[i] = s->clients[--s->n];
}

static bool
busy(const struct client *c)
{
	return c->out_n > 0 || c->parser.n > 0 || c->parser.lines > 0;
}

static int64_t
ends_at(const struct client *c)
{
	return c->since + (busy(c) ? POLICY_REQUEST_MS : POLICY_IDLE_MS);
}

static void
accept_client(struct server *s)
{
	int fd = accept4(s->p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (s->n == POLICY_CLIENTS) { /* somebody has to go: whose time would be over first */
		size_t first = 0;
		for (size_t i = 1; i < s->n; i++)
			if (ends_at(s->clients[i]) < ends_at(s->clients[first]))
				first = i;
		drop(s, first);
	}
	struct client *c = im_malloc(sizeof(*c));
	c->fd = fd;
	c->since = im_monotonic_ms();
	c->out_at = c->out_n = 0;
	im_policy_begin(&c->parser);
	s->clients[s->n++] = c;
}

static void
answer(struct server *s, struct client *c)
{
	struct policy *p = s->p;
	struct im_err err = { 0 };
	int64_t now = im_monotonic_ms();
	enum im_status st =
	    im_policy_judge(&p->conf, p->resolver, p->sent, &c->parser.request, im_now(), &err);

	/* when the directory is away it is so for every recipient: one line tells it */
	if (st != IM_OK && st != IM_NOTFOUND && st != IM_DENIED && st != IM_QUOTA &&
	    now - s->complained >= COMPLAIN_MS) {
		im_warn("put off: %s recipient=<%s>", err.msg, c->parser.request.recipient);
		s->complained = now;
	}
	c->out_n = im_policy_reply(st, &err, c->out);
	c->out_at = 0;
}

/* flush - false: the client is gone */
static bool
flush(struct client *c)
{
	while (c->out_at < c->out_n) {
		ssize_t r = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
		if (r > 0)
			c->out_at += (size_t)r;
		else if (r < 0 && errno == EAGAIN)
			return true;
		else if (r == 0 || errno != EINTR)
			return false;
	}
	c->out_at = c->out_n = 0;
	c->since = im_monotonic_ms();
	return true;
}

/* talk - false: close it */
static bool
talk(struct server *s, struct client *c)
{
	char in[READ_BYTES];
	bool whole = false;

	if (c->out_n > 0)
		return flush(c);
	ssize_t n = recv(c->fd, in, sizeof(in), 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (!busy(c))
		c->since = im_monotonic_ms();
	size_t taken = im_policy_feed(&c->parser, in, (size_t)n, &whole);
	if (c->parser.bad || taken < (size_t)n)
		return false;
	if (!whole)
		return true;
	answer(s, c);
	return flush(c);
}

/* next_wait - milliseconds until something has to be done without being asked, -1: nothing */
static int
next_wait(const struct server *s)
{
	int64_t now = im_monotonic_ms(), first = INT64_MAX;

	for (size_t i = 0; i < s->n; i++)
		if (ends_at(s->clients[i]) < first)
			first = ends_at(s->clients[i]);
	if (im_sent_changed(s->p->sent) && s->saved + POLICY_SAVE_MS < first)
		first = s->saved + POLICY_SAVE_MS;
	if (first == INT64_MAX)
		return -1;
	return first <= now ? 0 : (int)(first - now);
}

static void
tidy(struct server *s)
{
	int64_t now = im_monotonic_ms();

	for (size_t i = s->n; i-- > 0;)
		if (ends_at(s->clients[i]) <= now)
			drop(s, i);
	if (im_sent_changed(s->p->sent) && now >= s->saved + POLICY_SAVE_MS) {
		policy_save(s->p);
		s->saved = now;
	}
}

static void
one_round(struct server *s)
{
	int ms = next_wait(s);
	struct timespec wait = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	size_t n = s->n;

	s->polls[n] = (struct pollfd) { .fd = s->p->listener, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		s->polls[i] = (struct pollfd) { .fd = s->clients[i]->fd,
			.events = s->clients[i]->out_n > 0 ? POLLOUT : POLLIN };
	if (ppoll(s->polls, n + 1, ms < 0 ? NULL : &wait, &s->p->wait_mask) < 0)
		return;
	for (size_t i = n; i-- > 0;) /* from behind: dropping one moves the last into its place */
		if (s->polls[i].revents != 0 && !talk(s, s->clients[i]))
			drop(s, i);
	if (s->polls[n].revents != 0)
		accept_client(s);
}

void
policy_serve(struct policy *p)
{
	struct server *s = im_calloc(1, sizeof(*s));

	s->p = p;
	s->saved = s->complained = im_monotonic_ms() - COMPLAIN_MS;
	while (!policy_end) {
		if (policy_reload) {
			policy_reload = 0;
			policy_reread(p);
		}
		one_round(s);
		tidy(s);
	}
	while (s->n > 0)
		drop(s, s->n - 1);
	free(s);
}
