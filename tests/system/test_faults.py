# SPDX-License-Identifier: ISC
"""Faults during a delivery (F1-F26 of ARCHITECTURE.md): whatever fails, the mail is filed once, or kept by Postfix

Each test plays Postfix: exit status 0 means that it forgets the mail, 75 or a signal that it tries again, anything else
that the mail goes back to its sender. IM_FAULTS=full makes the long version.
"""
import contextlib
import ctypes
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from agent import MAIL_UID, base52, end_agent, message, new_agent, queue_size
from slapd import DOMAIN

FULL = os.environ.get("IM_FAULTS") == "full"
WORKERS = 4

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


@pytest.fixture(name="agent", scope="module")
def fixture_agent():
	a = new_agent()
	for i in range(WORKERS):
		a.person(f"w{i}", 50 << 20)
	a.person("tiny", 5000)
	(a.root / "scratch").mkdir()
	os.chmod(a.root / "scratch", 0o777)
	yield a
	end_agent(a)


@pytest.fixture(autouse=True)
def fixture_fresh(agent):
	agent.configure()
	for p in agent.mail_root.iterdir():
		agent.wipe(p.name)


def deferred(r):
	assert r.returncode == 75 and re.fullmatch(rb"4\.\d\.\d [^\n]+\n", r.stdout) and r.stderr == b"", r
	return r.stdout.decode()


# ---- F1, F2, F3: every system call fails or is the last one ----

def calls_of(agent, uid, data):
	"""the system calls of one delivery: [(name, its number among those of that name)], how many belong to the loader, and
	how many there are up to the point of no return"""
	out = agent.root / "scratch" / f"trace-{uid}"
	src = agent.root / "scratch" / f"data-{uid}"
	src.write_bytes(data)
	cmd = ["strace", "-o", out, *agent.command(f"{uid}@{DOMAIN}", size=queue_size(data))]
	with open(src, "rb") as f:
		r = subprocess.run(cmd, stdin=f, capture_output=True, check=False, **agent.as_mail())
	assert r.returncode == 0, r
	lines = re.findall(r"^\w+\(.*", out.read_text(), re.M)
	names = [line.partition("(")[0] for line in lines]
	calls, count = [], {}
	for n in names:
		count[n] = count.get(n, 0) + 1
		calls.append((n, count[n]))
	first = names.index("getppid")
	filed = [i for i, line in enumerate(lines) if line.startswith("renameat2(") and ",S=" in line][0]
	filed = filed + names[filed:].index("fsync")
	return calls, first, filed


class Sweep:
	"""runs the agent with one fault after the other on a few persons in parallel, and checks after each what must hold"""
	box = "."

	def __init__(self, agent, data, cold):
		self.agent, self.data, self.cold = agent, data, cold
		self.free = list(range(WORKERS))
		self.lock = threading.Lock()
		self.runs = 0
		self.failures = []

	def prepare(self, uid):
		self.agent.wipe(uid)
		if not self.cold:  # a mailbox that is in use
			assert self.agent.deliver(b"Subject: before\n\nx\n", f"{uid}@{DOMAIN}").returncode == 0

	def copies(self, uid):
		files = [p.read_bytes() for p in self.agent.files(uid, self.box)]
		others = [f for f in files if f not in (self.data, b"Subject: before\n\nx\n")]
		assert not others, "a part of a message is visible"
		return files.count(self.data)

	def run(self, job):
		try:
			self.one(job)
		except AssertionError as e:
			self.failures.append(f"{job}: {e}")

	def one(self, job):
		call, number, fault, in_loader, filed = job
		with self.lock:
			i = self.free.pop()
		try:
			uid = f"w{i}"
			self.prepare(uid)
			queueid = self.agent.next_queueid()
			cmd = ["strace", "-o", "/dev/null", "-f", "--seccomp-bpf", "-e", f"trace={call}", "-e",
				f"inject={call}:{fault}:when={number}",
				*self.agent.command(f"{uid}@{DOMAIN}", queueid, queue_size(self.data))]
			# from the same file as in calls_of(): a pipe would cut it into another number of reads and writes
			with open(self.agent.root / "scratch/data-w0", "rb") as f:
				r = subprocess.run(cmd, stdin=f, capture_output=True, check=False, timeout=100, **self.agent.as_mail())
			killed = "KILL" in fault
			what = (job, r)
			if killed:
				# the kernel had done it already, when the signal came at the very end
				assert r.returncode in (-signal.SIGKILL, 137, 0), what
			else:
				assert r.returncode in (0, 75) or (in_loader and r.returncode in (1, 127, -11)), what
			if r.returncode == 75:
				assert re.fullmatch(rb"(4\.\d\.\d [^\n]+\n)?", r.stdout), what
			n = self.copies(uid)
			if r.returncode == 0:
				assert n == 1, what
			if filed and not killed:
				assert r.returncode == 0, ("failed after the point of no return", what)
			left = self.leftovers(uid)
			assert killed or in_loader or call == "unlinkat" or not left, (left, what)
			between = self.between(uid, queueid, r.returncode == 0)
			r = self.agent.deliver(self.data, f"{uid}@{DOMAIN}", queueid)
			assert (r.returncode, self.copies(uid)) == (0, 1), ("after the retry", what, r)
			self.check_index(uid, what)
			self.after(uid, between, what)
		finally:
			with self.lock:
				self.free.append(i)
				self.runs += 1

	def check_index(self, uid, what):
		"""F3: whatever became of the index, the next reader sees each message once"""
		program = self.agent.program.parent / "intimail-index"
		if not program.exists():
			return
		name = self.box.lstrip(".") or "INBOX"
		r = subprocess.run([program, "-c", self.agent.config, "export", uid, name], capture_output=True, check=False,
			text=True, **self.agent.as_mail())
		assert r.returncode == 0, (what, r)
		ids = re.findall(r'"id":\s*"([^"]+)"', r.stdout)
		assert sorted(ids) == sorted(p.name.split(":2,")[0] for p in self.agent.files(uid, self.box)), what

	def leftovers(self, uid):
		return self.agent.leftovers(uid)

	def between(self, uid, queueid, done):
		"""what is to be remembered between the two attempts"""

	def after(self, uid, between, what):
		"""what else must hold after the second one"""


class FakePostfix(threading.Thread):
	"""takes every message, one connection after the other, and counts them by sender"""

	def __init__(self):
		super().__init__(daemon=True)
		self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
		self.port = self.listener.getsockname()[1]
		self.taken = {}
		self.start()

	def run(self):
		while True:
			connection, _ = self.listener.accept()
			with connection, contextlib.suppress(ConnectionError), connection.makefile("rwb", buffering=0) as f:
				self.talk(f)

	def talk(self, f):
		sender, in_data = None, False
		f.write(b"220 ready\r\n")
		for line in f:
			if in_data and line != b".\r\n":
				continue
			if in_data:
				self.taken[sender] = self.taken.get(sender, 0) + 1
			if line.startswith(b"MAIL"):
				sender = re.search(rb"<(.*)>", line)[1].decode()
			in_data = line.startswith(b"DATA")
			f.write(b"354 go on\r\n" if in_data else b"250 2.0.0 Ok: queued as 4cXq1Z2kGnz1f\r\n")

	def count(self, sender):
		"""when all who came before were heard to their end"""
		with socket.create_connection(("127.0.0.1", self.port)) as s:
			s.recv(100)
		return self.taken.get(sender, 0)


class RulesSweep(Sweep):
	"""filed into a folder and forwarded: one copy, unless it was not written down that Postfix has it"""
	box = ".Work"

	def __init__(self, agent, data, cold):
		super().__init__(agent, data, cold)
		self.postfix = FakePostfix()
		agent.configure(submit_port=self.postfix.port)

	def prepare(self, uid):
		super().prepare(uid)
		d = self.agent.maildir(uid)
		made = [d / ".Work", *(d / ".Work" / sub for sub in ("tmp", "new", "cur"))]
		for p in made:
			p.mkdir(mode=0o700)
		made.append(d / "intimail-rules")
		made[-1].write_text("intimail-rules 1\nrule\tsubject\tfolder\tstop\thello\tWork\nforward\tkeep\tother@elsewhere.test\n")
		for p in made:
			os.chown(p, MAIL_UID, MAIL_UID)
		self.postfix.taken.pop(f"{uid}@{DOMAIN}", None)

	def leftovers(self, uid):
		d = self.agent.maildir(uid)
		return super().leftovers(uid) + [*(d / ".Work/tmp").iterdir(), *d.glob(".im-*")]

	def between(self, uid, queueid, done):
		journal = self.agent.maildir(uid) / "intimail-forwarded"
		written = journal.exists() and f"{queueid} 0\n" in journal.read_text()
		sent = self.postfix.count(f"{uid}@{DOMAIN}")
		assert sent == 1 or (sent == 0 and not written), (sent, written)
		assert written or not done
		return 2 if sent and not written else 1

	def after(self, uid, between, what):
		sent = self.postfix.count(f"{uid}@{DOMAIN}")
		assert sent == between, (f"{sent} copies instead of {between}", what)


ERRORS = {
	"openat": ("ENOSPC", "EACCES", "EMFILE", "EROFS", "EIO"), "open": ("EACCES",), "read": ("EIO", "EINTR"),
	"pread64": ("EIO", "EINTR"), "write": ("ENOSPC", "EDQUOT", "EIO", "EINTR"), "pwrite64": ("ENOSPC", "EIO", "EINTR"),
	"fsync": ("EIO", "ENOSPC", "EDQUOT"), "fdatasync": ("EIO",), "close": ("EIO", "ENOSPC"), "mmap": ("ENOMEM",),
	"renameat2": ("ENOSPC", "EDQUOT", "EIO", "EROFS", "EEXIST", "EINVAL"), "socket": ("EMFILE", "EACCES"),
	"connect": ("ECONNREFUSED", "EAGAIN", "EINTR", "ENOENT"), "sendto": ("EPIPE", "EINTR", "EAGAIN"),
	"recvfrom": ("ECONNRESET", "EINTR", "EAGAIN"), "poll": ("EINTR", "ENOMEM"), "flock": ("EINTR", "ENOLCK"),
	"newfstatat": ("EIO",), "fstat": ("EIO",), "fstatfs": ("EIO",), "statfs": ("EIO",), "mkdirat": ("ENOSPC", "EACCES", "EROFS"),
	"inotify_init1": ("EMFILE",), "inotify_add_watch": ("ENOSPC",), "utimensat": ("EIO",), "ftruncate": ("EIO",),
	"getdents64": ("EIO",), "fcntl": ("EMFILE",), "dup2": ("EMFILE",), "uname": ("EFAULT",), "unlinkat": ("EIO",),
}
ALL_ERRORS = ("ENOSPC", "EDQUOT", "EIO", "EINTR", "EACCES", "EROFS", "EMFILE", "ENOMEM", "EAGAIN")
# these have no way to fail, and nobody looks: brk answers with the old break
NEVER_FAILS = {"brk", "rt_sigprocmask", "getpid", "getppid", "geteuid", "umask", "alarm"}
NEVER = {"execve", "exit_group", "arch_prctl", "set_tid_address", "set_robust_list", "rseq", "rt_sigreturn"}


def sweep(agent, data, cold=False, share=1, kind=Sweep, start=None):
	"""start: a call, and its number among those of that name, where the faults begin"""
	agent.wipe("w0")
	s = kind(agent, data, cold)
	s.prepare("w0")
	calls, first, filed = calls_of(agent, "w0", data)
	begin = calls.index(start) if start else 0 if FULL else first
	jobs = []
	for i, (name, number) in enumerate(calls):
		if name in NEVER or i < begin:
			continue
		faults = ["signal=KILL"]
		errors = ALL_ERRORS + ERRORS.get(name, ()) if FULL else ERRORS.get(name, ())
		if name in NEVER_FAILS:
			errors = ()
		if not FULL and errors:  # one of them, another one at the next call of this name
			errors = (errors[number % len(errors)],)
		faults += [f"error={e}" for e in sorted(set(errors))]
		jobs += [(name, number, f, i < first, i > filed) for f in faults]
	with ThreadPoolExecutor(WORKERS) as pool:
		list(pool.map(s.run, jobs[::share]))
	assert not s.failures, f"{len(s.failures)} of {s.runs}: " + "\n".join(s.failures[:20])
	print(f"{s.runs} faults", end=" ")
	assert s.runs == len(jobs[::share]) > 50 // share


needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")


@needs_strace
def test_f1_f2_f3_each_system_call_fails_or_is_the_last(agent):
	index = Path(os.environ.get("BUILD") or Path(__file__).resolve().parents[2] / "build") / "bin/intimail-index"
	if index.exists():
		shutil.copy(index, agent.root / "intimail-index")
	sweep(agent, message(2000))


@needs_strace
def test_f1_f2_in_a_new_mailbox(agent):
	sweep(agent, message(2000), cold=True, share=1 if FULL else 3)


@needs_strace
def test_f1_f2_f3_with_rules(agent):
	"""
	from the copy's connection on (the first socket is the directory's). Before that, rules that cannot be read or followed
	are passed over: the message is filed in the INBOX
	"""
	sweep(agent, message(2000), share=1 if FULL else 3, kind=RulesSweep, start=("socket", 2))


@needs_strace
@pytest.mark.parametrize("shape", ["empty body", "300 KB", "ugly"])
def test_f1_f2_other_shapes(agent, shape):
	if not FULL:
		pytest.skip("IM_FAULTS=full only")
	sweep(agent, {"empty body": b"Subject: x\n\n", "300 KB": message(300_000), "ugly": b"\0\xff" * 3000 + b"\r\n.\n"}[shape])


@needs_strace
def test_a_lying_write_is_noticed_or_kept(agent):
	"""fsync answers EIO once: whatever the kernel dropped, the message is not called delivered"""
	for n in (1, 2):
		r = subprocess.run(["strace", "-o", "/dev/null", "-e", f"inject=fsync:error=EIO:when={n}", *agent.command(size=1)],
			input=message(), capture_output=True, check=False, **agent.as_mail())
		assert r.returncode == 75, r


# ---- real full disks ----

def mounted(agent, fstype, source, options):
	where = agent.root / "disk"
	where.mkdir(exist_ok=True)
	r = subprocess.run(["mount", "-t", fstype, "-o", options, source, where], capture_output=True, text=True, check=False)
	if r.returncode != 0:
		pytest.skip(f"cannot mount here: {r.stderr.strip()}")
	return where


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_f2_a_disk_that_is_full(agent, kind):
	if kind == "ext4":
		image = agent.root / "image"
		with open(image, "wb") as f:
			f.truncate(3 << 20)
		if subprocess.run(["mkfs.ext4", "-q", image], capture_output=True, check=False).returncode != 0:
			pytest.skip("needs mkfs.ext4")
		disk = mounted(agent, "ext4", image, "loop")
	else:
		disk = mounted(agent, "tmpfs", "none", "size=1m")
	try:
		os.chown(disk, MAIL_UID, MAIL_UID)
		agent.configure(mail_root=disk)
		agent.mail_root, keep = disk, agent.mail_root
		data = message(60_000)
		filed = full = 0
		for _ in range(60):
			r = agent.deliver(data)
			if r.returncode == 0:
				filed += 1
			else:
				deferred(r)
				full += 1
			if full == 5:
				break
		assert filed > 3 and full == 5
		assert [p.read_bytes() == data for p in agent.files()] == [True] * filed
		assert agent.leftovers() == []
		agent.files()[0].unlink()
		assert agent.deliver(data).returncode == 0  # room again
	finally:
		agent.mail_root = keep
		subprocess.run(["umount", disk], check=True)


def test_f22_power_cut(agent):
	"""what has reached the disk at the moment of exit 0: the message, whole, in its directory"""
	image, copy = agent.root / "image", agent.root / "copy"
	with open(image, "wb") as f:
		f.truncate(12 << 20)
	if subprocess.run(["mkfs.ext4", "-q", "-F", image], capture_output=True, check=False).returncode != 0:
		pytest.skip("needs mkfs.ext4")
	for i in range(12 if FULL else 3):
		disk = mounted(agent, "ext4", image, "loop")
		keep = agent.mail_root
		try:
			os.chown(disk, MAIL_UID, MAIL_UID)
			agent.configure(mail_root=disk)
			agent.mail_root = disk
			data = message(2000 + i, subject=f"round {i}")
			assert agent.deliver(data).returncode == 0
			shutil.copyfile(image, copy)
		finally:
			agent.mail_root = keep
			subprocess.run(["umount", disk], check=True)
		disk = mounted(agent, "ext4", copy, "loop")
		try:
			agent.mail_root = disk
			assert data in [p.read_bytes() for p in agent.files()], f"round {i}: lost"
		finally:
			agent.mail_root = keep
			subprocess.run(["umount", disk], check=True)


# ---- F4, F5: the input ----

PR_SET_CHILD_SUBREAPER = 36


def killed_writer(agent, data, sent, size):
	"""pipe(8) writes 'sent' bytes and is killed; the agent becomes our child, its status ours to collect"""
	r, w = os.pipe()
	answer_r, answer_w = os.pipe()
	report_r, report_w = os.pipe()
	writer = os.fork()
	if writer == 0:
		agent_pid = os.fork()
		if agent_pid == 0:
			os.dup2(r, 0)
			os.dup2(answer_w, 1)
			for fd in (r, w, answer_r, answer_w, report_r, report_w):
				os.close(fd)
			os.setgroups([])
			os.setgid(MAIL_UID)
			os.setuid(MAIL_UID)
			cmd = agent.command(size=size)
			os.execv(cmd[0], cmd)
		os.close(r)
		os.write(report_w, str(agent_pid).encode())
		view = memoryview(data)[:sent]
		while view:
			view = view[os.write(w, view):]
		os.write(report_w, b"!")
		signal.pause()
	for fd in (r, w, answer_w, report_w):
		os.close(fd)
	seen = b""
	while not seen.endswith(b"!"):
		seen += os.read(report_r, 100)
	agent_pid = int(seen[:-1])
	while sum(f.stat().st_size for f in agent.leftovers()) != sent:  # it has taken all of it, and waits
		time.sleep(0.001)
	os.kill(writer, signal.SIGKILL)
	os.waitpid(writer, 0)
	_, status = os.waitpid(agent_pid, 0)
	answer = os.read(answer_r, 1000)
	os.close(answer_r)
	os.close(report_r)
	return os.waitstatus_to_exitcode(status), answer


def test_f4_pipe_is_killed_while_it_writes(agent):
	libc = ctypes.CDLL(None, use_errno=True)
	assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
	small, large = message(3000), message(5_000_000)
	rounds = 400 if FULL else 25
	try:
		for i in range(rounds):
			# nothing but the parent's death tells: the cut is smaller than what a milter may remove, or the size unknown
			for data, sent, size in ((small, 900 + i, queue_size(small)), (small, 3000 - i - 1, 0), (large, 131072, 0)):
				rc, answer = killed_writer(agent, data, sent, size)
				assert rc == 75 and answer.startswith(b"4.3.0 "), (rc, answer)
	finally:
		libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
	assert agent.files() == [] and agent.leftovers() == []


def test_f4_pipe_is_gone_before_the_agent_begins(agent):
	"""a shell that ends leaves the agent to process 1, with a cut message in the pipe"""
	answer = agent.root / "scratch/answer"
	script = (f'echo "Subject: cut" | {{ (while [ "$(ps -o ppid= -p $BASHPID | tr -d " ")" = $$ ]; do :; done; '
		f'ps -o ppid= -p $BASHPID >{answer}.ppid; exec "$@" >{answer}; ) <&0 & }}; exit')
	subprocess.run(["bash", "-c", script, "bash", *agent.command()], check=True, stdout=subprocess.DEVNULL, **agent.as_mail())
	end = time.monotonic() + 10
	while time.monotonic() < end and not (answer.exists() and answer.read_text()):
		time.sleep(0.01)
	if Path(f"{answer}.ppid").read_text().strip() != "1":
		pytest.skip("orphans do not go to process 1 here")
	assert answer.read_text().startswith("4.3.0 ") and agent.files() == []


def test_f5_one_byte_after_the_other(agent):
	data = message(400)
	with subprocess.Popen(agent.command(size=queue_size(data)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			**agent.as_mail()) as p:
		for b in data:
			p.stdin.write(bytes([b]))
			p.stdin.flush()
			time.sleep(0.001)
		assert p.poll() is None and agent.files() == []
		p.stdin.close()
		assert p.wait() == 0
	assert [f.read_bytes() for f in agent.files()] == [data]


def test_f5_the_alarm(agent):
	"""after 60 seconds (full), or when the alarm's signal is sent by hand"""
	with subprocess.Popen(agent.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, **agent.as_mail()) as p:
		p.stdin.write(b"Subject: never ends\n")
		p.stdin.flush()
		begin = time.monotonic()
		while not agent.leftovers() or agent.leftovers()[0].stat().st_size == 0:
			time.sleep(0.01)
		if not FULL:
			p.send_signal(signal.SIGALRM)
		assert p.wait(70) == 75 and p.stdout.read().startswith(b"4.3.0 ")
		assert not FULL or 55 < time.monotonic() - begin < 65
	assert agent.files() == []


# ---- F6, F7, F8: the directory ----

def tlv(tag, *parts):
	body = b"".join(parts)
	return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def octets(s):
	return tlv(4, s.encode())


def ldap(msgid, op, *parts):
	return tlv(0x30, tlv(2, bytes([msgid])), tlv(op, *parts))


def result(msgid, op, code):
	return ldap(msgid, op, tlv(10, bytes([code])), octets(""), octets(""))


def person(uid="ann", **attrs):
	attrs = {"uid": uid, "mailEnabled": "TRUE", **attrs}
	return ldap(2, 0x64, octets(f"uid={uid},ou=people"),
		tlv(0x30, *(tlv(0x30, octets(k), tlv(0x31, octets(v))) for k, v in attrs.items() if v is not None)))


BOUND = result(1, 0x61, 0)
DONE = result(2, 0x65, 0)


class FakeDirectory(threading.Thread):
	"""says what it is told: bytes, or a number of seconds to say nothing; each request of the client advances to the next"""

	def __init__(self, path, *answers):
		super().__init__(daemon=True)
		self.answers = answers
		self.listener = socket.socket(socket.AF_UNIX)
		self.listener.bind(str(path))
		os.chmod(path, 0o777)
		self.listener.listen()

	def run(self):
		try:
			s, _ = self.listener.accept()
			with s:
				for a in self.answers:
					if isinstance(a, bytes):
						s.recv(4096)
						s.sendall(a)
					elif callable(a):
						s.recv(4096)
						a(s)
					else:
						time.sleep(a)
		except OSError:
			pass
		finally:
			self.listener.close()


def drip(s):
	for b in BOUND + BOUND:
		s.sendall(bytes([b]))
		time.sleep(0.4)


@pytest.mark.parametrize("answers, most", [
	pytest.param((6,), 5, id="hangs at once"),
	pytest.param((BOUND, 6), 5, id="hangs after the bind"),
	pytest.param((drip, 6), 5, id="drips"),
	pytest.param((b"HTTP/1.0 200 OK\r\n\r\n", 6), 1, id="another protocol"),
	pytest.param((b"\x30\x84\xff\xff\xff\xff", 6), 1, id="4 GB announced"),
	pytest.param((), 1, id="closes at once"),
	pytest.param((BOUND,), 1, id="F8: closes after the bind"),
	pytest.param((result(1, 0x61, 49),), 1, id="does not know us"),
	pytest.param((result(1, 0x61, 51),), 1, id="busy"),
	pytest.param((BOUND, result(2, 0x65, 51)), 1, id="busy at the search"),
	pytest.param((BOUND, result(2, 0x65, 52)), 1, id="unavailable"),
	pytest.param((BOUND, result(2, 0x65, 3)), 1, id="time limit"),
	pytest.param((BOUND, person() + result(2, 0x65, 4)), 1, id="size limit with one entry"),
	pytest.param((BOUND, result(2, 0x65, 10)), 1, id="referral"),
	pytest.param((BOUND, ldap(2, 0x73, octets("ldap://elsewhere/")) + DONE), 1, id="reference"),
	pytest.param((BOUND, person() + ldap(2, 0x73, octets("ldap://elsewhere/")) + DONE), 1, id="entry and reference"),
	pytest.param((BOUND, person() + person("bob") + DONE), 1, id="two entries"),
	pytest.param((BOUND, person(mailQuota="5G") + DONE), 1, id="quota that is no number"),
	pytest.param((BOUND, person(mailQuota="-1") + DONE), 1, id="negative quota"),
	pytest.param((BOUND, person(uid="../root") + DONE), 1, id="uid with a path"),
	pytest.param((BOUND, person(uid="a/b") + DONE), 1, id="uid with a slash"),
	pytest.param((BOUND, person(mailEnabled=None) + DONE), 1, id="no mailEnabled"),
	pytest.param((BOUND, person()[:-4]), 1, id="half an entry"),
	pytest.param((BOUND, person() + result(0, 0x78, 52)), 1, id="going down in the middle"),
])
def test_f6_f7_directory_trouble(agent, answers, most):
	path = agent.root / "fake-ldapi"
	path.unlink(missing_ok=True)
	FakeDirectory(path, *answers).start()
	agent.configure(ldap_socket=path)
	begin = time.monotonic()
	deferred(agent.deliver(message()))
	assert time.monotonic() - begin < most + 0.5
	assert list(agent.mail_root.iterdir()) == []


def test_f7_a_quota_that_is_absent_is_none_and_nobody_is_an_answer(agent):
	path = agent.root / "fake-ldapi"
	for answers, status in (((BOUND, person() + DONE), 0), ((BOUND, DONE), 67)):
		path.unlink(missing_ok=True)
		FakeDirectory(path, *answers).start()
		agent.configure(ldap_socket=path)
		assert agent.deliver(message(9000)).returncode == status


def test_f6_f8_slapd_is_stopped_hangs_and_comes_back(agent):
	agent.proc.send_signal(signal.SIGSTOP)
	begin = time.monotonic()
	assert "does not answer" in deferred(agent.deliver(message()))
	assert time.monotonic() - begin < 5.5
	agent.proc.send_signal(signal.SIGCONT)
	agent.stop()
	begin = time.monotonic()
	assert "cannot reach the directory" in deferred(agent.deliver(message()))
	assert time.monotonic() - begin < 1
	agent.start()
	assert agent.deliver(message()).returncode == 0


# ---- F9, F10: clocks and names ----

def faketime_library():
	found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
	if not found:
		pytest.skip("needs libfaketime (package faketime)")
	return str(found[0])


def remove_leavings_of_faketime():
	"""the library keeps shared memory in the name of each process, which our agent, confined by then, may not remove"""
	for p in Path("/dev/shm").glob("*faketime_s*_*"):
		pid = p.name.rpartition("_")[2]
		if pid.isdigit() and not Path("/proc", pid).exists():
			p.unlink(missing_ok=True)


@pytest.mark.parametrize("clock", ["-1h", "+10y", "2026-11-24 06:00:00"])
def test_f9_clocks(agent, clock):
	env = {"LD_PRELOAD": faketime_library(), "FAKETIME": clock, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
	assert agent.deliver(message()).returncode == 0
	data = [message(subject=f"n{i}") for i in range(40 if FULL else 16)]

	def one(d):
		return subprocess.run(agent.command(), input=d, capture_output=True, check=False, env=env, **agent.as_mail())
	try:
		with ThreadPoolExecutor(8) as pool:
			results = list(pool.map(one, data))
	finally:
		remove_leavings_of_faketime()
	assert [r.returncode for r in results] == [0] * len(data), results
	assert sorted(p.read_bytes() for p in agent.files()) == sorted([*data, message()])


@needs_strace
def test_f10_the_name_is_taken(agent):
	for n in ("1", "1..2"):
		r = subprocess.run(["strace", "-o", "/dev/null", "-e", f"inject=renameat2:error=EEXIST:when={n}", *agent.command()],
			input=message(), capture_output=True, check=False, **agent.as_mail())
		assert r.returncode == 0, r
	assert len(agent.files()) == 2


# ---- F11, F25: the Maildir ----

def test_f11_a_maildir_that_is_wrong(agent):
	assert agent.deliver(message()).returncode == 0
	new, home = agent.maildir() / "new", agent.mail_root / "ann"
	elsewhere = agent.root / "scratch/elsewhere"
	elsewhere.mkdir(mode=0o777)

	def wrong(what):
		line = deferred(agent.deliver(message()))
		assert "not delivered" in agent.log_text().splitlines()[-1]
		assert list(elsewhere.iterdir()) == [], what
		return line

	new.rename(agent.maildir() / "aside")
	new.symlink_to(elsewhere)
	wrong("new is a link")
	new.unlink()
	(agent.maildir() / "aside").rename(new)
	home.rename(agent.root / "scratch/ann")
	home.symlink_to(agent.root / "scratch/ann")
	wrong("the home is a link")
	home.unlink()
	(agent.root / "scratch/ann").rename(home)
	os.chown(agent.maildir(), 0, 0)
	os.chmod(agent.maildir(), 0o777)
	assert "own" in wrong("somebody else's")
	os.chown(agent.maildir(), MAIL_UID, MAIL_UID)
	os.chmod(agent.maildir(), 0o500)
	os.chmod(new, 0o500)
	wrong("not writable")
	os.chmod(agent.maildir(), 0o700)
	os.chmod(new, 0o700)
	agent.configure(mail_root=agent.root / "none")
	wrong("no mail root")
	agent.configure()
	assert agent.deliver(message()).returncode == 0
	assert len(agent.files()) == 2


def test_f11_read_only(agent):
	disk = mounted(agent, "tmpfs", "none", "size=1m,ro")
	try:
		agent.configure(mail_root=disk)
		assert "Read-only" in deferred(agent.deliver(message()))
	finally:
		subprocess.run(["umount", disk], check=True)


@needs_strace
@pytest.mark.parametrize("magic", ["6969000000000000", "424d53ff00000000", "424d53fe00000000"])  # NFS, CIFS, SMB2
def test_f25_network_file_systems(agent, magic):
	assert agent.deliver(message()).returncode == 0
	r = subprocess.run(["strace", "-o", "/dev/null", "-e", f"inject=fstatfs:poke_exit=@arg2={magic}", *agent.command()],
		input=message(), capture_output=True, check=False, **agent.as_mail())
	if b"invalid" in r.stderr.lower():
		pytest.skip("this strace cannot change results")
	assert "network" in deferred(r)
	assert len(agent.files()) == 1


# ---- F14, F18: many at once, and again ----

def test_f14_eight_at_once_and_room_for_two(agent):
	"""into one mailbox, and into several ones of the same person: the index's lock alone would not do"""
	for i in range(300 if FULL else 10):
		agent.wipe("tiny")
		boxes = ["."]
		if i % 2:
			boxes += [".One", ".Two", ".Three"]
			for box in boxes:
				for sub in ("tmp", "new", "cur"):
					os.makedirs(agent.maildir("tiny") / box / sub)
			subprocess.run(["chown", "-R", str(MAIL_UID), agent.mail_root], check=True)
		rcpts = [f"tiny+{boxes[n % len(boxes)][1:]}@{DOMAIN}" for n in range(8)]
		with ThreadPoolExecutor(8) as pool:
			results = list(pool.map(lambda rcpt: agent.deliver(message(2000), rcpt), rcpts))
		assert sorted(r.returncode for r in results) == [0, 0] + [75] * 6, results
		assert all(r.stdout.startswith(b"4.2.2 ") for r in results if r.returncode)
		assert sum(len(agent.files("tiny", box)) for box in boxes) == 2
		size = (agent.maildir("tiny") / "maildirsize").read_text().split("\n")[1:-1]
		assert sum(int(line.split()[0]) for line in size) == 4000


def test_f18_the_same_message_eight_times_at_once(agent):
	for _ in range(100 if FULL else 4):
		agent.wipe("ann")
		queueid = agent.next_queueid()
		with ThreadPoolExecutor(8) as pool:
			results = list(pool.map(lambda _: agent.deliver(message(), queueid=queueid), range(8)))
		assert [r.returncode for r in results] == [0] * 8
		assert len(agent.files()) == 1 and agent.leftovers() == []


def test_f18_an_old_or_short_queue_id_is_recognised_too(agent):
	for queueid in (base52(int(time.time()) - 4 * 86400, 6) + "0001z1f", "8A5F2C01D3"):
		for i in range(30):
			assert agent.deliver(message(), queueid=queueid if i in (0, 29) else None).returncode == 0
	assert len(agent.files()) == 2 * 29


@needs_strace
def test_f3_a_locked_or_broken_index_holds_up_no_mail(agent):
	assert agent.deliver(message()).returncode == 0
	index = agent.maildir() / "index.jsonl"
	index.write_bytes(b"\0" * 5000)
	assert agent.deliver(message()).returncode == 0
	index.unlink()
	index.mkdir()
	assert agent.deliver(message()).returncode == 0
	with subprocess.Popen(["flock", agent.maildir(), "sleep", "60"]) as holder:  # the INBOX's lock is the Maildir's
		try:
			r = agent.deliver(message())
			assert r.returncode in (0, 75)
		finally:
			holder.kill()
	assert len(agent.files()) in (3, 4)


# ---- F19: bombs ----

@pytest.mark.parametrize("what", ["parts", "fields", "one field"])
def test_f19_bombs_are_bounded(agent, what):
	data = {"parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 200_000,
		"fields": b"X-A: b\n" * 500_000 + b"\nbody\n",
		"one field": b"To: " + b"a@b.example,\n " * 200_000 + b"\n\nbody\n"}[what]
	limit = 16 << 20  # address space, the C library's mappings included
	cmd = ["prlimit", f"--as={limit}", f"--cpu={5}", *agent.command()]
	r = subprocess.run(cmd, input=data, capture_output=True, check=False, **agent.as_mail())
	assert r.returncode == 0, r
	assert agent.files()[0].read_bytes() == data


def test_errno_names_exist():
	"""a mistyped name above would make strace refuse, and the sweep meaningless"""
	for e in {x for v in ERRORS.values() for x in v} | set(ALL_ERRORS):
		assert hasattr(errno, e)
