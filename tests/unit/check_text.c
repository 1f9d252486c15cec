/*
 * check_text.c - plain text as a model: quotes, signature, flowed lines, links
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/text.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"

/* the model in a short form: "[depth|s text <link>]..." with '\n' as '/' */
static char *
shown(const char *text, bool flowed, bool delsp)
{
	static char dst[8192];
	struct im_arena a = { 0 };
	struct im_value *arr = im_v_array(&a);
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1); /* no NUL behind it, so that a sanitizer sees an overread */
	memcpy(exact, text, n);
	im_text_model(&a, (struct im_str) { exact, n }, flowed, delsp, arr);
	free(exact);
	struct im_buf b;
	im_buf_init(&b, sizeof(dst) - 1);
	for (const struct im_value *v = arr->u.c.first; v; v = v->next) {
		im_buf_addf(&b, "[%d", (int)im_v_get(v, IM_STR("quote"))->u.i);
		im_buf_adds(&b, im_v_get(v, IM_STR("signature"))->u.b ? "s " : " ");
		for (const struct im_value *r = im_v_get(v, IM_STR("runs"))->u.c.first; r; r = r->next) {
			const struct im_value *url = im_v_get(r, IM_STR("link_url"));
			im_buf_add_str(&b, im_v_get(r, IM_STR("text"))->u.s);
			if (url)
				im_buf_addf(&b, "<%.*s>", (int)url->u.s.n, url->u.s.p);
		}
		im_buf_addc(&b, ']');
	}
	ck_assert(!b.full);
	for (size_t i = 0; i < b.n; i++)
		dst[i] = b.p[i] == '\n' ? '/' : b.p[i];
	dst[b.n] = 0;
	im_buf_done(&b);
	im_arena_done(&a);
	return dst;
}

struct row {
	const char *text, *want;
};

static const struct row fixed[] = {
	{ "", "" },
	{ "\n \n\n", "" },
	{ "one\ntwo\n", "[0 one/two]" },
	{ "  indented\n\nx", "[0   indented//x]" },
	{ "> a\n> b\nc", "[1 a/b][0 c]" },
	{ ">> a\n> > a2\n> b", "[2 a/a2][1 b]" },
	{ "On Monday X wrote:\n> hello\n>\n> there\n\nanswer",
	    "[0 On Monday X wrote:][1 hello//there][0 answer]" },
	{ ">>>>>>>>>>>> deep", "[9 deep]" },
	{ "text\n-- \nBob\nlast", "[0 text][0s -- /Bob/last]" },
	{ "text\n--\nBob", "[0 text/--/Bob]" },
	{ "> q\n> -- \n> sig\nx", "[1 q/-- /sig][0 x]" },
	{ "-- \nBob\n> below\nend", "[0s -- /Bob][1 below][0 end]" },
};

static const struct row flowed[] = {
	{ "a long \nline\nnext", "[0 a long line/next]" },
	{ "> a \n> b\n> c", "[1 a b/c]" },
	{ ">> x \n> y\n", "[2 x][1 y]" }, /* a soft end does not join another depth (4.5) */
	{ " > stuffed\n  two", "[0 > stuffed/ two]" },
	{ "body \n-- \nsig", "[0 body][0s -- /sig]" },
	{ "> > not nested", "[1 > not nested]" },
};

static const struct row delsp[] = { { "ab \ncd\nef", "[0 abcd/ef]" } };

static const struct row links[] = {
	{ "see http://a.example/x.", "[0 see http://a.example/x<http://a.example/x>.]" },
	{ "(https://a.example/b_(c))", "[0 (https://a.example/b_(c)<https://a.example/b_(c)>)]" },
	{ "https://a.example/b_(c)", "[0 https://a.example/b_(c)<https://a.example/b_(c)>]" },
	{ "<http://a.example/?q=1&r=2>,", "[0 <http://a.example/?q=1&r=2<http://a.example/?q=1&r=2>>,]" },
	{ "www.a.example, and", "[0 www.a.example<http://www.a.example>, and]" },
	{ "mailto:a@b.example!", "[0 mailto:a@b.example<mailto:a@b.example>!]" },
	{ "HTTP://A.example", "[0 HTTP://A.example<HTTP://A.example>]" },
	{ "xhttp://a.example", "[0 xhttp://a.example]" },
	{ "http:// http://. www. www.x mailto:x", "[0 http:// http://. www. www.x mailto:x]" },
	{ "javascript:alert(1) data:text/html,x vbscript:x",
	    "[0 javascript:alert(1) data:text/html,x vbscript:x]" },
	{ "http://a.example/\xE2\x80\xAEgpj.exe",
	    "[0 http://a.example/<http://a.example/>\xE2\x80\xAEgpj.exe]" },
	{ "\xC2\xABhttp://a.example/\xC3\xA9\xC2\xBB",
	    "[0 \xC2\xABhttp://a.example/\xC3\xA9<http://a.example/\xC3\xA9>\xC2\xBB]" },
	{ "http://a.example/x\"onclick=y", "[0 http://a.example/x<http://a.example/x>\"onclick=y]" },
	{ "http://[::1]/x", "[0 http://[::1]/x<http://[::1]/x>]" },
	{ "http://a.example http://b.example",
	    "[0 http://a.example<http://a.example> http://b.example<http://b.example>]" },
	{ "*http://a.example/*", "[0 *http://a.example/<http://a.example/>*]" },
};

START_TEST(fixed_lines)
{
	ck_assert_str_eq(shown(fixed[_i].text, false, false), fixed[_i].want);
}
END_TEST

START_TEST(flowed_lines)
{
	ck_assert_str_eq(shown(flowed[_i].text, true, false), flowed[_i].want);
}
END_TEST

START_TEST(flowed_delsp)
{
	ck_assert_str_eq(shown(delsp[_i].text, true, true), delsp[_i].want);
}
END_TEST

START_TEST(link_found)
{
	ck_assert_str_eq(shown(links[_i].text, false, false), links[_i].want);
}
END_TEST

/* hostile sizes: the CPU time grows with the text, not with its square */
static double
seconds_for(const char *unit, size_t bytes)
{
	struct im_buf b;
	im_buf_init(&b, bytes + 100);
	while (b.n < bytes)
		im_buf_adds(&b, unit);
	struct im_arena a = { 0 };
	clock_t t = clock();
	im_text_model(&a, im_buf_str(&b), false, false, im_v_array(&a));
	t = clock() - t;
	ck_assert_uint_lt(a.used, 64 * bytes + 1024 * 1024);
	im_arena_done(&a);
	im_buf_done(&b);
	return (double)t / CLOCKS_PER_SEC;
}

START_TEST(hostile_is_linear)
{
	static const char *const units[] = { "mailto:", ">\n>>\n", "http://((((", "www.", "http://a.b ", "> ",
		")" };
	ck_assert_double_lt(seconds_for(units[_i], 1024 * 1024), 1.0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("model");
	tcase_add_loop_test(t, fixed_lines, 0, (int)IM_COUNT(fixed));
	tcase_add_loop_test(t, flowed_lines, 0, (int)IM_COUNT(flowed));
	tcase_add_loop_test(t, flowed_delsp, 0, (int)IM_COUNT(delsp));
	tcase_add_loop_test(t, link_found, 0, (int)IM_COUNT(links));
	tcase_add_loop_test(t, hostile_is_linear, 0, 7);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
