/*
 * check_index_random.c - whatever happens to a mailbox, the list equals a fresh listing of the directories
 *
 * Random sequences of our own changes, of changes by another program, of damage to the index, and of processes killed
 * in the middle of our own changes. INTIMAIL_TEST_SEED repeats a run, INTIMAIL_TEST_ROUNDS makes it longer.
 *
 * SPDX-License-Identifier: ISC
 */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "mailbox_fixture.h"

static unsigned seed;

static unsigned
dice(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

/* some file of the mailbox; false when there is none */
struct some {
	char file[IM_MSG_NAME_MAX + 1], id[IM_MSG_NAME_MAX + 1];
	bool is_new;
	unsigned seen;
};

static bool
maybe_this(const struct im_msg_name *name, const char *file, bool is_new, void *arg)
{
	struct some *s = arg;

	if (dice(++s->seen) == 0) {
		memcpy(s->file, file, strlen(file) + 1);
		memset(s->id, 0, sizeof(s->id));
		memcpy(s->id, name->id.p, name->id.n);
		s->is_new = is_new;
	}
	return true;
}

static bool
some_message(struct fixture *f, const struct im_mailbox *b, struct some *s)
{
	s->seen = 0;
	ck_assert_int_eq(im_maildir_each(b, maybe_this, s, &f->err), IM_OK);
	return s->seen > 0;
}

/* --- what may happen --- */

static void
our_change(struct fixture *f, const struct im_mailbox *other)
{
	static const char *const sets[] = { "S", "R", "F", "ST", "DFPRST", "ab", "SRFDPTabcdefgh", "" };
	struct im_mailbox const *from = dice(4) == 0 ? other : &f->box;
	enum im_status st = IM_OK;
	struct im_err err;
	struct some s;
	uint64_t size;

	if (dice(3) == 0 || !some_message(f, from, &s)) {
		(void)fixture_deliver_to(f, from, "", dice(8) == 0 ? sets[dice(8)] : NULL, NULL);
		return;
	}
	switch (dice(4)) {
	case 0:
	case 1:
		st = im_index_set_flags(from, s.id, sets[dice(8)], dice(2) == 0 ? sets[dice(8)] : "", &err);
		break;
	case 2:
		st = im_index_move(from, from == other ? &f->box : other, s.id, &err);
		break;
	case 3:
		st = im_index_remove(from, s.id, &size, &err);
		break;
	}
	ck_assert_msg(st == IM_OK, "%s", err.msg);
}

static void
foreign_change(struct fixture *f)
{
	static const char *const infos[] = { ":2,", ":2,S", ":2,SR", ":2,RS", ":2,FSaz", ":2,T" };
	const struct im_mailbox *b = &f->box;
	char name[IM_MSG_NAME_MAX + 64], id[64];
	struct some s;
	bool is_new = dice(2) == 0;

	if (dice(3) == 0 || !some_message(f, b, &s)) {
		switch (dice(3)) {
		case 0: /* without a time */
			ck_assert(
			    im_fmt(id, sizeof(id), "message-%u%s", dice(1000000), dice(2) ? "" : "\\\"x"));
			break;
		case 1: /* older than all */
			ck_assert(im_fmt(id, sizeof(id), "%u.M%uP1.elsewhere", 1000000000 + dice(100000000),
			    dice(1000000)));
			break;
		default:
			ck_assert(im_fmt(id, sizeof(id), "%lld.M%uP1Q%u.elsewhere", (long long)time(NULL),
			    dice(1000000), dice(99)));
		}
		ck_assert(im_fmt(name, sizeof(name), "%s%s", id, is_new ? "" : infos[dice(6)]));
		fixture_foreign(f, b, is_new, name);
	} else if (dice(3) == 0) {
		(void)unlinkat(s.is_new ? b->new_fd : b->cur_fd, s.file, 0);
	} else {
		ck_assert(im_fmt(name, sizeof(name), "%s%s", s.id, infos[dice(6)]));
		(void)renameat(s.is_new ? b->new_fd : b->cur_fd, s.file, b->cur_fd, name);
	}
}

static void
damage(struct fixture *f)
{
	char path[128], junk[64] = { 0 };
	struct stat st;
	off_t at;
	int fd;

	ck_assert(im_fmt(path, sizeof(path), "%s/ann/Maildir/index.jsonl", f->root));
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	ck_assert_int_eq(fstat(fd, &st), 0);
	at = st.st_size > 0 ? (off_t)dice((unsigned)st.st_size) : 0;
	switch (dice(6)) {
	case 0:
		ck_assert_int_eq(ftruncate(fd, at), 0);
		break;
	case 1: /* a bit */
		ck_assert(pread(fd, junk, 1, at) >= 0);
		junk[0] ^= (char)(1 << dice(8));
		ck_assert_int_eq(pwrite(fd, junk, 1, at), 1);
		break;
	case 2: /* NULs */
		ck_assert_int_eq(pwrite(fd, junk, dice(sizeof(junk)) + 1, at) > 0, 1);
		break;
	case 3:
		ck_assert_int_eq(unlink(path), 0);
		break;
	case 4: /* a torn append */
		ck_assert_int_eq(pwrite(fd, "{\"in\":\"new\",\"stat", 17, st.st_size), 17);
		break;
	case 5: /* a huge line */
		ck_assert_int_eq(ftruncate(fd, st.st_size + 100000), 0);
		break;
	}
	close(fd);
}

/* a process that changes things is killed at some moment */
static void
killed(struct fixture *f, const struct im_mailbox *other)
{
	struct timespec pause = { .tv_nsec = (long)dice(400000) };
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		seed += (unsigned)getpid();
		for (;;)
			our_change(f, other);
	}
	(void)nanosleep(&pause, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	f->n += 1000;
}

static void
run(unsigned first_seed, int rounds, unsigned weight_damage)
{
	struct im_mailbox other;
	struct fixture f;

	seed = first_seed;
	fixture_init(&f);
	ck_assert_int_eq(im_mailbox_open(&f.store, "Other", true, &other, &f.err), IM_OK);
	for (int i = 0; i < rounds; i++) {
		/* several between two looks, so that they meet in one reconciliation */
		for (unsigned k = dice(6) + 1; k > 0; k--) {
			unsigned what = dice(20 + weight_damage);

			if (what < 10)
				our_change(&f, &other);
			else if (what < 17)
				foreign_change(&f);
			else if (what < 20)
				killed(&f, &other);
			else
				damage(&f);
		}
		fixture_right(&f, &f.box);
		fixture_right(&f, &other);
	}
	im_mailbox_close(&other);
	fixture_done(&f);
}

START_TEST(random_changes)
{
	const char *s = getenv("INTIMAIL_TEST_SEED"), *r = getenv("INTIMAIL_TEST_ROUNDS");
	unsigned first = s != NULL ? (unsigned)strtoul(s, NULL, 10) : (unsigned)(time(NULL) + _i);

	fprintf(stderr, "# INTIMAIL_TEST_SEED=%u\n", first);
	run(first, r != NULL ? (int)strtol(r, NULL, 10) : 120, _i % 2 == 0 ? 4 : 0);
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = { { random_changes, 4, 0 } };

	return unit_main("index_random", tests, IM_COUNT(tests));
}
