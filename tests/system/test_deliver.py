# SPDX-License-Identifier: ISC
"""intimail-deliver: what it does when nothing is wrong, and what it answers when the caller or the message is odd"""
import json
import os
import shutil
import subprocess
import time

import pytest
from agent import NAME, PROGRAM, corpus_dir, end_agent, message, new_agent, queue_size

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


@pytest.fixture(name="agent", scope="module")
def fixture_agent():
	a = new_agent()
	a.person("bob", 3000)
	a.person("dan", 5000, enabled=False)
	a.person("eve", 0, extra=["mailExpire: 20200101000000Z"])
	a.person("max", None, extra=["mailAlias: maximilian.mustermann@example.test"])
	yield a
	end_agent(a)


@pytest.fixture(autouse=True)
def fixture_empty(agent):
	for uid in ("ann", "bob", "dan", "eve", "max"):
		agent.wipe(uid)
	agent.configure()


def refused(r, code, exit_status):
	"""one line that begins with the enhanced status code, nothing else"""
	lines = r.stdout.decode().splitlines()
	assert len(lines) == 1 and lines[0].startswith(code + " ") and r.stderr == b"", (r.stdout, r.stderr)
	assert r.returncode == exit_status
	return lines[0]


def test_a_message_is_filed(agent):
	data = message()
	r = agent.deliver(data, queueid="4cXq1Z2kGnz1f")
	assert (r.returncode, r.stdout, r.stderr) == (0, b"", b"")
	files = agent.files()
	assert len(files) == 1 and files[0].parent.name == "new" and agent.leftovers() == []
	m = NAME.match(files[0].name)
	assert m and m[2] == str(len(data)) and "Q4cXq1Z2kGnz1f" in files[0].name
	assert files[0].read_bytes() == data
	st = files[0].stat()
	assert (st.st_uid, st.st_mode & 0o777) == (agent.mail_uid, 0o600)
	assert agent.maildir().stat().st_mode & 0o777 == 0o700
	size = (agent.maildir() / "maildirsize").read_text().splitlines()
	assert size[0] == f"{50 << 20}S" and sum(int(x.split()[0]) for x in size[1:]) == len(data)
	lines = (agent.maildir() / "index.jsonl").read_bytes().splitlines()
	entry = json.loads(lines[-1])
	assert (entry["subject"], entry["queueid"], entry["size"]) == ("hello", "4cXq1Z2kGnz1f", len(data))
	assert entry["id"] == files[0].name
	log = agent.log_text().splitlines()[-1]
	assert "delivered user=ann mailbox=INBOX queue=4cXq1Z2kGnz1f" in log and "from=<ann@example.net>" in log


def test_the_same_queue_id_again_is_the_same_message(agent):
	for _ in range(3):
		assert agent.deliver(message(), queueid="4cXq1Z3333z1f").returncode == 0
	assert len(agent.files()) == 1 and agent.leftovers() == []
	# read and flagged by another program meanwhile: out of new/, the index does not know
	name = agent.files()[0]
	name.rename(agent.maildir() / "cur" / (name.name + ":2,S"))
	assert agent.deliver(message(), queueid="4cXq1Z3333z1f").returncode == 0
	assert len(agent.files()) == 1
	assert agent.deliver(message(), queueid="4cXq1Z3334z1f").returncode == 0
	assert len(agent.files()) == 2
	assert "delivered before user=ann" in agent.log_text()


@pytest.mark.parametrize("rcpt, uid, box", [
	("ann@example.test", "ann", "."), ("Ann@Example.TEST", "ann", "."), ("maximilian.mustermann@example.test", "max", "."),
	("ann+work@example.test", "ann", ".Work"), ("ann+WORK@example.test", "ann", ".Work"),
	("ann+family.photos@example.test", "ann", ".Family.Photos"), ("ann+none@example.test", "ann", "."),
	("ann+@example.test", "ann", "."), ("ann+a+b@example.test", "ann", "."), ("ann+inbox@example.test", "ann", "."),
	("ann+sent@example.test", "ann", "."), ("ann+trash@example.test", "ann", "."), ("ann+../work@example.test", "ann", "."),
	("ann+.work@example.test", "ann", "."), ("ann+tmp@example.test", "ann", "."),
])
def test_where_it_goes(agent, rcpt, uid, box):
	for d in ("", ".Work", ".Family.Photos", ".Sent", ".Trash"):
		for sub in ("tmp", "new", "cur"):
			os.makedirs(agent.maildir() / d / sub)
	subprocess.run(["chown", "-R", str(agent.mail_uid), agent.mail_root], check=True)
	assert agent.deliver(message(), rcpt).returncode == 0
	assert len(agent.files(uid, box)) == 1


@pytest.mark.parametrize("rcpt", ["nobody@example.test", "ann@elsewhere.test", "ann", "@example.test", "*@example.test",
	"ann)(uid=*@example.test", "a\nb@example.test", "x" * 400 + "@example.test", "\"a b;$(id)/../x\"@example.test",
	"postmaster@example.test"])
def test_nobody(agent, rcpt):
	refused(agent.deliver(message(), rcpt), "5.1.1", 67)
	assert list(agent.mail_root.iterdir()) == []


def test_over_quota(agent):
	assert agent.deliver(message(2000), "bob@example.test").returncode == 0
	line = refused(agent.deliver(message(2000), "bob@example.test"), "4.2.2", 75)
	assert "mailbox of bob@example.test is full" in line and "2.9 KB" in line
	agent.configure(over_quota="refuse")
	refused(agent.deliver(message(2000), "bob@example.test"), "5.2.2", 69)
	assert agent.deliver(message(900), "bob@example.test").returncode == 0  # a smaller one still fits
	assert len(agent.files("bob")) == 2 and agent.leftovers("bob") == []


def test_a_disabled_or_ended_account_neither_bounces_nor_loses(agent):
	assert agent.deliver(message(), "dan@example.test").returncode == 0
	assert agent.deliver(message(), "eve@example.test").returncode == 0
	assert len(agent.files("dan")) == len(agent.files("eve")) == 1
	r = agent.deliver(message(4000), "dan@example.test")  # full besides
	assert (r.returncode, r.stdout) == (0, b"") and len(agent.files("dan")) == 1
	assert "dropped, the account is disabled" in agent.log_text().splitlines()[-1]


UGLY = {
	"only a body": b"just text\n",
	"no line end": b"Subject: x\n\nno end",
	"one byte": b"x",
	"NULs": b"Subject: a\0b\nFrom: \0\n\n\0\0\0\n",
	"CR LF": b"Subject: x\r\n\r\nbody\r\n",
	"8-bit header": "Subject: caf\u00e9 \U0001f600\n\nx\n".encode(),
	"Latin-1 header": b"Subject: caf\xe9\n\nx\n",
	"a header of 2 MB": b"Subject: " + b"x" * 2_000_000 + b"\n\nbody\n",
	"100 000 header fields": b"X-A: b\n" * 100_000 + b"\nbody\n",
	"a line of 1 MB": message(body=b"y" * 1_000_000 + b"\n"),
	"deep MIME": b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(3000)),
	"200 Delivered-To": b"Delivered-To: ann@example.test\n" * 200 + b"Subject: x\n\n",
	"hostile subject": b"Subject: \x1b[2J\x07 =?utf-8?q?=00=0D=0ABcc:_x?=\n\n",
	"all bytes": b"Subject: x\n\n" + bytes(range(256)) * 300,
}


@pytest.mark.parametrize("what", UGLY)
def test_ugly_mail_is_delivered_byte_for_byte(agent, what):
	data = UGLY[what]
	r = agent.deliver(data)
	assert (r.returncode, r.stdout) == (0, b"")
	assert [p.read_bytes() for p in agent.files()] == [data]
	for line in (agent.maildir() / "index.jsonl").read_bytes().splitlines():
		json.loads(line)
	assert "warning" not in agent.log_text().splitlines()[-2:]


def test_real_mail_is_delivered(agent):
	if not corpus_dir():
		pytest.skip("no ../shared/corpus")
	mails = sorted(p for p in corpus_dir().rglob("*") if p.is_file() and p.suffix in (".eml", ".msg", ".txt", ""))[::17]
	if not mails:
		pytest.skip("no messages in ../shared/corpus")
	seen = 0
	for p in mails:
		data = p.read_bytes()
		if 0 < len(data) < 2_000_000:
			r = agent.deliver(data, "eve@example.test")
			assert (r.returncode, r.stdout) == (0, b""), p
			seen += 1
	filed = agent.files("eve")
	assert len(filed) == seen
	for line in (agent.maildir("eve") / "index.jsonl").read_bytes().splitlines():
		json.loads(line)


def test_senders(agent):
	for sender in ("", "<>", "a b\"@x", "x" * 2000, "\x1b[2J"):
		assert agent.deliver(message(), sender=sender).returncode == 0
	assert "\x1b" not in agent.log_text()


@pytest.mark.parametrize("args, code", [
	([], "4.3.5"), (["a@b", "c@d"], "4.3.5"), (["--frobnicate", "ann@example.test"], "4.3.5"), (["-q"], "4.3.5"),
	(["-c", "/nonexistent/intimail.conf", "ann@example.test"], "4.3.5"), (["-c", "/etc/passwd", "ann@example.test"], "4.3.5"),
])
def test_our_mistakes_never_bounce(agent, args, code):
	r = subprocess.run([agent.program, *args], input=message(), capture_output=True, check=False, **agent.as_mail())
	assert r.returncode == 75 and r.stdout.decode().startswith("4.") and r.stdout.count(b"\n") == 1, (r.stdout, code)


def test_root_is_refused(agent):
	r = subprocess.run(agent.command(), input=message(), capture_output=True, check=False)
	assert "does not run as root" in refused(r, "4.3.5", 75)


def test_another_user_is_not_told_that_nobody_is_there(agent):
	"""an agent that runs as the wrong user must not bounce: slapd shows it nothing"""
	os.chmod(agent.mail_root, 0o711)
	r = subprocess.run(agent.command(), input=message(), capture_output=True, check=False, user=1234, group=1234, extra_groups=[])
	os.chmod(agent.mail_root, 0o700)
	refused(r, "4.4.3", 75)


def test_odd_surroundings(agent):
	"""F20: no descriptors, no environment, few descriptors left, a small stack, a directory that is gone"""
	def call(shell, data=message(), **kw):
		cmd = agent.command()
		return subprocess.run(["/bin/sh", "-c", shell, "sh", *cmd], input=data, capture_output=True, check=False,
			**agent.as_mail(), **kw)
	gone = agent.root / "gone"
	gone.mkdir(mode=0o777)
	assert call('exec "$@" >&- 2>&-').returncode == 0
	assert call('exec "$@"', env={}).returncode == 0
	assert call('exec "$@"', env={"LC_ALL": "C", "HOME": "/nonexistent", "TZ": ":/../etc/passwd"}).returncode == 0
	assert call('ulimit -s 128; exec "$@"').returncode == 0
	assert call('ulimit -n 24; exec "$@"').returncode == 0
	assert call(f'cd {gone} && rmdir {gone}; exec "$@"').returncode == 0
	assert len(agent.files()) == 6
	for shell in ('exec "$@" <&-', 'exec "$@" </dev/null', 'ulimit -n 6; exec "$@"', 'ulimit -f 1; exec "$@"'):
		r = call(shell)
		assert r.returncode == 75 and r.stdout.startswith(b"4."), (shell, r)
	assert len(agent.files()) == 6 and agent.leftovers() == []


def test_size_tells_of_a_cut(agent):
	data = message(300_000)
	refused(agent.deliver(data[:100_000], size=queue_size(data)), "4.3.0", 75)
	assert agent.files() == [] and agent.leftovers() == []
	for size in (queue_size(data) - 40_000, queue_size(data) + 60_000, "0", "-1", "abc", "9" * 30):
		assert agent.deliver(data, size=size).returncode == 0, size


def peak_of(agent, size):
	"""KiB of memory at most, asked of the kernel while the agent waits for the end of its input"""
	data = message(size)
	with subprocess.Popen(agent.command("max@example.test"), stdin=subprocess.PIPE, **agent.as_mail()) as p:
		p.stdin.write(data)
		p.stdin.flush()
		peak, end = 0, time.monotonic() + 30
		while time.monotonic() < end:  # until it has read all that is in the pipe and waits
			status = dict(x.split(":", 1) for x in open(f"/proc/{p.pid}/status", encoding="utf-8").read().splitlines())
			peak = int(status["VmHWM"].split()[0])
			filed = [f for f in agent.leftovers("max") if f.stat().st_size == len(data)]
			if filed:
				break
			time.sleep(0.01)
		p.stdin.close()
		assert p.wait() == 0
	return peak


def test_memory_and_links(agent):
	out = subprocess.run(["readelf", "-d", PROGRAM], capture_output=True, text=True, check=True).stdout
	needed = [line.split("[")[1].rstrip("]") for line in out.splitlines() if "NEEDED" in line]
	if any("san" in n for n in needed):
		pytest.skip("a sanitizer build")
	# static: a library that is missing for a moment of an upgrade would be exit status 127, which bounces mail
	assert needed == []
	peaks = {size: peak_of(agent, size) for size in (2_000, 5_000_000, 48_000_000)}
	print("peak RSS in KiB:", peaks)
	assert max(peaks.values()) < 3 * 1024, peaks


def test_it_gives_up_what_it_does_not_need(agent):
	"""while it reads the message it can gain no privileges and start no program; Landlock lets it write one Maildir"""
	with subprocess.Popen(agent.command(), stdin=subprocess.PIPE, **agent.as_mail()) as p:
		p.stdin.write(b"Subject: x\n")
		p.stdin.flush()
		end = time.monotonic() + 30
		while not any(f.stat().st_size for f in agent.leftovers()) and time.monotonic() < end:
			time.sleep(0.01)
		with open(f"/proc/{p.pid}/status", encoding="utf-8") as f:
			status = dict(x.split(":", 1) for x in f.read().splitlines())
		with open(f"/proc/{p.pid}/limits", encoding="utf-8") as f:
			limits = {line[:26].strip(): line[26:].split()[0] for line in f}
		p.stdin.close()
		assert p.wait() == 0
	assert status["NoNewPrivs"].strip() == "1"
	assert limits["Max processes"] == limits["Max core file size"] == "0"


def test_charsets_of_the_c_library_are_within_reach(agent):
	"""its charset modules are files, opened when a header field needs one: the confinement must not hide them"""
	for charset, text, want in (("iso-2022-jp", "GyRCRnxLXBsoQg==", "\u65e5\u672c"), ("gb18030", "1tDOxA==", "\u4e2d\u6587"),
			("koi8-r", "8NLJ18XU", "\u041f\u0440\u0438\u0432\u0435\u0442")):
		assert agent.deliver(f"Subject: =?{charset}?B?{text}?=\n\nx\n".encode()).returncode == 0
		entry = json.loads((agent.maildir() / "index.jsonl").read_bytes().splitlines()[-1])
		assert entry["subject"] == want


def test_time_of_one_delivery(agent):
	begin = time.monotonic()
	for _ in range(20):
		assert agent.deliver(message()).returncode == 0
	print(f"{(time.monotonic() - begin) / 20 * 1000:.1f} ms for each, the start by python included")
