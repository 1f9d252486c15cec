/*
 * check_autoreply.c - who is told that a person is away, and how often; when a mailbox is nearly full
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/autoreply.h"
#include "mailbox_fixture.h"

#define TO "To: Ann <Ann+shop@Example.org>\n"

static const struct row {
	const char *header, *sender;
	bool due;
} rows[] = {
	{ TO, "bob@example.net", true },
	{ "Cc: x@y.example, ann@example.org\n", "bob@example.net", true },
	{ "To: ann.other@example.org\n", "bob@example.net", true }, /* as it was addressed */
	{ TO "Auto-Submitted: no\n", "bob@example.net", true },
	{ TO "Auto-Submitted: No (really)\n", "bob@example.net", true },
	{ TO "Precedence: first-class\n", "bob@example.net", true },
	{ "To: undisclosed-recipients:;\n", "bob@example.net", false },
	{ "To: bob@example.org\n", "bob@example.net", false },
	{ "Subject: no To\n", "bob@example.net", false },
	{ TO, "", false },
	{ TO, "ann@example.org", false },
	{ TO, "MAILER-DAEMON@example.net", false },
	{ TO, "noreply@example.net", false },
	{ TO, "shop-no-reply@example.net", false },
	{ TO, "owner-list@example.net", false },
	{ TO, "list-request@example.net", false },
	{ TO, "list-bounces@example.net", false },
	{ TO, "bounce-123-ann=example.org@example.net", false },
	{ TO, "-oQ/tmp@example.net", false },
	{ TO "List-Id: <x.example.net>\n", "bob@example.net", false },
	{ TO "list-unsubscribe: <https://x>\n", "bob@example.net", false },
	{ TO "Precedence: bulk\n", "bob@example.net", false },
	{ TO "Precedence: LIST\n", "bob@example.net", false },
	{ TO "Precedence: junk\n", "bob@example.net", false },
	{ TO "Auto-Submitted: auto-replied\n", "bob@example.net", false },
	{ TO "Auto-Submitted: auto-generated; x=y\n", "bob@example.net", false },
	{ TO "Auto-Submitted:\n", "bob@example.net", false },
	{ TO "X-Auto-Response-Suppress: All\n", "bob@example.net", false },
	{ TO "X-Intimail-Forwarded: carol@example.org\n", "bob@example.net", false },
};

START_TEST(due)
{
	const struct im_autoreply m = { .header = im_str(rows[_i].header),
		.sender = rows[_i].sender,
		.recipient = "ann@example.org",
		.original = "ann.other@example.org",
		.subject = "" };

	ck_assert_msg(im_autoreply_due(&m) == rows[_i].due, "%s%s", rows[_i].header, rows[_i].sender);
}
END_TEST

static bool
claims(struct fixture *f, const struct im_rules *r, const char *sender, int64_t now)
{
	bool first;

	ck_assert_msg(
	    im_autoreply_claim(&f->store, r, sender, now, &first, &f->err) == IM_OK, "%s", f->err.msg);
	return first;
}

START_TEST(once_in_a_period)
{
	struct im_rules r = { .vacation_days = 7 };
	struct fixture f;
	int64_t t = 1800000000;

	fixture_init(&f);
	ck_assert(claims(&f, &r, "bob@example.net", t));
	ck_assert(!claims(&f, &r, "BOB@example.net", t + 6 * 86400));
	ck_assert(claims(&f, &r, "carol@example.net", t));
	ck_assert(claims(&f, &r, "bob@example.net", t + 7 * 86400));
	r.vacation_from = t; /* another absence */
	ck_assert(claims(&f, &r, "bob@example.net", t + 7 * 86400));
	/* a clock that was set back, a file that is none: it is told again, and once */
	int fd = openat(f.store.fd, "intimail-vacation", O_WRONLY | O_TRUNC);
	ck_assert(write(fd, "\xff\n0123456789abcdef\n", 19) == 19);
	close(fd);
	ck_assert(claims(&f, &r, "bob@example.net", t));
	ck_assert(!claims(&f, &r, "bob@example.net", t));
	for (int i = 0; i < IM_AUTOREPLY_SENDERS + 50; i++) {
		char sender[40];

		ck_assert(im_fmt(sender, sizeof(sender), "s%d@example.net", i));
		ck_assert(claims(&f, &r, sender, t));
	}
	struct stat st;
	ck_assert(fstatat(f.store.fd, "intimail-vacation", &st, 0) == 0 && st.st_size < 40 * 1000);
	fixture_done(&f);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { due, IM_COUNT(rows), 0 }, { once_in_a_period, 0, 0 } };

	return unit_main("autoreply", tests, IM_COUNT(tests));
}
