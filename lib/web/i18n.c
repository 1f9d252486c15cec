/*
 * i18n.c - a reader of .mo files and the choice of a language
 *
 * gettext(3) would need setlocale(3) and an installed locale, which costs more than a whole page. The file is read
 * once per request; look-ups are a binary search over the sorted originals, as msgfmt writes them.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/i18n.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"

const struct im_lang im_lang_en = { .code = "en" };

static uint32_t
u32_at(const struct im_lang *l, size_t at)
{
	uint32_t v;

	memcpy(&v, l->mo.p + at, 4);
	return l->swapped ? __builtin_bswap32(v) : v;
}

/* string_at - entry i of the table at 'table'; false when it points outside of the file or has no NUL behind it */
static bool
string_at(const struct im_lang *l, uint32_t table, uint32_t i, struct im_str *ret)
{
	size_t at = (size_t)table + (size_t)i * 8;
	size_t n = u32_at(l, at), off = u32_at(l, at + 4);

	if (off >= l->mo.n || n >= l->mo.n - off || l->mo.p[off + n] != '\0')
		return false;
	*ret = (struct im_str) { l->mo.p + off, n };
	return true;
}

/* find - the translation as it stands in the file (plural forms with NULs between them) */
static bool
find(const struct im_lang *l, struct im_str msgid, struct im_str *ret)
{
	uint32_t lo = 0, hi = l->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		struct im_str key;
		size_t n;
		int cmp;

		if (!string_at(l, l->orig, mid, &key))
			return false;
		n = strlen(key.p); /* of "one NUL many" the first */
		cmp = memcmp(msgid.p, key.p, msgid.n < n ? msgid.n : n);
		if (cmp == 0 && msgid.n == n)
			return string_at(l, l->trans, mid, ret) && ret->n > 0;
		if (cmp < 0 || (cmp == 0 && msgid.n < n))
			hi = mid;
		else
			lo = mid + 1;
	}
	return false;
}

/* the two rules met in western Europe; anything else is taken as the English one */
static bool
one_below_two(struct im_str header)
{
	const char *rule = memmem(header.p, header.n, "plural=", 7);
	size_t left = rule ? header.n - (size_t)(rule - header.p) : 0;

	return left && (memmem(rule, left, "n > 1", 5) || memmem(rule, left, "n>1", 3));
}

bool
im_lang_parse(struct im_str mo, const char *code, struct im_lang *ret)
{
	struct im_lang l = { .mo = mo };
	struct im_str header;
	uint32_t magic;

	if (mo.n < 28 || !im_fmt(l.code, sizeof l.code, "%s", code))
		return false;
	memcpy(&magic, mo.p, 4);
	if (magic != 0x950412de && magic != 0xde120495)
		return false;
	l.swapped = magic == 0xde120495;
	if (u32_at(&l, 4) >> 16 != 0) /* major revision */
		return false;
	l.n = u32_at(&l, 8);
	l.orig = u32_at(&l, 12);
	l.trans = u32_at(&l, 16);
	if (l.n > mo.n / 16 || l.orig > mo.n || l.trans > mo.n || (size_t)l.n * 8 > mo.n - l.orig ||
	    (size_t)l.n * 8 > mo.n - l.trans)
		return false;
	if (find(&l, (struct im_str) { "", 0 }, &header))
		l.one_below_two = one_below_two(header);
	*ret = l;
	return true;
}

const char *
im_lang_code(const struct im_lang *l)
{
	return l->code;
}

/* load - <share_dir>/locale/<code>.mo into the arena; NULL where there is none */
static const struct im_lang *
load(const char *share_dir, const char *code, struct im_arena *a)
{
	struct im_lang *l = NULL;
	char path[4096];
	struct stat st;
	int fd;

	if (strcmp(code, "en") == 0)
		return &im_lang_en;
	if (!im_fmt(path, sizeof path, "%s/locale/%s.mo", share_dir, code))
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= IM_CATALOG_MAX_BYTES) {
		size_t n = (size_t)st.st_size;
		char *p = im_arena_alloc(a, n);

		l = im_arena_alloc(a, sizeof *l);
		if (im_pread_full(fd, p, n, 0) != (ssize_t)n ||
		    !im_lang_parse((struct im_str) { p, n }, code, l))
			l = NULL;
	}
	close(fd);
	return l;
}

/* quality - of "fr-CH;q=0.8" in thousandths; the rest of the range becomes the primary subtag, lower case */
static int
quality(struct im_str range, char code[static IM_LANG_CODE_MAX])
{
	struct im_str tag = im_str_trim(im_str_cut(&range, ';')), q = im_str_trim(range);
	struct im_str primary = im_str_cut(&tag, '-');
	int weight = 1000;

	if (primary.n < 2 || primary.n > 3)
		return 0;
	for (size_t i = 0; i < primary.n; i++) {
		code[i] = (char)(primary.p[i] | 0x20);
		if (code[i] < 'a' || code[i] > 'z')
			return 0;
	}
	code[primary.n] = '\0';
	if (im_str_startsi(q, "q=")) {
		weight = q.n > 2 && q.p[2] == '1' ? 1000 : 0;
		for (size_t i = 4, unit = 100; weight < 1000 && i < q.n && unit; i++, unit /= 10) {
			if (q.p[i] < '0' || q.p[i] > '9')
				break;
			weight += (q.p[i] - '0') * (int)unit;
		}
	}
	return weight;
}

const struct im_lang *
im_lang_choose(const char *share_dir, const char *accept_language, const char *fallback, struct im_arena *a)
{
	struct {
		char code[IM_LANG_CODE_MAX];
		int q;
	} want[IM_LANG_TRIES];
	struct im_str rest = im_str(accept_language);
	const struct im_lang *l;
	size_t n = 0;

	while (rest.n && n < IM_LANG_TRIES) {
		char code[IM_LANG_CODE_MAX];
		int q = quality(im_str_cut(&rest, ','), code);
		size_t at = n;

		if (q <= 0)
			continue;
		for (; at > 0 && want[at - 1].q < q; at--) /* stable: the first of equals stays first */
			want[at] = want[at - 1];
		memcpy(want[at].code, code, sizeof code);
		want[at].q = q;
		n++;
	}
	for (size_t i = 0; i < n; i++) {
		l = load(share_dir, want[i].code, a);
		if (l)
			return l;
	}
	l = fallback && strlen(fallback) < IM_LANG_CODE_MAX && !strchr(fallback, '/')
		? load(share_dir, fallback, a)
		: NULL;
	return l ? l : &im_lang_en;
}

struct im_str
im_tr_span(const struct im_lang *l, struct im_str msgid)
{
	struct im_str t;

	/* the empty msgid is the header of the catalogue */
	return l && l->n && msgid.n && find(l, msgid, &t) ? t : msgid;
}

const char *
im_tr(const struct im_lang *l, const char *msgid)
{
	return im_tr_span(l, im_str(msgid)).p;
}

const char *
im_trn(const struct im_lang *l, const char *one, const char *many, uint64_t n)
{
	struct im_str t;
	size_t first;

	if (!l || !l->n || !find(l, im_str(one), &t))
		return n == 1 ? one : many;
	if (n == 1 || (n == 0 && l->one_below_two))
		return t.p;
	first = strlen(t.p);
	return first < t.n ? t.p + first + 1 : t.p;
}

/* fill - text with every "mark" replaced; no printf: the text comes out of a file */
static const char *
fill(struct im_str text, const char *mark, struct im_str with, struct im_arena *a)
{
	size_t marks = 0, n;
	const char *p = text.p, *end = text.p + text.n, *hit;
	char *ret, *to;

	while ((hit = memmem(p, (size_t)(end - p), mark, 2)) != NULL) {
		marks++;
		p = hit + 2;
	}
	n = text.n - marks * 2 + marks * with.n;
	ret = to = im_arena_alloc(a, n + 1);
	for (p = text.p; (hit = memmem(p, (size_t)(end - p), mark, 2)) != NULL; p = hit + 2) {
		to = mempcpy(to, p, (size_t)(hit - p));
		to = with.n ? mempcpy(to, with.p, with.n) : to;
	}
	memcpy(to, p, (size_t)(end - p));
	return ret;
}

const char *
im_tr_count(const struct im_lang *l, const char *one, const char *many, uint64_t n, struct im_arena *a)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);
	return fill(im_str(im_trn(l, one, many, n)), "%d", im_str(digits), a);
}

const char *
im_tr_with(const struct im_lang *l, const char *msgid, const char *text, struct im_arena *a)
{
	return fill(im_tr_span(l, im_str(msgid)), "%s", im_str(text), a);
}
