/*
 * check_deliver.c - one message for one recipient, in a directory of the test, with a directory server that knows some people
 *
 * What fails or dies in the middle is in tests/system/test_faults.py.
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "ldap_answers.h"
#include "mail/deliver.h"

static const struct {
	const char *address, *attributes[12];
} people[] = {
	{ "ann@example.org", { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "10000000" } },
	{ "tiny@example.org", { "uid", "tiny", "mailEnabled", "TRUE", "mailQuota", "100" } },
	{ "off@example.org", { "uid", "off", "mailEnabled", "FALSE", "mailQuota", "200" } },
	{ "ended@example.org", { "uid", "ended", "mailEnabled", "TRUE", "mailExpire", "20200101000000Z" } },
	{ "path@example.org", { "uid", "../ann", "mailEnabled", "TRUE" } },
	{ "broken@example.org", { "uid", "broken", "mailEnabled", "maybe" } },
};

static void
serve_one(int fd)
{
	struct reply bound = { 0 }, answer = { 0 };
	char in[2048];

	result(&bound, IM_LDAP_ID_BIND, 0x61, 0);
	if (read(fd, in, sizeof(in)) <= 0 || write(fd, bound.b, bound.o.n) < 0)
		return;
	ssize_t n = read(fd, in, sizeof(in));
	for (size_t i = 0; n > 0 && i < IM_COUNT(people); i++)
		if (memmem(in, (size_t)n, people[i].address, strlen(people[i].address)) != NULL)
			entry(&answer, people[i].attributes);
	(void)!write(fd, answer.b, answer.o.n);
	struct reply done = { 0 };
	result(&done, IM_LDAP_ID_SEARCH, 0x65, 0);
	(void)!write(fd, done.b, done.o.n);
}

static struct {
	char dir[64], socket[80], mail[80];
	pid_t server;
	struct im_conf conf;
} t;

static void
setup(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	ck_assert(im_fmt(t.dir, sizeof(t.dir), "/tmp/im-deliver-XXXXXX"));
	ck_assert_ptr_nonnull(mkdtemp(t.dir));
	ck_assert(im_fmt(t.socket, sizeof(t.socket), "%s/ldapi", t.dir));
	ck_assert(im_fmt(t.mail, sizeof(t.mail), "%s/mail", t.dir));
	ck_assert_int_eq(mkdir(t.mail, 0700), 0);
	ck_assert(im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s", t.socket));
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(listener, 5), 0);
	t.server = fork();
	for (int fd; t.server == 0 && (fd = accept(listener, NULL, NULL)) >= 0; (void)close(fd))
		serve_one(fd);
	(void)close(listener);
	t.conf = (struct im_conf) { .ldap_socket = t.socket,
		.ldap_base = "dc=example,dc=org",
		.ldap_timeout = 2,
		.mail_root = t.mail,
		.domain = "example.org" };
}

static void
teardown(void)
{
	const char *const argv[] = { "rm", "-rf", t.dir, NULL };

	(void)kill(t.server, SIGKILL);
	(void)waitpid(t.server, NULL, 0);
	if (fork() == 0) {
		(void)execv("/bin/rm", (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)wait(NULL);
}

/* deliver these bytes */
static enum im_status
deliver(struct im_delivery d, const void *data, size_t n, struct im_delivered *r, struct im_err *err)
{
	char path[96];

	*err = (struct im_err) { 0 };
	ck_assert(im_fmt(path, sizeof(path), "%s/input", t.dir));
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert(fd >= 0 && im_write_full(fd, data, n) && lseek(fd, 0, SEEK_SET) == 0);
	d.input = fd;
	if (d.queueid == NULL)
		d.queueid = "";
	if (d.sender == NULL)
		d.sender = "sender@example.net";
	if (d.original == NULL)
		d.original = d.recipient;
	enum im_status st = im_deliver(&t.conf, &d, r, err);
	(void)close(fd);
	return st;
}

static int
count(const char *uid, const char *sub)
{
	char path[128];
	int n = 0;

	ck_assert(im_fmt(path, sizeof(path), "%s/%s/Maildir/%s", t.mail, uid, sub));
	DIR *dir = opendir(path);
	for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		n += e->d_name[0] != '.';
	if (dir != NULL)
		(void)closedir(dir);
	return n;
}

#define MAIL "From: a@example.net\nSubject: hello\n\nSome text.\n"

START_TEST(filed_and_found_again)
{
	struct im_delivery d = { .recipient = "Ann@Example.org", .queueid = "4cXq1Z2kGnz1f" };
	struct im_delivered r;
	struct im_err err;

	for (int i = 0; i < 3; i++) {
		ck_assert_msg(deliver(d, MAIL, strlen(MAIL), &r, &err) == IM_OK, "%s", err.msg);
		ck_assert_str_eq(r.uid, "ann");
		ck_assert_str_eq(r.mailbox, "INBOX");
		ck_assert_str_eq(r.warning, "");
		ck_assert(r.duplicate == (i > 0) && !r.dropped);
		ck_assert_int_eq(count("ann", "new"), 1);
		ck_assert_int_eq(count("ann", "tmp"), 0);
	}
	d.queueid = "4cXq1Z2kGnz1g";
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert(
	    r.size == strlen(MAIL) && strstr(r.id, "Q4cXq1Z2kGnz1g") && strstr(r.id, ",S=") && !r.duplicate);
	d.queueid = ""; /* none: nothing to compare with */
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert_int_eq(count("ann", "new"), 4);
}
END_TEST

START_TEST(detail)
{
	static const struct {
		const char *recipient, *box;
	} rows[] = { { "ann+Work@example.org", "Work" }, { "ann+WORK@example.org", "Work" },
		{ "ann+none@example.org", "INBOX" }, { "ann+sent@example.org", "INBOX" },
		{ "ann+inbox@example.org", "INBOX" }, { "ann+../x@example.org", "INBOX" },
		{ "ann+@example.org", "INBOX" } };
	static const char *const dirs[] = { "ann", "ann/Maildir", "ann/Maildir/tmp", "ann/Maildir/new",
		"ann/Maildir/cur", "ann/Maildir/.Work", "ann/Maildir/.Work/tmp", "ann/Maildir/.Work/new",
		"ann/Maildir/.Work/cur", "ann/Maildir/.Sent", "ann/Maildir/.Sent/tmp",
		"ann/Maildir/.Sent/new", "ann/Maildir/.Sent/cur" };
	struct im_delivered r;
	struct im_err err;
	char path[160];

	for (size_t i = 0; i < IM_COUNT(dirs); i++) {
		ck_assert(im_fmt(path, sizeof(path), "%s/%s", t.mail, dirs[i]));
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		struct im_delivery d = { .recipient = rows[i].recipient };
		ck_assert_msg(
		    deliver(d, MAIL, strlen(MAIL), &r, &err) == IM_OK, "%s: %s", rows[i].recipient, err.msg);
		ck_assert_msg(strcmp(r.mailbox, rows[i].box) == 0, "%s: %s", rows[i].recipient, r.mailbox);
	}
}
END_TEST

static const struct {
	const char *recipient;
	enum im_status want;
	const char *dsn;
} refusals[] = {
	{ "nobody@example.org", IM_NOTFOUND, "5.1.1" }, { "ann", IM_NOTFOUND, "5.1.1" },
	{ "", IM_NOTFOUND, "5.1.1" }, { "a\001b@example.org", IM_NOTFOUND, "5.1.1" },
	{ "path@example.org", IM_TEMP, "4.3.0" },   /* never built into a path */
	{ "broken@example.org", IM_TEMP, "4.3.5" }, /* a mistyped value must not bounce */
};

START_TEST(refused)
{
	struct im_delivery d = { .recipient = refusals[_i].recipient };
	struct im_delivered r;
	struct im_err err;

	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), refusals[_i].want);
	ck_assert_str_eq(err.dsn, refusals[_i].dsn);
	ck_assert_int_eq(rmdir(t.mail), 0); /* nothing was made */
	ck_assert_int_eq(mkdir(t.mail, 0700), 0);
}
END_TEST

START_TEST(full)
{
	struct im_delivery d = { .recipient = "tiny@example.org" }, off = { .recipient = "off@example.org" };
	struct im_delivered r;
	struct im_err err;

	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_QUOTA);
	ck_assert_str_eq(err.dsn, "4.2.2");
	ck_assert_ptr_nonnull(strstr(err.msg, "mailbox of tiny@example.org is full"));
	t.conf.over_quota = IM_OVER_QUOTA_REFUSE;
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_QUOTA);
	ck_assert_str_eq(err.dsn, "5.2.2");
	ck_assert_int_eq(count("tiny", "new"), 2);
	ck_assert_int_eq(count("tiny", "tmp"), 0);
	for (int i = 0; i < 6;
	     i++) { /* a disabled account: kept while there is room, then dropped, never bounced */
		ck_assert_int_eq(deliver(off, MAIL, strlen(MAIL), &r, &err), IM_OK);
		ck_assert(r.dropped == (i >= 4));
	}
	ck_assert_int_eq(count("off", "new"), 4);
	ck_assert_int_eq(
	    deliver((struct im_delivery) { .recipient = "ended@example.org" }, MAIL, strlen(MAIL), &r, &err),
	    IM_OK);
}
END_TEST

/* the cases themselves are in check_complete.c */
START_TEST(incomplete)
{
	struct im_delivery d = { .recipient = "ann@example.org", .expected = 70000 };
	struct im_delivered r;
	struct im_err err;

	ck_assert_int_eq(deliver(d, "", 0, &r, &err), IM_TEMP);
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "of 70000 bytes arrived"));
	d.expected = 60000; /* within what a milter may have removed */
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	d.parent = getppid();
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	d.parent = 1;
	d.queueid = "4cXq1Z2kGnz1f";
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_TEMP);
	ck_assert_int_eq(count("ann", "new"), 2);
	ck_assert_int_eq(count("ann", "tmp"), 0);
}
END_TEST

/* another program holds the index: the mail does not wait for a cache, and the next delivery appends again */
START_TEST(index_in_use)
{
	struct im_delivery d = { .recipient = "ann@example.org", .queueid = "4cXq1Z2kGnz1f" };
	struct im_delivered r;
	struct im_err err;
	char path[128];

	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert(im_fmt(path, sizeof(path), "%s/ann/Maildir/index.jsonl", t.mail));
	ck_assert_int_eq(truncate(path, 100), 0);
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert(r.duplicate);
	d.queueid = "";
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_OK);
	ck_assert_int_eq(count("ann", "new"), 2);
}
END_TEST

START_TEST(no_directory)
{
	struct im_delivery d = { .recipient = "ann@example.org" };
	struct im_delivered r;
	struct im_err err;

	t.conf.ldap_socket = "/nonexistent";
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_TEMP);
	ck_assert_str_eq(err.dsn, "4.4.3");
	t.conf.ldap_socket = t.socket;
	t.conf.mail_root = "/nonexistent";
	ck_assert_int_eq(deliver(d, MAIL, strlen(MAIL), &r, &err), IM_TEMP);
	ck_assert_int_eq(err.dsn[0], '4');
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("deliver");
	TCase *c = tcase_create("deliver");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, filed_and_found_again);
	tcase_add_test(c, detail);
	tcase_add_loop_test(c, refused, 0, (int)IM_COUNT(refusals));
	tcase_add_test(c, full);
	tcase_add_test(c, incomplete);
	tcase_add_test(c, index_in_use);
	tcase_add_test(c, no_directory);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
