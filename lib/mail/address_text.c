/*
 * address_text.c - address lists for display, envelope recipients
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/address.h"

#include <string.h>

static const char dots[] = "\xe2\x80\xa6";

static void
add_entry(const struct im_address *a, size_t max, struct im_buf *out)
{
	size_t addr = strlen(a->addr), name = strlen(a->name), start = out->n, room;

	if (name == 0) {
		im_buf_adds(out, a->addr);
		return;
	}
	for (const char *p = a->name; *p; p++)
		if (*p != '<' && *p != '>')
			im_buf_addc(out, *p);
	/* a long name must not push the address out of sight */
	room = addr + 16 < max ? max - addr - 6 : 0;
	if (room && out->n - start > room) {
		out->n = start + im_utf8_cut((struct im_str) { out->p + start, out->n - start }, room);
		im_buf_adds(out, dots);
	}
	im_buf_adds(out, " <");
	im_buf_adds(out, a->addr);
	im_buf_addc(out, '>');
}

void
im_addresses_text(const struct im_addresses *l, size_t max, struct im_buf *out)
{
	struct im_buf b;
	struct im_str s;

	im_buf_init(&b, max + 8192); /* one entry more than fits is enough to know */
	for (int i = 0; i < l->n && b.n <= max; i++) {
		if (i > 0)
			im_buf_adds(&b, ", ");
		add_entry(&l->a[i], max, &b);
	}
	s = im_buf_str(&b);
	if (s.n > max || l->cut) {
		size_t room = max > sizeof(dots) - 1 ? max - (sizeof(dots) - 1) : 0;

		im_buf_add(out, s.p, im_utf8_cut(s, room));
		if (room)
			im_buf_adds(out, dots);
	} else {
		im_buf_add_str(out, s);
	}
	im_buf_done(&b);
}

/* copy in lower case; false: does not fit or holds what no address may hold */
static bool
copy_lower(char *dst, size_t size, const char *s, size_t n)
{
	if (n >= size)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if ((unsigned char)c < ' ' || c == 0x7f)
			return false;
		dst[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	dst[n] = '\0';
	return true;
}

bool
im_rcpt_split(const char *recipient, struct im_rcpt *ret)
{
	struct im_rcpt r = { .detail = "" };
	const char *at = strrchr(recipient, '@'), *plus;
	size_t n = at ? (size_t)(at - recipient) : strlen(recipient);

	if (n == 0 || n > 64)
		return false;
	/* "+home@..." is a name, not a detail of nobody */
	plus = memchr(recipient + 1, '+', n - 1);
	if (!copy_lower(r.local, sizeof(r.local), recipient, plus ? (size_t)(plus - recipient) : n))
		return false;
	if (plus && !copy_lower(r.detail, sizeof(r.detail), plus + 1, n - (size_t)(plus + 1 - recipient)))
		return false;
	if (at && (!at[1] || !copy_lower(r.domain, sizeof(r.domain), at + 1, strlen(at + 1))))
		return false;
	if (!im_fmt(r.address, sizeof(r.address), "%s%s%s", r.local, at ? "@" : "", r.domain))
		return false;
	*ret = r;
	return true;
}
