/*
 * confine.h - what a program may still do, in one line of its main()
 *
 * no_new_privs + resource limits + Landlock path rules (kernel >= 5.19, asked at run time) + a seccomp filter.
 * After it there is no way back: call it after the session is known and before a byte of mail is parsed.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_CONFINE_H
#define IM_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* where the C library keeps its charset modules, for who converts after it is confined */
#if defined(__x86_64__)
#define IM_GCONV_DIR "/usr/lib/x86_64-linux-gnu/gconv"
#elif defined(__aarch64__)
#define IM_GCONV_DIR "/usr/lib/aarch64-linux-gnu/gconv"
#else
#define IM_GCONV_DIR "/usr/lib/gconv"
#endif

struct im_confine_path {
	const char *path;                            /* a missing one is passed over */
	enum { IM_PATH_READ, IM_PATH_WRITE } access; /* write: read, write, create, rename, remove below it */
};

struct im_confine {
	const struct im_confine_path *paths;
	size_t npaths;
	/* system calls: no sockets; sockets of AF_UNIX as a client (the sign-in page asks slapd); no filter at all */
	enum { IM_CALLS_LOCAL, IM_CALLS_UNIX, IM_CALLS_ALL } calls;
	uint16_t
	    connect_port; /* of TCP, the one that may be connected to; 0 = none (kernels since 6.7 hold to it) */
	bool required;    /* fail when Landlock is missing (configuration: sandbox_required) */
	unsigned cpu_s;    /* RLIMIT_CPU seconds, 0 = leave */
	size_t as_bytes;   /* RLIMIT_AS, 0 = leave */
	size_t file_bytes; /* RLIMIT_FSIZE, 0 = leave */
};

enum im_status im_confine(const struct im_confine *c, struct im_err *err) IM_MUSTUSE;

/* im_landlock_abi - 0 when the kernel has none; 1 (5.13) is treated as 0 by im_confine: no rename across directories */
int im_landlock_abi(void);

#endif
