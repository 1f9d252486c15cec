/*
 * throttle.c - how often somebody may try to sign in
 *
 * One small file for each account, network and for all together, named by a hash (what is typed never becomes a
 * file name). No process sleeps for it: the answer says how long to wait. Whoever tries again in the meantime is
 * refused without being counted, so the owner is never locked out longer than the current delay.
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "web/token.h"

enum { FORGET_S = 3600, LOCK_WAIT_MS = 2000, SWEEP_MAX = 200 };

static const struct rule {
	const char *what;
	uint32_t free; /* tries without delay */
	int most;      /* seconds */
	bool device_passes;
} rules[] = {
	{ "account", 5, 60, true },
	{ "network", 20, 60, false },
	{ "all", 200, 1, true },
};

enum { NRULES = IM_COUNT(rules) };

/* the file; a short or foreign one counts as empty */
struct record {
	uint32_t magic, tries;
	int64_t last;
};
static const uint32_t MAGIC = 0x31746d69; /* "imt1" */

const char *
im_throttle_account(const struct im_conf *c, const char *typed, struct im_arena *a)
{
	char *account = im_arena_strdup(a, typed), *at;

	for (char *p = account; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	at = strrchr(account, '@');
	if (at && strcmp(at + 1, c->domain) == 0)
		*at = '\0';
	return account;
}

/* network - the first 24 bits of an IPv4 address, 64 of an IPv6 one; what is neither is one network */
static size_t
network(const char *addr, unsigned char dst[static 16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char ip[16] = { 0 };

	if (addr && inet_pton(AF_INET, addr, ip) == 1) {
		memcpy(dst, ip, 3);
		return 3;
	}
	if (!addr || inet_pton(AF_INET6, addr, ip) != 1)
		return 0;
	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		memcpy(dst, ip + 12, 3);
		return 3;
	}
	memcpy(dst, ip, 8);
	return 8;
}

static const char *
place_of(const struct im_throttle_who *w)
{
	return w->place ? w->place : IM_PLACE_SIGN_IN;
}

static int
open_record(const struct im_conf *c, const struct im_throttle_who *w, size_t rule, struct im_err *err)
{
	char path[4096], hash[IM_HASH_HEX_CHARS + 1];
	unsigned char net[16];
	struct im_str of = { "", 0 };
	struct im_arena a = { 0 };
	int fd = -1;

	if (rule == 0)
		of = im_str(im_throttle_account(c, w->account, &a));
	else if (rule == 1)
		of = (struct im_str) { (const char *)net, network(w->addr, net) };
	im_token_hash(of, hash);
	hash[32] = '\0';
	im_arena_done(&a);
	if (!im_fmt(path, sizeof path, "%s/%s/%s-%s", c->state_dir, place_of(w), rules[rule].what, hash)) {
		im_fail(err, IM_CONFIG, "state_dir is too long");
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		im_fail_errno(err, errno, "open %s/%s", c->state_dir, place_of(w));
		return -1;
	}
	if (im_lock(fd, true, LOCK_WAIT_MS, err) != IM_OK) {
		im_err_prefix(err, "sign-in throttle");
		close(fd);
		return -1;
	}
	return fd;
}

static void
read_record(int fd, int64_t now, struct record *r)
{
	if (im_pread_full(fd, r, sizeof *r, 0) != sizeof *r || r->magic != MAGIC || now - r->last > FORGET_S)
		*r = (struct record) { .magic = MAGIC };
	if (r->last > now) /* the clock was set back */
		r->last = now;
}

static int
wait_for(const struct rule *rule, const struct record *r, int64_t now)
{
	uint32_t over = r->tries < rule->free ? 0 : r->tries - rule->free + 1;
	int64_t delay = over > 16 ? rule->most : (1 << over) / 2;

	if (delay > rule->most)
		delay = rule->most;
	return now - r->last >= delay ? 0 : (int)(delay - (now - r->last));
}

enum im_status
im_throttle_admit(const struct im_conf *c, const struct im_throttle_who *w, int *ret_wait, struct im_err *err)
{
	struct record records[NRULES];
	int fds[NRULES], wait = 0;
	int64_t now = im_now();
	enum im_status st = IM_OK;
	size_t n = 0;

	/* all locked, always in the same order, before one is counted */
	for (; n < NRULES; n++) {
		fds[n] = open_record(c, w, n, err);
		if (fds[n] < 0) {
			st = err->st;
			break;
		}
		read_record(fds[n], now, &records[n]);
		if (!(rules[n].device_passes && w->known_device)) {
			int one = wait_for(&rules[n], &records[n], now);

			wait = one > wait ? one : wait;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (st == IM_OK && wait == 0) {
			records[i].tries++;
			records[i].last = now;
			if (!im_pwrite_full(fds[i], &records[i], sizeof records[i], 0))
				st = im_fail_errno(err, errno, "write %s/%s", c->state_dir, place_of(w));
		}
		close(fds[i]);
	}
	if (st == IM_OK)
		*ret_wait = wait;
	return st;
}

/* take_back - the try that was counted; with 'forget' the account starts anew */
static void
take_back(const struct im_conf *c, const struct im_throttle_who *w, bool forget)
{
	struct im_err err;
	struct record r;

	for (size_t i = 0; i < NRULES; i++) {
		int fd = open_record(c, w, i, &err);

		if (fd < 0)
			continue;
		read_record(fd, im_now(), &r);
		r.tries = (forget && i == 0) || r.tries == 0 ? 0 : r.tries - 1;
		(void)im_pwrite_full(fd, &r, sizeof r, 0);
		close(fd);
	}
}

/* sweep - files that count nothing any more */
static void
sweep(const struct im_conf *c, const char *place)
{
	int64_t limit = im_now() - 24 * FORGET_S;
	struct dirent *entry;
	char path[4096];
	struct stat st;
	DIR *dir;

	if (!im_fmt(path, sizeof path, "%s/%s", c->state_dir, place) || (dir = opendir(path)) == NULL)
		return;
	for (int i = 0; i < SWEEP_MAX && (entry = readdir(dir)) != NULL; i++) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "key") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && st.st_mtime < limit)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	closedir(dir);
}

void
im_throttle_ok(const struct im_conf *c, const struct im_throttle_who *w)
{
	take_back(c, w, true);
	sweep(c, place_of(w));
}

void
im_throttle_undo(const struct im_conf *c, const struct im_throttle_who *w)
{
	take_back(c, w, false);
}
