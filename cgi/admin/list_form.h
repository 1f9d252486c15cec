/*
 * list_form.h - what the pages of all lists and of one share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef LIST_FORM_H
#define LIST_FORM_H

#include "admin.h"
#include "directory/list.h"

const char *list_url(struct admin *x, const char *name);
int list_count(const char *const *v);
const char *list_post_label(struct admin *x, enum im_list_post post);
/* list_choices - the options of who may post and who may join */
void list_choices(struct admin *x, enum im_list_post post, enum im_list_join join);

#endif
