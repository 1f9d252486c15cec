/*
 * index_list.c - the message names of a mailbox as a table, found by id
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { NAMES_MAX_BYTES = 1 << 30 };

/* FNV-1a; whoever chooses names can already fill the mailbox */
static uint64_t
hash(struct im_str s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
}

struct im_str
im_ix_names_id(const struct im_ix_names *t, const struct im_ix_name *n)
{
	return (struct im_str) { t->text.p + n->at, n->id_n };
}

/* the slot of id: where it is or where it would go */
static size_t
slot(const struct im_ix_names *t, struct im_str id)
{
	size_t i = (size_t)hash(id) & (t->hash_n - 1);

	while (t->hash[i] != 0 && !im_str_eq(im_ix_names_id(t, &t->v[t->hash[i] - 1]), id))
		i = (i + 1) & (t->hash_n - 1);
	return i;
}

struct im_ix_name *
im_ix_names_find(struct im_ix_names *t, struct im_str id)
{
	uint32_t i = t->hash_n == 0 ? 0 : t->hash[slot(t, id)];

	return i == 0 ? NULL : &t->v[i - 1];
}

static void
grow_hash(struct im_ix_names *t)
{
	free(t->hash);
	t->hash_n = t->hash_n == 0 ? 256 : t->hash_n * 2;
	t->hash = im_calloc(t->hash_n, sizeof(*t->hash));
	for (size_t i = 0; i < t->n; i++)
		t->hash[slot(t, im_ix_names_id(t, &t->v[i]))] = (uint32_t)(i + 1);
}

static bool
add(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct im_ix_names *t = arg;
	struct im_ix_name e = { .at = t->text.n,
		.flags = im_flags_mask(name->flags),
		.arrived = name->arrived,
		.id_n = (uint16_t)name->id.n,
		.is_new = is_new };
	size_t i;

	if (t->n * 2 >= t->hash_n)
		grow_hash(t);
	i = slot(t, name->id);
	im_buf_add(&t->text, file, strlen(file) + 1);
	/* the same id twice: a rename seen from both sides, or copies of one message. cur/ wins, then the greater name */
	if (t->hash[i] != 0) {
		struct im_ix_name *old = &t->v[t->hash[i] - 1];

		if (old->is_new != is_new || strcmp(t->text.p + old->at, file) < 0)
			*old = e;
		return true;
	}
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 128 : t->cap * 2;
		t->v = im_realloc(t->v, t->cap * sizeof(*t->v));
	}
	t->v[t->n++] = e;
	t->hash[i] = (uint32_t)t->n;
	return !t->text.full && t->n < UINT32_MAX / 4;
}

enum im_status
im_ix_names_list(const struct im_mailbox *b, struct im_ix_names *t, struct im_err *err)
{
	enum im_status st;

	*t = (struct im_ix_names) { 0 };
	im_buf_init(&t->text, NAMES_MAX_BYTES);
	st = im_maildir_each(b, add, t, err);
	if (st == IM_OK && t->text.full)
		st = im_fail(err, IM_TEMP, "too many messages in %s for one mailbox", b->name);
	if (st != IM_OK)
		im_ix_names_done(t);
	return st;
}

void
im_ix_names_done(struct im_ix_names *t)
{
	im_buf_done(&t->text);
	free(t->v);
	free(t->hash);
	*t = (struct im_ix_names) { 0 };
}

struct locate {
	struct im_str id;
	char *name;
	bool found, is_new;
};

static bool
locate_fn(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct locate *l = arg;

	if (!im_str_eq(name->id, l->id))
		return true;
	memcpy(l->name, file, strlen(file) + 1);
	l->found = true;
	l->is_new = is_new;
	return is_new; /* a copy in cur/ wins */
}

enum im_status
im_ix_locate(const struct im_mailbox *b, const char *id, char *name, bool *ret_is_new, struct im_err *err)
{
	struct locate l = { .id = im_str(id), .name = name };
	enum im_status st = im_maildir_each(b, locate_fn, &l, err);

	if (st != IM_OK)
		return st;
	if (!l.found)
		return im_fail(err, IM_NOTFOUND, "there is no such message in %s", b->name);
	*ret_is_new = l.is_new;
	return IM_OK;
}
