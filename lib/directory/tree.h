/*
 * tree.h - the fixed entries of the directory brought to what this version needs; people and lists are not touched
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_TREE_H
#define IM_TREE_H

#include "base/str.h"
#include "directory/directory.h"

/*
 * im_tree_upgrade - every entry of base.ldif (rendered, RFC 2849) that is missing is added, and every attribute that it
 * names and the entry lacks altogether; values that are there stay, whatever they are. Tells each change ("added
 * cn=pages,..."); a second run tells nothing. dry_run: tells only. As root.
 */
typedef void im_tree_fn(const char *change, void *arg);
enum im_status im_tree_upgrade(struct im_dir *d, struct im_str ldif, bool dry_run, im_tree_fn *fn, void *arg,
    int *ret_changes, struct im_err *err) IM_MUSTUSE;

#endif
