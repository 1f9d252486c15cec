/*
 * check_trace.c - lines of the mail log, and the story that is made of them
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "mta/logline.h"
#include "mta/text.h"
#include "mta/trace.h"

#define P "Nov 24 10:00:00 mail postfix/"
#define Q "4jYgpp59X7z2CMcv"

static const struct {
	const char *line;
	enum im_log_kind kind;
	const char *id, *from, *to, *orig_to, *more;
} lines[] = {
	{ P "smtpd[12]: " Q ": client=mx.example.net[192.0.2.1]", IM_LOG_CLIENT, Q, "", "", "", "" },
	{ P "submit/smtpd[12]: " Q ": client=a[::1], sasl_method=PLAIN, sasl_username=ann", IM_LOG_CLIENT, Q,
	    "", "", "", "ann" },
	{ P "cleanup[1]: " Q ": message-id=<a@b>", IM_LOG_MESSAGE_ID, Q, "", "", "", "a@b" },
	{ P "qmgr[1]: " Q ": from=<a@b>, size=12, nrcpt=2 (queue active)", IM_LOG_FROM, Q, "a@b", "", "",
	    "" },
	{ P "qmgr[1]: " Q ": from=<\"x>, size=1\"@b>, size=12, nrcpt=2 (queue active)", IM_LOG_FROM, Q,
	    "\"x>, size=1\"@b", "", "", "" },
	{ P "qmgr[1]: " Q ": from=<a@b>, status=expired, returned to sender", IM_LOG_EXPIRED, Q, "a@b", "",
	    "", "" },
	{ P "qmgr[1]: " Q ": removed", IM_LOG_REMOVED, Q, "", "", "", "" },
	{ P "pipe[1]: " Q
	    ": to=<a@b>, relay=intimail, delay=0.1, delays=0/0/0/0.1, dsn=4.2.2, status=deferred (It is "
	    "(quite) full )",
	    IM_LOG_RESULT, Q, "", "a@b", "", "It is (quite) full" },
	{ P "pipe[1]: " Q
	    ": to=<a@b>, orig_to=<list@b>, relay=intimail, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, "
	    "status=sent (delivered)",
	    IM_LOG_RESULT, Q, "", "a@b", "list@b", "delivered" },
	{ P "smtp[1]: ABC1234567: to=<a@b>, relay=mx[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=5.1.1, "
	    "status=bounced "
	    "(host mx said: 550 no)",
	    IM_LOG_RESULT, "ABC1234567", "", "a@b", "", "host mx said: 550 no" },
	{ P "bounce[1]: " Q ": sender non-delivery notification: ABC1234567", IM_LOG_NOTICE, Q, "", "", "",
	    "ABC1234567" },
	{ P "smtpd[1]: NOQUEUE: reject: RCPT from a[1.2.3.4]: 550 5.1.1 <n@b>: User unknown; from=<s@c> "
	    "to=<n@b> "
	    "proto=ESMTP helo=<x>",
	    IM_LOG_REJECT, "NOQUEUE", "s@c", "n@b", "", "550 5.1.1 <n@b>: User unknown" },
	{ P "smtpd[1]: NOQUEUE: reject: MAIL from a[1.2.3.4]: 552 5.3.4 too big; from=<s@c> proto=ESMTP "
	    "helo=<x>",
	    IM_LOG_REJECT, "NOQUEUE", "s@c", "", "", "552 5.3.4 too big" },
	{ P "postsuper[1]: " Q ": placed on hold", IM_LOG_HELD, Q, "", "", "", "" },
	{ P "pickup[1]: " Q ": uid=0 from=<root>", IM_LOG_PICKUP, Q, "root", "", "", "" },
	{ P "pickup[1]: " Q ": uid=1 from=<a@b> orig_id=ABC1234567", IM_LOG_REQUEUED, Q, "a@b", "", "", "" },
	{ "2026-11-24T10:00:00Z intimail-deliver[7]: delivered user=ann mailbox=INBOX queue=" Q
	  " size=1 id=x from=<q> to=<e@b>@c> to=<a@b> orig_to=<o@b> ms=3",
	    IM_LOG_FILED, Q, "q> to=<e@b>@c", "a@b", "o@b", "" },
	{ "2026-11-24T10:00:00.123+01:00 mail intimail-deliver[7]: delivered before user=ann mailbox=A.B "
	  "queue=" Q " size=1 id=x from=<> to=<a@b> orig_to=<a@b> ms=3",
	    IM_LOG_FILED_BEFORE, Q, "", "a@b", "a@b", "" },
};

static void
eq(struct im_str s, const char *want)
{
	ck_assert_msg(im_str_is(s, want), "%.*s, wanted %s", (int)s.n, s.p ? s.p : "", want);
}

START_TEST(line)
{
	struct im_logline l;
	struct im_str id;

	ck_assert(im_logline_parse(im_str(lines[_i].line), &l));
	ck_assert_int_eq(l.kind, lines[_i].kind);
	eq(l.id, lines[_i].id);
	eq(l.from, lines[_i].from);
	eq(l.to, lines[_i].to);
	eq(l.orig_to, lines[_i].orig_to);
	eq(l.more, lines[_i].more);
	ck_assert_int_gt(im_logline_time(l.stamp, 1795600000), 1700000000);
	if (strcmp(lines[_i].id, "NOQUEUE") != 0) {
		ck_assert(im_logline_id(im_str(lines[_i].line), &id));
		eq(id, lines[_i].id);
	}
	/* cut anywhere, it is another line or none, and never read behind its end */
	for (size_t n = 0; n < strlen(lines[_i].line); n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, lines[_i].line, n);
		(void)im_logline_parse((struct im_str) { copy, n }, &l);
		(void)im_logline_id((struct im_str) { copy, n }, &id);
		free(copy);
	}
}
END_TEST

START_TEST(no_line)
{
	static const char *const none[] = { "", "x", "Nov 24 10:00:00", P "smtpd[1]: connect from a[1.2.3.4]",
		P "smtpd[1]: ../../x: client=a", P "qmgr[1]: " Q ": from=<a", P "unknown[1]: " Q ": removed",
		P "pipe[1]: " Q ": to=<a@b>, relay=x",
		"2026-11-24T10:00:00Z intimail-deliver[7]: delivered user=a" };
	struct im_logline l;

	for (size_t i = 0; i < IM_COUNT(none); i++)
		ck_assert_msg(!im_logline_parse(im_str(none[i]), &l), "%s", none[i]);
}
END_TEST

START_TEST(times)
{
	const int64_t now = 1795520418; /* 2026-11-24 11:40:18 UTC */

	setenv("TZ", "UTC", 1);
	ck_assert_int_eq(im_logline_time(IM_STR("Nov 24 11:40:17"), now), now - 1);
	ck_assert_int_eq(im_logline_time(IM_STR("Nov  4 11:40:18"), now), now - 20 * 86400);
	/* a day that is to come was last year */
	ck_assert_int_eq(im_logline_time(IM_STR("Dec 24 11:40:18"), now), now - 335 * 86400);
	ck_assert_int_eq(im_logline_time(IM_STR("2026-11-24T11:40:18Z"), now), now);
	ck_assert_int_eq(im_logline_time(IM_STR("2026-11-24T12:40:18.5+01:00"), now), now);
	ck_assert_int_eq(im_logline_time(IM_STR("2026-11-24T10:40:18-01:00"), now), now);
	ck_assert_int_eq(im_logline_time(IM_STR("Foo 24 11:40:18"), now), 0);
	ck_assert_int_eq(im_logline_time(IM_STR("Nov 2x 11:40:18"), now), 0);
	ck_assert_int_eq(im_logline_time(IM_STR(""), now), 0);
}
END_TEST

START_TEST(texts)
{
	struct im_arena a = { 0 };
	const char *args[3] = { "a%s%n", "b", "" };

	ck_assert_str_eq(im_mta_text(&a, IM_STR("a\x1b[31m\n\x7f"), 100), "a?[31m??");
	ck_assert_str_eq(im_mta_text(&a, IM_STR("\xc2\x9b"), 100), "?");
	ck_assert_str_eq(im_mta_text(&a, IM_STR("\xff"), 100), "\xef\xbf\xbd");
	ck_assert_str_eq(im_mta_text(&a, IM_STR("\xc3\xa9\xc3\xa9"), 3), "\xc3\xa9");
	ck_assert_str_eq(im_mta_text(&a, (struct im_str) { NULL, 0 }, 3), "");
	ck_assert_str_eq(im_trace_text(&a, "%s and %s, %s", args), "a%s%n and b, ");
	im_arena_done(&a);
}
END_TEST

START_TEST(finding)
{
	ck_assert_int_eq(im_logline_find(IM_STR("xxBoB@b"), IM_STR("bob@")), 2);
	ck_assert_int_eq(im_logline_find(IM_STR("bo"), IM_STR("bob")), -1);
	ck_assert_int_eq(im_logline_find(IM_STR("bob"), IM_STR("")), -1);
	ck_assert_int_eq(im_logline_find((struct im_str) { NULL, 0 }, IM_STR("b")), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("trace");
	TCase *t = tcase_create("trace");
	SRunner *r = srunner_create(s);

	tcase_add_loop_test(t, line, 0, (int)IM_COUNT(lines));
	tcase_add_test(t, no_line);
	tcase_add_test(t, times);
	tcase_add_test(t, texts);
	tcase_add_test(t, finding);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
