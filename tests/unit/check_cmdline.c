/*
 * check_cmdline.c - options, subcommands, help, exit statuses
 *
 * im_cmd_main() is run in a child whose output is looked at: it is the whole life of a program.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/cmdline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "base/str.h"

#include "unit.h"

static bool flag;
static const char *value;
static struct im_strlist list;

static enum im_status
show(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)err;
	printf("config=%s json=%d verbose=%d flag=%d value=%s list=%zu:", ctx->config, ctx->json,
	    ctx->verbose, flag, value ? value : "-", list.n);
	for (size_t i = 0; i < list.n; i++)
		printf("%s,", list.v[i]);
	for (int i = 0; i < argc; i++)
		printf(" [%s]", argv[i]);
	return IM_OK;
}

static enum im_status
refuse(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)ctx;
	(void)argc;
	return im_fail(err, IM_NOTFOUND, "%s: no such person", argv[0]);
}

static const struct im_opt global[] = { { "global", 'g', NULL, "a flag", .flag = &flag }, { 0 } };
static const struct im_opt add_opts[] = {
	{ "name", 'n', "NAME", "the name", .value = &value },
	{ "address", 0, "ADDR", "an address", .list = &list },
	{ 0 },
};
static const struct im_subcmd subs[] = {
	{ "add", "UID [MORE]", "add one", 1, 2, show, add_opts },
	{ "fail", "UID", "always fails", 1, -1, refuse, NULL },
	{ 0 },
};
static const struct im_cmd with_subs = { .name = "prog",
	.summary = "Try the command line",
	.flags = IM_CMD_JSON,
	.opts = global,
	.subs = subs,
	.examples = "  prog add bob" };
static const struct im_cmd plain = { .name = "plain",
	.summary = "Try",
	.args = "FILE...",
	.flags = IM_CMD_NOCONF,
	.opts = add_opts,
	.min_args = 1,
	.max_args = -1,
	.run = show };
static const struct im_cmd first = { .name = "first",
	.summary = "Try",
	.flags = IM_CMD_NOCONF | IM_CMD_FIRST,
	.min_args = 0,
	.max_args = -1,
	.run = show };

#define DEF "config=/etc/intimail/intimail.conf "
static const struct {
	const struct im_cmd *cmd;
	const char *argv[8];
	int status;
	const char *says;
} rows[] = {
	{ &with_subs, { "add", "bob" }, 0, DEF "json=0 verbose=0 flag=0 value=- list=0: [bob]" },
	{ &with_subs, { "-c", "F", "add", "bob", "-jg", "-v" }, 0, "config=F json=1 verbose=1 flag=1" },
	{ &with_subs, { "add", "--name=Bob B", "bob", "--config", "G" }, 0,
	    "config=G json=0 verbose=0 flag=0 value=Bob B" },
	{ &with_subs, { "add", "--address", "a", "x", "--address=b" }, 0, "list=2:a,b, [x]" },
	{ &with_subs, { "add", "--", "--name" }, 0, "value=- list=0: [--name]" },
	{ &with_subs, { "add", "-nx", "a", "b" }, 0, "value=x list=0: [a] [b]" },
	{ &with_subs, { "add" }, 64, "prog: too few arguments; usage: prog add UID [MORE]" },
	{ &with_subs, { "add", "1", "2", "3" }, 64, "prog: too many arguments" },
	{ &with_subs, { NULL }, 64, "prog: a command is missing; see prog --help" },
	{ &with_subs, { "nope" }, 64, "prog: nope: unknown command; see prog --help" },
	{ &with_subs, { "add", "--nope" }, 64, "prog: --nope: unknown option; see prog --help" },
	{ &with_subs, { "--name", "x", "add", "b" }, 64, "prog: --name: unknown option" },
	{ &with_subs, { "add", "-x", "b" }, 64, "prog: -x: unknown option" },
	{ &with_subs, { "add", "b", "--name" }, 64, "prog: --name: a value is missing" },
	{ &with_subs, { "add", "b", "-n" }, 64, "prog: -n: a value is missing" },
	{ &with_subs, { "add", "b", "--json=1" }, 64, "prog: --json=1: unknown option" },
	{ &with_subs, { "fail", "bob" }, 67, "prog: bob: no such person" },
	{ &with_subs, { "--version" }, 0, "prog (intimail) " IM_VERSION },
	{ &with_subs, { "add", "-V" }, 0, "prog (intimail) " IM_VERSION },
	{ &with_subs, { "--help" }, 0,
	    "Usage: prog [OPTION]... COMMAND [ARG]...\nTry the command line.\n\nCommands:\n  add UID" },
	{ &with_subs, { "help" }, 0, "--address ADDR" },
	{ &with_subs, { "fail", "--help" }, 0, "Examples:\n  prog add bob\n" },
	{ &plain, { "a", "-n", "N", "b" }, 0, "value=N list=0: [a] [b]" },
	{ &plain, { NULL }, 64, "plain: too few arguments; usage: plain FILE..." },
	{ &plain, { "-c", "x", "y" }, 64, "plain: -c: unknown option" },
	{ &plain, { "-j", "y" }, 64, "plain: -j: unknown option" },
	{ &first, { "-v", "x", "-v", "--nope" }, 0, "verbose=1 flag=0 value=- list=0: [x] [-v] [--nope]" },
};

/* the child's output and status */
static int
run(const struct im_cmd *cmd, const char *const args[], int out, struct im_buf *b)
{
	char *argv[10] = { (char *)(uintptr_t)cmd->name };
	int p[2], argc = 1, status;
	char chunk[4096];
	ssize_t n;
	pid_t pid;

	ck_assert(pipe(p) == 0);
	while (args[argc - 1]) {
		argv[argc] = (char *)(uintptr_t)args[argc - 1];
		argc++;
	}
	pid = fork();
	if (pid == 0) {
		dup2(out >= 0 ? out : p[1], 1);
		dup2(p[1], 2);
		close(p[0]);
		_exit(im_cmd_main(cmd, argc, argv));
	}
	close(p[1]);
	im_buf_init(b, 100000);
	while ((n = read(p[0], chunk, sizeof(chunk))) > 0)
		im_buf_add(b, chunk, (size_t)n);
	close(p[0]);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(row)
{
	struct im_buf b;
	int status = run(rows[_i].cmd, rows[_i].argv, -1, &b);

	ck_assert_msg(strstr(b.p, rows[_i].says) != NULL, "\"%s\" should hold \"%s\"", b.p, rows[_i].says);
	ck_assert_int_eq(status, rows[_i].status);
	/* a failure is one line */
	if (status != 0)
		ck_assert_ptr_eq(strchr(b.p, '\n'), b.p + b.n - 1);
	im_buf_done(&b);
}
END_TEST

START_TEST(full_disk)
{
	static const char *const args[] = { "add", "bob", NULL };
	int full = open("/dev/full", O_WRONLY);
	struct im_buf b;

	ck_assert_int_eq(run(&with_subs, args, full, &b), 75);
	ck_assert_str_eq(b.p, "prog: write to standard output: No space left on device\n");
	im_buf_done(&b);
	close(full);
}
END_TEST

START_TEST(broken_pipe)
{
	static const char *const args[] = { "--help", NULL };
	struct im_buf b;
	int p[2];

	ck_assert(pipe(p) == 0);
	close(p[0]);
	ck_assert_int_eq(run(&with_subs, args, p[1], &b), 0);
	ck_assert_str_eq(b.p, "");
	im_buf_done(&b);
	close(p[1]);
}
END_TEST

START_TEST(log_lines)
{
	char text[4096] = "", big[5000];
	int p[2];

	ck_assert(pipe(p) == 0);
	im_log_open("prog", IM_LOG_FD, p[1]);
	im_debug("not shown");
	im_info("delivered user=%s", "bob\nforged line\x1b[2J");
	im_warn("w");
	ck_assert_int_gt(read(p[0], text, sizeof(text) - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, "Z prog["));
	ck_assert_ptr_nonnull(strstr(text, "]: delivered user=bob?forged line?[2J\n"));
	ck_assert_ptr_nonnull(strstr(text, "]: warning: w\n"));
	ck_assert_ptr_null(strstr(text, "not shown"));
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	im_log_verbose(true);
	im_debug("%s", big);
	memset(text, 0, sizeof(text));
	ck_assert_int_gt(read(p[0], text, sizeof(text) - 1), 2000);
	ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
	close(p[0]);
	close(p[1]);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { row, IM_COUNT(rows) }, { full_disk }, { broken_pipe },
		{ log_lines } };

	return unit_main("cmdline", tests, IM_COUNT(tests));
}
