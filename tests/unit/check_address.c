/*
 * check_address.c - address lists, their display, envelope recipients
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/address.h"

#include <stdlib.h>

#include "unit.h"

/* want: "name|addr" joined by ", " */
static const struct {
	const char *raw, *want;
} lists[] = {
	{ "", "" },
	{ "a@b.c", "|a@b.c" },
	{ "Ann <ann@Example.ORG>", "Ann|ann@example.org" },
	{ "\"B, C\" <bc@x.y>, d@x.y", "B, C|bc@x.y, |d@x.y" },
	{ "\"A \\\"q\\\" B\" <a@b>", "A \"q\" B|a@b" },
	{ "Ann Sender\r\n <ann@x.y>,\r\n\tbob@x.y", "Ann Sender|ann@x.y, |bob@x.y" },
	{ "=?utf-8?Q?J=C3=BCrgen?= <j@x.y>", "J\xc3\xbcrgen|j@x.y" },
	{ "\"=?utf-8?Q?J=C3=BC?=\" <j@x.y>", "J\xc3\xbc|j@x.y" },
	{ "=?utf-8?Q?Ann_=3Ca=40x.y=3E?=", "Ann|a@x.y" },
	{ "=?utf-8?Q?a=40x.y?=, b@x.y", "|a@x.y, |b@x.y" },
	{ "=?utf-8?Q?Ann?=", "" },
	/* groups (RFC 5322 3.4) */
	{ "undisclosed-recipients:;", "" },
	{ "Friends: \"B, C\" <bc@x.y>, d@x.y;", "B, C|bc@x.y, |d@x.y" },
	{ "A: a@x; B: b@x;, c@x", "|a@x, |b@x, |c@x" },
	/* comments, obsolete forms (RFC 5322 4.4) */
	{ "a@x.y (Ann (really) A)", "Ann (really) A|a@x.y" },
	{ "Ann (at work) <a@x.y>", "Ann|a@x.y" },
	{ "<@r1,@r2:a@x.y>", "|a@x.y" },
	{ "a @ x.y", "|a@x.y" },
	{ "\"odd one\"@x.y", "|odd one@x.y" },
	{ "John Q. Public <j@x.y>", "John Q. Public|j@x.y" },
	{ ",, a@x ,,", "|a@x" },
	/* what is sent */
	{ "a..b@x.y", "|a..b@x.y" },
	{ "a@x; b@y", "|a@x, |b@y" },
	{ "Ann <ann@x.y", "Ann|ann@x.y" },
	{ "Ann <ann@x.y, bob@x.y", "Ann|ann@x.y, |bob@x.y" },
	{ "<<a@x.y>>", "|a@x.y" },
	{ "<a@\r\n x.y>", "|a@x.y" },
	{ "<undisclosed:;@x.y>, a@b", "|undisclosed:;@x.y, |a@b" },
	{ "<two words@x.y>", "|two words@x.y" },
	{ "A <a@x; b@y", "A|a@x, |b@y" },
	{ "Ann a@x.y", "Ann|a@x.y" },
	{ "a@x.y Ann", "Ann|a@x.y" },
	{ "Ann <a@x> Bob <b@x>", "Ann|a@x" },
	{ "\"'Ann'\" <a@x>", "Ann|a@x" },
	{ "\"Ann <a@x>", "\"Ann|a@x" },
	{ "a@x.y.", "|a@x.y" },
	{ "a@x (a@x)", "|a@x" },
	{ "\"Ann <a@x>\"", "Ann|a@x" },
	{ "\xdcnal <u@x>", "\xc3\x9cnal|u@x" },
	{ "u@b\xc3\xbc"
	  "cher.example",
	    "|u@b\xc3\xbc"
	    "cher.example" },
	{ "a@[IPv6:::1]", "|a@[ipv6:::1]" },
	/* local names; no address at all */
	{ "root", "|root" },
	{ "Mail Delivery <MAILER-DAEMON>", "Mail Delivery|MAILER-DAEMON" },
	{ "nsb (Nathaniel)", "Nathaniel|nsb" },
	{ "MAILER-DAEMON <>", "" },
	{ "just some words", "" },
	{ "@x.y", "" },
	{ "a@", "" },
	{ "a\001\002@x.y", "|a@x.y" },
};

static void
join(const struct im_addresses *l, struct im_buf *b)
{
	for (int i = 0; i < l->n; i++)
		im_buf_addf(b, "%s%s|%s", i ? ", " : "", l->a[i].name, l->a[i].addr);
}

START_TEST(parse)
{
	size_t n = strlen(lists[_i].raw);
	char *s = unit_exact(lists[_i].raw, n);
	struct im_arena a = { 0 };
	struct im_addresses l;
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_addresses_parse(&a, (struct im_str) { s, n }, &l);
	join(&l, &b);
	ck_assert_str_eq(b.p, lists[_i].want);
	im_buf_done(&b);
	im_arena_done(&a);
	free(s);
}
END_TEST

START_TEST(limits)
{
	struct im_arena a = { 0 };
	struct im_addresses l;
	struct im_buf b;

	im_buf_init(&b, 1 << 20);
	for (int i = 0; i < IM_ADDRESS_MAX + 5; i++)
		im_buf_addf(&b, "Name %d <u%d@x>, ", i, i);
	im_addresses_parse(&a, im_buf_str(&b), &l);
	ck_assert_int_eq(l.n, IM_ADDRESS_MAX);
	ck_assert(l.cut);
	ck_assert_str_eq(l.a[999].addr, "u999@x");
	ck_assert_str_eq(l.a[0].name, "Name 0");
	im_addresses_first(&a, im_buf_str(&b), 3, &l);
	ck_assert(l.n == 3 && l.cut);
	/* an address that long is none */
	im_buf_clear(&b);
	for (int i = 0; i < 1000; i++)
		im_buf_addc(&b, 'x');
	im_buf_adds(&b, "@y, a@b");
	im_addresses_parse(&a, im_buf_str(&b), &l);
	ck_assert_int_eq(l.n, 1);
	im_buf_done(&b);
	im_arena_done(&a);
}
END_TEST

static const struct {
	const char *raw;
	size_t max;
	const char *want;
} shown[] = {
	{ "Ann <a@b>, c@d", 100, "Ann <a@b>, c@d" },
	{ "\"x <real@bank.example>\" <evil@x>", 100, "x real@bank.example <evil@x>" },
	{ "Ann <a@b>, c@d", 13, "Ann <a@b>,\xe2\x80\xa6" },
	{ "=?utf-8?Q?=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC=C3=BC?= <a@b.c>", 25,
	    "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xe2\x80\xa6 <a@b.c>" },
	{ "", 10, "" },
};

START_TEST(show)
{
	struct im_arena a = { 0 };
	struct im_addresses l;
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_addresses_parse(&a, im_str(shown[_i].raw), &l);
	im_addresses_text(&l, shown[_i].max, &b);
	ck_assert_str_eq(b.p, shown[_i].want);
	ck_assert(b.n <= shown[_i].max);
	im_buf_done(&b);
	im_arena_done(&a);
}
END_TEST

START_TEST(rcpt)
{
	struct im_rcpt r;
	char s[400];

	ck_assert(im_rcpt_split("Ann+Lists@Example.ORG", &r));
	ck_assert_str_eq(r.address, "ann@example.org");
	ck_assert_str_eq(r.local, "ann");
	ck_assert_str_eq(r.detail, "lists");
	ck_assert_str_eq(r.domain, "example.org");
	ck_assert(im_rcpt_split("a+b+c@x", &r));
	ck_assert_str_eq(r.detail, "b+c");
	ck_assert(im_rcpt_split("+x@y", &r));
	ck_assert_str_eq(r.local, "+x");
	ck_assert_str_eq(r.detail, "");
	ck_assert(im_rcpt_split("\"a b\"@x@y", &r)); /* the last @ */
	ck_assert_str_eq(r.domain, "y");
	ck_assert(im_rcpt_split("postmaster", &r));
	ck_assert_str_eq(r.address, "postmaster");
	ck_assert(!im_rcpt_split("", &r));
	ck_assert(!im_rcpt_split("@x", &r));
	ck_assert(!im_rcpt_split("a@", &r));
	ck_assert(!im_rcpt_split("a\nb@x", &r));
	ck_assert(!im_rcpt_split("a@x\177", &r));
	memset(s, 'a', sizeof(s));
	memcpy(s + 64, "@x", 3);
	ck_assert(im_rcpt_split(s, &r));
	memset(s, 'a', sizeof(s));
	memcpy(s + 65, "@x", 3);
	ck_assert(!im_rcpt_split(s, &r));
	memset(s, 'a', sizeof(s));
	s[1] = '@';
	s[2 + 256] = '\0';
	ck_assert(!im_rcpt_split(s, &r));
	s[2 + 255] = '\0';
	ck_assert(im_rcpt_split(s, &r));
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ parse, IM_COUNT(lists), 0 },
		{ limits, 0, 0 },
		{ show, IM_COUNT(shown), 0 },
		{ rcpt, 0, 0 },
	};

	return unit_main("address", tests, IM_COUNT(tests));
}
