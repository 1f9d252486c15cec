/*
 * intimail-trace - "where is my mail?": what the log tells of a message, in plain words
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/conf.h"
#include "base/io.h"
#include "base/value.h"
#include "mail/date.h"
#include "mta/trace.h"

static bool opt_lines;
static const char *opt_since;

/* "90s", "30m", "12h", "2d", "1w"; a number alone is days */
static enum im_status
parse_since(const char *s, int64_t now, int64_t *ret, struct im_err *err)
{
	static const struct {
		char letter;
		int64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	struct im_str number = im_str(s);
	int64_t unit = 86400;
	uint64_t n;

	for (size_t i = 0; number.n && i < IM_COUNT(units); i++)
		if (number.p[number.n - 1] == units[i].letter) {
			unit = units[i].seconds;
			number.n--;
			break;
		}
	if (!im_str_u64(number, 100000, &n))
		return im_fail(
		    err, IM_USAGE, "--since \"%s\": wanted is a time such as 30m, 12h, 2d or 1w", s);
	*ret = now - (int64_t)n * unit;
	return IM_OK;
}

static void
print_trace(const struct im_trace *t, struct im_arena *a)
{
	char when[20];

	printf("%s from <%s>", t->queueid[0] ? t->queueid : "(no queue id)", t->sender);
	for (const char **r = t->recipients; *r; r++)
		printf("%s<%s>", r == t->recipients ? " to " : ", ", *r);
	printf(": %s\n", im_trace_fate(t));
	for (int i = 0; i < t->nsteps; i++) {
		const struct im_trace_step *s = &t->steps[i];

		when[0] = '\0';
		if (s->when)
			im_date_local(s->when, when);
		printf("  %-19s  %s\n", when, im_trace_text(a, s->what, s->args));
		if (opt_lines && s->line[0])
			printf("      %s\n", s->line);
	}
}

static void
print_all(const struct im_cmd_ctx *ctx, const struct im_trace *list, int n, struct im_arena *a)
{

	if (ctx->json) {
		im_cmd_print_json(im_trace_value(a, list, n));
		return;
	}
	for (int i = 0; i < n; i++) {
		if (i)
			(void)putchar('\n');
		print_trace(&list[i], a);
	}
	if (n == IM_TRACE_MAX)
		printf("\nThese are the newest %d; a longer text finds fewer.\n", n);
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_trace *list = NULL;
	struct im_arena a = { 0 };
	struct im_conf conf;
	int64_t since = 0;
	int n = 0;
	enum im_status st = IM_OK;

	(void)argc;
	if (opt_since)
		st = parse_since(opt_since, im_now(), &since, err);
	if (st == IM_OK && geteuid() != 0)
		st = im_fail(err, IM_DENIED, "only root may read the mail log: use sudo");
	if (st != IM_OK)
		return st;
	st = im_conf_load(ctx->config, &conf, err);
	if (st != IM_OK)
		return st;
	st = im_trace_find(&conf, argv[0], since, &a, &list, &n, err);
	if (st == IM_OK && n == 0 && !ctx->json)
		st = im_fail(err, IM_NOTFOUND, "the log tells nothing of \"%s\"", argv[0]);
	else if (st == IM_OK)
		print_all(ctx, list, n, &a);
	im_arena_done(&a);
	im_conf_done(&conf);
	return st;
}

static const struct im_opt options[] = {
	{ .name = "since",
	    .letter = 's',
	    .arg = "TIME",
	    .help = "only what is newer, such as 12h or 2d",
	    .value = &opt_since },
	{ .name = "lines", .letter = 'l', .help = "show the lines of the log too", .flag = &opt_lines },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-trace",
		.summary = "Tell what became of a message",
		.args = "TEXT",
		.flags = IM_CMD_JSON,
		.opts = options,
		.min_args = 1,
		.max_args = 1,
		.run = run,
		.examples = "  intimail-trace ann@example.net --since 2d\n"
			    "  intimail-trace 4cXq1Z2kGnz1f --lines\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
