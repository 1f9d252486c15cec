/*
 * certificate.c - a first certificate, so that the servers start; a real one replaces it later
 *
 * ECDSA on P-256, self-signed, for the names of the configuration. lighttpd re-reads the key as its own user when it
 * reloads: the key is readable for its group. Postfix reads it as root.
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/proc.h"
#include "setup/plan.h"

enum { OPENSSL_MS = 60000, PEM_MAX = 64 * 1024, DAYS = 3650 };

static enum im_status
make(struct im_plan *p, const char *key, const char *cert, struct im_err *err)
{
	const struct im_conf *c = p->conf;
	const char *argv[] = { "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:P-256", "-nodes", "-sha256", "-days", im_arena_fmt(&p->arena, "%d", DAYS),
		"-subj", im_arena_fmt(&p->arena, "/CN=%s", c->hostname), "-addext",
		im_arena_fmt(&p->arena, "subjectAltName=DNS:%s,DNS:%s%s", c->hostname, c->domain,
		    im_conf_private(c) ? ",DNS:localhost,IP:127.0.0.1" : ""),
		"-keyout", key, "-out", cert, NULL };
	struct im_proc_opts o = { .timeout_ms = OPENSSL_MS };
	struct im_buf out;
	enum im_status st;

	im_buf_init(&out, PEM_MAX);
	st = im_proc_run(argv, &o, &out, err);
	im_buf_done(&out);
	return st == IM_OK ? IM_OK : im_err_prefix(err, "making a certificate");
}

enum im_status
im_plan_certificate(struct im_plan *p, struct im_err *err)
{
	const char *key = im_plan_path(p, "@tls_key@", err), *cert = im_plan_path(p, "@tls_cert@", err);
	const char *new_key, *new_cert;
	enum im_status st;

	if (!key || !cert)
		return err->st;
	if (access(key, F_OK) == 0 && access(cert, F_OK) == 0)
		return IM_OK;
	/* the certificate is put last: where it is, the key is */
	new_key = im_arena_fmt(&p->arena, "%s.new", key);
	new_cert = im_arena_fmt(&p->arena, "%s.new", cert);
	st = make(p, new_key, new_cert, err);
	if (st == IM_OK)
		st = im_put_copy(p->put, new_key, key, im_plan_owner(p, 0640, IM_WHO_ROOT, IM_WHO_WEB), err);
	if (st == IM_OK)
		st = im_put_copy(
		    p->put, new_cert, cert, im_plan_owner(p, 0644, IM_WHO_ROOT, IM_WHO_ROOT), err);
	(void)unlink(new_key);
	(void)unlink(new_cert);
	return st;
}
