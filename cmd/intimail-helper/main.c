/*
 * intimail-helper - does what needs root for the administration pages, one checked verb a connection
 *
 * The listening process only accepts and forks; all that reads what a client says happens in a child that lives for one
 * request and half a minute at most.
 *
 * SPDX-License-Identifier: ISC
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/conf.h"
#include "base/io.h"
#include "base/log.h"
#include "helper/helper.h"

enum { CHILDREN_MAX = 8, BACKLOG = 16, END_MS = 5000, FIRST_PASSED_FD = 3 };

static bool opt_listen;
static volatile sig_atomic_t ended;

static void
on_end(int sig)
{
	(void)sig;
	ended = 1;
}

static void
on_child(int sig)
{
	(void)sig; /* wakes ppoll */
}

/* --- the socket --- */

static bool
listens(int fd)
{
	int yes = 0, family = 0;
	socklen_t n = sizeof(yes), m = sizeof(family);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &m) == 0 && family == AF_UNIX;
}

/* what systemd passes (sd_listen_fds(3)): exactly one socket, meant for this process */
static enum im_status
passed_socket(int *ret, struct im_err *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	uint64_t n;

	if (!pid || !fds || !im_str_u64(im_str(pid), INT32_MAX, &n) || (pid_t)n != getpid())
		return im_fail(err, IM_USAGE,
		    "no socket was passed: use --listen, or let systemd start it with a socket unit");
	if (strcmp(fds, "1") != 0 || !listens(FIRST_PASSED_FD))
		return im_fail(err, IM_CONFIG,
		    "wanted is one listening UNIX socket (ListenStream=%%t/intimail/helper.sock, Accept=no)");
	if (fcntl(FIRST_PASSED_FD, F_SETFD, FD_CLOEXEC) < 0)
		return im_fail_errno(err, errno, "the passed socket");
	*ret = FIRST_PASSED_FD;
	return IM_OK;
}

static enum im_status
pages_owner(const struct im_conf *c, uid_t *ret_user, gid_t *ret_group, struct im_err *err)
{
	struct passwd pw, *found = NULL;
	char text[4096];

	(void)getpwnam_r(c->pages_user, &pw, text, sizeof(text), &found);
	if (!found)
		return im_fail(err, IM_CONFIG, "there is no user %s: run intimail-setup", c->pages_user);
	*ret_user = found->pw_uid;
	*ret_group = found->pw_gid;
	return IM_OK;
}

/* a socket file that nobody listens at is left over */
static enum im_status
remove_stale(const struct sockaddr_un *sa, struct im_err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive =
	    fd >= 0 && (connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	if (alive)
		return im_fail(err, IM_CONFLICT, "another intimail-helper listens at %s", sa->sun_path);
	if (unlink(sa->sun_path) != 0 && errno != ENOENT)
		return im_fail_errno(err, errno, "remove %s", sa->sun_path);
	return IM_OK;
}

static enum im_status
make_socket(const struct im_conf *c, struct sockaddr_un *sa, int *ret, struct im_err *err)
{
	uid_t user = 0;
	gid_t group = 0;
	int fd;
	enum im_status st = pages_owner(c, &user, &group, err);

	*sa = (struct sockaddr_un) { .sun_family = AF_UNIX };
	if (st == IM_OK && !im_fmt(sa->sun_path, sizeof(sa->sun_path), "%s/helper.sock", c->run_dir))
		st = im_fail(err, IM_CONFIG, "run_dir %s is too long for a socket", c->run_dir);
	if (st == IM_OK)
		st = im_mkdirs(c->run_dir, 0755, err);
	if (st == IM_OK)
		st = remove_stale(sa, err);
	if (st != IM_OK)
		return st;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/*
	 * Nobody else's until owner and mode are right (umask 077). The user's, not only the group's: the pages run with
	 * the group of the sessions instead of their own
	 */
	if (fd < 0 || bind(fd, (struct sockaddr *)sa, sizeof(*sa)) != 0 ||
	    chown(sa->sun_path, user, group) != 0 || chmod(sa->sun_path, 0660) != 0 ||
	    listen(fd, BACKLOG) != 0) {
		st = im_fail_errno(err, errno, "listen at %s", sa->sun_path);
		if (fd >= 0)
			close(fd);
		return st;
	}
	*ret = fd;
	return IM_OK;
}

/* --- children --- */

static void __attribute__((noreturn)) child(const struct im_conf *c, int fd)
{
	struct im_helper_done done;
	sigset_t none;

	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)alarm(IM_HELPER_SECONDS);
	im_helper_serve(c, fd, &done);
	if (!done.verb[0])
		_exit(0);
	if (done.st == IM_OK)
		im_info("done who=%s verb=%s args=%s", done.who, done.verb, done.args);
	else
		im_warn("refused: %s who=%s verb=%s args=%s status=%s", done.message, done.who, done.verb,
		    done.args, im_status_name(done.st));
	_exit(0);
}

static void
take(const struct im_conf *c, int listener, int *children)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		return; /* gone again, or no descriptors: the next ppoll */
	pid = fork();
	if (pid == 0) {
		close(listener);
		child(c, fd);
	}
	if (pid < 0)
		im_error("no process for a request: %s", strerrordesc_np(errno));
	else
		++*children;
	close(fd);
}

static void
reap(int *children)
{
	int status;

	while (waitpid(-1, &status, WNOHANG) > 0) {
		--*children;
		if (WIFSIGNALED(status))
			im_error("a request was ended by signal %d (%s)", WTERMSIG(status),
			    WTERMSIG(status) == SIGALRM ? "it took too long" : strsignal(WTERMSIG(status)));
	}
}

static void
handle(int sig, void (*f)(int))
{
	struct sigaction sa = { .sa_handler = f };

	sigemptyset(&sa.sa_mask);
	(void)sigaction(sig, &sa, NULL);
}

static void
serve(const struct im_conf *c, int fd)
{
	sigset_t blocked, open;
	int children = 0;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &blocked, &open);
	sigdelset(&open, SIGTERM);
	sigdelset(&open, SIGINT);
	sigdelset(&open, SIGCHLD);
	handle(SIGTERM, on_end);
	handle(SIGINT, on_end);
	handle(SIGCHLD, on_child);
	while (!ended) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		/* with all hands busy who comes waits in the backlog */
		if (ppoll(&p, children < CHILDREN_MAX ? 1 : 0, NULL, &open) > 0)
			take(c, fd, &children);
		reap(&children);
	}
	/* what is being done is done, for a while */
	for (int64_t end = im_monotonic_ms() + END_MS; children > 0 && im_monotonic_ms() < end;) {
		struct timespec t = { .tv_nsec = 100000000 };

		(void)ppoll(NULL, 0, &t, &open);
		reap(&children);
	}
}

static enum im_status
run(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct sockaddr_un sa = { 0 };
	struct im_conf conf;
	enum im_status st;
	int fd = -1;

	(void)argc, (void)argv;
	if (geteuid() != 0)
		return im_fail(err, IM_DENIED, "intimail-helper is run by root");
	st = im_conf_load(ctx->config, &conf, err);
	if (st != IM_OK)
		return st;
	st = opt_listen ? make_socket(&conf, &sa, &fd, err) : passed_socket(&fd, err);
	/* a client that is gone before it is accepted must not stop the others */
	if (st == IM_OK && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		st = im_fail_errno(err, errno, "the socket");
	if (st == IM_OK)
		serve(&conf, fd);
	if (sa.sun_path[0] && fd >= 0)
		(void)unlink(sa.sun_path);
	im_conf_done(&conf);
	return st;
}

static const struct im_opt options[] = {
	{ .name = "listen",
	    .letter = 'l',
	    .help = "make the socket, instead of getting it from systemd",
	    .flag = &opt_listen },
	{ 0 },
};

int
main(int argc, char **argv)
{
	static const struct im_cmd cmd = {
		.name = "intimail-helper",
		.summary = "Do what needs root for the administration pages",
		.args = "",
		.opts = options,
		.run = run,
		.examples = "  intimail-helper --listen\n",
	};

	return im_cmd_main(&cmd, argc, argv);
}
