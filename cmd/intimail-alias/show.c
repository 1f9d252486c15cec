/*
 * show.c - throw-away addresses as JSON or for people
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>

#include "alias.h"
#include "base/value.h"
#include "base/when.h"
#include "mail/aliaslog.h"

/* who wrote to an address; readable is false where the mailbox is not for this UNIX user to read */
struct written {
	struct im_aliaslog_line *lines;
	int n;
	uint64_t count;
	bool readable;
};

static void
read_log(struct im_dir_run *r, const struct im_alias *x, struct written *w)
{
	struct im_err ignored;

	*w = (struct written) { 0 };
	w->readable = x->owner[0] != '\0' && im_aliaslog_read(&r->conf, x->owner, x->address, &r->arena,
						 &w->lines, &w->n, &w->count, &ignored) == IM_OK;
}

static void
as_json(struct im_dir_run *r, const struct im_alias *x, const struct written *w, struct im_value *obj)
{
	struct im_arena *a = &r->arena;

	im_v_set_str(a, obj, "address", x->address);
	im_v_set_str(a, obj, "owner", x->owner);
	im_v_set_str(a, obj, "for", x->purpose);
	im_v_set_int(a, obj, "created", x->created);
	im_v_set_int(a, obj, "expires", x->expires);
	im_v_set_int(a, obj, "limit", (int64_t)x->limit);
	im_v_set_bool(a, obj, "enabled", x->enabled);
	if (!w->readable) {
		im_v_set_null(a, obj, "messages");
		im_v_set_null(a, obj, "senders");
		return;
	}
	im_v_set_int(a, obj, "messages", (int64_t)w->count);
	struct im_value *arr = im_v_set_array(a, obj, "senders");
	for (int i = 0; i < w->n; i++) {
		struct im_value *o = im_v_add_object(a, arr);
		im_v_set_int(a, o, "when", w->lines[i].when);
		im_v_set_str(a, o, "sender", w->lines[i].sender);
	}
}

/* put - a sender is a stranger's text: nothing in it may steer a terminal */
static void
put(const char *s)
{
	for (; *s; s++)
		(void)putchar((unsigned char)*s < 0x20 || *s == 0x7f || (unsigned char)*s >= 0x80 ? '?' : *s);
}

static void
print_one(const struct im_alias *x, const struct written *w)
{
	char when[24];

	printf("Address:   %s\n", x->address);
	printf("For:       %s\n", x->purpose);
	printf("Owner:     %s\n", x->owner[0] ? x->owner : "(gone)");
	printf("Made:      %s\n", im_when_text(x->created, when));
	printf("Ends:      %s\n", im_when_text(x->expires, when));
	if (x->limit > 0)
		printf("Limit:     %llu messages\n", (unsigned long long)x->limit);
	printf("Status:    %s\n", x->enabled ? "in use" : "revoked");
	if (!w->readable)
		return;
	printf("Messages:  %llu\n", (unsigned long long)w->count);
	for (int i = 0; i < w->n; i++) {
		printf("           %s  ", im_when_text(w->lines[i].when, when));
		put(w->lines[i].sender[0] ? w->lines[i].sender : "(no sender: a bounce)");
		(void)putchar('\n');
	}
}

enum im_status
alias_print(struct im_dir_run *r, const char *address, bool json, struct im_err *err)
{
	struct im_alias x;
	struct written w;

	enum im_status st = im_alias_get(r->dir, address, &r->arena, &x, err);
	if (st != IM_OK)
		return st;
	read_log(r, &x, &w);
	if (json) {
		struct im_value *v = im_v_object(&r->arena);
		as_json(r, &x, &w, v);
		im_cmd_print_json(v);
	} else {
		print_one(&x, &w);
	}
	return IM_OK;
}

static void
print_row(const struct im_alias *x, const struct written *w, int width)
{
	char when[24];

	printf("%-*s  %-10s  %-16s  %8llu  ", width, x->address, x->owner[0] ? x->owner : "(gone)",
	    x->enabled ? im_when_text(x->expires, when) : "revoked", (unsigned long long)w->count);
	put(w->n > 0 ? w->lines[w->n - 1].sender : "");
	printf("%s%s\n", w->n > 0 && w->lines[w->n - 1].sender[0] ? "  " : "", x->purpose);
}

enum im_status
alias_print_all(struct im_dir_run *r, const char *owner, bool json, struct im_err *err)
{
	struct im_alias *x;
	struct written w;
	int n, width = 7;

	enum im_status st = im_alias_list(r->dir, owner, &r->arena, &x, &n, err);
	if (st != IM_OK)
		return st;
	struct im_value *arr = im_v_array(&r->arena);
	for (int i = 0; i < n; i++)
		width = (int)strlen(x[i].address) > width ? (int)strlen(x[i].address) : width;
	if (!json)
		printf("%-*s  %-10s  %-16s  %8s  %s\n", width, "ADDRESS", "OWNER", "ENDS", "MESSAGES",
		    "LAST WRITER, FOR");
	for (int i = 0; i < n; i++) {
		read_log(r, &x[i], &w);
		if (json)
			as_json(r, &x[i], &w, im_v_add_object(&r->arena, arr));
		else
			print_row(&x[i], &w, width);
	}
	if (json)
		im_cmd_print_json(arr);
	return IM_OK;
}
