/*
 * shell.c - a word for a POSIX shell
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/shell.h"

#include <string.h>

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";

/* unseen - bytes at p that a terminal or a browser does not show as what they are: how many, 0 = none */
static size_t
unseen(const unsigned char *p)
{
	if (*p < 0x20 || *p == 0x7f)
		return 1;
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0) /* U+0080 to U+009F */
		return 2;
	if (p[0] == 0xe2 && p[1] == 0x80 &&
	    ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae)))
		return 3; /* U+200B to U+200F, U+2028 to U+202E */
	if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf)
		return 3; /* U+2060 to U+206F */
	if (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		return 3; /* U+FEFF */
	return 0;
}

static bool
all_seen(const char *word)
{
	for (const unsigned char *p = (const unsigned char *)word; *p; p++)
		if (unseen(p))
			return false;
	return true;
}

static void
add_quoted(struct im_buf *b, const char *word)
{
	im_buf_addc(b, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			im_buf_adds(b, "'\\''");
		else
			im_buf_addc(b, *word);
	}
	im_buf_addc(b, '\'');
}

static void
add_escaped(struct im_buf *b, const char *word)
{
	im_buf_adds(b, "$'");
	for (const unsigned char *p = (const unsigned char *)word; *p;) {
		size_t n = unseen(p);

		for (; n > 0; n--)
			im_buf_addf(b, "\\%03o", *p++);
		if (*p && !unseen(p)) {
			if (*p == '\'' || *p == '\\')
				im_buf_addc(b, '\\');
			im_buf_addc(b, (char)*p++);
		}
	}
	im_buf_addc(b, '\'');
}

void
im_shell_add(struct im_buf *b, const char *word)
{
	if (b->n > 0)
		im_buf_addc(b, ' ');
	/* "=x" and "~x" at the beginning are looked up by some shells */
	if (*word && *word != '=' && strspn(word, plain) == strlen(word))
		im_buf_adds(b, word);
	else if (all_seen(word))
		add_quoted(b, word);
	else
		add_escaped(b, word);
}
