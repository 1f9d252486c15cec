/*
 * intimail-directory - the directory itself: its fixed entries, and who changed what in it
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cmdline.h"
#include "base/io.h"
#include "base/value.h"
#include "base/when.h"
#include "directory/audit.h"
#include "directory/run.h"
#include "directory/tree.h"

enum { LDIF_MAX = 1024 * 1024, SHOWN = 50 };

static struct {
	bool dry_run;
	const char *max, *who, *of;
} opt;

struct run {
	struct im_dir_run dir;
	struct im_value *json; /* or NULL */
};

/* printable - what people wrote, on a terminal: no control characters */
static const char *
printable(struct im_arena *a, const char *text)
{
	char *t = im_arena_strdup(a, text);

	for (char *p = t; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return t;
}

static void
tell(const char *change, void *arg)
{
	struct run *r = arg;

	if (r->json != NULL)
		im_v_add_span(&r->dir.arena, r->json, im_str(change));
	else
		printf("%s\n", change);
}

static enum im_status
upgrade(struct run *r, struct im_err *err)
{
	const char *path = im_arena_fmt(&r->dir.arena, "%s/openldap/base.ldif", r->dir.conf.etc_dir);
	struct im_buf b;
	int changes = 0;

	im_buf_init(&b, LDIF_MAX);
	enum im_status st = im_read_file(AT_FDCWD, path, LDIF_MAX, &b, err);
	if (st == IM_OK)
		st = im_tree_upgrade(
		    r->dir.dir, (struct im_str) { b.p, b.n }, opt.dry_run, tell, r, &changes, err);
	im_buf_done(&b);
	if (st != IM_OK)
		return st;
	if (r->json != NULL)
		im_cmd_print_json(r->json);
	else if (changes == 0)
		printf("nothing to change\n");
	return IM_OK;
}

static void
audit_json(struct run *r, const struct im_audit *x)
{
	struct im_value *o = im_v_add_object(&r->dir.arena, r->json), *changes;

	im_v_set_int(&r->dir.arena, o, "when", x->when);
	im_v_set_str(&r->dir.arena, o, "who", x->who);
	im_v_set_str(&r->dir.arena, o, "verb", x->verb);
	im_v_set_str(&r->dir.arena, o, "kind", x->kind);
	im_v_set_str(&r->dir.arena, o, "name", x->name);
	changes = im_v_set_array(&r->dir.arena, o, "changes");
	for (const char **c = x->changes; *c != NULL; c++)
		im_v_add_span(&r->dir.arena, changes, im_str(*c));
}

static enum im_status
audit(struct run *r, struct im_err *err)
{
	uint64_t max = SHOWN;
	struct im_audit *list;
	char when[24];
	int n;

	if (opt.max != NULL && (!im_str_u64(im_str(opt.max), IM_AUDIT_MAX, &max) || max == 0))
		return im_fail(err, IM_USAGE, "--max \"%.20s\": wanted is 1 to %d", opt.max, IM_AUDIT_MAX);
	enum im_status st =
	    im_audit_list(r->dir.dir, 0, (int)max, opt.who, opt.of, &r->dir.arena, &list, &n, err);
	if (st != IM_OK)
		return st;
	for (int i = 0; i < n; i++) {
		if (r->json != NULL) {
			audit_json(r, &list[i]);
			continue;
		}
		printf("%s  %s: %s %s %s\n", im_when_text(list[i].when, when),
		    printable(&r->dir.arena, list[i].who), list[i].verb, list[i].kind,
		    printable(&r->dir.arena, list[i].name));
		for (const char **c = list[i].changes; *c != NULL; c++)
			printf("    %s\n", printable(&r->dir.arena, *c));
	}
	if (r->json != NULL)
		im_cmd_print_json(r->json);
	return IM_OK;
}

static enum im_status
with_directory(
    struct im_cmd_ctx *ctx, enum im_status (*what)(struct run *r, struct im_err *err), struct im_err *err)
{
	struct run r = { 0 };
	enum im_status st = im_dir_run_begin(ctx->config, NULL, &r.dir, err);

	if (st != IM_OK)
		return st;
	if (ctx->json)
		r.json = im_v_array(&r.dir.arena);
	st = what(&r, err);
	im_dir_run_end(&r.dir);
	return st;
}

static enum im_status
run_upgrade(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc, (void)argv;
	return with_directory(ctx, upgrade, err);
}

static enum im_status
run_audit(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)argc, (void)argv;
	return with_directory(ctx, audit, err);
}

static const struct im_opt upgrade_opts[] = {
	{ .name = "dry-run", .letter = 'n', .help = "tell only", .flag = &opt.dry_run },
	{ 0 },
};

static const struct im_opt audit_opts[] = {
	{ .name = "max",
	    .letter = 'm',
	    .arg = "N",
	    .help = "so many changes at most; 50",
	    .value = &opt.max },
	{ .name = "who",
	    .letter = 'w',
	    .arg = "UID",
	    .help = "made by this person, or by root",
	    .value = &opt.who },
	{ .name = "of",
	    .letter = 'o',
	    .arg = "NAME",
	    .help = "of this person, list or throw-away address",
	    .value = &opt.of },
	{ 0 },
};

static const struct im_subcmd subcommands[] = {
	{ .name = "upgrade",
	    .args = "",
	    .help = "Add the fixed entries that this version needs",
	    .run = run_upgrade,
	    .opts = upgrade_opts },
	{ .name = "audit",
	    .args = "",
	    .help = "Show who changed what, the newest first",
	    .run = run_audit,
	    .opts = audit_opts },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-directory",
		.summary = "Bring the directory up to date, show who changed it",
		.flags = IM_CMD_JSON,
		.subs = subcommands,
		.examples = "  intimail-directory upgrade --dry-run\n"
			    "  intimail-directory audit --of ann --max 10\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
