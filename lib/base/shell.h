/*
 * shell.h - a word for a POSIX shell: what a page shows as the equivalent command, and people paste
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SHELL_H
#define IM_SHELL_H

#include "base/buf.h"

/*
 * im_shell_add - append a word so that a shell reads exactly these bytes, after a space unless it is the first. Plain
 * words stay plain; others stand in '...'; with control characters, or such as turn the direction of writing around (what
 * is shown must be what is pasted), in $'...' (bash, ksh, zsh, POSIX.1-2024).
 */
void im_shell_add(struct im_buf *b, const char *word);

#endif
