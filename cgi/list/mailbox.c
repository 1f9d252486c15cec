/*
 * mailbox.c - one page of a mailbox's list
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "list.h"
#include "web/folders.h"

/* display_name - 'Ann <a@b>, c@d' -> 'Ann, c@d': what fits in a row. The message page always shows the address */
static struct im_str
display_name(struct im_arena *a, const char *people)
{
	struct im_str in = im_str(people);
	const char *open = memchr(people, '<', in.n);
	char *out;
	size_t n = 0;

	if (!open || open == people)
		return in;
	out = im_arena_strndup(a, in.p, in.n);
	for (size_t i = 0; i < in.n; i++) {
		const char *close = in.p[i] == '<' ? memchr(in.p + i, '>', in.n - i) : NULL;

		if (close && n > 0 && out[n - 1] == ' ') {
			n--;
			i = (size_t)(close - in.p);
		} else {
			out[n++] = in.p[i];
		}
	}
	return im_str_trim((struct im_str) { out, n });
}

/* in what one sent or is writing, the other people are the recipients */
static bool
shows_recipients(const char *mailbox)
{
	return strcmp(mailbox, "Sent") == 0 || strcmp(mailbox, "Drafts") == 0;
}

struct row {
	const struct im_request *r;
	const char *base; /* "/mail/INBOX" */
	bool recipients;
};

static void
add_message(const struct row *row, struct im_value *arr, const struct im_entry *e)
{
	struct im_arena *a = row->r->arena;
	struct im_value *m = im_v_add_object(a, arr);
	struct im_str who = display_name(a, row->recipients ? e->to : e->from);

	if (!who.n)
		who = im_str(im_tr(
		    row->r->lang, row->recipients ? /* N_ */ "(no recipient)" : /* N_ */ "(unknown sender)"));
	/* in the order in which the template asks; the texts are in the arena already */
	im_v_set_bool(a, m, "unread", strchr(e->flags, 'S') == NULL);
	im_v_set_ref(a, m, "url", im_str(im_url_below(a, row->base, e->id)));
	im_v_set_ref(a, m, "from_name", who);
	im_v_set_ref(a, m, "subject", im_str(e->subject));
	im_v_set_ref(a, m, "snippet", im_str(e->snippet));
	im_v_set_bool(a, m, "attachments", e->attachments > 0);
	im_v_set_ref(
	    a, m, "date_text", im_str(im_date_short(row->r->lang, e->unixtimestamp, row->r->now, a)));
	if (!row->r->wants_json) /* the page shows none of the rest */
		return;
	im_v_set_str(a, m, "id", e->id);
	im_v_set_str(a, m, "from", e->from);
	im_v_set_str(a, m, "to", e->to);
	im_v_set_str(a, m, "timestamp", e->timestamp);
	im_v_set_int(a, m, "unixtimestamp", e->unixtimestamp);
	im_v_set_str(a, m, "queueid", e->queueid);
	im_v_set_int(a, m, "size", (int64_t)e->size);
	im_v_set_str(a, m, "status", e->flags);
	im_v_set_int(a, m, "pj", e->attachments);
}

/* read_page - the entries asked for by ?older=ID or ?newer=ID; the newest ones otherwise */
static enum im_status
read_page(struct im_request *r, const struct im_mailbox *box, struct im_page *ret, struct im_err *err)
{
	const char *older = im_query(r, "older"), *newer = im_query(r, "newer");
	enum im_status st;

	if (older)
		return im_index_page(box, IM_PAGE_OLDER_THAN, older, r->conf->page_size, r->arena, ret, err);
	if (newer) {
		st = im_index_page(box, IM_PAGE_NEWER_THAN, newer, r->conf->page_size, r->arena, ret, err);
		/* the last step up would show a page that is not full: show the first page whole instead */
		if (st != IM_OK || ret->has_newer || ret->n >= r->conf->page_size)
			return st;
	}
	return im_index_page(box, IM_PAGE_NEWEST, NULL, r->conf->page_size, r->arena, ret, err);
}

static void
set_page_url(struct im_arena *a, struct im_value *model, const char *key, const char *base, const char *query,
    const struct im_entry *e)
{
	im_v_set_str(a, model, key, e ? im_urlf(a, "%s?%s=%s", base, query, im_url_segment(a, e->id)) : NULL);
}

static void
set_messages(const struct row *row, struct im_value *model, const struct im_page *page)
{
	struct im_arena *a = row->r->arena;
	const struct im_entry *first = page->n ? &page->e[0] : NULL,
			      *last = page->n ? &page->e[page->n - 1] : NULL;
	struct im_value *arr = im_v_set_array(a, model, "messages");

	for (int i = 0; i < page->n; i++)
		add_message(row, arr, &page->e[i]);
	set_page_url(a, model, "older_url", row->base, "older", page->has_older ? last : NULL);
	set_page_url(a, model, "newer_url", row->base, "newer", page->has_newer ? first : NULL);
}

enum im_status
list_mailbox(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	const char *name = r->args[0];
	struct row row = { .r = r, .recipients = shows_recipients(name) };
	struct im_page page = { 0 };
	struct im_mail_at at;
	enum im_status st;

	st = im_mail_at_open(r, resp, name, &at, err);
	if (st != IM_OK)
		return st;
	row.base = im_urlf(r->arena, "/mail/%s", im_url_segment(r->arena, name));
	if (!at.empty)
		st = read_page(r, &at.box, &page, err);
	if (st == IM_OK)
		st = im_folders_model(r, &at, &page.counts, model, err);
	if (st == IM_OK) {
		const char *label = im_folder_label(r->lang, name, r->arena);
		uint64_t unread = page.counts.unread;

		resp->title =
		    unread ? im_arena_fmt(r->arena, "%s (%llu)", label, (unsigned long long)unread) : label;
		set_messages(&row, model, &page);
	}
	im_mail_at_close(&at);
	return st;
}
