/*
 * template.c - renders while it reads: one pass, no syntax tree, nothing allocated per tag
 *
 * A page is rendered once by a process that then ends, so compiling a template first would cost more than it saves.
 * Contexts are a chain of frames on the C stack. A list's body is read again for every item; only the body of a
 * section that is not shown is passed over without rendering.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/template.h"

#include <string.h>

enum tag_kind { TAG_NONE, TAG_VARIABLE, TAG_SECTION, TAG_INVERTED, TAG_CLOSE, TAG_COMMENT, TAG_PARTIAL };

struct tag {
	enum tag_kind kind;
	struct im_str name;
	size_t brace; /* where its "{{" is, for messages */
	size_t at,
	    after; /* what is before 'at' is literal, 'after' is where to go on; a standalone line lies between */
};

struct frame {
	const struct im_value *v;
	const struct frame *up;
};

struct render {
	const struct im_template_env *env;
	struct im_buf *out;
	struct im_err *err;
	int depth; /* of sections and partials together */
};

static const char *const escapes[256] = {
	['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
};

void
im_html_escape(struct im_buf *out, struct im_str text)
{
	size_t from = 0;

	for (size_t i = 0; i < text.n; i++) {
		const char *esc = escapes[(unsigned char)text.p[i]];

		if (!esc)
			continue;
		im_buf_add(out, text.p + from, i - from);
		im_buf_adds(out, esc);
		from = i + 1;
	}
	if (from < text.n)
		im_buf_add(out, text.p + from, text.n - from);
}

/* fail - "line N: ...", with the name of the tag */
static bool
fail(struct render *r, struct im_str text, size_t at, const char *what, struct im_str name)
{
	unsigned line = 1;

	for (size_t i = 0; i < at && i < text.n; i++)
		line += text.p[i] == '\n';
	im_fail(r->err, IM_CONFIG, "line %u: %s%s%.*s", line, what, name.n ? " " : "",
	    (int)(name.n > 60 ? 60 : name.n), name.n ? name.p : "");
	return false;
}

static bool
name_valid(struct im_str name)
{
	if (name.n == 1 && name.p[0] == '.')
		return true;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			  c == '_' || c == '-' ||
			  (c == '.' && i > 0 && i + 1 < name.n && name.p[i - 1] != '.');

		if (!ok)
			return false;
	}
	return name.n > 0;
}

/* standalone - a tag alone on its line takes the whole line with it */
static void
standalone(struct im_str text, size_t pos, struct tag *tag)
{
	size_t from = tag->brace, to = tag->after;

	while (from > 0 && (text.p[from - 1] == ' ' || text.p[from - 1] == '\t'))
		from--;
	if (from > 0 && text.p[from - 1] != '\n')
		return;
	while (to < text.n && (text.p[to] == ' ' || text.p[to] == '\t'))
		to++;
	if (to < text.n && text.p[to] == '\r' && to + 1 < text.n && text.p[to + 1] == '\n')
		to++;
	if (to < text.n && text.p[to] != '\n')
		return;
	tag->at = from < pos ? pos : from;
	tag->after = to < text.n ? to + 1 : to;
}

static enum tag_kind
kind_of(char c)
{
	switch (c) {
	case '#':
		return TAG_SECTION;
	case '^':
		return TAG_INVERTED;
	case '/':
		return TAG_CLOSE;
	case '!':
		return TAG_COMMENT;
	case '>':
		return TAG_PARTIAL;
	default:
		return TAG_VARIABLE;
	}
}

/* next_tag - the next tag from pos on; TAG_NONE at the end of the text */
static bool
next_tag(struct render *r, struct im_str text, size_t pos, struct tag *tag)
{
	const char *open = pos < text.n ? memmem(text.p + pos, text.n - pos, "{{", 2) : NULL;
	const char *close;
	struct im_str in;

	*tag = (struct tag) { .at = text.n, .after = text.n, .brace = text.n };
	if (!open)
		return true;
	tag->at = tag->brace = (size_t)(open - text.p);
	open += 2;
	close = memmem(open, text.n - (size_t)(open - text.p), "}}", 2);
	if (!close)
		return fail(r, text, tag->brace, "a tag is not closed", (struct im_str) { 0 });
	tag->after = (size_t)(close - text.p) + 2;
	in = im_str_trim((struct im_str) { open, (size_t)(close - open) });
	if (!in.n)
		return fail(r, text, tag->brace, "an empty tag", (struct im_str) { 0 });
	if (in.p[0] == '{' || in.p[0] == '&' || in.p[0] == '=')
		return fail(r, text, tag->brace, "raw output and other delimiters do not exist:", in);
	tag->kind = kind_of(in.p[0]);
	if (tag->kind != TAG_VARIABLE)
		in = im_str_trim((struct im_str) { in.p + 1, in.n - 1 });
	tag->name = in;
	if (tag->kind != TAG_COMMENT && !name_valid(in))
		return fail(r, text, tag->brace, "not a name:", in);
	if (tag->kind != TAG_VARIABLE && !im_str_is(in, "_"))
		standalone(text, pos, tag);
	return true;
}

/* lookup - the first part of a dotted name by the chain of contexts, the rest inside what was found */
static const struct im_value *
lookup(const struct frame *ctx, struct im_str name)
{
	const struct im_value *v = NULL;
	struct im_str part;

	if (im_str_is(name, "."))
		return ctx->v;
	part = im_str_cut(&name, '.');
	for (; ctx && !v; ctx = ctx->up)
		v = ctx->v && ctx->v->type == IM_V_OBJECT ? im_v_get(ctx->v, part) : NULL;
	while (v && name.n) {
		part = im_str_cut(&name, '.');
		v = v->type == IM_V_OBJECT ? im_v_get(v, part) : NULL;
	}
	return v;
}

static bool
find(struct render *r, struct im_str text, const struct tag *tag, const struct frame *ctx,
    const struct im_value **ret)
{
	*ret = lookup(ctx, tag->name);
	if (!*ret && r->env->strict)
		return fail(r, text, tag->brace, "the model has no", tag->name);
	return true;
}

static bool
shown(const struct im_value *v)
{
	if (!v)
		return false;
	switch (v->type) {
	case IM_V_NULL:
		return false;
	case IM_V_BOOL:
		return v->u.b;
	case IM_V_INT:
		return v->u.i != 0;
	case IM_V_STR:
		return v->u.s.n > 0;
	case IM_V_ARRAY:
		return v->u.c.n > 0;
	case IM_V_OBJECT:
		return true;
	}
	return false;
}

static bool
variable(struct render *r, struct im_str text, const struct tag *tag, const struct frame *ctx)
{
	const struct im_value *v;

	if (!find(r, text, tag, ctx, &v))
		return false;
	if (!v)
		return true;
	switch (v->type) {
	case IM_V_NULL:
		return true;
	case IM_V_BOOL:
		im_buf_adds(r->out, v->u.b ? "true" : "false");
		return true;
	case IM_V_INT:
		im_buf_addf(r->out, "%lld", (long long)v->u.i);
		return true;
	case IM_V_STR:
		im_html_escape(r->out, v->u.s);
		return true;
	case IM_V_ARRAY:
	case IM_V_OBJECT:
		break;
	}
	return !r->env->strict || fail(r, text, tag->brace, "neither text nor number:", tag->name);
}

/* skip - pass over the body of a section that is not shown; *pos is behind its closing tag then */
static bool
skip(struct render *r, struct im_str text, size_t *pos, const struct tag *section)
{
	struct tag tag;

	if (++r->depth > IM_TEMPLATE_MAX_DEPTH)
		return fail(r, text, section->brace, "nested too deeply:", section->name);
	for (;;) {
		if (!next_tag(r, text, *pos, &tag))
			return false;
		*pos = tag.after;
		if (tag.kind == TAG_NONE)
			return fail(r, text, section->brace, "a section is not closed:", section->name);
		if (tag.kind == TAG_CLOSE) {
			if (!im_str_eq(tag.name, section->name))
				return fail(r, text, tag.brace, "closes another section:", tag.name);
			r->depth--;
			return true;
		}
		if ((tag.kind == TAG_SECTION || tag.kind == TAG_INVERTED) && !skip(r, text, pos, &tag))
			return false;
	}
}

static bool
translated(struct render *r, struct im_str text, size_t *pos, const struct tag *open)
{
	struct im_str msgid = { text.p + *pos, 0 };
	struct tag tag;

	if (!next_tag(r, text, *pos, &tag))
		return false;
	if (tag.kind != TAG_CLOSE || !im_str_is(tag.name, "_"))
		return fail(
		    r, text, open->brace, "{{#_}} holds plain text up to {{/_}}", (struct im_str) { 0 });
	msgid.n = tag.at - *pos;
	if (memchr(msgid.p, '\n', msgid.n))
		return fail(
		    r, text, open->brace, "the text of {{#_}} must be on one line", (struct im_str) { 0 });
	im_html_escape(r->out, r->env->lang ? im_tr_span(r->env->lang, msgid) : msgid);
	*pos = tag.after;
	return true;
}

static bool block(
    struct render *r, struct im_str text, size_t *pos, const struct frame *ctx, const struct tag *section);

/* section - its body once, or once for every item of a list; *pos moves behind the closing tag */
static bool
section_tag(struct render *r, struct im_str text, size_t *pos, const struct tag *tag, const struct frame *ctx)
{
	const struct im_value *v;
	size_t start = *pos;

	if (im_str_is(tag->name, "_"))
		return tag->kind == TAG_SECTION
			   ? translated(r, text, pos, tag)
			   : fail(r, text, tag->brace, "{{^_}} means nothing", (struct im_str) { 0 });
	if (!find(r, text, tag, ctx, &v))
		return false;
	if (shown(v) == (tag->kind == TAG_INVERTED))
		return skip(r, text, pos, tag);
	if (tag->kind == TAG_INVERTED)
		return block(r, text, pos, ctx, tag);
	if (v->type != IM_V_ARRAY)
		return block(r, text, pos, &(struct frame) { v, ctx }, tag);
	for (const struct im_value *item = v->u.c.first; item; item = item->next) {
		*pos = start;
		if (!block(r, text, pos, &(struct frame) { item, ctx }, tag))
			return false;
	}
	return true;
}

static bool
partial(struct render *r, struct im_str text, const struct tag *tag, const struct frame *ctx)
{
	struct im_str inner;
	size_t pos = 0;

	if (!r->env->partial || !r->env->partial(r->env->arg, tag->name, &inner))
		return fail(r, text, tag->brace, "there is no partial", tag->name);
	if (!block(r, inner, &pos, ctx, NULL)) {
		if (r->depth <= IM_TEMPLATE_MAX_DEPTH)
			im_err_prefix(r->err, "partial %.*s", (int)tag->name.n, tag->name.p);
		return false;
	}
	return true;
}

/* block - render from *pos to the closing tag of 'section', or to the end of the text where that is NULL */
static bool
block(struct render *r, struct im_str text, size_t *pos, const struct frame *ctx, const struct tag *section)
{
	struct tag tag;
	bool ok = true;

	if (++r->depth > IM_TEMPLATE_MAX_DEPTH)
		return fail(
		    r, text, section ? section->brace : 0, "nested too deeply", (struct im_str) { 0 });
	while (ok) {
		if (!next_tag(r, text, *pos, &tag))
			return false;
		if (tag.at > *pos)
			im_buf_add(r->out, text.p + *pos, tag.at - *pos);
		*pos = tag.after;
		switch (tag.kind) {
		case TAG_NONE:
			if (section)
				return fail(
				    r, text, section->brace, "a section is not closed:", section->name);
			r->depth--;
			return true;
		case TAG_CLOSE:
			if (!section || !im_str_eq(tag.name, section->name))
				return fail(r, text, tag.brace, "closes what is not open:", tag.name);
			r->depth--;
			return true;
		case TAG_VARIABLE:
			ok = variable(r, text, &tag, ctx);
			break;
		case TAG_SECTION:
		case TAG_INVERTED:
			ok = section_tag(r, text, pos, &tag, ctx);
			break;
		case TAG_PARTIAL:
			ok = partial(r, text, &tag, ctx);
			break;
		case TAG_COMMENT:
			break;
		}
		if (ok && r->out->full)
			return fail(r, text, tag.brace, "the page grows too large at", tag.name);
	}
	return false;
}

enum im_status
im_template_render(struct im_str text, const struct im_value *model, const struct im_template_env *env,
    struct im_buf *out, struct im_err *err)
{
	struct render r = { .env = env, .out = out, .err = err };
	struct frame top = { model, NULL };
	size_t pos = 0;

	if (!block(&r, text, &pos, &top, NULL))
		return err->st;
	if (out->full)
		return im_fail(err, IM_BUG, "the page is larger than %zu bytes", out->max);
	return IM_OK;
}
