/*
 * check_dirlite.c - BER, the LDAP messages of a look-up, and the connection with a server that misbehaves
 *
 * SPDX-License-Identifier: ISC
 */
#include <check.h>
#include <ldap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "directory/ber.h"
#include "directory/dirlite.h"
#include "directory/ldapmsg.h"
#include "ldap_answers.h"

/* bytes on the heap in their exact size, so that a sanitizer sees an overread */
static struct im_str
exact(const void *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, p, n);
	return (struct im_str) { copy, n };
}

static void
drop(struct im_str s)
{
	free((void *)(uintptr_t)s.p);
}

#define BYTES(...) ((const uint8_t[]) { __VA_ARGS__ }), sizeof((const uint8_t[]) { __VA_ARGS__ })

static const struct {
	const uint8_t *p;
	size_t n;
	long want;
} frames[] = {
	{ BYTES(0x30), 0 }, { BYTES(0x30, 0x00), 2 }, { BYTES(0x30, 0x05, 1, 2), 7 },
	{ BYTES(0x30, 0x81), 0 }, { BYTES(0x30, 0x81, 0x80), 131 }, { BYTES(0x30, 0x84, 0, 0, 0, 3), 9 },
	{ BYTES(0x30, 0x82, 0x0f, 0xfc), 4096 },
	{ BYTES(0x30, 0x82, 0x0f, 0xfd), -1 }, /* one byte over the limit */
	{ BYTES(0x30, 0x84, 0xff, 0xff, 0xff, 0xff), -1 },
	{ BYTES(0x30, 0x85, 0, 0, 0, 0, 1), -1 }, /* five bytes of length */
	{ BYTES(0x30, 0x80), -1 },                /* indefinite */
	{ BYTES(0x3f, 0x01), -1 },                /* a tag of several bytes */
};

START_TEST(ber_frame)
{
	struct im_str s = exact(frames[_i].p, frames[_i].n);

	ck_assert_int_eq(im_ber_frame(s.p, s.n, 4096), frames[_i].want);
	drop(s);
}
END_TEST

START_TEST(ber_elements)
{
	static const uint8_t in[] = { 0x04, 0x02, 'h', 'i', 0x0a, 0x01, 0x31, 0x02, 0x02, 0x01, 0x00, 0x04,
		0x03, 'x' };
	struct im_str s = exact(in, sizeof(in)), rest = s, v;
	uint32_t n;

	ck_assert(!im_ber_expect(&rest, IM_BER_SEQUENCE, &v)); /* nothing is taken then */
	ck_assert(im_ber_expect(&rest, IM_BER_OCTETS, &v) && im_str_is(v, "hi"));
	ck_assert(im_ber_number(&rest, IM_BER_ENUM, &n) && n == 49);
	ck_assert(im_ber_number(&rest, IM_BER_INTEGER, &n) && n == 256);
	ck_assert(!im_ber_expect(&rest, IM_BER_OCTETS, &v)); /* longer than what is left */
	ck_assert_uint_eq(rest.n, 3);
	drop(s);
}
END_TEST

static const struct {
	const uint8_t *p;
	size_t n;
} bad_numbers[] = {
	{ BYTES(0x02, 0x00) },
	{ BYTES(0x02, 0x01, 0xff) }, /* negative */
	{ BYTES(0x02, 0x05, 0, 0, 0, 0, 1) },
	{ BYTES(0x04, 0x01, 1) },
	{ BYTES(0x02) },
};

START_TEST(ber_bad_number)
{
	struct im_str s = exact(bad_numbers[_i].p, bad_numbers[_i].n), rest = s;
	uint32_t n;

	ck_assert(!im_ber_number(&rest, IM_BER_INTEGER, &n));
	drop(s);
}
END_TEST

START_TEST(ber_writer)
{
	static const uint32_t numbers[] = { 0, 1, 127, 128, 255, 256, 32767, 32768, 0x7fffffff };

	for (size_t i = 0; i < IM_COUNT(numbers); i++) {
		uint8_t b[32];
		struct im_ber_out o = { .p = b, .cap = sizeof(b) };
		im_ber_put_number(&o, IM_BER_INTEGER, numbers[i]);
		struct im_str s = { (const char *)b, o.n };
		uint32_t n;
		ck_assert(!o.full && im_ber_number(&s, IM_BER_INTEGER, &n) && n == numbers[i] && s.n == 0);
	}
	for (size_t cap = 0; cap < 70; cap++) { /* whatever the room is: whole or refused, never beyond it */
		uint8_t *b = malloc(cap + 1);
		struct im_ber_out o = { .p = b, .cap = cap };
		im_ldap_put_bind(&o);
		im_ldap_put_search(&o, "dc=example,dc=org", "a@example.org", 3);
		ck_assert(o.full && o.n <= cap);
		free(b);
	}
}
END_TEST

/* liblber must read what is written here: two implementations agree */
START_TEST(requests_are_ldap)
{
	uint8_t b[1024];
	struct im_ber_out o = { .p = b, .cap = sizeof(b) };
	ber_int_t id, version, scope, deref, size, time, types;
	ber_tag_t tag;
	ber_len_t len;
	struct berval dn, mech, cred, attr;
	char *last;

	im_ldap_put_bind(&o);
	ck_assert(!o.full);
	struct berval in = { o.n, (char *)b };
	BerElement *ber = ber_init(&in);
	tag = ber_scanf(ber, "{it{im", &id, &tag, &version, &dn);
	ck_assert(tag != LBER_ERROR && id == IM_LDAP_ID_BIND && version == 3 && dn.bv_len == 0);
	tag = ber_scanf(ber, "{mm}", &mech, &cred);
	ck_assert(tag != LBER_ERROR && mech.bv_len == 8 && memcmp(mech.bv_val, "EXTERNAL", 8) == 0 &&
		  cred.bv_len == 0);
	ber_free(ber, 1);

	o.n = 0;
	im_ldap_put_search(&o, "dc=example,dc=org", "a*)(b@example.org", 3);
	in = (struct berval) { o.n, (char *)b };
	ber = ber_init(&in);
	tag = ber_scanf(ber, "{it{meeiib", &id, &tag, &dn, &scope, &deref, &size, &time, &types);
	ck_assert(tag != LBER_ERROR && id == IM_LDAP_ID_SEARCH && scope == 1 && deref == 0 && size == 2 &&
		  time == 3);
	ck_assert_int_eq((int)dn.bv_len, (int)strlen("ou=people,dc=example,dc=org"));
	ck_assert(memcmp(dn.bv_val, "ou=people,dc=example,dc=org", dn.bv_len) == 0);
	tag = ber_peek_tag(ber, &len);
	ck_assert_int_eq((int)tag, LDAP_FILTER_AND);
	ck_assert(ber_scanf(ber, "{{mm}{mm}}", &attr, &mech, &dn, &cred) != LBER_ERROR);
	ck_assert(cred.bv_len == 17 && memcmp(cred.bv_val, "a*)(b@example.org", 17) == 0);
	int n = 0;
	for (tag = ber_first_element(ber, &len, &last); tag != LBER_DEFAULT && n < 10; n++) {
		ck_assert(ber_scanf(ber, "m", &attr) != LBER_ERROR);
		tag = ber_next_element(ber, &len, last);
	}
	ck_assert_int_eq(n, 5);
	ber_free(ber, 1);
}
END_TEST

/* one message through the parser, from the heap */
static enum im_status
feed(const struct reply *r, struct im_ldap_found *f, bool *done, struct im_err *err)
{
	struct im_str s = exact(r->b, r->o.n);
	enum im_status st = im_ldap_search_answer(s, f, done, err);

	drop(s);
	return st;
}

static const struct {
	const char *a[20];
	enum im_status want;
	uint64_t quota;
	int64_t expires;
} entries[] = {
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "5000" }, IM_OK, 5000, 0 },
	{ { "UID", "ann", "MailEnabled", "TRUE" }, IM_OK, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "FALSE", "mailExpire", "20270101000000Z" }, IM_OK, 0, 1798761600 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "description", "a", "description", "b" }, IM_OK, 0, 0 },
	{ { "mailEnabled", "TRUE" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "uid", "bob", "mailEnabled", "TRUE" }, IM_TEMP, 0, 0 },
	{ { "uid", "", "mailEnabled", "TRUE" }, IM_TEMP, 0, 0 },
	{ { "uid", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "mailEnabled",
	      "TRUE" },
	    IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "true" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "-5" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "5G" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "99999999999999999999" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "1", "mailQuota", "2" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailExpire", "20270101" }, IM_TEMP, 0, 0 },
	{ { "uid", "ann", "mailEnabled", "TRUE", "mailExpire", "2027010100000xZ" }, IM_TEMP, 0, 0 },
};

START_TEST(entry_read)
{
	struct reply r = { 0 };
	struct im_ldap_found f = { 0 };
	struct im_err err = { 0 };
	bool done = true;

	entry(&r, entries[_i].a);
	ck_assert_int_eq(feed(&r, &f, &done, &err), entries[_i].want);
	if (entries[_i].want != IM_OK)
		return;
	ck_assert(!done);
	ck_assert_str_eq(f.user.uid, "ann");
	ck_assert_uint_eq(f.user.quota, entries[_i].quota);
	ck_assert_int_eq(f.user.expires, entries[_i].expires);
	ck_assert_int_eq(feed(&r, &f, &done, &err), IM_TEMP); /* a second person */
}
END_TEST

START_TEST(search_results)
{
	static const uint32_t codes[] = { 1, 2, 3, 4, 10, 11, 14, 32, 49, 50, 51, 52, 53, 80, 118 };
	struct im_err err = { 0 };
	bool done;

	for (size_t i = 0; i < IM_COUNT(codes); i++)
		for (int entries_before = 0; entries_before < 2; entries_before++) {
			struct reply r = { 0 };
			struct im_ldap_found f = { .entries = entries_before };
			result(&r, IM_LDAP_ID_SEARCH, 0x65, codes[i]);
			ck_assert_int_eq(feed(&r, &f, &done, &err), IM_TEMP); /* a partial result is none */
			ck_assert_int_eq(err.dsn[0], '4');
		}
	struct reply none = { 0 }, other = { 0 }, reference = { 0 }, bye = { 0 };
	struct im_ldap_found f = { 0 };
	result(&none, IM_LDAP_ID_SEARCH, 0x65, 0);
	ck_assert_int_eq(feed(&none, &f, &done, &err), IM_NOTFOUND);
	result(&other, 7, 0x65, 0); /* the answer to another question */
	ck_assert_int_eq(feed(&other, &f, &done, &err), IM_TEMP);
	result(&bye, 0, 0x78, 52);
	ck_assert_int_eq(feed(&bye, &f, &done, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "going down"));
	begin(&reference, IM_LDAP_ID_SEARCH, 0x73);
	im_ber_put(&reference.o, IM_BER_OCTETS, IM_STR("ldap://elsewhere/"));
	end(&reference);
	ck_assert_int_eq(feed(&reference, &f, &done, &err), IM_TEMP);
}
END_TEST

/* every prefix and every flipped bit of a good answer: never a crash, and never somebody else than ann */
START_TEST(damaged_answers)
{
	static const char *const a[] = { "uid", "ann", "mailEnabled", "TRUE", "mailQuota", "5000", NULL };
	struct reply r = { 0 };
	struct im_err err = { 0 };
	bool done;

	entry(&r, a);
	for (size_t n = 0; n < r.o.n; n++) {
		struct im_ldap_found f = { 0 };
		struct im_str s = exact(r.b, n);
		ck_assert_int_eq(im_ldap_search_answer(s, &f, &done, &err), IM_TEMP);
		drop(s);
	}
	for (size_t bit = 0; bit < 8 * r.o.n; bit++) {
		struct im_ldap_found f = { 0 };
		struct im_str s = exact(r.b, r.o.n);
		((char *)(uintptr_t)s.p)[bit / 8] ^= (char)(1 << bit % 8);
		if (im_ldap_search_answer(s, &f, &done, &err) == IM_OK)
			ck_assert_uint_gt(strlen(f.user.uid), 0);
		drop(s);
	}
}
END_TEST

/* ---- servers that misbehave ---- */

enum behaviour { REFUSE, HANG, HANG_AFTER_BIND, CLOSE, CLOSE_AFTER_BIND, GARBAGE, DRIP, HUGE_LENGTH, PIECES };

static void
send_slowly(int fd, const struct reply *r, useconds_t pause)
{
	for (size_t i = 0; i < r->o.n; i++) {
		if (write(fd, r->b + i, 1) != 1)
			_exit(0);
		(void)usleep(pause);
	}
}

static void
serve(int listener, enum behaviour how)
{
	static const char *const a[] = { "uid", "ann", "mailEnabled", "TRUE", NULL };
	struct reply bound = { 0 }, person = { 0 }, done = { 0 };
	char in[2048];
	int fd = accept(listener, NULL, NULL);

	(void)alarm(20);
	result(&bound, IM_LDAP_ID_BIND, 0x61, 0);
	entry(&person, a);
	result(&done, IM_LDAP_ID_SEARCH, 0x65, 0);
	if (how == CLOSE)
		_exit(0);
	if (read(fd, in, sizeof(in)) <= 0 || how == HANG)
		(void)pause();
	if (how == GARBAGE)
		(void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	if (how == HUGE_LENGTH)
		(void)!write(fd, "\x30\x84\x7f\xff\xff\xff", 6);
	if (how == DRIP)
		send_slowly(fd, &bound, 400 * 1000);
	send_slowly(fd, &bound, 0);
	if (how == CLOSE_AFTER_BIND)
		_exit(0);
	if (read(fd, in, sizeof(in)) <= 0 || how == HANG_AFTER_BIND)
		(void)pause();
	send_slowly(fd, &person, 100);
	send_slowly(fd, &done, 100);
	_exit(0);
}

static const struct {
	enum behaviour how;
	enum im_status want;
	int least_ms, most_ms;
} servers[] = {
	{ REFUSE, IM_TEMP, 0, 500 }, { HANG, IM_TEMP, 900, 2500 }, { HANG_AFTER_BIND, IM_TEMP, 900, 2500 },
	{ CLOSE, IM_TEMP, 0, 500 }, { CLOSE_AFTER_BIND, IM_TEMP, 0, 500 }, { GARBAGE, IM_TEMP, 0, 500 },
	{ DRIP, IM_TEMP, 900, 2500 }, { HUGE_LENGTH, IM_TEMP, 0, 500 },
	{ PIECES, IM_OK, 0, 2500 }, /* slow, but in time: byte by byte */
};

START_TEST(bad_servers)
{
	char dir[] = "/tmp/im-dirlite-XXXXXX", path[64];
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert(im_fmt(path, sizeof(path), "%s/ldapi", dir));
	ck_assert(im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s", path));
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(listener, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	if (servers[_i].how != REFUSE)
		ck_assert_int_eq(listen(listener, 1), 0);
	pid_t child = servers[_i].how == REFUSE ? 0 : fork();
	if (child == 0 && servers[_i].how != REFUSE)
		serve(listener, servers[_i].how);

	struct im_conf conf = { .ldap_socket = path, .ldap_base = "dc=example,dc=org", .ldap_timeout = 1 };
	struct im_mailuser u;
	struct im_err err = { 0 };
	int64_t begin_ms = im_monotonic_ms();
	enum im_status st = im_dirlite_user(&conf, "ann@example.org", &u, &err);
	int64_t took = im_monotonic_ms() - begin_ms;
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	(void)close(listener);
	(void)unlink(path);
	(void)rmdir(dir);
	ck_assert_int_eq(st, servers[_i].want);
	ck_assert_int_ge(took, servers[_i].least_ms);
	ck_assert_int_le(took, servers[_i].most_ms);
	if (st != IM_OK)
		ck_assert_str_eq(err.dsn, "4.4.3");
}
END_TEST

START_TEST(bad_configuration)
{
	struct im_conf conf = { .ldap_socket = "/nonexistent/ldapi", .ldap_base = "dc=x", .ldap_timeout = 1 };
	struct im_mailuser u;
	struct im_err err = { 0 };
	char longer[200];

	ck_assert_int_eq(im_dirlite_user(&conf, "a@x", &u, &err), IM_TEMP);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/ldapi: No such file"));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	conf.ldap_socket = longer;
	ck_assert_int_eq(im_dirlite_user(&conf, "a@x", &u, &err), IM_CONFIG);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("dirlite");
	TCase *t = tcase_create("messages"), *net = tcase_create("servers");

	tcase_add_loop_test(t, ber_frame, 0, (int)IM_COUNT(frames));
	tcase_add_test(t, ber_elements);
	tcase_add_loop_test(t, ber_bad_number, 0, (int)IM_COUNT(bad_numbers));
	tcase_add_test(t, ber_writer);
	tcase_add_test(t, requests_are_ldap);
	tcase_add_loop_test(t, entry_read, 0, (int)IM_COUNT(entries));
	tcase_add_test(t, search_results);
	tcase_add_test(t, damaged_answers);
	suite_add_tcase(s, t);
	tcase_set_timeout(net, 15);
	tcase_add_loop_test(net, bad_servers, 0, (int)IM_COUNT(servers));
	tcase_add_test(net, bad_configuration);
	suite_add_tcase(s, net);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
