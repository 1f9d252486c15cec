/*
 * check_writer.c - header fields hold one line whatever comes in, and read back as what was meant
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/conf.h"
#include "mail/header.h"
#include "mail/writer.h"
#include "unit.h"

static const struct {
	const char *value, *want;
} values[] = {
	{ "plain text", "plain text" },
	{ "Grüße aus Köln", "Grüße aus Köln" },
	{ "a\r\nBcc: eve@example.net", "a  Bcc: eve@example.net" },
	{ "a\nX: y", "a X: y" },
	{ "two  spaces", "two  spaces" },
	{ "=?UTF-8?Q?no?=", "=?UTF-8?Q?no?=" },
	{ "b\xe2\x80\xaeidi\x1b[m", "bidi[m" },
	{ "bad \xff byte", "bad \xef\xbf\xbd byte" },
	{ "", "" },
	{ "a long line of many words that has to be folded because it does not fit into seventy-six "
	  "characters",
	    "a long line of many words that has to be folded because it does not fit into seventy-six "
	    "characters" },
	{ "été été été été été été été été été été été été été été été été été été été",
	    "été été été été été été été été été été été été été été été été été été été" },
};

/* one_field - exactly one field, lines of bounded length */
static void
one_field(struct im_buf *b, const char *name)
{
	struct im_field f;
	size_t pos = 0, column = 0;

	ck_assert(im_header_next(im_buf_str(b), &pos, &f));
	ck_assert(im_str_is(f.name, name));
	ck_assert(!im_header_next(im_buf_str(b), &pos, &f));
	for (size_t i = 0; i < b->n; i++) {
		ck_assert_int_ne(b->p[i], '\r');
		column = b->p[i] == '\n' ? 0 : column + 1;
		ck_assert_uint_le(column, 998);
	}
}

START_TEST(text)
{
	struct im_buf b, back;
	struct im_str raw;

	im_buf_init(&b, 65536);
	im_buf_init(&back, 65536);
	im_writer_text(&b, "Subject", values[_i].value);
	one_field(&b, "Subject");
	ck_assert(im_header_get(im_buf_str(&b), "Subject", &raw));
	im_header_text(im_str_trim(raw), &back);
	ck_assert_str_eq(back.p, values[_i].want);
	im_buf_done(&b);
	im_buf_done(&back);
}
END_TEST

START_TEST(any_bytes)
{
	struct im_buf b;
	unsigned seed = 7;

	im_buf_init(&b, 1024 * 1024);
	for (int round = 0; round < 2000; round++) {
		char value[200];
		size_t n = (size_t)round % (sizeof(value) - 1);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245 + 12345;
			value[i] = (char)(seed >> 16);
			if ((seed >> 16) % 5 == 0)
				value[i] = "\r\n\t =?\"\\"[seed >> 20 & 7];
		}
		value[n] = '\0';
		im_buf_clear(&b);
		im_writer_text(&b, "X-A", value);
		one_field(&b, "X-A");
		im_buf_clear(&b);
		im_writer_address(&b, "From", value, value);
		one_field(&b, "From");
	}
	im_buf_done(&b);
}
END_TEST

START_TEST(quoted_printable)
{
	struct im_buf b;

	im_buf_init(&b, 65536);
	im_writer_quoted_printable(&b, im_str("From a=b \r\n.\né\nend"));
	ck_assert_str_eq(b.p, "=46rom a=3Db=20\n.\n=C3=A9\nend\n");
	im_buf_done(&b);
}
END_TEST

START_TEST(notice)
{
	struct im_conf conf = { .hostname = "mail.example.org" };
	struct im_writer_field extra[] = { { "X-One", "a\nb" }, { NULL, NULL } };
	struct im_notice n = { .from = "a@example.org",
		.to = "b@example.net",
		.subject = "s",
		.text = "t\n",
		.automatic = true,
		.references = "<a@b> <bad <c@d>",
		.extra = extra };
	struct im_err err = { 0 };
	struct im_buf b;

	im_buf_init(&b, 65536);
	ck_assert_int_eq(im_writer_notice(&conf, &n, &b, &err), IM_OK);
	ck_assert_ptr_nonnull(strstr(b.p, "\nReferences:\n <a@b>\n <c@d>\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "\nAuto-Submitted: auto-generated\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "\nX-One: a b\n"));
	ck_assert_ptr_nonnull(strstr(b.p, "\n\nt\n"));
	n.to = "b@example.net>\r\nBcc: <c@example.net";
	ck_assert_int_eq(im_writer_notice(&conf, &n, &b, &err), IM_INVALID);
	im_buf_done(&b);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ text, IM_COUNT(values) },
		{ any_bytes },
		{ quoted_printable },
		{ notice },
	};

	return unit_main("writer", tests, IM_COUNT(tests));
}
