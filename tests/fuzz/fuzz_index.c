/*
 * fuzz_index.c - any bytes as lines of a header index whose checksums are right
 *
 * The checksum keeps nobody out who can write the file; so it is made right here, and what stands behind it is tried.
 * A line that can be read must come back the same when it is written.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/crc32.h"
#include "mail/index_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_hex(char *p, uint32_t v)
{
	for (int i = 8; i-- > 0; v >>= 4)
		p[i] = "0123456789abcdef"[v & 15];
}

static void
mend(char *p, size_t n)
{
	static const char key[] = "\"crc\":\"";
	char *at = memmem(p, n, key, sizeof(key) - 1);
	size_t k;

	if (at == NULL)
		return;
	k = (size_t)(at - p) + sizeof(key) - 1;
	if (n >= k + 8)
		put_hex(p + k, im_crc32(im_crc32(0, p, k), p + k + 8, n - k - 8));
}

static void
header(const uint8_t *data, size_t size)
{
	char buf[IM_IX_HEADER], again[IM_IX_HEADER];
	struct im_ix_header h, same;

	memset(buf, ' ', sizeof(buf));
	memcpy(buf, data, size < sizeof(buf) ? size : sizeof(buf));
	mend(buf, sizeof(buf));
	if (!im_ix_header_decode(buf, &h))
		return;
	im_ix_header_encode(&h, again);
	if (!im_ix_header_decode(again, &same) || same.bytes != h.bytes || same.total != h.total)
		abort();
}

static bool
same(const struct im_entry *a, const struct im_entry *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->from, b->from) == 0 && strcmp(a->to, b->to) == 0 &&
	       strcmp(a->subject, b->subject) == 0 && strcmp(a->flags, b->flags) == 0 && a->size == b->size &&
	       a->unixtimestamp == b->unixtimestamp && a->message_id == b->message_id &&
	       a->parent_id == b->parent_id && a->thread_id == b->thread_id &&
	       a->attachments == b->attachments;
}

static void
line(const char *text, size_t n)
{
	char *copy = malloc(n + 1), *parsed = malloc(n + 1);
	struct im_ix_line l, m;
	struct im_entry e, f;
	struct im_buf b;

	if (copy == NULL || parsed == NULL)
		abort();
	memcpy(copy, text, n);
	mend(copy, n);
	im_buf_init(&b, 65536);
	if (im_ix_line_parse((struct im_str) { copy, n }, &l)) {
		memcpy(parsed, copy, n);
		if (im_ix_line_entry(&l, parsed, &e) && im_utf8_valid(im_str(e.id)) &&
		    im_utf8_valid(im_str(e.from)) && im_utf8_valid(im_str(e.to)) &&
		    im_utf8_valid(im_str(e.subject))) {
			im_ix_line_put(&b, &e);
			if (b.n <= IM_INDEX_LINE_MAX &&
			    (!im_ix_line_parse((struct im_str) { b.p, b.n - 1 }, &m) ||
				!im_ix_line_entry(&m, b.p, &f) || !same(&e, &f)))
				abort();
		}
		if (im_ix_line_set(copy, n, true, false, l.flags) > 0 &&
		    (!im_ix_line_parse((struct im_str) { copy, n }, &m) || !m.removed || m.flags != l.flags))
			abort();
	}
	im_buf_done(&b);
	free(copy);
	free(parsed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *nl;

	header(data, size);
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		line(p, (size_t)(nl - p));
		if (nl == end)
			break;
	}
	return 0;
}
