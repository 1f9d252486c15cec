/*
 * value.h - JSON values: the model that a page renders and that --json prints (RFC 8259)
 *
 * Lives in an arena, is built once and never changed. Why not cJSON here: the hot page programs are linked
 * statically (a dynamic cJSON costs more than everything else that a list page does) and Debian ships no static
 * libcjson. cJSON parses JSON where the product reads some, and checks this writer in the tests.
 *
 * Integers are exact up to 64 bits in here; they are printed as they are.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_VALUE_H
#define IM_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

enum im_value_type { IM_V_NULL, IM_V_BOOL, IM_V_INT, IM_V_STR, IM_V_ARRAY, IM_V_OBJECT };

struct im_value {
	enum im_value_type type;
	const char *key; /* within an object; borrowed: a literal or in the arena */
	union {
		bool b;
		int64_t i;
		struct im_str s;
		struct {
			struct im_value *first, *last;
			size_t n;
		} c;
	} u;
	struct im_value *next;
};

struct im_value *im_v_object(struct im_arena *a);
struct im_value *im_v_array(struct im_arena *a);

/* setters of an object; the text is copied into the arena, the key is borrowed. A NULL text adds null */
void im_v_set_str(struct im_arena *a, struct im_value *obj, const char *key, const char *text);
void im_v_set_span(struct im_arena *a, struct im_value *obj, const char *key, struct im_str text);
/* im_v_set_ref - the text is borrowed instead of copied: it must live as long as the value (the same arena, a literal) */
void im_v_set_ref(struct im_arena *a, struct im_value *obj, const char *key, struct im_str text);
void im_v_set_int(struct im_arena *a, struct im_value *obj, const char *key, int64_t i);
void im_v_set_bool(struct im_arena *a, struct im_value *obj, const char *key, bool b);
void im_v_set_null(struct im_arena *a, struct im_value *obj, const char *key);
struct im_value *im_v_set_object(struct im_arena *a, struct im_value *obj, const char *key);
struct im_value *im_v_set_array(struct im_arena *a, struct im_value *obj, const char *key);
/* appending to an array */
void im_v_add_span(struct im_arena *a, struct im_value *arr, struct im_str text);
void im_v_add_int(struct im_arena *a, struct im_value *arr, int64_t i);
struct im_value *im_v_add_object(struct im_arena *a, struct im_value *arr);

const struct im_value *im_v_get(
    const struct im_value *obj, struct im_str key); /* NULL when absent or no object */

/* im_v_json - append as JSON on one line; bytes that are no UTF-8 become U+FFFD */
void im_v_json(const struct im_value *v, struct im_buf *b);
/* im_json_string - append text as a JSON string with its quotes (used by whoever writes JSON) */
void im_json_string(struct im_buf *b, struct im_str text);

#endif
