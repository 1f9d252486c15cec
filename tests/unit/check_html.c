/*
 * check_html.c - HTML mail: what stays, what goes, limits, style sheets, text, remote content
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/html.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web/html_int.h"
#include "web/html_part.h"

static bool
cid_red(void *arg, struct im_str cid, struct im_buf *out)
{
	(void)arg;
	if (!im_str_is(cid, "red@x"))
		return false;
	im_buf_adds(out, "data:image/png;base64,UkVE");
	return true;
}

static struct im_html_report report;
static enum im_status status;

/* the cleaned text without the body's <div>; owned by caller */
static char *
clean(const char *html, size_t n, bool remote)
{
	char *exact = malloc(n ? n : 1); /* no NUL behind it, so that a sanitizer sees an overread */
	memcpy(exact, html, n);
	struct im_html_opts o = { .remote = remote, .cid = cid_red };
	struct im_buf b;
	struct im_err err;
	im_buf_init(&b, IM_HTML_MAX_OUT);
	im_buf_adds(&b, "before");
	status = im_html_clean((struct im_str) { exact, n }, &o, &b, &report, &err);
	free(exact);
	ck_assert_int_eq(strncmp(b.p, "before", 6), 0);
	if (status != IM_OK) {
		ck_assert_uint_eq(b.n, 6);
		ck_assert_uint_gt(strlen(err.msg), 0);
	}
	size_t len;
	char *all = im_buf_steal(&b, &len), *out;
	static const char open[] = "before<div>", end[] = "</div>";
	if (len >= sizeof(open) + sizeof(end) - 2 && memcmp(all, open, sizeof(open) - 1) == 0 &&
	    all[len - 1] == '>')
		out = strndup(all + sizeof(open) - 1, len - sizeof(open) - sizeof(end) + 2);
	else
		out = strdup(all);
	free(all);
	return out;
}

struct row {
	const char *html, *want;
};

#define LINK_REST " target=\"_blank\" rel=\"noopener noreferrer nofollow\""

static const struct row rows[] = {
	{ "", "" },
	{ "plain & <b>bold</b>", "plain &amp; <b>bold</b>" },
	{ "a\"b'c`d<e>", "a&quot;b&#39;c&#96;d" },
	{ "<p>one<p>two", "<p>one</p><p>two</p>" },
	{ "<script>alert(1)</script>x", "x" },
	{ "<style>p{}</style><title>t</title>x", "x" },
	{ "<svg><script>alert(1)</script><a>t</a></svg>x", "x" },
	{ "<math><mtext><img src=x onerror=alert(1)></mtext></math>x", "x" },
	{ "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
	    "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;\"></p>" },
	{ "<!-- c --><!DOCTYPE x><?pi?>x<![CDATA[y]]>", "x" },
	{ "<form action=x><input name=y><button>z</button>kept</form>", "kept" },
	{ "<blink>kept</blink><o:p>too</o:p><custom-tag>3</custom-tag>", "kepttoo3" },
	{ "<dialog open>x</dialog><portal>y</portal><fencedframe>z</fencedframe>k", "k" },
	{ "<iframe src=x>in</iframe><object><embed></object><frameset>k", "k" },
	{ "<textarea></textarea><select><option>x</select>k", "k" },
	{ "<b id=a class=b name=c data-x=d onclick=e role=f>k</b>", "<b>k</b>" },
	{ "<p ONCLICK=alert(1) align=center>k", "<p align=\"center\">k</p>" },
	{ "<p align='center\" onclick=\"x'>k", "<p>k</p>" },
	{ "<img src=x alt='\"><script>'>", "<img alt=\"&quot;&gt;&lt;script&gt;\">" },
	{ "<td>no table<table><tr><td width=10% bgcolor=#fff background=http://x/>c",
	    "no table<table><tbody><tr>"
	    "<td width=\"10%\" bgcolor=\"#fff\">c</td></tr></tbody></table>" },
	{ "<pre>\n\nx</pre>", "<pre>\n\nx</pre>" },
	{ "<br/><hr>", "<br><hr>" },
	/* links */
	{ "<a href='https://a.example/?x=1&amp;y=\"'>t</a>",
	    "<a href=\"https://a.example/?x=1&amp;y=%22\"" LINK_REST ">t</a>" },
	{ "<a href=' java\nscript:alert(1)'>t</a>", "<a>t</a>" },
	{ "<a href='&#106;avascript:alert(1)'>t</a>", "<a>t</a>" },
	{ "<a href=vbscript:x>t</a><a href=data:text/html,x>u</a>", "<a>t</a><a>u</a>" },
	{ "<a href=//evil.example>t</a><a href=/rel>u</a><a href=x.html>v</a>", "<a>t</a><a>u</a><a>v</a>" },
	{ "<a href='https:\\\\a.example'>t</a><a href='https:a.example'>u</a>", "<a>t</a><a>u</a>" },
	{ "<a href='http://%65vil.example/'>t</a><a href='http:///x'>u</a>", "<a>t</a><a>u</a>" },
	{ "<a href='MAILTO:a@b.example?subject=x y'>t</a>",
	    "<a href=\"MAILTO:a@b.example?subject=x%20y\"" LINK_REST ">t</a>" },
	{ "<a href=tel:+49-1>t</a><a href=#top>u</a>",
	    "<a href=\"tel:+49-1\"" LINK_REST ">t</a><a href=\"#top\">u</a>" },
	{ "<a href=http://a.example target=_top ping=http://x>t</a>",
	    "<a href=\"http://a.example\"" LINK_REST ">t</a>" },
	{ "<a href=http://evil.example/bank.example><b>www.bank</b>.example</a>",
	    "<a href=\"http://evil.example/bank.example\"" LINK_REST
	    "><b>www.bank</b>.example</a><bdi class=\"im-host\" dir=\"ltr\">[evil.example]</bdi>" },
	{ "<a href=http://bank.example@evil.example/>https://bank.example/</a>",
	    "<a href=\"http://bank.example@evil.example/\"" LINK_REST
	    ">https://bank.example/</a><bdi class=\"im-host\" dir=\"ltr\">[evil.example]</bdi>" },
	{ "<a href=https://www.bank.example/x>bank.example</a>",
	    "<a href=\"https://www.bank.example/x\"" LINK_REST ">bank.example</a>" },
	{ "<a href=http://\xD0\xB0pple.example/>apple.example</a>",
	    "<a href=\"http://\xD0\xB0pple.example/\"" LINK_REST
	    ">apple.example</a><bdi class=\"im-host\" dir=\"ltr\">[xn--pple-43d.example]</bdi>" },
	/* images */
	{ "<img src=cid:red@x>", "<img src=\"data:image/png;base64,UkVE\">" },
	{ "<img src=cid:other>", "<img>" },
	{ "<img src='data:image/gif;base64,R0\n lG'>", "<img src=\"data:image/gif;base64,R0lG\">" },
	{ "<img src='data:image/svg+xml;base64,AAAA'><img src='data:image/gif,x'>", "<img><img>" },
	{ "<img src='data:image/gif;base64,A\"onerror=x'>", "<img>" },
	{ "<img src=http://a.example/x.gif srcset=http://b lowsrc=http://c>", "<img>" },
	{ "<image src=x onerror=alert(1)>", "<img>" },
	/* styles */
	{ "<p style='color:red;position:fixed;COLOR : #Fff'>k", "<p style=\"color:red;color:#Fff;\">k</p>" },
	{ "<p style='background:url(http://x/);color:red'>k", "<p style=\"color:red;\">k</p>" },
	{ "<p style='background:#fff url(http://x/y) no-repeat'>k",
	    "<p style=\"background-color:#fff;\">k</p>" },
	{ "<p style='width:expression(alert(1));height:calc(1px)'>k", "<p>k</p>" },
	{ "<p style='color:var(--x);color:\\72 ed;color:re/**/d'>k", "<p>k</p>" },
	{ "<p style='color:rgb(1,2,3);color:rgba(0, 0, 0, .5) !important'>k",
	    "<p style=\"color:rgb(1,2,3);color:rgba(0, 0, 0, .5);\">k</p>" },
	{ "<p style='font:12px/1.5 \"Segoe UI\",Arial'>k",
	    "<p style=\"font:12px/1.5 &quot;Segoe UI&quot;,Arial;\">k</p>" },
	{ "<p style='font-family:\"a;b\"'>k", "<p>k</p>" },
	{ "<p style='font-family:\"open;color:red'>k", "<p>k</p>" },
	{ "<p style='display:contents;display:none;display:flex'>k", "<p style=\"display:none;\">k</p>" },
	{ "<p style='font-family:A,\n\tB'>k", "<p style=\"font-family:A,  B;\">k</p>" },
	{ "<p style='color:red}p{color:blue;@import x'>k", "<p>k</p>" },
	/* style sheets */
	{ "<style>.a,b>i{color:red}p .n{width:1px}#d{color:blue!important}</style><p class='x a' "
	  "style='color:green'>k<b>"
	  "<i>l</i></b><u id=d class=n style='color:red'>m</u>",
	    "<p style=\"color:red;color:green;\">k<b><i style=\"color:red;\">l</i></b><u "
	    "style=\"width:1px;color:red;color:blue;\">m</u></p>" },
	{ "<style><!-- p{color:red} /* } p{color:blue} */ p:hover{color:blue} p[x]{color:blue} "
	  "--></style><p>k",
	    "<p style=\"color:red;\">k</p>" },
	{ "<style>@import url(http://x);@media (orientation:portrait){p{color:blue}}@media "
	  "screen{p{color:red}}@font-face{x:y}"
	  "td{color:blue}</style><p>k",
	    "<p style=\"color:red;\">k</p>" },
	{ "<style>@media only screen and "
	  "(min-width:480px){.c,p>b{width:50%!important;color:red}x:y{color:blue}}@media (max-width:30em)"
	  "and (min-width:10px){p{display:none}}@media print{p{color:blue}}@media "
	  "(hover){p{color:blue}}</style><p class=c>k",
	    "before<style>@media screen and (min-width:480px){.im-m0{color:red;width:50%!important;}}@media "
	    "screen and "
	    "(min-width:10px) and (max-width:480px){.im-m1{display:none;}}</style><div><p class=\"im-m1 "
	    "im-m0\">k</p></div>" },
	{ "<style>@media (min-width:1px){}</style}@media (min-width:1px){p{color:red}}</style><p>k",
	    "before<style>@media screen and (min-width:1px){.im-m0{color:red;}}</style><div><p "
	    "class=\"im-m0\">k</p></div>" },
	{ "<style>p{color:red</style><p>k", "<p style=\"color:red;\">k</p>" },
	{ "<style>p.a{color:blue}p{color:red}*>p{width:1px}</style><p class=a>k",
	    "<p style=\"color:red;width:1px;color:blue;\">k</p>" },
	{ "<style>p{background:url(javascript:x);behavior:url(x)}</style><p>k", "<p>k</p>" },
};

START_TEST(cleaned)
{
	char *out = clean(rows[_i].html, strlen(rows[_i].html), false);
	ck_assert_int_eq(status, IM_OK);
	ck_assert_str_eq(out, rows[_i].want);
	free(out);
}
END_TEST

START_TEST(body_becomes_div)
{
	static const char html[] =
	    "<body bgcolor=#eee text=red style=margin:0 onload=x lang=de background=x>k";
	char *out = clean(html, sizeof(html) - 1, false);
	ck_assert_str_eq(
	    out, "before<div lang=\"de\" style=\"background-color:#eee;color:red;margin:0;\">k</div>");
	free(out);
}
END_TEST

START_TEST(remote_images)
{
	static const char html[] =
	    "<img src=http://a.example/1><img src=https://b.example/2><img src=ftp://c/3>";
	char *out = clean(html, sizeof(html) - 1, false);
	ck_assert_str_eq(out, "<img><img><img>");
	ck_assert_int_eq(report.remote_blocked, 2);
	free(out);
	out = clean(html, sizeof(html) - 1, true);
	ck_assert_str_eq(out, "<img src=\"https://a.example/1\"><img src=\"https://b.example/2\"><img>");
	ck_assert_int_eq(report.remote_blocked, 0);
	free(out);
}
END_TEST

static struct im_buf
repeat(const char *head, const char *unit, size_t times)
{
	struct im_buf b;
	im_buf_init(&b, 16 * 1024 * 1024);
	im_buf_adds(&b, head);
	for (size_t i = 0; i < times; i++)
		im_buf_adds(&b, unit);
	return b;
}

struct bomb {
	const char *head, *unit;
	size_t times;
	enum im_status want;
};

static const struct bomb bombs[] = {
	{ "", "<div>", 200, IM_OK },
	{ "", "<div>", 300, IM_INVALID },
	{ "", "<div>", 200000, IM_INVALID },
	{ "", "<p>", 50000, IM_OK },
	{ "", "<table><tr><td>", 30000, IM_INVALID },
	{ "<p ", "a=b ", 64, IM_OK },
	{ "<p x=y>", "<p a b c=d>", 50, IM_OK },
	{ "", "<p>x</p>", 60000, IM_INVALID },
	{ "", "<x y", 200000, IM_OK },
	{ "", "<!--", 200000, IM_OK },
	{ "", "<a", 400000, IM_OK },
	{ "", "&amp", 200000, IM_OK },
	{ "", "</", 400000, IM_OK },
	{ "", "x", 1024 * 1024 + 1, IM_INVALID },
	{ "", "<style>*{color:red;color:blue;color:red}</style>", 2000, IM_OK },
};

START_TEST(limits)
{
	const struct bomb *m = &bombs[_i];
	struct im_buf b = repeat(m->head, m->unit, m->times);
	clock_t t = clock();
	free(clean(b.p, b.n, false));
	t = clock() - t;
	ck_assert_int_eq(status, m->want);
	ck_assert_double_lt((double)t / CLOCKS_PER_SEC, 4.0);
	im_buf_done(&b);
}
END_TEST

/* ends in time whatever the answer: the parser's budget, where no scan before it can know */
static const struct bomb slow[] = {
	{ "", "<div><font color=a><p></div>", 30000, IM_OK },
	{ "", "<div><!--</div>-->", 20000, IM_OK },
	{ "<svg>", "<style><div>", 40000, IM_OK },
	{ "", "<a><table><b>", 30000, IM_OK },
	{ "<table>", "<b>x<i>y</b>", 30000, IM_OK },
	{ "", "<b><i><u></b>x", 20000, IM_OK },
	{ "<style>a b c d e{color:red}</style>", "<e><a><b>", 80, IM_OK },
};

START_TEST(slow_ends)
{
	const struct bomb *m = &slow[_i];
	struct im_buf b = repeat(m->head, m->unit, m->times);
	clock_t t = clock();
	free(clean(b.p, b.n, false));
	t = clock() - t;
	ck_assert_double_lt((double)t / CLOCKS_PER_SEC, 5.0);
	im_buf_done(&b);
}
END_TEST

/* different attributes keep the parser's list of formatting elements growing: quadratic in nodes */
START_TEST(many_formats)
{
	struct im_buf b;
	im_buf_init(&b, 16 * 1024 * 1024);
	for (int i = 0; i < 20000; i++)
		im_buf_addf(&b, "<div><font color=%d></div>", i);
	clock_t t = clock();
	free(clean(b.p, b.n, false));
	t = clock() - t;
	ck_assert_int_eq(status, IM_INVALID);
	ck_assert_double_lt((double)t / CLOCKS_PER_SEC, 5.0);
	im_buf_done(&b);
}
END_TEST

START_TEST(output_is_cut_whole)
{
	struct im_buf b =
	    repeat("<style>p{font-family:'"
		   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'}</style><u>",
		"<p>x</p>", 45000);
	char *out = clean(b.p, b.n, false);
	ck_assert_int_eq(status, IM_OK);
	ck_assert(report.cut);
	size_t n = strlen(out);
	ck_assert_uint_le(n, IM_HTML_MAX_OUT);
	ck_assert_str_eq(out + n - 8, "</p></u>");
	free(out);
	im_buf_done(&b);
}
END_TEST

static const struct row texts[] = {
	{ "<p>a<p>b", "a\n\nb" },
	{ "a<br>b<br><br><br>c", "a\nb\n\nc" },
	{ "<title>t</title><style>x</style><script>y</script>a &amp; b&nbsp;c&#8364;&#x80;&eacute",
	    "a & b\xC2\xA0"
	    "c\xE2\x82\xAC\xE2\x82\xAC\xC3\xA9" },
	{ "<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n3" },
	{ "<ul><li>a<li>b</ul>c", "* a\n* b\nc" },
	{ "  a \n\n b  ", "a b" },
	{ "<pre>a\n b</pre>", "a\nb" },
	{ "x &unknown; & &; &#; &#xZ; <b", "x &unknown; & &; &#; &#xZ;" },
	{ "<!-- <p>no --><a title='>'>yes</a>", "yes" },
};

START_TEST(text)
{
	struct im_buf b;
	im_buf_init(&b, 10000);
	im_html_text(im_str(texts[_i].html), 5000, &b);
	ck_assert_str_eq(b.p, texts[_i].want);
	im_buf_clear(&b);
	im_html_text(im_str(texts[_i].html), 3, &b);
	ck_assert_uint_le(b.n, 3);
	ck_assert(im_utf8_valid(im_buf_str(&b)));
	im_buf_done(&b);
}
END_TEST

START_TEST(remote_scan)
{
	static const struct {
		const char *html;
		bool remote;
		int refs;
	} t[] = {
		{ "<img src=http://x/>", true, 1 },
		{ "<IMG alt=a SRC = ' h&#116;tps://x'>", true, 1 },
		{ "<img src='ht\ntp://x'>", true, 1 },
		{ "<img src=cid:x><img src=data:image/gif;base64,A>", false, 0 },
		{ "<!-- <img src=http://x> --><style>a{b:url(http://x)}</style>", false, 1 },
		{ "<td background=http://x style=\"x:url('//y')\">", false, 2 },
		{ "<a href=http://x>", false, 0 },
	};
	for (size_t i = 0; i < IM_COUNT(t); i++) {
		ck_assert_int_eq(im_html_has_remote(im_str(t[i].html)), t[i].remote);
		ck_assert_int_eq(im_html_remote_refs(im_str(t[i].html)), t[i].refs);
	}
}
END_TEST

START_TEST(host_differs)
{
	static const struct {
		const char *text, *host;
		bool differs;
	} t[] = {
		{ "bank.example", "evil.example", true },
		{ "www.bank.example", "bank.example", false },
		{ "bank.example", "login.bank.example", false },
		{ "login.bank.example", "bank.example", false },
		{ "notbank.example", "bank.example", true },
		{ "https://bank.example/login", "evil.example", true },
		{ "pay at bank.example, now", "evil.example", true },
		{ "a@bank.example", "bank.example", false },
		{ "a@bank.example", "evil.example", true },
		{ "click here", "evil.example", false },
		{ "version 3.5", "evil.example", false },
		{ "10.0.0.1", "evil.example", true },
		{ "b\xC3\xA4nk.example", "evil.example", true },
		{ "...", "evil.example", false },
		{ "", "evil.example", false },
		{ "\f\f", "evil.example", false },
	};
	for (size_t i = 0; i < IM_COUNT(t); i++)
		ck_assert_msg(im_html_host_differs(im_str(t[i].text), im_str(t[i].host)) == t[i].differs,
		    "%s", t[i].text);
}
END_TEST

/* RFC 3492 7.1 and what registries use */
START_TEST(host_ascii)
{
	static const struct row t[] = {
		{ "example.org", "example.org" },
		{ "b\xC3\xBC"
		  "cher.example",
		    "xn--bcher-kva.example" },
		{ "M\xC3\xBCnchen.de", "xn--mnchen-3ya.de" },
		{ "\xD0\xB0pple.com", "xn--pple-43d.com" },
		{ "\xE4\xBB\x96\xE4\xBB\xAC\xE4\xB8\xBA\xE4\xBB\x80\xE4\xB9\x88\xE4\xB8\x8D\xE8\xAF\xB4\xE4"
		  "\xB8\xAD\xE6\x96\x87",
		    "xn--ihqwcrb4cv8a8dqg056pqjye" },
		{ "x.\xE6\x97\xA5\xE6\x9C\xAC.", "x.xn--wgv71a." },
		{ "", "" },
	};
	for (size_t i = 0; i < IM_COUNT(t); i++) {
		struct im_buf b;
		im_buf_init(&b, 1000);
		im_html_host_ascii(im_str(t[i].html), &b);
		ck_assert_str_eq(b.p, t[i].want);
		im_buf_done(&b);
	}
}
END_TEST

START_TEST(part_charset)
{
	static const struct row t[] = {
		{ "Content-Type: text/html\n\n<meta charset=koi8-r>\xD4\r\n",
		    "<meta charset=koi8-r>\xD1\x82\n" },
		{ "Content-Type: text/html\n\n<meta http-equiv=x content='text/html; "
		  "charset=iso-8859-2'>\xB1",
		    "<meta http-equiv=x content='text/html; charset=iso-8859-2'>\xC4\x85" },
		{ "Content-Type: text/html; charset=iso-8859-1\n\n<meta charset=koi8-r>\xE9",
		    "<meta charset=koi8-r>\xC3\xA9" },
		{ "Content-Type: text/html\n\n<meta charset=utf-7>+ADw-\xC3\xA9",
		    "<meta charset=utf-7>+ADw-\xC3\xA9" },
		{ "Content-Type: text/html\n\n<p>\xC3\xA9", "<p>\xC3\xA9" },
		{ "Content-Type: text/html\n\n", "" },
	};
	for (size_t i = 0; i < IM_COUNT(t); i++) {
		struct im_mime m;
		struct im_buf b;
		im_mime_parse(im_str(t[i].html), &m);
		im_buf_init(&b, 1000);
		ck_assert(im_html_part_text(im_str(t[i].html), &m.parts[0], 1000, &b));
		ck_assert_str_eq(b.p, t[i].want);
		im_buf_clear(&b);
		bool whole = im_html_part_text(im_str(t[i].html), &m.parts[0], 5, &b);
		ck_assert(b.n <= 5 && whole == (strlen(t[i].want) <= 5));
		im_buf_done(&b);
		im_mime_done(&m);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("html");
	TCase *t = tcase_create("clean");
	tcase_add_loop_test(t, cleaned, 0, (int)IM_COUNT(rows));
	tcase_add_test(t, body_becomes_div);
	tcase_add_test(t, remote_images);
	suite_add_tcase(s, t);
	t = tcase_create("limits");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, limits, 0, (int)IM_COUNT(bombs));
	tcase_add_loop_test(t, slow_ends, 0, (int)IM_COUNT(slow));
	tcase_add_test(t, many_formats);
	tcase_add_test(t, output_is_cut_whole);
	suite_add_tcase(s, t);
	t = tcase_create("scan");
	tcase_add_loop_test(t, text, 0, (int)IM_COUNT(texts));
	tcase_add_test(t, remote_scan);
	tcase_add_test(t, host_differs);
	tcase_add_test(t, host_ascii);
	tcase_add_test(t, part_charset);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
