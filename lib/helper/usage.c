/*
 * usage.c - the quota report
 *
 * SPDX-License-Identifier: ISC
 */
#include "helper/usage.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/owner.h"
#include "directory/person.h"
#include "mail/quota.h"
#include "web/session.h"

enum { CHILD_SECONDS = 20, LOCK_MS = 500, TAIL = 32 * 1024, PEOPLE_MAX = 10000 };

/* what the child tells, in memory that both have */
struct figures {
	bool known;
	uint64_t bytes, messages;
	int64_t last_delivery;
};

/* the newest entry of an index that Postfix delivered: its id begins with the time and has the queue id behind a Q */
static int64_t
last_in(const struct im_store *s, const char *mailbox)
{
	static const char key[] = "\"id\":\""; /* before anything that a sender wrote */
	char path[IM_MAILBOX_NAME_MAX + 32], *text;
	int64_t when = 0;
	struct stat st;
	bool inbox = strcmp(mailbox, "INBOX") == 0;
	int fd;

	if (!im_fmt(path, sizeof(path), "%s%s%sindex.jsonl", inbox ? "" : ".", inbox ? "" : mailbox,
		inbox ? "" : "/"))
		return 0;
	fd = im_open_beneath(s->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return 0;
	text = im_malloc(TAIL);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		ssize_t n = im_pread_full(fd, text, TAIL, st.st_size > TAIL ? st.st_size - TAIL : 0);
		struct im_str rest = { text, n > 0 ? (size_t)n : 0 };

		while (rest.n) {
			struct im_str line = im_str_cut(&rest, '\n'), id, sec;
			const char *at = line.n ? memmem(line.p, line.n, key, sizeof(key) - 1) : NULL;
			uint64_t t;

			if (!at)
				continue;
			at += sizeof(key) - 1;
			id = (struct im_str) { at, (size_t)(line.p + line.n - at) };
			id = im_str_cut(&id, '"');
			sec = im_str_cut(&id, '.');
			if (id.n && memchr(id.p, 'Q', id.n) && im_str_u64(sec, INT64_MAX, &t))
				when = (int64_t)t > when ? (int64_t)t : when;
		}
	}
	free(text);
	close(fd);
	return when;
}

static void
look(const struct im_conf *c, const struct im_person *p, bool recount, struct figures *f)
{
	struct im_usage u = { 0 };
	struct im_err err = { 0 };
	struct im_store s;
	char **boxes;
	size_t n;
	enum im_status st = im_store_open(c->mail_root, p->uid, false, &s, &err);

	if (st == IM_NOTFOUND) {
		f->known = true; /* nothing has come yet */
		return;
	}
	if (st != IM_OK)
		return;
	if (recount && (st = im_quota_lock(&s, LOCK_MS, &err)) == IM_OK) {
		st = im_quota_recount(&s, p->quota, &u, &err);
		im_quota_unlock(&s);
	} else if (!recount) {
		st = im_quota_peek(&s, p->quota, 0, &u, &err);
	}
	f->bytes = u.bytes;
	f->messages = u.messages;
	f->known = st == IM_OK;
	if (im_mailbox_list(&s, &boxes, &n, &err) == IM_OK) {
		for (size_t i = 0; i < n; i++) {
			int64_t t = last_in(&s, boxes[i]);

			f->last_delivery = t > f->last_delivery ? t : f->last_delivery;
			free(boxes[i]);
		}
		free(boxes);
	}
	im_store_close(&s);
}

static enum im_status
look_at_all(const struct im_conf *c, const struct im_person *p, int n, bool recount, struct figures *f,
    struct im_err *err)
{
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		return im_fail_errno(err, errno, "a process for reading the mailboxes");
	if (pid == 0) {
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(CHILD_SECONDS);
		if (im_become_owner_of(c->mail_root, c->mail_user, err) != IM_OK)
			_exit(1);
		for (int i = 0; i < n; i++)
			look(c, &p[i], recount, &f[i]);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* the alarm: what was found out until then is told */
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return im_fail(err, IM_CONFIG, "%s does not belong to %s: run intimail-setup", c->mail_root,
		    c->mail_user);
	return IM_OK;
}

static void
put_person(const struct im_conf *c, const struct im_person *p, const struct figures *f, struct im_arena *a,
    struct im_value *list)
{
	struct im_value *v = im_v_add_object(a, list);

	im_v_set_str(a, v, "uid", p->uid);
	im_v_set_str(a, v, "name", p->name);
	if (f->known)
		im_v_set_int(a, v, "used", (int64_t)f->bytes);
	else
		im_v_set_null(a, v, "used");
	im_v_set_int(a, v, "of", (int64_t)p->quota);
	im_v_set_int(a, v, "messages", (int64_t)f->messages);
	im_v_set_int(a, v, "last_delivery", f->last_delivery);
	im_v_set_int(a, v, "last_sign_in", im_last_sign_in(c, p->uid));
}

static enum im_status
find_people(const struct im_conf *c, const char *uid, struct im_arena *a, struct im_person **ret, int *ret_n,
    struct im_err *err)
{
	struct im_dir *d;
	enum im_status st = im_dir_open(c, &d, err);

	if (st != IM_OK)
		return st;
	if (uid) {
		*ret = im_arena_alloc(a, sizeof(**ret));
		*ret_n = 1;
		st = im_person_get(d, uid, a, *ret, err);
	} else {
		st = im_person_list(d, a, ret, ret_n, err);
	}
	im_dir_close(d);
	return st;
}

static enum im_status
report(const struct im_conf *c, const char *uid, bool recount, struct im_arena *a, struct im_value *list,
    struct im_err *err)
{
	struct im_person *people = NULL;
	struct figures *f;
	size_t size;
	int n = 0;
	enum im_status st = find_people(c, uid, a, &people, &n, err);

	if (st != IM_OK)
		return st;
	n = n < PEOPLE_MAX ? n : PEOPLE_MAX;
	size = (size_t)(n + 1) * sizeof(*f);
	f = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f == MAP_FAILED)
		return im_fail_errno(err, errno, "memory for %d people", n);
	st = look_at_all(c, people, n, recount, f, err);
	for (int i = 0; st == IM_OK && i < n; i++)
		put_person(c, &people[i], &f[i], a, list);
	(void)munmap(f, size);
	return st;
}

enum im_status
im_helper_usage(const struct im_conf *conf, const char *uid, struct im_arena *a, struct im_value *list,
    struct im_err *err)
{
	return report(conf, uid, false, a, list, err);
}

enum im_status
im_helper_recount(const struct im_conf *conf, const char *uid, struct im_arena *a, struct im_value *list,
    struct im_err *err)
{
	return report(conf, uid, true, a, list, err);
}
