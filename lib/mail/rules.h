/*
 * rules.h - what a person wants done with new mail: filters, forwarding, an absence notice; and the signature
 *
 * Kept with the mailbox as Maildir/intimail-rules (intimail-rules(5)): a line a statement, so that the agent, which is
 * static, reads it with little. Written by the settings pages, replaced as a whole. No file: nothing is wanted.
 * A broken file is never a reason to lose or hold mail: it is told in the log and passed over.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_RULES_H
#define IM_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"
#include "mail/maildir.h"

enum { IM_RULES_MAX = 100, IM_RULES_FILE_MAX = 64 * 1024, IM_RULES_TEXT_MAX = 10000 };

enum im_rule_field { IM_RULE_FROM, IM_RULE_TO, IM_RULE_SUBJECT, IM_RULE_LIST };
enum im_rule_action { IM_DO_FOLDER, IM_DO_FLAG, IM_DO_READ, IM_DO_FORWARD, IM_DO_DELETE };

struct im_rule {
	enum im_rule_field field;
	const char *contains; /* UTF-8, compared without case */
	enum im_rule_action action;
	const char *argument; /* folder (stored form) or address; "" */
	bool stop;            /* no rule after this one */
};

struct im_rules {
	struct im_rule *rules;
	int nrules;
	const char *forward; /* address, "" = none */
	bool forward_keep;   /* and file it here too */
	bool vacation;
	int64_t vacation_from, vacation_to; /* seconds UTC, 0 = open */
	int vacation_days;                  /* once for each sender in so many days, 7 */
	const char *vacation_subject, *vacation_text;
	const char *signature;
	const char
	    *version; /* of the file, for a change that must not overwrite another one; "" = there was none */
};

enum im_status im_rules_load(
    const struct im_store *s, struct im_arena *a, struct im_rules *ret, struct im_err *err) IM_MUSTUSE;
/* im_rules_save - checked first (IM_INVALID with a text for people); r->version must be what is there, else IM_CONFLICT */
enum im_status im_rules_save(const struct im_store *s, const struct im_conf *conf, const struct im_rules *r,
    struct im_err *err) IM_MUSTUSE;

/* what the rules say of a message */
struct im_verdict {
	const char *folder;    /* NULL: where it would go anyway */
	bool flag, read, drop; /* drop: "delete" files it in Trash */
	const char *forward[4];
	int nforward;
	bool keep; /* file it here */
	bool
	    vacation; /* a reply is due as far as the rules can say: the message decides the rest (autoreply.h) */
};
struct im_rule_message { /* decoded UTF-8; "" where absent */
	const char *from, *to, *cc, *subject, *list_id;
};
void im_rules_judge(
    const struct im_rules *r, const struct im_rule_message *m, int64_t now, struct im_verdict *ret);

#endif
