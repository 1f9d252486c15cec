/*
 * trace.h - "where is my mail?": the story of messages in plain words, out of the mail log
 *
 * Reads <log_dir>/mail.log (and .1) of a private server or the system's /var/log/mail.log from its end, at most
 * IM_TRACE_BYTES, hostile text throughout. A message is one queue id; what our agent says (deliver.log) is joined to it.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TRACE_H
#define IM_TRACE_H

#include <stdint.h>

#include "base/alloc.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"

enum { IM_TRACE_BYTES = 64 * 1024 * 1024, IM_TRACE_MAX = 100, IM_TRACE_STEPS = 50 };

struct im_trace_step {
	int64_t when; /* seconds UTC, 0 where the log line has none that can be read */
	const char *
	    what; /* English msgid with %s, for gettext: "Arrived from %s", "Waits for %s: %s"; the table in trace.c */
	const char *args[3];
	const char *line; /* the log line itself */
};
struct im_trace {
	const char *queueid, *sender,
	    *message_id;         /* "" where unknown; queueid "" = refused before it got one */
	const char **recipients; /* NULL-terminated */
	enum {
		IM_TRACE_DELIVERED,
		IM_TRACE_WAITS,
		IM_TRACE_RETURNED,
		IM_TRACE_REFUSED,
		IM_TRACE_UNDERWAY,
		IM_TRACE_DELETED /* by an administrator */
	} fate;
	struct im_trace_step *steps;
	int nsteps;
};
/* what: matched without case in sender, recipients, message id, queue id; the log has no subjects. Newest first */
enum im_status im_trace_find(const struct im_conf *conf, const char *what, int64_t since, struct im_arena *a,
    struct im_trace **ret, int *ret_n, struct im_err *err) IM_MUSTUSE;

/* im_trace_fate - a word for the fate in English, a msgid too: "delivered", "waits" ... */
const char *im_trace_fate(const struct im_trace *t);
/* im_trace_text - a step's text (or its translation) with the %s replaced by the arguments in their order */
const char *im_trace_text(struct im_arena *a, const char *text, const char *const args[static 3]);
/* im_trace_value - the array for JSON: queueid, sender, message_id, recipients, fate, steps [{when, text, what, args, line}] */
struct im_value *im_trace_value(struct im_arena *a, const struct im_trace *list, int n);

#endif
