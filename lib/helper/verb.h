/*
 * verb.h - what the helper can do, and the form of what it is asked with
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_HELPER_VERB_H
#define IM_HELPER_VERB_H

#include "base/conf.h"
#include "base/err.h"
#include "base/value.h"

enum { IM_HELPER_ARGS = 4, IM_HELPER_ARG_MAX = 320 };

struct im_verb;
/* im_verb_find - NULL: there is no such verb */
const struct im_verb *im_verb_find(const char *name);
/* im_verb_check - number and form of the arguments; nothing is done */
enum im_status im_verb_check(
    const struct im_verb *v, const char *const *args, int n, struct im_err *err) IM_MUSTUSE;
/* im_verb_run - checked arguments; answer: the object that gets the results. Root only */
enum im_status im_verb_run(const struct im_verb *v, const struct im_conf *conf, const char *const *args,
    int n, struct im_arena *a, struct im_value *answer, struct im_err *err) IM_MUSTUSE;

#endif
