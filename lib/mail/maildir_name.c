/*
 * maildir_name.c - what may stand in a path, and what a message's file name says
 *
 * Everything that becomes part of a path passes here first. Names of other programs are taken as they are (any
 * printable name is a message), but a queue id is only read from names of exactly our shape: elsewhere a 'Q' is
 * a counter (https://cr.yp.to/proto/maildir.html), and a wrong queue id would let a new message look like a duplicate.
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/maildir.h"

#include <string.h>

enum { QUEUEID_MIN = 6, QUEUEID_MAX = 32 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool
im_uid_valid(const char *uid)
{
	size_t n = strlen(uid);

	if (n == 0 || n > 64 || strstr(uid, "..") != NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool first = is_digit(uid[i]) || (uid[i] >= 'a' && uid[i] <= 'z');

		if (!first && (i == 0 || strchr("._-", uid[i]) == NULL))
			return false;
	}
	return true;
}

bool
im_mailbox_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > IM_MAILBOX_NAME_MAX || name[0] == '.' || name[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] < 0x20 || name[i] > 0x7e || name[i] == '/' ||
		    (name[i] == '.' && name[i + 1] == '.'))
			return false;
	/* IMAP folds the case of INBOX (RFC 9051 5.1): a second "inbox" would be out of reach for IMAP clients */
	return !im_str_isi(im_str(name), "INBOX") || strcmp(name, "INBOX") == 0;
}

/* modified base64 of UTF-16 (RFC 3501 5.1.3): one value or -1 */
static int
b64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == ',' ? 63 : -1;
}

static void
put_utf16(uint32_t unit, uint32_t *high, struct im_buf *out)
{
	char u[4];

	if (unit >= 0xd800 && unit < 0xdc00) {
		*high = unit;
		return;
	}
	if (unit >= 0xdc00 && unit < 0xe000)
		unit = *high != 0 ? 0x10000 + ((*high - 0xd800) << 10) + (unit - 0xdc00) : 0xfffd;
	*high = 0;
	if (unit < 0x20 || unit == 0x7f)
		unit = 0xfffd;
	im_buf_add(out, u, im_utf8_put(unit, u));
}

/* s is what stands between '&' and '-' */
static void
decode_shifted(struct im_str s, struct im_buf *out)
{
	uint32_t acc = 0, high = 0;
	int bits = 0;

	for (size_t i = 0; i < s.n; i++) {
		int v = b64_value(s.p[i]);

		if (v < 0)
			continue;
		acc = (acc << 6 | (uint32_t)v) & 0x3fffff;
		bits += 6;
		if (bits >= 16) {
			bits -= 16;
			put_utf16(acc >> bits & 0xffff, &high, out);
		}
	}
}

void
im_mailbox_display(const char *name, struct im_buf *out)
{
	for (const char *p = name; *p != '\0'; p++) {
		const char *end;

		if (*p != '&' || (end = strchr(p, '-')) == NULL) {
			im_buf_addc(out, *p == '.' ? '/' : *p);
			continue;
		}
		if (end == p + 1)
			im_buf_addc(out, '&');
		else
			decode_shifted((struct im_str) { p + 1, (size_t)(end - p - 1) }, out);
		p = end;
	}
}

/* the digits at the start of s, taken off it; -1 when there are none or the number is absurd */
static int64_t
take_number(struct im_str *s)
{
	uint64_t v = 0;
	size_t n = 0;

	while (n < s->n && is_digit(s->p[n]))
		n++;
	if (!im_str_u64((struct im_str) { s->p, n }, INT64_MAX / 4, &v))
		return -1;
	s->p += n;
	s->n -= n;
	return (int64_t)v;
}

/* the queue id of "<sec>.M<usec>P<pid>Q<queueid>.<host>..." */
static struct im_str
find_queueid(struct im_str id)
{
	struct im_str s = id, q;

	(void)im_str_cut(&s, '.');
	s = im_str_cut(&s, '.');
	if (!im_str_starts(s, "M"))
		return (struct im_str) { 0 };
	s.p++;
	s.n--;
	if (take_number(&s) < 0 || !im_str_starts(s, "P"))
		return (struct im_str) { 0 };
	s.p++;
	s.n--;
	if (take_number(&s) < 0 || !im_str_starts(s, "Q"))
		return (struct im_str) { 0 };
	q = (struct im_str) { s.p + 1, s.n - 1 };
	return im_queueid_valid(q) ? q : (struct im_str) { 0 };
}

bool
im_queueid_valid(struct im_str q)
{
	if (q.n < QUEUEID_MIN || q.n > QUEUEID_MAX)
		return false;
	for (size_t i = 0; i < q.n; i++)
		if (!is_alnum(q.p[i]))
			return false;
	return true;
}

/*
 * Postfix's long queue ids (enable_long_queue_ids): seconds and 4 digits of microseconds in base 52, a 'z', the inode
 * number in base 51, which has no 'z'. The digits are the letters and numbers without vowels.
 */
bool
im_queueid_time(struct im_str q, int64_t *ret)
{
	static const char digits[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	const char *sep = q.n > 0 ? memrchr(q.p, 'z', q.n) : NULL;
	int64_t t = 0;

	if (sep == NULL || sep - q.p < 10 || sep - q.p > 14 || sep == q.p + q.n - 1)
		return false;
	for (const char *p = q.p; p < sep - 4; p++) {
		const char *d = memchr(digits, *p, sizeof(digits) - 1);

		if (d == NULL)
			return false;
		t = t * 52 + (d - digits);
	}
	*ret = t;
	return true;
}

uint64_t
im_flags_mask(struct im_str letters)
{
	uint64_t m = 0;

	for (size_t i = 0; i < letters.n; i++) {
		char c = letters.p[i];

		if (c >= 'A' && c <= 'Z')
			m |= UINT64_C(1) << (c - 'A');
		else if (c >= 'a' && c <= 'z')
			m |= UINT64_C(1) << (c - 'a' + 26);
	}
	return m;
}

size_t
im_flags_text(uint64_t mask, char dst[static IM_FLAGS_MAX + 1])
{
	size_t n = 0;

	for (int i = 0; i < IM_FLAGS_MAX; i++)
		if (mask >> i & 1)
			dst[n++] = (char)(i < 26 ? 'A' + i : 'a' + i - 26);
	dst[n] = '\0';
	return n;
}

/* the number after ",S=" in the unique name (Maildir++), where it ends at a comma or the end */
static uint64_t
find_size(struct im_str id)
{
	const char *p = id.p, *end = id.p + id.n;

	while ((p = memmem(p, (size_t)(end - p), ",S=", 3)) != NULL) {
		struct im_str s = { p + 3, (size_t)(end - p - 3) };
		int64_t v = take_number(&s);

		if (v >= 0 && (s.n == 0 || s.p[0] == ','))
			return (uint64_t)v;
		p += 3;
	}
	return UINT64_MAX;
}

int64_t
im_msg_arrived(struct im_str id)
{
	int64_t t = take_number(&id);

	return id.n > 0 && id.p[0] != '.' ? -1 : t; /* "1a.b": no seconds */
}

bool
im_msg_name_parse(struct im_str file, struct im_msg_name *ret)
{
	const char *info;

	if (file.n == 0 || file.n > IM_MSG_NAME_MAX || file.p[0] == '.')
		return false;
	for (size_t i = 0; i < file.n; i++)
		if ((unsigned char)file.p[i] < 0x20 || file.p[i] == 0x7f || file.p[i] == '/')
			return false;
	if (!im_utf8_valid(file))
		return false;
	info = memmem(file.p, file.n, ":2,", 3);
	if (info == file.p)
		return false;
	ret->id = (struct im_str) { file.p, info != NULL ? (size_t)(info - file.p) : file.n };
	ret->flags =
	    info != NULL ? (struct im_str) { info + 3, file.n - ret->id.n - 3 } : (struct im_str) { 0 };
	ret->arrived = im_msg_arrived(ret->id);
	ret->size = find_size(ret->id);
	ret->queueid = find_queueid(ret->id);
	return true;
}
