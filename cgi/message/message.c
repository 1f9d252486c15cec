/*
 * message.c - the page of one message
 *
 * Opening a message marks it as read: the one change that a GET makes.
 *
 * SPDX-License-Identifier: ISC
 */
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "mail/header.h"
#include "web/folders.h"
#include "web/html.h"

static enum im_status
not_here(const struct im_request *r, struct im_response *resp, const char *id, struct im_err *err)
{
	resp->error_text =
	    im_tr(r->lang, "This message is not in this folder. It may have been moved or deleted.");
	return im_fail(err, IM_NOTFOUND, "user %s has no message %s in %s", r->session->uid, id, r->args[0]);
}

/* map - the whole file; pages are read as they are needed */
static enum im_status
map(int fd, struct im_str *ret, struct im_err *err)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return im_fail_errno(err, errno, "a message cannot be read");
	*ret = (struct im_str) { "", 0 };
	if (st.st_size <= 0)
		return IM_OK;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return im_fail_errno(err, errno, "a message cannot be read");
	*ret = (struct im_str) { p, (size_t)st.st_size };
	return IM_OK;
}

static enum im_status
find_and_map(struct message *m, const struct im_mail_at *at, const char *id, struct im_response *resp,
    struct im_err *err)
{
	enum im_status st;
	int fd = -1;

	if (at->empty)
		return not_here(m->r, resp, id, err);
	st = im_index_find(&at->box, id, m->r->arena, &m->entry, err);
	if (st == IM_OK)
		st = im_index_open_message(&at->box, &m->entry, &fd, err);
	if (st == IM_NOTFOUND || st == IM_INVALID)
		return not_here(m->r, resp, id, err);
	if (st != IM_OK)
		return st;
	st = map(fd, &m->raw, err);
	(void)close(fd);
	return st;
}

/* mark_read - a message that is shown was seen; that it cannot be marked is no reason not to show it */
static void
mark_read(const struct message *m, const struct im_mail_at *at)
{
	struct im_err err;

	if (m->r->head || strchr(m->entry.flags, 'S'))
		return;
	if (im_index_set_flags(&at->box, m->entry.id, "S", "", &err) != IM_OK)
		im_warn("a message was not marked as read: %s", err.msg);
}

/* html_fits - within what the frame shows (the size is judged before decoding: base64 grows by a third) */
static bool
html_fits(const struct message *m)
{
	return m->html >= 0 && m->mime.parts[m->html].body_len <= IM_HTML_MAX_IN / 3 * 4;
}

/* choose_view - HTML where there is some that can be shown: people expect what the sender made */
static enum message_view
choose_view(const struct message *m)
{
	const char *want = im_query(m->r, "view");

	if (want && strcmp(want, "headers") == 0)
		return VIEW_HEADERS;
	if ((want && strcmp(want, "text") == 0) || !html_fits(m))
		return VIEW_TEXT;
	return VIEW_HTML;
}

static void
add_view(const struct message *m, struct im_value *views, const char *label, const char *url, bool current)
{
	struct im_arena *a = m->r->arena;
	struct im_value *v = im_v_add_object(a, views);

	im_v_set_str(a, v, "url", url);
	im_v_set_bool(a, v, "current", current);
	im_v_set_str(a, v, "label", im_tr(m->r->lang, label));
}

static void
set_views(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;
	struct im_value *views = im_v_set_array(a, model, "views");
	bool html = html_fits(m);

	if (html)
		add_view(m, views, /* N_ */ "Message", m->url, m->view == VIEW_HTML);
	add_view(m, views, html ? /* N_ */ "Text only" : /* N_ */ "Message",
	    html ? im_urlf(a, "%s?view=text", m->url) : m->url, m->view == VIEW_TEXT);
	add_view(
	    m, views, /* N_ */ "Headers", im_urlf(a, "%s?view=headers", m->url), m->view == VIEW_HEADERS);
}

/* set_subject - whole: the index holds its beginning only */
static void
set_subject(const struct message *m, struct im_value *model)
{
	struct im_str raw;
	struct im_buf text;

	im_buf_init(&text, MESSAGE_FIELD_MAX);
	if (im_header_get(m->mime.header, "Subject", &raw))
		im_header_text(raw, &text);
	im_v_set_span(m->r->arena, model, "subject", im_str_trim(im_buf_str(&text)));
	im_buf_done(&text);
}

static void
set_head(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;

	im_v_set_str(a, model, "id", m->entry.id);
	set_subject(m, model);
	im_v_set_str(a, model, "date_text", im_date_long(m->r->lang, m->entry.unixtimestamp, a));
	im_v_set_int(a, model, "unixtimestamp", m->entry.unixtimestamp);
	im_v_set_str(a, model, "queueid", m->entry.queueid);
	im_v_set_int(a, model, "size", (int64_t)m->entry.size);
	im_v_set_str(a, model, "raw_url", im_urlf(a, "%s/raw", m->url));
	message_people(m, model);
	set_views(m, model);
}

static void
set_body(const struct message *m, struct im_value *model)
{
	struct im_arena *a = m->r->arena;

	im_v_set_bool(a, model, "show_html", m->view == VIEW_HTML);
	im_v_set_bool(a, model, "show_headers", m->view == VIEW_HEADERS);
	if (m->view == VIEW_HTML)
		message_html(m, model);
	if (m->view == VIEW_HEADERS)
		message_fields(m, model);
	else
		message_text(
		    m, model); /* under a frame: the text parts that are not the HTML in other words */
	message_files(m, model);
}

static enum im_status
make_page(struct message *m, const struct im_mail_at *at, struct im_value *model, struct im_err *err)
{
	struct im_counts counts = { 0 };
	struct im_err ignored;

	im_mime_parse(m->raw, &m->mime);
	m->text = im_mime_text_part(&m->mime);
	m->html = im_mime_html_part(&m->mime);
	m->view = choose_view(m);
	mark_read(m, at);
	/* after marking: the rail tells what is unread now */
	if (im_index_counts(&at->box, &counts, &ignored) != IM_OK)
		counts = (struct im_counts) { 0 };
	set_head(m, model);
	set_body(m, model);
	im_mime_done(&m->mime);
	return im_folders_model(m->r, at, &counts, model, err);
}

enum im_status
message_page(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct message m = { .r = r };
	struct im_mail_at at;
	enum im_status st;

	st = im_mail_at_open(r, resp, r->args[0], &at, err);
	if (st != IM_OK)
		return st;
	st = find_and_map(&m, &at, r->args[1], resp, err);
	if (st == IM_OK) {
		m.url = im_urlf(r->arena, "/mail/%s/%s", im_url_segment(r->arena, r->args[0]),
		    im_url_segment(r->arena, m.entry.id));
		st = make_page(&m, &at, model, err);
		resp->title = *m.entry.subject ? m.entry.subject : im_tr(r->lang, "(no subject)");
		if (m.raw.n)
			(void)munmap((void *)(uintptr_t)m.raw.p, m.raw.n);
	}
	im_mail_at_close(&at);
	return st;
}
