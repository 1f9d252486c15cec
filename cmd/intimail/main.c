/*
 * intimail - one name for all the programs: "intimail user add bob" runs intimail-user add bob
 *
 * The programs are looked for where this one lies and in the bin and sbin beside it, never in $PATH: what an
 * administrator runs as root must not depend on his environment.
 *
 * SPDX-License-Identifier: ISC
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cmdline.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/value.h"

#define PREFIX "intimail-"

enum { MAX_VERBS = 100, MAX_DIRS = 3 };

struct places {
	struct im_arena arena;
	const char *dirs[MAX_DIRS];
};

static enum im_status
find_places(struct places *p, struct im_err *err)
{
	char exe[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return im_fail_errno(err, errno, "/proc/self/exe");
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	*slash = '\0';
	p->dirs[0] = im_arena_strdup(&p->arena, exe);
	p->dirs[1] = im_arena_fmt(&p->arena, "%s/../bin", exe);
	p->dirs[2] = im_arena_fmt(&p->arena, "%s/../sbin", exe);
	return IM_OK;
}

static bool
verb_ok(const char *verb)
{
	return *verb && *verb != '-' && strlen(verb) < 64 &&
	       verb[strspn(verb, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

/* the path of a verb's program in the arena, or NULL */
static const char *
find_verb(struct places *p, const char *verb)
{
	for (size_t i = 0; verb_ok(verb) && i < MAX_DIRS; i++) {
		const char *path = im_arena_fmt(&p->arena, "%s/" PREFIX "%s", p->dirs[i], verb);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t
list_dir(struct places *p, const char *dir, const char **verbs, size_t n)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && n < MAX_VERBS && (e = readdir(d))) {
		size_t known = 0;
		const char *verb;

		if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		verb = e->d_name + strlen(PREFIX);
		while (known < n && strcmp(verbs[known], verb) != 0)
			known++;
		if (known == n && find_verb(p, verb))
			verbs[n++] = im_arena_strdup(&p->arena, verb);
	}
	if (d)
		closedir(d);
	return n;
}

/* what a program says of itself: the second line of its help; "" where it says nothing */
static const char *
summary_of(struct places *p, const char *verb)
{
	const char *argv[] = { find_verb(p, verb), "--help", NULL };
	struct im_str help, line;
	struct im_err err;
	struct im_buf b;

	im_buf_init(&b, 64 * 1024);
	if (im_proc_run(argv, &(struct im_proc_opts) { .timeout_ms = 2000 }, &b, &err) != IM_OK)
		im_buf_clear(&b);
	help = im_buf_str(&b);
	(void)im_str_cut(&help, '\n');
	line = im_str_cut(&help, '\n');
	verb = im_arena_strndup(&p->arena, line.p, line.n);
	im_buf_done(&b);
	return verb;
}

static void
list(struct places *p, bool json)
{
	const char *verbs[MAX_VERBS];
	struct im_value *arr = im_v_array(&p->arena);
	size_t n = 0;

	for (size_t i = 0; i < MAX_DIRS; i++)
		n = list_dir(p, p->dirs[i], verbs, n);
	qsort(verbs, n, sizeof(verbs[0]), by_name);
	if (!json)
		printf("Usage: intimail COMMAND [ARG]...\n\nCommands:\n");
	for (size_t i = 0; i < n; i++) {
		const char *summary = summary_of(p, verbs[i]);

		if (json) {
			struct im_value *v = im_v_add_object(&p->arena, arr);

			im_v_set_str(&p->arena, v, "command", verbs[i]);
			im_v_set_str(&p->arena, v, "summary", summary);
		} else {
			printf("  %-12s %s\n", verbs[i], summary);
		}
	}
	if (!json) {
		printf("\n\"intimail help COMMAND\" and \"man intimail-COMMAND\" tell more.\n");
		return;
	}
	im_cmd_print_json(arr);
}

static enum im_status
start(struct places *p, const char *verb, char **argv, struct im_err *err)
{
	const char *path = find_verb(p, verb);

	if (!path)
		return im_fail(err, IM_USAGE, "%s: unknown command; \"intimail help\" lists them", verb);
	(void)signal(SIGPIPE, SIG_DFL);
	/* its messages then carry the name that its manual page has */
	argv[0] = strrchr(im_arena_strdup(&p->arena, path), '/') + 1;
	execv(path, argv);
	return im_fail_errno(err, errno, "start %s", path);
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct places p = { 0 };
	enum im_status st = find_places(&p, err);
	char help[] = "--help";

	if (st == IM_OK && argc == 0) {
		list(&p, ctx->json);
		(void)fflush(stdout); /* before the message */
		st = im_fail(err, IM_USAGE, "a command is missing");
	} else if (st == IM_OK && strcmp(argv[0], "help") != 0)
		st = start(&p, argv[0], argv, err);
	else if (st == IM_OK && argc > 1)
		st = start(&p, argv[1], (char *[]) { NULL, help, NULL }, err);
	else if (st == IM_OK)
		list(&p, ctx->json);
	im_arena_done(&p.arena);
	return st;
}

static const struct im_cmd cmd = {
	.name = "intimail",
	.summary = "Run a command of the home mail server",
	.args = "COMMAND [ARG]...",
	.examples = "  intimail help                      list the commands\n"
		    "  intimail help user                 the options of one\n"
		    "  intimail user add bob --name Bob   the same as intimail-user add bob --name Bob\n",
	.flags = IM_CMD_NOCONF | IM_CMD_JSON | IM_CMD_FIRST,
	.max_args = -1,
	.run = run,
};

int
main(int argc, char **argv)
{
	return im_cmd_main(&cmd, argc, argv);
}
