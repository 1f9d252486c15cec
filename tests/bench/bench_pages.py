#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""CPU of a page: list and message beside an empty static C program under the same lighttpd of a private server.

What is counted is lighttpd and the programs that it started and waited for (/proc/PID/stat), so confinement, session and
sending are included. Contenders run in turn within each round; what counts is the median of the rounds' ratios.
Instructions (valgrind) do not depend on what else the machine does. Needs root.
"""
import argparse
import http.client
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from household import Household  # noqa: E402

WORDS = """apple tart bicycle garden holiday school Thursday bill camera river mountain letter evening kitchen window birthday
piano doctor train ticket lake dog cousin weather market recipe candle forest blanket lantern harvest sister breakfast""".split()
TICK = os.sysconf("SC_CLK_TCK")


def letter(r, n, size=600):
	m = EmailMessage()
	m["From"] = f"{r.choice(WORDS).title()} {r.choice(WORDS).title()} <{r.choice(WORDS)}@elsewhere.test>"
	m["To"], m["Date"], m["Subject"] = "you@example.org", "Tue, 24 Nov 2026 10:00:00 +0100", f"{n}: " + " ".join(r.choices(WORDS, k=5))
	text = ""
	while len(text) < size - 300:
		text += " ".join(r.choices(WORDS, k=12)) + ".\n"
	m.set_content(text)
	return bytes(m)


def fill(server, uid, n):
	"""n messages, as another Maildir program would put them there; the index takes them in at the first page"""
	r = random.Random(n)
	server.deliver(letter(r, 0, 20_000), server.add_user(uid))  # the newest: the one that is opened
	box = server.files(uid)[0].parents[1]
	owner = box.stat()
	some = [letter(r, i) for i in range(500)]
	for i in range(n - 1):
		f = box / "cur" / f"{1_500_000_000 + i}.M{i:06}P1.elsewhere,S={len(some[i % 500])}:2,S"
		f.write_bytes(some[i % 500])
		os.chown(f, owner.st_uid, owner.st_gid)
	b = server.browser(uid)
	began = time.monotonic()
	page = b.json("/mail/INBOX")
	assert page["mailbox"]["total"] == n and len(page["messages"]) == 50
	print(f"{uid}: {n} messages, first page (index made) after {time.monotonic() - began:.2f} s")
	b.get(page["messages"][0]["url"])
	return b, page["messages"][0]["url"]


class Lighttpd:
	def __init__(self, server):
		self.pid = server.status["servers"]["lighttpd"]["pid"]
		u = urlsplit(server.status["http"])
		self.http = http.client.HTTPConnection(u.hostname, u.port)

	def cpu(self):
		fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
		return sum(map(int, fields[11:15])) / TICK

	def pages(self, path, headers, n):
		"""CPU milliseconds a page, bytes of the last one"""
		before = self.cpu()
		for _ in range(n):
			self.http.request("GET", path, headers=headers)
			r = self.http.getresponse()
			body = r.read()
			assert r.status == 200, (path, r.status)
		time.sleep(0.02)  # the last program is waited for
		return (self.cpu() - before) * 1000 / n, len(body)


def instructions(server, program, path, cookie):
	if not shutil.which("valgrind"):
		return None
	cgi = server.dir / "usr/libexec/intimail/cgi" / program
	st = cgi.stat()
	env = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "HTTP_ACCEPT": "text/html", "HTTP_HOST": "localhost", "HTTP_COOKIE": cookie,
		"REMOTE_ADDR": "127.0.0.1"}
	copy = cgi.with_name(program + ".plain")  # valgrind runs no set-uid program
	shutil.copyfile(cgi, copy)
	copy.chmod(0o755)
	cgi.parent.chmod(0o755)
	r = subprocess.run(["setpriv", f"--reuid={st.st_uid}", f"--regid={st.st_gid}", "--clear-groups", "valgrind", "--tool=callgrind",
		"--callgrind-out-file=/dev/null", copy], env=env, cwd="/", capture_output=True, check=False)
	copy.unlink()
	found = re.search(rb"Collected : (\d+)", r.stderr)
	return int(found.group(1)) if found and b"Status: 200" in r.stdout else None


def main():
	p = argparse.ArgumentParser(description=__doc__)
	p.add_argument("--rounds", type=int, default=9)
	p.add_argument("--pages", type=int, default=300, help="of each contender in a round")
	p.add_argument("--sizes", default="100,100000", help="messages of the mailboxes")
	o = p.parse_args()
	try:  # what others do on this machine disturbs less
		os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
	except OSError:
		pass
	with Household() as server:
		empty = server.dir / "usr/libexec/intimail/cgi/html"  # takes the place of a program that is not measured here
		subprocess.run(["cc", "-O2", "-static-pie", "-fPIE", "-o", server.dir / "empty", HERE / "empty_cgi.c"], check=True)
		empty.unlink()
		shutil.copyfile(server.dir / "empty", empty)
		empty.chmod(0o755)
		rows = [("empty", "html", "/mail/INBOX/x/html", {})]
		for n in map(int, o.sizes.split(",")):
			b, url = fill(server, f"u{n}", n)
			cookie = {"Cookie": "; ".join(f"{k}={v}" for k, v in b.cookies.items())}
			rows += [(f"list of 50 at {n}", "list", "/mail/INBOX", cookie), (f"message of 20 KB at {n}", "message", url, cookie)]
			if n == 100:
				gzip = {"Accept-Encoding": "gzip"}
				rows += [("list, compressed", "list", "/mail/INBOX", cookie | gzip)]
		web = Lighttpd(server)
		cpu, size = {r[0]: [] for r in rows}, {}
		for _ in range(o.rounds):
			for name, _, path, headers in rows:
				ms, size[name] = web.pages(path, headers, o.pages)
				cpu[name].append(ms)
		print("\n| page | CPU ms, median | least | times empty, median | bytes | million instructions |\n|---|---|---|---|---|---|")
		for name, program, path, headers in rows:
			ratio = statistics.median(c / e for c, e in zip(cpu[name], cpu["empty"]))
			n = instructions(server, program, path, headers["Cookie"]) if headers and "Accept-Encoding" not in headers else None
			print(f"| {name} | {statistics.median(cpu[name]):.3f} | {min(cpu[name]):.3f} | {ratio:.2f} | {size[name]} | "
				f"{f'{n / 1e6:.2f}' if n else '-'} |")


if __name__ == "__main__":
	sys.exit(main())
