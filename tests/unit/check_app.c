/*
 * check_app.c - from a request to an answer: sign-in, tokens, methods, errors, JSON, fragments, streams
 *
 * The real templates are used; no server is needed (dispatch.h). The process around it (set-uid, confinement) is tested
 * with a real server in tests/system.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/app.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"
#include "web/dispatch.h"
#include "web/session.h"
#include "web/token.h"

/* --- an application that has one of everything --- */

static int calls; /* of handlers that change something */

static enum im_status
page(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)err;
	resp->title = "A <title>";
	im_v_set_str(r->arena, model, "text", r->args[0] ? r->args[0] : "");
	im_v_set_str(r->arena, model, "query", im_query(r, "q"));
	return IM_OK;
}

static enum im_status
change(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)r;
	(void)model;
	(void)err;
	calls++;
	resp->redirect = "/mail/INBOX";
	return IM_OK;
}

static enum im_status
fails(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	enum im_status st = (enum im_status)(r->args[0][0] - '0');

	im_v_set_str(r->arena, model, "text", "half a page");
	if (r->args[0][1] == 't')
		resp->error_text = "told <so>";
	if (r->args[0][1] == 's')
		resp->status = 429, resp->retry_after = 9;
	return im_fail(err, st, "secret path /var/x");
}

static enum im_status
no_template(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)r;
	(void)model;
	(void)err;
	resp->template_name = "nothing";
	return IM_OK;
}

static enum im_status
raw(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)r;
	(void)model;
	(void)err;
	resp->content_type = "text/html; charset=utf-8";
	resp->kind = IM_FRAME_HTML;
	im_buf_adds(&resp->body, "<b>body</b>");
	return IM_OK;
}

static enum im_status
injecting(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)model;
	(void)err;
	resp->redirect = r->args[0] ? "/x\r\nSet-Cookie: evil=1" : NULL;
	return IM_OK;
}

static bool
three_chunks(void *arg, struct im_buf *chunk)
{
	int *left = arg;

	im_buf_adds(chunk, "chunk");
	return --*left > 0;
}

static int chunks;

static enum im_status
streaming(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	(void)r;
	(void)model;
	(void)err;
	chunks = 3;
	resp->content_type = "x";
	resp->kind = IM_FRAME_DOWNLOAD;
	resp->stream = three_chunks;
	resp->stream_arg = &chunks;
	resp->has_stream_size = true;
	resp->stream_size = 15;
	return IM_OK;
}

static const struct im_route routes[] = {
	{ IM_GET, "/open", "error", 0, page },
	{ IM_GET, "/mail/{}", "error", IM_R_AUTH | IM_R_FRAGMENT, page },
	{ IM_GET, "/whole/{}", "error", IM_R_AUTH, page },
	{ IM_POST, "/mail/{}/change", NULL, IM_R_AUTH, change },
	{ IM_GET, "/form", "login", IM_R_PRESESSION, page },
	{ IM_POST, "/form", NULL, IM_R_PRESESSION, change },
	{ IM_POST, "/unprotected", NULL, 0, change },
	{ IM_GET, "/fails/{}", "error", 0, fails },
	{ IM_GET, "/no-template", "error", 0, no_template },
	{ IM_GET, "/raw", NULL, 0, raw },
	{ IM_GET, "/inject/{}", NULL, 0, injecting },
	{ IM_GET, "/stream", NULL, 0, streaming },
};
static const struct im_app app = { .name = "test", .routes = routes, .nroutes = IM_COUNT(routes) };
static const struct im_app framed = {
	.name = "test", .routes = routes, .nroutes = IM_COUNT(routes), .framed = true
};
static const struct im_app *asked = &app;

/* --- asking it --- */

static char dir[64];
static struct im_conf conf;
static struct im_arena arena;
static const char *token; /* of alice's session */
static struct im_exchange x;
static struct im_wire wire;

static void
begin(void)
{
	char path[128], here[400], templates[440];
	struct im_err err;

	snprintf(dir, sizeof dir, "/tmp/im-app-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	conf = (struct im_conf) { .state_dir = dir,
		.share_dir = dir,
		.domain = "example.org",
		.language = "en",
		.session_idle = 7200,
		.session_lifetime = 43200 };
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, i ? "throttle" : "sessions");
		ck_assert(im_mkdirs(path, 0700, &err) == IM_OK);
	}
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	snprintf(templates, sizeof templates, "%s/cgi/templates", here);
	snprintf(path, sizeof path, "%s/templates", dir);
	ck_assert_int_eq(symlink(templates, path), 0);
	ck_assert(im_session_create(
		      &conf, &(struct im_session_new) { .uid = "alice" }, &arena, &token, &err) == IM_OK);
	wire = (struct im_wire) { .method = "GET", .host = "h", .https = true, .body_fd = -1 };
}

static void
end(void)
{
	char command[128];

	im_exchange_done(&x);
	snprintf(command, sizeof command, "%.64s/templates", dir);
	unlink(command);
	if (fork() == 0) {
		execlp("rm", "rm", "-r", dir, (char *)NULL);
		_exit(1);
	}
	wait(NULL);
}

/* ask - the answer to 'wire', its head and body as text in x */
static const char *
ask(const char *uri, bool signed_in)
{
	static struct im_session s;
	struct im_err err;

	im_exchange_done(&x);
	x = (struct im_exchange) { .app = asked,
		.wire = &wire,
		.conf = &conf,
		.arena = &arena,
		.static_version = "7",
		.session_st = IM_DENIED };
	if (signed_in) {
		ck_assert(im_session_load(&conf, token, &s, &err) == IM_OK);
		x.session = &s;
		x.session_st = IM_OK;
	}
	wire.uri = uri;
	im_dispatch(&x);
	return x.head.p;
}

static void
is(int status, const char *head_has, const char *body_has)
{
	char line[16];
	char length[64];

	snprintf(line, sizeof line, "Status: %d ", status);
	ck_assert_msg(
	    strncmp(x.head.p, line, strlen(line)) == 0, "not %d: %s\n%s", status, x.head.p, x.err.msg);
	ck_assert_msg(!head_has || strstr(x.head.p, head_has), "no %s in %s", head_has, x.head.p);
	ck_assert_msg(!body_has || strstr(x.body.p, body_has), "no %s in %s", body_has, x.body.p);
	/* all of this on every answer */
	ck_assert_ptr_nonnull(strstr(x.head.p, "\r\nX-Content-Type-Options: nosniff\r\n"));
	ck_assert_ptr_nonnull(strstr(x.head.p, "\r\nContent-Security-Policy: default-src 'none'; "));
	ck_assert_ptr_nonnull(strstr(x.head.p, "\r\nCache-Control: no-store\r\n"));
	snprintf(length, sizeof length, "\r\nContent-Length: %zu\r\n", x.body.n);
	if (!x.request.head && !x.response.stream)
		ck_assert_msg(strstr(x.head.p, length) != NULL, "not %s: %s", length, x.head.p);
	if (status >= 400)
		ck_assert_int_eq(x.log_status, status);
}

static void
post(const char *uri, bool signed_in, const char *body)
{
	char length[32];

	wire.method = "POST";
	wire.content_type = "application/x-www-form-urlencoded";
	snprintf(length, sizeof length, "%zu", strlen(body));
	wire.content_length = length;
	wire.body_fd = memfd_create("body", MFD_CLOEXEC);
	ck_assert_int_eq(write(wire.body_fd, body, strlen(body)), (ssize_t)strlen(body));
	ck_assert_int_eq(lseek(wire.body_fd, 0, SEEK_SET), 0);
	ask(uri, signed_in);
	close(wire.body_fd);
	wire.method = "GET";
}

/* --- tests --- */

START_TEST(pages)
{
	begin();
	ask("/mail/a%26b?q=1", true);
	is(200, "Content-Type: text/html; charset=utf-8\r\n", "<p>a&amp;b</p>");
	is(200, NULL, "<title>A &lt;title&gt;");
	is(200, NULL, "/static/style.css?v=7\"");
	is(200, NULL, "name=\"csrf\" value=\"");
	is(200, NULL, "</html>");
	ck_assert_ptr_null(strstr(x.head.p, "Set-Cookie"));
	ask("/open", false);
	is(200, NULL, "</html>");
	ck_assert_ptr_null(strstr(x.body.p, "csrf"));
	wire.method = "HEAD";
	ask("/open", false);
	is(200, "Content-Length: ", NULL);
	ck_assert_ptr_null(strstr(x.head.p, "Content-Length: 0\r"));
	ck_assert_uint_eq(x.body.n, 0);
	end();
}
END_TEST

START_TEST(json)
{
	begin();
	wire.accept = "application/json, text/plain;q=0.5";
	ask("/mail/x%22y?q=1", true);
	is(200, "Content-Type: application/json\r\n", NULL);
	ck_assert_str_eq(x.body.p, "{\"text\":\"x\\\"y\",\"query\":\"1\"}\n");
	ask("/mail/x", false);
	is(401, "Content-Type: application/json\r\n", "\"status\":401}");
	ck_assert_ptr_null(strstr(x.head.p, "Location"));
	ask("/nothing", false);
	is(404, "Content-Type: application/json\r\n", "{\"error\":\"");
	end();
}
END_TEST

START_TEST(fragments)
{
	begin();
	wire.requested_with = "intimail";
	ask("/mail/x", true);
	is(200, NULL, "<p>x</p>");
	ck_assert_ptr_null(strstr(x.body.p, "<html"));
	ask("/whole/x", true); /* a route that has none */
	is(200, NULL, "<html");
	ask("/mail/x", false);
	is(401, NULL, NULL);
	ck_assert_ptr_null(strstr(x.body.p, "<html"));
	wire.requested_with = "XMLHttpRequest";
	ask("/mail/x", true);
	is(200, NULL, "<html");
	end();
}
END_TEST

START_TEST(sign_in_first)
{
	begin();
	ask("/mail/x?older=a,b%20c", false);
	is(303, "\r\nLocation: /login?next=%2Fmail%2Fx%3Folder=a,b%2520c\r\n", NULL);
	ask("/mail/%22x", false);
	is(303, "\r\nLocation: /login?next=%2Fmail%2F%2522x\r\n", NULL);
	ask("/whole/x", false);
	is(303, "\r\nLocation: /login\r\n", NULL);
	post("/mail/x/change", false, "csrf=x");
	is(303, "\r\nLocation: /login\r\n", NULL);
	ck_assert_int_eq(calls, 0);
	x.session_st = IM_OK;
	end();
}
END_TEST

START_TEST(sessions_that_cannot_be_read)
{
	begin();
	im_exchange_done(&x);
	x = (struct im_exchange) {
		.app = &app, .wire = &wire, .conf = &conf, .arena = &arena, .static_version = "7"
	};
	x.session_st = im_fail(&x.session_err, IM_TEMP, "open sessions: Input/output error");
	wire.uri = "/mail/x";
	im_dispatch(&x);
	is(503, NULL, "Not available");
	ck_assert_str_eq(x.err.msg, "open sessions: Input/output error");
	ck_assert_ptr_null(strstr(x.body.p, "Input/output"));
	end();
}
END_TEST

static const struct method_row {
	const char *method, *uri;
	int status;
	const char *allow;
} methods[] = {
	{ "PUT", "/open", 405, "\r\nAllow: GET, HEAD, POST\r\n" },
	{ "TRACE", "/open", 405, "\r\nAllow: " },
	{ "get", "/open", 405, "\r\nAllow: " },
	{ "", "/open", 405, "\r\nAllow: " },
	{ NULL, "/open", 405, "\r\nAllow: " },
	{ "OPTIONS", "/mail/%00", 405, "\r\nAllow: " },
	{ "POST", "/open", 405, "\r\nAllow: GET, HEAD\r\n" },
	{ "GET", "/unprotected", 405, "\r\nAllow: POST\r\n" },
	{ "HEAD", "/unprotected", 405, "\r\nAllow: POST\r\n" },
	{ "GET", "/mail/x/change", 405, "\r\nAllow: POST\r\n" },
	{ "GET", "/none", 404, NULL },
	{ "POST", "/none", 404, NULL },
	{ "GET", "/mail/%00", 400, NULL },
	{ "GET", "/mail/../x", 404, NULL },
};

START_TEST(wrong_methods)
{
	begin();
	wire.method = methods[_i].method;
	ask(methods[_i].uri, true);
	is(methods[_i].status, methods[_i].allow, NULL);
	ck_assert_int_eq(calls, 0);
	end();
}
END_TEST

static const char *
csrf_of_page(void)
{
	static char csrf[IM_MASKED_CHARS + 1];
	const char *at = strstr(x.body.p, "name=\"csrf\" value=\"");

	ck_assert_ptr_nonnull(at);
	snprintf(csrf, sizeof csrf, "%s", at + strlen("name=\"csrf\" value=\""));
	return csrf;
}

START_TEST(changes)
{
	char good[128], bad[160];
	static const char *const sites[] = { "cross-site", "same-site", "none", "" };

	begin();
	ask("/mail/x", true);
	snprintf(good, sizeof good, "a=b&csrf=%s", csrf_of_page());
	/* by fetch metadata, by origin */
	wire.fetch_site = "same-origin";
	post("/mail/x/change", true, good);
	is(303, "\r\nLocation: /mail/INBOX\r\n", NULL);
	wire.fetch_site = NULL;
	wire.origin = "https://h";
	post("/mail/x/change", true, good);
	is(303, NULL, NULL);
	ck_assert_int_eq(calls, 2);
	/* from elsewhere */
	for (size_t i = 0; i < IM_COUNT(sites); i++) {
		wire.fetch_site = sites[i];
		post("/mail/x/change", true, good);
		is(403, NULL, "not sent from a page of this site");
	}
	wire.fetch_site = wire.origin = NULL;
	post("/mail/x/change", true, good);
	is(403, NULL, NULL);
	/* without the right token */
	wire.fetch_site = "same-origin";
	post("/mail/x/change", true, "a=b");
	is(403, NULL, NULL);
	post("/mail/x/change", true, "csrf=");
	is(403, NULL, NULL);
	snprintf(bad, sizeof bad, "%s", good);
	bad[strlen(bad) - 5] ^= 1;
	post("/mail/x/change", true, bad);
	is(403, NULL, NULL);
	snprintf(bad, sizeof bad, "csrf=&%s", good);
	post("/mail/x/change", true, bad); /* the first of two counts */
	is(403, NULL, NULL);
	/* a form of another kind */
	wire.content_type = "text/plain";
	wire.content_length = NULL;
	post("/mail/x/change", true, "");
	is(403, NULL, NULL);
	/* nobody can protect what has neither session nor cookie */
	post("/unprotected", false, good);
	is(403, NULL, NULL);
	ck_assert_int_eq(calls, 2);
	end();
}
END_TEST

START_TEST(form_before_session)
{
	char body[128], cookie[200];
	const char *set;

	begin();
	ask("/form", false);
	is(200, "\r\nSet-Cookie: __Host-imlogin=", NULL);
	ck_assert_ptr_nonnull(strstr(x.head.p, "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"));
	set = strstr(x.head.p, "__Host-imlogin=");
	snprintf(cookie, sizeof cookie, "%.*s", (int)strcspn(set, ";"), set);
	snprintf(body, sizeof body, "csrf=%s", csrf_of_page());
	wire.cookie = cookie;
	/* the cookie is kept: a second tab does not spoil the first */
	ask("/form", false);
	is(200, NULL, NULL);
	ck_assert_ptr_null(strstr(x.head.p, "Set-Cookie"));
	/* masked anew, but the same */
	ck_assert_str_ne(csrf_of_page(), body + 5);
	wire.fetch_site = "same-origin";
	post("/form", false, body);
	is(303, NULL, NULL);
	ck_assert_int_eq(calls, 1);
	/* whoever can set a cookie cannot make the token of it */
	wire.cookie = "__Host-imlogin=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	post("/form", false, body);
	is(403, NULL, NULL);
	post("/form", false,
	    "csrf=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	is(403, NULL, NULL);
	wire.cookie = NULL;
	post("/form", false, body);
	is(403, NULL, NULL);
	wire.cookie = cookie;
	wire.fetch_site = "same-site";
	post("/form", false, body);
	is(403, NULL, NULL);
	ck_assert_int_eq(calls, 1);
	end();
}
END_TEST

static const struct failure {
	char what[4];
	int status;
	const char *has;
} failures[] = {
	{ "1", 400, NULL },
	{ "2", 400, "did not understand" },
	{ "3", 404, "no such page" },
	{ "4", 413, NULL },
	{ "5", 403, NULL },
	{ "6", 409, NULL },
	{ "7", 503, "try again in a minute" },
	{ "8", 500, "administrator" },
	{ "9", 500, NULL },
	{ "3t", 404, "<p>told &lt;so&gt;</p>" },
	{ "7s", 429, "Wait a moment" },
};

START_TEST(failing_handlers)
{
	char uri[32];

	begin();
	snprintf(uri, sizeof uri, "/fails/%s", failures[_i].what);
	ask(uri, _i % 2);
	is(failures[_i].status, failures[_i].status == 429 ? "\r\nRetry-After: 9\r\n" : NULL,
	    failures[_i].has);
	ck_assert_int_eq(x.log_status, failures[_i].status);
	ck_assert_str_eq(x.err.msg, "secret path /var/x");
	ck_assert_ptr_null(strstr(x.body.p, "secret"));
	ck_assert_ptr_null(strstr(x.body.p, "half a page"));
	end();
}
END_TEST

START_TEST(broken_pages)
{
	begin();
	ask("/no-template", false);
	is(500, NULL, "</html>");
	ck_assert_ptr_nonnull(strstr(x.err.msg, "nothing.html"));
	ask("/inject/x", false);
	is(500, NULL, NULL);
	ck_assert_ptr_null(strstr(x.head.p, "evil"));
	/* no templates at all: still an answer */
	conf.share_dir = "/nonexistent";
	ask("/open", false);
	is(500, NULL, "<h1>Something went wrong</h1>");
	ck_assert_ptr_nonnull(strstr(x.err.msg, "/nonexistent"));
	conf.share_dir = dir;
	end();
}
END_TEST

static const struct framed_row {
	const char *uri;
	bool signed_in;
	int status;
	bool hint;
} framed_failures[] = {
	{ "/fails/3t", true, 404, false },
	{ "/fails/7", true, 503, true },
	{ "/none", true, 404, false },
	{ "/mail/x", false, 401, false }, /* no way to the sign-in page, which would not be shown */
	{ "/fails/8", false, 500, true },
};

/* an error in the frame of a message is a document that the frame may show */
START_TEST(errors_in_the_frame)
{
	const struct framed_row *f = &framed_failures[_i];

	begin();
	asked = &framed;
	ask(f->uri, f->signed_in);
	is(f->status, "; frame-ancestors 'self'; sandbox allow-popups", "</body></html>");
	is(f->status, "\r\nX-Frame-Options: SAMEORIGIN\r\n", "<!DOCTYPE html>");
	is(f->status, "\r\nContent-Type: text/html; charset=utf-8\r\n", "<h1>");
	ck_assert_ptr_null(strstr(x.head.p, "Location:"));
	ck_assert_ptr_null(strstr(x.body.p, "/static/"));
	ck_assert_int_eq(strstr(x.body.p, "Text only") != NULL, f->hint);
	wire.accept = "application/json";
	ask(f->uri, f->signed_in);
	is(f->status, "\r\nContent-Type: application/json\r\n", "{\"error\":\"");
	asked = &app;
	end();
}
END_TEST

/* as before there is a configuration */
START_TEST(bare_in_the_frame)
{
	begin();
	im_exchange_done(&x);
	x = (struct im_exchange) { .app = &framed, .wire = &wire, .arena = &arena, .static_version = "0" };
	wire.uri = "/x";
	(void)im_fail(&x.session_err, IM_CONFIG, "no configuration");
	im_exchange_fail(&x, IM_CONFIG);
	is(500, "; frame-ancestors 'self'; sandbox", "Text only");
	end();
}
END_TEST

START_TEST(own_bodies)
{
	struct im_buf chunk;

	begin();
	ask("/raw", false);
	is(200, "sandbox allow-popups", NULL);
	ck_assert_str_eq(x.body.p, "<b>body</b>");
	ask("/stream", false);
	is(200, "\r\nContent-Length: 15\r\n", NULL);
	ck_assert_uint_eq(x.body.n, 0);
	im_buf_init(&chunk, 100);
	while (x.response.stream(x.response.stream_arg, &chunk))
		;
	ck_assert_str_eq(chunk.p, "chunkchunkchunk");
	im_buf_done(&chunk);
	wire.method = "HEAD";
	ask("/stream", false);
	is(200, "\r\nContent-Length: 15\r\n", NULL);
	ck_assert_ptr_null(x.response.stream);
	end();
}
END_TEST

/* the program itself, where nothing is installed: a complete answer, and no page without configuration */
START_TEST(main_without_configuration)
{
	char out[8192];
	size_t n = 0;
	ssize_t got;
	int p[2], status;

	ck_assert_int_eq(pipe(p), 0);
	if (fork() == 0) {
		dup2(p[1], 1);
		close(2);
		close(0);
		setenv("REQUEST_METHOD", "GET", 1);
		setenv("REQUEST_URI", "/open", 1);
		if (_i && geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(9);
		_exit(im_app_main(&app));
	}
	close(p[1]);
	while ((got = read(p[0], out + n, sizeof out - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	ck_assert_msg(strncmp(out, "Status: 500 ", 12) == 0, "%s", out);
	ck_assert_ptr_nonnull(strstr(out, "\r\nContent-Security-Policy: default-src 'none'; "));
	ck_assert_ptr_nonnull(strstr(out, "<h1>Something went wrong</h1>"));
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ pages, 0, 0 },
		{ json, 0, 0 },
		{ fragments, 0, 0 },
		{ sign_in_first, 0, 0 },
		{ sessions_that_cannot_be_read, 0, 0 },
		{ wrong_methods, IM_COUNT(methods), 0 },
		{ changes, 0, 0 },
		{ form_before_session, 0, 0 },
		{ failing_handlers, IM_COUNT(failures), 0 },
		{ broken_pages, 0, 0 },
		{ errors_in_the_frame, IM_COUNT(framed_failures), 0 },
		{ bare_in_the_frame, 0, 0 },
		{ own_bodies, 0, 0 },
		{ main_without_configuration, 2, 0 },
	};

	return unit_main("app", tests, IM_COUNT(tests));
}
