/*
 * seccomp.c - the filter: tables of system calls, compiled to BPF as a bit map
 *
 * Loading is most of the cost for a program that lives a millisecond, and it grows with the instructions: a list of
 * comparisons needs 250 us, a search tree 75 us, the bit map 35 us. 32 numbers share a word: find the word, shift, test.
 *
 * A program may have memory that is writable or executable, never both (mmap), and may not make memory executable
 * later (mprotect). So libc can still load a charset module, and an attacker cannot bring code.
 *
 * SPDX-License-Identifier: ISC
 */
#include "base/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* a sanitizer needs system calls of its own (it forks and traces at the end) */
#if defined(ARCH) && !defined(__SANITIZE_ADDRESS__)

#define NR(name) __NR_##name

static const uint16_t allowed[] = {
	/* descriptors */
	NR(read),
	NR(write),
	NR(readv),
	NR(writev),
	NR(pread64),
	NR(pwrite64),
	NR(preadv),
	NR(pwritev),
	NR(lseek),
	NR(close),
	NR(close_range),
	NR(dup),
	NR(dup3),
	NR(fcntl),
	NR(pipe2),
	NR(sendfile),
	NR(copy_file_range),
	NR(splice),
	NR(ppoll),
	NR(pselect6),
	/* files; Landlock decides which */
	NR(openat),
	NR(openat2),
	NR(newfstatat),
	NR(fstat),
	NR(statx),
	NR(faccessat),
	NR(faccessat2),
	NR(readlinkat),
	NR(getdents64),
	NR(renameat),
	NR(renameat2),
	NR(unlinkat),
	NR(linkat),
	NR(mkdirat),
	NR(fsync),
	NR(fdatasync),
	NR(memfd_create),
	NR(sync_file_range),
	NR(flock),
	NR(ftruncate),
	NR(fallocate),
	NR(fadvise64),
	NR(utimensat),
	NR(statfs),
	NR(fstatfs),
	NR(getcwd),
	NR(umask),
	/* memory; mmap and mprotect below */
	NR(munmap),
	NR(mremap),
	NR(madvise),
	NR(msync),
	NR(brk),
	/* time */
	NR(clock_gettime),
	NR(clock_getres),
	NR(clock_nanosleep),
	NR(nanosleep),
	NR(gettimeofday),
	NR(setitimer),
	NR(getitimer),
	NR(times),
	/* itself */
	NR(getrandom),
	NR(futex),
	NR(sched_yield),
	NR(sched_getaffinity),
	NR(restart_syscall),
	NR(exit),
	NR(exit_group),
	NR(rt_sigaction),
	NR(rt_sigprocmask),
	NR(rt_sigreturn),
	NR(rt_sigpending),
	NR(rt_sigtimedwait),
	NR(sigaltstack),
	NR(getpid),
	NR(getppid),
	NR(gettid),
	NR(getuid),
	NR(geteuid),
	NR(getgid),
	NR(getegid),
	NR(getgroups),
	NR(prlimit64),
	NR(getrlimit),
	NR(getrusage),
	NR(uname),
	NR(sysinfo),
	NR(getcpu),
#ifdef __x86_64__ /* older names that newer machines do not have */
	NR(open),
	NR(stat),
	NR(lstat),
	NR(access),
	NR(readlink),
	NR(getdents),
	NR(rename),
	NR(unlink),
	NR(link),
	NR(mkdir),
	NR(rmdir),
	NR(creat),
	NR(poll),
	NR(select),
	NR(pipe),
	NR(dup2),
	NR(time),
	NR(alarm),
#endif
};

/* a client of a local server as well; socket below */
static const uint16_t client[] = {
	NR(connect),
	NR(accept4), /* of a socket that listens already: neither bind nor listen is here */
	NR(shutdown),
	NR(sendto),
	NR(sendmsg),
	NR(recvfrom),
	NR(recvmsg),
	NR(getsockopt),
	NR(setsockopt),
	NR(getsockname),
	NR(getpeername),
};

/*
 * Nobody who is honest comes here: the process ends, which is seen in the log. What is in neither table fails with
 * EPERM, which confines as well; so the list is short, as every instruction of a filter costs time to load it.
 */
static const uint16_t killed[] = {
	NR(execve),
	NR(execveat),
	NR(ptrace),
	NR(process_vm_writev),
	NR(socket),
	NR(bpf),
	NR(io_uring_setup),
	NR(mount),
};

enum { WORDS = 16, MAX_CODE = 256 };

struct program {
	struct sock_filter code[MAX_CODE];
	size_t n;
};

static void
put(struct program *p, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (p->n < MAX_CODE)
		p->code[p->n++] = (struct sock_filter) { code, jt, jf, k };
}

static void
put_return(struct program *p, uint32_t k)
{
	put(p, BPF_RET | BPF_K, 0, 0, k);
}

static void
put_load_nr(struct program *p)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
}

/* both machines are little-endian: the low half of an argument comes first */
static void
put_load_arg(struct program *p, unsigned arg)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t)));
}

/* what follows, up to end_case, is for this system call only; the number is in A, and again behind it */
static size_t
begin_case(struct program *p, uint32_t nr, unsigned arg)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, nr);
	put_load_arg(p, arg);
	return p->n - 2;
}

static void
end_case(struct program *p, size_t begin)
{
	put_return(p, SECCOMP_RET_ALLOW);
	p->code[begin].jf = (uint8_t)(p->n - begin - 1);
}

/* the calls whose arguments decide */
static void
put_cases(struct program *p, bool unix_sockets)
{
	const uint32_t wx = PROT_WRITE | PROT_EXEC;
	size_t at;

	at = begin_case(p, NR(mmap), 2);
	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, wx);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, wx);
	put_return(p, SECCOMP_RET_ERRNO | EPERM);
	end_case(p, at);

	at = begin_case(p, NR(mprotect), 2);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC);
	put_return(p, SECCOMP_RET_ERRNO | EPERM);
	end_case(p, at);

	/* stdio asks whether it writes to a terminal: it does not */
	at = begin_case(p, NR(ioctl), 1);
	put_return(p, SECCOMP_RET_ERRNO | ENOTTY);
	end_case(p, at);

	if (!unix_sockets)
		return; /* killed */
	at = begin_case(p, NR(socket), 0);
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AF_UNIX);
	put_return(p, SECCOMP_RET_ERRNO | EPERM);
	end_case(p, at);

	/* a session file is for two users, whatever the umask; set-id bits are for nobody */
	at = begin_case(p, NR(fchmod), 1);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, (uint32_t)~0777);
	put_return(p, SECCOMP_RET_ERRNO | EPERM);
	end_case(p, at);
}

/* false: a number beyond the table */
static bool
set_bits(uint32_t words[WORDS], const uint16_t *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (calls[i] / 32 >= WORDS)
			return false;
		words[calls[i] / 32] |= UINT32_C(1) << calls[i] % 32;
	}
	return true;
}

/* RET ALLOW when the number's bit is set in words; else on to what follows. The number is in A before, not behind */
static void
put_bitmap(struct program *p, const uint32_t words[WORDS])
{
	size_t jumps[WORDS], n = 0;

	put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, 31);
	put(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	put_load_nr(p);
	put(p, BPF_ALU | BPF_RSH | BPF_K, 0, 0, 5);
	for (uint32_t w = 0; w < WORDS; w++) {
		if (words[w] == 0)
			continue;
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 2, w);
		put(p, BPF_LD | BPF_IMM, 0, 0, words[w]);
		jumps[n++] = p->n;
		put(p, BPF_JMP | BPF_JA, 0, 0, 0);
	}
	put(p, BPF_LD | BPF_IMM, 0, 0, 0); /* a number in no word */
	while (n-- > 0)
		p->code[jumps[n]].k = (uint32_t)(p->n - jumps[n] - 1);
	put(p, BPF_ALU | BPF_RSH | BPF_X, 0, 0, 0);
	put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1);
	put_return(p, SECCOMP_RET_ALLOW);
}

static bool
build(struct program *p, bool unix_sockets)
{
	uint32_t words[WORDS] = { 0 };
	size_t n = IM_COUNT(killed);

	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put_load_nr(p);
	put_cases(p, unix_sockets);
	if (!set_bits(words, allowed, IM_COUNT(allowed)) ||
	    (unix_sockets && !set_bits(words, client, IM_COUNT(client))))
		return false;
	put_bitmap(p, words);
	put_load_nr(p);
	for (size_t i = 0; i < n; i++)
		put(p, BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(n - i), 0, killed[i]);
	put_return(p, SECCOMP_RET_ERRNO | EPERM);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	return p->n < MAX_CODE;
}

enum im_status
im_seccomp(bool unix_sockets, bool required, struct im_err *err)
{
	struct program p;
	struct sock_fprog prog;

	p.n = 0;
	if (!build(&p, unix_sockets))
		return im_fail(err, IM_BUG, "confine: a number beyond the table of system calls");
	prog = (struct sock_fprog) { (unsigned short)p.n, p.code };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return IM_OK;
	if (errno == ENOSYS || errno == EINVAL) /* a kernel without it */
		return required ? im_fail(err, IM_CONFIG,
				      "this kernel has no seccomp filters, and sandbox_required = yes")
				: IM_OK;
	return im_fail_errno(err, errno, "confine: filter of system calls");
}

#else

enum im_status
im_seccomp(bool unix_sockets, bool required, struct im_err *err)
{
	(void)unix_sockets;
#ifdef __SANITIZE_ADDRESS__
	required = false;
#endif
	return required
		   ? im_fail(err, IM_CONFIG,
			 "there is no filter of system calls for this machine, and sandbox_required = yes")
		   : IM_OK;
}

#endif
