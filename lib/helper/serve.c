/*
 * serve.c - the helper's side of one connection
 *
 * The order: who is it (the kernel tells), is it a request (bounds, form, a verb of the table), may he (session, then the
 * directory as it is now), do it. Before that nothing has been done.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "directory/person.h"
#include "helper/helper.h"
#include "helper/verb.h"
#include "mta/text.h"
#include "policy/admit.h"
#include "web/session.h"

enum { READ_MS = 5000, WRITE_MS = 10000, DRAIN_MS = 1000, DRAIN_BYTES = 1024 * 1024 };

struct request {
	uid_t peer;
	cJSON *json;
	const struct im_verb *verb;
	const char *session; /* NULL: none was given */
	const char *args[IM_HELPER_ARGS + 1];
	int nargs;
};

/* cut where it does not fit; it is for the log only */
static void
put(char *dst, size_t size, struct im_arena *a, const char *text)
{
	const char *clean = im_mta_text(a, im_str(text), size - 1);

	if (!im_fmt(dst, size, "%s", clean))
		dst[0] = '\0';
}

static enum im_status
check_peer(const struct im_conf *c, int fd, uid_t *ret, struct im_err *err)
{
	struct ucred peer = { .uid = (uid_t)-1 };
	socklen_t n = sizeof(peer);
	struct passwd pw, *found = NULL;
	char text[4096];

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return im_fail_errno(err, errno, "who is asking?");
	*ret = peer.uid;
	if (peer.uid == 0)
		return IM_OK;
	(void)getpwnam_r(c->pages_user, &pw, text, sizeof(text), &found);
	if (!found || found->pw_uid != peer.uid)
		return im_fail(err, IM_DENIED, "only the administration pages and root may ask");
	return IM_OK;
}

/* up to the end of the line; what stands behind it is not looked at */
static enum im_status
read_line(int fd, struct im_buf *line, struct im_err *err)
{
	const int64_t end = im_monotonic_ms() + READ_MS;
	char chunk[4096];

	for (;;) {
		int64_t left = end - im_monotonic_ms();
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return im_fail(
			    err, IM_TEMP, "the request did not come within %d seconds", READ_MS / 1000);
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n == 0 && line->n == 0)
			return im_fail(err, IM_INVALID, "nothing was asked");
		if (n <= 0)
			return im_fail(err, IM_INVALID, "the request has no end");
		const char *nl = memchr(chunk, '\n', (size_t)n);
		im_buf_add(line, chunk, nl ? (size_t)(nl - chunk) : (size_t)n);
		if (line->full)
			return im_fail(
			    err, IM_INVALID, "the request is longer than %d bytes", IM_HELPER_REQUEST_MAX);
		if (nl)
			return IM_OK;
	}
}

static enum im_status
take_args(const cJSON *list, struct request *r, struct im_err *err)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (r->nargs == IM_HELPER_ARGS || !cJSON_IsString(one))
			return im_fail(err, IM_INVALID, "args: at most %d texts are wanted", IM_HELPER_ARGS);
		r->args[r->nargs++] = one->valuestring;
	}
	return IM_OK;
}

/* exactly the members of helper.h, each once */
static enum im_status
parse(struct im_str text, struct request *r, struct im_arena *a, struct im_helper_done *done,
    struct im_err *err)
{
	const char *verb = NULL;
	bool has_args = false;
	const cJSON *m;
	enum im_status st = IM_OK;

	if (memchr(text.p, '\0', text.n) || !im_utf8_valid(text))
		return im_fail(err, IM_INVALID, "the request is no JSON");
	r->json = cJSON_ParseWithOpts(text.p, NULL, true);
	if (!cJSON_IsObject(r->json))
		return im_fail(err, IM_INVALID, "the request is no JSON object");
	cJSON_ArrayForEach(m, r->json)
	{
		if (strcmp(m->string, "verb") == 0 && cJSON_IsString(m) && !verb) {
			verb = m->valuestring;
		} else if (strcmp(m->string, "session") == 0 && cJSON_IsString(m) && !r->session) {
			r->session = m->valuestring;
		} else if (strcmp(m->string, "args") == 0 && cJSON_IsArray(m) && !has_args) {
			has_args = true;
			st = take_args(m, r, err);
		} else {
			st = im_fail(err, IM_INVALID, "the request has a member that it may not have");
		}
		if (st != IM_OK)
			return st;
	}
	r->verb = verb ? im_verb_find(verb) : NULL;
	if (!r->verb)
		return im_fail(err, IM_INVALID, "there is no such verb");
	put(done->verb, sizeof(done->verb), a, verb);
	return im_verb_check(r->verb, r->args, r->nargs, err);
}

/* whose browser it is, and whether he is an administrator now; root needs no session */
static enum im_status
check_right(const struct im_conf *c, const struct request *r, struct im_helper_done *done, struct im_err *err)
{
	struct im_session session = { 0 };
	struct im_arena a = { 0 };
	struct im_person p;
	struct im_dir *d;
	enum im_status st;

	if (!r->session && r->peer == 0) {
		put(done->who, sizeof(done->who), &a, "root");
		im_arena_done(&a);
		return IM_OK;
	}
	if (!r->session)
		return im_fail(err, IM_DENIED, "no session");
	st = im_session_load(c, r->session, &session, err);
	if (st != IM_OK)
		return st;
	put(done->who, sizeof(done->who), &a, session.uid);
	st = im_dir_open(c, &d, err);
	if (st == IM_OK) {
		st = im_person_get(d, session.uid, &a, &p, err);
		if (st == IM_NOTFOUND ||
		    (st == IM_OK && (!p.admin || !im_admit_account(p.enabled, p.expires, im_now()))))
			st = im_fail(err, IM_DENIED, "%s is no administrator", session.uid);
		im_dir_close(d);
	}
	explicit_bzero(&session, sizeof(session));
	im_arena_done(&a);
	return st;
}

static void
send_all(int fd, struct im_str s)
{
	const int64_t end = im_monotonic_ms() + WRITE_MS;

	while (s.n) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };
		int64_t left = end - im_monotonic_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return;
		n = send(fd, s.p, s.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return;
		s.p += n > 0 ? n : 0;
		s.n -= n > 0 ? (size_t)n : 0;
	}
}

/* a socket that is closed with something unread in it takes the answer back: read on until the client closes, for a while */
static void
drain(int fd)
{
	const int64_t end = im_monotonic_ms() + DRAIN_MS;
	char chunk[16384];
	size_t all = 0;

	(void)shutdown(fd, SHUT_WR);
	while (all < DRAIN_BYTES) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = end - im_monotonic_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			return;
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n <= 0)
			return;
		all += (size_t)n;
	}
}

static void
answer(int fd, struct im_arena *a, struct im_value *v, enum im_status *st, struct im_err *err)
{
	struct im_buf b;

	im_buf_init(&b, IM_HELPER_ANSWER_MAX - 1);
	if (*st == IM_OK)
		im_v_json(v, &b);
	if (b.full)
		*st = im_fail(err, IM_QUOTA, "the answer is too long");
	if (*st != IM_OK) {
		im_buf_clear(&b);
		b.full = false;
		v = im_v_object(a);
		im_v_set_str(a, v, "status", im_status_name(*st));
		im_v_set_str(a, v, "message", err->msg);
		im_v_json(v, &b);
	}
	b.max++;
	im_buf_addc(&b, '\n');
	send_all(fd, im_buf_str(&b));
	drain(fd);
	im_buf_done(&b);
}

static void
note(const struct request *r, enum im_status st, const struct im_err *err, struct im_arena *a,
    struct im_helper_done *done)
{
	struct im_buf all;

	done->st = st;
	if (st != IM_OK)
		put(done->message, sizeof(done->message), a, err->msg);
	im_buf_init(&all, sizeof(done->args) - 1);
	for (int i = 0; r->verb && i < r->nargs; i++)
		im_buf_addf(&all, "%s%s", i ? " " : "", r->args[i]);
	put(done->args, sizeof(done->args), a, all.full ? "(long)" : all.p);
	im_buf_done(&all);
}

void
im_helper_serve(const struct im_conf *conf, int fd, struct im_helper_done *ret)
{
	struct request r = { .peer = (uid_t)-1 };
	struct im_arena a = { 0 };
	struct im_value *v = im_v_object(&a);
	struct im_err err = { 0 };
	struct im_buf line;

	*ret = (struct im_helper_done) { 0 };
	im_buf_init(&line, IM_HELPER_REQUEST_MAX);
	im_v_set_str(&a, v, "status", im_status_name(IM_OK));
	enum im_status st = check_peer(conf, fd, &r.peer, &err);
	put(ret->who, sizeof(ret->who), &a, im_arena_fmt(&a, "user %u", (unsigned)r.peer));
	if (st == IM_OK)
		st = read_line(fd, &line, &err);
	/* somebody who only looks whether it listens needs no line in the log */
	if (st != IM_OK && line.n == 0 && r.peer == 0)
		goto out;
	put(ret->verb, sizeof(ret->verb), &a, "?");
	if (st == IM_OK)
		st = parse(im_buf_str(&line), &r, &a, ret, &err);
	if (st == IM_OK)
		st = check_right(conf, &r, ret, &err);
	if (st == IM_OK)
		st = im_verb_run(r.verb, conf, r.args, r.nargs, &a, v, &err);
	answer(fd, &a, v, &st, &err);
	note(&r, st, &err, &a, ret);
out:
	cJSON_Delete(r.json);
	if (line.n)
		explicit_bzero(line.p, line.n);
	im_buf_done(&line);
	im_arena_done(&a);
}
