/*
 * render.c - configuration templates
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/render.h"

#include <string.h>

enum { NAME_MAX_LEN = 40 };

static bool
is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* the length of a name that begins at p and is followed by '@'; 0 when there is none */
static size_t
name_length(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && is_name_char(p[n]))
		n++;
	return p + n < end && p[n] == '@' ? n : 0;
}

static bool
has_control(struct im_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static enum im_status
put_value(const char *file, unsigned line, const char *name, im_render_lookup *lookup, void *arg,
    struct im_buf *out, struct im_err *err)
{
	size_t at = out->n;

	if (!lookup(arg, name, out))
		return im_fail(err, IM_CONFIG, "%s:%u: @%s@ is no known name", file, line, name);
	if (has_control((struct im_str) { out->p + at, out->n - at }))
		return im_fail(
		    err, IM_CONFIG, "%s:%u: the value of %s holds a control character", file, line, name);
	return IM_OK;
}

enum im_status
im_render(const char *file, struct im_str text, im_render_lookup *lookup, void *arg, struct im_buf *out,
    struct im_err *err)
{
	const char *p = text.p, *end = text.n ? text.p + text.n : text.p;
	unsigned line = 1;
	char name[NAME_MAX_LEN + 1];
	size_t n;

	for (; p < end; p++) {
		n = *p == '@' ? name_length(p + 1, end) : 0;
		if (n == 0) {
			line += *p == '\n';
			im_buf_addc(out, *p);
			continue;
		}
		if (!im_fmt(name, sizeof(name), "%.*s", (int)(n < 1000 ? n : 1000), p + 1))
			return im_fail(err, IM_CONFIG, "%s:%u: a name longer than %d characters", file, line,
			    NAME_MAX_LEN);
		enum im_status st = put_value(file, line, name, lookup, arg, out, err);
		if (st != IM_OK)
			return st;
		p += n + 1;
	}
	if (out->full)
		return im_fail(err, IM_CONFIG, "%s: larger than %d bytes when rendered", file, IM_RENDER_MAX);
	return IM_OK;
}
