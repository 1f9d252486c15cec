/*
 * largest.c - what takes the room
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/largest.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mail/index_impl.h"

struct walk {
	const struct im_mailbox *box;
	struct im_folder_use *use;
	struct im_room *room;
	struct im_arena *arena;
};

/* insert - by size, the smallest falls off the end */
static void
insert(struct walk *w, const struct im_msg_name *name, uint64_t size)
{
	struct im_room *r = w->room;
	int at = r->nlarge;

	while (at > 0 && r->large[at - 1].size < size)
		at--;
	if (at == IM_LARGEST)
		return;
	if (r->nlarge < IM_LARGEST)
		r->nlarge++;
	memmove(&r->large[at + 1], &r->large[at], sizeof(r->large[0]) * (size_t)(r->nlarge - 1 - at));
	r->large[at] = (struct im_large) { .mailbox = w->use->mailbox,
		.id = im_arena_strndup(w->arena, name->id.p, name->id.n),
		.size = size,
		.arrived = name->arrived,
		.from = "",
		.subject = "" };
}

static bool
on_message(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct walk *w = arg;
	uint64_t size = name->size;
	struct stat st;

	/* a name without a size, or with one that nobody can have */
	if (size > INT64_MAX / 4096) {
		if (fstatat(is_new ? w->box->new_fd : w->box->cur_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return true;
		size = (uint64_t)st.st_size;
	}
	w->use->bytes += size;
	w->use->messages++;
	if (w->room->nlarge < IM_LARGEST || size > w->room->large[IM_LARGEST - 1].size)
		insert(w, name, size);
	return true;
}

/* from and subject, as far as the index has them */
static void
describe(const struct im_mailbox *b, struct im_arena *a, struct im_room *r)
{
	struct im_ix ix;
	struct im_ix_line line;
	struct im_entry e;
	char buf[IM_INDEX_LINE_MAX];
	uint64_t offset;
	bool found;

	im_ix_open(b, &ix);
	for (int i = 0; i < r->nlarge && ix.fd >= 0 && ix.header_ok; i++) {
		struct im_large *l = &r->large[i];

		if (strcmp(l->mailbox, b->name) != 0 ||
		    !im_ix_find(&ix, l->id, buf, &line, &offset, &found) || !found ||
		    !im_ix_line_entry(&line, buf, &e))
			continue;
		l->from = im_arena_strdup(a, e.from);
		l->subject = im_arena_strdup(a, e.subject);
	}
	im_ix_end(&ix);
}

static enum im_status
walk_mailbox(const struct im_store *s, const char *name, bool second, struct walk *w, struct im_err *err)
{
	struct im_mailbox b;

	enum im_status st = im_mailbox_open(s, name, false, &b, err);
	if (st != IM_OK)
		return st == IM_NOTFOUND ? IM_OK : st; /* removed meanwhile */
	w->box = &b;
	if (second)
		describe(&b, w->arena, w->room);
	else
		st = im_maildir_each(&b, on_message, w, err);
	w->box = NULL;
	im_mailbox_close(&b);
	return st;
}

enum im_status
im_room_read(const struct im_store *s, struct im_arena *a, struct im_room *ret, struct im_err *err)
{
	struct im_room r = { 0 };
	struct walk w = { .room = &r, .arena = a };
	char **names;

	enum im_status st = im_mailbox_list(s, &names, &r.nfolders, err);
	if (st != IM_OK)
		return st;
	r.folders = im_arena_alloc(a, sizeof(*r.folders) * (r.nfolders + 1));
	for (size_t i = 0; i < r.nfolders && st == IM_OK; i++) {
		w.use = &r.folders[i];
		w.use->mailbox = im_arena_strdup(a, names[i]);
		st = walk_mailbox(s, names[i], false, &w, err);
	}
	for (size_t i = 0; i < r.nfolders && st == IM_OK; i++)
		st = walk_mailbox(s, names[i], true, &w, err);
	for (size_t i = 0; i < r.nfolders; i++)
		free(names[i]);
	free(names);
	if (st == IM_OK)
		*ret = r;
	return st;
}
