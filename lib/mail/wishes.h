/*
 * wishes.h - a person's rules while a message of hers is delivered: what deliver.c and the rules have between them
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_WISHES_H
#define IM_WISHES_H

#include "mail/autoreply.h"
#include "mail/deliver.h"
#include "mail/forward.h"
#include "mail/rules.h"

struct im_wishes {
	bool any;      /* there is a rules file, and it could be read */
	bool connects; /* a rule may forward, or the absence is told */
	struct im_rules rules;
	struct im_verdict verdict;
	struct im_str header;
	const char *subject;
};

/* im_wishes_load - a broken or unreadable file is told in err (IM_INVALID, IM_TEMP), and there are no wishes then */
enum im_status im_wishes_load(
    const struct im_store *s, struct im_arena *a, struct im_wishes *ret, struct im_err *err) IM_MUSTUSE;

/* im_wishes_judge - w->header and the rest of the message decide; a bounce and what was forwarded before is kept */
void im_wishes_judge(struct im_wishes *w, const char *sender, struct im_arena *a);

/* im_wishes_flags - "F" flagged, "S" seen, as a Maildir's letters; NULL: it is new */
const char *im_wishes_flags(const struct im_wishes *w);

/* im_wishes_reply - the absence notice, when one is due */
enum im_status im_wishes_reply(const struct im_conf *conf, const struct im_store *s,
    const struct im_wishes *w, const struct im_autoreply *m, struct im_err *err) IM_MUSTUSE;

#endif
