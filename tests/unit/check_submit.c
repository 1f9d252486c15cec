/*
 * check_submit.c - messages handed over to servers that behave and that do not
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "mail/submit.h"
#include "unit.h"

/* what a server says: first its greeting, then an answer for each line that comes; "" = closes */
static const struct {
	const char *says[9];
	enum im_status want;
	const char *sent; /* how the data looked, where the end was reached */
} servers[] = {
	{ { "220 a", "250-a\r\n250 8BITMIME", "250 ok", "250 ok", "250 ok", "354 go",
	      "250 2.0.0 Ok: queued as 4cXq1" },
	    IM_OK, "..dot\r\nline\r\nlast\r\n.\r\n" },
	{ { "220 a", "250 a", "250 ok", "550 no", "250 ok", "354 go", "250 2.0.0 Ok: queued as 4cXq1" },
	    IM_OK, "..dot\r\nline\r\nlast\r\n.\r\n" },
	{ { "220 a", "250 a", "250 ok", "550 no", "550 no" }, IM_DENIED, NULL },
	{ { "220 a", "250 a", "250 ok", "250 ok", "450 later" }, IM_TEMP, NULL },
	{ { "220 a", "250 a", "250 ok", "250 ok", "250 ok", "354 go", "451 later" }, IM_TEMP, NULL },
	{ { "220 a", "250 a", "250 ok", "250 ok", "250 ok", "354 go", "552 large" }, IM_DENIED, NULL },
	{ { "554 go away" }, IM_TEMP, NULL },
	{ { "220 a", "" }, IM_TEMP, NULL },
	{ { "garbage" }, IM_TEMP, NULL },
	{ { "220 a", "250 a", "999 what" }, IM_TEMP, NULL },
	{ { "220 a", "250 a", "250 ok", "250 ok", "250 ok", "354 go", "" }, IM_TEMP, NULL },
};

static void
serve(int listener, size_t row, int out)
{
	int fd = accept(listener, NULL, NULL);
	FILE *f = fdopen(fd, "r+");
	char line[4096];
	bool in_data = false;

	for (size_t i = 0; f && i < 9 && servers[row].says[i] && servers[row].says[i][0]; i++) {
		fprintf(f, "%s\r\n", servers[row].says[i]);
		fflush(f);
		in_data = strncmp(servers[row].says[i], "354", 3) == 0;
		while (fgets(line, sizeof(line), f)) {
			if (in_data)
				(void)!write(out, line, strlen(line));
			if (!in_data || strcmp(line, ".\r\n") == 0)
				break;
		}
	}
	_exit(0);
}

START_TEST(server)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), pipes[2];
	const char *to[] = { "b@example.org", "c@example.org", NULL };
	char id[33] = "", sent[4096] = "";
	struct im_err err = { 0 };

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	pid_t pid = fork();
	if (pid == 0)
		serve(listener, (size_t)_i, pipes[1]);
	close(pipes[1]);
	struct im_conf conf = { .hostname = "mail.example.org", .submit_port = ntohs(a.sin_port) };
	enum im_status st =
	    im_submit_text(&conf, "a@example.org", to, im_str(".dot\nline\r\nlast"), id, &err);
	ck_assert_msg(st == servers[_i].want, "%d: %d %s", _i, st, err.msg);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	if (servers[_i].sent) {
		ck_assert_int_ge(read(pipes[0], sent, sizeof(sent) - 1), 0);
		ck_assert_str_eq(sent, servers[_i].sent);
		ck_assert_str_eq(id, "4cXq1");
	}
	close(pipes[0]);
	close(listener);
}
END_TEST

/* --- servers that take their time: each of them has an end --- */

static const struct {
	const char *first; /* said at once */
	const char *again; /* then that, for ever; NULL: nothing more, and nothing is read */
	int pause_ms;      /* before each */
	const char *error;
} slow[] = {
	{ "", NULL, 0, "no answer in 1 seconds" },
	{ "220 a\r\n", NULL, 0, "no answer in 1 seconds" },
	{ "", "2", 100, "no answer in 1 seconds" },
	{ "220-", "a", 100, "no answer in 1 seconds" },
	{ "", "220-a\r\n", 100, "no answer in 1 seconds" },
	{ "", "220-a\r\n", 0, "its answer is no SMTP" },
	{ "220-", "aaaaaaaaaaaaaaaa", 0, "its answer is no SMTP" },
	/* said ahead of its time, so that the message goes out: no answer to its end; nobody reads it */
	{ "220 a\r\n250 a\r\n250 ok\r\n250 ok\r\n354 go\r\n", NULL, 0, "no answer in 1 seconds" },
	{ "220 a\r\n250 a\r\n250 ok\r\n250 ok\r\n354 go\r\n25", "0", 100, "no answer in 1 seconds" },
};

static void
serve_slowly(int listener, size_t row)
{
	int fd = accept(listener, NULL, NULL);
	const char *again = slow[row].again;

	(void)!write(fd, slow[row].first, strlen(slow[row].first));
	while (again && write(fd, again, strlen(again)) > 0)
		(void)usleep((useconds_t)slow[row].pause_ms * 1000);
	while (!again)
		(void)pause();
	_exit(0);
}

/* pieces - *arg of them, 32 KB each; negative: without end */
static enum im_status
pieces(void *arg, struct im_buf *chunk, bool *ret_more, struct im_err *err)
{
	int *left = arg;

	(void)err;
	for (int i = 0; i < 32 * 1024 / 64; i++)
		im_buf_adds(chunk, "the quick brown fox jumps over the lazy dog, the dog goes away\n");
	*ret_more = *left < 0 || --*left > 0;
	return IM_OK;
}

static enum im_status
submit_in_a_second(int listener, int npieces, struct im_err *err)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	const char *to[] = { "b@example.org", NULL };
	struct im_submission m = {
		.sender = "a@example.org", .recipients = to, .body = pieces, .arg = &npieces, .seconds = 1
	};
	int64_t begin = im_monotonic_ms();
	size_t refused;
	char id[33];

	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	struct im_conf conf = { .hostname = "mail.example.org", .submit_port = ntohs(a.sin_port) };
	enum im_status st = im_submit(&conf, &m, id, &refused, err);
	ck_assert_int_lt(im_monotonic_ms() - begin, 2500);
	return st;
}

START_TEST(slow_server)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct im_err err = { 0 };

	for (int npieces = 1; npieces >= -1; npieces -= 2) {
		int listener = socket(AF_INET, SOCK_STREAM, 0);

		ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
		ck_assert_int_eq(listen(listener, 1), 0);
		pid_t pid = fork();
		if (pid == 0)
			serve_slowly(listener, (size_t)_i);
		ck_assert_int_eq(submit_in_a_second(listener, npieces, &err), IM_TEMP);
		ck_assert_msg(strstr(err.msg, slow[_i].error), "%s", err.msg);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		close(listener);
	}
}
END_TEST

/* so many wait already that the kernel answers nothing */
START_TEST(no_connection)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), waiting[8];
	struct im_err err = { 0 };

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, len), 0);
	ck_assert_int_eq(listen(listener, 0), 0);
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < IM_COUNT(waiting); i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&a, len);
	}
	ck_assert_int_eq(submit_in_a_second(listener, 1, &err), IM_TEMP);
	ck_assert_msg(strstr(err.msg, "timed out"), "%s", err.msg);
	for (size_t i = 0; i < IM_COUNT(waiting); i++)
		close(waiting[i]);
	close(listener);
}
END_TEST

START_TEST(addresses)
{
	const char *bad[] = { "b@example.org>\r\nDATA", NULL }, *none[] = { NULL };
	struct im_conf conf = { .hostname = "h", .submit_port = 1 };
	struct im_err err = { 0 };
	char id[33];

	ck_assert_int_eq(im_submit_text(&conf, "", bad, im_str("x"), id, &err), IM_INVALID);
	ck_assert_int_eq(im_submit_text(&conf, "", none, im_str("x"), id, &err), IM_INVALID);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { server, IM_COUNT(servers) }, { slow_server, IM_COUNT(slow) },
		{ no_connection }, { addresses } };

	return unit_main("submit", tests, IM_COUNT(tests));
}
