/*
 * render.h - configuration templates: "@name@" is replaced, everything else is copied
 *
 * A name is [a-z0-9_]+ between two '@'; any other '@' stands for itself ("%s@@domain@" gives "%s@example.org").
 * An unknown name and a value with a control character are errors with file and line: a rendered file is read by a
 * server as root, so a line break smuggled into a value must not become a directive.
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_RENDER_H
#define IM_SETUP_RENDER_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { IM_RENDER_MAX = 256 * 1024 };

/* gives the value of a name (appended to ret); false: unknown */
typedef bool im_render_lookup(void *arg, const char *name, struct im_buf *ret);

/* im_render - text with its names replaced, appended to out; file is for messages */
enum im_status im_render(const char *file, struct im_str text, im_render_lookup *lookup, void *arg,
    struct im_buf *out, struct im_err *err) IM_MUSTUSE;

#endif
