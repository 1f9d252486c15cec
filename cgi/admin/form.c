/*
 * form.c - fields of forms, sizes and times as words, pages of long lists
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "admin.h"
#include "base/when.h"

const char *
admin_field(struct admin *x, const char *name)
{
	const char *v = im_form_text(x->r, name);

	return strlen(v) <= ADMIN_FIELD_MAX ? v : "";
}

bool
admin_checked(struct admin *x, const char *name)
{
	const char *v = im_form(x->r, name);

	return v && *v;
}

bool
admin_lines(struct admin *x, const char *name, const char ***ret, int *ret_n)
{
	static const char between[] = " \t\r\n,;";
	const char *v = im_form(x->r, name),
		   **words = im_arena_alloc(x->a, (ADMIN_PASTE_MAX + 1) * sizeof *words);
	int n = 0;

	if (v && strlen(v) > ADMIN_PASTE_BYTES)
		return false;
	for (const char *p = v ? v : ""; *(p += strspn(p, between)); p += strcspn(p, between)) {
		if (n == ADMIN_PASTE_MAX)
			return false;
		char *w = im_arena_strndup(x->a, p, strcspn(p, between));
		/* "Ann Smith <ann@example.org>" pasted from an address book: the words of the name are no addresses */
		size_t len = strlen(w);
		if (w[0] == '<' && w[len - 1] == '>') {
			w[len - 1] = '\0';
			w++;
		}
		for (char *c = w; *c; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
		bool known = false;
		for (int i = 0; i < n; i++)
			known = known || strcmp(words[i], w) == 0;
		if (!known)
			words[n++] = w;
	}
	words[n] = NULL;
	*ret = words;
	*ret_n = n;
	return true;
}

const char *
admin_quota_word(struct admin *x, uint64_t bytes)
{
	static const char units[] = "TGMk";
	uint64_t size = (uint64_t)1 << 40;

	if (bytes == 0)
		return "none";
	for (size_t i = 0; units[i]; i++, size >>= 10)
		if (bytes % size == 0)
			return im_arena_fmt(x->a, "%llu%c", (unsigned long long)(bytes / size), units[i]);
	return im_arena_fmt(x->a, "%llu", (unsigned long long)bytes);
}

const char *
admin_quota_text(struct admin *x, uint64_t bytes)
{
	return bytes ? im_size_for(x->r->lang, bytes, x->a) : im_tr(x->r->lang, "no limit");
}

const char *
admin_time_word(struct admin *x, int64_t t)
{
	struct tm tm;
	time_t tt = (time_t)t;
	char text[32];

	if (t <= 0 || !localtime_r(&tt, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M", &tm))
		return "";
	return im_arena_strdup(x->a, text);
}

const char *
admin_time_text(struct admin *x, int64_t t)
{
	return t > 0 ? im_date_short(x->r->lang, t, x->r->now, x->a) : "";
}

bool
admin_time_parse(struct admin *x, const char *s, int64_t *ret)
{
	char *text = im_arena_strdup(x->a, s);

	/* as browsers send a date and time */
	if (strlen(text) > 10 && text[10] == 'T')
		text[10] = ' ';
	return im_when_parse(text, x->r->now, ret);
}

const char *
admin_time_command(struct admin *x, int64_t t)
{
	char text[24];

	return im_arena_strdup(x->a, im_when_text(t, text));
}

bool
admin_contains(const char *text, const char *what)
{
	return !*what || strcasestr(text, what) != NULL;
}

int
admin_page_number(struct admin *x)
{
	const char *v = im_query(x->r, "page");
	uint64_t n = 0;

	return v && im_str_u64(im_str(v), 100000, &n) ? (int)n : 0;
}

void
admin_pages(struct admin *x, const char *base, int page, int total)
{
	const char *sep = strchr(base, '?') ? "&" : "?";
	const char *before = page > 0 ? im_urlf(x->a, "%s%spage=%d", base, sep, page - 1) : NULL;
	bool more = (page + 1) * ADMIN_PAGE < total;

	im_v_set_str(x->a, x->model, "newer_url", before);
	im_v_set_str(
	    x->a, x->model, "older_url", more ? im_urlf(x->a, "%s%spage=%d", base, sep, page + 1) : NULL);
}

void
admin_rows_begin(struct admin *x, struct admin_rows *rows)
{
	const char *what = im_query(x->r, "q");

	*rows = (struct admin_rows) { .what = what && strlen(what) <= ADMIN_FIELD_MAX ? what : "",
		.page = admin_page_number(x) };
}

bool
admin_rows_take(struct admin_rows *rows)
{
	return rows->hits++ / ADMIN_PAGE == rows->page;
}

void
admin_rows_end(struct admin *x, const struct admin_rows *rows, const char *base, const char *total_text)
{
	const char *url =
	    *rows->what ? im_urlf(x->a, "%s?q=%s", base, im_url_segment(x->a, rows->what)) : base;

	im_v_set_str(x->a, x->model, "q", rows->what);
	im_v_set_int(x->a, x->model, "total", rows->hits);
	im_v_set_str(x->a, x->model, "total_text", total_text);
	admin_pages(x, url, rows->page, rows->hits);
}

void
admin_option(struct admin *x, struct im_value *arr, const char *value, const char *text, const char *selected)
{
	struct im_value *o = im_v_add_object(x->a, arr);

	im_v_set_str(x->a, o, "value", value);
	im_v_set_str(x->a, o, "text", text);
	im_v_set_bool(x->a, o, "selected", strcmp(value, selected) == 0);
}
