/*
 * check_template.c - the official cases of Mustache that apply, our own rules, cost
 *
 * The cases lie outside of the repository (../shared/mustache-spec) and are passed over when they are not there.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/template.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"

#define SPEC "../shared/mustache-spec/"

/* --- the official cases --- */

static struct im_value *
value_of(struct im_arena *a, const cJSON *j)
{
	struct im_value *v = im_arena_alloc(a, sizeof *v), *child;
	char text[64];

	if (cJSON_IsBool(j)) {
		v->type = IM_V_BOOL;
		v->u.b = cJSON_IsTrue(j);
	} else if (cJSON_IsNumber(j) && j->valuedouble == (double)j->valueint) {
		v->type = IM_V_INT;
		v->u.i = j->valueint;
	} else if (cJSON_IsNumber(j) || cJSON_IsString(j)) {
		/* models have no fractions: whoever fills one writes the text that people read */
		snprintf(text, sizeof text, "%g", j->valuedouble);
		v->type = IM_V_STR;
		v->u.s = im_str(im_arena_strdup(a, cJSON_IsString(j) ? j->valuestring : text));
	} else if (cJSON_IsArray(j) || cJSON_IsObject(j)) {
		v->type = cJSON_IsArray(j) ? IM_V_ARRAY : IM_V_OBJECT;
		for (const cJSON *c = j->child; c; c = c->next) {
			child = value_of(a, c);
			child->key = c->string ? im_arena_strdup(a, c->string) : NULL;
			if (v->u.c.last)
				v->u.c.last->next = child;
			else
				v->u.c.first = child;
			v->u.c.last = child;
			v->u.c.n++;
		}
	}
	return v;
}

static const char *
text_of(const cJSON *obj, const char *key)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(obj, key));

	return s ? s : "";
}

static bool
spec_partial(void *arg, struct im_str name, struct im_str *ret)
{
	char key[64];
	const char *s;

	snprintf(key, sizeof key, "%.*s", (int)name.n, name.p);
	s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(arg, key));
	if (s)
		*ret = im_str(s);
	return s != NULL;
}

/* excluded - why a case does not apply to the subset; NULL: it does */
static const char *
excluded(const cJSON *test)
{
	const char *t = text_of(test, "template"), *name = text_of(test, "name");
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(test, "partials");
	char *partials = cJSON_PrintUnformatted(p);
	bool delimiters = strstr(t, "{{=") || (partials && strstr(partials, "{{="));
	bool raw = strstr(t, "{{{") || strstr(t, "{{&") || strstr(t, "{{ &") ||
		   (partials && (strstr(partials, "{{{") || strstr(partials, "{{&")));

	free(partials);
	if (delimiters)
		return "other delimiters";
	if (raw)
		return "raw output";
	if (strcmp(name, "Failed Lookup") == 0)
		return "a missing partial is an error";
	if (p && (strcmp(name, "Standalone Without Previous Line") == 0 ||
		     strcmp(name, "Standalone Without Newline") == 0))
		return "a partial is not indented anew";
	return NULL;
}

struct tally {
	int applied, refused;
	struct {
		const char *why;
		int n;
	} out[8];
};

static void
count(struct tally *t, const char *why)
{
	size_t i = 0;

	while (t->out[i].why && strcmp(t->out[i].why, why) != 0)
		i++;
	t->out[i].why = why;
	t->out[i].n++;
}

static void
one_case(const char *file, const cJSON *test, struct tally *tally)
{
	const char *t = text_of(test, "template"), *want = text_of(test, "expected"), *why = excluded(test);
	struct im_template_env env = { .partial = spec_partial,
		.arg = cJSON_GetObjectItemCaseSensitive(test, "partials") };
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, 65536);
	st = im_template_render(
	    im_str(t), value_of(&a, cJSON_GetObjectItemCaseSensitive(test, "data")), &env, &out, &err);
	if (why) {
		count(tally, why);
		/* what we have not must say so, never pass as text */
		if (strcmp(why, "raw output") == 0 || strcmp(why, "other delimiters") == 0) {
			ck_assert_msg(st == IM_CONFIG || !strstr(t, "{{"), "%s: %s is not refused", file,
			    text_of(test, "name"));
			tally->refused++;
		}
	} else {
		ck_assert_msg(st == IM_OK, "%s: %s: %s", file, text_of(test, "name"), err.msg);
		ck_assert_msg(strcmp(out.p, want) == 0, "%s: %s\nwant %s\ngot  %s", file,
		    text_of(test, "name"), want, out.p);
		tally->applied++;
	}
	im_buf_done(&out);
	im_arena_done(&a);
}

START_TEST(official_cases)
{
	static const char *const files[] = { "comments", "delimiters", "interpolation", "inverted",
		"partials", "sections" };
	struct tally tally = { 0 };

	if (access(SPEC, R_OK) < 0) {
		printf("template: official cases passed over: no " SPEC "\n");
		return;
	}
	for (size_t i = 0; i < IM_COUNT(files); i++) {
		struct im_buf b;
		struct im_err err;
		char path[128];
		const cJSON *test;
		cJSON *j;

		im_buf_init(&b, 1 << 20);
		snprintf(path, sizeof path, SPEC "%s.json", files[i]);
		ck_assert_msg(im_read_file(AT_FDCWD, path, 1 << 20, &b, &err) == IM_OK, "%s", err.msg);
		j = cJSON_Parse(b.p);
		ck_assert_ptr_nonnull(j);
		cJSON_ArrayForEach(test, cJSON_GetObjectItemCaseSensitive(j, "tests"))
		    one_case(files[i], test, &tally);
		cJSON_Delete(j);
		im_buf_done(&b);
	}
	printf("template: %d official cases apply and pass", tally.applied);
	for (size_t i = 0; tally.out[i].why; i++)
		printf("%s %d %s", i ? "," : "; excluded:", tally.out[i].n, tally.out[i].why);
	printf("\n");
	ck_assert_int_ge(tally.applied, 90);
}
END_TEST

/* --- our own rules --- */

static bool
own_partial(void *arg, struct im_str name, struct im_str *ret)
{
	(void)arg;
	if (im_str_is(name, "loop"))
		*ret = IM_STR("{{> loop}}");
	else if (im_str_is(name, "bad"))
		*ret = IM_STR("one\n{{#open}}");
	else
		return false;
	return true;
}

static struct im_value *
sample(struct im_arena *a)
{
	struct im_value *m = im_v_object(a), *arr;

	im_v_set_str(a, m, "evil", "<&>\"'");
	im_v_set_str(a, m, "empty", "");
	im_v_set_int(a, m, "zero", 0);
	im_v_set_int(a, m, "big", INT64_MIN);
	im_v_set_bool(a, m, "yes", true);
	im_v_set_null(a, m, "nothing");
	im_v_set_span(a, m, "nul", (struct im_str) { "a\0b", 3 });
	im_v_set_str(a, im_v_set_object(a, m, "o"), "k", "v");
	arr = im_v_set_array(a, m, "list");
	im_v_add_int(a, arr, 1);
	im_v_add_int(a, arr, 2);
	return m;
}

static const struct row {
	const char *text;
	enum im_status st;
	bool strict;
	const char *want; /* the output, or a part of the message */
} rows[] = {
	{ "{{evil}}", IM_OK, true, "&lt;&amp;&gt;&quot;&#39;" },
	{ "a{{#empty}}x{{/empty}}{{^empty}}y{{/empty}}", IM_OK, true, "ay" },
	{ "{{#zero}}x{{/zero}}{{^zero}}y{{/zero}}{{zero}}", IM_OK, true, "y0" },
	{ "{{big}} {{yes}} {{nothing}}", IM_OK, true, "-9223372036854775808 true " },
	{ "{{missing}}|{{o.missing}}|{{#missing}}x{{/missing}}", IM_OK, false, "||" },
	{ "{{o}}{{list}}", IM_OK, false, "" },
	{ "{{#list}}{{.}},{{/list}}{{#o}}{{k}}{{/o}}", IM_OK, true, "1,2,v" },
	{ "{{#_}}Sign & in{{/_}}", IM_OK, true, "Sign &amp; in" },
	{ "{{#nothing}}{{#_}}no{{/_}}{{#list}}{{/list}}{{/nothing}}.", IM_OK, true, "." },
	{ "{{missing}}", IM_CONFIG, true, "line 1: the model has no missing" },
	{ "\n\n{{#missing}}{{/missing}}", IM_CONFIG, true, "line 3" },
	{ "{{o}}", IM_CONFIG, true, "neither text nor number" },
	{ "{{{evil}}}", IM_CONFIG, false, "raw output" },
	{ "{{& evil}}", IM_CONFIG, false, "raw output" },
	{ "{{=<% %>=}}", IM_CONFIG, false, "other delimiters" },
	{ "\n{{evil", IM_CONFIG, false, "line 2: a tag is not closed" },
	{ "{{}}", IM_CONFIG, false, "empty tag" },
	{ "{{a b}}", IM_CONFIG, false, "not a name" },
	{ "{{a..b}}", IM_CONFIG, false, "not a name" },
	{ "{{.a}}", IM_CONFIG, false, "not a name" },
	{ "{{a<b}}", IM_CONFIG, false, "not a name" },
	{ "{{#o}}", IM_CONFIG, false, "not closed: o" },
	{ "{{#nothing}}{{#o}}{{/nothing}}", IM_CONFIG, false, "closes another section: nothing" },
	{ "{{/o}}", IM_CONFIG, false, "closes what is not open" },
	{ "{{#o}}{{/list}}", IM_CONFIG, false, "closes another section: list" },
	{ "{{> none}}", IM_CONFIG, false, "there is no partial none" },
	{ "{{> bad}}", IM_CONFIG, false, "partial bad: line 2" },
	{ "{{> loop}}", IM_CONFIG, false, "nested too deeply" },
	{ "{{#_}}a{{b}}{{/_}}", IM_CONFIG, false, "plain text" },
	{ "{{#_}}a\nb{{/_}}", IM_CONFIG, false, "one line" },
	{ "{{#_}}a", IM_CONFIG, false, "plain text" },
	{ "{{^_}}a{{/_}}", IM_CONFIG, false, "means nothing" },
};

START_TEST(own_rules)
{
	const struct row *row = &rows[_i];
	struct im_template_env env = { .partial = own_partial, .strict = row->strict };
	size_t n = strlen(row->text);
	char *exact = unit_exact(row->text, n);
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, 4096);
	st = im_template_render((struct im_str) { exact, n }, sample(&a), &env, &out, &err);
	ck_assert_msg(st == row->st, "%s: %d %s", row->text, (int)st, st == IM_OK ? out.p : err.msg);
	if (st == IM_OK)
		ck_assert_str_eq(out.p, row->want);
	else
		ck_assert_msg(strstr(err.msg, row->want) != NULL, "%s: %s", row->text, err.msg);
	im_buf_done(&out);
	im_arena_done(&a);
	free(exact);
}
END_TEST

START_TEST(nul_passes)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf out;

	im_buf_init(&out, 100);
	ck_assert(im_template_render(
		      IM_STR("{{nul}}"), sample(&a), &(struct im_template_env) { 0 }, &out, &err) == IM_OK);
	ck_assert_uint_eq(out.n, 3);
	ck_assert_mem_eq(out.p, "a\0b", 3);
	im_buf_done(&out);
	im_arena_done(&a);
}
END_TEST

START_TEST(depth_is_bounded)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf text, out;

	for (int hidden = 0; hidden < 2; hidden++) {
		im_buf_init(&text, 1 << 20);
		im_buf_init(&out, 1 << 20);
		for (int i = 0; i < 10000; i++)
			im_buf_adds(&text, hidden ? "{{#nothing}}" : "{{#yes}}");
		ck_assert(im_template_render(im_buf_str(&text), sample(&a), &(struct im_template_env) { 0 },
			      &out, &err) == IM_CONFIG);
		ck_assert(strstr(err.msg, "deeply") != NULL);
		im_buf_done(&text);
		im_buf_done(&out);
	}
	im_arena_done(&a);
}
END_TEST

START_TEST(work_is_bounded)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf text, out;

	/* 2 to the 30 times nothing */
	im_buf_init(&text, 1 << 20);
	im_buf_init(&out, 1 << 20);
	for (int i = 0; i < 30; i++)
		im_buf_adds(&text, "{{#list}}");
	for (int i = 0; i < 30; i++)
		im_buf_adds(&text, "{{/list}}");
	ck_assert(im_template_render(im_buf_str(&text), sample(&a), &(struct im_template_env) { 0 }, &out,
		      &err) == IM_CONFIG);
	ck_assert_msg(strstr(err.msg, "without end") != NULL, "%s", err.msg);
	im_buf_done(&text);
	im_buf_done(&out);
	im_arena_done(&a);
}
END_TEST

START_TEST(output_is_bounded)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_buf out;

	im_buf_init(&out, 8);
	ck_assert(im_template_render(
		      IM_STR("{{evil}}"), sample(&a), &(struct im_template_env) { 0 }, &out, &err) != IM_OK);
	im_buf_done(&out);
	im_arena_done(&a);
}
END_TEST

/* a list page: 50 entries of about 160 bytes */
START_TEST(cost)
{
	static const char page[] =
	    "<ul>\n{{#messages}}\n<li{{#unread}} class=\"unread\"{{/unread}}><a href=\"{{url}}\"><span "
	    "class=\"from\">{{from}}"
	    "</span><span>{{subject}}{{^subject}}{{#_}}(no "
	    "subject){{/_}}{{/subject}}{{#snippet}}<span>{{snippet}}</span>"
	    "{{/snippet}}</span>{{#attachments}}<span></span>{{/attachments}}<span>{{date}}</span></a></li>\n"
	    "{{/messages}}\n</ul>\n";
	struct im_arena a = { 0 };
	struct im_value *m = im_v_object(&a), *arr = im_v_set_array(&a, m, "messages");
	struct timespec t0, t1;
	struct im_err err;
	struct im_buf out;
	double us;

	for (int i = 0; i < 50; i++) {
		struct im_value *e = im_v_add_object(&a, arr);

		im_v_set_bool(&a, e, "unread", i % 3 == 0);
		im_v_set_str(&a, e, "url", "/mail/INBOX/1700000000.M1P2.Q3.host,S=1234");
		im_v_set_str(&a, e, "from", "Ann Example");
		im_v_set_str(&a, e, "subject", "A subject of some length & more");
		im_v_set_str(&a, e, "snippet", "The first words of the message, as long as they are here");
		im_v_set_bool(&a, e, "attachments", i % 5 == 0);
		im_v_set_str(&a, e, "date", "14:05");
	}
	im_buf_init(&out, 1 << 20);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
	for (int i = 0; i < 200; i++) {
		im_buf_clear(&out);
		ck_assert(im_template_render(im_str(page), m, &(struct im_template_env) { 0 }, &out, &err) ==
			  IM_OK);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
	us = ((double)(t1.tv_sec - t0.tv_sec) * 1e6 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e3) / 200;
	printf("template: a list of 50, %zu bytes, %.0f us\n", out.n, us);
#ifndef __SANITIZE_ADDRESS__
	ck_assert_double_lt(us, 1000); /* the figure is for people; this only catches a change of class */
#endif
	im_buf_done(&out);
	im_arena_done(&a);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ official_cases, 0, 0 },
		{ own_rules, IM_COUNT(rows), 0 },
		{ nul_passes, 0, 0 },
		{ depth_is_bounded, 0, 0 },
		{ work_is_bounded, 0, 0 },
		{ output_is_bounded, 0, 0 },
		{ cost, 0, 0 },
	};

	return unit_main("template", tests, IM_COUNT(tests));
}
