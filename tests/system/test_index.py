# SPDX-License-Identifier: ISC
"""The header index with real neighbours: mblaze and Dovecot on the same Maildir, many processes at once, processes killed
at every system call, file systems that fail; and what things cost. INTIMAIL_TEST_SECONDS=30 hammers longer."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
import zlib
from pathlib import Path

import pytest

from slapd import BUILD, REPO, short_tmp

MAIL_UID = 64123  # Dovecot refuses to work as root
SECONDS = float(os.environ.get("INTIMAIL_TEST_SECONDS", "6"))
MESSAGE = "From: Foreign <f@example.net>\nTo: ann@example.test\nSubject: foreign {0}\n\nA text of another program.\n"


def identity():
	return {"user": MAIL_UID, "group": MAIL_UID, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="session")
def tool(tmp_path_factory):
	"""the library on a command line, linked with what was built"""
	if not (BUILD / "libintimail.a").exists():
		pytest.fail(f"{BUILD}/libintimail.a is not there: run make first")
	d = Path(short_tmp())
	program = d / "mailbox_tool"
	subprocess.run([os.environ.get("CC", "cc"), "-O1", "-g", "-D_GNU_SOURCE", f"-I{REPO}/lib", "-o", program,
		REPO / "tests/system/mailbox_tool.c", BUILD / "libintimail.a"], check=True)
	yield program
	shutil.rmtree(d)


class Mailbox:
	"""a person's Maildir in a directory of its own"""

	def __init__(self, tool, root):
		self.tool, self.root = tool, Path(root)
		self.dir = self.root / "ann/Maildir"
		self.root.mkdir(exist_ok=True)
		self.env = dict(os.environ, NOSYNC="1", HOME=str(self.root), USER="ann", MBLAZE=str(self.root))
		if os.geteuid() == 0:
			os.chown(self.root, MAIL_UID, MAIL_UID)

	def run(self, verb, *args, box="INBOX", check=True, wrap=()):
		r = subprocess.run([*wrap, self.tool, self.root, "ann", verb, box, *map(str, args)], env=self.env, text=True,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, **identity())
		if check:
			assert r.returncode == 0, r.stderr
		return r

	def popen(self, verb, *args, box="INBOX"):
		return subprocess.Popen([self.tool, self.root, "ann", verb, box, *map(str, args)], env=self.env, text=True,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, **identity())

	def other(self, *command, **kw):
		"""another Maildir program"""
		r = subprocess.run(list(map(str, command)), env=self.env, text=True, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, cwd=self.root, **identity(), **kw)
		assert r.returncode == 0, (command, r.stderr)
		return r.stdout

	def path(self, box="INBOX"):
		return self.dir if box == "INBOX" else self.dir / f".{box}"

	def files(self, box="INBOX"):
		"""id, place and flags of every message file"""
		found = []
		for place in ("new", "cur"):
			for name in os.listdir(self.path(box) / place):
				if not name.startswith("."):
					ident, _, flags = name.partition(":2,")
					found.append((ident, place, "".join(sorted(set(flags)))))
		return sorted(found)

	def listed(self, box="INBOX"):
		return sorted(tuple(line.split("\t")[:3]) for line in self.run("list", box=box).stdout.splitlines())

	def right(self, box="INBOX"):
		listed = self.listed(box)
		assert listed == self.files(box)
		unread = sum("S" not in flags for _, _, flags in listed)
		assert self.run("counts", box=box).stdout.split() == [str(len(listed)), str(unread)]
		report = self.run("check", "deep", box=box).stdout
		assert re.search(r"bad 0 missing 0 extra 0 wrong 0 header_bad 0 out_of_step 0", report), report
		return listed


@pytest.fixture
def mailbox(tool):
	d = short_tmp()
	yield Mailbox(tool, d)
	shutil.rmtree(d)


@pytest.fixture
def quick_mailbox(tool):
	"""in memory where that can be had: these tests make many thousand messages"""
	d = Path("/dev/shm") / f"intimail-test-{os.getpid()}" if os.access("/dev/shm", os.W_OK) else Path(short_tmp())
	d.mkdir(exist_ok=True)
	yield Mailbox(tool, d)
	shutil.rmtree(d)


# --- neighbours ---

@pytest.mark.skipif(not shutil.which("mdeliver"), reason="mblaze is not installed")
def test_mblaze(mailbox):
	m = mailbox
	m.run("deliver", 10, 500)
	m.right()
	for i in range(5):
		m.other("mdeliver", m.dir, input=MESSAGE.format(i))
	assert len(m.right()) == 15
	m.other("minc", m.dir)  # from new/ to cur/
	assert all(place == "cur" for _, place, _ in m.right())
	files = m.other("mlist", m.dir).split()
	m.other("mflag", "-S", *files[:6])
	assert sum(flags == "S" for _, _, flags in m.right()) == 6
	files = m.other("mlist", m.dir).split()
	m.other("mflag", "-RF", *files[3:9])
	m.right()
	m.run("deliver", 3, 500)
	m.run("deliver", 1, 500, box="Archive")
	m.right("Archive")
	files = m.other("mlist", m.dir).split()
	m.other("mrefile", *files[:4], m.path("Archive"))
	assert len(m.right()) == 14
	assert len(m.right("Archive")) == 5
	m.other("rm", *m.other("mlist", m.dir).split()[:2])
	assert len(m.right()) == 12


def dovecot(m, *args):
	conf = m.root / "dovecot.conf"
	if not conf.exists():
		conf.write_text(f"mail_location = maildir:{m.dir}\nbase_dir = {m.root}/run\nlog_path = /dev/stderr\nssl = no\n"
			f"first_valid_uid = 1\nmail_uid = {MAIL_UID}\nmail_gid = {MAIL_UID}\n"
			"namespace inbox {\n inbox = yes\n separator = .\n}\n")
	return m.other("doveadm", "-c", conf, *args)


@pytest.mark.skipif(not shutil.which("doveadm") or os.geteuid() != 0, reason="needs dovecot-core and root")
def test_dovecot(mailbox):
	m = mailbox
	if not subprocess.run(["dovecot", "--version"], capture_output=True, text=True).stdout.startswith("2.3"):
		pytest.skip("the configuration is that of Dovecot 2.3")
	m.run("deliver", 20, 500)
	m.right()
	dovecot(m, "flags", "add", r"\Flagged", "mailbox", "INBOX", "1:10")
	assert sum("F" in flags for _, _, flags in m.right()) == 10
	dovecot(m, "flags", "add", r"\Seen $label1", "mailbox", "INBOX", "5:7")
	assert any(set(flags) & set("abc") for _, _, flags in m.right())
	m.run("flags", m.listed()[0][0], "R", "")
	m.right()
	dovecot(m, "mailbox", "create", "Old")
	dovecot(m, "move", "Old", "mailbox", "INBOX", "5:9")
	assert len(m.right()) == 15
	assert len(m.right("Old")) == 5
	dovecot(m, "expunge", "mailbox", "INBOX", "1:3")
	m.run("deliver", 2, 500)
	assert len(m.right()) == 14
	# what we do is seen by Dovecot
	m.run("move", "INBOX", m.listed("Old")[0][0], box="Old")
	m.run("remove", m.listed()[-1][0])
	assert dovecot(m, "-f", "tab", "mailbox", "status", "messages", "INBOX").split()[-1] == str(len(m.right()))


# --- all at once ---

def disturb(m, end, seed):
	"""another program: adds, renames, removes, as fast as it can"""
	rnd = random.Random(seed)
	n = 0
	while time.monotonic() < end:
		place = rnd.choice(["new", "cur"])
		try:
			what = rnd.random()
			if what < 0.4:
				name = f"{int(time.time()) - rnd.randrange(100000)}.M{n}P{seed}.foreign" + (":2,S" if place == "cur" else "")
				(m.dir / "tmp" / name).write_text(MESSAGE.format(n))
				os.rename(m.dir / "tmp" / name, m.dir / place / name)
			else:
				name = rnd.choice(os.listdir(m.dir / place))
				if what < 0.6:
					os.unlink(m.dir / place / name)
				else:
					os.rename(m.dir / place / name, m.dir / "cur" / (name.partition(":2,")[0] + rnd.choice([":2,", ":2,S", ":2,FS"])))
		except (OSError, IndexError):
			pass
		n += 1
		time.sleep(rnd.random() * 0.01)


@pytest.mark.parametrize("foreign", [False, True])
def test_hammer(quick_mailbox, foreign):
	"""8 deliveries, flags, moves, removals, rebuilds, readers, and in the second round other programs as well"""
	m = quick_mailbox
	m.run("deliver", 200, 400)
	what = ["deliver"] * 8 + ["flags"] * 2 + ["move", "back", "remove", "rebuild", "read", "read"]
	if foreign:
		what = [w for w in what if w != "read"]  # a page may rightly be short while files vanish
	end = time.monotonic() + SECONDS
	work = [m.popen("work", SECONDS, i, w + ("!" if foreign else "")) for i, w in enumerate(what)]
	threads = [threading.Thread(target=disturb, args=(m, end, i)) for i in range(2)] if foreign else []
	for t in threads:
		t.start()
	filed = 0
	for w, p in zip(what, work):
		out, err = p.communicate()
		assert p.returncode == 0, (w, err)
		if w == "deliver":
			filed += int(out.split()[1])
	for t in threads:
		t.join()
	assert filed > 50
	m.right()
	m.right("Other")


def test_pages_of_two_readers_agree(quick_mailbox):
	"""while mail arrives a reader never sees a message twice, out of order, or one that is not there"""
	m = quick_mailbox
	m.run("deliver", 60, 400)
	writer = m.popen("work", 2, 1, "deliver")
	seen = []
	while writer.poll() is None:
		lines = m.run("page", "newest", "x", 50).stdout.splitlines()
		assert len(lines) == 51 and len(set(lines)) == 51
		assert lines[:50] == sorted(lines[:50], reverse=True)
		present = set(os.listdir(m.dir / "new"))
		assert set(lines[:50]) <= present
		seen.append(lines[0])
	assert seen == sorted(seen) and len(set(seen)) > 1
	writer.communicate()
	m.right()


# --- killed and failing ---

def syscalls(m, verb, *args, box="INBOX"):
	"""the names of the system calls that this makes, in order, from the opening of the store on"""
	log = m.root / "trace"
	log.touch()
	os.chmod(log, 0o666)
	m.run(verb, *args, box=box, wrap=["strace", "-o", log, "-s", "0"])
	calls = [line.partition("(")[0] for line in log.read_text().splitlines() if "(" in line]
	log.unlink()
	return calls


def prepare(m, verb):
	"""arguments for one such change"""
	m.run("deliver", 1, 400)
	some = random.choice(m.listed())[0]
	return {"deliver": [1, 400], "flags": [some, "SF", ""], "move": ["Other", some], "remove": [some]}[verb]


# one in STEP points of each in a quick run, all of them in a long one
STEP = 4 if SECONDS < 20 else 1


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("verb", ["deliver", "flags", "move", "remove"])
@pytest.mark.parametrize("fault", ["signal=KILL", "error=ENOSPC", "error=EACCES"])
def test_fault_at_every_syscall(quick_mailbox, verb, fault):
	m = quick_mailbox
	m.run("deliver", 5, 400)
	m.run("deliver", 1, 400, box="Other")
	calls = syscalls(m, verb, *prepare(m, verb))
	counts = {}
	points = []
	for c in calls:
		counts[c] = counts.get(c, 0) + 1
		points.append((c, counts[c]))
	# what comes before our code is the loader's
	first = max(i for i, c in enumerate(calls) if c in ("prlimit64", "munmap"))
	points = [p for p in points[first + 1:] if p[0] not in ("exit_group", "brk", "mmap", "munmap")]
	tried = 0
	for name, n in points[random.randrange(STEP)::STEP]:
		args = prepare(m, verb)
		m.run(verb, *args, check=False, wrap=["strace", "-o", "/dev/null", "-e", f"inject={name}:{fault}:when={n}"])
		tried += 1
		assert m.listed() == m.files(), (name, n)
		assert m.listed("Other") == m.files("Other"), (name, n)
		report = m.run("check", "deep").stdout
		assert "bad 0 missing 0 extra 0 wrong 0 header_bad 0 out_of_step 0" in report, (name, n, report)
	assert tried >= 30 // STEP
	m.right()
	m.right("Other")


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("verb", ["deliver", "flags", "move", "remove", "counts"])
@pytest.mark.parametrize("change", ["add", "remove", "rename", "twice"])
def test_foreign_change_in_the_middle(quick_mailbox, verb, change):
	"""another program changes the mailbox after we compared and before we mark it: our mark must not hide that"""
	m = quick_mailbox
	m.run("deliver", 5, 400)
	args = [] if verb == "counts" else prepare(m, verb)
	victim = next(i for i, place, _ in m.listed() if place == "new" and i not in args)
	if verb == "counts":
		(m.dir / "new/1700000000.foreign").write_text(MESSAGE.format(0))  # something to take in
	p = subprocess.Popen(["strace", "-o", m.root / "trace", "-e", "trace=utimensat", "-e", "inject=utimensat:delay_enter=400000:when=1",
		m.tool, m.root, "ann", verb, "INBOX", *map(str, args)], env=m.env, stdout=subprocess.PIPE, **identity())
	time.sleep(0.2)  # it waits before its mark: at the end of these 0.2 s, if the machine is not very slow
	if change == "add":
		(m.dir / "cur/1700000001.foreign:2,S").write_text(MESSAGE.format(1))
	elif change == "remove":
		(m.dir / "new" / victim).unlink()
	elif change == "rename":
		(m.dir / "new" / victim).rename(m.dir / "cur" / f"{victim}:2,F")
	else:
		(m.dir / "new/x").write_text("")
		(m.dir / "new/x").unlink()
	p.communicate()
	m.right()


def test_disk_full(mailbox):
	"""the index cannot be written: mail is filed, told so, and listed later (F3); a reader without room tells it clearly"""
	m = mailbox
	m.run("deliver", 3, 400)
	m.right()
	m.run("deliver", 1, 400, wrap=["strace", "-o", "/dev/null", "-e", "inject=pwrite64:error=ENOSPC:when=1+"], check=False)
	assert len(m.files()) == 4
	r = m.run("list", wrap=["strace", "-o", "/dev/null", "-e", "inject=pwrite64:error=ENOSPC:when=1+"], check=False)
	assert r.returncode == 75 and "No space left" in r.stderr
	assert len(m.right()) == 4


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system")
def test_really_full(tool):
	"""a full disk is when people must be able to list, flag and remove their mail"""
	d = Path(short_tmp())
	if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k,mode=755", "none", d]).returncode != 0:
		pytest.skip("no mounting here")
	try:
		m = Mailbox(tool, d)
		m.run("deliver", 20, 400)
		m.right()
		m.run("deliver", 1, 400, wrap=["strace", "-o", "/dev/null", "-e", "inject=pwrite64:error=ENOSPC:when=1+"], check=False)
		with open(d / "filler", "wb", buffering=0) as f:
			try:
				while True:
					f.write(b"x" * 4096)
			except OSError:
				pass
		with pytest.raises(OSError):
			(d / "more").write_bytes(b"x" * 4096)
		# a message longer than what is left of the index's last page, so that a line is missing that has no room
		for i in range(12):
			name = m.listed()[i][0]
			m.run("flags", name, "SFabcdefghij", "")
			assert m.listed() == m.files()
		r = m.run("deliver", 1, 20000, check=False)
		assert r.returncode == 75 and "No space left" in r.stderr
		for i in range(5):
			m.run("remove", m.listed()[0][0])
			assert m.listed() == m.files()
		assert len(m.files()) == 16
		(d / "filler").unlink()
		m.run("deliver", 3, 400)
		assert len(m.right()) == 19
	finally:
		subprocess.run(["umount", "-l", d], check=True)
		d.rmdir()


# --- the bytes ---

def test_format(mailbox):
	"""the file as intimail-index(5) tells, read by somebody who does not know our code"""
	m = mailbox
	m.run("deliver", 5, 400, "4dPNmq0Z6QzZrZc")
	m.run("flags", m.listed()[2][0], "RS", "")
	m.run("remove", m.listed()[0][0])
	raw = (m.dir / "index.jsonl").read_bytes()
	head = json.loads(raw[:512])
	assert raw[511:512] == b"\n" and head["intimail-index"] == 1
	assert head["bytes"] == len(raw)
	assert (head["total"], head["unread"], head["removed"]) == (4, 3, 1)
	assert zlib.crc32(raw[:27] + raw[35:512]) == int(head["crc"], 16)
	for where in ("new", "cur"):
		st = os.stat(m.dir / where)
		inode, mtime, ctime = head[where].split()
		assert int(inode) == st.st_ino
		assert int(mtime.replace(".", "")) == st.st_mtime_ns and int(ctime.replace(".", "")) == st.st_ctime_ns
	lines = raw[512:].split(b"\n")[:-1]
	assert len(lines) == 5
	for line in lines:
		e = json.loads(line)
		at = line.index(b'"crc":"') + 7
		assert zlib.crc32(line[:at] + line[at + 8:]) == int(e["crc"], 16)
		assert e["queueid"] == "4dPNmq0Z6QzZrZc" and e["pj"] == 0 and e["from"].endswith("example.org>")
		assert e["timestamp"][:10] == "2026-11-24" and e["unixtimestamp"] == 1795503600
		path = m.dir / e["in"] / (e["id"] + (":2," + e["status"] if e["in"] == "cur" else ""))
		assert e["in"] == "---" or path.stat().st_size == e["size"]


def test_duplicates(mailbox):
	m = mailbox
	m.run("deliver", 1, 400, "4dPNmq0Z6QzZrZc")
	assert m.run("duplicate", "4dPNmq0Z6QzZrZc").stdout == "yes in_step 1\n"
	assert m.run("duplicate", "4dPNmq0Z6QzZrZd").stdout == "no in_step 1\n"
	(m.dir / "new/1.foreign").write_text(MESSAGE.format(1))
	assert m.run("duplicate", "4dPNmq0Z6QzZrZc").stdout == "yes in_step 0\n"
	assert m.run("duplicate", "4dPNmq0Z6QzZrZd").stdout == "no in_step 0\n"


# --- cost ---

def fill(m, n):
	"""n messages by another program, quickly: 2 KB each"""
	for d in ("tmp", "new", "cur"):
		(m.dir / d).mkdir(parents=True, exist_ok=True)
	body = "The quick brown fox jumps over the lazy dog and runs away.\n" * 28
	for i in range(n):
		queueid = f"4dPNmq{i % 100000:04}zZr{i % 1000:03}"
		head = (f"From: =?utf-8?q?Andr=C3=A9?= Example {i % 500} <andre{i % 500}@mail.example.org>\nTo: Ann Example <ann@example.test>\n"
			f"Subject: Minutes of the {i}th meeting of the board\nDate: Tue, 24 Nov 2026 07:{i % 60:02}:00 +0000\n"
			f"Message-ID: <{i}.1234567890@mail.example.org>\n" + (f"In-Reply-To: <{i // 2}.1234567890@mail.example.org>\n" if i % 3 == 0 else ""))
		name = f"{1700000000 + i * 60}.M{i % 1000000:06}P{i % 30000}Q{queueid}.mail,S=2048:2,{'S' if i % 7 else ''}"
		with open(m.dir / "cur" / name, "w") as f:
			f.write(f"{head}\n{body}"[:2048])
	if os.geteuid() == 0:
		subprocess.run(["chown", "-R", f"{MAIL_UID}:{MAIL_UID}", m.root / "ann"], check=True)


def calls_of(m, verb, *args):
	return [c for c in syscalls(m, verb, *args) if c not in ("brk", "mmap", "munmap", "mprotect", "write", "rt_sigtimedwait")]


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_cost_does_not_grow(quick_mailbox, tool):
	"""rebuild under 20 s and 400 bytes a message at 100 000; page, find, flag, deliver cost what they cost at 100"""
	big = quick_mailbox
	small = Mailbox(tool, big.root.with_name(big.root.name + "-small"))
	try:
		fill(big, 100000)
		fill(small, 100)
		start, before = time.monotonic(), os.times()
		big.run("rebuild")
		after = os.times()
		cpu = after.children_user + after.children_system - before.children_user - before.children_system
		size = (big.dir / "index.jsonl").stat().st_size / 100000
		print(f"\nrebuild of 100000: {cpu:.1f} s of CPU, {time.monotonic() - start:.1f} s on this machine now, {size:.0f} bytes a message")
		assert cpu < 10 and size < 400
		small.run("rebuild")
		for verb, args in (("page", ["newest", "x", 50]), ("deliver", [1, 500]), ("counts", [])):
			assert calls_of(big, verb, *args) == calls_of(small, verb, *args), verb
		for m in (big, small):
			m.newest = m.run("page", "newest", "x", 50).stdout.splitlines()[40]
		assert len(calls_of(big, "flags", big.newest, "F", "")) <= len(calls_of(small, "flags", small.newest, "F", "")) + 3
		# times are noisy here: the best of several medians each, in turn
		best = {}
		for _ in range(5):
			for where, m in (("small", small), ("big", big)):
				for line in m.run("measure", 201).stdout.splitlines():
					name, us = line.split()
					best[where, name] = min(float(us), best.get((where, name), 1e9))
		for name in ("page", "older", "find", "flags", "deliver"):
			print(f"{name}: {best['small', name]} us of 100, {best['big', name]} us of 100000")
			assert best["big", name] < 1.2 * best["small", name] + 5, name
		big.right()
	finally:
		shutil.rmtree(small.root)


# --- the program ---

def cli(m, *args, check=True, who=None):
	conf = m.root / "intimail.conf"
	conf.write_text(f"domain = example.test\nroot = {m.root}\nmail_root = {m.root}\nmail_user = nobody\n")
	r = subprocess.run([BUILD / "bin/intimail-index", "-c", conf, *args], text=True, capture_output=True,
		**(identity() if who is None else who))
	if check:
		assert r.returncode == 0, r.stderr
	return r


def test_program(mailbox):
	m = mailbox
	m.run("deliver", 4, 400)
	m.run("deliver", 2, 400, box="Sent")
	m.run("flags", m.listed()[1][0], "RS", "")
	assert cli(m, "check", "ann").stdout.startswith("INBOX: 4 messages, 3 unread")
	report = json.loads(cli(m, "check", "ann", "--deep", "--json").stdout)
	assert [r["mailbox"] for r in report] == ["INBOX", "Sent"]
	assert all(r["in_step"] and r["bad_lines"] == r["bad_json"] == r["missing"] == r["extra"] == r["wrong"] == 0 for r in report)
	entries = json.loads(cli(m, "export", "ann").stdout)
	assert [(e["id"], e["in"], e["status"]) for e in entries] == m.listed()
	assert set(entries[0]) >= {"id", "from", "to", "subject", "timestamp", "unixtimestamp", "queueid", "size", "status", "pj"}
	assert len(json.loads(cli(m, "export", "ann", "Sent").stdout)) == 2
	assert json.loads(cli(m, "export", "ann", "Sent").stdout)[0]["subject"].startswith("message 0")
	# a changed byte is told, and mended
	index = m.dir / "index.jsonl"
	raw = bytearray(index.read_bytes())
	raw[700] ^= 1
	index.write_bytes(raw)
	r = cli(m, "check", "ann", check=False)
	assert r.returncode == 65 and "DAMAGED: 1 bad lines" in r.stdout and "rebuild" in r.stderr
	assert index.read_bytes() == raw
	assert cli(m, "rebuild", "ann", "INBOX").stdout.startswith("INBOX: 4 messages, 3 unread")
	assert "right" in cli(m, "check", "ann").stdout
	assert m.right()
	# somebody else's change is no damage
	(m.dir / "new/1.foreign").write_text(MESSAGE.format(1))
	assert "1 changes wait" in cli(m, "check", "ann").stdout


@pytest.mark.parametrize("args, status, text", [
	(["check", "nobody"], 67, "no mail of 'nobody'"), (["check", "../x"], 65, "valid user name"),
	(["export", "ann", "Nothing"], 67, "no mailbox 'Nothing'"), (["export", "ann", "../x"], 65, "valid mailbox name"),
	(["check"], 64, ""), (["mend", "ann"], 64, ""), (["check", "ann", "--wrong"], 64, "")])
def test_program_refuses(mailbox, args, status, text):
	mailbox.run("deliver", 1, 400)
	r = cli(mailbox, *args, check=False)
	assert r.returncode == status and text in r.stderr and r.stdout == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_program_is_the_owner(mailbox):
	m = mailbox
	m.run("deliver", 1, 400)
	cli(m, "rebuild", "ann", who={})
	assert (m.dir / "index.jsonl").stat().st_uid == MAIL_UID
	r = cli(m, "check", "ann", check=False, who={"user": 65534, "group": 65534, "extra_groups": []})
	assert r.returncode == 77 and f"as root or as nobody, who owns {m.root}" in r.stderr
	for owner in (0, MAIL_UID), (MAIL_UID, 0):
		os.chown(m.root, *owner)
		r = cli(m, "check", "ann", check=False, who={})
		assert r.returncode == 78 and "belongs to root" in r.stderr


def test_killed_rebuild(quick_mailbox):
	"""a rebuild that is killed leaves the old index in its place, and the next one is not disturbed"""
	m = quick_mailbox
	fill(m, 3000)
	m.run("counts")
	for i in range(5):
		p = m.popen("rebuild")
		time.sleep(0.005 * (i + 1))
		p.send_signal(signal.SIGKILL)
		p.communicate()
		m.right()
	m.run("rebuild")
	m.right()
	assert sorted(p.name for p in m.dir.iterdir()) == ["cur", "index.jsonl", "new", "tmp"]


# --- the programs that are confined ---

def test_in_step_behind_confinement(server):
	"""agent and pages are confined to what they need; for the index they need more than files: its marks and its watch"""
	server.add_user("ida")

	def check():
		report = json.loads(server.run("intimail-index", "-c", server.status["config"], "check", "ida", "INBOX", "--deep", "--json"))[0]
		assert report["in_step"] and report["bad_lines"] == report["missing"] == report["wrong"] == report["extra"] == 0, report
		return report

	for i in range(3):
		queue_id = server.deliver(f"From: a@elsewhere.test\nTo: ida@example.org\nSubject: number {i}\n\nHello {i}\n", "ida@example.org")
		assert check()["messages"] == i + 1
	assert len(queue_id) > 11  # the long form, which tells the time
	exported = json.loads(server.run("intimail-index", "-c", server.status["config"], "export", "ida"))
	assert exported[-1]["queueid"] == queue_id
	b = server.browser("ida")
	page = b.json("/mail/INBOX")
	assert [m["subject"] for m in page["messages"]] == ["number 2", "number 1", "number 0"]
	assert check()["unread"] == 3
	assert b.get(page["messages"][1]["url"]).status == 200
	assert check()["unread"] == 2
	# another program in between: taken in by the next page
	mail = Path(server.status["mail_root"]) / "ida/Maildir"
	foreign = mail / "new/1700000000.foreign"
	foreign.write_text(MESSAGE.format(1))
	shutil.chown(foreign, mail.stat().st_uid)
	assert b.json("/mail/INBOX")["mailbox"]["total"] == 4
	assert check()["messages"] == 4
