/*
 * check_setup.c - configuration templates, the names in them, files brought to a state, probes
 *
 * SPDX-License-Identifier: ISC
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "setup/private.h"
#include "setup/probe.h"
#include "setup/put.h"
#include "setup/render.h"
#include "setup/vars.h"

#include "unit.h"

/* --- render --- */

static bool
lookup(void *arg, const char *name, struct im_buf *ret)
{
	(void)arg;
	if (strcmp(name, "domain") == 0)
		im_buf_adds(ret, "example.org");
	else if (strcmp(name, "a_1") == 0)
		im_buf_adds(ret, "one");
	else if (strcmp(name, "empty") == 0)
		;
	else if (strcmp(name, "at") == 0)
		im_buf_adds(ret, "@domain@");
	else if (strcmp(name, "lines") == 0)
		im_buf_adds(ret, "x\nroot = /");
	else if (strcmp(name, "nul") == 0)
		im_buf_add(ret, "x\0y", 3);
	else
		return false;
	return true;
}

static const struct {
	const char *text, *want; /* want: the result, or the beginning of the message */
	enum im_status st;
} texts[] = {
	{ "", "", IM_OK },
	{ "no name\n", "no name\n", IM_OK },
	{ "@domain@", "example.org", IM_OK },
	{ "x@domain@y@a_1@z", "xexample.orgyonez", IM_OK },
	{ "%s@@domain@", "%s@example.org", IM_OK },
	{ "@domain@@domain@", "example.orgexample.org", IM_OK },
	{ "@@", "@@", IM_OK },
	{ "@", "@", IM_OK },
	{ "@domain", "@domain", IM_OK },
	{ "domain@", "domain@", IM_OK },
	{ "a@b.c d@e", "a@b.c d@e", IM_OK },
	{ "@Domain@", "@Domain@", IM_OK },
	{ "@domain @domain@", "@domain example.org", IM_OK },
	{ "[@empty@]", "[]", IM_OK },
	/* a value is not rendered again */
	{ "@at@", "@domain@", IM_OK },
	{ "a\nb\n@nope@", "f:3: @nope@", IM_CONFIG },
	{ "@lines@", "f:1: the value of lines", IM_CONFIG },
	{ "\n@nul@", "f:2: the value of nul", IM_CONFIG },
	{ "@xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx@", "f:1: a name longer", IM_CONFIG },
};

START_TEST(render)
{
	size_t n = strlen(texts[_i].text);
	char *text = unit_exact(texts[_i].text, n);
	struct im_err err = { 0 };
	struct im_buf out;

	im_buf_init(&out, 1000);
	ck_assert_int_eq(im_render("f", (struct im_str) { text, n }, lookup, NULL, &out, &err), texts[_i].st);
	if (texts[_i].st == IM_OK)
		ck_assert_str_eq(out.p, texts[_i].want);
	else
		ck_assert(strncmp(err.msg, texts[_i].want, strlen(texts[_i].want)) == 0);
	im_buf_done(&out);
	free(text);
}
END_TEST

START_TEST(render_limit)
{
	struct im_err err = { 0 };
	struct im_buf out;

	im_buf_init(&out, 20);
	ck_assert_int_eq(im_render("f", IM_STR("@domain@@domain@"), lookup, NULL, &out, &err), IM_CONFIG);
	im_buf_done(&out);
}
END_TEST

/* --- names --- */

static const struct {
	const char *name, *private_value, *system_value;
} names[] = {
	{ "domain", "example.org", "example.org" },
	{ "dc", "example", "example" },
	{ "mail_uid", "11", "11" },
	{ "web_uid", "12", "12" },
	{ "auth_uid", "13", "13" },
	{ "pages_uid", "15", "15" },
	{ "postfix_uid", "14", "14" },
	{ "maillog_file", "/srv/p/var/log/intimail/mail.log", "" },
	{ "default_transport", "error:5.3.2 a private server sends no mail to other domains", "smtp" },
	{ "ldap_url", "ldapi://%2Fsrv%2Fp%2Frun%2Fintimail%2Fldapi", "ldapi://%2Frun%2Fintimail%2Fldapi" },
	{ "tls_key", "/srv/p/etc/intimail/tls/key.pem", "/etc/intimail/tls/key.pem" },
	{ "http_plain", "^/", "^/\\.well-known/acme-challenge/" },
	{ "message_size_limit", "52428800", "52428800" },
	{ "host_pattern",
	    "^(mail\\.example\\.org|example\\.org|localhost|[0-9.]+|\\[[0-9a-f:.]+\\])(:[0-9]+)?$",
	    "^(mail\\.example\\.org|example\\.org)(:[0-9]+)?$" },
	{ "listen_host", "127.0.0.1", "127.0.0.1" },
};

static void
load_conf(const char *root, struct im_conf *c)
{
	char path[] = "/tmp/check_setup.XXXXXX";
	int fd = mkstemp(path);
	struct im_err err = { 0 };

	ck_assert(fd >= 0);
	ck_assert(dprintf(fd, "domain = example.org\nroot = %s\n", root) > 0);
	close(fd);
	ck_assert_msg(im_conf_load(path, c, &err) == IM_OK, "%s", err.msg);
	unlink(path);
}

START_TEST(values)
{
	struct im_ids ids = { .uid = { 0, 11, 12, 13, 15, 14 } };
	struct im_conf c;
	struct im_vars v = { &c, &ids };
	struct im_buf b;

	for (int system = 0; system < 2; system++) {
		load_conf(system ? "/" : "/srv/p", &c);
		ck_assert_int_eq(im_conf_private(&c), !system);
		im_buf_init(&b, 1000);
		ck_assert(im_vars_lookup(&v, names[_i].name, &b));
		ck_assert_str_eq(b.p, system ? names[_i].system_value : names[_i].private_value);
		ck_assert(!im_vars_lookup(&v, "nope", &b));
		im_buf_done(&b);
		im_conf_done(&c);
	}
}
END_TEST

static const struct {
	const char *root;
	bool fits;
} roots[] = {
	{ "/var/tmp/intimail.Ab-3_x", true },
	{ "/var/tmp/a b", false },
	{ "/var/tmp/a$b", false },
	{ "/var/tmp/a\"b", false },
	{ "/var/tmp/a\nb", false },
	{ "/var/tmp/\xc3\xa9", false },
	/* 88 + 19 characters fit into sun_path with its NUL, 89 do not */
	{ "/8888888888888888888888888888888888888888888888888888888888888888888888888888888888888888",
	    false },
	{ "/888888888888888888888888888888888888888888888888888888888888888888888888888888888888888", true },
};

START_TEST(root_names)
{
	struct im_err err = { 0 };

	ck_assert_int_eq(im_place_name(roots[_i].root, &err) == IM_OK, roots[_i].fits);
}
END_TEST

/* --- files --- */

static struct im_owner
own(mode_t mode)
{
	return (struct im_owner) { mode, geteuid(), getegid() };
}

START_TEST(put)
{
	char dir[] = "/tmp/check_setup.XXXXXX", file[64], sub[64], other[64];
	struct im_put p = { 0 };
	struct im_err err = { 0 };
	struct stat st;

	ck_assert(mkdtemp(dir) != NULL);
	ck_assert(im_fmt(file, sizeof(file), "%s/f", dir) && im_fmt(sub, sizeof(sub), "%s/sub", dir));
	ck_assert(im_fmt(other, sizeof(other), "%s/other", dir));
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("one"), own(0640), &err), IM_OK);
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("one"), own(0640), &err), IM_OK);
	ck_assert_uint_eq(p.changes, 1);
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("two"), own(0640), &err), IM_OK);
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("two"), own(06755), &err), IM_OK);
	ck_assert_uint_eq(p.changes, 3);
	ck_assert(stat(file, &st) == 0 && (st.st_mode & 07777) == 06755 && st.st_size == 3);
	/* a second name of the file would see the next change: it is replaced */
	ck_assert(link(file, other) == 0);
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("two"), own(06755), &err), IM_OK);
	ck_assert(p.changes == 4 && stat(file, &st) == 0 && st.st_nlink == 1);
	/* a link is replaced, not followed */
	ck_assert(unlink(file) == 0 && symlink(other, file) == 0);
	ck_assert_int_eq(im_put_file(&p, file, IM_STR("three"), own(0644), &err), IM_OK);
	ck_assert(lstat(file, &st) == 0 && S_ISREG(st.st_mode) && stat(other, &st) == 0 && st.st_size == 3);
	ck_assert_int_eq(im_put_dir(&p, sub, own(02770), &err), IM_OK);
	ck_assert_int_eq(im_put_dir(&p, sub, own(02770), &err), IM_OK);
	ck_assert_uint_eq(p.changes, 6);
	ck_assert_int_eq(im_put_dir(&p, file, own(0755), &err), IM_CONFIG);
	ck_assert_int_eq(im_put_copy(&p, "/nonexistent/x", file, own(0755), &err), IM_NOTFOUND);
	ck_assert_int_eq(im_put_tree(&p, dir, sub, "version", own(0644), &err), IM_OK);
	ck_assert(im_fmt(file, sizeof(file), "%s/version", sub) && stat(file, &st) == 0 && st.st_size == 17);
	unlink(file);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(im_fmt(file, sizeof(file), "%s/%s", i ? dir : sub, "f") && unlink(file) == 0);
		ck_assert(im_fmt(file, sizeof(file), "%s/%s", i ? dir : sub, "other") && unlink(file) == 0);
	}
	ck_assert(rmdir(sub) == 0 && rmdir(dir) == 0);
}
END_TEST

/* --- probes --- */

static void *
answer(void *arg)
{
	int fd = accept(*(int *)arg, NULL, NULL);

	(void)!write(fd, "220 here\r\n", 10);
	close(fd);
	return NULL;
}

START_TEST(probes)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct im_probe p = { "127.0.0.1", 0, "hello", 5, _i == 0 ? "220 " : "250 " };
	pthread_t t;

	ck_assert(bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 1) == 0);
	ck_assert(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	p.port = ntohs(a.sin_port);
	ck_assert(pthread_create(&t, NULL, answer, &fd) == 0);
	ck_assert_int_eq(im_probe(&p), _i == 0);
	pthread_join(t, NULL);
	close(fd);
	ck_assert(!im_probe(&p));
	p.address = "nonsense";
	ck_assert(!im_probe(&p));
	p = (struct im_probe) { "/nonexistent/socket", 0, NULL, 0, NULL };
	ck_assert(!im_probe(&p));
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ render, IM_COUNT(texts) },
		{ render_limit },
		{ values, IM_COUNT(names) },
		{ root_names, IM_COUNT(roots) },
		{ put },
		{ probes, 2 },
	};

	return unit_main("setup", tests, IM_COUNT(tests));
}
