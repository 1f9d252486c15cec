/*
 * add.c - intimail-list add NAME, and members from a file
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "list.h"

enum { LINE_MAX_BYTES = 1000 };

static struct {
	const char *description, *file;
	struct list_rules rules;
	struct im_strlist owners, members, addresses;
	bool archive, class;
} opt;

const struct im_opt list_add_opts[] = {
	{ .name = "description",
	    .letter = 'd',
	    .arg = "TEXT",
	    .help = "what it is for",
	    .value = &opt.description },
	{ .name = "owner",
	    .letter = 'o',
	    .arg = "UID",
	    .help = "who looks after it (required, may be repeated)",
	    .list = &opt.owners },
	{ .name = "member",
	    .letter = 'm',
	    .arg = "WHO",
	    .help = "a person, another list or an address elsewhere (may be repeated)",
	    .list = &opt.members },
	{ .name = "members-from",
	    .arg = "FILE",
	    .help = "members from a file, an address or \"Name <address>\" a line; - is standard input",
	    .value = &opt.file },
	{ .name = "address",
	    .letter = 'a',
	    .arg = "ADDRESS",
	    .help = "an address besides NAME@domain (may be repeated)",
	    .list = &opt.addresses },
	{ .name = "post",
	    .arg = "WHO",
	    .help = "who may write: anyone, members (default), owners",
	    .value = &opt.rules.post },
	{ .name = "join", .arg = "HOW", .help = "owners (default) or confirm", .value = &opt.rules.join },
	{ .name = "reply-to",
	    .arg = "WHERE",
	    .help = "where answers go: author (default) or list",
	    .value = &opt.rules.reply },
	{ .name = "archive", .help = "keep what goes over the list", .flag = &opt.archive },
	{ .name = "class",
	    .help = "a school class: members write, owners add people, answers to the author",
	    .flag = &opt.class },
	{ 0 },
};

/* member_of - what a line names, empty for a comment */
static struct im_str
member_of(struct im_str line)
{
	struct im_str t = im_str_trim(line);
	const char *open = t.n > 0 && t.p[t.n - 1] == '>' ? memrchr(t.p, '<', t.n) : NULL;

	if (t.n > 0 && t.p[0] == '#')
		return (struct im_str) { 0 };
	if (open != NULL)
		t = im_str_trim((struct im_str) { open + 1, t.n - (size_t)(open + 1 - t.p) - 1 });
	return t;
}

static enum im_status
read_lines(FILE *f, const char *file, struct im_arena *a, const char **v, struct im_err *err)
{
	char line[LINE_MAX_BYTES + 2];
	int n = 0;

	for (int at = 1; fgets(line, sizeof(line), f) != NULL; at++) {
		if (strlen(line) > LINE_MAX_BYTES)
			return im_fail(
			    err, IM_INVALID, "%s, line %d: longer than %d bytes", file, at, LINE_MAX_BYTES);
		/* a byte order mark, as some programs begin their files with */
		struct im_str who =
		    member_of(im_str(at == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line));
		if (who.n == 0)
			continue;
		if (n == IM_LIST_MAX)
			return im_fail(err, IM_QUOTA, "%s: more than %d members", file, IM_LIST_MAX);
		v[n++] = im_arena_strndup(a, who.p, who.n);
	}
	return ferror(f) ? im_fail_errno(err, errno, "reading %s", file) : IM_OK;
}

enum im_status
list_read_members(const char *file, struct im_arena *a, const char ***ret, struct im_err *err)
{
	bool in = strcmp(file, "-") == 0;
	FILE *f = in ? stdin : fopen(file, "re");

	if (f == NULL)
		return im_fail_errno(err, errno, "%s", file);
	*ret = im_arena_alloc(a, (IM_LIST_MAX + 1) * sizeof(**ret));
	enum im_status st = read_lines(f, in ? "standard input" : file, a, *ret, err);
	if (!in)
		(void)fclose(f);
	return st;
}

static enum im_status
fill(struct im_dir_run *r, struct im_list *l, struct im_err *err)
{
	struct im_list_change c = { 0 };

	enum im_status st = list_rules_parse(&opt.rules, &c, err);
	if (st != IM_OK)
		return st;
	l->description = opt.description ? opt.description : "";
	l->owners = list_copy(r, &opt.owners);
	l->members = list_copy(r, &opt.members);
	l->addresses = list_copy(r, &opt.addresses);
	l->post = c.set_post ? c.post : IM_POST_MEMBERS;
	l->join = c.join;
	l->reply_to_list = c.reply_to_list;
	l->archive = opt.archive;
	l->enabled = true;
	/* the library tells people of the household from addresses elsewhere, wherever they are given */
	if (opt.file != NULL)
		return list_read_members(opt.file, &r->arena, &l->outside, err);
	return IM_OK;
}

enum im_status
list_add(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_dir_run r;
	struct im_list l = { .name = argv[0] };

	(void)argc;
	if (opt.owners.n == 0)
		return im_fail(
		    err, IM_USAGE, "--owner is missing: intimail-list add %s --owner UID", argv[0]);
	/* --class names what is the default anyway, and lets nothing else be said beside it */
	if (opt.class && (opt.rules.post || opt.rules.join || opt.rules.reply))
		return im_fail(err, IM_USAGE, "--class and --post, --join or --reply-to exclude each other");
	enum im_status st = im_dir_run_begin(ctx->config, list_as, &r, err);
	if (st != IM_OK)
		return st;
	st = fill(&r, &l, err);
	if (st == IM_OK)
		st = im_list_add(r.dir, &l, err);
	if (st == IM_OK)
		st = list_tell(ctx, &r, l.name, err);
	im_dir_run_end(&r);
	return st;
}
