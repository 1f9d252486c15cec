/*
 * check_person.c - the forms of names, addresses and passwords; signing in (with a directory given in IM_TEST_CONF)
 *
 * tests/system/test_user.py runs this program with IM_TEST_CONF: a directory with ann ("correct horse battery"),
 * dan (the same, disabled), eve (the same, ended), bob (no password).
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* ---- people, in a real slapd of our own (tests/system/slapd.py) ---- */

static struct {
	pid_t pid;
	int keep; /* while it is open the server runs */
	char config[256];
} slapd;

static void
start_slapd(void)
{
	int in[2], out[2];
	size_t n = 0;

	if (geteuid() != 0 || access("/usr/sbin/slapd", X_OK) != 0 ||
	    access("tests/system/slapd.py", R_OK) != 0 || pipe2(in, O_CLOEXEC) != 0 ||
	    pipe2(out, O_CLOEXEC) != 0)
		return;
	slapd.pid = fork();
	if (slapd.pid == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)execl("/usr/bin/python3", "python3", "tests/system/slapd.py", (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	slapd.keep = in[1];
	while (
	    n < sizeof(slapd.config) - 1 && read(out[0], slapd.config + n, 1) == 1 && slapd.config[n] != '\n')
		n++;
	slapd.config[n] = '\0';
	(void)close(out[0]);
}

static void
stop_slapd(void)
{
	if (slapd.pid <= 0)
		return;
	(void)close(slapd.keep);
	(void)waitpid(slapd.pid, NULL, 0);
}

/* an open directory; false where no server can be started here */
struct bound {
	struct im_conf conf;
	struct im_dir *dir;
	struct im_arena arena;
	struct im_err err;
};

static bool
bind_directory(struct bound *b)
{
	*b = (struct bound) { 0 };
	if (slapd.config[0] == '\0')
		return false;
	ck_assert_int_eq(im_conf_load(slapd.config, &b->conf, &b->err), IM_OK);
	ck_assert_msg(im_dir_open(&b->conf, &b->dir, &b->err) == IM_OK, "%s", b->err.msg);
	return true;
}

static void
release(struct bound *b)
{
	im_dir_close(b->dir);
	im_arena_done(&b->arena);
	im_conf_done(&b->conf);
}

static void
add(struct bound *b, const char *uid, bool admin, const char *extra, const char *password,
    enum im_status want)
{
	struct im_person p = {
		.uid = uid, .name = "Ann Example", .enabled = true, .admin = admin, .quota = 4096
	};

	p.addresses = &extra;
	p.naddresses = extra ? 1 : 0;
	enum im_status st = im_person_add(b->dir, &p, password, &b->err);
	ck_assert_msg(st == want, "%s: %d %s", uid, (int)st, b->err.msg);
}

START_TEST(life_of_people)
{
	struct bound b;
	struct im_person p, *all;
	const char *uid = NULL, *more[] = { "Robert@example.test", NULL },
		   *less[] = { "bob@example.test", NULL };
	int n;

	if (!bind_directory(&b))
		return;
	ck_assert_int_eq(im_person_list(b.dir, &b.arena, &all, &n, &b.err), IM_OK);
	ck_assert_int_eq(n, 0);
	add(&b, "zoe", false, NULL, NULL, IM_OK);
	add(&b, "ann", true, "ann.example@example.test", GOOD, IM_OK);
	add(&b, "bob", false, NULL, GOOD, IM_OK);
	add(&b, "bob", false, NULL, GOOD, IM_CONFLICT);
	add(&b, "eve", false, "bob@example.test", GOOD, IM_CONFLICT);
	ck_assert_ptr_nonnull(strstr(b.err.msg, "taken by bob"));
	add(&b, "eve", false, "abuse@example.test", GOOD, IM_CONFLICT);
	add(&b, "eve", false, NULL, "short", IM_INVALID);
	ck_assert_int_eq(im_person_get(b.dir, "eve", &b.arena, &p, &b.err), IM_NOTFOUND);
	ck_assert_int_eq(im_person_list(b.dir, &b.arena, &all, &n, &b.err), IM_OK);
	ck_assert(n == 3 && strcmp(all[0].uid, "ann") == 0 && strcmp(all[2].uid, "zoe") == 0);
	ck_assert(all[0].admin && !all[1].admin && all[0].naddresses == 2 && all[0].quota == 4096);

	struct im_person_change c = { .name = "Robert B. Goode",
		.language = "fr",
		.add_addresses = more,
		.primary = "robert@example.test",
		.remove_addresses = less,
		.set_quota = true,
		.set_admin = true,
		.admin = true };
	ck_assert_msg(im_person_set(b.dir, "bob", &c, &b.err) == IM_OK, "%s", b.err.msg);
	ck_assert_int_eq(im_person_get(b.dir, "bob", &b.arena, &p, &b.err), IM_OK);
	ck_assert_str_eq(p.mail, "robert@example.test");
	ck_assert(p.naddresses == 1 && p.quota == 0 && p.admin && p.enabled && strcmp(p.language, "fr") == 0);
	ck_assert_int_eq(
	    im_person_set(b.dir, "bob", &(struct im_person_change) { .add_addresses = less }, &b.err), IM_OK);

	ck_assert_int_eq(im_person_passwd(b.dir, "bob", "another good one", &b.err), IM_OK);
	ck_assert_int_eq(im_person_passwd(b.dir, "bob", "bad", &b.err), IM_INVALID);
	ck_assert_int_eq(im_person_passwd(b.dir, "eve", "another good one", &b.err), IM_NOTFOUND);
	ck_assert_int_eq(im_person_authenticate(&b.conf, "bob", GOOD, &b.arena, &uid, &b.err), IM_DENIED);
	ck_assert_int_eq(im_person_authenticate(
			     &b.conf, "Robert@example.test", "another good one", &b.arena, &uid, &b.err),
	    IM_OK);
	ck_assert_str_eq(uid, "bob");
	ck_assert_int_eq(im_person_authenticate(&b.conf, "zoe", GOOD, &b.arena, &uid, &b.err), IM_DENIED);

	struct im_person_change off = { .set_enabled = true };
	ck_assert_int_eq(im_person_set(b.dir, "ann", &off, &b.err), IM_OK); /* bob is one too */
	ck_assert_int_eq(im_person_authenticate(&b.conf, "ann", GOOD, &b.arena, &uid, &b.err), IM_DENIED);
	ck_assert_int_eq(im_person_delete(b.dir, "ann", &b.err), IM_OK);
	ck_assert_int_eq(im_person_delete(b.dir, "ann", &b.err), IM_NOTFOUND);
	ck_assert_int_eq(im_person_delete(b.dir, "bob", &b.err), IM_CONFLICT);
	ck_assert_int_eq(im_person_delete(b.dir, "zoe", &b.err), IM_OK);
	add(&b, "ann", false, NULL, GOOD, IM_OK);
	ck_assert_int_eq(im_person_get(b.dir, "ann", &b.arena, &p, &b.err), IM_OK);
	ck_assert(!p.admin); /* nothing is left of the one before */
	ck_assert_int_eq(im_person_delete(b.dir, "ann", &b.err), IM_OK);
	release(&b);
}
END_TEST

static const struct {
	struct im_person_change c;
	enum im_status want;
	const char *words;
} bad_changes[] = {
	{ { .name = "" }, IM_INVALID, "name" },
	{ { .name = "a\nb" }, IM_INVALID, "control" },
	{ { .name = "\xff" }, IM_INVALID, "UTF-8" },
	{ { .language = "francais, je crois" }, IM_INVALID, "language" },
	{ { .primary = "x@elsewhere.test" }, IM_INVALID, "only" },
	{ { .add_addresses = (const char *[]) { "postmaster@example.test", NULL } }, IM_CONFLICT,
	    "taken by admins" },
	{ { .remove_addresses = (const char *[]) { "max@example.test", NULL } }, IM_CONFLICT, "primary" },
	{ { .remove_addresses = (const char *[]) { "m@example.test", NULL } }, IM_NOTFOUND, "does not have" },
};

START_TEST(changes_that_are_refused)
{
	struct bound b;

	if (!bind_directory(&b))
		return;
	add(&b, "max", false, NULL, NULL, IM_OK);
	ck_assert_int_eq(im_person_set(b.dir, "max", &bad_changes[_i].c, &b.err), bad_changes[_i].want);
	ck_assert_msg(strstr(b.err.msg, bad_changes[_i].words) != NULL, "%s", b.err.msg);
	ck_assert_int_eq(im_person_set(b.dir, "m*", &bad_changes[_i].c, &b.err), IM_NOTFOUND);
	ck_assert_int_eq(im_person_delete(b.dir, "max", &b.err), IM_OK);
	release(&b);
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
	TCase *t = tcase_create("forms"), *net = tcase_create("sign in"), *dir = tcase_create("directory");

	tcase_add_loop_test(t, uid_form, 0, (int)IM_COUNT(uids));
	tcase_add_loop_test(t, address_form, 0, (int)IM_COUNT(addresses));
	tcase_add_loop_test(t, password_form, 0, (int)IM_COUNT(passwords));
	suite_add_tcase(s, t);
	tcase_set_timeout(net, 20);
	tcase_add_loop_test(net, sign_in, 0, (int)IM_COUNT(sign_ins));
	tcase_add_test(net, directory_down);
	suite_add_tcase(s, net);
	tcase_set_timeout(dir, 60);
	tcase_add_unchecked_fixture(dir, start_slapd, stop_slapd);
	tcase_add_test(dir, life_of_people);
	tcase_add_loop_test(dir, changes_that_are_refused, 0, (int)IM_COUNT(bad_changes));
	suite_add_tcase(s, dir);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
