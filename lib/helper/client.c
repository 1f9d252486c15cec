/*
 * client.c - asking the helper
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/io.h"
#include "helper/helper.h"

/* a little longer than the helper gives itself, so that its own word arrives */
enum { DEADLINE_MS = (IM_HELPER_SECONDS + 5) * 1000 };

static enum im_status
dial(const struct im_conf *c, int *ret, struct im_err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (!im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s/helper.sock", c->run_dir))
		return im_fail(err, IM_CONFIG, "run_dir is too long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return im_fail_errno(err, errno, "a socket for the helper");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		int e = errno;

		close(fd);
		/* whatever it is, it is mended by starting intimail-helper: never "not found" */
		return im_fail(err, IM_TEMP, "intimail-helper does not answer at %s: %s", sa.sun_path,
		    strerrordesc_np(e));
	}
	*ret = fd;
	return IM_OK;
}

static enum im_status
await(int fd, short events, int64_t end, struct im_err *err)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = events };
		int64_t left = end - im_monotonic_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (n > 0)
			return IM_OK;
		if (n == 0)
			return im_fail(err, IM_TEMP, "intimail-helper did not answer within %d seconds",
			    DEADLINE_MS / 1000);
		if (errno != EINTR)
			return im_fail_errno(err, errno, "wait for intimail-helper");
	}
}

static enum im_status
send_request(int fd, struct im_str s, int64_t end, struct im_err *err)
{
	enum im_status st = IM_OK;

	while (s.n && (st = await(fd, POLLOUT, end, err)) == IM_OK) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return im_fail(
			    err, IM_TEMP, "intimail-helper takes no request: %s", strerrordesc_np(errno));
		s.p += n > 0 ? n : 0;
		s.n -= n > 0 ? (size_t)n : 0;
	}
	return st;
}

static enum im_status
read_answer(int fd, struct im_buf *b, int64_t end, struct im_err *err)
{
	char chunk[16384];
	enum im_status st;

	while ((st = await(fd, POLLIN, end, err)) == IM_OK) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		im_buf_add(b, chunk, (size_t)n);
		if (b->full)
			return im_fail(
			    err, IM_TEMP, "intimail-helper says more than %d bytes", IM_HELPER_ANSWER_MAX);
	}
	if (st == IM_OK && (b->n == 0 || b->p[b->n - 1] != '\n'))
		return im_fail(err, IM_TEMP, "intimail-helper ended before it had answered");
	return st;
}

static enum im_status
judge(struct im_str text, cJSON **ret, struct im_err *err)
{
	cJSON *o = memchr(text.p, '\0', text.n) ? NULL : cJSON_ParseWithOpts(text.p, NULL, true);
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(o, "status");
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(o, "message");
	enum im_status st = IM_NSTATUS;

	for (int i = 0; cJSON_IsString(status) && i < IM_NSTATUS; i++)
		if (strcmp(status->valuestring, im_status_name((enum im_status)i)) == 0)
			st = (enum im_status)i;
	if (st == IM_OK) {
		*ret = o;
		return IM_OK;
	}
	if (st == IM_NSTATUS)
		st = im_fail(err, IM_TEMP, "intimail-helper gave no answer that can be read");
	else
		(void)im_fail(
		    err, st, "%.300s", cJSON_IsString(message) ? message->valuestring : im_status_name(st));
	cJSON_Delete(o);
	return st;
}

static void
write_request(struct im_buf *b, const char *token, const char *verb, const char *const *args)
{
	im_buf_adds(b, "{\"verb\":");
	im_json_string(b, im_str(verb));
	if (token) {
		im_buf_adds(b, ",\"session\":");
		im_json_string(b, im_str(token));
	}
	im_buf_adds(b, ",\"args\":[");
	for (int i = 0; args && args[i]; i++) {
		im_buf_adds(b, i ? "," : "");
		im_json_string(b, im_str(args[i]));
	}
	im_buf_adds(b, "]}\n");
}

enum im_status
im_helper_call(const struct im_conf *conf, const char *session_token, const char *verb,
    const char *const *args, cJSON **ret, struct im_err *err)
{
	const int64_t end = im_monotonic_ms() + DEADLINE_MS;
	struct im_buf request, text;
	enum im_status st;
	int fd = -1;

	im_buf_init(&request, IM_HELPER_REQUEST_MAX);
	im_buf_init(&text, IM_HELPER_ANSWER_MAX);
	write_request(&request, session_token, verb, args);
	if (request.full)
		st = im_fail(err, IM_INVALID, "%s: the arguments are too long", verb);
	else
		st = dial(conf, &fd, err);
	if (st == IM_OK)
		st = send_request(fd, im_buf_str(&request), end, err);
	if (st == IM_OK)
		st = read_answer(fd, &text, end, err);
	if (st == IM_OK)
		st = judge(im_buf_str(&text), ret, err);
	if (fd >= 0)
		close(fd);
	if (request.n)
		explicit_bzero(request.p, request.n);
	im_buf_done(&request);
	im_buf_done(&text);
	return st;
}
