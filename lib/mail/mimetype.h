/*
 * mimetype.h - what a part is, told by its bytes and not by its sender
 *
 * Two askers: im_raster_type knows the four image types that a page may show and costs nothing; libmagic (5) knows the
 * rest and costs 0.4 million instructions to start, so it is opened only where there is something to ask. Neither ever
 * unpacks anything, and both see the first 64 KiB at most.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MIMETYPE_H
#define IM_MIMETYPE_H

#include "base/alloc.h"
#include "base/str.h"
#include "mail/mime.h"

enum { IM_MIMETYPE_HEAD = 64 * 1024 };

/* im_raster_type - "image/png", "image/gif", "image/jpeg", "image/webp", or NULL when head is the start of none of them */
const char *im_raster_type(struct im_str head);

/*
 * im_magic_open - load libmagic's data base; NULL when there is none, which im_magic_* take for "nothing known"
 * A program confined before this must keep the data base readable (im_app.reads_magic).
 */
struct im_magic;
struct im_magic *im_magic_open(void);
void im_magic_close(struct im_magic *m);

/* im_magic_type - "application/pdf"; "application/octet-stream" when nothing is known. Borrowed until the next call */
const char *im_magic_type(struct im_magic *m, struct im_str head);

/* im_magic_part - the same of a part's decoded content, in the arena */
const char *im_magic_part(
    struct im_magic *m, struct im_str message, const struct im_mime_part *part, struct im_arena *a);

#endif
