/*
 * text.h - texts out of queue and log, which strangers wrote, made fit to be shown
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_MTA_TEXT_H
#define IM_MTA_TEXT_H

#include "base/alloc.h"
#include "base/str.h"

/*
 * im_mta_text - a copy in the arena that is valid UTF-8 without control characters (C0, DEL, C1: each becomes '?'), so that
 * it may go to a terminal; at most max bytes, cut between characters
 */
const char *im_mta_text(struct im_arena *a, struct im_str s, size_t max) __attribute__((returns_nonnull));

#endif
