/*
 * form.c - fields of queries and forms, and cookies
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/form.h"

#include <string.h>

char *
im_percent_decode(struct im_str text, bool plus, struct im_arena *a)
{
	char *ret = im_arena_alloc(a, text.n + 1), *to = ret;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '%') {
			int hi = i + 2 < text.n ? im_hex_digit(text.p[i + 1]) : -1;
			int lo = hi >= 0 ? im_hex_digit(text.p[i + 2]) : -1;

			if (lo < 0)
				return NULL;
			c = (char)(hi << 4 | lo);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c == '\0')
			return NULL;
		*to++ = c;
	}
	*to = '\0';
	return im_utf8_valid((struct im_str) { ret, (size_t)(to - ret) }) ? ret : NULL;
}

enum im_status
im_form_parse(struct im_str text, size_t max, struct im_arena *a, struct im_form *ret, struct im_err *err)
{
	struct im_form f = { 0 };
	size_t n = text.n > 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '&';
	if (n > max)
		return im_fail(err, IM_INVALID, "more than %zu fields", max);
	if (n)
		f.fields = im_arena_alloc(a, n * sizeof *f.fields);
	while (text.n) {
		struct im_str value = im_str_cut(&text, '&'), name;

		if (!value.n)
			continue;
		name = im_str_cut(&value, '=');
		f.fields[f.n].name = im_percent_decode(name, true, a);
		f.fields[f.n].value = im_percent_decode(value, true, a);
		if (!f.fields[f.n].name || !f.fields[f.n].value)
			return im_fail(err, IM_INVALID, "field %zu is not percent-encoded UTF-8", f.n + 1);
		f.n++;
	}
	*ret = f;
	return IM_OK;
}

const char *
im_form_get(const struct im_form *f, const char *name)
{
	for (size_t i = 0; f && i < f->n; i++) {
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	}
	return NULL;
}

const char *
im_cookie_get(const char *field, const char *name, struct im_arena *a)
{
	struct im_str rest = im_str(field);

	while (rest.n) {
		struct im_str pair = im_str_trim(im_str_cut(&rest, ';'));
		struct im_str key = im_str_cut(&pair, '=');

		if (!im_str_is(key, name))
			continue;
		for (size_t i = 0; i < pair.n; i++)
			if ((unsigned char)pair.p[i] < 0x20 || pair.p[i] == 0x7f)
				return NULL;
		return im_arena_strndup(a, pair.n ? pair.p : "", pair.n);
	}
	return NULL;
}
