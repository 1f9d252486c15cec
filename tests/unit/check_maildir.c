/*
 * check_maildir.c - names, stores, mailboxes, durable filing
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>

#include "mailbox_fixture.h"

START_TEST(uids)
{
	static const struct {
		const char *uid;
		bool ok;
	} rows[] = { { "ann", true }, { "a", true }, { "0x", true }, { "ann.smith-2_x", true }, { "", false },
		{ ".a", false }, { "-a", false }, { "Ann", false }, { "a..b", false }, { "a/b", false },
		{ "a b", false }, { "\xc3\xa9", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false } };

	for (size_t i = 0; i < IM_COUNT(rows); i++)
		ck_assert_msg(im_uid_valid(rows[i].uid) == rows[i].ok, "'%s'", rows[i].uid);
}
END_TEST

START_TEST(mailbox_names)
{
	static const struct {
		const char *name;
		bool ok;
	} rows[] = { { "INBOX", true }, { "Sent", true }, { "Family.Photos", true }, { "&AMk-t&AOk-", true },
		{ "a b", true }, { "inbox", false }, { "Inbox", false }, { "", false }, { ".a", false },
		{ "a.", false }, { "a..b", false }, { "a/b", false }, { "a\nb", false }, { "a\x7f", false },
		{ "\xc3\xa9", false } };

	for (size_t i = 0; i < IM_COUNT(rows); i++)
		ck_assert_msg(im_mailbox_name_valid(rows[i].name) == rows[i].ok, "'%s'", rows[i].name);
}
END_TEST

START_TEST(display_names)
{
	static const struct {
		const char *name, *shown;
	} rows[] = { { "INBOX", "INBOX" }, { "Family.Photos", "Family/Photos" },
		{ "&AMk-t&AOk-", "\xc3\x89t\xc3\xa9" }, { "a&-b", "a&b" }, { "&2D3eAA-", "\xf0\x9f\x98\x80" },
		{ "&U,BTFw-", "\xe5\x8f\xb0\xe5\x8c\x97" }, { "&3gA-", "\xef\xbf\xbd" }, { "a&b", "a&b" },
		{ "&AAo-", "\xef\xbf\xbd" } };

	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		struct im_buf b;

		im_buf_init(&b, 1000);
		im_mailbox_display(rows[i].name, &b);
		ck_assert_str_eq(b.p, rows[i].shown);
		im_buf_done(&b);
	}
}
END_TEST

START_TEST(message_names)
{
	static const struct {
		const char *file, *id, *flags, *queueid;
		int64_t arrived;
		uint64_t size;
	} rows[] = {
		{ "1795500000.M000001P2Q4dPNmq0Z6QzZrZc.mail,S=123:2,RS",
		    "1795500000.M000001P2Q4dPNmq0Z6QzZrZc.mail,S=123", "RS", "4dPNmq0Z6QzZrZc", 1795500000,
		    123 },
		{ "1795500000.M1P2.mail,S=5,W=6", "1795500000.M1P2.mail,S=5,W=6", "", "", 1795500000, 5 },
		/* a 'Q' of others is a counter */
		{ "1795500000.M1P2Q16.mail", "1795500000.M1P2Q16.mail", "", "", 1795500000, UINT64_MAX },
		{ "1795500000.Q123456.mail", "1795500000.Q123456.mail", "", "", 1795500000, UINT64_MAX },
		{ "1795500000.M1P2Q1234-6.mail", "1795500000.M1P2Q1234-6.mail", "", "", 1795500000,
		    UINT64_MAX },
		{ "plain", "plain", "", "", -1, UINT64_MAX },
		{ "12x.b", "12x.b", "", "", -1, UINT64_MAX },
		{ "12", "12", "", "", 12, UINT64_MAX },
		{ "99999999999999999999.a", "99999999999999999999.a", "", "", -1, UINT64_MAX },
		{ "a:2,", "a", "", "", -1, UINT64_MAX },
		{ "a:1,b", "a:1,b", "", "", -1, UINT64_MAX },
		{ "a,S=1x:2,S", "a,S=1x", "S", "", -1, UINT64_MAX },
		{ "a,S=,S=7:2,S", "a,S=,S=7", "S", "", -1, 7 },
		{ "\xc3\xa9\"\\", "\xc3\xa9\"\\", "", "", -1, UINT64_MAX },
	};

	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		char *copy = unit_exact(rows[i].file, strlen(rows[i].file));
		struct im_msg_name n;

		ck_assert_msg(im_msg_name_parse((struct im_str) { copy, strlen(rows[i].file) }, &n), "%s",
		    rows[i].file);
		ck_assert_msg(im_str_is(n.id, rows[i].id), "%s: id", rows[i].file);
		ck_assert_msg(im_str_is(n.flags, rows[i].flags), "%s: flags", rows[i].file);
		ck_assert_msg(im_str_is(n.queueid, rows[i].queueid), "%s: queue id", rows[i].file);
		ck_assert_msg(n.arrived == rows[i].arrived, "%s: arrived", rows[i].file);
		ck_assert_msg(n.size == rows[i].size, "%s: size", rows[i].file);
		free(copy);
	}
}
END_TEST

START_TEST(no_message_names)
{
	static const char *const rows[] = { "", ".hidden", "a\nb", "a\x7f", ":2,S", "\xff\xfe", "a\tb" };
	char longer[300];
	struct im_msg_name n;

	for (size_t i = 0; i < IM_COUNT(rows); i++)
		ck_assert_msg(!im_msg_name_parse(im_str(rows[i]), &n), "%zu", i);
	memset(longer, 'a', sizeof(longer));
	ck_assert(im_msg_name_parse((struct im_str) { longer, 255 }, &n));
	ck_assert(!im_msg_name_parse((struct im_str) { longer, 256 }, &n));
}
END_TEST

START_TEST(queue_ids)
{
	int64_t t = 0;

	/* the example of postconf(5), enable_long_queue_ids: made on the day that Postfix learnt them, 2011-03-20 */
	ck_assert(im_queueid_time(IM_STR("3Pt2mN2VXxznjll"), &t));
	ck_assert_int_eq(t, 1300631508);
	ck_assert(!im_queueid_time(IM_STR("A1B2C3D4E5"), &t));
	ck_assert(!im_queueid_time(IM_STR("3Pt2mN2VXx"), &t));
	ck_assert(!im_queueid_time(IM_STR("3Pt2mN2VXxz"), &t));
	ck_assert(!im_queueid_time(IM_STR("3Pt2aN2VXxznjll"), &t)); /* a vowel */
	ck_assert(!im_queueid_time(IM_STR(""), &t));
	ck_assert(im_queueid_valid(IM_STR("A1B2C3D4E5")));
	ck_assert(!im_queueid_valid(IM_STR("A1B2C")));
	ck_assert(!im_queueid_valid(IM_STR("A1B2C3/../x")));
}
END_TEST

START_TEST(flag_sets)
{
	char text[IM_FLAGS_MAX + 1];

	ck_assert_uint_eq(im_flags_text(im_flags_mask(IM_STR("SRS,zaA!")), text), 5);
	ck_assert_str_eq(text, "ARSaz");
	ck_assert_uint_eq(im_flags_text(UINT64_MAX, text), 52);
}
END_TEST

/* --- stores --- */

START_TEST(store_refuses)
{
	struct im_store s;
	struct im_mailbox b;
	struct fixture f;
	char path[128];

	fixture_init(&f);
	ck_assert_int_eq(im_store_open(f.root, "nobody", false, &s, &f.err), IM_NOTFOUND);
	ck_assert_int_eq(im_store_open(f.root, "../x", true, &s, &f.err), IM_INVALID);
	ck_assert_int_eq(im_store_open("/nonexistent", "ann", false, &s, &f.err), IM_TEMP);
	ck_assert_int_eq(im_mailbox_open(&f.store, "Sent", false, &b, &f.err), IM_NOTFOUND);
	ck_assert_int_eq(im_mailbox_open(&f.store, "../../x", true, &b, &f.err), IM_INVALID);
	/* new/ is a link to elsewhere: F11 */
	ck_assert(im_fmt(path, sizeof(path), "%s/ann/Maildir/new", f.root));
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("/tmp", path), 0);
	ck_assert_int_eq(im_mailbox_open(&f.store, "INBOX", true, &b, &f.err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(f.err.msg, "symbolic link"));
	ck_assert_int_eq(unlink(path), 0);
	/* missing altogether */
	ck_assert_int_eq(im_mailbox_open(&f.store, "INBOX", false, &b, &f.err), IM_TEMP);
	/* the Maildir belongs to somebody else: F11 */
	if (geteuid() == 0) {
		ck_assert(im_fmt(path, sizeof(path), "%s/ann/Maildir", f.root));
		ck_assert_int_eq(chown(path, 12345, 12345), 0);
		ck_assert_int_eq(im_store_open(f.root, "ann", true, &s, &f.err), IM_TEMP);
		ck_assert_ptr_nonnull(strstr(f.err.msg, "belongs to"));
	}
	fixture_done(&f);
}
END_TEST

START_TEST(mailbox_lists)
{
	static const char *const names[] = { "zeta", "Trash", "Sent", "Archive", "alpha", "Family.Photos",
		"Drafts", "Junk" };
	static const char *const order[] = { "INBOX", "Drafts", "Sent", "Archive", "Junk", "Trash", "alpha",
		"Family.Photos", "zeta" };
	struct im_mailbox b;
	struct fixture f;
	char **v, path[128];
	size_t n;

	fixture_init(&f);
	for (size_t i = 0; i < IM_COUNT(names); i++) {
		ck_assert_int_eq(im_mailbox_open(&f.store, names[i], true, &b, &f.err), IM_OK);
		im_mailbox_close(&b);
	}
	ck_assert(im_fmt(path, sizeof(path), "%s/ann/Maildir/.nocur", f.root));
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(im_mailbox_list(&f.store, &v, &n, &f.err), IM_OK);
	ck_assert_uint_eq(n, IM_COUNT(order));
	for (size_t i = 0; i < n; i++) {
		ck_assert_str_eq(v[i], order[i]);
		free(v[i]);
	}
	free(v);
	fixture_done(&f);
}
END_TEST

START_TEST(filing)
{
	struct im_filing g;
	struct fixture f;
	struct stat st;

	fixture_init(&f);
	ck_assert_int_eq(im_filing_begin(&f.box, &g, &f.err), IM_OK);
	ck_assert(im_write_full(g.fd, "Subject: x\n\n", 12));
	ck_assert_int_eq(im_filing_sync(&g, &f.err), IM_OK);
	ck_assert_int_eq(im_filing_commit(&g, 12, "4dPNmq0Z6QzZrZc", NULL, &f.err), IM_OK);
	ck_assert_ptr_nonnull(strstr(g.id, "Q4dPNmq0Z6QzZrZc."));
	ck_assert_ptr_nonnull(strstr(g.id, ",S=12"));
	ck_assert_int_eq(fstatat(f.box.new_fd, g.id, &st, 0), 0);
	ck_assert_int_eq(st.st_size, 12);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	im_filing_abort(&g);
	ck_assert_int_eq(fstatat(f.box.new_fd, g.id, &st, 0), 0);
	/* with flags: into cur/; a hostile queue id is no part of the name */
	ck_assert_int_eq(im_filing_begin(&f.box, &g, &f.err), IM_OK);
	ck_assert_int_eq(im_filing_sync(&g, &f.err), IM_OK);
	ck_assert_int_eq(im_filing_commit(&g, 0, "../../etc/x", "SR", &f.err), IM_OK);
	ck_assert_ptr_null(strchr(g.id, '/'));
	/* given up: nothing is left in tmp/ */
	ck_assert_int_eq(im_filing_begin(&f.box, &g, &f.err), IM_OK);
	ck_assert_int_eq(fstatat(f.box.tmp_fd, g.tmp_name, &st, 0), 0);
	{
		char name[sizeof(g.tmp_name)];

		memcpy(name, g.tmp_name, sizeof(name));
		im_filing_abort(&g);
		ck_assert_int_eq(fstatat(f.box.tmp_fd, name, &st, 0), -1);
	}
	fixture_done(&f);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { uids, 0, 0 }, { mailbox_names, 0, 0 }, { display_names, 0, 0 },
		{ message_names, 0, 0 }, { no_message_names, 0, 0 }, { queue_ids, 0, 0 }, { flag_sets, 0, 0 },
		{ store_refuses, 0, 0 }, { mailbox_lists, 0, 0 }, { filing, 0, 0 } };

	return unit_main("maildir", tests, IM_COUNT(tests));
}
