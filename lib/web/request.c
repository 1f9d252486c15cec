/*
 * request.c - from what a browser sent to what a handler may rely on
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/request.h"

#include <errno.h>
#include <string.h>

#include "base/io.h"

static enum im_status
refuse(int *ret_http, int http, struct im_err *err, enum im_status st, const char *why)
{
	*ret_http = http;
	return im_fail(err, st, "%s", why);
}

/* segment - decoded; NULL and a status when it cannot be part of a page's path */
static const char *
segment(struct im_str raw, struct im_arena *a, int *ret_http, struct im_err *err)
{
	char *s = im_percent_decode(raw, false, a);

	if (!s) {
		refuse(ret_http, 400, err, IM_INVALID, "the path is not percent-encoded UTF-8");
		return NULL;
	}
	for (const char *p = s; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			refuse(ret_http, 400, err, IM_INVALID, "a control character in the path");
			return NULL;
		}
	}
	/* an encoded slash would be a second separator for whoever joins paths */
	if (!*s || strcmp(s, ".") == 0 || strcmp(s, "..") == 0 || strchr(s, '/')) {
		refuse(ret_http, 404, err, IM_NOTFOUND, "no such path");
		return NULL;
	}
	return s;
}

static enum im_status
split(struct im_str raw, struct im_arena *a, struct im_path *path, int *ret_http, struct im_err *err)
{
	path->n = 0;
	raw.p++; /* the leading slash */
	raw.n--;
	while (raw.p) {
		struct im_str part = im_str_cut(&raw, '/');

		if (!part.n && !raw.p && path->n == 0)
			break; /* "/" */
		if (path->n == IM_SEGMENTS_MAX)
			return refuse(ret_http, 404, err, IM_NOTFOUND, "no such path");
		path->seg[path->n] = segment(part, a, ret_http, err);
		if (!path->seg[path->n])
			return err->st;
		path->n++;
	}
	return IM_OK;
}

static const char *
joined(const struct im_path *path, struct im_arena *a)
{
	size_t n = 2;
	char *ret, *to;

	for (size_t i = 0; i < path->n; i++)
		n += strlen(path->seg[i]) + 1;
	ret = to = im_arena_alloc(a, n);
	*to = '/';
	for (size_t i = 0; i < path->n; i++) {
		*to++ = '/';
		to = stpcpy(to, path->seg[i]);
	}
	return ret;
}

enum im_status
im_request_target(
    const struct im_wire *w, struct im_request *r, struct im_path *ret, int *ret_http, struct im_err *err)
{
	struct im_str query = im_str(w->uri), path;
	struct im_form *fields = im_arena_alloc(r->arena, sizeof *fields);
	enum im_status st;

	if (query.n > IM_URL_MAX)
		return refuse(ret_http, 414, err, IM_INVALID, "the address is too long");
	path = im_str_cut(&query, '?');
	if (!path.n || path.p[0] != '/')
		return refuse(ret_http, 400, err, IM_INVALID, "the address does not begin with a slash");
	st = split(path, r->arena, ret, ret_http, err);
	if (st != IM_OK)
		return st;
	ret->text = r->path = joined(ret, r->arena);
	st = im_form_parse(query, IM_FIELDS_MAX, r->arena, fields, err);
	if (st != IM_OK) {
		*ret_http = 400;
		return im_err_prefix(err, "query");
	}
	r->query = fields;
	return IM_OK;
}

enum im_status
im_request_same_origin(const struct im_wire *w, struct im_arena *a, int *ret_http, struct im_err *err)
{
	/* "same-site" is a page on another port of this host, "none" is typed by the person: neither sends our forms */
	if (w->fetch_site) {
		if (strcmp(w->fetch_site, "same-origin") == 0)
			return IM_OK;
		return refuse(
		    ret_http, 403, err, IM_DENIED, "a form sent from another site (Sec-Fetch-Site)");
	}
	if (w->origin && w->host && *w->host &&
	    strcmp(w->origin, im_urlf(a, "%s://%s", w->https ? "https" : "http", w->host)) == 0)
		return IM_OK;
	return refuse(ret_http, 403, err, IM_DENIED, "a form without a sign that it is from here (Origin)");
}

enum im_status
im_request_body(const struct im_wire *w, struct im_request *r, int *ret_http, struct im_err *err)
{
	struct im_str type = im_str(w->content_type);
	struct im_form *fields = im_arena_alloc(r->arena, sizeof *fields);
	enum im_status st;
	uint64_t n;
	ssize_t got;
	char *body;

	if (!w->content_length || !im_str_u64(im_str(w->content_length), UINT64_MAX, &n))
		return refuse(ret_http, 411, err, IM_INVALID, "a form without a length");
	if (n > IM_FORM_MAX)
		return refuse(ret_http, 413, err, IM_QUOTA, "the form is too large");
	type = im_str_trim(im_str_cut(&type, ';'));
	if (!im_str_isi(type, "application/x-www-form-urlencoded"))
		return refuse(ret_http, 415, err, IM_INVALID, "a form of a type that no page of ours sends");
	body = im_arena_alloc(r->arena, (size_t)n + 1);
	got = im_read_full(w->body_fd, body, (size_t)n);
	if (got < 0 || (uint64_t)got != n)
		return refuse(ret_http, 400, err, IM_INVALID, "the form ended early");
	st = im_form_parse((struct im_str) { body, (size_t)n }, IM_FIELDS_MAX, r->arena, fields, err);
	if (st != IM_OK) {
		*ret_http = 400;
		return im_err_prefix(err, "form");
	}
	r->form = fields;
	return IM_OK;
}

void
im_request_wishes(const struct im_wire *w, struct im_request *r)
{
	/* no browser names this type when it opens a page, so weights need not be compared */
	r->wants_json = w->accept && strstr(w->accept, "application/json");
	r->wants_fragment = w->requested_with && strcmp(w->requested_with, "intimail") == 0;
}

const char *
im_query(const struct im_request *r, const char *name)
{
	return im_form_get(r->query, name);
}

const char *
im_form(const struct im_request *r, const char *name)
{
	return im_form_get(r->form, name);
}

const char *
im_form_text(const struct im_request *r, const char *name)
{
	struct im_str s = im_str_trim(im_str(im_form(r, name)));

	return s.n == 0 ? "" : im_arena_strndup(r->arena, s.p, s.n);
}

const char *
im_cookie(const struct im_request *r, const char *name)
{
	return im_cookie_get(r->cookies, name, r->arena);
}
