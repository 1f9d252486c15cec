/*
 * wishes.c - a person's rules while a message is delivered
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/wishes.h"

#include "base/buf.h"
#include "base/io.h"
#include "mail/header.h"

enum { FIELD_MAX = 8 * 1024 }; /* raw bytes of a field that are compared */

enum im_status
im_wishes_load(const struct im_store *s, struct im_arena *a, struct im_wishes *ret, struct im_err *err)
{
	*ret = (struct im_wishes) { .verdict = { .keep = true }, .subject = "" };
	enum im_status st = im_rules_load(s, a, &ret->rules, err);
	if (st != IM_OK)
		return st;
	ret->any = ret->rules.version[0] != '\0';
	ret->connects = ret->rules.forward[0] != '\0' || ret->rules.vacation;
	for (int i = 0; i < ret->rules.nrules; i++)
		ret->connects = ret->connects || ret->rules.rules[i].action == IM_DO_FORWARD;
	return IM_OK;
}

/* the field as it is shown, so that what is looked for is what was read */
static const char *
field(struct im_str header, const char *name, struct im_arena *a)
{
	struct im_str raw;
	struct im_buf b;

	if (!im_header_get(header, name, &raw))
		return "";
	im_buf_init(&b, 3 * FIELD_MAX);
	im_header_text((struct im_str) { raw.p, raw.n < FIELD_MAX ? raw.n : FIELD_MAX }, &b);
	const char *r = im_arena_strndup(a, b.p, b.n);
	im_buf_done(&b);
	return r;
}

/* neither a bounce nor forwarded here before */
static bool
may_forward(struct im_str header, const char *sender)
{
	struct im_str ignored;

	return sender[0] != '\0' && !im_header_get(header, IM_FORWARD_FIELD, &ignored);
}

void
im_wishes_judge(struct im_wishes *w, const char *sender, struct im_arena *a)
{
	const struct im_rule_message m = {
		.from = field(w->header, "from", a),
		.to = field(w->header, "to", a),
		.cc = field(w->header, "cc", a),
		.subject = field(w->header, "subject", a),
		.list_id = field(w->header, "list-id", a),
	};

	w->subject = m.subject;
	im_rules_judge(&w->rules, &m, im_now(), &w->verdict);
	if (w->verdict.nforward > 0 && !may_forward(w->header, sender)) {
		w->verdict.nforward = 0;
		w->verdict.keep = true;
	}
}

const char *
im_wishes_flags(const struct im_wishes *w)
{
	static const char *const letters[] = { NULL, "S", "F", "FS" };

	return letters[(w->verdict.flag ? 2 : 0) + (w->verdict.read ? 1 : 0)];
}

enum im_status
im_wishes_reply(const struct im_conf *conf, const struct im_store *s, const struct im_wishes *w,
    const struct im_autoreply *m, struct im_err *err)
{
	bool first = false;

	if (!w->verdict.vacation || !im_autoreply_due(m))
		return IM_OK;
	enum im_status st = im_autoreply_claim(s, &w->rules, m->sender, im_now(), &first, err);
	if (st == IM_OK && first)
		st = im_autoreply_send(conf, &w->rules, m, err);
	return st == IM_OK ? st : im_err_prefix(err, "absence notice: ");
}
