/*
 * page.c - loading templates, the layout, texts of error pages
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/page.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "web/template.h"

/* templates read for this page; a partial used fifty times is read once */
struct shelf {
	int dirfd;
	struct im_arena *arena;
	struct {
		const char *name;
		struct im_str text;
	} held[IM_PAGE_TEMPLATES_MAX];
	size_t n;
	struct im_err err; /* why a partial could not be read */
};

static bool
name_valid(struct im_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-')
			return false;
	}
	return name.n > 0 && name.n < 64;
}

static enum im_status
read_template(struct shelf *s, const char *file, struct im_str *ret, struct im_err *err)
{
	int fd = openat(s->dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum im_status st = IM_OK;
	struct stat sb;
	char *p;

	if (fd < 0)
		return im_fail(err, IM_CONFIG, "template %s: %s", file, strerror(errno));
	if (fstat(fd, &sb) < 0 || !S_ISREG(sb.st_mode) || sb.st_size > IM_TEMPLATE_MAX_BYTES) {
		st = im_fail(err, IM_CONFIG, "template %s: not a file of at most %d bytes", file,
		    IM_TEMPLATE_MAX_BYTES);
	} else {
		p = im_arena_alloc(s->arena, (size_t)sb.st_size + 1);
		if (im_read_full(fd, p, (size_t)sb.st_size) != sb.st_size)
			st = im_fail(err, IM_TEMP, "template %s cannot be read", file);
		else
			*ret = (struct im_str) { p, (size_t)sb.st_size };
	}
	close(fd);
	return st;
}

static enum im_status
take(struct shelf *s, struct im_str name, struct im_str *ret, struct im_err *err)
{
	char file[80];
	enum im_status st;

	for (size_t i = 0; i < s->n; i++) {
		if (im_str_is(name, s->held[i].name)) {
			*ret = s->held[i].text;
			return IM_OK;
		}
	}
	if (!name_valid(name) || !im_fmt(file, sizeof file, "%.*s.html", (int)name.n, name.p))
		return im_fail(err, IM_CONFIG, "template %.*s: not a name", (int)name.n, name.p);
	if (s->n == IM_PAGE_TEMPLATES_MAX)
		return im_fail(err, IM_CONFIG, "template %s: one too many", file);
	st = read_template(s, file, ret, err);
	if (st == IM_OK) {
		s->held[s->n].name = im_arena_strndup(s->arena, name.p, name.n);
		s->held[s->n++].text = *ret;
	}
	return st;
}

static bool
partial(void *arg, struct im_str name, struct im_str *ret)
{
	struct shelf *s = arg;

	return take(s, name, ret, &s->err) == IM_OK;
}

static enum im_status
render_one(struct shelf *s, const struct im_request *r, const char *name, const struct im_value *model,
    struct im_buf *out, struct im_err *err)
{
	struct im_template_env env = { .partial = partial, .arg = s, .lang = r->lang };
	struct im_str text = { 0 };
	enum im_status st = take(s, im_str(name), &text, err);

	if (st != IM_OK)
		return st;
	s->err.st = IM_OK;
	st = im_template_render(text, model, &env, out, err);
	if (st != IM_OK && s->err.st != IM_OK)
		*err = s->err; /* says more than "there is no partial" */
	return st == IM_OK ? IM_OK : im_err_prefix(err, "template %s", name);
}

enum im_status
im_page_render(const struct im_request *r, const char *template_name, bool fragment,
    const struct im_value *model, struct im_buf *out, struct im_err *err)
{
	const char *dir = im_arena_fmt(r->arena, "%s/templates", r->conf->share_dir);
	struct shelf *s = im_arena_alloc(r->arena, sizeof *s);
	enum im_status st = IM_OK;

	s->arena = r->arena;
	s->dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return im_fail(err, IM_CONFIG, "templates in %s: %s", dir, strerror(errno));
	if (!fragment)
		st = render_one(s, r, "_head", model, out, err);
	if (st == IM_OK)
		st = render_one(s, r, template_name, model, out, err);
	if (st == IM_OK && !fragment)
		st = render_one(s, r, "_foot", model, out, err);
	close(s->dirfd);
	return st;
}

static const struct say {
	int status;
	const char *title, *text;
} says[] = {
	{ 400, /* N_ */ "This address or form is not right",
	    /* N_ */ "The server did not understand it. Go back and try again." },
	{ 401, /* N_ */ "Please sign in", /* N_ */ "Your session has ended. Sign in again to go on." },
	{ 403, /* N_ */ "This is not allowed", /* N_ */
	    "The form was too old, or it was not sent from a page of this site. Open the page again and "
	    "repeat what you did." },
	{ 404, /* N_ */ "There is no such page",
	    /* N_ */ "The message or folder may have been moved or deleted." },
	{ 405, /* N_ */ "This does not work here", /* N_ */ "The page cannot be asked in this way." },
	{ 409, /* N_ */ "It has changed meanwhile",
	    /* N_ */ "Somebody or another program changed it. Open the page again and repeat what you did." },
	{ 413, /* N_ */ "This is too large", /* N_ */ "What was sent is over the limit." },
	{ 414, /* N_ */ "This address is too long",
	    /* N_ */ "The server did not understand it. Go back and try again." },
	{ 429, /* N_ */ "Too many tries", /* N_ */ "Wait a moment, then try again." },
	{ 503, /* N_ */ "Not available right now",
	    /* N_ */ "A part of the server does not answer. Nothing was lost; try again in a minute." },
	/* the last is for all others */
	{ 500, /* N_ */ "Something went wrong",
	    /* N_ */ "The server could not make this page. The administrator finds the reason in the log." },
};

static const struct say *
say(int status)
{
	size_t i = 0;

	if (status == 411 || status == 415)
		status = 400;
	while (i + 1 < IM_COUNT(says) && says[i].status != status)
		i++;
	return &says[i];
}

const char *
im_page_error_title(const struct im_lang *l, int status)
{
	return im_tr(l, say(status)->title);
}

const char *
im_page_error_text(const struct im_lang *l, int status)
{
	return im_tr(l, say(status)->text);
}

void
im_page_error_frame(const struct im_lang *l, int status, const char *text, struct im_buf *out)
{
	static const char style[] = "<style>:root{color-scheme:light}html{background:#fff;color:#1c1c21}"
				    "body{margin:14px 16px;font:15px/1.5 system-ui,sans-serif}"
				    "h1{font-size:1.15em}</style>";
	const char *title = im_page_error_title(l, status);

	im_buf_addf(
	    out, "<!DOCTYPE html><html lang=\"%s\"><head><meta charset=\"utf-8\"><title>", im_lang_code(l));
	im_html_escape(out, im_str(title));
	im_buf_adds(out, "</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
	im_buf_adds(out, style);
	im_buf_adds(out, "</head><body><h1>");
	im_html_escape(out, im_str(title));
	im_buf_adds(out, "</h1><p>");
	im_html_escape(out, im_str(text));
	im_buf_adds(out, "</p>");
	if (status >= 500) {
		im_buf_adds(out, "<p>");
		im_html_escape(out,
		    im_str(
			im_tr(l, "The message itself is safe. Choose “Text only” above to read its text.")));
		im_buf_adds(out, "</p>");
	}
	im_buf_adds(out, "</body></html>\n");
}

void
im_page_bare(const char *title, const char *text, struct im_buf *out)
{
	im_buf_adds(out, "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>");
	im_html_escape(out, im_str(title));
	im_buf_adds(out, "</title><h1>");
	im_html_escape(out, im_str(title));
	im_buf_adds(out, "</h1><p>");
	im_html_escape(out, im_str(text));
	im_buf_adds(out, "</p>\n");
}
