/*
 * check_conf.c - intimail.conf: defaults, every type of value, every kind of mistake
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/conf.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

#include "unit.h"

static enum im_status
load(const char *text, size_t n, struct im_conf *c, struct im_err *err)
{
	char path[] = "/tmp/check_conf.XXXXXX";
	int fd = mkstemp(path);
	enum im_status st;

	ck_assert_int_ge(fd, 0);
	ck_assert(im_write_full(fd, text, n));
	close(fd);
	st = im_conf_load(path, c, err);
	unlink(path);
	return st;
}

START_TEST(defaults)
{
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_msg(load("domain = Example.ORG", 20, &c, &err) == IM_OK, "%s", err.msg);
	ck_assert_str_eq(c.domain, "example.org");
	ck_assert_str_eq(c.hostname, "mail.example.org");
	ck_assert_str_eq(c.root, "/");
	ck_assert_str_eq(c.mail_root, "/var/mail/intimail");
	ck_assert_str_eq(c.libexec_dir, "/usr/libexec/intimail");
	ck_assert_str_eq(c.ldap_socket, "/run/intimail/ldapi");
	ck_assert_str_eq(c.ldap_base, "dc=example,dc=org");
	ck_assert_int_eq(c.ldap_timeout, 3);
	ck_assert_int_eq(c.https_port, 443);
	ck_assert_int_eq(c.over_quota, IM_OVER_QUOTA_DEFER);
	ck_assert_uint_eq(c.default_quota, UINT64_C(5) << 30);
	ck_assert_uint_eq(c.message_size_limit, 50 << 20);
	ck_assert_int_eq(c.session_idle, 7200);
	ck_assert_int_eq(c.session_lifetime, 43200);
	ck_assert(!c.sandbox_required);
	im_conf_done(&c);
	ck_assert_ptr_null(c.domain);
}
END_TEST

START_TEST(values)
{
	static const char text[] = "# a comment\r\n"
				   "\n"
				   "  root=/tmp/x y\n";
	static const char good[] = "# a comment\r\n"
				   "\t \n"
				   "domain\t=\texample.org\r\n"
				   "root = /tmp/x/\n"
				   "run_dir = /run/other\n"
				   "over_quota=refuse\n"
				   "default_quota = 2.5G\n"
				   "session_idle = 15m\n"
				   "session_lifetime = 30d\n"
				   "sandbox_required = yes\n"
				   "timezone = Europe/Paris\n"
				   "listen = ::1\n"
				   "ldap_base = ou=mail, dc=example,dc=org\n"
				   "page_size = 500";
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_int_eq(load(text, sizeof(text) - 1, &c, &err), IM_CONFIG);
	ck_assert_msg(load(good, sizeof(good) - 1, &c, &err) == IM_OK, "%s", err.msg);
	ck_assert_str_eq(c.root, "/tmp/x");
	ck_assert_str_eq(c.mail_root, "/tmp/x/var/mail/intimail");
	ck_assert_str_eq(c.ldap_socket, "/run/other/ldapi");
	ck_assert_int_eq(c.over_quota, IM_OVER_QUOTA_REFUSE);
	ck_assert_uint_eq(c.default_quota, 2684354560);
	ck_assert_int_eq(c.session_idle, 900);
	ck_assert_int_eq(c.session_lifetime, 2592000);
	ck_assert(c.sandbox_required);
	ck_assert_str_eq(c.timezone, "Europe/Paris");
	ck_assert_str_eq(c.listen, "::1");
	ck_assert_str_eq(c.ldap_base, "ou=mail, dc=example,dc=org");
	ck_assert_int_eq(c.page_size, 500);
	im_conf_done(&c);
}
END_TEST

#define OK "domain = a.example\n"
#define LONG                                                                                                 \
	"/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456" \
	"789012345678"
static const struct {
	const char *text, *says;
} mistakes[] = {
	{ "", "\"domain\" must be given" },
	{ "hostname = a\n", "\"domain\" must be given" },
	{ OK "\nnonsense\n", ":3: expected \"name = value\"" },
	{ OK "unknown = 1\n", ":2: unknown key \"unknown\"" },
	{ OK "Domain = b\n", ":2: unknown key \"Domain\"" },
	{ OK "= b\n", ":2: unknown key \"\"" },
	{ OK "domain = b\n", ":2: \"domain\" is given a second time" },
	{ "domain =\n", ":1: domain = : wanted is a domain name" },
	{ "domain = a..b\n", ":1: domain = a..b" },
	{ "domain = .a\n", ":1: domain" },
	{ "domain = a.\n", ":1: domain" },
	{ "domain = -a\n", ":1: domain" },
	{ "domain = a-.b\n", ":1: domain" },
	{ "domain = b.a-\n", ":1: domain" },
	{ "domain = a b\n", ":1: domain" },
	{ "domain = a_b\n", ":1: domain" },
	{ "domain = 0123456789012345678901234567890123456789012345678901234567890123.org\n", ":1: domain" },
	{ OK "root = relative\n", ":2: root = relative: wanted is a directory" },
	{ OK "root = /a/../b\n", ":2: root" },
	{ OK "root = /a/..\n", ":2: root" },
	{ OK "mail_root = /a\"b\n", ":2: mail_root" },
	{ OK "mail_root = /a$b\n", ":2: mail_root" },
	{ OK "ldap_socket = " LONG "\n", "107 bytes" },
	{ OK "root = " LONG "\n", "\"ldap_socket\": the default" },
	{ OK "smtp_port = 0\n", ":2: smtp_port = 0: wanted is a port from 1 to 65535" },
	{ OK "smtp_port = 65536\n", ":2: smtp_port" },
	{ OK "smtp_port = -1\n", ":2: smtp_port" },
	{ OK "smtp_port = 25x\n", ":2: smtp_port" },
	{ OK "page_size = 501\n", ":2: page_size" },
	{ OK "default_quota = lots\n", "such as 300M or 5G" },
	{ OK "message_size_limit = 1023\n", ":2: message_size_limit" },
	{ OK "over_quota = bounce\n", "defer | refuse" },
	{ OK "sandbox_required = maybe\n", "yes | no" },
	{ OK "session_idle = 59\n", ":2: session_idle" },
	{ OK "session_idle = h\n", ":2: session_idle" },
	{ OK "session_idle = 99999999999d\n", ":2: session_idle" },
	{ OK "mail_user = ro ot\n", ":2: mail_user" },
	{ OK "mail_user = -x\n", ":2: mail_user" },
	{ OK "listen = localhost\n", ":2: listen" },
	{ OK "language = ../fr\n", ":2: language" },
	{ OK "timezone = /etc/passwd\n", ":2: timezone" },
	{ OK "timezone = ../../etc/passwd\n", ":2: timezone" },
	{ OK "timezone = a\x01"
	     "b\n",
	    ":2: control character in \"timezone\"" },
	{ OK "timezone = \xff\n", ":2: timezone" },
};

START_TEST(mistake)
{
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_int_eq(load(mistakes[_i].text, strlen(mistakes[_i].text), &c, &err), IM_CONFIG);
	ck_assert_msg(strstr(err.msg, mistakes[_i].says) != NULL, "\"%s\" should say \"%s\"", err.msg,
	    mistakes[_i].says);
	ck_assert_ptr_null(c.domain);
}
END_TEST

START_TEST(nul_in_file)
{
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_int_eq(load("domain = a\0b\n", 13, &c, &err), IM_CONFIG);
	ck_assert_int_eq(load("domain = a\n\0\n", 13, &c, &err), IM_CONFIG);
	ck_assert_int_eq(load("domain\0 = a\n", 12, &c, &err), IM_CONFIG);
}
END_TEST

START_TEST(no_file)
{
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_int_eq(im_conf_load("/nonexistent/intimail.conf", &c, &err), IM_CONFIG);
	ck_assert_ptr_nonnull(strstr(err.msg, "/nonexistent/intimail.conf: No such file"));
	ck_assert_int_eq(im_conf_load("/tmp", &c, &err), IM_CONFIG);
	ck_assert_int_eq(im_conf_load("/dev/zero", &c, &err), IM_CONFIG);
}
END_TEST

START_TEST(too_large)
{
	char *text = malloc(IM_CONF_MAX_BYTES + 1);
	struct im_err err = { 0 };
	struct im_conf c;

	ck_assert_ptr_nonnull(text);
	memset(text, '\n', IM_CONF_MAX_BYTES + 1);
	memcpy(text, "domain=a", 8);
	ck_assert_int_eq(load(text, IM_CONF_MAX_BYTES + 1, &c, &err), IM_CONFIG);
	ck_assert_int_eq(load(text, IM_CONF_MAX_BYTES, &c, &err), IM_OK);
	im_conf_done(&c);
	free(text);
}
END_TEST

/* what im_conf_get prints can be read again and is the same: every key has a text, and nothing is lost on the way */
START_TEST(round_trip)
{
	size_t n;
	const struct im_conf_key *keys = im_conf_keys(&n);
	struct im_err err = { 0 };
	struct im_buf text, a, b;
	struct im_conf c, d;

	ck_assert_int_eq(load(OK, sizeof(OK) - 1, &c, &err), IM_OK);
	im_buf_init(&text, 100000);
	im_buf_init(&a, 10000);
	im_buf_init(&b, 10000);
	for (size_t i = 0; i < n; i++) {
		ck_assert(keys[i].help[0] && keys[i].type[0]);
		im_buf_addf(&text, "%s = ", keys[i].name);
		ck_assert(im_conf_get(&c, keys[i].name, &text));
		im_buf_addc(&text, '\n');
	}
	ck_assert_msg(load(text.p, text.n, &d, &err) == IM_OK, "%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		im_buf_clear(&a);
		im_buf_clear(&b);
		ck_assert(im_conf_get(&c, keys[i].name, &a) && im_conf_get(&d, keys[i].name, &b));
		ck_assert_str_eq(a.p, b.p);
	}
	ck_assert(!im_conf_get(&c, "nothing", &a));
	im_conf_done(&c);
	im_conf_done(&d);
	im_buf_done(&text);
	im_buf_done(&a);
	im_buf_done(&b);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { defaults }, { values }, { mistake, IM_COUNT(mistakes) },
		{ nul_in_file }, { no_file }, { too_large }, { round_trip } };

	return unit_main("conf", tests, IM_COUNT(tests));
}
