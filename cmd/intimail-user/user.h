/*
 * user.h - what the subcommands of intimail-user share
 *
 * SPDX-License-Identifier: ISC
 */
#ifndef IM_USER_H
#define IM_USER_H

#include "base/cmdline.h"
#include "base/value.h"
#include "directory/person.h"
#include "directory/run.h"

im_subcmd_fn user_reset;
im_subcmd_fn user_add, user_list, user_show, user_set, user_passwd, user_delete, user_disable, user_enable,
    user_expire;
extern const struct im_opt user_add_opts[], user_set_opts[], user_passwd_opts[], user_delete_opts[],
    user_expire_opts[];
extern const char *user_as; /* --as: with whose rights, or NULL */

/* user_end_sessions - of a person whose rights have changed: else a browser stays signed in for hours */
enum im_status user_end_sessions(struct im_dir_run *r, const char *uid, struct im_err *err) IM_MUSTUSE;

/* the person as JSON or for people */
void user_json(struct im_dir_run *r, const struct im_person *p, struct im_value *obj);
void user_print_json(struct im_dir_run *r, const struct im_person *p);
void user_print(struct im_dir_run *r, const struct im_person *p);
const char *user_mail_dir(struct im_dir_run *r, const char *uid);
/* "5 GB" or "no limit", in the arena */
const char *user_quota_text(struct im_dir_run *r, uint64_t quota);
/* "5G"; "none" and "0" are no limit */
enum im_status user_quota_parse(const char *s, uint64_t *ret, struct im_err *err) IM_MUSTUSE;

/* "14d", "2026-12-31", "never" */
enum im_status user_when_parse(
    const char *option, const char *s, int64_t *ret, struct im_err *err) IM_MUSTUSE;

/*
 * user_read_password - a line of standard input when from_stdin; typed twice without echo on a terminal; else *ret is
 * NULL. To be released with user_forget_password().
 */
enum im_status user_read_password(
    bool from_stdin, const char *uid, char **ret, struct im_err *err) IM_MUSTUSE;
void user_forget_password(char *password);

#endif
