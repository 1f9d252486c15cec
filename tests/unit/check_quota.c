/*
 * check_quota.c - the Maildir++ quota file
 *
 * SPDX-License-Identifier: ISC
 */
#include <sys/wait.h>

#include "mail/quota.h"
#include "mailbox_fixture.h"

static void
put_file(struct fixture *f, const char *text)
{
	int fd = openat(f->store.fd, "maildirsize", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert(im_write_full(fd, text, strlen(text)));
	close(fd);
}

static void
expect_file(struct fixture *f, const char *text)
{
	struct im_buf b;

	im_buf_init(&b, 8192);
	ck_assert_int_eq(im_read_file(f->store.fd, "maildirsize", 8192, &b, &f->err), IM_OK);
	ck_assert_str_eq(b.p, text);
	im_buf_done(&b);
}

static void
put_message(const struct im_mailbox *b, bool is_new, const char *name, size_t size)
{
	int fd = openat(is_new ? b->new_fd : b->cur_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

/* 7 in new/ by the name, 100 in cur/ by the file, 30 in a folder; names of files that are no messages count nothing */
static void
fill(struct fixture *f)
{
	struct im_mailbox trash;

	ck_assert_int_eq(im_mailbox_open(&f->store, "Trash", true, &trash, &f->err), IM_OK);
	put_message(&f->box, true, "1.a,S=7", 0);
	put_message(&f->box, false, "2.b:2,S", 100);
	put_message(&trash, false, "3.c,S=30:2,ST", 0);
	put_message(&f->box, false, ".hidden,S=1000", 0);
	im_mailbox_close(&trash);
}

START_TEST(counts)
{
	struct im_usage u;
	struct fixture f;

	fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(im_quota_usage(&f.store, 1000, &u, &f.err), IM_OK);
	ck_assert_uint_eq(u.bytes, 137);
	ck_assert_uint_eq(u.messages, 3);
	expect_file(&f, "1000S\n137 3\n");
	ck_assert_int_eq(im_quota_add(&f.store, 63, 1, &f.err), IM_OK);
	ck_assert_int_eq(im_quota_add(&f.store, -7, -1, &f.err), IM_OK);
	expect_file(&f, "1000S\n137 3\n63 1\n-7 -1\n");
	ck_assert_int_eq(im_quota_usage(&f.store, 1000, &u, &f.err), IM_OK);
	ck_assert_uint_eq(u.bytes, 193);
	ck_assert_uint_eq(u.messages, 3);
	/* another quota: the sums are kept */
	ck_assert_int_eq(im_quota_usage(&f.store, 0, &u, &f.err), IM_OK);
	expect_file(&f, "0S\n193 3\n");
	fixture_done(&f);
}
END_TEST

/* what other programs write is understood; what is broken is counted anew */
START_TEST(files)
{
	static const struct {
		const char *text;
		uint64_t bytes, messages;
	} rows[] = { { "1000S\n", 0, 0 }, { "1000S\n  12   1  \n8 1\n", 20, 2 },
		{ "1000S\n100 2\n-40 -1\n", 60, 1 }, { "", 137, 3 }, { "1000S", 137, 3 },
		{ "1000S\n12 1", 137, 3 }, { "1000S\n12\n", 137, 3 }, { "1000S\n12 x\n", 137, 3 },
		{ "1000S\n1 1\n-5 0\n", 137, 3 }, { "1000C\n1 1\n", 137, 3 }, { "S\n1 1\n", 137, 3 },
		{ "-1S\n1 1\n", 137, 3 }, { "1000S\n99999999999999999999 1\n", 137, 3 },
		{ "1000S\n\n", 137, 3 }, { "1000S\n1 1\n\x01\x02\n", 137, 3 } };
	char big[6000];
	struct im_usage u;
	struct fixture f;

	fixture_init(&f);
	fill(&f);
	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		put_file(&f, rows[i].text);
		ck_assert_int_eq(im_quota_usage(&f.store, 1000, &u, &f.err), IM_OK);
		ck_assert_msg(u.bytes == rows[i].bytes && u.messages == rows[i].messages,
		    "row %zu: %llu %llu", i, (unsigned long long)u.bytes, (unsigned long long)u.messages);
	}
	/* larger than 5120 bytes: counted anew */
	memset(big, 0, sizeof(big));
	memcpy(big, "1000S\n", 6);
	for (size_t i = 6; i + 4 <= 5126; i += 4)
		memcpy(big + i, "1 1\n", 4);
	put_file(&f, big);
	ck_assert_int_eq(im_quota_usage(&f.store, 1000, &u, &f.err), IM_OK);
	ck_assert_uint_eq(u.bytes, 137);
	/* a link is not followed */
	ck_assert_int_eq(unlinkat(f.store.fd, "maildirsize", 0), 0);
	ck_assert_int_eq(symlinkat("/etc/passwd", f.store.fd, "maildirsize"), 0);
	ck_assert_int_eq(im_quota_usage(&f.store, 1000, &u, &f.err), IM_OK);
	ck_assert_uint_eq(u.bytes, 137);
	expect_file(&f, "1000S\n137 3\n");
	fixture_done(&f);
}
END_TEST

START_TEST(admits)
{
	struct timespec old[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };
	struct fixture f;

	fixture_init(&f);
	fill(&f);
	ck_assert_int_eq(im_quota_admit(&f.store, 0, UINT64_MAX / 2, &f.err), IM_OK);
	ck_assert_int_eq(im_quota_admit(&f.store, 1000, 863, &f.err), IM_OK);
	ck_assert_int_eq(im_quota_admit(&f.store, 1000, 864, &f.err), IM_QUOTA);
	ck_assert_ptr_nonnull(strstr(f.err.msg, "full"));
	ck_assert_int_eq(im_quota_admit(&f.store, 100, 1, &f.err), IM_QUOTA);
	ck_assert_int_eq(im_quota_admit(&f.store, 1000, UINT64_MAX - 1, &f.err), IM_QUOTA);
	/* the file says full, the Maildir is not, as somebody removed mail: believed for a quarter of an hour */
	put_file(&f, "1000S\n1000 3\n");
	ck_assert_int_eq(im_quota_admit(&f.store, 1000, 10, &f.err), IM_QUOTA);
	ck_assert_int_eq(utimensat(f.store.fd, "maildirsize", old, 0), 0);
	ck_assert_int_eq(im_quota_admit(&f.store, 1000, 10, &f.err), IM_OK);
	expect_file(&f, "1000S\n137 3\n");
	fixture_done(&f);
}
END_TEST

/* eight at once, room for two: F14 */
START_TEST(race)
{
	struct fixture f;
	int taken = 0;

	fixture_init(&f);
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			struct im_store s;
			int rc = 9;

			if (im_store_open(f.root, "ann", false, &s, &f.err) == IM_OK &&
			    im_quota_lock(&s, 20000, &f.err) == IM_OK) {
				rc = im_quota_admit(&s, 250, 100, &f.err) == IM_OK ? 0 : 1;
				(void)usleep(2000);
				if (rc == 0 && im_quota_add(&s, 100, 1, &f.err) != IM_OK)
					rc = 9;
				im_quota_unlock(&s);
			}
			_exit(rc);
		}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
		taken += WEXITSTATUS(status) == 0;
	}
	ck_assert_int_eq(taken, 2);
	fixture_done(&f);
}
END_TEST

/* the quota lock and the index lock of INBOX are two: a delivery holds both */
START_TEST(both_locks)
{
	struct im_index_lock l;
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(im_quota_lock(&f.store, 100, &f.err), IM_OK);
	ck_assert_int_eq(im_index_lock(&f.box, 100, &l, &f.err), IM_OK);
	im_index_unlock(&l);
	im_quota_unlock(&f.store);
	fixture_done(&f);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { counts, 0, 0 }, { files, 0, 0 }, { admits, 0, 0 },
		{ race, 3, 0 }, { both_locks, 0, 0 } };

	return unit_main("quota", tests, IM_COUNT(tests));
}
