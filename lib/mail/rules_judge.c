/*
 * rules_judge.c - what may be in rules, and what they say of a message
 *
 * Case is folded for the alphabets of Latin, Greek and Cyrillic script by their simple, one to one mappings: the agent
 * is static and has no locale. Others have no case, or it does not matter for "contains".
 *
 * SPDX-License-Identifier: ISC
 */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "mail/address.h"
#include "mail/rules_check.h"

/* --- what may be in them --- */

/* one line of text, at least one character */
static bool
line_valid(const char *s, size_t max)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return n > 0 && n <= max && im_utf8_valid(im_str(s));
}

bool
im_rules_address_valid(const char *address)
{
	static const char local_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
					  "!#$%&'*+-/=?^_`{|}~.";
	static const char domain_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	size_t n = strlen(address), local = strspn(address, local_chars);
	const char *domain = address + local + 1;

	if (n > IM_RULES_ADDRESS_MAX || local == 0 || local > 64 || address[local] != '@')
		return false;
	/* an option of a program, a path: nothing of that kind begins an address */
	if (address[0] == '.' || address[0] == '-' || address[local - 1] == '.' ||
	    strstr(address, "..") != NULL)
		return false;
	return domain[0] != '\0' && domain[strspn(domain, domain_chars)] == '\0' &&
	       strchr(domain, '.') != NULL && domain[0] != '.' && domain[0] != '-' && address[n - 1] != '.' &&
	       address[n - 1] != '-';
}

static enum im_status
check_forward(const char *address, const char *uid, const char *domain, struct im_err *err)
{
	struct im_rcpt to;

	if (!im_rules_address_valid(address) || !im_rcpt_split(address, &to))
		return im_fail(err, IM_INVALID, "'%.100s' is no mail address", address);
	if (uid != NULL && strcmp(to.local, uid) == 0 && strcmp(to.domain, domain) == 0)
		return im_fail(
		    err, IM_INVALID, "%.100s is your own address: mail would go round in a circle", address);
	return IM_OK;
}

static enum im_status
check_rule(const struct im_rule *r, const char *uid, const char *domain, struct im_err *err)
{
	if (!line_valid(r->contains, IM_RULES_CONTAINS_MAX))
		return im_fail(err, IM_INVALID, "the text that is looked for is one line of 1 to %d bytes",
		    IM_RULES_CONTAINS_MAX);
	if (r->action == IM_DO_FOLDER && !im_mailbox_name_valid(r->argument))
		return im_fail(err, IM_INVALID, "'%.100s' is no name of a folder", r->argument);
	if (r->action == IM_DO_FORWARD)
		return check_forward(r->argument, uid, domain, err);
	if (r->action != IM_DO_FOLDER && r->argument[0] != '\0')
		return im_fail(
		    err, IM_INVALID, "only a folder or an address can follow, not '%.100s'", r->argument);
	return IM_OK;
}

static bool
text_valid(const char *s)
{
	return strlen(s) <= IM_RULES_TEXT_MAX && im_utf8_valid(im_str(s));
}

static enum im_status
check_vacation(const struct im_rules *r, struct im_err *err)
{
	if (r->vacation_subject[0] != '\0' && !line_valid(r->vacation_subject, IM_RULES_SUBJECT_MAX))
		return im_fail(
		    err, IM_INVALID, "the subject is one line of at most %d bytes", IM_RULES_SUBJECT_MAX);
	if (!text_valid(r->vacation_text) || !text_valid(r->signature))
		return im_fail(err, IM_INVALID, "a text is longer than %d bytes", IM_RULES_TEXT_MAX);
	if (r->vacation && r->vacation_text[0] == '\0')
		return im_fail(err, IM_INVALID, "the absence notice has no text");
	if (r->vacation_days < 1 || r->vacation_days > 365)
		return im_fail(err, IM_INVALID, "a sender is answered once in 1 to 365 days, not in %d",
		    r->vacation_days);
	if (r->vacation_from < 0 || r->vacation_to < 0 ||
	    (r->vacation_to != 0 && r->vacation_to <= r->vacation_from))
		return im_fail(err, IM_INVALID, "the absence ends before it begins");
	return IM_OK;
}

enum im_status
im_rules_check(const struct im_rules *r, const char *uid, const char *domain, struct im_err *err)
{
	if (r->nrules < 0 || r->nrules > IM_RULES_MAX)
		return im_fail(err, IM_INVALID, "there are more than %d rules", IM_RULES_MAX);
	for (int i = 0; i < r->nrules; i++) {
		enum im_status st = check_rule(&r->rules[i], uid, domain, err);
		if (st != IM_OK)
			return st;
	}
	if (r->forward[0] != '\0') {
		enum im_status st = check_forward(r->forward, uid, domain, err);
		if (st != IM_OK)
			return st;
	}
	return check_vacation(r, err);
}

/* --- what they say --- */

static uint32_t
fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f))
		return c + 32;
	if (c >= 0x400 && c <= 0x40f)
		return c + 80;
	/* pairs: the capital is even, or odd in two stretches */
	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return c + (c & 1);
	if ((c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149) ||
	    (c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1e95) ||
	    (c >= 0x1ea0 && c <= 0x1eff))
		return c | 1;
	return c;
}

static void
fold_text(const char *s, struct im_buf *b)
{
	const char *end = s + strlen(s);
	char utf8[4];
	size_t n;

	while (s < end) {
		size_t m = im_utf8_put(fold(im_utf8_next(s, end, &n)), utf8);

		im_buf_add(b, utf8, m);
		s += n;
	}
}

enum { HAYSTACK_MAX = 32 * 1024 };

static bool
matches(const struct im_rule *r, const struct im_buf text[static IM_RULE_LIST + 1])
{
	struct im_buf needle;

	im_buf_init(&needle, 4 * IM_RULES_CONTAINS_MAX);
	fold_text(r->contains, &needle);
	const struct im_buf *t = &text[r->field];
	bool found = needle.n > 0 && t->n > 0 && memmem(t->p, t->n, needle.p, needle.n) != NULL;
	im_buf_done(&needle);
	return found;
}

/* false: there are too many */
static bool
add_forward(struct im_verdict *v, const char *address)
{
	for (int i = 0; i < v->nforward; i++)
		if (strcasecmp(v->forward[i], address) == 0)
			return true;
	if (v->nforward == (int)IM_COUNT(v->forward))
		return false;
	v->forward[v->nforward++] = address;
	return true;
}

static void
apply(const struct im_rule *r, struct im_verdict *v)
{
	switch (r->action) {
	case IM_DO_FOLDER:
		v->folder = r->argument;
		break;
	case IM_DO_FLAG:
		v->flag = true;
		break;
	case IM_DO_READ:
		v->read = true;
		break;
	case IM_DO_FORWARD:
		(void)add_forward(v, r->argument);
		break;
	case IM_DO_DELETE:
		v->drop = true;
		break;
	}
}

void
im_rules_judge(const struct im_rules *r, const struct im_rule_message *m, int64_t now, struct im_verdict *ret)
{
	struct im_buf text[IM_RULE_LIST + 1];

	*ret = (struct im_verdict) { .keep = true };
	for (size_t i = 0; i < IM_COUNT(text); i++)
		im_buf_init(&text[i], HAYSTACK_MAX);
	if (r->nrules > 0) {
		fold_text(m->from, &text[IM_RULE_FROM]);
		fold_text(m->to, &text[IM_RULE_TO]);
		im_buf_addc(&text[IM_RULE_TO], '\n'); /* no text that is looked for has one */
		fold_text(m->cc, &text[IM_RULE_TO]);
		fold_text(m->subject, &text[IM_RULE_SUBJECT]);
		fold_text(m->list_id, &text[IM_RULE_LIST]);
	}
	for (int i = 0; i < r->nrules; i++) {
		if (!matches(&r->rules[i], text))
			continue;
		apply(&r->rules[i], ret);
		if (r->rules[i].stop)
			break;
	}
	for (size_t i = 0; i < IM_COUNT(text); i++)
		im_buf_done(&text[i]);
	/* what is thrown away is not sent on, and not answered */
	if (r->forward[0] != '\0' && !ret->drop && add_forward(ret, r->forward))
		ret->keep = r->forward_keep;
	ret->vacation = r->vacation && !ret->drop && now >= r->vacation_from &&
			(r->vacation_to == 0 || now < r->vacation_to);
}
