/*
 * fuzz_cookie.c - any bytes as a Cookie field, an Accept-Language field, and the content of a session file
 *
 * SPDX-License-Identifier: ISC
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/maildir.h"
#include "web/form.h"
#include "web/i18n.h"
#include "web/session.h"
#include "web/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char token[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
static char dir[] = "/tmp/im-fuzz-XXXXXX", file[200];

static void
tidy(void)
{
	char path[64];

	unlink(file);
	snprintf(path, sizeof path, "%s/sessions", dir);
	rmdir(path);
	rmdir(dir);
}

/* a directory for the life of the program */
static void
prepare(void)
{
	char path[64], hash[IM_HASH_HEX_CHARS + 1];

	if (file[0])
		return;
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof path, "%s/sessions", dir);
	if (mkdir(path, 0700) < 0)
		abort();
	im_token_hash(im_str(token), hash);
	snprintf(file, sizeof file, "%s/%s", path, hash);
	atexit(tidy);
}

static void
check_session(const uint8_t *data, size_t size)
{
	struct im_conf c = { .state_dir = dir, .session_idle = INT32_MAX, .session_lifetime = INT32_MAX };
	struct im_session s;
	struct im_err err;
	int fd;

	prepare();
	fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (im_session_load(&c, token, &s, &err) == IM_OK && !im_uid_valid(s.uid))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct im_arena a = { 0 };
	const char *field = im_arena_strndup(&a, (const char *)data, size);
	const char *value = im_cookie_get(field, "__Host-im", &a);

	for (const char *p = value; p && *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f || *p == ';')
			abort();
	if (im_token_valid(value) && strlen(value) != IM_TOKEN_CHARS)
		abort();
	if (strcmp(im_lang_code(im_lang_choose("/nonexistent", field, "en", &a)), "en") != 0)
		abort();
	check_session(data, size);
	im_arena_done(&a);
	return 0;
}
