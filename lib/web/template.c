/*
 * template.c - a template is taken apart into its tags once, then rendered by walking them
 *
 * The body of a list is walked for every item: finding its tags anew each time was half of what a page of fifty
 * messages cost. Contexts are a chain of frames on the C stack.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum tag_kind { TAG_NONE, TAG_VARIABLE, TAG_SECTION, TAG_INVERTED, TAG_CLOSE, TAG_COMMENT, TAG_PARTIAL };

struct tag {
	enum tag_kind kind;
	struct im_str name;
	size_t brace; /* where its "{{" is, for messages */
	/* what is before 'at' is literal, 'after' is where to go on; a standalone line lies between */
	size_t at, after;
	size_t end; /* of a section: which tag closes it */
};

/* a template taken apart; the last tag is a TAG_NONE at its end */
struct pieces {
	struct im_str text;
	struct tag *tags;
	size_t n, cap;
	struct pieces *next;
};

struct frame {
	const struct im_value *v;
	struct frame *up;
	const struct im_value
	    *last; /* member found last: a template asks in the order of the model, mostly */
};

struct render {
	const struct im_template_env *env;
	struct im_buf *out;
	struct im_err *err;
	int depth; /* of sections and partials together */
	int steps; /* lists in lists in lists */
	struct pieces *taken;
};

static const unsigned char special[256] = { ['&'] = 1, ['<'] = 2, ['>'] = 3, ['"'] = 4, ['\''] = 5 };

/* plain - how many bytes from p on need no escape; text is most of a page, so four at a time */
static size_t
plain(const unsigned char *p, size_t n)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4)
		if (special[p[i]] | special[p[i + 1]] | special[p[i + 2]] | special[p[i + 3]])
			break;
	while (i < n && !special[p[i]])
		i++;
	return i;
}

void
im_html_escape(struct im_buf *out, struct im_str text)
{
	static const char *const escapes[] = { "", "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };

	while (text.n) {
		size_t n = plain((const unsigned char *)text.p, text.n);

		im_buf_add(out, text.p, n);
		if (n == text.n)
			return;
		im_buf_adds(out, escapes[special[(unsigned char)text.p[n]]]);
		text = (struct im_str) { text.p + n + 1, text.n - n - 1 };
	}
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

/* braces - the next two of them in a row; NULL when there are none */
static const char *
braces(const char *p, const char *end, char c)
{
	while (p + 1 < end && (p = memchr(p, c, (size_t)(end - 1 - p))) != NULL) {
		if (p[1] == c)
			return p;
		p++;
	}
	return NULL;
}

/* next_tag - the next tag from pos on; TAG_NONE at the end of the text */
static bool
next_tag(struct render *r, struct im_str text, size_t pos, struct tag *tag)
{
	const char *end = text.p + text.n, *open = pos < text.n ? braces(text.p + pos, end, '{') : NULL;
	const char *close;
	struct im_str in;

	*tag = (struct tag) { .at = text.n, .after = text.n, .brace = text.n };
	if (!open)
		return true;
	tag->at = tag->brace = (size_t)(open - text.p);
	open += 2;
	close = braces(open, end, '}');
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

static bool
has_key(const struct im_value *v, struct im_str key)
{
	const char *k = v->key;
	size_t i = 0;

	while (i < key.n && k[i] == key.p[i])
		i++;
	return i == key.n && !k[i];
}

/* member - im_v_get, but first where the last one was found, and behind it */
static const struct im_value *
member(struct frame *ctx, struct im_str key)
{
	const struct im_value *v = ctx->last;

	if (!ctx->v || ctx->v->type != IM_V_OBJECT)
		return NULL;
	if (v && !has_key(v, key))
		v = v->next && has_key(v->next, key) ? v->next : NULL;
	for (v = v ? v : ctx->v->u.c.first; v && !has_key(v, key);)
		v = v->next;
	if (v)
		ctx->last = v;
	return v;
}

/* lookup - the first part of a dotted name by the chain of contexts, the rest inside what was found */
static const struct im_value *
lookup(struct frame *ctx, struct im_str name)
{
	const struct im_value *v = NULL;
	struct im_str part;

	if (name.n == 1 && name.p[0] == '.')
		return ctx->v;
	part = im_str_cut(&name, '.');
	for (; ctx && !v; ctx = ctx->up)
		v = member(ctx, part);
	while (v && name.n) {
		part = im_str_cut(&name, '.');
		v = im_v_get(v, part);
	}
	return v;
}

static bool
find(struct render *r, struct im_str text, const struct tag *tag, struct frame *ctx,
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
variable(struct render *r, struct im_str text, const struct tag *tag, struct frame *ctx)
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

/* closes - check that a tag may follow in what is open; *depth shrinks when it closes the innermost section */
static bool
closes(struct render *r, struct pieces *p, const struct tag *tag, const size_t *open, size_t *depth)
{
	struct tag *section = *depth ? &p->tags[open[*depth - 1]] : NULL;
	const struct im_str none = { 0 };

	if (section && im_str_is(section->name, "_") &&
	    (tag->kind != TAG_CLOSE || !im_str_is(tag->name, "_")))
		return fail(r, p->text, section->brace, "{{#_}} holds plain text up to {{/_}}", none);
	if (tag->kind == TAG_NONE)
		return !section ||
		       fail(r, p->text, section->brace, "a section is not closed:", section->name);
	if (tag->kind != TAG_CLOSE)
		return true;
	if (!section)
		return fail(r, p->text, tag->brace, "closes what is not open:", tag->name);
	if (!im_str_eq(tag->name, section->name))
		return fail(r, p->text, tag->brace, "closes another section:", tag->name);
	if (im_str_is(tag->name, "_") && memchr(p->text.p + section->after, '\n', tag->at - section->after))
		return fail(r, p->text, section->brace, "the text of {{#_}} must be on one line", none);
	section->end = p->n;
	--*depth;
	return true;
}

static bool
take_tags(struct render *r, struct pieces *p)
{
	size_t open[IM_TEMPLATE_MAX_DEPTH] = { 0 }, depth = 0, pos = 0;
	struct tag tag;

	do {
		if (!next_tag(r, p->text, pos, &tag) || !closes(r, p, &tag, open, &depth))
			return false;
		if (tag.kind == TAG_INVERTED && im_str_is(tag.name, "_"))
			return fail(r, p->text, tag.brace, "{{^_}} means nothing", (struct im_str) { 0 });
		if (tag.kind == TAG_SECTION || tag.kind == TAG_INVERTED) {
			if (depth == IM_TEMPLATE_MAX_DEPTH)
				return fail(r, p->text, tag.brace, "nested too deeply:", tag.name);
			open[depth++] = p->n;
		}
		if (p->n == p->cap) {
			p->cap = p->cap ? p->cap * 2 : 32;
			p->tags = im_realloc(p->tags, p->cap * sizeof(*p->tags));
		}
		p->tags[p->n++] = tag;
		pos = tag.after;
	} while (tag.kind != TAG_NONE);
	return true;
}

/* take_apart - a partial in a list is taken apart once */
static const struct pieces *
take_apart(struct render *r, struct im_str text)
{
	struct pieces *p;

	for (p = r->taken; p; p = p->next)
		if (p->text.p == text.p && p->text.n == text.n)
			return p;
	p = im_calloc(1, sizeof(*p));
	p->text = text;
	p->next = r->taken;
	r->taken = p;
	return take_tags(r, p) ? p : NULL;
}

static bool walk(
    struct render *r, const struct pieces *p, size_t first, size_t last, size_t pos, struct frame *ctx);

/* section - its body once, or once for every item of a list */
static bool
section(struct render *r, const struct pieces *p, size_t i, struct frame *ctx)
{
	const struct tag *tag = &p->tags[i];
	const struct im_value *v;
	bool ok = true;

	if (tag->name.n == 1 && tag->name.p[0] == '_') {
		struct im_str msgid = { p->text.p + tag->after, p->tags[tag->end].at - tag->after };

		im_html_escape(r->out, r->env->lang ? im_tr_span(r->env->lang, msgid) : msgid);
		return true;
	}
	if (!find(r, p->text, tag, ctx, &v))
		return false;
	if (shown(v) == (tag->kind == TAG_INVERTED))
		return true;
	if (tag->kind == TAG_INVERTED)
		return walk(r, p, i + 1, tag->end, tag->after, ctx);
	if (v->type != IM_V_ARRAY)
		return walk(r, p, i + 1, tag->end, tag->after, &(struct frame) { v, ctx, NULL });
	for (const struct im_value *item = v->u.c.first; item && ok; item = item->next)
		ok = walk(r, p, i + 1, tag->end, tag->after, &(struct frame) { item, ctx, NULL });
	return ok;
}

static bool
partial(struct render *r, struct im_str text, const struct tag *tag, struct frame *ctx)
{
	const struct pieces *p;
	struct im_str inner;

	if (!r->env->partial || !r->env->partial(r->env->arg, tag->name, &inner))
		return fail(r, text, tag->brace, "there is no partial", tag->name);
	p = take_apart(r, inner);
	if (!p || !walk(r, p, 0, p->n - 1, 0, ctx)) {
		if (r->depth <= IM_TEMPLATE_MAX_DEPTH)
			im_err_prefix(r->err, "partial %.*s", (int)tag->name.n, tag->name.p);
		return false;
	}
	return true;
}

/* walk - render the literal text from pos on and the tags from 'first', up to the tag 'last' */
static bool
walk(struct render *r, const struct pieces *p, size_t first, size_t last, size_t pos, struct frame *ctx)
{
	bool ok = true;

	if (++r->depth > IM_TEMPLATE_MAX_DEPTH)
		return fail(r, p->text, p->tags[first].brace, "nested too deeply", (struct im_str) { 0 });
	for (size_t i = first; ok; i++) {
		const struct tag *tag = &p->tags[i];

		if (tag->at > pos)
			im_buf_add(r->out, p->text.p + pos, tag->at - pos);
		pos = tag->after;
		if (i == last)
			break;
		if (tag->kind == TAG_VARIABLE) {
			ok = variable(r, p->text, tag, ctx);
		} else if (tag->kind == TAG_PARTIAL) {
			ok = partial(r, p->text, tag, ctx);
		} else if (tag->kind == TAG_SECTION || tag->kind == TAG_INVERTED) {
			ok = section(r, p, i, ctx);
			i = tag->end;
			pos = p->tags[i].after;
		}
		if (++r->steps > IM_TEMPLATE_MAX_STEPS)
			return fail(r, p->text, tag->brace, "lists in lists without end:", tag->name);
		if (ok && r->out->full)
			return fail(r, p->text, tag->brace, "the page grows too large at", tag->name);
	}
	r->depth -= ok;
	return ok;
}

enum im_status
im_template_render(struct im_str text, const struct im_value *model, const struct im_template_env *env,
    struct im_buf *out, struct im_err *err)
{
	struct render r = { .env = env, .out = out, .err = err };
	const struct pieces *p = take_apart(&r, text);
	bool ok = p && walk(&r, p, 0, p->n - 1, 0, &(struct frame) { model, NULL, NULL });

	while (r.taken) {
		struct pieces *next = r.taken->next;

		free(r.taken->tags);
		free(r.taken);
		r.taken = next;
	}
	if (!ok)
		return err->st;
	if (out->full)
		return im_fail(err, IM_BUG, "the page is larger than %zu bytes", out->max);
	return IM_OK;
}
