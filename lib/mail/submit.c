/*
 * submit.c - a small SMTP client that trusts nobody: every step has the one deadline, every answer a bound
 *
 * Nothing is sent ahead of an answer (no pipelining): the end of the data goes out only after every recipient was
 * accepted or refused for good, and one call makes one attempt.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/submit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/io.h"

enum {
	ANSWER_LINES = 100,
	ANSWER_LINE = 1024,
	OUT_MAX = 64 * 1024,
	CHUNK_MAX = 1024 * 1024,
	ADDRESS_MAX = 320
};

struct smtp {
	int fd, seconds;
	int64_t deadline; /* monotonic ms */
	char in[4096];
	size_t at, n;
	struct im_buf out;
	char answer[ANSWER_LINE]; /* the last line of the last answer */
	bool eight_bit, utf8;
	struct im_err *err;
};

static enum im_status
wait_for(struct smtp *s, short events)
{
	for (;;) {
		struct pollfd p = { .fd = s->fd, .events = events };
		int64_t left = s->deadline - im_monotonic_ms();

		if (left <= 0)
			return im_fail(s->err, IM_TEMP,
			    "handing a message to Postfix: no answer in %d seconds", s->seconds);
		int r = poll(&p, 1, (int)left);
		if (r > 0)
			return IM_OK;
		if (r < 0 && errno != EINTR)
			return im_fail_errno(s->err, errno, "handing a message to Postfix");
	}
}

static enum im_status
flush(struct smtp *s)
{
	size_t done = 0;

	while (done < s->out.n) {
		ssize_t r = send(s->fd, s->out.p + done, s->out.n - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r > 0)
			done += (size_t)r;
		else if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			enum im_status st = wait_for(s, POLLOUT);
			if (st != IM_OK)
				return st;
		} else if (r == 0 || errno != EINTR)
			return im_fail(
			    s->err, IM_TEMP, "handing a message to Postfix: it closed the connection");
	}
	im_buf_clear(&s->out);
	return IM_OK;
}

static enum im_status
get_char(struct smtp *s, char *ret)
{
	while (s->at == s->n) {
		enum im_status st = wait_for(s, POLLIN);
		if (st != IM_OK)
			return st;
		ssize_t r = recv(s->fd, s->in, sizeof(s->in), MSG_DONTWAIT);
		if (r == 0)
			return im_fail(
			    s->err, IM_TEMP, "handing a message to Postfix: it closed the connection");
		if (r < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
			return im_fail_errno(s->err, errno, "handing a message to Postfix");
		if (r > 0) {
			s->at = 0;
			s->n = (size_t)r;
		}
	}
	*ret = s->in[s->at++];
	return IM_OK;
}

/* get_line - into s->answer, without its end; a line that is too long is no SMTP */
static enum im_status
get_line(struct smtp *s)
{
	size_t n = 0;
	char c = '\0';

	for (;;) {
		enum im_status st = get_char(s, &c);
		if (st != IM_OK)
			return st;
		if (c == '\n')
			break;
		if (n + 1 >= sizeof(s->answer) || c == '\0')
			return im_fail(
			    s->err, IM_TEMP, "handing a message to Postfix: its answer is no SMTP");
		s->answer[n++] = c;
	}
	while (n > 0 && s->answer[n - 1] == '\r')
		n--;
	s->answer[n] = '\0';
	return IM_OK;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* answer - a whole answer (RFC 5321 4.2); its first digit */
static enum im_status
answer(struct smtp *s, int *ret)
{
	for (int lines = 0; lines < ANSWER_LINES; lines++) {
		enum im_status st = get_line(s);
		if (st != IM_OK)
			return st;
		const char *a = s->answer;
		if (!(a[0] >= '2' && a[0] <= '5' && is_digit(a[1]) && is_digit(a[2]) &&
			(a[3] == '\0' || a[3] == ' ' || a[3] == '-')))
			break;
		if (a[3] != '-') {
			*ret = a[0] - '0';
			return IM_OK;
		}
		if (strcasecmp(a + 4, "8BITMIME") == 0)
			s->eight_bit = true;
		if (strcasecmp(a + 4, "SMTPUTF8") == 0)
			s->utf8 = true;
	}
	return im_fail(s->err, IM_TEMP, "handing a message to Postfix: its answer is no SMTP");
}

/* refused - what an answer that is not the wanted one means */
static enum im_status
refused(struct smtp *s, int digit, const char *step)
{
	return im_fail(s->err, digit == 5 ? IM_DENIED : IM_TEMP,
	    "handing a message to Postfix: %s: it answered %s", step, s->answer);
}

static enum im_status
command(struct smtp *s, const char *step, int want)
{
	int digit = 0;
	enum im_status st = flush(s);

	if (st == IM_OK)
		st = answer(s, &digit);
	return st == IM_OK && digit != want ? refused(s, digit, step) : st;
}

static enum im_status
open_smtp(struct smtp *s, const struct im_conf *conf)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)conf->submit_port) };

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return im_fail_errno(s->err, errno, "handing a message to Postfix: socket");
	/* bounds connect(2), which waits where Postfix takes no connections; all else is MSG_DONTWAIT and poll(2) */
	const struct timeval most = { .tv_sec = s->seconds };
	if (setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) < 0)
		return im_fail_errno(s->err, errno, "handing a message to Postfix: setsockopt");
	if (connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		return im_fail(s->err, IM_TEMP, "handing a message to Postfix at 127.0.0.1:%d: %s",
		    conf->submit_port, strerror(errno == EINPROGRESS ? ETIMEDOUT : errno));
	enum im_status st = command(s, "greeting", 2);
	if (st != IM_OK)
		return st;
	im_buf_addf(&s->out, "EHLO %s\r\n", conf->hostname);
	st = command(s, "EHLO", 2);
	/* the last line has a space instead of the hyphen */
	if (st == IM_OK && strlen(s->answer) > 4) {
		s->eight_bit = s->eight_bit || strcasecmp(s->answer + 4, "8BITMIME") == 0;
		s->utf8 = s->utf8 || strcasecmp(s->answer + 4, "SMTPUTF8") == 0;
	}
	return st;
}

/* address_ok - nothing in it ends the command or the brackets */
static bool
address_ok(const char *a, bool *utf8)
{
	size_t n = strlen(a);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)a[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>')
			return false;
		*utf8 = *utf8 || c > 0x7f;
	}
	return n <= ADDRESS_MAX;
}

static enum im_status
check(const struct im_submission *m, bool *utf8, struct im_err *err)
{
	size_t n = 0;

	if (!address_ok(m->sender, utf8))
		return im_fail(
		    err, IM_INVALID, "sender %s: no address that mail can be sent with", m->sender);
	for (; m->recipients[n]; n++)
		if (n >= IM_SUBMIT_RECIPIENTS || !m->recipients[n][0] || !address_ok(m->recipients[n], utf8))
			return im_fail(err, IM_INVALID, "recipient %s: no address, or more than %d of them",
			    m->recipients[n], IM_SUBMIT_RECIPIENTS);
	return n > 0 ? IM_OK : im_fail(err, IM_INVALID, "message without a recipient");
}

static enum im_status
envelope(struct smtp *s, const struct im_submission *m, bool utf8, size_t *ret_refused)
{
	size_t n = 0, bad = 0;

	im_buf_addf(&s->out, "MAIL FROM:<%s>%s%s\r\n", m->sender, s->eight_bit ? " BODY=8BITMIME" : "",
	    utf8 && s->utf8 ? " SMTPUTF8" : "");
	enum im_status st = command(s, "MAIL", 2);
	for (; st == IM_OK && m->recipients[n]; n++) {
		int digit = 0;

		im_buf_addf(&s->out, "RCPT TO:<%s>\r\n", m->recipients[n]);
		st = flush(s);
		if (st == IM_OK)
			st = answer(s, &digit);
		if (st == IM_OK && digit == 5)
			bad++;
		else if (st == IM_OK && digit != 2)
			st = refused(s, digit, m->recipients[n]);
	}
	if (st == IM_OK && bad == n)
		st = refused(s, 5, "no recipient is left");
	*ret_refused = bad;
	return st;
}

/* stuff - line ends become CRLF, a line that begins with a dot gets another one (RFC 5321 4.5.2) */
static enum im_status
stuff(struct smtp *s, struct im_str chunk, bool *bol, bool *cr)
{
	for (size_t i = 0; i < chunk.n; i++) {
		char c = chunk.p[i];

		if (c == '\n') {
			im_buf_adds(&s->out, *cr ? "\n" : "\r\n");
		} else {
			if (*bol && c == '.')
				im_buf_addc(&s->out, '.');
			im_buf_addc(&s->out, c);
		}
		*bol = c == '\n';
		*cr = c == '\r';
		if (s->out.n > OUT_MAX - 8) {
			enum im_status st = flush(s);
			if (st != IM_OK)
				return st;
		}
	}
	return IM_OK;
}

static enum im_status
data(struct smtp *s, const struct im_submission *m)
{
	struct im_buf chunk;
	bool more = true, bol = true, cr = false;

	im_buf_adds(&s->out, "DATA\r\n");
	enum im_status st = command(s, "DATA", 3);
	im_buf_init(&chunk, CHUNK_MAX);
	while (st == IM_OK && more) {
		im_buf_clear(&chunk);
		st = m->body(m->arg, &chunk, &more, s->err);
		if (st == IM_OK && chunk.full)
			st = im_fail(
			    s->err, IM_BUG, "a piece of a message is larger than %d bytes", CHUNK_MAX);
		if (st == IM_OK)
			st = stuff(s, im_buf_str(&chunk), &bol, &cr);
	}
	im_buf_done(&chunk);
	if (st != IM_OK)
		return st; /* closing without the final dot leaves nothing behind */
	im_buf_adds(&s->out, bol ? ".\r\n" : cr ? "\n.\r\n" : "\r\n.\r\n");
	return command(s, "end of the message", 2);
}

/* queueid - "250 2.0.0 Ok: queued as 4cXq1Z2kGnz1f"; "" where Postfix says something else */
static void
queueid(const char *answer_text, char ret[static 33])
{
	const char *p = strstr(answer_text, "queued as ");
	size_t n = 0;

	ret[0] = '\0';
	if (p == NULL)
		return;
	p += strlen("queued as ");
	while (n < 32 && (is_digit(p[n]) || ((p[n] | 0x20) >= 'a' && (p[n] | 0x20) <= 'z')))
		n++;
	memcpy(ret, p, n);
	ret[n] = '\0';
}

enum im_status
im_submit(const struct im_conf *conf, const struct im_submission *m, char ret_queueid[33],
    size_t *ret_refused, struct im_err *err)
{
	struct smtp s = { .fd = -1, .seconds = m->seconds > 0 ? m->seconds : IM_SUBMIT_SECONDS, .err = err };
	bool utf8 = false;
	size_t bad = 0;
	enum im_status st = check(m, &utf8, err);

	if (st != IM_OK)
		return st;
	s.deadline = im_monotonic_ms() + s.seconds * 1000;
	im_buf_init(&s.out, OUT_MAX);
	st = open_smtp(&s, conf);
	if (st ==
	    IM_DENIED) /* a server that wants nobody at all is trouble of its own, not an answer about this mail */
		st = err->st = IM_TEMP;
	if (st == IM_OK)
		st = envelope(&s, m, utf8, &bad);
	if (st == IM_OK)
		st = data(&s, m);
	if (st == IM_OK) {
		queueid(s.answer, ret_queueid);
		*ret_refused = bad;
		(void)send(s.fd, "QUIT\r\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	if (s.fd >= 0)
		(void)close(s.fd);
	im_buf_done(&s.out);
	return st;
}

struct text {
	struct im_str left;
};

static enum im_status
text_piece(void *arg, struct im_buf *chunk, bool *ret_more, struct im_err *err)
{
	struct text *t = arg;
	size_t n = t->left.n < OUT_MAX ? t->left.n : OUT_MAX;

	(void)err;
	im_buf_add(chunk, t->left.p, n);
	t->left.p += n;
	t->left.n -= n;
	*ret_more = t->left.n > 0;
	return IM_OK;
}

enum im_status
im_submit_text(const struct im_conf *conf, const char *sender, const char *const *recipients,
    struct im_str message, char ret_queueid[33], struct im_err *err)
{
	struct text t = { message };
	size_t refused_ones;
	struct im_submission m = {
		.sender = sender, .recipients = recipients, .body = text_piece, .arg = &t
	};

	return im_submit(conf, &m, ret_queueid, &refused_ones, err);
}
