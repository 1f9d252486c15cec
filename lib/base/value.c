/*
 * value.c - JSON values in an arena, and the writer (RFC 8259)
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/value.h"

#include <string.h>

static struct im_value *
new_value(struct im_arena *a, enum im_value_type type)
{
	struct im_value *v = im_arena_alloc(a, sizeof(*v));

	v->type = type;
	return v;
}

struct im_value *
im_v_object(struct im_arena *a)
{
	return new_value(a, IM_V_OBJECT);
}

struct im_value *
im_v_array(struct im_arena *a)
{
	return new_value(a, IM_V_ARRAY);
}

static struct im_value *
add(struct im_arena *a, struct im_value *to, const char *key, enum im_value_type type)
{
	struct im_value *v = new_value(a, type);

	v->key = key;
	if (to->u.c.last)
		to->u.c.last->next = v;
	else
		to->u.c.first = v;
	to->u.c.last = v;
	to->u.c.n++;
	return v;
}

void
im_v_set_span(struct im_arena *a, struct im_value *obj, const char *key, struct im_str text)
{
	struct im_value *v = add(a, obj, key, IM_V_STR);

	v->u.s = (struct im_str) { im_arena_strndup(a, text.p, text.n), text.n };
}

void
im_v_set_str(struct im_arena *a, struct im_value *obj, const char *key, const char *text)
{
	if (text)
		im_v_set_span(a, obj, key, im_str(text));
	else
		im_v_set_null(a, obj, key);
}

void
im_v_set_ref(struct im_arena *a, struct im_value *obj, const char *key, struct im_str text)
{
	add(a, obj, key, IM_V_STR)->u.s = text;
}

void
im_v_set_int(struct im_arena *a, struct im_value *obj, const char *key, int64_t i)
{
	add(a, obj, key, IM_V_INT)->u.i = i;
}

void
im_v_set_bool(struct im_arena *a, struct im_value *obj, const char *key, bool b)
{
	add(a, obj, key, IM_V_BOOL)->u.b = b;
}

void
im_v_set_null(struct im_arena *a, struct im_value *obj, const char *key)
{
	add(a, obj, key, IM_V_NULL);
}

struct im_value *
im_v_set_object(struct im_arena *a, struct im_value *obj, const char *key)
{
	return add(a, obj, key, IM_V_OBJECT);
}

struct im_value *
im_v_set_array(struct im_arena *a, struct im_value *obj, const char *key)
{
	return add(a, obj, key, IM_V_ARRAY);
}

void
im_v_add_span(struct im_arena *a, struct im_value *arr, struct im_str text)
{
	im_v_set_span(a, arr, NULL, text);
}

void
im_v_add_int(struct im_arena *a, struct im_value *arr, int64_t i)
{
	im_v_set_int(a, arr, NULL, i);
}

struct im_value *
im_v_add_object(struct im_arena *a, struct im_value *arr)
{
	return add(a, arr, NULL, IM_V_OBJECT);
}

const struct im_value *
im_v_get(const struct im_value *obj, struct im_str key)
{
	if (!obj || obj->type != IM_V_OBJECT)
		return NULL;
	for (const struct im_value *v = obj->u.c.first; v; v = v->next)
		if (strlen(v->key) == key.n && memcmp(v->key, key.p, key.n) == 0)
			return v;
	return NULL;
}

static void
put_int(struct im_buf *b, int64_t i)
{
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (i < 0)
		im_buf_addc(b, '-');
	im_buf_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

static void
put_escape(struct im_buf *b, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = memchr(plain, c, sizeof(plain) - 1);

	if (at)
		im_buf_add(b, (char[2]) { '\\', letter[at - plain] }, 2);
	else
		im_buf_add(b, (char[6]) { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
}

void
im_json_string(struct im_buf *b, struct im_str text)
{
	const char *p = text.p, *run = p, *end = text.n ? p + text.n : p;
	size_t n;

	im_buf_addc(b, '"');
	while (p < end) {
		unsigned char c = (unsigned char)*p;

		if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
			p++;
			continue;
		}
		if (c >= 0x80 && (im_utf8_next(p, end, &n) != 0xfffd || n == 3)) {
			p += n;
			continue;
		}
		im_buf_add(b, run, (size_t)(p - run));
		if (c < 0x80)
			put_escape(b, c);
		else
			im_buf_adds(b, "\xef\xbf\xbd");
		run = ++p;
	}
	im_buf_add(b, run, (size_t)(p - run));
	im_buf_addc(b, '"');
}

static void
put_members(const struct im_value *v, struct im_buf *b)
{
	const bool object = v->type == IM_V_OBJECT;

	im_buf_addc(b, object ? '{' : '[');
	for (const struct im_value *m = v->u.c.first; m; m = m->next) {
		if (object) {
			im_json_string(b, im_str(m->key));
			im_buf_addc(b, ':');
		}
		im_v_json(m, b);
		if (m->next)
			im_buf_addc(b, ',');
	}
	im_buf_addc(b, object ? '}' : ']');
}

void
im_v_json(const struct im_value *v, struct im_buf *b)
{
	switch (v->type) {
	case IM_V_NULL:
		im_buf_adds(b, "null");
		break;
	case IM_V_BOOL:
		im_buf_adds(b, v->u.b ? "true" : "false");
		break;
	case IM_V_INT:
		put_int(b, v->u.i);
		break;
	case IM_V_STR:
		im_json_string(b, v->u.s);
		break;
	case IM_V_ARRAY:
	case IM_V_OBJECT:
		put_members(v, b);
		break;
	}
}
