/*
 * private.c - a private server: its directory, its intimail.conf, its ports
 *
 * Ports are looked for below the range from which the kernel takes those of outgoing connections, so that none of these
 * takes one between two starts.
 *
 * SPDX-License-Identifier: ISC
 */
#include "setup/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

enum { PORT_FIRST = 18000, PORT_LAST = 31999, PORT_TRIES = 500, NPORTS = 4, LOCK_MS = 120000 };

#define LISTEN "127.0.0.1"

static bool
port_free(const char *address, int port)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	bool v4 = inet_pton(AF_INET, address, &a4.sin_addr) == 1;
	int fd, on = 1, rc;

	if (!v4 && inet_pton(AF_INET6, address, &a6.sin6_addr) != 1)
		return false;
	fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	/* as the servers do: connections of a server that ended are no reason for another port */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	rc = bind(fd, v4 ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6, v4 ? sizeof(a4) : sizeof(a6));
	if (rc == 0)
		rc = listen(fd, 1);
	close(fd);
	return rc == 0;
}

static enum im_status
pick_port(const char *address, const int *taken, size_t ntaken, int *ret, struct im_err *err)
{
	for (int i = 0; i < PORT_TRIES; i++) {
		uint32_t r = 0;
		bool ours = false;
		int port;

		if (getrandom(&r, sizeof(r), 0) != sizeof(r))
			return im_fail_errno(err, errno, "random number");
		port = PORT_FIRST + (int)(r % (PORT_LAST - PORT_FIRST + 1));
		for (size_t k = 0; k < ntaken; k++)
			ours = ours || taken[k] == port;
		if (!ours && port_free(address, port)) {
			*ret = port;
			return IM_OK;
		}
	}
	return im_fail(
	    err, IM_TEMP, "no free port found on %s between %d and %d", address, PORT_FIRST, PORT_LAST);
}

static enum im_status
pick_ports(const char *address, int ports[static NPORTS], struct im_err *err)
{
	enum im_status st = IM_OK;

	for (size_t i = 0; st == IM_OK && i < NPORTS; i++)
		if (ports[i] == 0)
			st = pick_port(address, ports, NPORTS, &ports[i], err);
	return st;
}

static enum im_status
write_conf(const char *file, struct im_buf *text, struct im_err *err)
{
	enum im_status st = im_replace_file(AT_FDCWD, file, 0644, im_buf_str(text), err);

	if (st != IM_OK)
		return st;
	/* every program reads it, whatever the umask of the one who made it */
	return chmod(file, 0644) == 0 ? IM_OK : im_fail_errno(err, errno, "%s", file);
}

/* of two who make the same new server at once, the first one's file stays */
static enum im_status
publish(const char *made, const char *file, bool *ret_ours, struct im_err *err)
{
	*ret_ours = renameat2(AT_FDCWD, made, AT_FDCWD, file, RENAME_NOREPLACE) == 0;
	if (*ret_ours)
		return IM_OK;
	enum im_status st = errno == EEXIST ? IM_OK : im_fail_errno(err, errno, "%s", file);

	(void)unlink(made);
	return st;
}

static enum im_status
new_conf(const char *root, const char *file, const char *domain, bool *ret_ours, struct im_err *err)
{
	int ports[NPORTS] = { 0 };
	char made[4096];
	struct im_buf b;
	enum im_status st = pick_ports(LISTEN, ports, err);

	if (st != IM_OK)
		return st;
	if (domain[strcspn(domain, "\r\n#")] != '\0')
		return im_fail(err, IM_INVALID, "%s: not a domain name", domain);
	if (!im_fmt(made, sizeof(made), "%s.%ld", file, (long)getpid()))
		return im_fail(err, IM_INVALID, "%s: the path is too long", file);
	im_buf_init(&b, IM_CONF_MAX_BYTES);
	im_buf_addf(&b,
	    "# A private intimail server; every key is explained in intimail.conf(5).\n"
	    "domain = %s\nroot = %s\nlisten = " LISTEN "\nsmtp_port = %d\nhttp_port = %d\nhttps_port = %d\n"
	    "submit_port = %d\n",
	    domain, root, ports[0], ports[1], ports[2], ports[3]);
	st = write_conf(made, &b, err);
	im_buf_done(&b);
	return st == IM_OK ? publish(made, file, ret_ours, err) : st;
}

/* the directory made and named absolutely: owned by caller, or NULL with err */
static char *
open_root(const char *dir, bool make, struct im_err *err)
{
	bool made = make && access(dir, F_OK) != 0;
	mode_t mask = umask(022);
	enum im_status st = make ? im_mkdirs(dir, 0755, err) : IM_OK;
	char *root;

	umask(mask);
	if (st != IM_OK)
		return NULL;
	root = realpath(dir, NULL);
	if (!root) {
		(void)im_fail_errno(err, errno, "private server %s", dir);
		return NULL;
	}
	if (strcmp(root, "/") == 0)
		st = im_fail(err, IM_INVALID, "/ cannot be the directory of a private server");
	else
		st = im_place_name(root, err);
	if (st == IM_OK)
		return root;
	if (made)
		(void)rmdir(root);
	free(root);
	return NULL;
}

static enum im_status
make_conf(const char *root, const char *file, const char *domain, bool *ret_ours, struct im_err *err)
{
	char etc[4096];
	mode_t mask;
	enum im_status st;

	if (!im_fmt(etc, sizeof(etc), "%s/etc/intimail", root))
		return im_fail(err, IM_INVALID, "%s: the path is too long", root);
	mask = umask(022);
	st = im_mkdirs(etc, 0755, err);
	umask(mask);
	return st == IM_OK ? new_conf(root, file, domain, ret_ours, err) : st;
}

static enum im_status
load(const char *root, const char *file, const char *domain, struct im_conf *ret, struct im_err *err)
{
	enum im_status st = im_conf_load(file, ret, err);

	if (st != IM_OK)
		return st;
	if (strcmp(ret->root, root) != 0)
		st = im_fail(err, IM_CONFIG, "%s: root = %s, but the file is in %s: was the directory moved?",
		    file, ret->root, root);
	else if (domain && strcmp(ret->domain, domain) != 0)
		st = im_fail(err, IM_CONFLICT,
		    "%s serves the domain %s already, not %s: choose another directory", root, ret->domain,
		    domain);
	if (st != IM_OK)
		im_conf_done(ret);
	return st;
}

enum im_status
im_private_open(const char *dir, const char *domain, struct im_conf *ret, struct im_err *err)
{
	char *root = open_root(dir, domain != NULL, err), file[4096];
	enum im_status st = IM_OK;
	bool ours = false;

	if (!root)
		return err->st;
	if (!im_fmt(file, sizeof(file), "%s/etc/intimail/intimail.conf", root))
		st = im_fail(err, IM_INVALID, "%s: the path is too long", root);
	else if (access(file, F_OK) != 0 && domain)
		st = make_conf(root, file, domain, &ours, err);
	else if (access(file, F_OK) != 0)
		st = im_fail(err, IM_NOTFOUND,
		    "%s is no private server (there is no etc/intimail/intimail.conf)", root);
	if (st == IM_OK)
		st = load(root, file, domain, ret, err);
	if (st != IM_OK && ours)
		(void)unlink(file);
	free(root);
	return st;
}

/* the text of a configuration with the values of some keys replaced where they stand, or added */
static void
replace_ports(struct im_str text, const char *const keys[static NPORTS], const int ports[static NPORTS],
    struct im_buf *out)
{
	bool seen[NPORTS] = { false };

	while (text.n > 0) {
		struct im_str line = im_str_cut(&text, '\n'), rest = line;
		struct im_str key = im_str_trim(im_str_cut(&rest, '='));
		size_t i = 0;

		while (i < NPORTS && !im_str_is(key, keys[i]))
			i++;
		if (i < NPORTS && !seen[i]) {
			im_buf_addf(out, "%s = %d\n", keys[i], ports[i]);
			seen[i] = true;
		} else if (i == NPORTS) {
			im_buf_add_str(out, line);
			im_buf_addc(out, '\n');
		}
	}
	for (size_t i = 0; i < NPORTS; i++)
		if (!seen[i])
			im_buf_addf(out, "%s = %d\n", keys[i], ports[i]);
}

static enum im_status
rewrite_ports(const struct im_conf *c, const int ports[static NPORTS], struct im_err *err)
{
	static const char *const keys[NPORTS] = { "smtp_port", "http_port", "https_port", "submit_port" };
	struct im_buf text, out;
	enum im_status st;

	im_buf_init(&text, IM_CONF_MAX_BYTES);
	im_buf_init(&out, IM_CONF_MAX_BYTES);
	st = im_read_file(AT_FDCWD, c->file, IM_CONF_MAX_BYTES, &text, err);
	if (st == IM_OK) {
		replace_ports(im_buf_str(&text), keys, ports, &out);
		st = write_conf(c->file, &out, err);
	}
	im_buf_done(&out);
	im_buf_done(&text);
	return st;
}

enum im_status
im_private_ports(struct im_conf *c, struct im_err *err)
{
	int ports[NPORTS] = { c->smtp_port, c->http_port, c->https_port, c->submit_port };
	struct im_conf again;
	bool all_free = true;
	enum im_status st;

	for (size_t i = 0; i < NPORTS; i++) {
		if (!port_free(c->listen, ports[i])) {
			ports[i] = 0;
			all_free = false;
		}
	}
	if (all_free)
		return IM_OK;
	st = pick_ports(c->listen, ports, err);
	if (st == IM_OK)
		st = rewrite_ports(c, ports, err);
	if (st == IM_OK)
		st = im_conf_load(c->file, &again, err);
	if (st != IM_OK)
		return st;
	im_conf_done(c);
	*c = again;
	return IM_OK;
}

int
im_private_lock(const struct im_conf *c, struct im_err *err)
{
	char path[4096];
	int fd;

	if (!im_fmt(path, sizeof(path), "%s/.lock", c->root)) {
		(void)im_fail(err, IM_INVALID, "%s: the path is too long", c->root);
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		(void)im_fail_errno(err, errno, "%s", path);
		return -1;
	}
	if (im_lock(fd, true, LOCK_MS, err) != IM_OK) {
		(void)im_err_prefix(
		    err, "the private server in %s is being started or stopped by somebody else", c->root);
		close(fd);
		return -1;
	}
	return fd;
}
