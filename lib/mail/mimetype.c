/*
 * mimetype.c - libmagic, asked with care
 *
 * Its parsers have had holes, so it sees a bounded head of the content, with its own limits turned down, and never looks
 * into compressed data. What it says is used as a name only if it looks like one (RFC 6838 4.2).
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mimetype.h"

#include <magic.h>
#include <stdlib.h>
#include <string.h>

struct im_magic {
	magic_t cookie;
	char type[128];
};

struct im_magic *
im_magic_open(void)
{
	static const struct {
		int param;
		size_t value;
	} limits[] = {
		{ MAGIC_PARAM_INDIR_MAX, 15 },
		{ MAGIC_PARAM_NAME_MAX, 30 },
		{ MAGIC_PARAM_ELF_PHNUM_MAX, 128 },
		{ MAGIC_PARAM_ELF_SHNUM_MAX, 512 },
		{ MAGIC_PARAM_ELF_NOTES_MAX, 64 },
		{ MAGIC_PARAM_REGEX_MAX, 2048 },
		{ MAGIC_PARAM_BYTES_MAX, IM_MIMETYPE_HEAD },
	};
	/* MAGIC_SYMLINK, MAGIC_DEVICES and MAGIC_COMPRESS stay off; only buffers are ever given */
	magic_t c =
	    magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_APPTYPE | MAGIC_ERROR);
	if (!c)
		return NULL;
	for (size_t i = 0; i < IM_COUNT(limits); i++)
		(void)magic_setparam(c, limits[i].param, &limits[i].value);
	if (magic_load(c, NULL) != 0) {
		magic_close(c);
		return NULL;
	}
	struct im_magic *m = im_calloc(1, sizeof(*m));
	m->cookie = c;
	return m;
}

void
im_magic_close(struct im_magic *m)
{
	if (!m)
		return;
	magic_close(m->cookie);
	free(m);
}

/* type "/" subtype of restricted names */
static bool
type_ok(const char *s)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+";
	size_t n = strspn(s, allowed);
	if (!n || s[n] != '/')
		return false;
	size_t k = strspn(s + n + 1, allowed);
	return k && s[n + 1 + k] == 0 && n + 1 + k < sizeof(((struct im_magic *)0)->type);
}

const char *
im_magic_type(struct im_magic *m, struct im_str head)
{
	static const char unknown[] = "application/octet-stream";
	const char *raster = im_raster_type(head);
	if (raster)
		return raster;
	if (!m || !head.n)
		return unknown;
	if (head.n > IM_MIMETYPE_HEAD)
		head.n = IM_MIMETYPE_HEAD;
	const char *t = magic_buffer(m->cookie, head.p, head.n);
	if (!t || !type_ok(t) || !im_fmt(m->type, sizeof(m->type), "%s", t))
		return unknown;
	return m->type;
}

const char *
im_magic_part(struct im_magic *m, struct im_str message, const struct im_mime_part *part, struct im_arena *a)
{
	struct im_buf head;
	im_buf_init(&head, IM_MIMETYPE_HEAD);
	(void)im_mime_decode_part(message, part, IM_MIMETYPE_HEAD, &head);
	const char *t = im_arena_strdup(a, im_magic_type(m, im_buf_str(&head)));
	im_buf_done(&head);
	return t;
}
