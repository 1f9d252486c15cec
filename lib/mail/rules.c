/*
 * rules.c - the file intimail-rules (intimail-rules(5)): read, check, write, judge
 *
 * The first line is "intimail-rules 1". Then a statement a line, its parts divided by tabs; in a part "\t", "\n" and
 * "\\" stand for a tab, a line end and a backslash. One broken line breaks the file: half of somebody's wishes might
 * be the wrong half (a "delete" without the exception before it).
 *
 * SPDX-License-Identifier: ISC
 */
#include "mail/rules.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/str.h"
#include "mail/quota.h"
#include "mail/rules_check.h"

#define FILE_NAME "intimail-rules"
#define FIRST_LINE "intimail-rules 1"

enum { PARTS = 6, SAVE_WAIT_MS = 5000 };

static const char *const fields[] = { "from", "to", "subject", "list" };
static const char *const actions[] = { "folder", "flag", "read", "forward", "delete" };

/* --- reading --- */

/* the text of a part, its escapes undone; NULL: an escape that is none, or NUL */
static const char *
unescape(struct im_arena *a, struct im_str s)
{
	char *r = im_arena_strndup(a, s.p, s.n), *to = r;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '\\' && ++i < s.n)
			c = s.p[i] == 'n' ? '\n' : s.p[i] == 't' ? '\t' : s.p[i] == '\\' ? '\\' : '\0';
		else if (c == '\\')
			c = '\0';
		if (c == '\0')
			return NULL;
		*to++ = c;
	}
	*to = '\0';
	return r;
}

static bool
word(const char *s, const char *const *words, size_t n, unsigned *ret)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(s, words[i]) == 0) {
			*ret = (unsigned)i;
			return true;
		}
	return false;
}

static bool
read_rule(struct im_rules *r, const char *const *p, int n)
{
	unsigned field, action, stop;

	if (n != 6 || r->nrules == IM_RULES_MAX || !word(p[1], fields, IM_COUNT(fields), &field) ||
	    !word(p[2], actions, IM_COUNT(actions), &action) ||
	    !word(p[3], (const char *const[]) { "go-on", "stop" }, 2, &stop))
		return false;
	r->rules[r->nrules++] = (struct im_rule) { .field = (enum im_rule_field)field,
		.action = (enum im_rule_action)action,
		.stop = stop == 1,
		.contains = p[4],
		.argument = p[5] };
	return true;
}

static bool
number(const char *s, uint64_t max, uint64_t *ret)
{
	return im_str_u64(im_str(s), max, ret);
}

static bool
read_vacation(struct im_rules *r, const char *const *p, int n)
{
	uint64_t from, to, days;
	unsigned on;

	if (n != 5 || !word(p[1], (const char *const[]) { "off", "on" }, 2, &on) ||
	    !number(p[2], INT64_MAX, &from) || !number(p[3], INT64_MAX, &to) || !number(p[4], 365, &days))
		return false;
	r->vacation = on == 1;
	r->vacation_from = (int64_t)from;
	r->vacation_to = (int64_t)to;
	r->vacation_days = (int)days;
	return true;
}

static bool
read_statement(struct im_rules *r, const char *const *p, int n)
{
	unsigned keep;

	if (strcmp(p[0], "rule") == 0)
		return read_rule(r, p, n);
	if (strcmp(p[0], "vacation") == 0)
		return read_vacation(r, p, n);
	if (strcmp(p[0], "forward") == 0) {
		if (n != 3 || !word(p[1], (const char *const[]) { "only", "keep" }, 2, &keep))
			return false;
		r->forward_keep = keep == 1;
		r->forward = p[2];
		return true;
	}
	const char **text = strcmp(p[0], "vacation-subject") == 0 ? &r->vacation_subject
			    : strcmp(p[0], "vacation-text") == 0  ? &r->vacation_text
			    : strcmp(p[0], "signature") == 0      ? &r->signature
								  : NULL;
	if (text == NULL || n != 2)
		return false;
	*text = p[1];
	return true;
}

static bool
read_line(struct im_rules *r, struct im_arena *a, struct im_str line)
{
	const char *p[PARTS];
	int n = 0;

	while (line.p != NULL) {
		struct im_str part = im_str_cut(&line, '\t');

		if (n == PARTS || (p[n] = unescape(a, part)) == NULL)
			return false;
		n++;
	}
	return n > 0 && read_statement(r, p, n);
}

static void
no_rules(struct im_rules *r)
{
	*r = (struct im_rules) { .forward = "",
		.forward_keep = true,
		.vacation_days = 7,
		.vacation_subject = "",
		.vacation_text = "",
		.signature = "",
		.version = "" };
}

enum im_status
im_rules_parse(struct im_str text, struct im_arena *a, struct im_rules *ret, struct im_err *err)
{
	struct im_rules r;
	struct im_str first;
	int line = 1;

	no_rules(&r);
	r.rules = im_arena_alloc(a, IM_RULES_MAX * sizeof(*r.rules));
	if (text.n == 0 || text.n > IM_RULES_FILE_MAX || text.p[text.n - 1] != '\n' || !im_utf8_valid(text))
		return im_fail(err, IM_INVALID, FILE_NAME ": cut short, too large or no UTF-8");
	r.version = im_rules_version(a, text);
	text.n--;
	first = im_str_cut(&text, '\n');
	if (!im_str_is(first, FIRST_LINE))
		return im_fail(err, IM_INVALID, FILE_NAME ": the first line is not '" FIRST_LINE "'");
	while (text.p != NULL) {
		line++;
		if (!read_line(&r, a, im_str_cut(&text, '\n')))
			return im_fail(err, IM_INVALID,
			    FILE_NAME ": line %d is no statement of intimail-rules(5)", line);
	}
	enum im_status st = im_rules_check(&r, NULL, NULL, err);
	if (st != IM_OK)
		return im_err_prefix(err, FILE_NAME ": ");
	*ret = r;
	return IM_OK;
}

/* FNV-1a: a change that was not seen must be noticed, nobody forges one against himself */
const char *
im_rules_version(struct im_arena *a, struct im_str text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * UINT64_C(0x100000001b3);
	return im_arena_fmt(a, "%016" PRIx64, h);
}

enum im_status
im_rules_load(const struct im_store *s, struct im_arena *a, struct im_rules *ret, struct im_err *err)
{
	struct im_buf b;

	im_buf_init(&b, IM_RULES_FILE_MAX);
	enum im_status st = im_read_file(s->fd, FILE_NAME, IM_RULES_FILE_MAX, &b, err);
	if (st == IM_NOTFOUND) {
		no_rules(ret);
		st = IM_OK;
	} else if (st == IM_OK) {
		st = im_rules_parse(im_buf_str(&b), a, ret, err);
	}
	im_buf_done(&b);
	return st;
}

/* --- writing --- */

static void
put(struct im_buf *b, const char *s)
{
	im_buf_addc(b, '\t');
	for (; *s; s++) {
		if (*s == '\n')
			im_buf_adds(b, "\\n");
		else if (*s == '\t')
			im_buf_adds(b, "\\t");
		else if (*s == '\\')
			im_buf_adds(b, "\\\\");
		else if (*s != '\r')
			im_buf_addc(b, *s);
	}
}

void
im_rules_print(const struct im_rules *r, struct im_buf *b)
{
	im_buf_adds(b, FIRST_LINE "\n");
	for (int i = 0; i < r->nrules; i++) {
		const struct im_rule *q = &r->rules[i];

		im_buf_addf(
		    b, "rule\t%s\t%s\t%s", fields[q->field], actions[q->action], q->stop ? "stop" : "go-on");
		put(b, q->contains);
		put(b, q->argument);
		im_buf_addc(b, '\n');
	}
	if (r->forward[0] != '\0') {
		im_buf_addf(b, "forward\t%s", r->forward_keep ? "keep" : "only");
		put(b, r->forward);
		im_buf_addc(b, '\n');
	}
	im_buf_addf(b, "vacation\t%s\t%" PRId64 "\t%" PRId64 "\t%d\nvacation-subject",
	    r->vacation ? "on" : "off", r->vacation_from, r->vacation_to, r->vacation_days);
	put(b, r->vacation_subject);
	im_buf_adds(b, "\nvacation-text");
	put(b, r->vacation_text);
	im_buf_adds(b, "\nsignature");
	put(b, r->signature);
	im_buf_addc(b, '\n');
}

static enum im_status
still_the_same(const struct im_store *s, const char *version, struct im_err *err)
{
	struct im_arena a = { 0 };
	struct im_buf b;
	const char *now = "";

	im_buf_init(&b, IM_RULES_FILE_MAX);
	enum im_status st = im_read_file(s->fd, FILE_NAME, IM_RULES_FILE_MAX, &b, err);
	if (st == IM_OK)
		now = im_rules_version(&a, im_buf_str(&b));
	if (st == IM_NOTFOUND)
		st = IM_OK;
	if (st == IM_OK && strcmp(now, version) != 0)
		st = im_fail(err, IM_CONFLICT,
		    "the settings were changed meanwhile in another window: load the page again");
	im_buf_done(&b);
	im_arena_done(&a);
	return st;
}

enum im_status
im_rules_save(
    const struct im_store *s, const struct im_conf *conf, const struct im_rules *r, struct im_err *err)
{
	struct im_buf b;

	enum im_status st = im_rules_check(r, s->uid, conf->domain, err);
	if (st != IM_OK)
		return st;
	st = im_quota_lock(s, SAVE_WAIT_MS, err);
	if (st != IM_OK)
		return st;
	im_buf_init(&b, IM_RULES_FILE_MAX);
	im_rules_print(r, &b);
	if (b.full)
		st = im_fail(
		    err, IM_INVALID, "these settings are larger than %d bytes altogether", IM_RULES_FILE_MAX);
	if (st == IM_OK)
		st = still_the_same(s, r->version, err);
	if (st == IM_OK)
		st = im_replace_file(s->fd, FILE_NAME, 0600, im_buf_str(&b), err);
	im_quota_unlock(s);
	im_buf_done(&b);
	return st;
}
