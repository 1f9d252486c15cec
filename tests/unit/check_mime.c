/*
 * check_mime.c - the part tree, transfer decoding, texts
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/mime.h"

#include <stdlib.h>

#include "mail/header.h"
#include "unit.h"

/* the tree as text: "type/subtype[body]" with "!" for an attachment, children in parentheses */
static void
tree(const struct im_mime *m, const char *s, int at, struct im_buf *b)
{
	const struct im_mime_part *p = &m->parts[at];
	bool first = true;

	im_buf_addf(b, "%s/%s%s", p->type, p->subtype, p->is_attachment ? "!" : "");
	if (!p->is_multipart)
		im_buf_addf(b, "[%.*s]", (int)p->body_len, s + p->body_off);
	for (int i = at + 1; i < m->nparts; i++) {
		if (m->parts[i].parent != at)
			continue;
		im_buf_adds(b, first ? "(" : " ");
		first = false;
		tree(m, s, i, b);
	}
	if (!first)
		im_buf_addc(b, ')');
}

#define MP(b) "Content-Type: multipart/mixed; boundary=" b "\n\n"

static const struct {
	const char *raw, *want;
} trees[] = {
	{ "", "text/plain[]" },
	{ "\r\n", "text/plain[\r\n]" },
	{ "Subject: x\r\n\r\nbody\r\n", "text/plain[body\r\n]" },
	{ "Subject: x\r\n", "text/plain[]" },
	{ "Subject: x", "text/plain[]" },
	{ "Content-Type: TEXT/Html; charset=x\n\nb", "text/html[b]" },
	{ "Content-Type: image/png\n\nb", "image/png![b]" },
	{ "Content-Type: nonsense\n\nb", "text/plain[b]" },
	{ "Content-Type: /\n\nb", "text/plain[b]" },
	{ "Content-Disposition: attachment\n\nb", "text/plain![b]" },
	{ "Content-Disposition: Inline\n\nb", "text/plain[b]" },
	{ "Content-Disposition: form-data\n\nb", "text/plain![b]" }, /* RFC 2183 2.8 */
	/* RFC 2046 5.1 */
	{ MP("b") "pre\n--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n\n--b--\nepilogue\n--b\n",
	    "multipart/mixed(text/plain[one] text/html[two\n])" },
	{ MP("b") "--b\r\n\r\none\r\n--b--", "multipart/mixed(text/plain[one])" },
	{ MP("\"a b\"") "--a b \t\n\none\n--a b--", "multipart/mixed(text/plain[one])" },
	{ MP("b") "--b\n\none\n--bx\n--b-\n --b\nend",
	    "multipart/mixed(text/plain[one\n--bx\n--b-\n --b\nend])" },
	{ MP("b") "--b\n\n--b\n\n\n--b\n--b--\n", "multipart/mixed(text/plain[] text/plain[] text/plain[])" },
	{ MP("b") "--b\nX: y\n--b\n\ntwo", "multipart/mixed(text/plain[] text/plain[two])" },
	{ MP("b") "no boundary at all", "text/plain[no boundary at all]" },
	{ "Content-Type: multipart/mixed\n\n--x\n\nhi\n--x--", "text/plain[--x\n\nhi\n--x--]" },
	{ "Content-Type: multipart/digest; boundary=b\n\n--b\n\nFrom: a\n\nx\n--b--",
	    "multipart/digest(message/rfc822![From: a\n\nx])" },
	{ MP("b") "--b\nContent-Type: message/rfc822\n\n" MP("c") "--c\n\nx\n--c--\n--b--",
	    "multipart/mixed(message/rfc822![Content-Type: multipart/mixed; "
	    "boundary=c\n\n--c\n\nx\n--c--])" },
	/* nested: an outer boundary ends what is open within; the same one twice */
	{ MP("b") "--b\n" MP("c") "--c\n\nx\n--b\n\ny\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain[x]) text/plain[y])" },
	{ MP("b") "--b\n" MP("bb") "--bb\n\nx\n--bb--\n--b\n\ny\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain[x]) text/plain[y])" },
	{ MP("b") "--b\n" MP("b") "--b\n\nx\n--b--\n--b\n\ny\n--b--",
	    "multipart/mixed(multipart/mixed(text/plain[x]) text/plain[y])" },
	/* where the header begins and ends */
	{ "From a@b Mon Jan  5 10:00:00 2026\nContent-Type: text/html\n\nb", "text/html[b]" },
	{ "\n \n\t\nContent-Type: text/html\n\nb", "text/html[b]" },
	{ "just text\nmore", "text/plain[just text\nmore]" },
	{ "\njust text\n\nmore", "text/plain[just text\n\nmore]" },
	{ "no field\nContent-Type: text/html\n\nb", "text/html[b]" },
	{ "Content-Type: text/html\nno blank line\nb: c\n", "text/html[]" },
	{ "Content-Type: text/html\nno blank\nline here: c\n", "text/html[no blank\nline here: c\n]" },
	{ "Content-Type: text/html\nHello\n\nb", "text/html[Hello\n\nb]" },
	{ "Content-Type: multipart/mixed; boundary=b\n \n--b\nX: y\n\nx\n--b--",
	    "multipart/mixed(text/plain[x])" },
	{ "X: y\n \nContent-Type: text/html\n\nb", "text/html[b]" },
	{ "X: y\n \nHello\nNote: z\n", "text/plain[Hello\nNote: z\n]" },
	{ MP("b") "--b\nHello\n\nx\n--b--", "multipart/mixed(text/plain[Hello\n\nx])" },
	{ "Content-Type: multipart/mixed; boundary=b\n--b\n\nx\n--b--", "multipart/mixed(text/plain[x])" },
	/* line ends: bare CR, one CR too many */
	{ "Subject: x\rContent-Type: text/html\r\rbody\rmore", "text/html[body\rmore]" },
	{ "Content-Type: multipart/mixed; boundary=b\r\r--b\r\rone\r--b--\r",
	    "multipart/mixed(text/plain[one])" },
	{ "Subject: x\rContent-Type: text/html\r\n\rbody\nmore", "text/html[body\nmore]" },
	{ "Subject: x\r\r\nContent-Type: text/html\r\r\n\r\r\nbody", "text/html[body]" },
	{ "Subject: x\nContent-Type: text/html\r\n\nbo\rdy", "text/html[bo\rdy]" },
};

START_TEST(parse)
{
	size_t n = strlen(trees[_i].raw);
	char *s = unit_exact(trees[_i].raw, n);
	struct im_mime m;
	struct im_buf b;

	/* in pieces of every size up to the whole */
	for (size_t step = 1; step <= (n ? n : 1); step++) {
		struct im_mime_parser *p = im_mime_begin(IM_MIME_MAX_HEADER);

		for (size_t at = 0; at < n; at += step) {
			size_t k = n - at < step ? n - at : step;
			char *piece = unit_exact(s + at, k);

			im_mime_feed(p, piece, k);
			free(piece);
		}
		im_mime_end(p, &m);
		im_buf_init(&b, 10000);
		tree(&m, s, 0, &b);
		ck_assert_msg(strcmp(b.p, trees[_i].want) == 0, "%s\nin steps of %zu: %s\nwant: %s",
		    trees[_i].raw, step, b.p, trees[_i].want);
		im_buf_done(&b);
		im_mime_done(&m);
	}
	free(s);
}
END_TEST

START_TEST(details)
{
	static const char raw[] =
	    "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: text/plain; charset=\"ISO-8859-1\"; format=Flowed; delsp=yes\n"
	    "Content-Transfer-Encoding: Quoted-Printable\n\n=E9=\n\n"
	    "--b\nContent-Type: application/pdf; name=other.pdf\nContent-ID: <a@b>\n"
	    "Content-Disposition: attachment; filename=\"..\\..\\.x/evil\xe2\x80\xae.pdf\"\n"
	    "Content-Transfer-Encoding: base64\n\nSGVsbG8=\n"
	    "--b\nContent-Type: text/html\n\nx\n--b--\n";
	struct im_str s = { raw, sizeof(raw) - 1 };
	const struct im_mime_part *p;
	struct im_mime m;
	struct im_buf b;
	struct im_str subject;

	im_mime_parse(s, &m);
	ck_assert_int_eq(m.nparts, 4);
	ck_assert_int_eq(m.attachments, 1);
	ck_assert(m.flags == 0 && m.size == s.n);
	ck_assert(im_header_get(m.header, "subject", &subject) && im_str_is(subject, "s"));
	p = &m.parts[1];
	ck_assert_str_eq(p->charset, "iso-8859-1");
	ck_assert(p->flowed && p->delsp && p->cte == IM_CTE_QP && !p->name);
	im_buf_init(&b, 100);
	ck_assert(im_mime_part_text(s, p, 100, &b));
	ck_assert_str_eq(b.p, "\xc3\xa9");
	p = &m.parts[2];
	ck_assert_str_eq(p->name, "evil.pdf");
	ck_assert_str_eq(p->content_id, "a@b");
	ck_assert(p->disposition == IM_DISP_ATTACHMENT && p->depth == 1 && p->parent == 0);
	ck_assert_uint_eq(im_mime_part_size(s, p), 5);
	im_buf_clear(&b);
	ck_assert(im_mime_decode_part(s, p, 100, &b));
	ck_assert_str_eq(b.p, "Hello");
	im_buf_done(&b);
	im_buf_init(&b, 100);
	ck_assert(!im_mime_decode_part(s, p, 3, &b));
	ck_assert_str_eq(b.p, "Hel");
	ck_assert_int_eq(im_mime_text_part(&m), 1);
	ck_assert_int_eq(im_mime_html_part(&m), 3);
	ck_assert_int_eq(im_mime_by_cid(&m, IM_STR("a@b")), 2);
	ck_assert_int_eq(im_mime_by_cid(&m, IM_STR("a@c")), -1);
	/* a message that has become shorter is not read past its end */
	im_buf_clear(&b);
	ck_assert(im_mime_part_text((struct im_str) { raw, 3 }, &m.parts[3], 100, &b) && b.n == 0);
	im_buf_done(&b);
	im_mime_done(&m);
}
END_TEST

static const struct {
	const char *header, *want;
} names[] = {
	{ "a.pdf", "a.pdf" },
	{ "\"a b.pdf\"", "a b.pdf" },
	{ "\"/etc/passwd\"", "passwd" },
	{ "\"..\\\\..\\\\x\"", "x" },
	{ "\"...\"", NULL },
	{ "\"dir/\"", NULL },
	{ "\"  .hidden \"", "hidden" },
	{ "\"a\001\tb\"", "a b" },
	{ "\"\"", NULL },
};

START_TEST(name)
{
	struct im_mime m;
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_buf_addf(&b, "Content-Disposition: attachment; filename=%s\n\nx", names[_i].header);
	im_mime_parse(im_buf_str(&b), &m);
	if (names[_i].want)
		ck_assert_pstr_eq(m.parts[0].name, names[_i].want);
	else
		ck_assert_ptr_null(m.parts[0].name);
	im_mime_done(&m);
	im_buf_done(&b);
}
END_TEST

START_TEST(limits)
{
	struct im_buf b;
	struct im_mime m;
	struct im_str v;

	/* more parts than that: the rest is text of the last one, nothing is lost */
	im_buf_init(&b, 1 << 24);
	im_buf_adds(&b, MP("b"));
	for (int i = 0; i < IM_MIME_MAX_PARTS + 500; i++)
		im_buf_adds(&b, "--b\n\nx\n");
	im_mime_parse(im_buf_str(&b), &m);
	ck_assert_int_eq(m.nparts, IM_MIME_MAX_PARTS);
	ck_assert(m.flags == IM_MIME_CUT_PARTS);
	ck_assert_uint_eq(m.parts[999].body_off + m.parts[999].body_len, b.n);
	im_mime_done(&m);
	/* nested deeper than that */
	im_buf_clear(&b);
	for (int i = 0; i < IM_MIME_MAX_DEPTH + 20; i++)
		im_buf_addf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
	im_buf_adds(&b, "\nx");
	im_mime_parse(im_buf_str(&b), &m);
	ck_assert(m.flags == IM_MIME_CUT_DEPTH && m.nparts == IM_MIME_MAX_DEPTH + 1);
	ck_assert_int_eq(im_mime_text_part(&m), IM_MIME_MAX_DEPTH); /* its source is shown */
	im_mime_done(&m);
	/* a field of megabytes, and half a million fields, hide nothing that matters */
	im_buf_clear(&b);
	im_buf_adds(&b, "To: ");
	for (int i = 0; i < 200000; i++)
		im_buf_addf(&b, "u%d@example.org,\n ", i);
	im_buf_adds(&b, "x@y\n");
	for (int i = 0; i < 500000; i++)
		im_buf_adds(&b, "X: y\n");
	im_buf_adds(&b, "Subject: here\nContent-Type: text/html\n\nbody");
	im_mime_parse(im_buf_str(&b), &m);
	ck_assert(m.flags == IM_MIME_CUT_HEADER && m.header.n <= IM_MIME_MAX_HEADER);
	ck_assert(im_header_get(m.header, "subject", &v) && im_str_is(v, "here"));
	ck_assert_uint_eq(m.parts[0].body_len, 4);
	ck_assert_str_eq(m.parts[0].subtype, "html");
	im_mime_done(&m);
	/* one line of megabytes that is no field is text */
	im_buf_clear(&b);
	for (int i = 0; i < 2000000; i++)
		im_buf_addc(&b, 'x');
	im_buf_adds(&b, "\nSubject: x\n");
	im_mime_parse(im_buf_str(&b), &m);
	ck_assert_uint_eq(m.parts[0].body_len, b.n);
	im_mime_done(&m);
	im_buf_done(&b);
}
END_TEST

static const struct {
	enum im_cte cte;
	const char *in, *want;
} codes[] = {
	{ IM_CTE_BASE64, "SGVsbG8=", "Hello" },
	{ IM_CTE_BASE64, "SGVs\r\nbG8", "Hello" },
	{ IM_CTE_BASE64, "S G*V!s-bG8=\n====", "Hello" },
	{ IM_CTE_BASE64, "SGVsbG8=SGVsbG8=", "HelloHello" }, /* one text behind the other */
	{ IM_CTE_BASE64, "A", "" },
	{ IM_CTE_BASE64, "", "" },
	{ IM_CTE_QP, "a=3Db=C3=a9", "a=b\xc3\xa9" },
	{ IM_CTE_QP, "a=\r\nb=\nc= \t\r\nd", "abcd" },
	{ IM_CTE_QP, "a \t\r\nb \nc  d  ", "a\r\nb\nc  d" },
	{ IM_CTE_QP, "a=ZZ =4 =", "a=ZZ =4 " },
	{ IM_CTE_QP, "=\n", "" },
	{ IM_CTE_QP, "=4 \nx", "=4\nx" },
	{ IM_CTE_QP, "a\rb", "a\rb" },
	{ IM_CTE_QP, "==3D==", "===" },
	{ IM_CTE_UUENCODE, "text\nbegin 644 x\n%2&5L;&\\\n`\nend\nmore", "Hello" },
	{ IM_CTE_UUENCODE, "begin 644 x\r\n#86)C\r\n#9&5F\r\nend\r\n", "abcdef" },
	{ IM_CTE_UUENCODE, "#86)C\n", "" },
	{ IM_CTE_IDENTITY, "a=3D\r\n", "a=3D\r\n" },
};

START_TEST(decode)
{
	size_t n = strlen(codes[_i].in);

	for (size_t step = 1; step <= n + 1; step++) {
		struct im_decoder d = { .cte = codes[_i].cte };
		struct im_buf b;

		im_buf_init(&b, 1000);
		for (size_t at = 0; at < n; at += step) {
			size_t k = n - at < step ? n - at : step;
			char *s = unit_exact(codes[_i].in + at, k);

			im_decode(&d, (struct im_str) { s, k }, false, &b);
			free(s);
		}
		im_decode(&d, im_str(NULL), true, &b);
		ck_assert_str_eq(b.p, codes[_i].want);
		im_buf_done(&b);
	}
}
END_TEST

START_TEST(size_of_large)
{
	static const char *const ends[] = { "", "AAA", "AAAA", "AAAA\r\n", "AAA=", "AA==\r\n", "AA==\n\n" };
	static const size_t lens[] = { 76, 75, 4 };

	for (size_t k = 0; k < IM_COUNT(lens); k++) {
		for (size_t i = 0; i < IM_COUNT(ends); i++) {
			struct im_mime_part part = { .cte = IM_CTE_BASE64 };
			struct im_buf b, out;

			im_buf_init(&b, 1 << 24);
			im_buf_init(&out, 1 << 24);
			for (int line = 0; line < 20000; line++)
				im_buf_addf(&b, "%.*s\r\n", (int)lens[k],
				    "ABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD"
				    "ABCDABCD");
			im_buf_adds(&b, ends[i]);
			part.body_len = b.n;
			ck_assert(im_mime_decode_part(im_buf_str(&b), &part, 1 << 24, &out));
			ck_assert_uint_eq(im_mime_part_size(im_buf_str(&b), &part), out.n);
			im_buf_done(&b);
			im_buf_done(&out);
		}
	}
}
END_TEST

static const struct {
	const char *raw, *want;
} texts[] = {
	{ "\n\na\r\nb\rc\n", "a\nb\nc\n" },
	{ "Content-Type: text/plain; charset=koi8-r\n\n\xf0\xd2", "\xd0\x9f\xd1\x80" },
	{ "Content-Type: text/html\n\n<meta charset=koi8-r>\xf0\xd2",
	    "<meta charset=koi8-r>\xd0\x9f\xd1\x80" },
	{ "Content-Transfer-Encoding: base64\n\nYQANCmI=", "a?\nb" },
	{ "X: y\n\ncaf\xe9", "caf\xc3\xa9" },
};

START_TEST(part_text)
{
	struct im_str s = im_str(texts[_i].raw);
	struct im_mime m;
	struct im_buf b;

	im_mime_parse(s, &m);
	im_buf_init(&b, 1000);
	ck_assert(im_mime_part_text(s, &m.parts[0], 1000, &b));
	ck_assert_str_eq(b.p, texts[_i].want);
	im_buf_done(&b);
	im_mime_done(&m);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ parse, IM_COUNT(trees), 0 },
		{ details, 0, 0 },
		{ name, IM_COUNT(names), 0 },
		{ limits, 0, 0 },
		{ decode, IM_COUNT(codes), 0 },
		{ size_of_large, 0, 0 },
		{ part_text, IM_COUNT(texts), 0 },
	};

	return unit_main("mime", tests, IM_COUNT(tests));
}
