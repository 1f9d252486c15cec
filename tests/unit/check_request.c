/*
 * check_request.c - targets, forms, cookies, origins, routes, URLs, header blocks
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/request.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "web/response.h"
#include "web/route.h"

/* --- targets --- */

static const struct target {
	const char *uri;
	int http; /* 0: fine */
	const char *path;
} targets[] = {
	{ "/", 0, "/" },
	{ "/?a=b", 0, "/" },
	{ "/mail/INBOX", 0, "/mail/INBOX" },
	{ "/mail/INBOX?older=1&x", 0, "/mail/INBOX" },
	{ "/mail/a%20b/%C3%A9t%C3%A9", 0, "/mail/a b/\xc3\xa9t\xc3\xa9" },
	{ "/mail/a+b", 0, "/mail/a+b" },
	{ "/mail/...", 0, "/mail/..." },
	{ "/mail/INBOX?a=%0D%0A", 0, "/mail/INBOX" },
	{ "/mail/../etc", 404, NULL },
	{ "/mail/%2e%2e/etc", 404, NULL },
	{ "/mail/%2E./x", 404, NULL },
	{ "/mail/.", 404, NULL },
	{ "/mail//INBOX", 404, NULL },
	{ "//mail", 404, NULL },
	{ "/mail/", 404, NULL },
	{ "/mail/a%2Fb", 404, NULL },
	{ "/1/2/3/4/5/6/7/8/9", 404, NULL },
	{ "/mail/%00", 400, NULL },
	{ "/mail/a%", 400, NULL },
	{ "/mail/a%2", 400, NULL },
	{ "/mail/a%zz", 400, NULL },
	{ "/mail/%ff", 400, NULL },
	{ "/mail/%C3", 400, NULL },
	{ "/mail/%c0%ae%c0%ae", 400, NULL },
	{ "/mail/%0d%0aSet-Cookie:x", 400, NULL },
	{ "/mail/%1b", 400, NULL },
	{ "/mail/%7f", 400, NULL },
	{ "/mail/x?a=%", 400, NULL },
	{ "/mail/x?a=%00", 400, NULL },
	{ "/mail/x?%ff=1", 400, NULL },
	{ "", 400, NULL },
	{ NULL, 400, NULL },
	{ "mail", 400, NULL },
	{ "http://h/mail", 400, NULL },
	{ "*", 400, NULL },
};

START_TEST(target)
{
	const struct target *t = &targets[_i];
	struct im_arena a = { 0 };
	struct im_request r = { .arena = &a };
	struct im_wire w = { .uri = t->uri };
	struct im_path path;
	struct im_err err;
	int http = 0;
	enum im_status st = im_request_target(&w, &r, &path, &http, &err);

	ck_assert_int_eq(http, t->http);
	ck_assert_int_eq(st == IM_OK, t->http == 0);
	if (st == IM_OK)
		ck_assert_str_eq(r.path, t->path);
	im_arena_done(&a);
}
END_TEST

START_TEST(target_too_long)
{
	struct im_arena a = { 0 };
	struct im_request r = { .arena = &a };
	char uri[IM_URL_MAX + 2];
	struct im_wire w = { .uri = uri };
	struct im_path path;
	struct im_err err;
	int http = 0;

	memset(uri, 'a', sizeof uri);
	uri[0] = '/';
	uri[IM_URL_MAX] = '\0';
	ck_assert(im_request_target(&w, &r, &path, &http, &err) == IM_OK);
	uri[IM_URL_MAX] = 'a';
	uri[IM_URL_MAX + 1] = '\0';
	ck_assert(im_request_target(&w, &r, &path, &http, &err) != IM_OK);
	ck_assert_int_eq(http, 414);
	im_arena_done(&a);
}
END_TEST

/* --- forms --- */

static const struct form_row {
	const char *text;
	bool ok;
	const char *a, *b;
} forms[] = {
	{ "", true, NULL, NULL },
	{ "a=1&b=2", true, "1", "2" },
	{ "a=1&a=2", true, "1", NULL },
	{ "a", true, "", NULL },
	{ "a=", true, "", NULL },
	{ "&&a=1&&", true, "1", NULL },
	{ "a=b=c", true, "b=c", NULL },
	{ "=x&b=1", true, NULL, "1" },
	{ "a=x+y%2Bz", true, "x y+z", NULL },
	{ "%61=1", true, "1", NULL },
	{ "a=%C3%A9%0D%0A", true, "\xc3\xa9\r\n", NULL },
	{ "a=%f0%9f%98%80", true, "\xf0\x9f\x98\x80", NULL },
	{ "a=%00", false, NULL, NULL },
	{ "a=%", false, NULL, NULL },
	{ "a=%4", false, NULL, NULL },
	{ "a=%g0", false, NULL, NULL },
	{ "a=%ff", false, NULL, NULL },
	{ "a=\xff", false, NULL, NULL },
	{ "a=%ed%a0%80", false, NULL, NULL },
};

START_TEST(form)
{
	const struct form_row *row = &forms[_i];
	size_t n = strlen(row->text);
	char *exact = unit_exact(row->text, n);
	struct im_arena a = { 0 };
	struct im_form f = { 0 };
	struct im_err err;

	ck_assert_int_eq(
	    im_form_parse((struct im_str) { exact, n }, IM_FIELDS_MAX, &a, &f, &err) == IM_OK, row->ok);
	ck_assert_pstr_eq(im_form_get(&f, "a"), row->a);
	ck_assert_pstr_eq(im_form_get(&f, "b"), row->b);
	im_arena_done(&a);
	free(exact);
}
END_TEST

START_TEST(form_fields_bounded)
{
	char text[2 * (IM_FIELDS_MAX + 1)];
	struct im_arena a = { 0 };
	struct im_form f;
	struct im_err err;

	for (size_t i = 0; i < sizeof text; i += 2)
		memcpy(text + i, "a&", 2);
	ck_assert(im_form_parse(
		      (struct im_str) { text, 2 * IM_FIELDS_MAX - 1 }, IM_FIELDS_MAX, &a, &f, &err) == IM_OK);
	ck_assert_uint_eq(f.n, IM_FIELDS_MAX);
	ck_assert(im_form_parse((struct im_str) { text, sizeof text - 1 }, IM_FIELDS_MAX, &a, &f, &err) ==
		  IM_INVALID);
	im_arena_done(&a);
}
END_TEST

static const struct body {
	const char *type, *length, *text;
	int http;
} bodies[] = {
	{ "application/x-www-form-urlencoded", "3", "a=1", 0 },
	{ "Application/X-WWW-Form-Urlencoded; charset=UTF-8", "3", "a=1", 0 },
	{ "application/x-www-form-urlencoded", "3", "a=1&b=2", 0 },
	{ "application/x-www-form-urlencoded", "4", "a=1", 400 },
	{ "application/x-www-form-urlencoded", "5", "a=%zz", 400 },
	{ "application/x-www-form-urlencoded", NULL, "a=1", 411 },
	{ "application/x-www-form-urlencoded", "-1", "a=1", 411 },
	{ "application/x-www-form-urlencoded", "x", "a=1", 411 },
	{ "application/x-www-form-urlencoded", "99999999999999999999999", "a=1", 411 },
	{ "application/x-www-form-urlencoded", "65537", "a=1", 413 },
	{ "application/x-www-form-urlencoded", "18446744073709551615", "a=1", 413 },
	{ "multipart/form-data; boundary=x", "3", "a=1", 415 },
	{ "text/plain", "3", "a=1", 415 },
	{ NULL, "3", "a=1", 415 },
};

START_TEST(body)
{
	const struct body *b = &bodies[_i];
	struct im_arena a = { 0 };
	struct im_request r = { .arena = &a };
	struct im_wire w = { .content_type = b->type,
		.content_length = b->length,
		.body_fd = memfd_create("body", MFD_CLOEXEC) };
	struct im_err err;
	int http = 0;

	ck_assert_int_eq(write(w.body_fd, b->text, strlen(b->text)), (ssize_t)strlen(b->text));
	ck_assert_int_eq(lseek(w.body_fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(im_request_body(&w, &r, &http, &err) == IM_OK, b->http == 0);
	ck_assert_int_eq(http, b->http);
	if (!b->http)
		ck_assert_pstr_eq(im_form(&r, "a"), "1");
	close(w.body_fd);
	im_arena_done(&a);
}
END_TEST

static const struct cookie {
	const char *field, *want;
} cookies[] = {
	{ NULL, NULL },
	{ "", NULL },
	{ "__Host-im=abc", "abc" },
	{ "x=1; __Host-im=abc; y=2", "abc" },
	{ "x__Host-im=evil; __Host-im=abc", "abc" },
	{ "__Host-im", "" },
	{ "__Host-im=", "" },
	{ "__Host-imx=evil", NULL },
	{ "__host-im=evil", NULL },
	{ "__Host-im=a;__Host-im=b", "a" },
	{ "  __Host-im=a=b  ", "a=b" },
	{ ";;;=;__Host-im=a", "a" },
	{ "__Host-im=a\tb", NULL },
	{ "__Host-im=a\x01", NULL },
};

START_TEST(cookie)
{
	struct im_arena a = { 0 };

	ck_assert_pstr_eq(im_cookie_get(cookies[_i].field, "__Host-im", &a), cookies[_i].want);
	im_arena_done(&a);
}
END_TEST

/* --- origin --- */

static const struct origin {
	const char *site, *origin, *host;
	bool https, ok;
} origins[] = {
	{ "same-origin", NULL, NULL, true, true },
	{ "same-origin", "https://evil", "h", true,
	    true }, /* the browser has decided; scripts cannot set it */
	{ "same-site", "https://h", "h", true, false },
	{ "cross-site", "https://h", "h", true, false },
	{ "none", "https://h", "h", true, false },
	{ "", "https://h", "h", true, false },
	{ "Same-Origin", NULL, "h", true, false },
	{ NULL, "https://h", "h", true, true },
	{ NULL, "http://h:8080", "h:8080", false, true },
	{ NULL, "http://h", "h", true, false },
	{ NULL, "https://h:444", "h", true, false },
	{ NULL, "null", "h", true, false },
	{ NULL, "https://", "", true, false },
	{ NULL, NULL, "h", true, false },
	{ NULL, "https://h", NULL, true, false },
	{ NULL, "https://h.evil", "h", true, false },
};

START_TEST(origin)
{
	const struct origin *o = &origins[_i];
	struct im_arena a = { 0 };
	struct im_wire w = { .fetch_site = o->site, .origin = o->origin, .host = o->host, .https = o->https };
	struct im_err err;
	int http = 0;

	ck_assert_int_eq(im_request_same_origin(&w, &a, &http, &err) == IM_OK, o->ok);
	ck_assert_int_eq(http, o->ok ? 0 : 403);
	im_arena_done(&a);
}
END_TEST

/* --- routes --- */

static const struct im_route routes[] = {
	{ IM_GET, "/", "root", 0, NULL },
	{ IM_GET, "/mail/special", "special", 0, NULL },
	{ IM_GET, "/mail/{}", "box", 0, NULL },
	{ IM_GET, "/mail/{}/{}", "message", 0, NULL },
	{ IM_POST, "/mail/{}/{}", "post", 0, NULL },
	{ IM_GET, "/mail/{}/{}/part/{}", "part", 0, NULL },
	{ IM_POST, "/only", "only", 0, NULL },
};

static const struct route_row {
	const char *uri;
	enum im_method method;
	const char *want, *args; /* args joined with '|' */
	int allowed;
} route_rows[] = {
	{ "/", IM_GET, "root", "", IM_GET },
	{ "/mail/special", IM_GET, "special", "", IM_GET },
	{ "/mail/INBOX", IM_GET, "box", "INBOX|", IM_GET },
	{ "/mail/INBOX/1", IM_GET, "message", "INBOX|1|", IM_GET | IM_POST },
	{ "/mail/INBOX/1", IM_POST, "post", "INBOX|1|", IM_GET | IM_POST },
	{ "/mail/INBOX/1/part/2", IM_GET, "part", "INBOX|1|2|", IM_GET },
	{ "/mail/INBOX/1/Part/2", IM_GET, NULL, "", 0 },
	{ "/mail/INBOX/1/part", IM_GET, NULL, "", 0 },
	{ "/mail", IM_GET, NULL, "", 0 },
	{ "/mail/%7B%7D", IM_GET, "box", "{}|", IM_GET },
	{ "/mail/INBOX", IM_POST, NULL, "", IM_GET },
	{ "/only", IM_GET, NULL, "", IM_POST },
};

START_TEST(route)
{
	const struct route_row *row = &route_rows[_i];
	const struct im_app app = { .routes = routes, .nroutes = IM_COUNT(routes) };
	struct im_arena a = { 0 };
	struct im_request r = { .arena = &a };
	struct im_wire w = { .uri = row->uri };
	const struct im_route *found;
	struct im_path path;
	struct im_err err;
	char args[256] = "";
	int http = 0, allowed;

	ck_assert(im_request_target(&w, &r, &path, &http, &err) == IM_OK);
	found = im_route_match(&app, row->method, &path, r.args, &allowed);
	ck_assert_pstr_eq(found ? found->template_name : NULL, row->want);
	ck_assert_int_eq(allowed, row->allowed);
	for (size_t i = 0; i < IM_PATH_ARGS_MAX && r.args[i]; i++)
		snprintf(args + strlen(args), sizeof args - strlen(args), "%s|", r.args[i]);
	ck_assert_str_eq(args, row->args);
	im_arena_done(&a);
}
END_TEST

/* --- URLs --- */

static const struct {
	const char *s;
	bool ok;
} locals[] = {
	{ "/mail/INBOX", true },
	{ "/mail/INBOX?older=1.M2,S=3", true },
	{ "/mail/a%20b", true },
	{ NULL, false },
	{ "", false },
	{ "/", false },
	{ "/mail/", false },
	{ "/login", false },
	{ "//evil/mail/", false },
	{ "https://evil/mail/", false },
	{ "/mail//evil", false },
	{ "/mail/../x", false },
	{ "/mail/%2e%2e/x", false },
	{ "/mail/x\r\nSet-Cookie: a", false },
	{ "/mail/\\evil", false },
	{ "/mail/x#y", false },
	{ "/mail/\"><script>", false },
	{ "javascript:alert(1)", false },
	{ "/mail/x y", false },
	{ "/mailx/y", false },
};

START_TEST(local)
{
	ck_assert_int_eq(im_url_local(locals[_i].s), locals[_i].ok);
}
END_TEST

START_TEST(segment_round_trip)
{
	struct im_arena a = { 0 };
	char s[] = "x ";

	ck_assert_str_eq(
	    im_url_segment(&a, "a/b?c&d+e%f#g \xc3\xa9\"<"), "a%2Fb%3Fc%26d%2Be%25f%23g%20%C3%A9%22%3C");
	ck_assert_str_eq(im_url_segment(&a, "1700.M1P2.Q3.h,S=12:2,S"), "1700.M1P2.Q3.h,S=12:2,S");
	for (int c = 1; c < 128; c++) {
		const char *enc;

		s[1] = (char)c;
		enc = im_url_segment(&a, s);
		ck_assert_str_eq(im_percent_decode(im_str(enc), false, &a), s);
		ck_assert_str_eq(im_percent_decode(im_str(enc), true, &a), s);
	}
	im_arena_done(&a);
}
END_TEST

/* --- heads --- */

static char *
head(const struct im_response *resp, const char *type, enum im_status *ret)
{
	static char text[32768];
	struct im_err err;
	struct im_buf b;

	im_buf_init(&b, sizeof text - 1);
	*ret = im_response_head(resp, type, 5, &b, &err);
	snprintf(text, sizeof text, "%s", b.p);
	im_buf_done(&b);
	return text;
}

static const struct head_row {
	struct im_response resp;
	const char *type, *has, *lacks;
} heads[] = {
	{ { 0 }, "text/html; charset=utf-8",
	    "\r\nContent-Security-Policy: default-src 'none'; script-src 'self';", "unsafe" },
	{ { 0 }, "text/html", "Status: 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n",
	    "Location" },
	{ { 0 }, "text/html", "\r\nX-Frame-Options: DENY\r\nReferrer-Policy: same-origin\r\n", NULL },
	{ { .redirect = "/x" }, "text/html", "Status: 303 See Other\r\nLocation: /x\r\n", NULL },
	{ { .status = 405, .allow = "GET, HEAD" }, "text/html", "\r\nAllow: GET, HEAD\r\n", NULL },
	{ { .status = 429, .retry_after = 7 }, "text/html", "\r\nRetry-After: 7\r\n", NULL },
	{ { .clear_site_data = true }, "text/html",
	    "\r\nClear-Site-Data: \"cache\", \"cookies\", \"storage\"\r\n", NULL },
	{ { .kind = IM_FRAME_HTML }, "text/html",
	    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri "
	    "'none'; frame-ancestors "
	    "'self'; sandbox allow-popups allow-popups-to-escape-sandbox\r\nX-Frame-Options: "
	    "SAMEORIGIN\r\nReferrer-Policy: "
	    "no-referrer\r\n",
	    "script" },
	{ { .kind = IM_FRAME_HTML, .allow_remote_images = true }, "text/html", "img-src data: https:;",
	    "allow-scripts" },
	{ { .allow_remote_images = true }, "text/html", "img-src 'self' data:;", "https:" },
	{ { .kind = IM_FRAME_DOWNLOAD, .filename = "a\"b\\c/\r\nX: y;\xc3\xa9.txt" }, "text/html",
	    "Content-Type: application/octet-stream\r\n", "\r\nX:" },
	{ { .kind = IM_FRAME_DOWNLOAD, .filename = "a\"b\r\n\xc3\xa9.txt" }, "text/html",
	    "Content-Disposition: attachment; filename=\"a_b___.txt\"; "
	    "filename*=UTF-8''a%22b__%C3%A9.txt\r\n",
	    "text/html" },
	{ { .kind = IM_FRAME_DOWNLOAD }, "text/html", "Content-Disposition: attachment\r\n", "filename" },
	{ { .kind = IM_FRAME_DOWNLOAD }, "x", "Content-Security-Policy: default-src 'none'; sandbox\r\n",
	    NULL },
	{ { .kind = IM_FRAME_INLINE_IMAGE }, "image/png", "Content-Type: image/png\r\n", "attachment" },
	{ { .kind = IM_FRAME_INLINE_IMAGE }, "image/svg+xml", "Content-Disposition: attachment", "svg" },
	{ { .kind = IM_FRAME_TEXT }, "text/html", "Content-Type: text/plain; charset=utf-8\r\n", "html" },
	{ { .cookies = { "a=b", "c=d" } }, "text/html", "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n", NULL },
};

START_TEST(head_lines)
{
	const struct head_row *row = &heads[_i];
	enum im_status st;
	const char *text = head(&row->resp, row->type, &st), *line;

	ck_assert(st == IM_OK);
	ck_assert_msg(strstr(text, row->has) != NULL, "no %s in\n%s", row->has, text);
	ck_assert_msg(!row->lacks || !strstr(text, row->lacks), "%s in\n%s", row->lacks, text);
	/* on every kind */
	static const char *const always[] = {
		"\r\nX-Content-Type-Options: nosniff\r\n",
		"\r\nCache-Control: no-store\r\n",
		"\r\nStrict-Transport-Security: max-age=63072000\r\n",
		"\r\nCross-Origin-Resource-Policy: same-origin\r\n",
		"\r\nCross-Origin-Opener-Policy: same-origin\r\n",
		"\r\nX-DNS-Prefetch-Control: off\r\n",
		"\r\nPermissions-Policy: camera=(), ",
		"\r\nContent-Security-Policy: default-src 'none'; ",
		"\r\nX-Frame-Options: ",
		"\r\nReferrer-Policy: ",
	};

	for (size_t i = 0; i < IM_COUNT(always); i++)
		ck_assert_msg(strstr(text, always[i]) != NULL, "no %s in\n%s", always[i], text);
	/* nothing but lines, each ended by CR LF, the last one empty */
	for (line = text; strncmp(line, "\r\n", 2) != 0; line = strstr(line, "\r\n") + 2)
		ck_assert(strcspn(line, "\r\n") == (size_t)(strstr(line, "\r\n") - line));
	ck_assert_str_eq(line, "\r\n");
}
END_TEST

static const struct im_response injected[] = {
	{ .redirect = "/x\r\nSet-Cookie: a=b" },
	{ .redirect = "/x\ny" },
	{ .redirect = "/x\ry" },
	{ .redirect = "/x\x7f" },
	{ .cookies = { NULL, "a=b\r\nX: y" } },
};

START_TEST(head_refuses_controls)
{
	enum im_status st;

	head(&injected[_i], "text/html", &st);
	ck_assert(st == IM_BUG);
	head(&(struct im_response) { 0 }, "text/html\r\nX: y", &st);
	ck_assert(st == IM_BUG);
}
END_TEST

START_TEST(limit_of_time)
{
	char out[4096];
	size_t n = 0;
	ssize_t got;
	int p[2], status;

	ck_assert_int_eq(pipe(p), 0);
	if (fork() == 0) {
		dup2(p[1], 1);
		close(p[1]);
		im_response_before_limit(_i == 2 ? IM_LATE_FRAME : IM_LATE_PAGE);
		if (_i == 1)
			im_response_before_limit(IM_LATE_DIE);
		(void)raise(SIGXCPU);
		_exit(9);
	}
	close(p[1]);
	while ((got = read(p[0], out + n, sizeof out - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	ck_assert_int_gt(wait(&status), 0);
	if (_i == 1) {
		ck_assert_uint_eq(n, 0);
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
		return;
	}
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_eq(strstr(out, "Status: 503 "), out);
	ck_assert_ptr_nonnull(
	    strstr(out, _i ? "frame-ancestors 'self'; sandbox "
			   : "\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "));
	ck_assert_ptr_nonnull(strstr(out, "\r\n\r\n<!doctype html>"));
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ target, IM_COUNT(targets), 0 },
		{ target_too_long, 0, 0 },
		{ form, IM_COUNT(forms), 0 },
		{ form_fields_bounded, 0, 0 },
		{ body, IM_COUNT(bodies), 0 },
		{ cookie, IM_COUNT(cookies), 0 },
		{ origin, IM_COUNT(origins), 0 },
		{ route, IM_COUNT(route_rows), 0 },
		{ local, IM_COUNT(locals), 0 },
		{ segment_round_trip, 0, 0 },
		{ head_lines, IM_COUNT(heads), 0 },
		{ limit_of_time, 3, 0 },
		{ head_refuses_controls, IM_COUNT(injected), 0 },
	};

	return unit_main("request", tests, IM_COUNT(tests));
}
