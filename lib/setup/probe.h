/*
 * probe.h - does a server answer? (inside lib/setup only)
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SETUP_PROBE_H
#define IM_SETUP_PROBE_H

#include "setup/server.h"

/* im_probe - connect, say, compare the beginning of the answer; gives up after two seconds */
bool im_probe(const struct im_probe *p);

#endif
