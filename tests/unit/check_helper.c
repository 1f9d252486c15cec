/*
 * check_helper.c - the helper's client: whatever answers at the socket
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper/helper.h"

static char dir[] = "/tmp/check_helper.XXXXXX";
static struct im_conf conf;

static const struct {
	const char *answer;
	enum im_status want;
	const char *message;
} answers[] = {
	{ "{\"status\":\"ok\",\"text\":\"x\"}\n", IM_OK, "" },
	{ "{\"status\":\"not allowed\",\"message\":\"no %s%n\"}\n", IM_DENIED, "no %s%n" },
	{ "{\"status\":\"not found\"}\n", IM_NOTFOUND, "not found" },
	{ "{\"status\":\"not found\",\"message\":[1]}\n", IM_NOTFOUND, "not found" }, { "", IM_TEMP, NULL },
	{ "\n", IM_TEMP, NULL }, { "{\"status\":\"ok\"}", IM_TEMP, NULL }, /* cut */
	{ "{\"status\":\"fine\"}\n", IM_TEMP, NULL }, { "{\"status\":0}\n", IM_TEMP, NULL },
	{ "{}\n", IM_TEMP, NULL }, { "[\"ok\"]\n", IM_TEMP, NULL },
	{ "{\"status\":\"ok\"} x\n", IM_TEMP, NULL }, { NULL, IM_TEMP, NULL }, /* without an end */
};

static void
answer(int listener, const char *text)
{
	static char chunk[65536];
	int fd = accept(listener, NULL, NULL);

	ck_assert_int_gt(recv(fd, chunk, sizeof(chunk), 0), 0);
	if (strcmp(chunk, "{\"verb\":\"v\",\"session\":\"t\\\"\",\"args\":[\"a\\n\"]}\n") != 0)
		_exit(1);
	memset(chunk, 'x', sizeof(chunk));
	if (text)
		(void)!write(fd, text, strlen(text));
	else
		while (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) > 0)
			;
	_exit(0);
}

static int
listen_at(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert(im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s/helper.sock", dir));
	(void)unlink(sa.sun_path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

START_TEST(any_answer)
{
	static const char *const args[] = { "a\n", NULL };
	struct im_err err = { 0 };
	int fd = listen_at(), status = 0;
	cJSON *got = NULL;
	pid_t pid = fork();

	if (pid == 0)
		answer(fd, answers[_i].answer);
	enum im_status st = im_helper_call(&conf, "t\"", "v", args, &got, &err);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(st == answers[_i].want, "%d: %s", st, err.msg);
	ck_assert_int_eq(got != NULL, st == IM_OK);
	if (answers[_i].message)
		ck_assert_str_eq(err.msg, answers[_i].message);
	else
		ck_assert_ptr_nonnull(strstr(err.msg, "intimail-helper"));
	cJSON_Delete(got);
	close(fd);
}
END_TEST

START_TEST(nobody_there)
{
	struct im_err err = { 0 };
	cJSON *got = NULL;
	char *big = malloc(IM_HELPER_REQUEST_MAX + 1);
	const char *args[] = { big, NULL };
	char path[100];

	ck_assert(im_fmt(path, sizeof(path), "%s/helper.sock", dir));
	(void)unlink(path);
	ck_assert_int_eq(im_helper_call(&conf, NULL, "v", NULL, &got, &err), IM_TEMP);
	memset(big, 'x', IM_HELPER_REQUEST_MAX);
	big[IM_HELPER_REQUEST_MAX] = '\0';
	ck_assert_int_eq(im_helper_call(&conf, "t", "v", args, &got, &err), IM_INVALID);
	ck_assert_ptr_null(got);
	free(big);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("helper");
	TCase *t = tcase_create("helper");
	SRunner *r = srunner_create(s);
	char path[100];

	if (!mkdtemp(dir))
		return 1;
	conf.run_dir = dir;
	tcase_add_loop_test(t, any_answer, 0, (int)IM_COUNT(answers));
	tcase_add_test(t, nobody_there);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	if (im_fmt(path, sizeof(path), "%s/helper.sock", dir))
		(void)unlink(path);
	(void)rmdir(dir);
	return failed != 0;
}
