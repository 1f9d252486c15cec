/*
 * seccomp.c - the filter: a table of system calls, compiled to BPF as a binary search
 *
 * The kernel runs a new filter once for every system call number to learn which are always allowed; a list of
 * comparisons makes that the larger part of the cost of loading it, a search tree does not.
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
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* a sanitizer needs system calls of its own (it forks and traces at the end) */
#if defined(ARCH) && !defined(__SANITIZE_ADDRESS__)

enum verdict { DENY, ALLOW, KILL, MMAP, MPROTECT, IOCTL };

static const struct rule {
	int nr;
	enum verdict verdict;
} rules[] = {
#define A(name) { __NR_##name, ALLOW },
	/* descriptors */
	A(read) A(write) A(readv) A(writev) A(pread64) A(pwrite64) A(preadv) A(pwritev) A(lseek) A(close)
	    A(close_range) A(dup) A(dup3) A(fcntl) A(pipe2) A(sendfile) A(copy_file_range) A(splice) A(ppoll)
		A(pselect6)
	/* files */
	A(openat) A(openat2) A(newfstatat) A(fstat) A(statx) A(faccessat) A(faccessat2) A(readlinkat)
	    A(getdents64) A(renameat2) A(unlinkat) A(linkat) A(mkdirat) A(fsync) A(fdatasync)
		A(sync_file_range) A(flock) A(ftruncate) A(fallocate) A(fadvise64) A(utimensat) A(statfs)
		    A(fstatfs) A(getcwd) A(umask) A(inotify_init1) A(inotify_add_watch) A(inotify_rm_watch)
	/* memory */
	{ __NR_mmap, MMAP },
	{ __NR_mprotect, MPROTECT },
	A(munmap) A(mremap) A(madvise) A(msync) A(brk)
	/* time, self */
	A(clock_gettime) A(clock_getres) A(clock_nanosleep) A(nanosleep) A(gettimeofday) A(setitimer)
	    A(getitimer) A(getrandom) A(futex) A(sched_yield) A(sched_getaffinity) A(restart_syscall) A(exit)
		A(exit_group) A(rt_sigaction) A(rt_sigprocmask) A(rt_sigreturn) A(rt_sigpending)
		    A(sigaltstack) A(getpid) A(getppid) A(gettid) A(getuid) A(geteuid) A(getgid) A(getegid)
			A(getgroups) A(prlimit64) A(getrlimit) A(getrusage) A(times) A(uname) A(sysinfo)
			    A(getcpu) { __NR_ioctl, IOCTL },
#ifdef __x86_64__ /* what newer machines do not have any more; all names, so Landlock decides on them too */
	A(open) A(stat) A(lstat) A(access) A(readlink) A(getdents) A(rename) A(unlink) A(link) A(mkdir)
	    A(rmdir) A(creat) A(poll) A(select) A(pipe) A(dup2) A(time) A(alarm) A(inotify_init)
#endif
		A(renameat)
#undef A
#define K(name) { __NR_##name, KILL },
	/* nobody who is honest comes here */
	K(execve) K(execveat) K(ptrace) K(process_vm_readv) K(process_vm_writev) K(socket) K(socketpair)
	    K(bpf) K(io_uring_setup) K(io_uring_enter) K(io_uring_register) K(mount) K(umount2) K(pivot_root)
		K(chroot) K(unshare) K(setns) K(init_module) K(finit_module) K(delete_module) K(kexec_load)
		    K(perf_event_open) K(userfaultfd) K(keyctl) K(add_key) K(request_key) K(reboot) K(swapon)
			K(swapoff) K(acct) K(quotactl) K(open_by_handle_at) K(personality)
#undef K
};

enum {
	NRULES = sizeof(rules) / sizeof(rules[0]),
	MAX_RANGES = 2 * NRULES + 1,
	MAX_CODE = 2 * MAX_RANGES + 64
};

/* from this number on, up to the next range */
struct range {
	uint32_t from;
	enum verdict verdict;
};

struct program {
	struct sock_filter code[MAX_CODE];
	size_t n;
};

static size_t
make_ranges(struct range r[MAX_RANGES])
{
	struct rule sorted[NRULES];
	size_t n = 0;

	for (size_t i = 0; i < NRULES; i++) {
		size_t at = i;

		for (; at > 0 && sorted[at - 1].nr > rules[i].nr; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = rules[i];
	}
	r[n++] = (struct range) { 0, DENY };
	for (size_t i = 0; i < NRULES; i++) {
		uint32_t nr = (uint32_t)sorted[i].nr;

		if (r[n - 1].from == nr)
			r[n - 1].verdict = sorted[i].verdict; /* the gap before it was empty */
		else if (r[n - 1].verdict != sorted[i].verdict)
			r[n++] = (struct range) { nr, sorted[i].verdict };
		/* the gap behind it */
		if (i + 1 == NRULES || (uint32_t)sorted[i + 1].nr != nr + 1)
			r[n++] = (struct range) { nr + 1, DENY };
	}
	return n;
}

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

/* both machines are little-endian: the low half of an argument comes first */
static void
put_load_arg(struct program *p, unsigned arg)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0,
	    (uint32_t)(offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t)));
}

static void
put_verdict(struct program *p, enum verdict v)
{
	const uint32_t eperm = SECCOMP_RET_ERRNO | EPERM, wx = PROT_WRITE | PROT_EXEC;

	switch (v) {
	case DENY:
		put_return(p, eperm);
		break;
	case ALLOW:
		put_return(p, SECCOMP_RET_ALLOW);
		break;
	case KILL:
		put_return(p, SECCOMP_RET_KILL_PROCESS);
		break;
	case MMAP:
		put_load_arg(p, 2);
		put(p, BPF_ALU | BPF_AND | BPF_K, 0, 0, wx);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, wx);
		put_return(p, eperm);
		put_return(p, SECCOMP_RET_ALLOW);
		break;
	case MPROTECT:
		put_load_arg(p, 2);
		put(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC);
		put_return(p, eperm);
		put_return(p, SECCOMP_RET_ALLOW);
		break;
	case IOCTL: /* stdio asks whether it writes to a terminal: it does not; FIONREAD tells what inotify has */
		put_load_arg(p, 1);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0x541b);
		put_return(p, SECCOMP_RET_ALLOW);
		put_return(p, SECCOMP_RET_ERRNO | ENOTTY);
		break;
	}
}

/* the search among r[lo..hi): the right half is code behind the left one */
static bool
put_search(struct program *p, const struct range *r, size_t lo, size_t hi)
{
	size_t mid = lo + (hi - lo) / 2, jump;

	if (hi - lo == 1) {
		put_verdict(p, r[lo].verdict);
		return true;
	}
	jump = p->n;
	put(p, BPF_JMP | BPF_JGE | BPF_K, 0, 0, r[mid].from);
	if (!put_search(p, r, lo, mid) || p->n - jump - 1 > UINT8_MAX)
		return false; /* further than a jump reaches */
	p->code[jump].jt = (uint8_t)(p->n - jump - 1);
	return put_search(p, r, mid, hi) && p->n < MAX_CODE;
}

static bool
build(struct program *p)
{
	struct range r[MAX_RANGES];
	size_t n = make_ranges(r);

	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	put(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	put_return(p, SECCOMP_RET_KILL_PROCESS);
	put(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	return put_search(p, r, 0, n);
}

enum im_status
im_seccomp(bool required, struct im_err *err)
{
	struct program p;
	struct sock_fprog prog;

	p.n = 0;
	if (!build(&p))
		return im_fail(err, IM_BUG, "confine: the filter of system calls is too long");
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
im_seccomp(bool required, struct im_err *err)
{
#ifdef __SANITIZE_ADDRESS__
	required = false;
#endif
	return required
		   ? im_fail(err, IM_CONFIG,
			 "there is no filter of system calls for this machine, and sandbox_required = yes")
		   : IM_OK;
}

#endif
