/*
 * check_shell.c - words for a shell: the expected text, and what a real shell makes of it
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/shell.h"

#include <stdio.h>

#include "unit.h"

static const struct {
	const char *word, *text;
} rows[] = {
	{ "bob", "bob" },
	{ "--quota", "--quota" },
	{ "10G", "10G" },
	{ "ann.smith@example.org", "ann.smith@example.org" },
	{ "", "''" },
	{ "Ann Smith", "'Ann Smith'" },
	{ "O'Brien", "'O'\\''Brien'" },
	{ "'", "''\\'''" },
	{ "$(rm -rf /)", "'$(rm -rf /)'" },
	{ "`id`; reboot #", "'`id`; reboot #'" },
	{ "a\\", "'a\\'" },
	{ "=ls", "'=ls'" },
	{ "~root", "'~root'" },
	{ "*?[a]{b,c}!", "'*?[a]{b,c}!'" },
	{ "a\nreboot\n", "$'a\\012reboot\\012'" },
	{ "\033]0;x\007'\\", "$'\\033]0;x\\007\\'\\\\'" },
	{ "a\xe2\x80\xae"
	  "b",
	    "$'a\\342\\200\\256b'" },
	{ "\xe2\x81\xa6\xef\xbb\xbf", "$'\\342\\201\\246\\357\\273\\277'" },
	{ "\xc2\x85"
	  "1",
	    "$'\\302\\2051'" },
	{ "\xe2\x80", "'\xe2\x80'" },
	{ "Zoé", "'Zoé'" },
};

START_TEST(words)
{
	struct im_buf b;

	im_buf_init(&b, 4096);
	im_shell_add(&b, rows[_i].word);
	ck_assert_str_eq(b.p, rows[_i].text);
	im_shell_add(&b, "x");
	ck_assert(b.p[strlen(rows[_i].text)] == ' ' && b.n == strlen(rows[_i].text) + 2);
	im_buf_done(&b);
}
END_TEST

/* bash gets the line and prints the word: the same bytes */
START_TEST(a_shell_reads_them)
{
	struct im_buf b, c;
	char got[256];

	im_buf_init(&b, 4096);
	im_buf_init(&c, 8192);
	im_shell_add(&b, "printf");
	im_shell_add(&b, "%s");
	im_shell_add(&b, rows[_i].word);
	im_shell_add(&c, "bash");
	im_shell_add(&c, "-c");
	im_buf_addc(&c, ' ');
	im_buf_addc(&c, '\'');
	for (const char *p = b.p; *p; p++) {
		if (*p == '\'')
			im_buf_adds(&c, "'\\''");
		else
			im_buf_addc(&c, *p);
	}
	im_buf_addc(&c, '\'');
	FILE *f = popen(c.p, "r");
	ck_assert_ptr_nonnull(f);
	size_t n = fread(got, 1, sizeof got, f);
	ck_assert_int_eq(pclose(f), 0);
	ck_assert_uint_eq(n, strlen(rows[_i].word));
	ck_assert_mem_eq(got, rows[_i].word, n);
	im_buf_done(&c);
	im_buf_done(&b);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ words, IM_COUNT(rows) },
		{ a_shell_reads_them, IM_COUNT(rows) },
	};

	return unit_main("shell", tests, IM_COUNT(tests));
}
