/*
 * check_session.c - sessions as files, tokens, the keys of the sign-in page
 *
 * SPDX-License-Identifier: ISC
 */
#include "web/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "unit.h"
#include "web/token.h"

static char dir[64];
static struct im_conf conf;

/* a state directory of its own for each test: they run in processes of their own */
static void
begin(void)
{
	struct im_err err;

	snprintf(dir, sizeof dir, "/tmp/im-session-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	conf = (struct im_conf) {
		.state_dir = dir, .domain = "example.org", .session_idle = 7200, .session_lifetime = 43200
	};
	for (size_t i = 0; i < 2; i++) {
		char path[96];

		snprintf(path, sizeof path, "%s/%s", dir, i ? "throttle" : "sessions");
		ck_assert(im_mkdirs(path, 0700, &err) == IM_OK);
	}
}

static void
end(void)
{
	char path[400];

	for (size_t i = 0; i < 2; i++) {
		struct dirent *e;
		DIR *d;

		snprintf(path, sizeof path, "%s/%s", dir, i ? "throttle" : "sessions");
		d = opendir(path);
		while (d && (e = readdir(d)) != NULL)
			unlinkat(dirfd(d), e->d_name, 0);
		if (d)
			closedir(d);
		rmdir(path);
	}
	rmdir(dir);
}

static char *
file_of(const char *token)
{
	static char path[200];
	char hash[IM_HASH_HEX_CHARS + 1];

	im_token_hash(im_str(token), hash);
	snprintf(path, sizeof path, "%s/sessions/%s", dir, hash);
	return path;
}

static enum im_status
load(const char *token, struct im_session *s)
{
	struct im_err err;

	return im_session_load(&conf, token, s, &err);
}

START_TEST(life)
{
	struct im_arena a = { 0 };
	struct im_session s, again;
	struct im_err err;
	const char *token, *other;
	struct stat st;

	begin();
	ck_assert_msg(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &token, &err) == IM_OK,
	    "%s", err.msg);
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &other, &err) == IM_OK);
	ck_assert_str_ne(token, other);
	ck_assert(im_token_valid(token));
	ck_assert(load(token, &s) == IM_OK);
	ck_assert_str_eq(s.uid, "alice");
	ck_assert(llabs((long long)(s.created - time(NULL))) <= 2);
	ck_assert(load(other, &again) == IM_OK);
	ck_assert_mem_ne(s.secret, again.secret, sizeof s.secret);
	/* the group reads and touches, nobody else */
	ck_assert_int_eq(stat(file_of(token), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0660);
	im_session_end(&conf, &s);
	ck_assert(load(token, &s) == IM_DENIED);
	ck_assert(load(other, &s) == IM_OK);
	im_arena_done(&a);
	end();
}
END_TEST

static const char *const forged[] = {
	NULL,
	"",
	"x",
	"../../../../etc/passwd",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/",
	"\xff\xfe",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
};

START_TEST(forged_is_denied)
{
	struct im_session s;

	begin();
	ck_assert(load(forged[_i], &s) == IM_DENIED);
	end();
}
END_TEST

/* the name of the file is no token, nor is its content */
START_TEST(stolen_directory_is_useless)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_session s;
	struct im_buf b;
	const char *token;

	begin();
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &token, &err) == IM_OK);
	im_buf_init(&b, 1000);
	ck_assert(im_read_file(AT_FDCWD, file_of(token), 1000, &b, &err) == IM_OK);
	ck_assert(strstr(b.p, token) == NULL);
	ck_assert(strstr(file_of(token), token) == NULL);
	ck_assert(load(strrchr(file_of(token), '/') + 1, &s) == IM_DENIED);
	im_buf_done(&b);
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(limits)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_session s;
	const char *token;
	struct stat st;
	time_t now = time(NULL);

	begin();
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &token, &err) == IM_OK);
	/* used 100 s ago: touched; 10 s ago: left alone */
	for (int ago = 100; ago > 0; ago -= 90) {
		struct timespec t[2] = { { .tv_sec = now - ago }, { .tv_sec = now - ago } };

		ck_assert_int_eq(utimensat(AT_FDCWD, file_of(token), t, 0), 0);
		ck_assert(load(token, &s) == IM_OK);
		ck_assert_int_eq(stat(file_of(token), &st), 0);
		ck_assert_int_eq(st.st_mtime >= now, ago == 100);
	}
	conf.session_lifetime = -1; /* as if created long ago */
	ck_assert(load(token, &s) == IM_DENIED);
	ck_assert_int_eq(access(file_of(token), F_OK), -1);
	conf.session_lifetime = 43200;
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &token, &err) == IM_OK);
	ck_assert_int_eq(utimensat(AT_FDCWD, file_of(token),
			     (struct timespec[2]) { { .tv_sec = now - 7300 }, { .tv_sec = now - 7300 } }, 0),
	    0);
	ck_assert(load(token, &s) == IM_DENIED);
	ck_assert_int_eq(access(file_of(token), F_OK), -1);
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(sweep)
{
	struct im_arena a = { 0 };
	struct im_err err;
	const char *old, *fresh;
	char old_file[200];
	time_t then = time(NULL) - 7300;

	begin();
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &old, &err) == IM_OK);
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &fresh, &err) == IM_OK);
	snprintf(old_file, sizeof old_file, "%s", file_of(old));
	ck_assert_int_eq(
	    utimensat(AT_FDCWD, old_file, (struct timespec[2]) { { .tv_sec = then }, { .tv_sec = then } }, 0),
	    0);
	im_session_sweep(&conf);
	ck_assert_int_eq(access(old_file, F_OK), -1);
	ck_assert_int_eq(access(file_of(fresh), F_OK), 0);
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(end_all)
{
	struct im_arena a = { 0 };
	struct im_err err;
	struct im_session s;
	const char *t[4];
	char link[200];
	int n;

	begin();
	for (int i = 0; i < 4; i++)
		ck_assert(
		    im_session_create(&conf, &(struct im_session_new) { .uid = i == 2 ? "alicia" : "alice" },
			&a, &t[i], &err) == IM_OK);
	snprintf(link, sizeof link, "%s/sessions/fifo", dir);
	ck_assert_int_eq(mkfifo(link, 0600), 0);
	ck_assert_msg(im_session_end_all(&conf, "alice", &n, &err) == IM_OK, "%s", err.msg);
	ck_assert_int_eq(n, 3);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(load(t[i], &s), i == 2 ? IM_OK : IM_DENIED);
	ck_assert(im_session_end_all(&conf, "", &n, &err) == IM_OK);
	ck_assert_int_eq(n, 0);
	conf.state_dir = "/nonexistent";
	ck_assert(im_session_end_all(&conf, "alice", &n, &err) == IM_OK);
	conf.state_dir = dir;
	im_arena_done(&a);
	end();
}
END_TEST

static void
set_back(const char *token, int seconds)
{
	struct timespec t = { .tv_sec = time(NULL) - seconds };

	ck_assert_int_eq(utimensat(AT_FDCWD, file_of(token), (struct timespec[2]) { t, t }, 0), 0);
}

/* what a session knows of its person, and how that changes */
START_TEST(preferences)
{
	struct im_session_new n = { .uid = "alice",
		.ends = time(NULL) + 100,
		.language = "fr",
		.look = "dark",
		.density = "compact\nlook=light",
		.timezone = "Europe/Paris",
		.address = "192.0.2.7",
		.agent = "Mozilla/5.0 (Linux; Android 14) <script> Chrome/130.0 Mobile Safari/537.36" };
	struct im_arena a = { 0 };
	const char *token, *bobs;
	struct im_session s;
	struct im_err err;

	begin();
	ck_assert(im_session_create(&conf, &n, &a, &token, &err) == IM_OK);
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "bob" }, &a, &bobs, &err) == IM_OK);
	ck_assert(load(token, &s) == IM_OK);
	ck_assert_str_eq(s.language, "fr");
	ck_assert_str_eq(s.look, "dark");
	ck_assert_str_eq(s.density, "");
	ck_assert_str_eq(s.timezone, "Europe/Paris");
	ck_assert_str_eq(s.address, "192.0.2.7");
	ck_assert_str_eq(s.agent, "Chrome, Android");
	ck_assert(!s.admin && s.ends == n.ends);
	set_back(token, 30);
	n = (struct im_session_new) { .uid = "alice", .look = "light", .admin = true, .timezone = "../x" };
	ck_assert_msg(im_session_update(&conf, &n, &err) == IM_OK, "%s", err.msg);
	ck_assert(load(token, &s) == IM_OK);
	ck_assert_str_eq(s.look, "light");
	ck_assert_str_eq(s.timezone, "");
	ck_assert(s.admin && s.ends > 0);
	ck_assert(llabs((long long)(s.used - (time(NULL) - 30))) <= 2); /* not as if it had been used */
	ck_assert(load(bobs, &s) == IM_OK && !s.admin && !s.look[0]);
	n.ends = time(NULL);
	ck_assert(im_session_update(&conf, &n, &err) == IM_OK);
	ck_assert(load(token, &s) == IM_DENIED); /* its account has ended */
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(one_by_one)
{
	struct im_arena a = { 0 };
	struct im_session s, mine, *list;
	const char *t[4];
	struct im_err err;
	char id[IM_SESSION_ID_CHARS + 1];
	int n;

	begin();
	for (int i = 0; i < 4; i++) {
		ck_assert(
		    im_session_create(&conf, &(struct im_session_new) { .uid = i == 3 ? "bob" : "alice" }, &a,
			&t[i], &err) == IM_OK);
		set_back(t[i], 10 * (i + 1));
	}
	ck_assert(im_session_list(&conf, "alice", &a, &list, &n, &err) == IM_OK && n == 3);
	ck_assert(list[0].used > list[1].used && list[1].used > list[2].used);
	/* somebody else's cannot be ended by its name */
	ck_assert(load(t[3], &s) == IM_OK);
	snprintf(id, sizeof id, "%.16s", s.token_hash);
	ck_assert(im_session_end_one(&conf, "alice", id, &err) == IM_NOTFOUND);
	ck_assert(im_session_end_one(&conf, "bob", "", &err) == IM_NOTFOUND);
	ck_assert(im_session_end_one(&conf, "bob", id, &err) == IM_OK);
	ck_assert(load(t[3], &s) == IM_DENIED);
	ck_assert(load(t[1], &mine) == IM_OK);
	ck_assert(im_session_end_others(&conf, &mine, &n, &err) == IM_OK && n == 2);
	ck_assert(load(t[0], &s) == IM_DENIED && load(t[1], &s) == IM_OK);
	im_arena_done(&a);
	end();
}
END_TEST

#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define TAIL "\n0\nlang=fr\n::1\n"

static const struct content {
	const char *text;
	bool ok;
} contents[] = {
	{ "2\nalice\n1700000000\n" HEX64 TAIL "browser\n", true },
	{ "2\nalice\n1700000000\n" HEX64 TAIL "b", true },
	{ "", false },
	{ "1\nalice\n1700000000\n" HEX64 "\n", false }, /* of the version before */
	{ "3\nalice\n1700000000\n" HEX64 TAIL "b\n", false },
	{ "2\n\n1700000000\n" HEX64 TAIL "b\n", false },
	{ "2\n../bob\n1700000000\n" HEX64 TAIL "b\n", false },
	{ "2\nAlice\n1700000000\n" HEX64 TAIL "b\n", false },
	{ "2\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n1700000000\n" HEX64 TAIL
	  "b\n",
	    false },
	{ "2\nalice\n-5\n" HEX64 TAIL "b\n", false },
	{ "2\nalice\n99999999999999999999\n" HEX64 TAIL "b\n", false },
	{ "2\nalice\n1700000000\n00" TAIL "b\n", false },
	{ "2\nalice\n1700000000\nZ" HEX64 TAIL "b\n", false },
	{ "2\nalice\n1700000000\n" HEX64 TAIL "b\nmore", false },
	{ "2\nalice\n1700000000\n" HEX64 "\n1\nlang=fr\n::1\nb\n", false }, /* ended in 1970 */
	{ "2\nalice\n1700000000\n" HEX64 "\nx\nlang=fr\n::1\nb\n", false },
	{ HEX64 HEX64 HEX64 HEX64 HEX64, false },
};

START_TEST(broken_files)
{
	static const char token[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct im_session s;
	struct im_err err;

	begin();
	conf.session_lifetime = INT32_MAX;
	ck_assert(im_replace_file(AT_FDCWD, file_of(token), 0600, im_str(contents[_i].text), &err) == IM_OK);
	ck_assert_int_eq(load(token, &s) == IM_OK, contents[_i].ok);
	if (contents[_i].ok) {
		/* cut anywhere it is refused, but for the last line end */
		size_t n = strlen("2\nalice\n1700000000\n" HEX64 TAIL);

		for (size_t i = 0; i < n; i++) {
			ck_assert(im_replace_file(AT_FDCWD, file_of(token), 0600,
				      (struct im_str) { contents[_i].text, i }, &err) == IM_OK);
			ck_assert(load(token, &s) == IM_DENIED);
		}
	}
	end();
}
END_TEST

START_TEST(links_and_devices)
{
	static const char token[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	char target[200];
	struct im_session s;
	struct im_err err;

	begin();
	snprintf(target, sizeof target, "%s/sessions/x", dir);
	ck_assert(im_replace_file(AT_FDCWD, target, 0600, IM_STR("2\nalice\n1700000000\n" HEX64 TAIL "b\n"),
		      &err) == IM_OK);
	ck_assert_int_eq(symlink("x", file_of(token)), 0);
	ck_assert(load(token, &s) != IM_OK);
	unlink(file_of(token));
	ck_assert_int_eq(mkfifo(file_of(token), 0600), 0); /* must not hang */
	ck_assert(load(token, &s) == IM_DENIED);
	end();
}
END_TEST

/* "cannot be read" is not "not signed in": else a broken server looks like a forgotten password */
START_TEST(unreadable_is_no_denial)
{
	static char nowhere[300];
	struct im_session s;

	begin();
	memset(nowhere, 'x', sizeof nowhere - 1);
	nowhere[0] = '/';
	conf.state_dir = nowhere; /* ENAMETOOLONG, also for root */
	ck_assert(load("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &s) != IM_DENIED);
	conf.state_dir = dir;
	end();
}
END_TEST

START_TEST(csrf)
{
	struct im_arena a = { 0 };
	struct im_session s, t;
	struct im_err err;
	const char *one, *two;
	char *bent;

	begin();
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "alice" }, &a, &one, &err) == IM_OK);
	ck_assert(
	    im_session_create(&conf, &(struct im_session_new) { .uid = "bob" }, &a, &two, &err) == IM_OK);
	ck_assert(load(one, &s) == IM_OK && load(two, &t) == IM_OK);
	ck_assert(im_token_eq(im_session_csrf(&s, &a), im_session_csrf(&s, &a)));
	ck_assert(!im_token_eq(im_session_csrf(&s, &a), im_session_csrf(&t, &a)));
	ck_assert(!im_token_eq(im_session_csrf(&s, &a), one));
	for (size_t i = 0; i < IM_TOKEN_CHARS; i++) {
		bent = im_arena_strdup(&a, im_session_csrf(&s, &a));
		bent[i] = bent[i] == 'A' ? 'B' : 'A';
		ck_assert(!im_token_eq(im_session_csrf(&s, &a), bent));
	}
	im_arena_done(&a);
	end();
}
END_TEST

START_TEST(masked)
{
	char token[IM_TOKEN_CHARS + 1], one[IM_MASKED_CHARS + 1], two[IM_MASKED_CHARS + 1],
	    back[IM_TOKEN_CHARS + 1];
	struct im_arena a = { 0 };
	struct im_err err;

	begin();
	ck_assert(im_token_new(token, &err) == IM_OK);
	ck_assert(im_token_mask(token, one, &err) == IM_OK && im_token_mask(token, two, &err) == IM_OK);
	ck_assert_str_ne(one, two);
	ck_assert(im_token_unmask(one, back));
	ck_assert_str_eq(back, token);
	ck_assert(im_token_unmask(two, back));
	ck_assert_str_eq(back, token);
	one[IM_TOKEN_CHARS + 7] = one[IM_TOKEN_CHARS + 7] == 'A' ? 'B' : 'A';
	ck_assert(im_token_unmask(one, back));
	ck_assert_str_ne(back, token);
	/* no form of a masked token */
	ck_assert(!im_token_unmask(NULL, back));
	ck_assert(!im_token_unmask("", back));
	ck_assert(!im_token_unmask(token, back));
	two[0] = '=';
	ck_assert(!im_token_unmask(two, back));
	im_arena_done(&a);
	end();
}
END_TEST

/* the second value is Python's: base64.urlsafe_b64encode(hmac.new(bytes(range(32)), b'csrf\0text', 'sha256').digest()) */
START_TEST(known_values)
{
	unsigned char key[IM_KEY_BYTES];
	char token[IM_TOKEN_CHARS + 1], hash[IM_HASH_HEX_CHARS + 1];

	im_token_hash(IM_STR("abc"), hash); /* FIPS 180-2, B.1 */
	ck_assert_str_eq(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = (unsigned char)i;
	im_token_mac(key, "csrf", "text", token);
	ck_assert_str_eq(token, "nEFeODSEiwYgBh9wCSta7durcWGKiXArfOJn_DGjs48");
	im_token_encode(key, token);
	ck_assert_str_eq(token, "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
}
END_TEST

START_TEST(server_key)
{
	struct im_arena a = { 0 };
	const char *one, *two, *other;
	struct im_err err;
	struct stat st;
	char path[96];

	begin();
	ck_assert(im_presession_csrf(&conf, IM_PLACE_SIGN_IN, "cookie", &a, &one, &err) == IM_OK);
	ck_assert(im_presession_csrf(&conf, IM_PLACE_SIGN_IN, "cookie", &a, &two, &err) == IM_OK);
	ck_assert(im_presession_csrf(&conf, IM_PLACE_SIGN_IN, "cookif", &a, &other, &err) == IM_OK);
	ck_assert_str_eq(one, two);
	ck_assert_str_ne(one, other);
	ck_assert(im_device_token(&conf, "cookie", &a, &two, &err) == IM_OK);
	ck_assert_str_ne(one, two); /* purposes are apart */
	snprintf(path, sizeof path, "%s/throttle/key", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert(im_replace_file(AT_FDCWD, path, 0600, IM_STR("short"), &err) == IM_OK);
	ck_assert(im_presession_csrf(&conf, IM_PLACE_SIGN_IN, "cookie", &a, &one, &err) == IM_CONFIG);
	im_arena_done(&a);
	end();
}
END_TEST

/* many at once make one key */
START_TEST(server_key_race)
{
	enum { CROWD = 16, ROUNDS = 30 };
	char tokens[CROWD][IM_TOKEN_CHARS], path[96];
	int go[2], said[2], status;

	begin();
	snprintf(path, sizeof path, "%s/throttle/key", dir);
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert(pipe(go) == 0 && pipe(said) == 0);
		for (int i = 0; i < CROWD; i++) {
			struct im_arena a = { 0 };
			struct im_err err;
			const char *t;
			char c;

			if (fork() != 0)
				continue;
			close(go[1]);
			(void)!read(go[0], &c, 1); /* until all are there */
			_exit(im_presession_csrf(&conf, IM_PLACE_SIGN_IN, "c", &a, &t, &err) != IM_OK ||
			      write(said[1], t, IM_TOKEN_CHARS) != IM_TOKEN_CHARS);
		}
		close(go[0]);
		close(go[1]);
		for (int i = 0; i < CROWD; i++) {
			ck_assert_int_gt(wait(&status), 0);
			ck_assert_int_eq(status, 0);
			ck_assert_int_eq(read(said[0], tokens[i], IM_TOKEN_CHARS), IM_TOKEN_CHARS);
			ck_assert_mem_eq(tokens[0], tokens[i], IM_TOKEN_CHARS);
		}
		close(said[0]);
		close(said[1]);
		ck_assert_int_eq(unlink(path), 0);
	}
	end();
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ life, 0, 0 },
		{ forged_is_denied, IM_COUNT(forged), 0 },
		{ stolen_directory_is_useless, 0, 0 },
		{ limits, 0, 0 },
		{ sweep, 0, 0 },
		{ end_all, 0, 0 },
		{ preferences, 0, 0 },
		{ one_by_one, 0, 0 },
		{ broken_files, IM_COUNT(contents), 0 },
		{ links_and_devices, 0, 0 },
		{ unreadable_is_no_denial, 0, 0 },
		{ csrf, 0, 0 },
		{ masked, 0, 0 },
		{ known_values, 0, 0 },
		{ server_key, 0, 0 },
		{ server_key_race, 0, 0 },
	};

	return unit_main("session", tests, IM_COUNT(tests));
}
