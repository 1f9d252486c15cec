/*
 * fuzz_conf.c - any file as intimail.conf: refused with one line, or read and printed the same twice
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
print(const struct im_conf *c, struct im_buf *b)
{
	size_t n;
	const struct im_conf_key *k = im_conf_keys(&n);

	for (size_t i = 0; i < n; i++) {
		im_buf_addf(b, "%s = ", k[i].name);
		if (!im_conf_get(c, k[i].name, b))
			abort();
		im_buf_addc(b, '\n');
	}
}

static enum im_status
load(const void *data, size_t n, struct im_conf *c, struct im_err *err)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	enum im_status st;
	char path[40];

	if (fd < 0 || !im_write_full(fd, data, n) || !im_fmt(path, sizeof(path), "/proc/self/fd/%d", fd))
		abort();
	st = im_conf_load(path, c, err);
	close(fd);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct im_err err = { 0 };
	struct im_buf a, b;
	struct im_conf c;

	if (load(data, n, &c, &err) != IM_OK) {
		if (err.st != IM_CONFIG || err.msg[0] == '\0')
			abort();
		return 0;
	}
	im_buf_init(&a, 2 * IM_CONF_MAX_BYTES);
	im_buf_init(&b, 2 * IM_CONF_MAX_BYTES);
	print(&c, &a);
	im_conf_done(&c);
	if (load(a.p, a.n, &c, &err) != IM_OK)
		abort();
	print(&c, &b);
	if (!im_str_eq(im_buf_str(&a), im_buf_str(&b)))
		abort();
	im_conf_done(&c);
	im_buf_done(&a);
	im_buf_done(&b);
	return 0;
}
