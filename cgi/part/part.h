/*
 * part.h - a part of a message or its source, as a stream
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef PART_H
#define PART_H

#include "web/app.h"

enum { PART_NAME_MAX = 200 /* bytes of a file name that we propose */ };

im_handler part_page, raw_page;

#endif
