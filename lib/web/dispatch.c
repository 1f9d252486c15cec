/*
 * dispatch.c - the order in which a request is looked at, and what becomes of each outcome
 *
 *	target -> route and method -> session -> (POST: origin, form, token) -> handler -> page, fragment or JSON
 *
 * A failure anywhere becomes an error page with the same headers; should that fail as well (no templates), a bare one.
 * In the frame of a message it is a document that the frame may show.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/dispatch.h"

#include <string.h>

#include "base/io.h"
#include "web/page.h"
#include "web/response.h"
#include "web/route.h"
#include "web/session.h"
#include "web/token.h"

enum { HEAD_MAX = 32 * 1024 };

static enum im_status
method(struct im_exchange *x)
{
	struct im_request *r = &x->request;
	const char *m = x->wire->method ? x->wire->method : "";

	r->method = IM_GET;
	if (strcmp(m, "POST") == 0)
		r->method = IM_POST;
	else if (strcmp(m, "HEAD") == 0)
		r->head = true;
	else if (strcmp(m, "GET") != 0) {
		x->response.status = 405;
		x->response.allow = "GET, HEAD, POST";
		return im_fail(&x->err, IM_INVALID, "method %.20s", m);
	}
	return IM_OK;
}

static enum im_status
find_route(struct im_exchange *x, const struct im_route **ret)
{
	struct im_path path = { 0 };
	int allowed;
	enum im_status st = im_request_target(x->wire, &x->request, &path, &x->response.status, &x->err);

	if (st != IM_OK)
		return st;
	*ret = im_route_match(x->app, x->request.method, &path, x->request.args, &allowed);
	if (*ret)
		return IM_OK;
	if (!allowed)
		return im_fail(&x->err, IM_NOTFOUND, "no such page");
	x->response.status = 405;
	x->response.allow = allowed == IM_POST ? "POST" : "GET, HEAD";
	return im_fail(&x->err, IM_INVALID, "this page cannot be asked by this method");
}

/* signed_in - else the way to the sign-in page, which knows where to come back to, and which no frame shows */
static enum im_status
signed_in(struct im_exchange *x)
{
	struct im_request *r = &x->request;

	if (x->session)
		return IM_OK;
	if (x->session_st != IM_DENIED) {
		x->err = x->session_err;
		return x->err.st;
	}
	x->response.status = 401;
	if (!r->wants_json && !r->wants_fragment && !x->app->framed) {
		x->response.redirect =
		    r->method == IM_GET && im_url_local(x->wire->uri)
			? im_urlf(r->arena, "/login?next=%s", im_url_segment(r->arena, x->wire->uri))
			: "/login";
	}
	return im_fail(&x->err, IM_DENIED, "not signed in");
}

/* presession - the token of a form without a session; a browser that has no cookie yet gets one */
static enum im_status
presession(struct im_exchange *x, const char **ret_csrf)
{
	struct im_request *r = &x->request;
	const char *cookie = im_cookie(r, IM_COOKIE_PRESESSION);
	enum im_status st;
	char *made;

	if (!im_token_valid(cookie)) {
		cookie = made = im_arena_alloc(r->arena, IM_TOKEN_CHARS + 1);
		st = im_token_new(made, &x->err);
		if (st != IM_OK)
			return st;
		x->response.cookies[0] = im_arena_fmt(
		    r->arena, IM_COOKIE_PRESESSION "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", cookie);
	}
	return im_presession_csrf(x->conf, x->app->acts_in_directory ? IM_PLACE_PAGES : IM_PLACE_SIGN_IN,
	    cookie, r->arena, ret_csrf, &x->err);
}

static enum im_status
check_post(struct im_exchange *x, const char *csrf)
{
	struct im_request *r = &x->request;
	char token[IM_TOKEN_CHARS + 1];
	enum im_status st = im_request_same_origin(x->wire, r->arena, &x->response.status, &x->err);

	if (st == IM_OK)
		st = im_request_body(x->wire, r, &x->response.status, &x->err);
	if (st != IM_OK)
		return st;
	/* csrf is NULL where there is neither a session nor a cookie before it: nobody can protect that form */
	if (csrf && im_token_unmask(im_form(r, "csrf"), token) && im_token_eq(token, csrf))
		return IM_OK;
	return im_fail(&x->err, IM_DENIED, "a form without the right token");
}

static enum im_status
inject(struct im_exchange *x, const char *csrf, struct im_value *model)
{
	struct im_arena *a = x->arena;
	char masked[IM_MASKED_CHARS + 1] = "";
	enum im_status st = csrf ? im_token_mask(csrf, masked, &x->err) : IM_OK;

	im_v_set_str(a, model, "lang", im_lang_code(x->request.lang));
	im_v_set_str(a, model, "title", x->response.title);
	im_v_set_bool(a, model, "has_session", x->session != NULL);
	im_v_set_str(a, model, "user", x->session ? x->session->uid : NULL);
	im_v_set_str(a, model, "csrf", csrf ? masked : NULL);
	im_v_set_str(a, model, "style_url", im_urlf(a, "/static/style.css?v=%s", x->static_version));
	im_v_set_str(a, model, "script_url", im_urlf(a, "/static/script.js?v=%s", x->static_version));
	im_v_set_str(a, model, "home_url", "/mail/INBOX");
	im_v_set_str(a, model, "logout_url", "/logout");
	im_v_set_str(a, model, "settings_url", "/settings");
	const struct im_session *s = x->session;
	im_v_set_str(a, model, "admin_url", s && s->admin ? "/admin" : NULL);
	im_v_set_str(a, model, "look", s && s->look[0] ? s->look : NULL);
	im_v_set_str(a, model, "density", s && s->density[0] ? s->density : NULL);
	return st;
}

/* answer_model - as JSON, or as a page */
static enum im_status
answer_model(struct im_exchange *x, const char *csrf, struct im_value *model)
{
	struct im_response *resp = &x->response;

	if (x->request.wants_json) {
		resp->content_type = "application/json";
		im_v_json(model, &x->body);
		im_buf_addc(&x->body, '\n');
		return x->body.full ? im_fail(&x->err, IM_BUG, "the answer is too large") : IM_OK;
	}
	if (!resp->template_name)
		return im_fail(&x->err, IM_BUG, "a page without a template");
	resp->content_type = "text/html; charset=utf-8";
	enum im_status st = inject(x, csrf, model);
	if (st != IM_OK)
		return st;
	return im_page_render(
	    &x->request, resp->template_name, x->request.wants_fragment, model, &x->body, &x->err);
}

static enum im_status
finish_head(struct im_exchange *x)
{
	struct im_response *resp = &x->response;
	int64_t length = (int64_t)x->body.n;

	if (resp->stream)
		length = resp->has_stream_size ? (int64_t)resp->stream_size : -1;
	return im_response_head(resp, resp->content_type, length, &x->head, &x->err);
}

static enum im_status
finish(struct im_exchange *x, const char *csrf, struct im_value *model)
{
	struct im_response *resp = &x->response;
	enum im_status st = IM_OK;

	if (resp->redirect) {
		resp->content_type = "text/html; charset=utf-8";
	} else if (resp->content_type) {
		if (!resp->stream && resp->body.full)
			return im_fail(
			    &x->err, IM_BUG, "the answer is larger than %zu bytes", resp->body.max);
		im_buf_done(&x->body);
		x->body = resp->body; /* taken */
		im_buf_init(&resp->body, 0);
	} else {
		st = answer_model(x, csrf, model);
	}
	return st == IM_OK ? finish_head(x) : st;
}

static enum im_status
handle(struct im_exchange *x)
{
	const struct im_route *route = NULL;
	const char *csrf = NULL;
	struct im_value *model = im_v_object(x->arena);
	enum im_status st = method(x);

	if (st == IM_OK)
		st = find_route(x, &route);
	if (st == IM_OK && route->flags & IM_R_AUTH)
		st = signed_in(x);
	if (st != IM_OK)
		return st;
	if (!(route->flags & IM_R_FRAGMENT))
		x->request.wants_fragment = false;
	if (route->flags & IM_R_PRESESSION)
		st = presession(x, &csrf);
	else if (x->session)
		csrf = im_session_csrf(x->session, x->arena);
	if (st == IM_OK && x->request.method == IM_POST)
		st = check_post(x, csrf);
	if (st != IM_OK)
		return st;
	x->response.template_name = route->template_name;
	st = route->run(&x->request, &x->response, model, &x->err);
	if (st != IM_OK)
		return st;
	x->log_status = x->response.status;
	return finish(x, csrf, model);
}

/* bare - the last resort; its headers are complete as well */
static void
bare(struct im_exchange *x)
{
	struct im_response resp = { .status = x->response.status };
	struct im_err ignored;
	const char *text = im_page_error_text(&im_lang_en, resp.status);

	im_buf_clear(&x->head);
	im_buf_clear(&x->body);
	x->response.stream = NULL;
	if (x->app->framed) {
		resp.kind = IM_FRAME_HTML;
		im_page_error_frame(&im_lang_en, resp.status, text, &x->body);
	} else {
		im_page_bare(im_page_error_title(&im_lang_en, resp.status), text, &x->body);
	}
	if (im_response_head(&resp, "text/html; charset=utf-8", (int64_t)x->body.n, &x->head, &ignored) !=
	    IM_OK)
		im_buf_adds(&x->head, "Status: 500\r\nContent-Length: 0\r\n\r\n");
}

static void
failed(struct im_exchange *x, enum im_status st)
{
	struct im_response *old = &x->response;
	const struct im_lang *l = x->request.lang;
	int status = old->status >= 400 ? old->status : im_http(st);
	struct im_value *model = im_v_object(x->arena);
	const char *text = old->error_text ? old->error_text : im_page_error_text(l, status);
	struct im_err why = x->err;
	struct im_response resp = {
		.status = status,
		.template_name = "error",
		.title = im_page_error_title(l, status),
		.retry_after = old->retry_after,
		.allow = old->allow,
		.redirect = old->redirect,
	};

	memcpy(resp.cookies, old->cookies, sizeof resp.cookies);
	im_buf_clear(&x->head);
	im_buf_clear(&x->body);
	im_buf_done(&old->body);
	*old = resp;
	x->log_status = status;
	if (x->request.wants_json) {
		im_v_set_str(x->arena, model, "error", text);
		im_v_set_int(x->arena, model, "status", status);
	} else if (x->app->framed) {
		old->kind = IM_FRAME_HTML;
		old->content_type = "text/html; charset=utf-8";
		im_buf_init(&old->body, IM_PAGE_MAX_BYTES);
		im_page_error_frame(l, status, text, &old->body);
	} else {
		im_v_set_int(x->arena, model, "status", status);
		im_v_set_str(x->arena, model, "text", text);
	}
	st = finish(x, x->session ? im_session_csrf(x->session, x->arena) : NULL, model);
	if (st != IM_OK) {
		/* two reasons now: the first is why we are here */
		im_err_prefix(&x->err, "%s; and the error page:", why.msg);
		bare(x);
	} else {
		x->err = why;
	}
}

static void
begin(struct im_exchange *x)
{
	struct im_request *r = &x->request;
	const char *asked =
	    x->session && x->session->language[0] ? x->session->language : x->wire->accept_language;

	im_buf_init(&x->head, HEAD_MAX);
	im_buf_init(&x->body, IM_PAGE_MAX_BYTES);
	im_buf_init(&x->response.body, IM_PAGE_MAX_BYTES);
	r->arena = x->arena;
	r->conf = x->conf;
	r->session = x->session;
	r->cookies = x->wire->cookie;
	r->remote_addr = x->wire->remote_addr ? x->wire->remote_addr : "";
	r->user_agent = x->wire->user_agent ? x->wire->user_agent : "";
	r->now = im_now();
	r->lang =
	    x->conf ? im_lang_choose(x->conf->share_dir, asked, x->conf->language, x->arena) : &im_lang_en;
	im_request_wishes(x->wire, r);
}

static void
end(struct im_exchange *x)
{
	if (!x->request.head)
		return;
	im_buf_clear(&x->body); /* the head keeps its Content-Length (RFC 9110 9.3.2) */
	x->response.stream = NULL;
}

void
im_dispatch(struct im_exchange *x)
{
	enum im_status st;

	begin(x);
	st = handle(x);
	if (st != IM_OK)
		failed(x, st);
	end(x);
}

void
im_exchange_fail(struct im_exchange *x, enum im_status st)
{
	begin(x);
	(void)im_fail(&x->err, st, "%s", x->session_err.msg);
	x->request.head = x->wire->method && strcmp(x->wire->method, "HEAD") == 0;
	if (x->conf) {
		failed(x, st);
	} else {
		x->log_status = x->response.status = im_http(st);
		bare(x);
	}
	end(x);
}

void
im_exchange_done(struct im_exchange *x)
{
	im_buf_done(&x->head);
	im_buf_done(&x->body);
	im_buf_done(&x->response.body);
}
