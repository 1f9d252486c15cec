/*
 * storage.c - what takes the room; and who wrote to a throw-away address
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>

#include "mail/aliaslog.h"
#include "mail/largest.h"
#include "mail/quota.h"
#include "rules.h"
#include "web/folders.h"

static void
set_quota(struct im_request *r, struct im_value *model, uint64_t used, uint64_t quota)
{
	struct im_arena *a = r->arena;
	uint64_t percent = quota > 0 ? used / (quota / 100 + 1) : 0;

	im_v_set_int(a, model, "used", (int64_t)used);
	im_v_set_int(a, model, "quota", (int64_t)quota);
	im_v_set_str(a, model, "used_text", im_size_for(r->lang, used, a));
	im_v_set_str(a, model, "quota_text", quota > 0 ? im_size_for(r->lang, quota, a) : NULL);
	im_v_set_int(a, model, "percent", (int64_t)(percent < 100 ? percent : 100));
	im_v_set_bool(a, model, "nearly_full", percent >= 80);
}

static void
set_room(struct im_request *r, struct im_value *model, const struct im_room *room)
{
	struct im_arena *a = r->arena;
	struct im_value *folders = im_v_set_array(a, model, "usage"),
			*large = im_v_set_array(a, model, "largest");

	for (size_t i = 0; i < room->nfolders; i++) {
		const struct im_folder_use *u = &room->folders[i];
		struct im_value *v = im_v_add_object(a, folders);

		im_v_set_str(a, v, "name", u->mailbox);
		im_v_set_str(a, v, "label", im_folder_label(r->lang, u->mailbox, a));
		im_v_set_str(a, v, "url", im_url_below(a, "/mail", u->mailbox));
		im_v_set_int(a, v, "bytes", (int64_t)u->bytes);
		im_v_set_str(a, v, "size_text", im_size_for(r->lang, u->bytes, a));
		im_v_set_str(
		    a, v, "messages_text", im_tr_count(r->lang, "%d message", "%d messages", u->messages, a));
	}
	for (int i = 0; i < room->nlarge; i++) {
		const struct im_large *l = &room->large[i];
		struct im_value *v = im_v_add_object(a, large);

		im_v_set_str(a, v, "url", im_url_below(a, im_url_below(a, "/mail", l->mailbox), l->id));
		im_v_set_str(a, v, "subject", l->subject);
		im_v_set_str(a, v, "from", l->from);
		im_v_set_str(a, v, "folder", im_folder_label(r->lang, l->mailbox, a));
		im_v_set_int(a, v, "size", (int64_t)l->size);
		im_v_set_str(a, v, "size_text", im_size_for(r->lang, l->size, a));
		im_v_set_str(
		    a, v, "date_text", l->arrived >= 0 ? im_date_short(r->lang, l->arrived, r->now, a) : "");
	}
}

enum im_status
storage_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_room room = { 0 };
	struct im_usage u = { 0 };
	struct im_store s;
	uint64_t quota = 0, used = 0;

	enum im_status st = im_store_open(r->conf->mail_root, r->session->uid, false, &s, err);
	if (st == IM_OK) {
		if (!im_quota_recorded(&s, &quota, &u))
			quota = 0;
		st = im_room_read(&s, r->arena, &room, err);
		im_store_close(&s);
	} else if (st == IM_NOTFOUND) {
		st = IM_OK; /* nothing was ever delivered */
	}
	if (st != IM_OK)
		return st;
	for (size_t i = 0; i < room.nfolders; i++)
		used += room.folders[i].bytes;
	resp->title = im_tr(r->lang, "Storage");
	im_v_set_bool(r->arena, model, "at_storage", true);
	set_quota(r, model, used, quota);
	set_room(r, model, &room);
	return IM_OK;
}

enum im_status
address_show(struct im_request *r, struct im_response *resp, struct im_value *model, struct im_err *err)
{
	struct im_arena *a = r->arena;
	struct im_aliaslog_line *l = NULL;
	uint64_t count = 0;
	int n = 0;

	enum im_status st = im_aliaslog_read(r->conf, r->session->uid, r->args[0], a, &l, &n, &count, err);
	if (st != IM_OK)
		return st == IM_INVALID ? (err->st = IM_NOTFOUND) : st;
	resp->title = r->args[0];
	im_v_set_bool(a, model, "at_addresses", true);
	im_v_set_str(a, model, "address", r->args[0]);
	im_v_set_int(a, model, "count", (int64_t)count);
	im_v_set_str(a, model, "count_text", im_tr_count(r->lang, "%d message", "%d messages", count, a));
	im_v_set_bool(a, model, "cut", count > (uint64_t)n);
	struct im_value *lines = im_v_set_array(a, model, "senders");
	while (n-- > 0) {
		struct im_value *v = im_v_add_object(a, lines);

		im_v_set_str(a, v, "sender",
		    l[n].sender[0] != '\0' ? l[n].sender : im_tr(r->lang, "(a notice of a mail server)"));
		im_v_set_str(a, v, "date_text", im_date_long(r->lang, l[n].when, a));
		im_v_set_int(a, v, "when", l[n].when);
	}
	return IM_OK;
}
