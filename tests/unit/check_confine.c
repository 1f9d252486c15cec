/*
 * check_confine.c - what a confined program still can do, and what not (the attacks run as root here)
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/confine.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"

#include "unit.h"

static int calls = IM_CALLS_LOCAL; /* what confined() leaves */

static char box[] = "/tmp/check_confine.XXXXXX";

static void
path(char dst[static 100], const char *below)
{
	ck_assert(im_fmt(dst, 100, "%s/%s", box, below));
}

static void
make_box(void)
{
	static const char *const dirs[] = { "mine", "mine/tmp", "mine/new", "other" };
	struct im_err err = { 0 };
	char p[100];

	ck_assert_ptr_nonnull(mkdtemp(box));
	for (size_t i = 0; i < IM_COUNT(dirs); i++) {
		path(p, dirs[i]);
		ck_assert_int_eq(im_mkdirs(p, 0700, &err), IM_OK);
	}
	path(p, "other/secret");
	ck_assert_int_eq(im_replace_file(AT_FDCWD, p, 0644, IM_STR("secret"), &err), IM_OK);
}

static void
remove_box(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", box, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static void
confine(void)
{
	char mine[100], gone[100];
	struct im_err err = { 0 };
	struct im_confine_path paths[] = {
		{ mine, IM_PATH_WRITE },
		{ gone, IM_PATH_READ },
		{ "/usr", IM_PATH_READ },
		{ "/lib", IM_PATH_READ },
		{ "/dev/null", IM_PATH_WRITE },
	};
	struct im_confine c = { .paths = paths,
		.npaths = IM_COUNT(paths),
		.calls = calls,
		.cpu_s = 10,
		.as_bytes = 512 << 20,
		.file_bytes = 1 << 20 };

	path(mine, "mine");
	path(gone, "not/there");
	ck_assert_msg(im_confine(&c, &err) == IM_OK, "%s", err.msg);
}

/* run fn confined in a child; its exit status, or 128 + the signal that ended it */
static int
confined(int (*fn)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		confine();
		_exit(fn());
	}
	ck_assert(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define MUST(x)                                                                                      \
	do {                                                                                         \
		if (!(x)) {                                                                          \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x, strerror(errno)); \
			return 1;                                                                    \
		}                                                                                    \
	} while (0)

/* all that the page programs do after it */
static int
honest(void)
{
	char a[100], b[100], d[100];
	iconv_t cd;
	int fd, lock;
	void *p;

	path(a, "mine/tmp/1");
	path(b, "mine/new/1");
	path(d, "mine/new");
	MUST((fd = open(a, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) >= 0);
	MUST(im_write_full(fd, "text", 4) && fsync(fd) == 0 && ftruncate(fd, 2) == 0);
	MUST(im_pwrite_full(fd, "x", 1, 0) && lseek(fd, 0, SEEK_SET) == 0);
	MUST((p = mmap(NULL, 2, PROT_READ, MAP_SHARED, fd, 0)) != MAP_FAILED && munmap(p, 2) == 0);
	MUST(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_NOREPLACE) == 0);
	MUST((lock = open(d, O_RDONLY | O_DIRECTORY)) >= 0 && flock(lock, 2) == 0 && fsync(lock) == 0);
	MUST(im_open_beneath(lock, "1", O_RDONLY, 0) >= 0);
	MUST(utimensat(AT_FDCWD, d, (struct timespec[2]) { { 1, 0 }, { 1, 0 } }, 0) == 0);
	MUST(fcntl(lock, F_SETSIG, SIGRTMAX) == 0 && fcntl(lock, F_NOTIFY, DN_CREATE) == 0 &&
	     close(lock) == 0);
	MUST(link(b, a) == 0 && rename(a, b) == 0 && unlink(b) == 0);
	path(a, "mine/dir");
	MUST(mkdir(a, 0700) == 0 && rmdir(a) == 0);
	MUST((fd = open("/dev/null", O_RDWR)) >= 0);
	MUST((cd = iconv_open("UTF-8", "ISO-2022-JP")) != (iconv_t)-1 && iconv_close(cd) == 0);
	MUST((cd = iconv_open("UTF-8", "KOI8-R")) != (iconv_t)-1 && iconv_close(cd) == 0);
	MUST(malloc(10000000) != NULL);
	MUST(im_now() > 0 && getpid() > 0);
	MUST(access("/usr/share", R_OK) == 0);
	MUST(printf("%s", "") == 0 && fflush(stdout) == 0);
	return 0;
}

START_TEST(honest_work)
{
	make_box();
	ck_assert_int_eq(confined(honest), 0);
	remove_box();
}
END_TEST

/* 1 when it could be done */
static int
read_other(void)
{
	char p[100];

	path(p, "other/secret");
	return open(p, O_RDONLY) >= 0;
}

static int
truncate_other(void)
{
	char p[100];

	path(p, "other/secret");
	return truncate(p, 0) == 0 || open(p, O_WRONLY | O_TRUNC) >= 0;
}

static int
read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static int
list_root(void)
{
	return open("/", O_RDONLY | O_DIRECTORY) >= 0;
}

static int
write_usr(void)
{
	return open("/usr/share/check_confine", O_WRONLY | O_CREAT, 0600) >= 0;
}

static int
move_out(void)
{
	char a[100], b[100];

	path(a, "mine/x");
	path(b, "other/x");
	close(open(a, O_WRONLY | O_CREAT, 0600));
	return rename(a, b) == 0 || link(a, b) == 0;
}

static int
make_link(void)
{
	char a[100];

	path(a, "mine/link");
	return symlink("/etc/passwd", a) == 0;
}

static int
change_mode(void)
{
	char a[100];

	path(a, "mine");
	return chmod(a, 0777) == 0 || chown(a, 1, 1) == 0;
}

static int
fork_it(void)
{
	return fork() >= 0;
}

static int
signal_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static int
map_code(void)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, anon, -1, 0);

	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, anon, -1, 0) != MAP_FAILED ||
	       mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static int
type_into_terminal(void)
{
	return ioctl(0, TIOCSTI, "x") == 0 || errno != ENOTTY;
}

static int
get_ids(void)
{
	return setuid(1) == 0 || setgid(1) == 0;
}

static int
open_handle(void)
{
	return syscall(SYS_open_by_handle_at, -1, NULL, 0) >= 0 || errno != EPERM;
}

static int (*const denied[])(void) = { read_other, truncate_other, read_passwd, list_root, write_usr,
	move_out, make_link, change_mode, fork_it, signal_parent, map_code, type_into_terminal, get_ids,
	open_handle };

START_TEST(attack_denied)
{
	make_box();
	ck_assert_int_eq(confined(denied[_i]), 0);
	remove_box();
}
END_TEST

static int
exec_it(void)
{
	execl("/usr/bin/true", "true", NULL);
	return 1;
}

static int
open_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int
open_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static int
trace_it(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static int
use_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0;
}

static int
use_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) >= 0;
}

static int (*const killed[])(void) = { exec_it, open_socket, open_unix_socket, trace_it, use_uring, use_bpf };

START_TEST(attack_killed)
{
	make_box();
	ck_assert_int_eq(confined(killed[_i]), 128 + SIGSYS);
	remove_box();
}
END_TEST

/* what a client does, libldap for one, with the server below */
static int
talk(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX }, peer;
	socklen_t len = sizeof peer;
	struct pollfd pfd = { .events = POLLIN };
	struct msghdr msg = { .msg_iov = &(struct iovec) { (char[]) { "b" }, 1 }, .msg_iovlen = 1 };
	char got[1], own[100];
	int fd, on = 1, soerr = -1;
	socklen_t four = sizeof soerr;

	path(sun.sun_path, "mine/server");
	MUST((fd = pfd.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0);
	MUST(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) == 0 &&
	     fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	MUST(connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0);
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &soerr, &four) == 0 && soerr == 0);
	MUST(getpeername(fd, (struct sockaddr *)&peer, &len) == 0);
	MUST(getsockname(fd, (struct sockaddr *)&peer, &len) == 0);
	MUST(send(fd, "a", 1, MSG_NOSIGNAL) == 1 && sendmsg(fd, &msg, MSG_NOSIGNAL) == 1 &&
	     write(fd, "c", 1) == 1);
	MUST(poll(&pfd, 1, 5000) == 1 && recv(fd, got, 1, 0) == 1 && got[0] == 'x');
	MUST(shutdown(fd, SHUT_RDWR) == 0 && close(fd) == 0);
	path(own, "mine/session");
	MUST((fd = open(own, O_WRONLY | O_CREAT | O_EXCL, 0600)) >= 0 && fchmod(fd, 0660) == 0);
	MUST(fchmod(fd, S_ISUID | 0700) < 0 && errno == EPERM && fchmod(fd, S_ISGID | 0700) < 0 &&
	     errno == EPERM);
	return honest();
}

/* nor may it be a server, or speak to anything but local ones. Not killed: libraries try what there is */
static int
other_sockets(void)
{
	static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK, AF_ALG };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int pair[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);

	for (size_t i = 0; i < IM_COUNT(families); i++)
		MUST(socket(families[i], SOCK_STREAM, 0) < 0 && errno == EPERM);
	/* the kernel looks at the low half of the argument only */
	MUST(syscall(SYS_socket, UINT64_C(1) << 32 | AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 && errno == EPERM);
	path(sun.sun_path, "mine/listening");
	MUST(bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0 && errno == EPERM);
	MUST(listen(fd, 1) < 0 && errno == EPERM);
	MUST(accept(fd, NULL, NULL) < 0 && errno == EPERM);
	return 0;
}

static int
server(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path(sun.sun_path, "mine/server");
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	if (fork() == 0) {
		int c = accept(fd, NULL, NULL);

		_exit(c >= 0 && write(c, "x", 1) == 1 && im_read_full(c, &(char[3]) { 0 }, 3) == 3 ? 0 : 1);
	}
	return fd;
}

START_TEST(client_of_local_servers)
{
	int status, fd;

	make_box();
	calls = IM_CALLS_UNIX;
	fd = server();
	ck_assert_int_eq(confined(talk), 0);
	ck_assert(wait(&status) > 0 && status == 0);
	close(fd);
	ck_assert_int_eq(confined(other_sockets), 0);
	ck_assert_int_eq(confined(exec_it), 128 + SIGSYS);
	ck_assert_int_eq(confined(trace_it), 128 + SIGSYS);
	ck_assert_int_eq(confined(map_code), 0);
	calls = IM_CALLS_LOCAL;
	remove_box();
}
END_TEST

static int
grow_file(void)
{
	static char block[65536];
	char a[100];
	int fd, i;

	path(a, "mine/big");
	fd = open(a, O_WRONLY | O_CREAT, 0600);
	for (i = 0; i < 100 && im_write_full(fd, block, sizeof(block)); i++)
		;
	return i == 16 && errno == EFBIG ? 0 : 1;
}

static int
spin(void)
{
	setrlimit(RLIMIT_CPU, &(struct rlimit) { 1, 1 });
	for (volatile int i = 0; i >= 0; i = 1)
		;
	return 1;
}

static int
eat_memory(void)
{
	return malloc((size_t)600 << 20) != NULL;
}

START_TEST(limits)
{
	make_box();
	ck_assert_int_eq(confined(grow_file), 0);
	ck_assert_int_ge(confined(spin), 128);
	ck_assert_int_eq(confined(eat_memory), 0);
	remove_box();
}
END_TEST

START_TEST(link_as_root_of_writes)
{
	struct im_confine_path paths[] = { { NULL, IM_PATH_WRITE } };
	struct im_confine c = { .paths = paths, .npaths = 1 };
	struct im_err err = { 0 };
	char p[100];

	make_box();
	path(p, "link");
	ck_assert(symlink("/etc", p) == 0);
	paths[0].path = p;
	if (im_landlock_abi() >= 2)
		ck_assert_int_eq(im_confine(&c, &err), IM_DENIED);
	remove_box();
}
END_TEST

int
main(void)
{
	const struct unit_test tests[] = {
		{ honest_work },
		{ attack_denied, IM_COUNT(denied) },
		{ attack_killed, IM_COUNT(killed) },
		{ client_of_local_servers },
		{ limits },
		{ link_as_root_of_writes },
	};

	/* a sanitizer needs the system calls that are taken away: the filter is not there then */
#ifdef __SANITIZE_ADDRESS__
	return unit_main("confine", tests, 1);
#endif
	if (im_landlock_abi() < 2) {
		puts("confine: skipped, this kernel has no usable Landlock");
		return EXIT_SUCCESS;
	}
	return unit_main("confine", tests, IM_COUNT(tests));
}
