/*
 * check_throttle.c - how long a stranger, the owner and a crowd have to wait
 *
 * Time passes by setting the records back.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"
#include "web/session.h"

static char dir[64];
static struct im_conf conf;

static void
begin(void)
{
	struct im_err err;
	char path[96];

	snprintf(dir, sizeof dir, "/tmp/im-throttle-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	conf = (struct im_conf) { .state_dir = dir, .domain = "example.org" };
	snprintf(path, sizeof path, "%s/throttle", dir);
	ck_assert(im_mkdirs(path, 0700, &err) == IM_OK);
}

enum { REMOVE = INT32_MIN };

/* each_record - let so many seconds pass (back: negative), or REMOVE them */
static void
each_record(int seconds)
{
	struct {
		uint32_t magic, tries;
		int64_t last;
	} r;
	char path[96];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/throttle", dir);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)) != NULL) {
		int fd = e->d_name[0] == '.' ? -1 : openat(dirfd(d), e->d_name, O_RDWR);

		if (fd < 0)
			continue;
		if (im_pread_full(fd, &r, sizeof r, 0) == sizeof r && seconds != REMOVE) {
			r.last -= seconds;
			ck_assert(im_pwrite_full(fd, &r, sizeof r, 0));
		}
		close(fd);
		if (seconds == REMOVE)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
}

static void
end(void)
{
	char path[96];

	each_record(REMOVE);
	snprintf(path, sizeof path, "%s/throttle", dir);
	rmdir(path);
	rmdir(dir);
}

static int
try(const char *account, const char *addr, bool known)
{
	struct im_throttle_who w = { account, addr, known };
	struct im_err err;
	int wait = -1;

	ck_assert_msg(im_throttle_admit(&conf, &w, &wait, &err) == IM_OK, "%s", err.msg);
	return wait;
}

static void
ok(const char *account, const char *addr)
{
	im_throttle_ok(&conf, &(struct im_throttle_who) { account, addr, false });
}

START_TEST(doubles_up_to_a_minute)
{
	static const int want[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };

	begin();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
	for (size_t i = 0; i < IM_COUNT(want); i++) {
		int wait = try("alice", "192.0.2.1", false);

		ck_assert_int_le(wait, want[i]);
		ck_assert_int_ge(wait, want[i] - 1); /* a second may have passed */
		/* a refused try is not counted: hammering does not lengthen it */
		for (int k = 0; k < 50; k++)
			ck_assert_int_le(try("alice", "192.0.2.1", false), want[i]);
		each_record(wait);
		ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
	}
	end();
}
END_TEST

START_TEST(accounts_are_apart)
{
	begin();
	for (int i = 0; i < 6; i++)
		try("alice", "192.0.2.1", false);
	ck_assert_int_gt(try("alice", "198.51.100.1", false), 0);
	ck_assert_int_gt(try("ALICE", "198.51.100.1", false), 0);
	ck_assert_int_gt(try("Alice@Example.ORG", "198.51.100.1", false), 0);
	ck_assert_int_eq(try("alice@other.org", "198.51.100.1", false), 0);
	ck_assert_int_eq(try("bob", "198.51.100.1", false), 0);
	ck_assert_int_eq(try("../../x\n", "198.51.100.1", false), 0);
	end();
}
END_TEST

START_TEST(owner_gets_in)
{
	begin();
	for (int i = 0; i < 12; i++)
		try("alice", "192.0.2.1", false), each_record(61);
	ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
	ck_assert_int_gt(try("alice", "198.51.100.1", false), 0);
	ck_assert_int_eq(try("alice", "198.51.100.1", true), 0); /* the browser is known */
	ok("alice", "198.51.100.1");
	ck_assert_int_eq(try("alice", "198.51.100.1", false), 0); /* forgotten */
	end();
}
END_TEST

START_TEST(networks)
{
	char account[16];

	begin();
	for (int i = 0; i < 21; i++) {
		snprintf(account, sizeof account, "user%d", i);
		try(account, i % 2 ? "192.0.2.1" : "192.0.2.200", i % 3 == 0);
	}
	ck_assert_int_gt(try("fresh", "192.0.2.77", false), 0);
	ck_assert_int_gt(try("fresh", "::ffff:192.0.2.77", false), 0);
	ck_assert_int_gt(try("fresh", "192.0.2.77", true), 0); /* a stolen mark does not open a network */
	ck_assert_int_eq(try("fresh", "192.0.3.77", false), 0);
	for (int i = 0; i < 21; i++) {
		snprintf(account, sizeof account, "user%d", i + 30);
		try(account, "2001:db8:1:2::1", false);
	}
	ck_assert_int_gt(try("fresh2", "2001:db8:1:2:ffff::9", false), 0);
	ck_assert_int_eq(try("fresh2", "2001:db8:1:3::9", false), 0);
	ck_assert_int_eq(try("fresh3", "", false), 0);
	ck_assert_int_eq(try("fresh4", NULL, false), 0);
	ck_assert_int_eq(try("fresh5", "not an address", false), 0);
	end();
}
END_TEST

/* whoever has an account cannot clean the slate of his network by signing in between guesses */
START_TEST(own_account_is_no_eraser)
{
	char account[16];
	int wait = 0;

	begin();
	for (int i = 0; i < 40 && !wait; i++) {
		snprintf(account, sizeof account, "user%d", i);
		wait = try(account, "192.0.2.1", false);
		if (!wait && (wait = try("mallory", "192.0.2.1", false)) == 0)
			ok("mallory", "192.0.2.1");
	}
	ck_assert_int_gt(wait, 0);
	end();
}
END_TEST

START_TEST(all_together)
{
	char account[16], addr[32];
	int refused = 0;

	begin();
	for (int i = 0; i < 203; i++) {
		snprintf(account, sizeof account, "user%d", i);
		snprintf(addr, sizeof addr, "10.%d.%d.1", i / 100, i % 100);
		refused += try(account, addr, false) > 0;
	}
	ck_assert_int_ge(refused, 1);
	ck_assert_int_le(try("owner", "203.0.113.1", false), 1);
	ck_assert_int_eq(try("owner", "203.0.113.1", true), 0);
	end();
}
END_TEST

START_TEST(undo_and_forget)
{
	struct im_throttle_who w = { "alice", "192.0.2.1", false };

	begin();
	for (int i = 0; i < 50; i++) { /* the directory is down: no penalty */
		ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
		im_throttle_undo(&conf, &w);
	}
	for (int i = 0; i < 6; i++)
		try("alice", "192.0.2.1", false);
	ck_assert_int_gt(try("alice", "192.0.2.1", false), 0);
	each_record(3601);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
	each_record(-3600); /* the clock was set back: no wait of an hour */
	ck_assert_int_le(try("alice", "192.0.2.1", false), 60);
	end();
}
END_TEST

START_TEST(broken_records_are_empty_ones)
{
	char path[96];
	struct dirent *e;
	DIR *d;

	begin();
	for (int i = 0; i < 6; i++)
		try("alice", "192.0.2.1", false);
	snprintf(path, sizeof path, "%s/throttle", dir);
	d = opendir(path);
	while ((e = readdir(d)) != NULL) {
		int fd = e->d_name[0] == '.' ? -1 : openat(dirfd(d), e->d_name, O_RDWR | O_TRUNC);

		if (fd >= 0) {
			ck_assert_int_eq(write(fd, "garbage", 7), 7);
			close(fd);
		}
	}
	closedir(d);
	ck_assert_int_eq(try("alice", "192.0.2.1", false), 0);
	end();
}
END_TEST

START_TEST(no_directory_is_an_error)
{
	struct im_err err;
	int wait = -1;

	begin();
	conf.state_dir = "/nonexistent";
	ck_assert(im_throttle_admit(
		      &conf, &(struct im_throttle_who) { "a", "192.0.2.1", false }, &wait, &err) != IM_OK);
	ck_assert_int_eq(wait, -1);
	conf.state_dir = dir;
	end();
}
END_TEST

/* a hundred at once get no more guesses than one after another */
START_TEST(crowd)
{
	int admitted = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		if (fork() == 0)
			_exit(try("alice", "192.0.2.1", false) == 0);
	}
	for (int i = 0, status; i < 100; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status));
		admitted += WEXITSTATUS(status);
	}
	ck_assert_int_ge(admitted, 5);
	ck_assert_int_le(admitted, 7); /* a second or two may pass */
	end();
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ doubles_up_to_a_minute, 0, 0 },
		{ accounts_are_apart, 0, 0 },
		{ owner_gets_in, 0, 0 },
		{ networks, 0, 0 },
		{ own_account_is_no_eraser, 0, 0 },
		{ all_together, 0, 0 },
		{ undo_and_forget, 0, 0 },
		{ broken_records_are_empty_ones, 0, 0 },
		{ no_directory_is_an_error, 0, 0 },
		{ crowd, 0, 0 },
	};

	return unit_main("throttle", tests, IM_COUNT(tests));
}
