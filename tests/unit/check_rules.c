/*
 * check_rules.c - a person's rules: the file, what may be in it, what it says of a message; and the alias log
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/aliaslog.h"
#include "mail/rules_check.h"
#include "mailbox_fixture.h"

static const struct im_conf conf = { .domain = "example.org" };

static void
parse_ok(const char *text, struct im_arena *a, struct im_rules *r)
{
	struct im_err err = { 0 };

	ck_assert_msg(im_rules_parse(im_str(text), a, r, &err) == IM_OK, "%s", err.msg);
}

#define HEAD "intimail-rules 1\n"

START_TEST(reads_and_writes)
{
	static const char text[] =
	    HEAD "rule\tfrom\tfolder\tstop\tShop\tShopping\n"
		 "rule\tsubject\tforward\tgo-on\ttab \\t here\\\\\tann@example.net\n"
		 "forward\tkeep\tother@example.net\n"
		 "vacation\ton\t100\t200\t3\nvacation-subject\tAway\n"
		 "vacation-text\tI am away.\\n\\n\tAnn\nsignature\tAnn\\nexample.org\n";
	struct im_arena a = { 0 };
	struct im_rules r;
	struct im_err err = { 0 };

	/* a tab inside a part must be escaped; one broken line breaks the file */
	ck_assert_int_eq(im_rules_parse(im_str(text), &a, &r, &err), IM_INVALID);
	ck_assert_ptr_nonnull(strstr(err.msg, "line 7"));

	static const char good[] =
	    HEAD "rule\tfrom\tfolder\tstop\tShop\tShopping\n"
		 "rule\tsubject\tforward\tgo-on\tback\\\\slash\tann@example.net\n"
		 "forward\tkeep\tother@example.net\n"
		 "vacation\ton\t100\t200\t3\nvacation-subject\tAway\n"
		 "vacation-text\tI am away.\\n\\n\\tAnn\nsignature\tAnn\\nexample.org\n";
	struct im_buf b;
	im_buf_init(&b, IM_RULES_FILE_MAX);
	parse_ok(good, &a, &r);
	ck_assert_int_eq(r.nrules, 2);
	ck_assert(r.rules[0].stop && r.rules[0].action == IM_DO_FOLDER && r.forward_keep && r.vacation);
	ck_assert_str_eq(r.rules[1].contains, "back\\slash");
	ck_assert_str_eq(r.vacation_text, "I am away.\n\n\tAnn");
	im_rules_print(&r, &b);
	ck_assert_str_eq(b.p, good);
	im_buf_done(&b);
	im_arena_done(&a);
}
END_TEST

static const char *const broken[] = {
	"",
	"intimail-rules 2\n",
	HEAD "nonsense\n",
	HEAD "rule\tfrom\tfolder\tstop\tx\n",
	HEAD "rule\tbody\tfolder\tstop\tx\ty\n",
	HEAD "rule\tfrom\texec\tstop\tx\ty\n",
	HEAD "rule\tfrom\tfolder\tstop\tx\t../y\n",
	HEAD "rule\tfrom\tforward\tstop\tx\t-oQ@example.net\n",
	HEAD "rule\tfrom\tforward\tstop\tx\ta@b.c,d@e.f\n",
	HEAD "rule\tfrom\tflag\tstop\t\t\n",
	HEAD "rule\tfrom\tflag\tstop\tx\\q\t\n",
	HEAD "rule\tfrom\tflag\tstop\t\xff\t\n",
	HEAD "rule\tfrom\tflag\tstop\tcut",
	HEAD "forward\tkeep\tnobody\n",
	HEAD "vacation\ton\t0\t0\t7\n",
	HEAD "vacation\toff\t200\t100\t7\n",
	HEAD "vacation\toff\t0\t0\t0\n",
	HEAD "\n",
};

START_TEST(refuses)
{
	struct im_arena a = { 0 };
	struct im_rules r = { .nrules = 77 };
	struct im_err err = { 0 };

	ck_assert_int_eq(im_rules_parse(im_str(broken[_i]), &a, &r, &err), IM_INVALID);
	ck_assert_int_eq(r.nrules, 77);
	ck_assert_str_ne(err.msg, "");
	im_arena_done(&a);
}
END_TEST

START_TEST(saves_what_did_not_change)
{
	struct fixture f;
	struct im_arena a = { 0 };
	struct im_rules one, two;

	fixture_init(&f);
	ck_assert_int_eq(im_rules_load(&f.store, &a, &one, &f.err), IM_OK);
	ck_assert_str_eq(one.version, "");
	two = one;
	one.signature = "Ann";
	ck_assert_msg(im_rules_save(&f.store, &conf, &one, &f.err) == IM_OK, "%s", f.err.msg);
	/* somebody who read before that must not undo it */
	ck_assert_int_eq(im_rules_save(&f.store, &conf, &two, &f.err), IM_CONFLICT);
	ck_assert_int_eq(im_rules_load(&f.store, &a, &two, &f.err), IM_OK);
	ck_assert_str_eq(two.signature, "Ann");
	two.forward = "ANN@example.org";
	ck_assert_int_eq(im_rules_save(&f.store, &conf, &two, &f.err), IM_INVALID);
	ck_assert_ptr_nonnull(strstr(f.err.msg, "circle"));
	two.forward = "bob@example.org";
	ck_assert_int_eq(im_rules_save(&f.store, &conf, &two, &f.err), IM_OK);
	im_arena_done(&a);
	fixture_done(&f);
}
END_TEST

static const struct im_rule_message message = { .from = "Sh\xc3\xb6p <news@shop.example>",
	.to = "ann@example.org",
	.cc = "Bob <bob@example.net>",
	.subject = "YOUR \xd0\x9f\xd0\xa0\xd0\x98 order",
	.list_id = "<offers.shop.example>" };

START_TEST(judges)
{
	struct im_arena a = { 0 };
	struct im_verdict v;
	struct im_rules r;

	parse_ok(HEAD "rule\tfrom\tfolder\tgo-on\tSH\xc3\x96P\tShopping\n"
		      "rule\tto\tflag\tgo-on\tBOB@\t\n"
		      "rule\tsubject\tread\tgo-on\t\xd0\xbf\xd1\x80\xd0\xb8\t\n"
		      "rule\tlist\tforward\tstop\toffers\tx@example.net\n"
		      "rule\tfrom\tdelete\tgo-on\tshop\t\n",
	    &a, &r);
	im_rules_judge(&r, &message, 1000, &v);
	ck_assert_str_eq(v.folder, "Shopping");
	ck_assert(v.flag && v.read && v.keep && !v.drop && !v.vacation && v.nforward == 1);
	/* across two fields nothing is found */
	parse_ok(HEAD "rule\tto\tdelete\tstop\torgbob\t\n", &a, &r);
	im_rules_judge(&r, &message, 1000, &v);
	ck_assert(!v.drop && v.keep && v.folder == NULL);
	im_arena_done(&a);
}
END_TEST

START_TEST(forwards_and_vacation)
{
	struct im_arena a = { 0 };
	struct im_verdict v;
	struct im_rules r;

	parse_ok(
	    HEAD "forward\tonly\tx@example.net\nvacation\ton\t100\t200\t7\nvacation-text\taway\n", &a, &r);
	im_rules_judge(&r, &message, 100, &v);
	ck_assert(!v.keep && v.nforward == 1 && v.vacation);
	im_rules_judge(&r, &message, 99, &v);
	ck_assert(!v.vacation);
	im_rules_judge(&r, &message, 200, &v);
	ck_assert(!v.vacation);
	/* what is thrown away is neither forwarded nor answered */
	parse_ok(HEAD "rule\tfrom\tdelete\tstop\tshop\t\nforward\tonly\tx@example.net\n"
		      "vacation\ton\t0\t0\t7\nvacation-text\taway\n",
	    &a, &r);
	im_rules_judge(&r, &message, 100, &v);
	ck_assert(v.drop && v.keep && v.nforward == 0 && !v.vacation);
	/* the fifth address has no room: then it is kept here, too */
	parse_ok(HEAD "rule\tfrom\tforward\tgo-on\tshop\ta@example.net\n"
		      "rule\tfrom\tforward\tgo-on\tshop\tb@example.net\n"
		      "rule\tfrom\tforward\tgo-on\tshop\tA@example.net\n"
		      "rule\tfrom\tforward\tgo-on\tshop\tc@example.net\n"
		      "rule\tfrom\tforward\tgo-on\tshop\td@example.net\n"
		      "forward\tonly\tx@example.net\n",
	    &a, &r);
	im_rules_judge(&r, &message, 100, &v);
	ck_assert(v.nforward == 4 && v.keep);
	im_arena_done(&a);
}
END_TEST

/* --- the alias log --- */

START_TEST(alias_log)
{
	static const char address[] = "shop.abcde@example.org";
	struct fixture f;
	struct im_arena a = { 0 };
	struct im_aliaslog_line *l;
	uint64_t count;
	int n;

	fixture_init(&f);
	const struct im_conf c = { .mail_root = f.root };
	ck_assert_int_eq(im_aliaslog_count(&c, "ann", address, &count, &f.err), IM_OK);
	ck_assert_uint_eq(count, 0);
	for (int i = 0; i < 1000; i++) {
		char sender[64];

		ck_assert(im_fmt(sender, sizeof(sender), "s%d\n@example.net", i));
		ck_assert_msg(
		    im_aliaslog_add(&f.store, address, sender, 5000 + i, &f.err) == IM_OK, "%s", f.err.msg);
		ck_assert_int_eq(im_aliaslog_count(&c, "ann", address, &count, &f.err), IM_OK);
		ck_assert_uint_eq(count, (uint64_t)i + 1);
	}
	ck_assert_int_eq(im_aliaslog_add(&f.store, address, "", 7000, &f.err), IM_OK);
	ck_assert_int_eq(im_aliaslog_read(&c, "ann", address, &a, &l, &n, &count, &f.err), IM_OK);
	ck_assert_uint_eq(count, 1001);
	ck_assert_int_eq(n, IM_ALIASLOG_LINES);
	ck_assert_str_eq(l[n - 1].sender, "");
	ck_assert_str_eq(l[n - 2].sender, "s999?@example.net");
	ck_assert_int_eq(l[n - 2].when, 5999);
	im_arena_done(&a);
	fixture_done(&f);
}
END_TEST

START_TEST(alias_log_of_a_crash)
{
	struct fixture f;
	uint64_t count;

	fixture_init(&f);
	const struct im_conf c = { .mail_root = f.root };
	ck_assert_int_eq(im_aliaslog_add(&f.store, "a.abcde@example.org", "x@y.z", 1, &f.err), IM_OK);
	int dir = openat(f.store.fd, "intimail-aliases", O_RDONLY | O_DIRECTORY);
	int fd = openat(dir, "a.abcde@example.org", O_WRONLY | O_APPEND);
	ck_assert(write(fd, "17 <hal", 7) == 7);
	close(fd);
	close(dir);
	ck_assert_int_eq(im_aliaslog_count(&c, "ann", "a.abcde@example.org", &count, &f.err), IM_OK);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(im_aliaslog_add(&f.store, "a.abcde@example.org", "x@y.z", 1, &f.err), IM_OK);
	ck_assert_int_eq(im_aliaslog_count(&c, "ann", "a.abcde@example.org", &count, &f.err), IM_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(im_aliaslog_add(&f.store, "../../x@y", "x@y.z", 1, &f.err), IM_INVALID);
	ck_assert_int_eq(im_aliaslog_count(&c, "../ann", "a@y", &count, &f.err), IM_INVALID);
	fixture_done(&f);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ reads_and_writes, 0, 0 },
		{ refuses, IM_COUNT(broken), 0 },
		{ saves_what_did_not_change, 0, 0 },
		{ judges, 0, 0 },
		{ forwards_and_vacation, 0, 0 },
		{ alias_log, 0, 0 },
		{ alias_log_of_a_crash, 0, 0 },
	};

	return unit_main("rules", tests, IM_COUNT(tests));
}
