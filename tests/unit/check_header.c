/*
 * check_header.c - header fields, encoded words, parameters
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/header.h"

#include <stdlib.h>

#include "unit.h"

START_TEST(fields)
{
	static const char block[] =
	    "Subject: one\r\n two\r\nno field here\r\n  of this\r\nX-Empty:\r\nTo : a@b\nsubject: second\n";
	char *s = unit_exact(block, sizeof(block) - 1);
	struct im_str b = { s, sizeof(block) - 1 }, raw;
	struct im_field f;
	size_t pos = 0;

	ck_assert(im_header_next(b, &pos, &f));
	ck_assert(im_str_is(f.name, "Subject") && im_str_is(f.value, "one\r\n two"));
	ck_assert(im_header_next(b, &pos, &f));
	ck_assert(im_str_is(f.name, "X-Empty") && f.value.n == 0);
	ck_assert(im_header_next(b, &pos, &f)); /* RFC 5322 4.5: a space before the colon */
	ck_assert(im_str_is(f.name, "To") && im_str_is(f.value, "a@b"));
	ck_assert(im_header_next(b, &pos, &f));
	ck_assert(!im_header_next(b, &pos, &f));
	ck_assert(im_header_get(b, "SUBJECT", &raw) && im_str_is(raw, "one\r\n two"));
	ck_assert(im_header_get(b, "x-empty", &raw) && raw.n == 0);
	ck_assert(!im_header_get(b, "from", &raw));
	free(s);
}
END_TEST

static const struct {
	const char *raw, *want;
} texts[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "one\r\n two\r\n\tthree", "one two three" },
	{ "=?utf-8?B?w6k=?=", "\xc3\xa9" },
	{ "=?UTF-8?q?caf=C3=A9_x?=", "caf\xc3\xa9 x" },
	{ "=?utf-8*en?Q?caf=C3=A9?=", "caf\xc3\xa9" }, /* RFC 2231 5 */
	{ "Re: =?iso-8859-1?Q?na=EFve?= approach", "Re: na\xc3\xafve approach" },
	/* RFC 2047 6.2: white space between words goes; a character split over two words */
	{ "=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab" },
	{ "=?utf-8?B?w6k=?= =?iso-8859-1?Q?=E9?= x", "\xc3\xa9\xc3\xa9 x" },
	{ "=?utf-8?Q?=C3?= =?UTF-8?B?qQ==?=", "\xc3\xa9" },
	{ "=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c" },
	{ "=?iso-2022-jp?B?GyRCRnwbKEI=?=", "\xe6\x97\xa5" },
	/* what is sent against RFC 2047 5 */
	{ "x=?utf-8?Q?a?=y", "xay" },
	{ "=?utf-8?Q?a b?=", "a b" },
	{ "=?utf-8?Q?what?=20now?=", "what? now" },
	{ "=?utf-8?Q?a?b?=", "a?b" },
	{ "=?utf-8?B?w6k?=", "\xc3\xa9" },
	{ "\"=?utf-8?Q?a?=\"", "\"a\"" },
	{ "=?utf-8?B?!!!no base64?=", "!!!no base64" },
	/* no words */
	{ "=?utf-8?Q?abc", "=?utf-8?Q?abc" },
	{ "=?utf-8?X?abc?=", "=?utf-8?X?abc?=" },
	{ "=??Q?abc?=", "=??Q?abc?=" },
	{ "=?utf-8?Q?a =?utf-8?Q?b?=", "=?utf-8?Q?a b" },
	{ "a =? b ?= c", "a =? b ?= c" },
	/* raw bytes */
	{ "Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87", "Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87" },
	{ "Caf\xe9", "Caf\xc3\xa9" },
	/* control and bidi control characters, also from within words */
	{ "a\001b\x7f"
	  "c\td",
	    "abc d" },
	{ "=?utf-8?Q?a=0D=0ABcc:_x?=", "a  Bcc: x" },
	{ "=?utf-8?Q?a=00b?=", "ab" },
	{ "=?utf-8?B?4oCu?=txt", "txt" },
	{ "a\xe2\x80\xa8"
	  "b\xc2\x85"
	  "c",
	    "a b c" },
};

START_TEST(text)
{
	size_t n = strlen(texts[_i].raw);
	char *s = unit_exact(texts[_i].raw, n);
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_header_text((struct im_str) { s, n }, &b);
	ck_assert_str_eq(b.p, texts[_i].want);
	im_buf_done(&b);
	free(s);
}
END_TEST

START_TEST(decode_keeps_bidi)
{
	struct im_buf b;

	im_buf_init(&b, 100);
	im_header_decode(im_str("=?utf-8?B?4oCu?=txt"), &b);
	ck_assert_str_eq(b.p, "\xe2\x80\xaetxt");
	im_buf_done(&b);
}
END_TEST

static const struct {
	const char *raw, *name, *want; /* want NULL: absent */
} params[] = {
	{ "text/plain; charset=utf-8", "charset", "utf-8" },
	{ "text/plain; Charset=\"utf-8\"; x=y", "charset", "utf-8" },
	{ "text/plain", "charset", NULL },
	{ "", "charset", NULL },
	{ "text/plain charset=utf-8", "charset", "utf-8" },
	{ "text/plain;;; charset = utf-8 ;", "charset", "utf-8" },
	{ "text/plain; (a; charset=x) charset=utf-8", "charset", "utf-8" },
	{ "attachment; filename=a b.pdf", "filename", "a b.pdf" },
	{ "attachment; filename=\"a \\\"b\\\".pdf\"", "filename", "a \"b\".pdf" },
	{ "attachment; filename=\"C:\\dir\\a.pdf\"", "filename", "C:\\dir\\a.pdf" },
	{ "attachment; filename=\"a.pdf; size=3", "filename", "a.pdf" },
	{ "attachment; filename=\"a;b.pdf\"; size=3", "filename", "a;b.pdf" },
	{ "attachment; filename=\"a.pdf\" size=3", "size", "3" },
	{ "attachment; filename=\"=?utf-8?Q?=C3=A9.pdf?=\"", "filename", "\xc3\xa9.pdf" },
	{ "attachment; filename=\"a\r\n b.pdf\"", "filename", "a b.pdf" },
	/* RFC 2231 */
	{ "attachment; filename*=utf-8''na%C3%AFve%20file.pdf", "filename", "na\xc3\xafve file.pdf" },
	{ "attachment; filename*=iso-8859-1'en'%E9", "filename", "\xc3\xa9" },
	{ "attachment; filename=old.pdf; filename*=utf-8''new.pdf", "filename", "new.pdf" },
	{ "a; filename*0*=utf-8''lang%20;\r\n filename*1=\"er \";\r\n filename*2*=N%C3%A4me.pdf", "filename",
	    "lang er N\xc3\xa4me.pdf" },
	{ "a; filename*1=b; filename*0=a; filename*2=c", "filename", "abc" },
	{ "a; filename*0=a; filename*2=c", "filename", "a" },
	{ "a; filename*0=a; filename*0=z; filename*1=b", "filename", "ab" },
	{ "a; filename*0*=utf-8''%C3; filename*1*=%A9", "filename", "\xc3\xa9" },
	{ "a; filename*=no quotes%21", "filename", "no quotes!" },
	{ "a; filename*=utf-8''%zz%", "filename", "%zz%" },
	{ "a; filename*x=1; filename*99999999999=2; filename=c", "filename", "c" },
	{ "a; filenamex=1", "filename", NULL },
};

START_TEST(param)
{
	size_t n = strlen(params[_i].raw);
	char *s = unit_exact(params[_i].raw, n);
	struct im_buf b;
	bool found;

	im_buf_init(&b, 1000);
	found = im_header_param((struct im_str) { s, n }, params[_i].name, &b);
	ck_assert(found == (params[_i].want != NULL));
	ck_assert_str_eq(b.p, params[_i].want ? params[_i].want : "");
	im_buf_done(&b);
	free(s);
}
END_TEST

/* linear time: each of these would take minutes if any byte were looked at again and again */
START_TEST(hostile)
{
	static const char *const pieces[] = { "=?a?q?", "=?a?b?x", "=?", "=?a?q?x?=2",
		"?=", "=?koi8-r?q?=c1?=", "a=\";", "\"", "(", "a*0=b;", "a*=b;", "\\\"", "'", ";" };
	const size_t size = 1 << 20;
	struct im_str piece = im_str(pieces[_i]);
	struct im_buf in, out;

	im_buf_init(&in, size);
	im_buf_init(&out, size * 16);
	while (!in.full)
		im_buf_add_str(&in, piece);
	im_header_text(im_buf_str(&in), &out);
	im_buf_clear(&out);
	(void)im_header_param(im_buf_str(&in), "a", &out);
	im_buf_done(&in);
	im_buf_done(&out);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ fields, 0, 0 },
		{ text, IM_COUNT(texts), 0 },
		{ decode_keeps_bidi, 0, 0 },
		{ param, IM_COUNT(params), 0 },
		{ hostile, 14, 0 },
	};

	return unit_main("header", tests, IM_COUNT(tests));
}
