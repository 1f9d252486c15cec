/*
 * request.h - what the transport gave, and the request that is made of it
 *
 * struct im_wire is filled by app.c from the CGI variables (RFC 3875 4.1), by tests from literals. Everything in it is
 * hostile; NULL stands for absent.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_REQUEST_H
#define IM_REQUEST_H

#include "web/app.h"
#include "web/form.h"

enum { IM_SEGMENTS_MAX = 8 };

struct im_wire {
	const char *method, *uri; /* uri: as sent, with the query */
	const char *accept, *accept_language, *requested_with;
	const char *cookie, *fetch_site, *origin, *host;
	const char *content_type, *content_length;
	const char *remote_addr, *user_agent;
	bool https;
	int body_fd;
};

/* a path in decoded segments; "/" has none */
struct im_path {
	const char *text; /* "/mail/INBOX" */
	const char *seg[IM_SEGMENTS_MAX];
	size_t n;
};

/*
 * All below: IM_OK, or a failure with *ret_http set to the status of the answer (RFC 9110 15.5).
 * im_request_target: 400 broken encoding, 404 what cannot be a page ("..", empty segments), 414 too long.
 */
enum im_status im_request_target(const struct im_wire *w, struct im_request *r, struct im_path *ret,
    int *ret_http, struct im_err *err) IM_MUSTUSE;
/* im_request_same_origin - does this POST come from a page of ours? Sec-Fetch-Site, else Origin (Fetch Metadata) */
enum im_status im_request_same_origin(
    const struct im_wire *w, struct im_arena *a, int *ret_http, struct im_err *err) IM_MUSTUSE;
/* im_request_body - read and parse the form; 411, 413, 415, 400 */
enum im_status im_request_body(
    const struct im_wire *w, struct im_request *r, int *ret_http, struct im_err *err) IM_MUSTUSE;
/* im_request_wishes - JSON, fragment: from Accept and X-Requested-With */
void im_request_wishes(const struct im_wire *w, struct im_request *r);

#endif
