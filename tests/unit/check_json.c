/*
 * check_json.c - JSON values and their text, read back with cJSON (RFC 8259)
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/value.h"

#include <cjson/cJSON.h>
#include <stdint.h>

#include "unit.h"

static const struct {
	const char *text;
	size_t n;
	const char *want;
} strings[] = {
	{ "", 0, "\"\"" },
	{ "plain", 5, "\"plain\"" },
	{ "a\"b\\c/", 6, "\"a\\\"b\\\\c/\"" },
	{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
	{ "\0\x01\x1f", 3, "\"\\u0000\\u0001\\u001f\"" },
	{ "\x7f", 1, "\"\x7f\"" },
	{ "\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
	{ "\xff"
	  "a\xc3",
	    3,
	    "\"\xef\xbf\xbd"
	    "a\xef\xbf\xbd\"" },
	{ "\xef\xbf\xbd", 3, "\"\xef\xbf\xbd\"" },
	{ "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
};

START_TEST(string)
{
	char *p = unit_exact(strings[_i].text, strings[_i].n);
	struct im_buf b;

	im_buf_init(&b, 1000);
	im_json_string(&b, (struct im_str) { p, strings[_i].n });
	ck_assert_str_eq(b.p, strings[_i].want);
	im_buf_done(&b);
	free(p);
}
END_TEST

/* whatever the bytes are, cJSON reads one string, and it is valid UTF-8 */
START_TEST(random_strings)
{
	unsigned seed = 1;

	for (int round = 0; round < 2000; round++) {
		char raw[64];
		size_t n = (size_t)rand_r(&seed) % sizeof(raw);
		struct im_buf b;
		cJSON *j;

		for (size_t i = 0; i < n; i++)
			raw[i] = (char)(1 + rand_r(&seed) % 255);
		im_buf_init(&b, 1000);
		im_json_string(&b, (struct im_str) { raw, n });
		j = cJSON_Parse(b.p);
		ck_assert(cJSON_IsString(j));
		ck_assert(im_utf8_valid(im_str(j->valuestring)));
		if (im_utf8_valid((struct im_str) { raw, n }))
			ck_assert(im_str_eq(im_str(j->valuestring), (struct im_str) { raw, n }));
		cJSON_Delete(j);
		im_buf_done(&b);
	}
}
END_TEST

START_TEST(tree)
{
	struct im_arena a = { 0 };
	struct im_value *top = im_v_object(&a), *list, *inner;
	struct im_buf b;
	cJSON *j;

	im_v_set_str(&a, top, "name", "INBOX");
	im_v_set_str(&a, top, "none", NULL);
	im_v_set_int(&a, top, "most", INT64_MAX);
	im_v_set_int(&a, top, "least", INT64_MIN);
	im_v_set_bool(&a, top, "yes", true);
	im_v_set_bool(&a, top, "no", false);
	im_v_set_null(&a, top, "null");
	list = im_v_set_array(&a, top, "list");
	im_v_add_span(&a, list, IM_STR("a\0b"));
	im_v_add_int(&a, list, 0);
	inner = im_v_add_object(&a, list);
	im_v_set_object(&a, inner, "empty");
	im_v_set_array(&a, inner, "empty too");

	im_buf_init(&b, 10000);
	im_v_json(top, &b);
	ck_assert_str_eq(b.p, "{\"name\":\"INBOX\",\"none\":null,\"most\":9223372036854775807,"
			      "\"least\":-9223372036854775808,\"yes\":true,\"no\":false,\"null\":null,"
			      "\"list\":[\"a\\u0000b\",0,{\"empty\":{},\"empty too\":[]}]}");
	j = cJSON_Parse(b.p);
	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(cJSON_GetArraySize(cJSON_GetObjectItem(j, "list")), 3);
	cJSON_Delete(j);

	ck_assert(im_str_is(im_v_get(top, IM_STR("name"))->u.s, "INBOX"));
	ck_assert_ptr_null(im_v_get(top, IM_STR("nam")));
	ck_assert_ptr_null(im_v_get(top, IM_STR("name\0x")));
	ck_assert_ptr_null(im_v_get(list, IM_STR("name")));
	ck_assert_ptr_null(im_v_get(NULL, IM_STR("name")));
	ck_assert_uint_eq(list->u.c.n, 3);
	im_buf_done(&b);
	im_arena_done(&a);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { string, IM_COUNT(strings) }, { random_strings }, { tree } };

	return unit_main("json", tests, IM_COUNT(tests));
}
