/*
 * template.h - a strict subset of Mustache (https://mustache.github.io/mustache.5.html) over im_value
 *
 * Variables {{a.b}} {{.}}, sections {{#a}}{{/a}}, inverted {{^a}}{{/a}}, comments {{! }}, partials {{> name}},
 * standalone lines as in the specification (a partial is not indented anew). Output is always escaped: & < > " '.
 * There is no {{{ }}}, {{& }}, {{= }}: syntax errors. No logic, no files named by data.
 *
 * A section is shown unless its value is missing, null, false, 0, "" or an empty array.
 *
 * One addition: {{#_}}Text{{/_}} holds literal text, translated by the catalogue of the request's language. The text
 * is plain (escaped like everything else, so "&" and not "&amp;"), on one line, without tags.
 *
 * Templates are <share_dir>/templates/<name>.html, names [a-z0-9_-]+, loaded whole.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TEMPLATE_H
#define IM_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/value.h"
#include "web/i18n.h"

enum { IM_TEMPLATE_MAX_DEPTH = 32, IM_TEMPLATE_MAX_BYTES = 256 * 1024, IM_TEMPLATE_MAX_STEPS = 1000000 };

/* gives the text of a partial, borrowed until the rendering ends; false: no such partial (an error) */
typedef bool im_partial_fn(void *arg, struct im_str name, struct im_str *ret);

struct im_template_env {
	im_partial_fn *partial; /* NULL: there are no partials */
	void *arg;
	const struct im_lang *lang; /* NULL: {{#_}} gives its own text */
	bool strict;                /* a missing key is an error (tests), for a section as well; else empty */
};

/* im_template_render - append to out. IM_CONFIG with the line for a broken template, IM_BUG when out is full */
enum im_status im_template_render(struct im_str text, const struct im_value *model,
    const struct im_template_env *env, struct im_buf *out, struct im_err *err) IM_MUSTUSE;

/* im_html_escape - append text with & < > " ' as character references */
void im_html_escape(struct im_buf *out, struct im_str text);

#endif
