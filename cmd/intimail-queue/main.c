/*
 * intimail-queue - the mail that waits: list, look at, hold, release, delete, try again
 *
 * SPDX-License-Identifier: ISC
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/conf.h"
#include "base/value.h"
#include "mta/queue.h"

enum { SHOW_MAX = 1024 * 1024 };

static bool opt_yes;

static const char *
local_time(int64_t when, char dst[static 32])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(dst, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		dst[0] = '\0';
	return dst;
}

static void
print_message(const struct im_queue_message *m)
{
	bool bounce = m->sender[0] == '\0' || strcmp(m->sender, "MAILER-DAEMON") == 0;
	char when[32], size[16];

	printf("%s  %-8s  %s  %8s  %s\n", m->id, m->queue, local_time(m->arrived, when),
	    im_size_text(m->size, size), bounce ? "<>" : m->sender);
	for (int i = 0; i < m->nrecipients; i++) {
		printf("    to %s\n", m->recipients[i].address);
		if (m->recipients[i].reason[0])
			printf("       %s\n", m->recipients[i].reason);
	}
}

static enum im_status
run_list(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_queue_message *list = NULL;
	struct im_arena a = { 0 };
	int n = 0, total = 0;
	struct im_conf conf;
	enum im_status st = im_conf_load(ctx->config, &conf, err);

	(void)argc, (void)argv;
	if (st != IM_OK)
		return st;
	st = im_queue_list(&conf, &a, &list, &n, &total, err);
	if (st == IM_OK && ctx->json) {
		im_cmd_print_json(im_queue_value(&a, list, n, total));
	} else if (st == IM_OK) {
		for (int i = 0; i < n; i++)
			print_message(&list[i]);
		if (total == 0)
			printf("No mail waits.\n");
		else if (total > n)
			printf("... and %d more; these are the oldest.\n", total - n);
	}
	im_arena_done(&a);
	im_conf_done(&conf);
	return st;
}

static enum im_status
run_show(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_arena a = { 0 };
	struct im_value *v;
	struct im_conf conf;
	struct im_buf text;
	enum im_status st = im_conf_load(ctx->config, &conf, err);

	(void)argc;
	if (st != IM_OK)
		return st;
	im_buf_init(&text, SHOW_MAX);
	st = im_queue_show(&conf, argv[0], SHOW_MAX, &text, err);
	if (st == IM_OK && ctx->json) {
		v = im_v_object(&a);
		im_v_set_str(&a, v, "id", argv[0]);
		im_v_set_span(&a, v, "text", im_buf_str(&text));
		im_cmd_print_json(v);
	} else if (st == IM_OK) {
		(void)fwrite(text.p, 1, text.n, stdout);
	}
	im_buf_done(&text);
	im_arena_done(&a);
	im_conf_done(&conf);
	return st;
}

/* each id by itself: one that is gone meanwhile does not keep the others; the first failure is the result */
static enum im_status
each(struct im_cmd_ctx *ctx, enum im_queue_verb verb, const char *done, int argc, char **argv,
    struct im_err *err)
{
	struct im_value *results;
	struct im_arena a = { 0 };
	struct im_conf conf;
	enum im_status first = im_conf_load(ctx->config, &conf, err);

	if (first != IM_OK)
		return first;
	results = im_v_array(&a);
	for (int i = 0; i < argc; i++) {
		struct im_err one = { 0 };
		enum im_status st = im_queue_do(&conf, verb, argv[i], &one);
		struct im_value *v = im_v_add_object(&a, results);

		im_v_set_str(&a, v, "id", argv[i]);
		im_v_set_str(&a, v, "status", im_status_name(st));
		if (st != IM_OK)
			im_v_set_str(&a, v, "message", one.msg);
		if (st == IM_OK && !ctx->json)
			printf("%s %s\n", argv[i], done);
		if (st != IM_OK && first == IM_OK) {
			*err = one;
			first = st;
		} else if (st != IM_OK) {
			fprintf(stderr, "%s: %s\n", ctx->cmd->name, one.msg);
		}
	}
	if (ctx->json)
		im_cmd_print_json(results);
	im_arena_done(&a);
	im_conf_done(&conf);
	return first;
}

static enum im_status
run_hold(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	return each(ctx, IM_QUEUE_HOLD, "is on hold", argc, argv, err);
}

static enum im_status
run_release(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	return each(ctx, IM_QUEUE_RELEASE, "is released", argc, argv, err);
}

static enum im_status
run_delete(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	char answer[16];

	if (!opt_yes && !isatty(STDIN_FILENO))
		return im_fail(err, IM_USAGE, "deleting mail needs --yes when nobody can be asked");
	if (!opt_yes) {
		printf("Delete %d message%s for good, without telling the sender? [y/N] ", argc,
		    argc == 1 ? "" : "s");
		(void)fflush(stdout);
		if (!fgets(answer, sizeof(answer), stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
			return im_fail(err, IM_CONFLICT, "nothing was deleted");
	}
	return each(ctx, IM_QUEUE_DELETE, "is deleted", argc, argv, err);
}

/* all that is listed and not on hold: without an argument */
static enum im_status
run_retry(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_conf conf;
	enum im_status st;

	if (argc > 0)
		return each(ctx, IM_QUEUE_RETRY, "is tried again", argc, argv, err);
	st = im_conf_load(ctx->config, &conf, err);
	if (st != IM_OK)
		return st;
	st = im_queue_flush(&conf, err);
	if (st == IM_OK)
		printf(ctx->json ? "[]\n" : "All waiting mail is tried again.\n");
	im_conf_done(&conf);
	return st;
}

static const struct im_opt delete_opts[] = {
	{ .name = "yes", .letter = 'y', .help = "do not ask", .flag = &opt_yes },
	{ 0 },
};

static const struct im_subcmd subcommands[] = {
	{ "list", "", "List the mail that waits, oldest first", 0, 0, run_list, NULL },
	{ "show", "ID", "Show a message", 1, 1, run_show, NULL },
	{ "hold", "ID...", "Keep messages from being delivered", 1, -1, run_hold, NULL },
	{ "release", "ID...", "Let messages on hold be delivered", 1, -1, run_release, NULL },
	{ "delete", "ID...", "Delete messages; nobody is told", 1, -1, run_delete, delete_opts },
	{ "retry", "[ID...]", "Try to deliver now; all of them without an ID", 0, -1, run_retry, NULL },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-queue",
		.summary = "Look after the mail that waits to be delivered",
		.flags = IM_CMD_JSON,
		.subs = subcommands,
		.examples = "  intimail-queue list\n"
			    "  intimail-queue hold 4cXq1Z2kGnz1f\n"
			    "  intimail-queue retry\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
