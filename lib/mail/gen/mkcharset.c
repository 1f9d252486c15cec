/*
 * mkcharset - print the tables of lib/mail/charset_table.h as C, asked of the iconv(3) of the machine that builds
 *
 * What is one character of the Basic Multilingual Plane gets into a table; everything else (0) is left to iconv at run
 * time, so table and iconv never disagree.
 *
 * SPDX-License-Identifier: ISC
 */
#include <iconv.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *const single_sets[] = { "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5",
	"ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14", "ISO-8859-16",
	"CP1250", "CP1251", "CP1253", "CP1254", "CP1255", "CP1256", "CP1257", "CP874", "KOI8-R", "KOI8-U",
	"CP437", "CP850", "CP852", "CP866", "MACINTOSH", "MAC-CYRILLIC" };
/* lead bytes 0x81-0xfe, trail bytes 0x40-0xfe */
static const char *const double_sets[] = { "GB18030", "BIG5-HKSCS", "UHC", "CP932", "EUC-JP-MS" };

/* one - the only character that these bytes are; 0: they are none, or more than one, or beyond the plane */
static unsigned
one(iconv_t cd, const unsigned char *bytes, size_t n)
{
	char in[2], out[32], *p = in, *q = out;
	size_t left = n, room = sizeof(out);
	uint32_t c;

	memcpy(in, bytes, n);
	(void)iconv(cd, NULL, NULL, NULL, NULL);
	if (iconv(cd, &p, &left, &q, &room) == (size_t)-1 || left)
		return 0;
	(void)iconv(cd, NULL, NULL, &q, &room);
	if (q - out != 4)
		return 0;
	memcpy(&c, out, 4);
	return c < 0x10000 && c != 0xfffd ? c : 0;
}

static void
number(unsigned c, int *column)
{
	printf(c ? "0x%x," : "0,", c);
	if (++*column % 24 == 0)
		putchar('\n');
}

static void
single(iconv_t cd)
{
	int column = 0;

	for (unsigned c = 0x80; c < 0x100; c++)
		number(one(cd, (const unsigned char[]) { (unsigned char)c }, 1), &column);
}

int
main(void)
{
	const size_t singles = sizeof(single_sets) / sizeof(single_sets[0]);
	const size_t doubles = sizeof(double_sets) / sizeof(double_sets[0]);

	puts("/* made by tools/mkcharset.c */\n#include \"mail/charset_table.h\"");
	for (size_t i = 0; i < singles + doubles; i++) {
		const char *name = i < singles ? single_sets[i] : double_sets[i - singles];
		iconv_t cd = iconv_open("UCS-4LE", name);
		int column = 0;

		if (cd == (iconv_t)-1) {
			fprintf(stderr,
			    "mkcharset: this machine's iconv does not know %s: is libc's gconv installed?\n",
			    name);
			return 1;
		}
		printf("static const uint16_t s%zu[128] = {\n", i);
		single(cd);
		puts("};");
		if (i >= singles) {
			printf("static const uint16_t d%zu[126 * 191] = {\n", i);
			for (unsigned lead = 0x81; lead < 0xff; lead++)
				for (unsigned trail = 0x40; trail < 0xff; trail++)
					number(one(cd,
						   (const unsigned char[]) {
						       (unsigned char)lead, (unsigned char)trail },
						   2),
					    &column);
			puts("};");
		}
		iconv_close(cd);
	}
	puts("const struct im_charset_table im_charset_tables[] = {");
	for (size_t i = 0; i < singles; i++)
		printf("{ \"%s\", s%zu, NULL },\n", single_sets[i], i);
	for (size_t i = singles; i < singles + doubles; i++)
		printf("{ \"%s\", s%zu, d%zu },\n", double_sets[i - singles], i, i);
	printf("};\nconst size_t im_charset_ntables = %zu;\n", singles + doubles);
	return fflush(stdout) != 0;
}
