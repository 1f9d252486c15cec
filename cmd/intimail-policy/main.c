/*
 * intimail-policy - Postfix asks it before it takes a message: is there such a person, is there room, who may write?
 *
 * One process, one thread. It is started as root or as the owner of the mail, which it becomes; then it can read the
 * mail's folders (not for the mail: for how much there is), ask slapd and write <state_dir>/policy, nothing else.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/confine.h"
#include "base/io.h"
#include "base/log.h"
#include "base/owner.h"
#include "mail/maildir.h"
#include "policy.h"

volatile sig_atomic_t policy_end, policy_reload;

static void
on_signal(int sig)
{
	if (sig == SIGHUP)
		policy_reload = 1;
	else
		policy_end = 1;
}

static enum im_status
place_socket(const struct sockaddr_un *sa, int fd, struct im_err *err)
{
	/* one that answers belongs to somebody; one that does not was left behind */
	if (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0)
		return im_fail(err, IM_CONFLICT, "%s: a policy server answers there already", sa->sun_path);
	if (unlink(sa->sun_path) < 0 && errno != ENOENT)
		return im_fail_errno(err, errno, "cannot remove %s", sa->sun_path);
	/* who may come in is decided by the directory */
	if (bind(fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0 || chmod(sa->sun_path, 0666) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return im_fail_errno(err, errno, "cannot listen at %s", sa->sun_path);
	return IM_OK;
}

static enum im_status
listen_at(struct policy *p, struct im_err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!im_fmt(sa.sun_path, sizeof(sa.sun_path), "%s/policy/policy.sock", p->conf.run_dir))
		return im_fail(
		    err, IM_CONFIG, "run_dir %s: longer than a socket's name may be", p->conf.run_dir);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->listener < 0)
		return im_fail_errno(err, errno, "socket");
	return place_socket(&sa, p->listener, err);
}

static enum im_status
open_state(struct policy *p, struct im_err *err)
{
	char path[4096];

	if (!im_fmt(path, sizeof(path), "%s/policy", p->conf.state_dir))
		return im_fail(err, IM_CONFIG, "state_dir: too long");
	p->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->state_fd < 0)
		return im_fail_errno(err, errno, "cannot open %s; run intimail-setup", path);
	p->sent = im_sent_new();
	return im_sent_load(p->sent, p->state_fd, "sent", im_now(), err);
}

/* confine - the configuration's directory, not the file: an editor puts a new one in its place */
static enum im_status
confine(const struct policy *p, struct im_err *err)
{
	char etc[4096], run[4096], state[4096];
	const char *slash = strrchr(p->file, '/');
	int n = slash ? (int)(slash - p->file) : 1;

	if (!im_fmt(etc, sizeof(etc), "%.*s/", n, slash ? p->file : ".") ||
	    !im_fmt(run, sizeof(run), "%s/policy", p->conf.run_dir) ||
	    !im_fmt(state, sizeof(state), "%s/policy", p->conf.state_dir))
		return im_fail(err, IM_CONFIG, "a path is too long");
	im_boot_id_learn();
	const struct im_confine_path paths[] = { { p->conf.mail_root, IM_PATH_READ }, { etc, IM_PATH_READ },
		{ run, IM_PATH_WRITE }, { state, IM_PATH_WRITE } };
	return im_confine(
	    &(struct im_confine) { .paths = paths, .npaths = IM_COUNT(paths), .calls = IM_CALLS_UNIX }, err);
}

static void
catch_signals(struct policy *p)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t held;

	(void)sigemptyset(&held);
	for (size_t i = 0; i < IM_COUNT(signals); i++) {
		(void)sigaddset(&held, signals[i]);
		(void)sigaction(signals[i], &sa, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &held, &p->wait_mask);
	for (size_t i = 0; i < IM_COUNT(signals); i++)
		(void)sigdelset(&p->wait_mask, signals[i]);
}

void
policy_save(struct policy *p)
{
	struct im_err err;

	if (im_sent_changed(p->sent) && im_sent_save(p->sent, p->state_fd, "sent", im_now(), &err) != IM_OK)
		im_warn("what was sent is not saved: %s", err.msg);
}

void
policy_reread(struct policy *p)
{
	struct im_conf fresh;
	struct im_err err;

	if (im_conf_load(p->file, &fresh, &err) != IM_OK) {
		im_error("the old configuration stays: %s", err.msg);
		return;
	}
	im_resolver_free(p->resolver);
	im_conf_done(&p->conf);
	p->conf = fresh;
	p->resolver = im_resolver_new(&p->conf);
	im_info("configuration read again");
}

static enum im_status
prepare(struct policy *p, struct im_err *err)
{
	enum im_status st = im_become_owner_of(p->conf.mail_root, p->conf.mail_user, err);

	if (st == IM_OK)
		st = open_state(p, err);
	if (st == IM_OK)
		st = listen_at(p, err);
	if (st == IM_OK)
		st = confine(p, err);
	return st;
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct policy p = { .file = ctx->config, .state_fd = -1, .listener = -1 };

	(void)argc, (void)argv;
	im_log_open(ctx->cmd->name, IM_LOG_STDERR, -1);
	catch_signals(&p);
	enum im_status st = im_conf_load(ctx->config, &p.conf, err);
	if (st != IM_OK)
		return st;
	st = prepare(&p, err);
	if (st == IM_OK) {
		p.resolver = im_resolver_new(&p.conf);
		policy_serve(&p);
		policy_save(&p);
	}
	im_resolver_free(p.resolver);
	im_sent_free(p.sent);
	if (p.listener >= 0)
		(void)close(p.listener);
	if (p.state_fd >= 0)
		(void)close(p.state_fd);
	im_conf_done(&p.conf);
	return st;
}

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-policy",
		.summary = "Answer Postfix before it takes a message: does the recipient exist, may it be "
			   "written to, is "
			   "there room",
		.examples = "  intimail-policy -c /etc/intimail/intimail.conf\n",
		.run = run,
	};

	return im_cmd_main(&cmd, argc, argv);
}
