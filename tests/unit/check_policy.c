/*
 * check_policy.c - the policy protocol, what people sent, who may write to a list, and entries as recipients
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "directory/ldaprecipient.h"
#include "ldap_answers.h"
#include "policy/admit.h"
#include "policy/protocol.h"
#include "policy/sent.h"
#include "unit.h"

/* ---- the protocol ---- */

static bool
feed(struct im_policy_parser *p, const char *text)
{
	bool whole;

	ck_assert_uint_eq(im_policy_feed(p, text, strlen(text), &whole), strlen(text));
	return whole;
}

START_TEST(a_request)
{
	static struct im_policy_parser p;

	im_policy_begin(&p);
	ck_assert(!feed(&p, "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\nsend"));
	ck_assert(feed(&p, "er=Ann@Example.ORG\nrecipient=\nsize=12\nrecipient_count=3\nserver_port=587\n"
			   "sasl_username=bob\nnew_in_postfix_9=a=b\n\n"));
	ck_assert(p.request.known && p.request.state == IM_POLICY_END && p.request.size == 12 &&
		  p.request.recipients == 3 && p.request.port == 587);
	ck_assert_str_eq(p.request.sender, "ann@example.org");
	ck_assert_str_eq(p.request.login, "bob");
	/* nothing of it stays for the next one */
	ck_assert(feed(&p, "protocol_state=RCPT\n\n"));
	ck_assert(!p.request.known && p.request.state == IM_POLICY_RCPT && p.request.sender[0] == '\0');
}
END_TEST

START_TEST(replies)
{
	static const struct {
		enum im_status st;
		const char *dsn, *want;
	} cases[] = {
		{ IM_OK, "", "action=DUNNO\n\n" },
		{ IM_NOTFOUND, "5.1.1", "action=550 5.1.1 a?b\n\n" },
		{ IM_DENIED, "5.7.1", "action=550 5.7.1 a?b\n\n" },
		{ IM_DENIED, "4.7.1", "action=450 4.7.1 a?b\n\n" },
		{ IM_QUOTA, "4.2.2", "action=452 4.2.2 a?b\n\n" },
		{ IM_QUOTA, "5.2.2", "action=552 5.2.2 a?b\n\n" },
	};
	char got[IM_POLICY_REPLY_MAX];

	for (size_t i = 0; i < IM_COUNT(cases); i++) {
		struct im_err err = { .msg = "a\nb" };
		memcpy(err.dsn, cases[i].dsn, strlen(cases[i].dsn) + 1);
		ck_assert_uint_eq(im_policy_reply(cases[i].st, &err, got), strlen(cases[i].want));
		ck_assert_str_eq(got, cases[i].want);
	}
	/* whatever else it is: later, and no word of why */
	for (enum im_status st = IM_USAGE; st < IM_NSTATUS; st++) {
		struct im_err err = { .dsn = "5.3.5", .msg = "secret" };
		if (st == IM_NOTFOUND || st == IM_DENIED || st == IM_QUOTA)
			continue;
		(void)im_policy_reply(st, &err, got);
		ck_assert(strncmp(got, "action=451 4.3.0 ", 17) == 0 && !strstr(got, "secret"));
	}
}
END_TEST

/* ---- what people sent ---- */

START_TEST(a_day_passes)
{
	struct im_sent *s = im_sent_new();
	const int64_t begin = 1800000000;

	for (int hour = 0; hour < 30; hour++)
		im_sent_add(s, "ann", 1, 100, begin + hour * 3600);
	struct im_sent_total t = im_sent_total(s, "ann", begin + 29 * 3600);
	ck_assert_uint_eq(t.recipients, 24);
	ck_assert_uint_eq(t.bytes, 2400);
	ck_assert_uint_eq(im_sent_total(s, "ann", begin + 40 * 3600).recipients, 13);
	ck_assert_uint_eq(im_sent_total(s, "ann", begin + 60 * 3600).recipients, 0);
	ck_assert_uint_eq(im_sent_total(s, "bob", begin).recipients, 0);
	im_sent_free(s);
}
END_TEST

START_TEST(saved_and_loaded)
{
	struct im_sent *s = im_sent_new(), *again = im_sent_new();
	char dir[] = "/tmp/im-sent-XXXXXX", uid[16];
	const int64_t now = 1800000000;
	struct im_err err;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	int fd = open(dir, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(im_sent_load(again, fd, "sent", now, &err), IM_OK); /* no file yet */
	for (int i = 0; i < 300; i++) {
		snprintf(uid, sizeof uid, "p%d", i * 7919 % 300);
		im_sent_add(s, uid, (uint64_t)i + 1, 10, now - i * 60);
	}
	ck_assert(im_sent_changed(s));
	ck_assert_int_eq(im_sent_save(s, fd, "sent", now, &err), IM_OK);
	ck_assert(!im_sent_changed(s));
	ck_assert_int_eq(im_sent_load(again, fd, "sent", now, &err), IM_OK);
	for (int i = 0; i < 300; i++) {
		snprintf(uid, sizeof uid, "p%d", i);
		ck_assert_uint_gt(im_sent_total(s, uid, now).recipients, 0);
		ck_assert_uint_eq(
		    im_sent_total(s, uid, now).recipients, im_sent_total(again, uid, now).recipients);
	}
	ck_assert_int_eq(
	    im_sent_parse(again,
		IM_STR("ann 500000 1 1\n../x 1 1 1\nbob 1\n\nann 500000 -1 2\nann 500000 1 1 1\n"), now),
	    5);
	ck_assert_uint_eq(im_sent_total(again, "ann", now).recipients, 1);
	unlinkat(fd, "sent", 0);
	close(fd);
	rmdir(dir);
	im_sent_free(s);
	im_sent_free(again);
}
END_TEST

START_TEST(people_without_end)
{
	struct im_sent *s = im_sent_new();
	const int64_t now = 1800000000;
	char uid[16];

	for (int i = 0; i < IM_SENT_PEOPLE + 10; i++) {
		snprintf(uid, sizeof uid, "p%d", i);
		im_sent_add(s, uid, 1, 1, now);
	}
	ck_assert_uint_eq(im_sent_total(s, "p0", now).recipients, 1);
	/* those whose day is over make room */
	im_sent_add(s, "later", 1, 1, now + 25 * 3600);
	ck_assert_uint_eq(im_sent_total(s, "later", now + 25 * 3600).recipients, 1);
	im_sent_free(s);
}
END_TEST

/* ---- rules ---- */

START_TEST(posting)
{
	const char *members[] = { "ann", "inner", NULL }, *outside[] = { "x@elsewhere.test", NULL },
		   *owners[] = { "bob", NULL };
	struct im_recipient l = {
		.kind = IM_TO_LIST, .members = members, .outside = outside, .owners = owners
	};

	l.post = IM_POST_ALL;
	ck_assert(im_admit_post(&l, "", ""));
	l.post = IM_POST_MEMBERS;
	ck_assert(im_admit_post(&l, "a@example.org", "ann") && im_admit_post(&l, "b@example.org", "bob"));
	ck_assert(im_admit_post(&l, "x@elsewhere.test", ""));
	ck_assert(!im_admit_post(&l, "", "") && !im_admit_post(&l, "y@elsewhere.test", "") &&
		  !im_admit_post(&l, "", "carl"));
	l.post = IM_POST_OWNERS;
	ck_assert(im_admit_post(&l, "b@example.org", "bob") && !im_admit_post(&l, "a@example.org", "ann"));
	ck_assert(!im_admit_post(&l, "x@elsewhere.test", ""));
	l.is_admins = true;
	ck_assert(im_admit_post(&l, "", ""));
}
END_TEST

START_TEST(accounts)
{
	ck_assert(im_admit_account(true, 0, 100) && im_admit_account(true, 101, 100));
	ck_assert(!im_admit_account(true, 100, 100) && !im_admit_account(false, 0, 100));
}
END_TEST

/* ---- entries ---- */

static enum im_status
read_entry(const char *const *attributes, struct im_arena *a, struct im_recipient *ret, struct im_err *err)
{
	struct reply r = { 0 };
	struct im_str list = { 0 };
	bool done;

	entry(&r, attributes);
	enum im_status st = im_ldap_answer(
	    (struct im_str) { (const char *)r.b, r.o.n }, IM_LDAP_ID_SEARCH, &done, &list, err);
	ck_assert(st == IM_OK && !done);
	return im_ldap_recipient(list, "dc=example,dc=org", a, ret, err);
}

START_TEST(entries)
{
	static const char *const list[] = { "memberUid", "ann", "memberUid", "bob", "cn", "team",
		"mailEnabled", "TRUE", "mail", "team@example.org", "objectClass", "posixGroup", "objectClass",
		"intimailList", "owner", "uid=ann,ou=people,dc=example,dc=org", "owner",
		"cn=x,ou=services,dc=example,dc=org", "mailListPost", "members", NULL };
	static const char *const alias[] = { "objectClass", "intimailAlias", "mailAlias",
		"s.aaaaa@example.org", "mailEnabled", "FALSE", "owner",
		"uid=../ann,ou=people,dc=example,dc=org", "mailLimit", "3", NULL };
	struct im_arena a = { 0 };
	struct im_recipient r;
	struct im_err err = { 0 };

	ck_assert_int_eq(read_entry(list, &a, &r, &err), IM_OK);
	ck_assert(r.kind == IM_TO_LIST && r.post == IM_POST_MEMBERS && r.enabled && !r.is_admins);
	ck_assert_str_eq(r.name, "team");
	ck_assert_str_eq(r.members[1], "bob");
	ck_assert_str_eq(r.owners[0], "ann");
	ck_assert(!r.owners[1] && !r.members[2] && !r.outside[0]);
	ck_assert_int_eq(read_entry(alias, &a, &r, &err), IM_OK);
	ck_assert(r.kind == IM_TO_ALIAS && !r.enabled && r.limit == 3 && r.owner[0] == '\0');
	im_arena_done(&a);
}
END_TEST

#define PERSON "objectClass", "intimailUser", "uid", "ann", "mail", "a@example.org", "mailEnabled", "TRUE"
static const char *const bad_entries[][24] = {
	{ "uid", "ann", "mail", "a@example.org", "mailEnabled", "TRUE" },
	{ "objectClass", "intimailUser", "mail", "a@example.org", "mailEnabled", "TRUE" },
	{ "objectClass", "intimailUser", "uid", "ann", "mailEnabled", "TRUE" },
	{ "objectClass", "intimailUser", "uid", "ann", "mail", "a@example.org" },
	{ PERSON, "objectClass", "intimailList" },
	{ PERSON, "mailQuota", "1k" },
	{ PERSON, "mailQuota", "5", "mailQuota", "6" },
	{ PERSON, "mailExpire", "tomorrow" },
	{ PERSON, "mailSendLimit", "-1" },
	{ PERSON, "memberUid", "a\nb" },
	{ "objectClass", "intimailUser", "uid", "../x", "mail", "a@example.org", "mailEnabled", "TRUE" },
	{ "objectClass", "intimailUser", "uid", "ann", "mail", "a@example.org", "mailEnabled", "yes" },
	{ "objectClass", "intimailList", "cn", "a", "cn", "b", "mail", "a@example.org", "mailEnabled",
	    "TRUE" },
};

START_TEST(bad_entry)
{
	struct im_arena a = { 0 };
	struct im_recipient r;
	struct im_err err = { 0 };

	ck_assert_int_eq(read_entry(bad_entries[_i], &a, &r, &err), IM_TEMP);
	ck_assert_str_ne(err.msg, "");
	im_arena_done(&a);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ a_request, 0, 0 },
		{ replies, 0, 0 },
		{ a_day_passes, 0, 0 },
		{ saved_and_loaded, 0, 0 },
		{ people_without_end, 0, 0 },
		{ posting, 0, 0 },
		{ accounts, 0, 0 },
		{ entries, 0, 0 },
		{ bad_entry, IM_COUNT(bad_entries), 0 },
	};

	return unit_main("policy", tests, IM_COUNT(tests));
}
