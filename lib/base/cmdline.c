/*
 * cmdline.c - options from tables
 *
 * The tables are turned into what getopt_long(3) wants: its rules are the ones that people know ("-c F", "-cF",
 * "--config=F", "--"). Options of the program may stand behind the subcommand as well.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/cmdline.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/completion.h"
#include "base/conf.h"
#include "base/io.h"
#include "base/log.h"
#include "base/value.h"

enum { JSON_MAX = 64 * 1024 * 1024 };

enum { FIRST_CODE = 1000, MAX_OPTS = 64 }; /* what getopt_long returns for table entry 0 */

struct parser {
	struct im_cmd_ctx *ctx;
	bool help, version, completion;
	struct im_opt common[6];
	struct im_opt hidden[2];             /* --completion: for installations, not for people */
	const struct im_opt *opts[MAX_OPTS]; /* all that are valid now */
	size_t n;
};

static void
add_table(struct parser *p, const struct im_opt *table)
{
	for (; table && table->name && p->n < MAX_OPTS; table++)
		p->opts[p->n++] = table;
}

static void
common_options(struct parser *p, struct im_cmd_ctx *ctx)
{
	struct im_opt *o = p->common;

	p->ctx = ctx;
	if (!(ctx->cmd->flags & IM_CMD_NOCONF))
		*o++ = (struct im_opt) { "config", 'c', "FILE",
			"configuration file instead of " IM_CONF_DEFAULT, .value = &ctx->config };
	if (ctx->cmd->flags & IM_CMD_JSON)
		*o++ = (struct im_opt) { "json", 'j', NULL, "print JSON", .flag = &ctx->json };
	*o++ =
	    (struct im_opt) { "verbose", 'v', NULL, "tell more about what is done", .flag = &ctx->verbose };
	*o++ = (struct im_opt) { "help", 'h', NULL, "show this help", .flag = &p->help };
	*o++ = (struct im_opt) { "version", 'V', NULL, "show the version", .flag = &p->version };
	*o = (struct im_opt) { 0 };
	p->hidden[0] = (struct im_opt) { .name = "completion", .flag = &p->completion };
	add_table(p, p->common);
	add_table(p, p->hidden);
	add_table(p, ctx->cmd->opts);
}

static enum im_status
take(const struct im_cmd_ctx *ctx, const struct im_opt *o, const char *arg, struct im_err *err)
{
	if (o->flag) {
		*o->flag = true;
	} else if (o->value) {
		*o->value = arg;
	} else if (o->list) {
		if (o->list->n == IM_COUNT(o->list->v))
			return im_fail(err, IM_USAGE, "--%s: more than %zu times; see %s --help", o->name,
			    IM_COUNT(o->list->v), ctx->cmd->name);
		o->list->v[o->list->n++] = arg;
	}
	return IM_OK;
}

/* take the options out of argv; *ret_first is where the arguments start. 'stop' at the first argument */
static enum im_status
parse(struct parser *p, int argc, char **argv, bool stop, int *ret_first, struct im_err *err)
{
	struct option longs[MAX_OPTS + 1] = { 0 };
	char shorts[2 * MAX_OPTS + 3], *s = shorts;
	enum im_status st = IM_OK;
	int c;

	if (stop)
		*s++ = '+';
	*s++ = ':';
	for (size_t i = 0; i < p->n; i++) {
		longs[i] = (struct option) { p->opts[i]->name,
			p->opts[i]->arg ? required_argument : no_argument, NULL, FIRST_CODE + (int)i };
		if (p->opts[i]->letter)
			*s++ = p->opts[i]->letter;
		if (p->opts[i]->letter && p->opts[i]->arg)
			*s++ = ':';
	}
	*s = '\0';
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while (st == IM_OK && (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == '?' || c == ':') {
			const char *what = argv[optind - 1];
			char letter[3] = { '-', (char)optopt, '\0' };

			if (optopt > 0 && optopt < 128 && strncmp(what, "--", 2) != 0)
				what = letter;
			return im_fail(err, IM_USAGE,
			    c == ':' ? "%s: a value is missing; see %s --help"
				     : "%s: unknown option; see %s --help",
			    what, p->ctx->cmd->name);
		}
		for (size_t i = 0; i < p->n; i++)
			if (c == FIRST_CODE + (int)i || c == p->opts[i]->letter) {
				st = take(p->ctx, p->opts[i], optarg, err);
				break;
			}
	}
	*ret_first = optind;
	return st;
}

/* --- help --- */

static void
show_option(const struct im_opt *o, const char *indent)
{
	char left[64], letter[8] = "    ";

	if (o->letter && !im_fmt(letter, sizeof(letter), "-%c, ", o->letter))
		return;
	if (!im_fmt(
		left, sizeof(left), "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : ""))
		return;
	printf("%s%-26s %s%s\n", indent, left, o->help, o->list ? " (may be repeated)" : "");
}

static void
show_options(const struct im_opt *o, const char *indent)
{
	for (; o && o->name; o++)
		show_option(o, indent);
}

static void
show_help(const struct parser *p)
{
	const struct im_cmd *cmd = p->ctx->cmd;

	printf("Usage: %s [OPTION]... %s\n%s.\n", cmd->name,
	    cmd->subs   ? "COMMAND [ARG]..."
	    : cmd->args ? cmd->args
			: "",
	    cmd->summary);
	if (cmd->subs)
		printf("\nCommands:\n");
	for (const struct im_subcmd *s = cmd->subs; s && s->name; s++) {
		printf("  %s%s%s\n      %s\n", s->name, s->args && *s->args ? " " : "",
		    s->args ? s->args : "", s->help);
		show_options(s->opts, "      ");
	}
	printf("\nOptions:\n");
	show_options(cmd->opts, "  ");
	show_options(p->common, "  ");
	if (cmd->examples)
		printf("\nExamples:\n%s%s", cmd->examples,
		    cmd->examples[strlen(cmd->examples) - 1] == '\n' ? "" : "\n");
}

/* --- running --- */

static const struct im_subcmd *
find_sub(const struct im_cmd *cmd, const char *name)
{
	for (const struct im_subcmd *s = cmd->subs; s && s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static enum im_status
check_count(const struct im_cmd *cmd, const struct im_subcmd *sub, int n, struct im_err *err)
{
	const char *args = sub ? sub->args : cmd->args;
	int least = sub ? sub->min_args : cmd->min_args, most = sub ? sub->max_args : cmd->max_args;

	if (n >= least && (most < 0 || n <= most))
		return IM_OK;
	return im_fail(err, IM_USAGE, "too %s arguments; usage: %s%s%s %s", n < least ? "few" : "many",
	    cmd->name, sub ? " " : "", sub ? sub->name : "", args ? args : "");
}

static enum im_status
run(struct parser *p, int argc, char **argv, struct im_err *err)
{
	const struct im_cmd *cmd = p->ctx->cmd;
	const struct im_subcmd *sub = NULL;
	enum im_status st;
	int first = argc;

	st = parse(p, argc, argv, cmd->subs || cmd->flags & IM_CMD_FIRST, &first, err);
	if (st == IM_OK && cmd->subs && first < argc && !p->help && !p->version) {
		sub = find_sub(cmd, argv[first]);
		p->help = !sub && strcmp(argv[first], "help") == 0;
		if (!sub && !p->help)
			return im_fail(
			    err, IM_USAGE, "%s: unknown command; see %s --help", argv[first], cmd->name);
		argc -= first;
		argv += first;
		if (sub)
			add_table(p, sub->opts);
		st = parse(p, argc, argv, false, &first, err);
	}
	if (st != IM_OK)
		return st;
	if (p->version)
		printf("%s (intimail) %s\n", cmd->name, IM_VERSION);
	else if (p->help)
		show_help(p);
	else if (p->completion)
		im_completion(cmd, p->common);
	if (p->version || p->help || p->completion)
		return IM_OK;
	if (cmd->subs && !sub)
		return im_fail(err, IM_USAGE, "a command is missing; see %s --help", cmd->name);
	st = check_count(cmd, sub, argc - first, err);
	if (st != IM_OK)
		return st;
	im_log_verbose(p->ctx->verbose);
	return (sub ? sub->run : cmd->run)(p->ctx, argc - first, argv + first, err);
}

/* data that did not reach its file is a failure; a reader that has seen enough (head) is none */
static enum im_status
flush_stdout(struct im_err *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return IM_OK;
	if (errno == EPIPE)
		return IM_OK;
	return im_fail_errno(err, errno, "write to standard output");
}

int
im_cmd_main(const struct im_cmd *cmd, int argc, char **argv)
{
	struct im_cmd_ctx ctx = { .cmd = cmd, .config = IM_CONF_DEFAULT };
	struct parser p = { 0 };
	struct im_err err = { 0 };
	enum im_status st, flushed;

	if (!im_fds_sane())
		return im_exit_cli(IM_TEMP);
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	im_oom_exit_status(im_exit_cli(IM_TEMP));
	im_log_open(cmd->name, IM_LOG_STDERR, -1);
	common_options(&p, &ctx);
	st = run(&p, argc, argv, &err);
	if (st != IM_OK)
		fprintf(stderr, "%s: %s\n", cmd->name, err.msg[0] ? err.msg : im_status_name(st));
	flushed = flush_stdout(&err);
	if (flushed != IM_OK)
		fprintf(stderr, "%s: %s\n", cmd->name, err.msg);
	return im_exit_cli(st != IM_OK ? st : flushed);
}

void
im_cmd_print_json(const struct im_value *v)
{
	struct im_buf b;

	im_buf_init(&b, JSON_MAX);
	im_v_json(v, &b);
	(void)fwrite(b.p, 1, b.n, stdout);
	(void)putchar('\n');
	im_buf_done(&b);
}
