/*
 * trace_int.h - one message's story while it is put together
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MTA_TRACE_INT_H
#define IM_MTA_TRACE_INT_H

#include "mta/logline.h"
#include "mta/trace.h"

enum {
	IM_TRACE_ID = 32,
	IM_TRACE_RECIPIENTS = 100,
	IM_TRACE_TEXT_MIN = 2,
	IM_TRACE_TEXT_MAX = 320,
	IM_TRACE_ARG_MAX = 1000
};

struct im_story_recipient {
	const char *to, *orig_to;
	char status; /* of the last attempt: 's'ent, 'd'eferred, 'b'ounced, 0 = none yet */
	bool filed;  /* our agent has told where to */
	int waits;   /* index + 1 of the step that tells the last vain attempt */
	int tries;
};

struct im_story {
	char id[IM_TRACE_ID + 1];
	struct im_arena *a;
	int64_t now;
	const char *sender, *message_id;
	struct im_story_recipient r[IM_TRACE_RECIPIENTS];
	int nr;
	struct im_trace_step *steps;
	int nsteps;
	bool removed, deleted, refused;
};

void im_story_line(struct im_story *s, struct im_str line);
/* im_story_end - false: nothing that is newer than since */
bool im_story_end(struct im_story *s, int64_t since, struct im_trace *ret);

#endif
