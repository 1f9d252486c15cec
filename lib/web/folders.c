/*
 * folders.c - the folders of a person, for the rail and the menu of every page
 *
 * Each count is one header line of an index, so the rail costs a few system calls a folder, whatever is in it.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/folders.h"

#include <stdlib.h>
#include <string.h>

#define INBOX "INBOX"

/* the names that Maildir software gives these folders, and ours; the name is the icon's too */
static const struct well_known {
	const char *name, *label;
} well_known[] = {
	{ INBOX, /* N_ */ "Inbox" },
	{ "Drafts", /* N_ */ "Drafts" },
	{ "Sent", /* N_ */ "Sent" },
	{ "Archive", /* N_ */ "Archive" },
	{ "Junk", /* N_ */ "Junk" },
	{ "Trash", /* N_ */ "Trash" },
};

static const struct well_known *
find_well_known(const char *name)
{
	for (size_t i = 0; i < IM_COUNT(well_known); i++)
		if (strcmp(well_known[i].name, name) == 0)
			return &well_known[i];
	return NULL;
}

static enum im_status
no_folder(const struct im_request *r, struct im_response *resp, const char *name, struct im_err *err)
{
	resp->error_text = im_tr(r->lang, "There is no folder of this name.");
	return im_fail(err, IM_NOTFOUND, "user %s has no mailbox %s", r->session->uid, name);
}

enum im_status
im_mail_at_open(const struct im_request *r, struct im_response *resp, const char *name,
    struct im_mail_at *ret, struct im_err *err)
{
	struct im_mail_at at = { .empty = false };
	enum im_status st;

	if (!im_mailbox_name_valid(name))
		return no_folder(r, resp, name, err);
	st = im_store_open(r->conf->mail_root, r->session->uid, false, &at.store, err);
	if (st == IM_NOTFOUND && strcmp(name, INBOX) == 0) {
		ret->empty = true;
		return IM_OK;
	}
	if (st == IM_OK) {
		st = im_mailbox_open(&at.store, name, false, &at.box, err);
		if (st != IM_OK)
			im_store_close(&at.store);
	}
	if (st == IM_NOTFOUND)
		return no_folder(r, resp, name, err);
	if (st == IM_OK)
		*ret = at;
	return st;
}

void
im_mail_at_close(struct im_mail_at *at)
{
	if (at->empty)
		return;
	im_mailbox_close(&at->box);
	im_store_close(&at->store);
}

const char *
im_folder_label(const struct im_lang *l, const char *name, struct im_arena *a)
{
	const struct well_known *w = find_well_known(name);
	struct im_buf label;
	const char *ret;

	if (w)
		return im_tr(l, w->label);
	im_buf_init(&label, 4 * IM_MAILBOX_NAME_MAX);
	im_mailbox_display(name, &label);
	ret = im_arena_strndup(a, label.p, label.n);
	im_buf_done(&label);
	return ret;
}

/* counts_of - of another folder than the one at hand; zeros where it cannot be read: it says so itself when opened */
static struct im_counts
counts_of(const struct im_store *s, const char *name)
{
	struct im_counts c = { 0 };
	struct im_err ignored;

	if (im_index_counts_at(s, name, &c, &ignored) != IM_OK)
		c = (struct im_counts) { 0 };
	return c;
}

static void
set_common(
    struct im_arena *a, struct im_value *v, const char *name, const char *label, const struct im_counts *c)
{
	im_v_set_str(a, v, "url", im_urlf(a, "/mail/%s", im_url_segment(a, name)));
	im_v_set_str(a, v, "label", label);
	im_v_set_str(a, v, "name", name);
	im_v_set_int(a, v, "total", (int64_t)c->total);
	im_v_set_int(a, v, "unread", (int64_t)c->unread);
}

static void
add_folder(const struct im_request *r, struct im_value *arr, const char *name, bool current,
    const struct im_counts *c)
{
	struct im_value *f = im_v_add_object(r->arena, arr);

	set_common(r->arena, f, name, im_folder_label(r->lang, name, r->arena), c);
	im_v_set_str(r->arena, f, "icon", find_well_known(name) ? name : "folder");
	im_v_set_bool(r->arena, f, "current", current);
}

static void
set_mailbox(const struct im_request *r, struct im_value *model, const char *name, const struct im_counts *c)
{
	struct im_arena *a = r->arena;
	struct im_value *m = im_v_set_object(a, model, "mailbox");
	const char *total = im_tr_count(r->lang, "%d message", "%d messages", c->total, a);

	set_common(a, m, name, im_folder_label(r->lang, name, a), c);
	if (c->unread)
		total = im_arena_fmt(
		    a, "%s, %s", total, im_tr_count(r->lang, "%d unread", "%d unread", c->unread, a));
	im_v_set_str(a, m, "summary", total);
}

enum im_status
im_folders_model(const struct im_request *r, const struct im_mail_at *at, const struct im_counts *counts,
    struct im_value *model, struct im_err *err)
{
	const char *here = at->empty ? INBOX : at->box.name;
	struct im_value *arr;
	char **names;
	size_t n = 0;
	enum im_status st;

	set_mailbox(r, model, here, counts);
	arr = im_v_set_array(r->arena, model, "folders");
	if (at->empty) {
		add_folder(r, arr, INBOX, true, counts);
		return IM_OK;
	}
	st = im_mailbox_list(&at->store, &names, &n, err);
	if (st != IM_OK)
		return st;
	for (size_t i = 0; i < n; i++) {
		bool current = strcmp(names[i], here) == 0;
		struct im_counts c = current ? *counts : counts_of(&at->store, names[i]);

		add_folder(r, arr, names[i], current, &c);
		free(names[i]);
	}
	free(names);
	return IM_OK;
}
