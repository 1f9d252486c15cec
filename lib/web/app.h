/*
 * app.h - a page program: a table of routes and one call
 *
 * im_app_main() owns what is common to every page: limits, request parsing, session, CSRF, methods, confinement,
 * security headers, rendering (page, fragment or JSON of the same model), error pages and the log line. A handler
 * is short: it fills a model and names nothing about HTTP.
 *
 * The transport is hidden: nothing but app.c knows that the request came by CGI (RFC 3875).
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_APP_H
#define IM_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"
#include "web/i18n.h"

enum { IM_URL_MAX = 8192, IM_FORM_MAX = 64 * 1024, IM_FIELDS_MAX = 1000, IM_PATH_ARGS_MAX = 6 };

enum im_method { IM_GET = 1, IM_POST = 2 }; /* HEAD is answered as GET without a body; anything else 405 */

struct im_session {
	char uid[65];
	int64_t created, used;
	int64_t ends;             /* seconds, 0 = none: of a temporary account, exactly then */
	unsigned char secret[32]; /* for the CSRF token */
	char token_hash[65];      /* names the file */
	/* what the directory said when it began, or the settings page since: no page needs the directory for them. "" = none */
	char language[8], look[8], density[12], timezone[64];
	bool admin; /* only a hint, whether to show the link: what is allowed slapd decides */
	/* of the browser that signed in, for "active sessions": its address and a few words */
	char address[46], agent[48];
};

struct im_request {
	enum im_method method;
	bool head;
	const char *path; /* decoded, "/mail/INBOX/..." */
	const char *args
	    [IM_PATH_ARGS_MAX]; /* what the {} of the pattern matched, decoded, valid UTF-8 without control characters */
	bool wants_json, wants_fragment;
	const struct im_lang *lang;
	const struct im_conf *conf;
	struct im_session *session;           /* NULL when not signed in */
	const char *remote_addr, *user_agent; /* never NULL */
	struct im_arena *arena;               /* lives as long as the request */
	int64_t now;                          /* seconds; one time for the whole page */
	/* private to lib/web */
	const struct im_form *query, *form;
	const char *cookies;
};

/* a query or form field, the first of that name; NULL when absent. Values are valid UTF-8 without NUL */
const char *im_query(const struct im_request *r, const char *name);
const char *im_form(const struct im_request *r, const char *name);
/* im_form_text - a field of the form without blanks around it, in the arena; "" when absent. Not for passwords */
const char *im_form_text(const struct im_request *r, const char *name);
/* a cookie as the browser sent it: anything without control characters; NULL when absent */
const char *im_cookie(const struct im_request *r, const char *name);

/* what a handler may say besides its model */
struct im_response {
	const char *template_name; /* preset from the route; may be changed */
	const char *redirect;      /* local path: 303 See Other instead of a page */
	int status;                /* 200 unless set */
	const char *title;         /* translated */
	const char *
	    error_text; /* with a failure or status >= 400: what the page says, translated; else a text by status */
	int retry_after;   /* seconds, with 429 and 503 */
	const char *allow; /* with 405 */
	/* a body of its own instead of a rendered model: raw source, a part, the HTML frame */
	const char *content_type; /* set: the body below is sent */
	/*
	 * chooses the security headers: a page; an attachment (always application/octet-stream); the HTML of a message; png,
	 * gif, jpeg or webp shown in the page (anything else becomes a download); text/plain for reading
	 */
	enum { IM_FRAME_NONE, IM_FRAME_DOWNLOAD, IM_FRAME_HTML, IM_FRAME_INLINE_IMAGE, IM_FRAME_TEXT } kind;
	bool allow_remote_images; /* IM_FRAME_HTML: img-src https: for this one answer */
	const char *filename;     /* Content-Disposition: attachment */
	struct im_buf body;
	/*
	 * or streamed after the headers: called with an empty chunk (64 KiB fit) until it returns false; what it added then is
	 * still sent. stream_size: all of it, when it is known (Content-Length); then exactly so many bytes must come
	 */
	bool (*stream)(void *arg, struct im_buf *chunk);
	void *stream_arg;
	bool has_stream_size;
	uint64_t stream_size;
	const char *cookies[4]; /* sign-in and sign-out only: values of Set-Cookie */
	bool clear_site_data;
};

enum { IM_STREAM_CHUNK = 64 * 1024 };

enum {
	IM_R_AUTH = 1,      /* needs a session; else the sign-in page (or 401 as JSON) */
	IM_R_FRAGMENT = 2,  /* may be asked as a fragment by the script */
	IM_R_PRESESSION = 4 /* a form without a session (sign-in): protected by a cookie of its own */
};

/*
 * A failure becomes an error page: its HTTP status by im_http(), or resp->status when that is set to 400 or more; its text
 * by the status, or resp->error_text. err->msg goes to the log only: it may name paths. A handler that returns IM_OK with
 * a status of 400 or more shows its own template with that status.
 */
typedef enum im_status im_handler(
    struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err);

struct im_route {
	enum im_method method;
	const char *pattern;       /* "/mail/{}/{}": {} is one segment */
	const char *template_name; /* or NULL */
	unsigned flags;
	im_handler *run;
};

struct im_app {
	const char *name; /* "list", for the log */
	const struct im_route *routes;
	size_t nroutes;
	/* which paths the program keeps after the session is known; mail programs: that person's Maildir */
	bool uses_mail;      /* confine to <mail_root>/<uid>/Maildir rw, templates and locale ro */
	bool uses_directory; /* sign-in: sessions, throttle rw; may connect to slapd */
	/* settings, administration (as pages_user): sessions, resets and a throttle of their own rw; slapd, the helper */
	bool acts_in_directory;
	bool reads_gconv, reads_magic; /* charset modules, libmagic's data base */
	/* its answers are shown in a frame of ours: errors as well, and no sign-in page (which lets no frame show it) */
	bool framed;
};

int im_app_main(const struct im_app *app);

/* what every HTML model gets besides: lang, user, csrf, title, has_session, style_url, script_url, home_url,
 * logout_url, settings_url, admin_url (administrators), look and density (null = the system's) */

/* im_url - percent-encode a path segment or query value into the arena; URLs are built in C and end up under keys named *_url */
const char *im_url_segment(struct im_arena *a, const char *s);
/* im_url_below - "base/segment" for a base that is encoded already */
const char *im_url_below(struct im_arena *a, const char *base, const char *segment);
/* im_urlf(arena, format, ...) - %s arguments must be encoded already */
#define im_urlf(...) im_arena_fmt(__VA_ARGS__)
/*
 * im_url_local - is this a page of ours, safe to send a browser to after sign-in: "/mail/...", "/settings...", "/admin...",
 * encoded, no "//" or ".."
 */
bool im_url_local(const char *s);

#endif
