/*
 * banned.h - functions that this project does not call; "make lint" compiles everything with it in front
 *
 * No bound (strcpy, sprintf, gets), no error (atoi), hidden state (strtok, localtime), a shell (system, popen),
 * a race (mktemp), an unbounded stack (alloca). What to call instead: im_buf, im_fmt, im_str_u64, im_str_cut, the _r
 * forms, im_proc_run, O_EXCL, im_arena. system() and ctime() share their names with harmless things: tests/lint/banned.py
 * looks for their calls.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_BANNED_H
#define IM_BANNED_H

/* the headers that declare them come first: a poisoned name may not even be declared */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok gets
#pragma GCC poison atoi atol atoll atof sscanf
#pragma GCC poison mktemp tmpnam tempnam tmpfile
#pragma GCC poison popen
#pragma GCC poison localtime gmtime asctime
#undef alloca
#pragma GCC poison alloca

#endif
