#!/usr/bin/python3
"""Puts our page programs behind their own lighttpd for ../shared/bench/bench_webmail.py (called as 'start' and 'stop').

A private server is rendered with mail_root at the bench's mailboxes; each of them is a person who signs in. Only lighttpd
is charged: it is all that a page needs. An empty static C program is served by the same lighttpd's twin for the ratio
(bench_pages does that comparison finely; here the peers matter).
SPDX-License-Identifier: ISC
"""
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BIN = TOP / "build" / "bin"
DIR = Path(os.environ["BENCH_WORK"]) / "intimail"
MAIL = Path(os.environ["BENCH_MAIL"])
PASSWORD = "a bench password"


def run(*argv, **kw):
	return subprocess.run([str(a) for a in argv], check=True, capture_output=True, text=True, **kw).stdout


def sign_in(base, user):
	"""The cookies of a signed-in person, as one header value."""
	jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https")))
	op = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
	page = op.open(base + "/login").read().decode()
	csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
	data = urllib.parse.urlencode({"user": user, "password": PASSWORD, "csrf": csrf}).encode()
	op.open(urllib.request.Request(base + "/login", data, {"Sec-Fetch-Site": "same-origin"}))
	return "; ".join(f"{c.name}={c.value}" for c in jar if c.name == "__Host-im")


def newest(base, cookie, skip):
	"""URL of the skip-th newest message"""
	r = urllib.request.Request(base + "/mail/INBOX", headers={"Cookie": cookie, "Accept": "application/json"})
	return json.loads(urllib.request.urlopen(r).read())["messages"][skip]["url"]


def start():
	setup = BIN / "intimail-setup"
	run(setup, "--private", DIR, "--domain", "bench.test")
	conf = DIR / "etc/intimail/intimail.conf"
	conf.write_text(conf.read_text() + f"mail_root = {MAIL}\n")
	run(BIN / "intimail-private", "start", DIR)
	boxes = [p.name for p in MAIL.iterdir() if re.fullmatch(r"a\d+", p.name)]
	for b in boxes:
		run(BIN / "intimail-user", "-c", conf, "add", b, "--name", b, "--quota", "0", "--password-stdin", input=PASSWORD + "\n")
		(MAIL / b).chmod(0o700)
		(MAIL / b / "index.jsonl").unlink(missing_ok=True)  # the floors' own
	st = json.loads(run(BIN / "intimail-private", "status", DIR, "--json"))
	base = st["http"].rstrip("/")
	out = {}
	for b in boxes:
		ck = sign_in(base, b)
		out[b] = {"cookie": ck, "vars": {"open": newest(base, ck, 2)}}
	print(json.dumps({"name": "intimail (lighttpd + CGI)", "pids": [st["servers"]["lighttpd"]["pid"]],
					  "pages": {"list": {"url": base + "/mail/INBOX"}, "open": {"url": base + "{open}"}}, "boxes": out}))


if sys.argv[1:] == ["start"]:
	start()
elif sys.argv[1:] == ["stop"]:
	subprocess.run([BIN / "intimail-private", "stop", DIR], check=False, capture_output=True)
else:
	sys.exit("usage: adapter_webmail.py start|stop")
