/*
 * check_summary.c - what the list shows of a message
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/summary.h"

#include <stdio.h>
#include <stdlib.h>

#include "mail/snippet.h"
#include "unit.h"

static void
summarise(const char *raw, size_t step, struct im_arena *a, struct im_summary *ret)
{
	struct im_summary_parser *p = im_summary_begin();
	size_t n = strlen(raw);

	for (size_t at = 0; at < n; at += step)
		im_summary_feed(p, raw + at, n - at < step ? n - at : step);
	im_summary_end(p, a, ret);
}

static const char mail[] =
    "Received: by x\r\nFrom: =?utf-8?Q?J=C3=BCrgen?= <j@x.y>\r\nTo: a@b, Bob <b@c>\r\n"
    "Subject: =?utf-8?B?R3LDvMOfZQ==?=\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n"
    "Message-ID: <id@x>\r\nReferences: <first@x>\r\n <last@x>\r\nIn-Reply-To: <other@x>\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Hello  =C3=BC,\r\n\r\n> quoted\r\nmore =\r\ntext\r\n-- \r\nsignature\r\n"
    "--b\r\nContent-Type: image/png; name=x.png\r\nContent-Transfer-Encoding: "
    "base64\r\n\r\nAAAA\r\n--b--\r\n";

START_TEST(all_fields)
{
	for (size_t step = 1; step <= sizeof(mail); step += 7) {
		struct im_arena a = { 0 };
		struct im_summary s, r;

		summarise(mail, step, &a, &s);
		ck_assert_str_eq(s.from, "J\xc3\xbcrgen <j@x.y>");
		ck_assert_str_eq(s.to, "a@b, Bob <b@c>");
		ck_assert_str_eq(s.subject, "Gr\xc3\xbc\xc3\x9f"
					    "e");
		ck_assert_str_eq(s.snippet, "Hello \xc3\xbc, more text");
		ck_assert(s.has_date && s.date == 1767607200);
		ck_assert_int_eq(s.attachments, 1);
		ck_assert_uint_eq(s.size, sizeof(mail) - 1);
		ck_assert(s.message_id && s.parent_id && s.thread_id);
		/* the answer that names it is in the same thread, with it as the parent */
		summarise("Message-ID: <re@x>\nReferences: <first@x> <last@x> <id@x>\n\n", 5, &a, &r);
		ck_assert(r.parent_id == s.message_id && r.thread_id == s.thread_id &&
			  r.message_id != s.message_id);
		summarise("Message-ID:\n <re@x>\nIn-Reply-To: Your mail <id@x> of today\n\n", 5, &a, &r);
		ck_assert(r.parent_id == s.message_id && r.thread_id == s.message_id);
		summarise("Message-ID: <first@x>\n\n", 5, &a, &r);
		ck_assert(r.thread_id == s.thread_id && r.parent_id == 0);
		im_arena_done(&a);
	}
}
END_TEST

START_TEST(nothing)
{
	struct im_arena a = { 0 };
	struct im_summary s;

	summarise("", 1, &a, &s);
	ck_assert(!*s.from && !*s.to && !*s.subject && !*s.snippet && !s.has_date && !s.attachments);
	ck_assert(!s.message_id && !s.parent_id && !s.thread_id && !s.size);
	summarise("To: undisclosed recipients\nSubject:\n\n", 1, &a, &s);
	ck_assert_str_eq(s.to, "undisclosed recipients");
	ck_assert_str_eq(s.subject, "");
	im_arena_done(&a);
}
END_TEST

START_TEST(bounds)
{
	struct im_arena a = { 0 };
	struct im_summary s;
	struct im_buf b;

	im_buf_init(&b, 1 << 20);
	im_buf_adds(&b, "From: ");
	for (int i = 0; i < 100; i++)
		im_buf_addf(&b, "=?utf-8?Q?=C3=BC=C3=BC?= <u%d@x>,\n ", i);
	im_buf_adds(&b, "\nSubject: ");
	for (int i = 0; i < 300; i++)
		im_buf_adds(&b, "\xe2\x82\xac");
	im_buf_adds(&b, "\n\n");
	for (int i = 0; i < 300; i++)
		im_buf_adds(&b, "\xe2\x82\xac");
	summarise(b.p, 1000, &a, &s);
	ck_assert(strlen(s.from) <= IM_SUMMARY_ADDR_MAX && strlen(s.from) > IM_SUMMARY_ADDR_MAX - 40);
	ck_assert_uint_eq(strlen(s.subject), IM_SUMMARY_SUBJECT_MAX);
	ck_assert_uint_eq(strlen(s.snippet), IM_SUMMARY_SNIPPET_MAX / 3 * 3);
	ck_assert(im_utf8_valid(im_str(s.from)) && im_utf8_valid(im_str(s.subject)) &&
		  im_utf8_valid(im_str(s.snippet)));
	im_buf_done(&b);
	im_arena_done(&a);
}
END_TEST

START_TEST(from_file)
{
	FILE *f = tmpfile();
	struct im_arena a = { 0 };
	struct im_summary s, t;
	struct im_err err;

	ck_assert_ptr_nonnull(f);
	ck_assert(fwrite(mail, 1, sizeof(mail) - 1, f) == sizeof(mail) - 1 && fflush(f) == 0);
	ck_assert_int_eq(im_summary_file(fileno(f), &a, &s, &err), IM_OK);
	summarise(mail, 3, &a, &t);
	ck_assert_str_eq(s.snippet, t.snippet);
	ck_assert(s.size == t.size && s.thread_id == t.thread_id);
	fclose(f);
	ck_assert_int_ne(im_summary_file(-1, &a, &s, &err), IM_OK);
	ck_assert(err.msg[0]);
	im_arena_done(&a);
}
END_TEST

static const struct {
	bool html;
	const char *in, *want;
} snippets[] = {
	{ false, "  a\n\n b\tc ", "a b c" },
	{ false, "> q\n>> qq\n text", "text" },
	{ false, "On Monday Ann wrote:\n\n> q\ntext", "text" },
	{ false, "List:\n\nitem", "List: item" },
	{ false, "-- \nsig", "" },
	{ false, "-----\ntext", "text" },
	{ false,
	    "a\xe2\x80\x8b\xc2\xad\xef\xbb\xbf"
	    "b\xc2\xa0"
	    "c",
	    "ab c" },
	{ true, "<p>Hello <b>w</b>orld</p><p>x&amp;y &#8364;&#x41;&nbsp;&bogus;</p>",
	    "Hello world x&y \xe2\x82\xac"
	    "A &bogus;" },
	{ true,
	    "<html><head><title>t</title></head><style>p{}</style><script>x<y</script><!-- <p>c "
	    "--><body>text",
	    "text" },
	{ true, "<STYLE type=x>a</style >b<br>c", "b c" },
	{ true, "a < b <3", "a < b <3" },
	{ true, "<p", "" },
	{ true, "a<!-- b", "a" },
	{ true, "<style>a", "" },
	{ true, "&", "&" },
	{ true, "&#;&#x;&#0;", "&#;&#x;&#0;" },
};

START_TEST(snippet)
{
	size_t n = strlen(snippets[_i].in);
	char *s = unit_exact(snippets[_i].in, n);
	struct im_buf b;

	im_buf_init(&b, 100);
	(snippets[_i].html ? im_snippet_html : im_snippet_plain)((struct im_str) { s, n }, 80, &b);
	ck_assert_str_eq(b.p, snippets[_i].want);
	im_buf_done(&b);
	free(s);
}
END_TEST

START_TEST(which_text)
{
	static const struct {
		const char *raw, *want;
	} rows[] = {
		{ "Content-Type: text/html; charset=iso-8859-1\n\n<p>caf\xe9</p>", "caf\xc3\xa9" },
		{ "Content-Type: multipart/x; boundary=b\n\n--b\n\n \n--b\nContent-Type: "
		  "text/html\n\nhtml\n--b--",
		    "html" },
		{ "Content-Type: multipart/x; boundary=b\n\n--b\nContent-Type: "
		  "text/html\n\nhtml\n--b\n\nplain\n--b--",
		    "html" },
		{ "Content-Type: multipart/x; boundary=b\n\n--b\nContent-Disposition: "
		  "attachment\n\nno\n--b\n\nyes\n--b--",
		    "yes" },
		{ "Content-Transfer-Encoding: base64\n\nSGVs\nbG8=", "Hello" },
		{ "Content-Type: application/pdf\n\nno", "" },
	};

	for (size_t i = 0; i < IM_COUNT(rows); i++) {
		struct im_arena a = { 0 };
		struct im_summary s;

		summarise(rows[i].raw, 9, &a, &s);
		ck_assert_str_eq(s.snippet, rows[i].want);
		im_arena_done(&a);
	}
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ all_fields, 0, 0 },
		{ nothing, 0, 0 },
		{ bounds, 0, 0 },
		{ from_file, 0, 0 },
		{ snippet, IM_COUNT(snippets), 0 },
		{ which_text, 0, 0 },
	};

	return unit_main("summary", tests, IM_COUNT(tests));
}
