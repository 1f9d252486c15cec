/*
 * start.c - intimail-private start
 *
 * SPDX-License-Identifier: ISC
 */
#include "private.h"

#include <stdio.h>
#include <unistd.h>

#include "base/proc.h"
#include "setup/private.h"
#include "setup/server.h"
#include "setup/setup.h"

static void
changed(void *verbose, const char *path)
{
	if (*(const bool *)verbose)
		fprintf(stderr, "intimail-private: wrote %s\n", path);
}

static unsigned
count_running(const struct im_server servers[static IM_NSERVERS])
{
	unsigned n = 0;

	for (size_t i = 0; i < IM_NSERVERS; i++)
		n += im_server_pid(&servers[i]) != 0;
	return n;
}

/* queue files whose names do not fit their inodes (the directory was copied) are renamed, as "postfix start" does */
static enum im_status
mend_queue(const struct im_conf *c, struct im_arena *a, struct im_err *err)
{
	const char *const argv[] = { "postsuper", "-c", im_arena_fmt(a, "%s/postfix", c->etc_dir), NULL };
	struct im_proc_opts o = { .timeout_ms = 60000 };
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, 16384);
	st = im_proc_run(argv, &o, &out, err);
	im_buf_done(&out);
	return st == IM_OK ? IM_OK : im_err_prefix(err, "Postfix's queue");
}

static void
stop_all(const struct im_server servers[static IM_NSERVERS])
{
	struct im_err ignored;

	for (size_t i = IM_NSERVERS; i-- > 0;)
		(void)!im_server_stop(&servers[i], &ignored);
}

static enum im_status
start_all(
    const struct im_cmd_ctx *ctx, const struct im_server servers[static IM_NSERVERS], struct im_err *err)
{
	enum im_status st = IM_OK;
	struct im_buf tail;

	im_buf_init(&tail, 8192);
	for (size_t i = 0; st == IM_OK && i < IM_NSERVERS; i++) {
		if (ctx->verbose)
			fprintf(stderr, "intimail-private: starting %s\n", servers[i].name);
		st = im_server_start(&servers[i], &tail, err);
		if (st != IM_OK) {
			fprintf(stderr, "intimail-private: %s did not start; the end of %s:\n%s",
			    servers[i].name, servers[i].log, tail.n ? tail.p : "(nothing was written)\n");
			stop_all(servers);
		}
	}
	im_buf_done(&tail);
	return st;
}

/* under the lock of the directory; conf may be loaded anew */
static enum im_status
start(const struct im_cmd_ctx *ctx, struct im_conf *conf, struct im_arena *a, struct im_err *err)
{
	struct im_put put = { .changed = changed, .arg = (void *)(uintptr_t)&ctx->verbose };
	struct im_server servers[IM_NSERVERS];
	struct im_sources src;
	enum im_status st;
	unsigned running;

	im_servers(conf, a, servers);
	running = count_running(servers);
	if (running == IM_NSERVERS)
		return IM_OK;
	if (running > 0) /* a part of it was killed: all start with the same configuration */
		stop_all(servers);
	st = im_sources_find(private_opts.source, a, &src, err);
	if (st == IM_OK)
		st = im_private_ports(conf, err);
	if (st == IM_OK)
		st = im_setup_apply(conf, &src, &put, err);
	if (st == IM_OK)
		st = mend_queue(conf, a, err);
	if (st != IM_OK)
		return st;
	im_servers(conf, a, servers);
	return start_all(ctx, servers, err);
}

enum im_status
cmd_start(struct im_cmd_ctx *ctx, int argc, char **argv, struct im_err *err)
{
	struct im_arena arena = { 0 };
	struct im_conf conf;
	enum im_status st;
	int lock;

	(void)argc;
	if (geteuid() != 0)
		return im_fail(
		    err, IM_DENIED, "only root can start the servers as their users: run it with sudo");
	st = private_conf(ctx, argv[0], private_opts.domain, &conf, err);
	if (st != IM_OK)
		return st == IM_NOTFOUND && !private_opts.domain
			   ? im_err_prefix(err, "--domain NAME makes a new one")
			   : st;
	lock = im_private_lock(&conf, err);
	st = lock < 0 ? err->st : start(ctx, &conf, &arena, err);
	if (st == IM_OK)
		(void)private_show(ctx, &conf);
	if (lock >= 0)
		close(lock);
	im_arena_done(&arena);
	im_conf_done(&conf);
	return st;
}
