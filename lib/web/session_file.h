/*
 * session_file.h - what a session file says; private to lib/web/session*.c
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_SESSION_FILE_H
#define IM_SESSION_FILE_H

#include "base/str.h"
#include "web/session.h"

/* im_session_parse - all but used and token_hash; false for anything that im_session_format does not write */
bool im_session_parse(struct im_str text, struct im_session *s) IM_MUSTUSE;
bool im_session_format(const struct im_session *s, char *dst, size_t size) IM_MUSTUSE;
/* im_session_over - too old, unused too long, or its account has ended */
bool im_session_over(const struct im_conf *c, const struct im_session *s, int64_t now);
/* im_session_prefer - take over what n says; a value with a character that no preference has is dropped */
void im_session_prefer(struct im_session *s, const struct im_session_new *n);
/* im_session_origin - an address, and "Firefox, Android" out of a User-Agent: only words of ours are kept */
void im_session_origin(struct im_session *s, const char *address, const char *agent);
bool im_session_name(const char *file_name); /* is it a session, and nothing that is being written? */

#endif
