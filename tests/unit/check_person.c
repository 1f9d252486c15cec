/*
 * check_person.c - the forms of names, addresses and passwords; signing in (with a directory given in IM_TEST_CONF)
 *
 * tests/system/test_user.py runs this program with IM_TEST_CONF: a directory with ann ("correct horse battery"),
 * dan (the same, disabled), eve (the same, ended), bob (no password).
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "directory/dir.h"

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *s;
	enum im_status want;
} uids[] = {
	{ "ann", IM_OK },
	{ "a", IM_OK },
	{ "7of9", IM_OK },
	{ "ann.b_c-d", IM_OK },
	{ X64, IM_OK },
	{ "", IM_INVALID },
	{ X64 "x", IM_INVALID },
	{ ".ann", IM_INVALID },
	{ "-ann", IM_INVALID },
	{ "a..b", IM_INVALID },
	{ "ann.", IM_INVALID },
	{ "Ann", IM_INVALID },
	{ "a/b", IM_INVALID },
	{ "a,ou=x", IM_INVALID },
	{ "a b", IM_INVALID },
	{ "a\n", IM_INVALID },
	{ "\xc3\xa9", IM_INVALID },
};

START_TEST(uid_form)
{
	struct im_err err = { 0 };

	ck_assert_int_eq(im_person_uid_ok(uids[_i].s, &err), uids[_i].want);
	ck_assert((err.msg[0] != '\0') == (uids[_i].want != IM_OK));
}
END_TEST

static const struct {
	const char *s, *want; /* NULL: refused */
} addresses[] = {
	{ "ann@example.org", "ann@example.org" },
	{ "Ann.Smith@EXAMPLE.org", "ann.smith@example.org" },
	{ X64 "@example.org", X64 "@example.org" },
	{ X64 "x@example.org", NULL },
	{ "ann", NULL },
	{ "@example.org", NULL },
	{ "ann@", NULL },
	{ "ann@example.com", NULL },
	{ "ann@sub.example.org", NULL },
	{ "a@b@example.org", NULL },
	{ ".ann@example.org", NULL },
	{ "ann.@example.org", NULL },
	{ "a..b@example.org", NULL },
	{ "a+b@example.org", NULL },
	{ "a b@example.org", NULL },
	{ "\"a\"@example.org", NULL },
	{ "a\r@example.org", NULL },
	{ "\xc3\xa9@example.org", NULL },
};

START_TEST(address_form)
{
	struct im_conf conf = { .domain = "example.org" };
	struct im_arena a = { 0 };
	struct im_err err = { 0 };
	const char *got = NULL;
	enum im_status st = im_person_address_ok(&conf, addresses[_i].s, &a, &got, &err);

	ck_assert_int_eq(st, addresses[_i].want ? IM_OK : IM_INVALID);
	if (addresses[_i].want)
		ck_assert_str_eq(got, addresses[_i].want);
	im_arena_done(&a);
}
END_TEST

static const struct {
	const char *s;
	enum im_status want;
} passwords[] = {
	{ "correct horse", IM_OK }, { "1234567890", IM_OK }, { "123456789", IM_INVALID },
	{ "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", IM_INVALID }, /* ten bytes, five characters */
	{ "", IM_INVALID }, { "bartholomew", IM_INVALID }, { "BARTHOLOMEW", IM_INVALID },
	{ "bartholomew2", IM_OK }, { "zzzzzzzzzzzz", IM_INVALID },
	{ X64 "y" X64 X64 X64, IM_INVALID }, /* 257 bytes */
};

START_TEST(password_form)
{
	struct im_err err = { 0 };

	ck_assert_int_eq(im_password_ok("bartholomew", passwords[_i].s, &err), passwords[_i].want);
}
END_TEST

#define GOOD "correct horse battery"

static const struct {
	const char *login, *password;
	enum im_status want;
} sign_ins[] = {
	{ "ann", GOOD, IM_OK },
	{ "ANN", GOOD, IM_OK },
	{ "ann@example.test", GOOD, IM_OK },
	{ "Ann.Smith@Example.Test", GOOD, IM_OK },
	{ "ann", GOOD " ", IM_DENIED },
	{ "ann", "", IM_DENIED },
	{ "", GOOD, IM_DENIED },
	{ "a*", GOOD, IM_DENIED },
	{ "ann)(uid=ann", GOOD, IM_DENIED },
	{ "uid=ann,ou=people,dc=example,dc=test", GOOD, IM_DENIED },
	{ "ann@elsewhere.test", GOOD, IM_DENIED },
	{ "nobody", GOOD, IM_DENIED },
	{ "decoy", GOOD, IM_DENIED },
	{ "admins", GOOD, IM_DENIED },
	{ "postmaster@example.test", GOOD, IM_DENIED },
	{ "dan", GOOD, IM_DENIED }, /* disabled */
	{ "eve", GOOD, IM_DENIED }, /* ended */
	{ "bob", GOOD, IM_DENIED }, /* has no password */
	{ X64 X64 X64 X64, GOOD, IM_DENIED },
};

START_TEST(sign_in)
{
	struct im_conf conf;
	struct im_arena a = { 0 };
	struct im_err err = { 0 };
	const char *uid = NULL;

	if (getenv("IM_TEST_CONF") == NULL)
		return;
	ck_assert_int_eq(im_conf_load(getenv("IM_TEST_CONF"), &conf, &err), IM_OK);
	enum im_status st =
	    im_person_authenticate(&conf, sign_ins[_i].login, sign_ins[_i].password, &a, &uid, &err);
	ck_assert_msg(st == sign_ins[_i].want, "%s: %d %s", sign_ins[_i].login, (int)st, err.msg);
	if (st == IM_OK)
		ck_assert_str_eq(uid, "ann");
	else /* one text for all of them */
		ck_assert_str_eq(err.msg, "wrong user name or password");
	im_arena_done(&a);
	im_conf_done(&conf);
}
END_TEST

START_TEST(directory_down)
{
	struct im_conf conf = { .ldap_socket = "/nonexistent/ldapi", .ldap_base = "dc=x", .ldap_timeout = 1 };
	struct im_arena a = { 0 };
	struct im_err err = { 0 };
	const char *uid = NULL;

	ck_assert_int_eq(im_person_authenticate(&conf, "ann", GOOD, &a, &uid, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/ldapi"));
	im_arena_done(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("person");
	TCase *t = tcase_create("forms"), *net = tcase_create("sign in");

	tcase_add_loop_test(t, uid_form, 0, (int)IM_COUNT(uids));
	tcase_add_loop_test(t, address_form, 0, (int)IM_COUNT(addresses));
	tcase_add_loop_test(t, password_form, 0, (int)IM_COUNT(passwords));
	suite_add_tcase(s, t);
	tcase_set_timeout(net, 20);
	tcase_add_loop_test(net, sign_in, 0, (int)IM_COUNT(sign_ins));
	tcase_add_test(net, directory_down);
	suite_add_tcase(s, net);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
