/*
 * index_header.c - the first line of the header index
 *
 * It has a fixed width, so that one write replaces it, and holds the counts that a list shows without looking at a line.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/index_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mail/index_cursor.h"

#define HEADER_START "{\"intimail-index\":1,\"crc\":\""
enum { NS = 1000000000, HEADER_CRC_AT = sizeof(HEADER_START) - 1 };

static int64_t
nanoseconds(struct im_ix_cursor *c)
{
	int64_t s = im_ix_integer(c), ns;

	im_ix_expect(c, ".");
	ns = (int64_t)im_ix_number(c);
	return s < INT64_MAX / NS && s > INT64_MIN / NS ? s * NS + ns : 0;
}

static struct im_dirmark
mark(struct im_ix_cursor *c)
{
	struct im_dirmark m = { .inode = im_ix_number(c) };

	im_ix_expect(c, " ");
	m.mtime = nanoseconds(c);
	im_ix_expect(c, " ");
	m.ctime = nanoseconds(c);
	im_ix_expect(c, "\"");
	return m;
}

bool
im_ix_header_decode(const char buf[static IM_IX_HEADER], struct im_ix_header *ret)
{
	char copy[IM_IX_HEADER];
	struct im_ix_cursor c = { .p = copy + HEADER_CRC_AT + IM_IX_CRC_N, .end = copy + IM_IX_HEADER };
	struct im_ix_header h = { 0 };

	if (memcmp(buf, HEADER_START, HEADER_CRC_AT) != 0 || buf[IM_IX_HEADER - 1] != '\n' ||
	    !im_ix_checksum_ok(buf, IM_IX_HEADER, HEADER_CRC_AT))
		return false;
	memcpy(copy, buf, IM_IX_HEADER);
	im_ix_expect(&c, "\",\"generation\":");
	h.generation = im_ix_number(&c);
	im_ix_expect(&c, ",\"bytes\":");
	h.bytes = im_ix_number(&c);
	im_ix_expect(&c, ",\"total\":");
	h.total = im_ix_number(&c);
	im_ix_expect(&c, ",\"unread\":");
	h.unread = im_ix_number(&c);
	im_ix_expect(&c, ",\"removed\":");
	h.removed = im_ix_number(&c);
	im_ix_expect(&c, ",\"last\":");
	h.last = im_ix_skip(&c, "null") ? INT64_MIN : im_ix_integer(&c);
	im_ix_expect(&c, ",\"boot\":\"");
	for (int i = 0; i < IM_BOOT_ID && c.p < c.end && *c.p != '"'; i++)
		h.boot[i] = *c.p++;
	im_ix_expect(&c, "\",\"new\":\"");
	h.new_mark = mark(&c);
	im_ix_expect(&c, ",\"cur\":\"");
	h.cur_mark = mark(&c);
	im_ix_expect(&c, "}");
	if (c.bad || h.bytes < IM_IX_HEADER || h.bytes > INT64_MAX / 2)
		return false;
	*ret = h;
	return true;
}

static int
put_mark(char *p, size_t n, const char *name, const struct im_dirmark *m)
{
	return snprintf(p, n, ",\"%s\":\"%" PRIu64 " %" PRId64 ".%09d %" PRId64 ".%09d\"", name, m->inode,
	    m->mtime / NS, (int)(m->mtime % NS), m->ctime / NS, (int)(m->ctime % NS));
}

void
im_ix_header_encode(const struct im_ix_header *h, char buf[static IM_IX_HEADER])
{
	char last[24] = "null";
	int n;

	if (h->last != INT64_MIN)
		(void)snprintf(last, sizeof(last), "%" PRId64, h->last);
	n = snprintf(buf, IM_IX_HEADER,
	    HEADER_START "00000000\",\"generation\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"total\":%" PRIu64
			 ",\"unread\":%" PRIu64 ",\"removed\":%" PRIu64 ",\"last\":%s,\"boot\":\"%s\"",
	    h->generation, h->bytes, h->total, h->unread, h->removed, last, h->boot);
	n += put_mark(buf + n, (size_t)(IM_IX_HEADER - n), "new", &h->new_mark);
	n += put_mark(buf + n, (size_t)(IM_IX_HEADER - n), "cur", &h->cur_mark);
	/* the longest header has 471 bytes */
	memset(buf + n, ' ', (size_t)(IM_IX_HEADER - n));
	buf[n] = '}';
	buf[IM_IX_HEADER - 1] = '\n';
	im_ix_put_hex(buf + HEADER_CRC_AT, im_ix_checksum(buf, IM_IX_HEADER, HEADER_CRC_AT), IM_IX_CRC_N);
}
