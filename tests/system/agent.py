# SPDX-License-Identifier: ISC
"""The delivery agent with a real slapd, called as Postfix's pipe(8) calls it: what test_deliver and test_faults share"""
import os
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

from slapd import BUILD, DOMAIN, Slapd, short_tmp

MAIL_UID = 64123  # nobody's: files of another owner are noticed
PROGRAM = BUILD / "bin/intimail-deliver"
NAME = re.compile(r"^\d+\.M\d+P\d+[A-Za-z0-9_.-]*(\.Q[0-9A-Za-z]+)?.*,S=(\d+)(:2,[A-Z]*)?$")


def message(size=2000, subject="hello", body=None):
	"""a plain message of exactly this size (when that is possible)"""
	head = (f"Return-Path: <ann@example.net>\nDelivered-To: ann@{DOMAIN}\nFrom: Ann Example <ann@example.net>\n"
		f"To: Ann <ann@{DOMAIN}>\nSubject: {subject}\nDate: Tue, 24 Nov 2026 06:00:00 +0000\n"
		"Message-ID: <1@example.net>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n").encode()
	if body is not None:
		return head + body
	line = b"The quick brown fox jumps over the lazy dog. 0123456789\n"
	rest = max(size - len(head), 0)
	return head + (line * (rest // len(line) + 1))[:max(rest - 1, 0)] + b"\n" * (rest > 0)


def queue_size(data):
	"""${size}: each line is a record of a type byte, one or two bytes of length, and the text"""
	total = 0
	for line in data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n"):
		total += len(line) + len(line) // 2048 * 3 + 1 + (1 if len(line) % 2048 < 128 else 2)
	return total


def base52(n, width):
	digits = ""
	while n or len(digits) < width:
		digits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"[n % 52] + digits
		n //= 52
	return digits


class Agent(Slapd):
	"""a directory, a mail root, and the agent on them"""

	def __init__(self, root):
		super().__init__(root, MAIL_UID)
		self.mail_root = self.root / "var/mail/intimail"
		self.mail_root.mkdir(parents=True)
		os.chown(self.mail_root, MAIL_UID, MAIL_UID)
		os.chmod(self.mail_root, 0o700)
		logs = self.root / "var/log/intimail"
		logs.mkdir(parents=True)
		self.deliver_log = logs / "deliver.log"
		self.deliver_log.touch()
		os.chown(self.deliver_log, MAIL_UID, MAIL_UID)
		self.program = self.root / "intimail-deliver"  # where the mail user may go
		shutil.copy(PROGRAM, self.program)
		self.queue = 0
		self.lock = threading.Lock()
		self.configure()

	def next_queueid(self):
		"""a long queue id of now: seconds, microseconds, inode (Postfix: enable_long_queue_ids)"""
		with self.lock:  # tests deliver from many threads: an id that is given twice is a duplicate to the agent
			self.queue += 1
			number = self.queue
		return base52(int(time.time()), 6) + base52(number, 4) + "z" + "1f"

	def command(self, rcpt=f"ann@{DOMAIN}", queueid=None, size=None, sender="ann@example.net", config=None):
		return [str(self.program), "-c", str(config or self.config), "-q", queueid or self.next_queueid(), "-s",
			str(size if size is not None else 0), "-f", sender, "-o", rcpt, "--", rcpt]

	def as_mail(self):
		return {"user": MAIL_UID, "group": MAIL_UID, "extra_groups": []}

	def deliver(self, data, rcpt=f"ann@{DOMAIN}", queueid=None, size=None, **kw):
		"""one call of the agent; returns what subprocess.run gives"""
		cmd = self.command(rcpt, queueid, queue_size(data) if size is None else size, **kw)
		return subprocess.run(cmd, input=data, capture_output=True, check=False, timeout=90, **self.as_mail())

	def maildir(self, uid="ann"):
		return self.mail_root / uid / "Maildir"

	def files(self, uid="ann", box="."):
		d = self.maildir(uid) / box
		return sorted(p for sub in ("new", "cur") if (d / sub).is_dir() for p in (d / sub).iterdir())

	def leftovers(self, uid="ann"):
		d = self.maildir(uid) / "tmp"
		return sorted(d.iterdir()) if d.is_dir() else []

	def wipe(self, uid="ann"):
		shutil.rmtree(self.mail_root / uid, ignore_errors=True)

	def log_text(self):
		return self.deliver_log.read_text()


def new_agent():
	a = Agent(short_tmp()).start()
	a.person("ann", 50 << 20)
	return a


def end_agent(a):
	a.stop()
	shutil.rmtree(a.root)


def corpus_dir():
	d = Path(__file__).resolve().parents[3] / "shared/corpus"
	return d if d.is_dir() else None
