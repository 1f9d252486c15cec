/*
 * complete.h - did the whole message arrive? Asked of a pipe that looks the same whether its writer ended or was killed
 *
 * Two checks, as neither is enough. Postfix's ${size} is the number of bytes of the queue file's content: each line is
 * a record of a type byte, one or two bytes of length and the text, a long line is several of them. It can be estimated
 * from what was read, but only roughly, as a milter may have removed header fields after it was counted: that finds a
 * large message that was cut, whoever cut it. And the parent process is watched: the kernel marks a dying process before
 * it closes the pipe, hence a writer that is neither marked nor gone closed it by its own will. That finds any cut, but
 * only while the parent is the writer.
 *
 * Use: begin before anything is read, feed all that is read, im_complete_check at the end of the input, and before each
 * step that cannot be taken back im_complete_parent. All sizes are bytes. Failures are IM_TEMP 4.3.0: try again.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_COMPLETE_H
#define IM_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { IM_COMPLETE_SLACK = 64 * 1024 }; /* header fields that a milter may remove after ${size} was counted */

struct im_complete {
	uint64_t bytes, line; /* of the lines that ended, as ${size} counts them; of the one that did not */
	pid_t parent;
	bool by_postfix;
	int stat_fd;
};

/* parent: getppid() at the start, 0 = do not watch it; by_postfix: it is pipe(8), not somebody who tries by hand */
void im_complete_begin(struct im_complete *c, pid_t parent, bool by_postfix);
void im_complete_end(struct im_complete *c);

void im_complete_feed(struct im_complete *c, const char *p, size_t n);

/* im_complete_check - nothing arrived, or less than ${size} without the slack; expected: ${size}, 0 = unknown */
enum im_status im_complete_check(struct im_complete *c, uint64_t expected, struct im_err *err) IM_MUSTUSE;
/* im_complete_parent - the parent is dying, or gone */
enum im_status im_complete_parent(const struct im_complete *c, struct im_err *err) IM_MUSTUSE;

#endif
