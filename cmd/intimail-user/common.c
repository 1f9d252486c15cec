/*
 * common.c - what the subcommands share: connection, output
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/when.h"
#include "user.h"
#include "web/session.h"

const char *user_as;

const char *
user_mail_dir(struct im_dir_run *r, const char *uid)
{
	return im_arena_fmt(&r->arena, "%s/%s/Maildir", r->conf.mail_root, uid);
}

const char *
user_quota_text(struct im_dir_run *r, uint64_t quota)
{
	char size[16];

	return quota == 0 ? "no limit" : im_arena_strdup(&r->arena, im_size_text(quota, size));
}

enum im_status
user_quota_parse(const char *s, uint64_t *ret, struct im_err *err)
{
	if (strcmp(s, "none") == 0) {
		*ret = 0;
		return IM_OK;
	}
	if (!im_str_size(im_str(s), ret) || *ret > INT64_MAX)
		return im_fail(
		    err, IM_USAGE, "quota \"%s\": wanted is a size such as 300M or 5G, or none", s);
	return IM_OK;
}

enum im_status
user_when_parse(const char *option, const char *s, int64_t *ret, struct im_err *err)
{
	if (im_when_parse(s, (int64_t)time(NULL), ret))
		return IM_OK;
	return im_fail(err, IM_USAGE, "--%s \"%.40s\": wanted is %s", option, s, IM_WHEN_FORMS);
}

void
user_json(struct im_dir_run *r, const struct im_person *p, struct im_value *obj)
{
	struct im_arena *a = &r->arena;

	im_v_set_str(a, obj, "uid", p->uid);
	im_v_set_str(a, obj, "name", p->name);
	im_v_set_str(a, obj, "mail", p->mail);
	struct im_value *addresses = im_v_set_array(a, obj, "addresses");
	for (int i = 0; i < p->naddresses; i++)
		im_v_add_span(a, addresses, im_str(p->addresses[i]));
	im_v_set_int(a, obj, "quota", (int64_t)p->quota);
	im_v_set_bool(a, obj, "enabled", p->enabled);
	im_v_set_bool(a, obj, "admin", p->admin);
	im_v_set_str(a, obj, "language", p->language);
	if (p->expires > 0)
		im_v_set_int(a, obj, "expires", p->expires);
	if (p->send_limit >= 0)
		im_v_set_int(a, obj, "send_limit", p->send_limit);
	if (p->unix_uid >= 0)
		im_v_set_int(a, obj, "unix_uid", p->unix_uid);
	if (p->two_step)
		im_v_set_bool(a, obj, "two_step", true);
	im_v_set_str(a, obj, "mail_dir", user_mail_dir(r, p->uid));
}

void
user_print_json(struct im_dir_run *r, const struct im_person *p)
{
	struct im_value *v = im_v_object(&r->arena);

	user_json(r, p, v);
	im_cmd_print_json(v);
}

void
user_print(struct im_dir_run *r, const struct im_person *p)
{
	printf("User name:      %s\n", p->uid);
	printf("Name:           %s\n", p->name);
	printf("Address:        %s\n", p->mail);
	for (int i = 0; i < p->naddresses; i++)
		if (strcmp(p->addresses[i], p->mail) != 0)
			printf("                %s\n", p->addresses[i]);
	char when[24];
	if (p->expires > 0)
		printf("Ends:           %s\n", im_when_text(p->expires, when));
	if (p->send_limit >= 0)
		printf("Sends a day:    %lld recipients\n", (long long)p->send_limit);
	if (p->unix_uid >= 0)
		printf("UNIX user:      %lld\n", (long long)p->unix_uid);
	if (p->two_step)
		printf("Sign-in:        with a second step\n");
	printf("Quota:          %s\n", user_quota_text(r, p->quota));
	if (p->language[0])
		printf("Language:       %s\n", p->language);
	printf("Administrator:  %s\n", p->admin ? "yes" : "no");
	printf("Status:         %s\n", p->enabled ? "enabled" : "disabled: no mail is accepted, no sign-in");
	printf("Mail:           %s\n", user_mail_dir(r, p->uid));
}

enum im_status
user_end_sessions(struct im_dir_run *r, const char *uid, struct im_err *err)
{
	int n;
	enum im_status st = im_session_end_all(&r->conf, uid, &n, err);

	return st == IM_OK ? st : im_err_prefix(err, "%s was changed, but may still be signed in", uid);
}
