/*
 * intimail-deliver - the delivery agent that Postfix's pipe(8) runs, once for each message and recipient
 *
 * The answer to Postfix is an exit status and one line on standard output that begins with an enhanced status code.
 * Most exit statuses bounce the mail (1, 64, 127 ...), so everything that is not a definitive answer of ours is 75 with
 * "4.x.y": wrong options, a bad configuration, a defect, the alarm. Descriptors 1 and 2 lead to /dev/null while a
 * message is delivered, for a word from a library would be taken for the answer; success says nothing, as what it says
 * would be shown to the sender.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cmdline.h"
#include "base/conf.h"
#include "base/io.h"
#include "base/log.h"
#include "mail/deliver.h"
#include "mail/submit.h"

enum { ALARM_SECONDS = 60 }; /* well below intimail_time_limit: pipe(8) bounces when that is over */
_Static_assert(IM_SUBMIT_SECONDS <= ALARM_SECONDS / 2, "see submit.h");

struct options {
	const char *config, *queueid, *size, *sender, *original;
	const char *recipient;
};

/* getopt's letters and the table for --help; parse() knows both */
static const struct im_opt option_table[] = {
	{ "queue-id", 'q', "ID", "Postfix's queue id: a repeated delivery is recognised by it",
	    .value = NULL },
	{ "size", 's', "BYTES", "size of the queue file: an input that ends early is noticed by it",
	    .value = NULL },
	{ "sender", 'f', "ADDRESS", "envelope sender, empty for a bounce", .value = NULL },
	{ "original", 'o', "ADDRESS", "recipient before aliases were expanded", .value = NULL },
	{ 0 },
};

static enum im_status
no_subcommand(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	(void)ctx, (void)argc, (void)argv;
	return im_fail(err, IM_BUG, "not reached");
}

static const struct im_cmd command = {
	.name = "intimail-deliver",
	.summary = "File the message on standard input into the mailbox of a person (run by Postfix)",
	.args = "RECIPIENT",
	.examples = "  intimail-deliver -q 4cXq1Z2kGnz1f -f ann@example.net -- bob@example.org <message\n",
	.opts = option_table,
	.min_args = 1,
	.max_args = 1,
	.run = no_subcommand,
};

/* where the answer goes; the one thing that the alarm's handler must know */
static volatile sig_atomic_t reply_fd = -1;

static void
on_alarm(int sig)
{
	static const char text[] = "4.3.0 the delivery took too long and is tried again\n";

	(void)sig;
	(void)!write(reply_fd, text, sizeof(text) - 1);
	_exit(EX_TEMPFAIL);
}

static int
answer(enum im_status st, const struct im_err *err)
{
	char line[sizeof(err->dsn) + sizeof(err->msg) + 4];
	const char *dsn = err->dsn[0] ? err->dsn : im_status_dsn(st);

	if (im_fmt(line, sizeof(line), "%s %s\n", dsn, err->msg[0] ? err->msg : im_status_name(st)))
		(void)im_write_full(reply_fd, line, strlen(line));
	return dsn[0] == '5' ? im_exit_pipe(st) : EX_TEMPFAIL;
}

static enum im_status
parse(int argc, char **argv, struct options *o, struct im_err *err)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "queue-id", required_argument, NULL, 'q' },
		{ "size", required_argument, NULL, 's' },
		{ "sender", required_argument, NULL, 'f' },
		{ "original", required_argument, NULL, 'o' },
		{ "verbose", no_argument, NULL, 'v' },
		{ 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":c:q:s:f:o:v", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'q':
			o->queueid = optarg;
			break;
		case 's':
			o->size = optarg;
			break;
		case 'f':
			o->sender = optarg;
			break;
		case 'o':
			o->original = optarg;
			break;
		case 'v':
			im_log_verbose(true);
			break;
		default:
			return im_fail_dsn(err, IM_USAGE, "4.3.5", "intimail-deliver: option %s: %s",
			    argv[optind - 1], c == ':' ? "its value is missing" : "there is no such option");
		}
	}
	if (argc - optind != 1)
		return im_fail_dsn(
		    err, IM_USAGE, "4.3.5", "intimail-deliver: exactly one recipient is wanted");
	o->recipient = argv[optind];
	return IM_OK;
}

/* open_log - <log_dir>/deliver.log where an administrator (or a private server) made it, else syslog */
static void
open_log(const struct im_conf *conf)
{
	char path[4096];
	int fd = -1;

	if (im_fmt(path, sizeof(path), "%s/deliver.log", conf->log_dir))
		fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	im_log_open(command.name, fd >= 0 ? IM_LOG_FD : IM_LOG_SYSLOG, fd);
}

static void
log_result(const struct options *o, const struct im_delivered *r, int64_t ms)
{
	if (r->warning[0])
		im_warn("delivered all the same: %s uid=%s id=%s", r->warning, r->uid, r->id);
	im_info("%s user=%s mailbox=%s queue=%s size=%llu id=%s from=<%s> to=<%s> orig_to=<%s> ms=%lld%s",
	    r->dropped     ? "dropped, the account is disabled and its mailbox is full"
	    : !r->kept     ? "forwarded and not kept"
	    : r->duplicate ? "delivered before"
			   : "delivered",
	    r->uid, r->mailbox, o->queueid, (unsigned long long)r->size, r->id, o->sender, o->recipient,
	    o->original, (long long)ms, r->kept && r->forwarded > 0 ? " forwarded=yes" : "");
}

static enum im_status
deliver(const struct im_conf *conf, const struct options *o, pid_t parent, struct im_err *err)
{
	struct im_delivery d = { .recipient = o->recipient,
		.queueid = o->queueid,
		.sender = o->sender,
		.original = o->original,
		.input = STDIN_FILENO,
		.confine = true };
	struct im_delivered r = { 0 };
	int64_t begin = im_monotonic_ms();

	/* a size that makes no sense is as good as none: the mail must not wait for it */
	if (!im_str_u64(im_str(o->size), UINT64_MAX, &d.expected))
		d.expected = 0;
	d.parent = parent;
	enum im_status st = im_deliver(conf, &d, &r, err);
	if (st == IM_OK)
		log_result(o, &r, im_monotonic_ms() - begin);
	else
		im_warn("not delivered: %s status=%s queue=%s from=<%s> to=<%s> orig_to=<%s> ms=%lld",
		    err->msg, err->dsn, o->queueid, o->sender, o->recipient, o->original,
		    (long long)(im_monotonic_ms() - begin));
	return st;
}

static enum im_status
run(int argc, char **argv, bool has_input, pid_t parent, struct im_err *err)
{
	struct options o = {
		.config = IM_CONF_DEFAULT, .queueid = "", .size = "", .sender = "", .original = ""
	};
	struct im_conf conf;

	im_log_open(command.name, IM_LOG_SYSLOG, -1);
	enum im_status st = parse(argc, argv, &o, err);
	if (st == IM_OK)
		st = im_conf_load(o.config, &conf, err);
	if (st != IM_OK) {
		im_error("not delivered: %s queue=%s to=<%s>", err->msg, o.queueid,
		    o.recipient ? o.recipient : "");
		return st;
	}
	open_log(&conf);
	if (geteuid() == 0)
		st = im_fail_dsn(err, IM_CONFIG, "4.3.5",
		    "intimail-deliver does not run as root: give pipe(8) user=%s", conf.mail_user);
	else if (!has_input)
		st = im_fail_dsn(err, IM_TEMP, "4.3.0", "standard input is closed");
	if (st != IM_OK)
		im_error("not delivered: %s queue=%s to=<%s>", err->msg, o.queueid, o.recipient);
	else
		st = deliver(&conf, &o, parent, err);
	im_conf_done(&conf);
	return st;
}

/* prepare - a known world: descriptors, umask, signals, what happens when memory or time ends */
static bool
prepare(void)
{
	(void)umask(077);
	if (!im_fds_sane())
		return false;
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd < 0 || null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		return false;
	(void)close(null);
	reply_fd = fd;
	im_oom_exit_status(EX_TEMPFAIL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes arrives as EFBIG */
	(void)signal(SIGALRM, on_alarm);
	(void)alarm(ALARM_SECONDS);
	return true;
}

static bool
wants_help(int argc, char **argv)
{
	static const char *const help[] = { "-h", "--help", "-V", "--version" };

	for (size_t i = 0; argc == 2 && i < IM_COUNT(help); i++)
		if (strcmp(argv[1], help[i]) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	pid_t parent = getppid(); /* first of all: it tells later whether pipe(8) is still there */
	struct im_err err = { 0 };

	if (wants_help(argc, argv))
		return im_cmd_main(&command, argc, argv);
	bool has_input = fcntl(STDIN_FILENO, F_GETFD) != -1; /* before descriptor 0 becomes /dev/null */
	if (!prepare())
		return EX_TEMPFAIL;
	enum im_status st = run(argc, argv, has_input, parent, &err);
	return st == IM_OK ? 0 : answer(st, &err);
}
