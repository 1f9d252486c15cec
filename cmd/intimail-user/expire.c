/*
 * expire.c - intimail-user expire: temporary accounts whose time is over
 *
 * Mail and sign-in stop by the clock, without this; what it does is to end the sessions and to mark the account.
 * The mail of deleted people is removed when archive_keep is over.
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <time.h>

#include "base/when.h"
#include "mail/archive.h"
#include "user.h"

static bool opt_dry_run;

const struct im_opt user_expire_opts[] = {
	{ .name = "dry-run", .help = "tell only", .flag = &opt_dry_run },
	{ 0 },
};

static enum im_status
end(struct im_dir_run *r, const struct im_person *p, struct im_err *err)
{
	const struct im_person_change c = { .csn = p->csn, .set_enabled = true };

	if (opt_dry_run)
		return IM_OK;
	enum im_status st = im_person_set(r->dir, p->uid, &c, err);
	return st == IM_OK ? user_end_sessions(r, p->uid, err) : st;
}

/* told - an archive whose time is over */
struct told {
	struct im_dir_run *r;
	struct im_value *json;
};

static void
tell_archive(const char *place, void *arg)
{
	struct told *t = arg;

	if (t->json != NULL)
		im_v_set_str(&t->r->arena, im_v_add_object(&t->r->arena, t->json), "archive", place);
	else
		printf("%s %s\n", place, opt_dry_run ? "would be removed" : "removed");
}

static enum im_status
expire(struct im_dir_run *r, struct im_value *json, struct im_err *err)
{
	int64_t now = (int64_t)time(NULL);
	struct im_person *people;
	char when[24];
	int n;

	enum im_status first = im_person_list(r->dir, &r->arena, &people, &n, err);
	if (first != IM_OK)
		return first;
	for (int i = 0; i < n; i++) {
		const struct im_person *p = &people[i];
		if (p->expires == 0 || !p->enabled)
			continue;
		bool over = p->expires <= now;
		struct im_err why;
		enum im_status st = over ? end(r, p, &why) : IM_OK;
		if (st != IM_OK && first == IM_OK) { /* told at the end; the others are ended all the same */
			first = st;
			*err = why;
		}
		if (st == IM_OK && json != NULL) {
			struct im_value *o = im_v_add_object(&r->arena, json);
			user_json(r, p, o);
			im_v_set_bool(&r->arena, o, "ended", over);
		} else if (st == IM_OK) {
			printf("%s  %s %s\n", im_when_text(p->expires, when), p->uid,
			    !over         ? "will end"
			    : opt_dry_run ? "would be ended"
					  : "ended");
		}
	}
	return first;
}

enum im_status
user_expire(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;

	(void)argc, (void)argv;
	enum im_status st = im_dir_run_begin(ctx->config, user_as, &r, err);
	if (st != IM_OK)
		return st;
	struct im_value *json = ctx->json ? im_v_array(&r.arena) : NULL;
	st = expire(&r, json, err);
	struct told t = { &r, json };
	struct im_err why;
	enum im_status archives =
	    im_archive_expire(&r.conf, (int64_t)time(NULL), opt_dry_run, tell_archive, &t, &why);
	if (st == IM_OK && archives != IM_OK) {
		st = archives;
		*err = why;
	}
	if (json != NULL)
		im_cmd_print_json(json);
	im_dir_run_end(&r);
	return st;
}
