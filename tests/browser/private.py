# SPDX-License-Identifier: ISC
"""A private server for the tests of pages: people, mail, and a client that signs in and asks for pages."""
import http.client
import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD", REPO / "build"))
if not BUILD.is_absolute():
	BUILD = REPO / BUILD
PASSWORD = "correct horse battery"


class Client:
	"""A signed-in person without a browser. Redirects are not followed"""

	def __init__(self, url, uid=None, password=PASSWORD):
		u = urlsplit(url)
		context = ssl.create_default_context()
		context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a private server signs for itself
		self.http = http.client.HTTPSConnection(u.hostname, u.port, timeout=30, context=context)
		self.cookies = {}
		if uid:
			csrf = re.search(r'name="csrf" value="([^"]*)"', self.get("/login")[2]).group(1)
			status, headers, _ = self.post("/login", {"user": uid, "password": password, "csrf": csrf})
			assert status == 303, f"signing in as {uid}: {status}"

	def ask(self, method, path, body=None, headers=None):
		h = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())} | (headers or {})
		self.http.request(method, path, body, h)
		r = self.http.getresponse()
		data = r.read()
		for c in r.headers.get_all("Set-Cookie", []):
			name, value = c.split(";")[0].split("=", 1)
			self.cookies[name] = value
		return r.status, r.headers, data.decode("utf-8", "replace") if "text" in r.headers.get("Content-Type", "") else data

	def get(self, path, **headers):
		return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

	def post(self, path, fields):
		return self.ask("POST", path, urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded",
			"Sec-Fetch-Site": "same-origin"})

	def model(self, path):
		status, _, data = self.get(path, Accept="application/json")
		return status, json.loads(data)


class Private:
	password = PASSWORD

	def __init__(self, domain):
		self.domain = domain

	def run(self, program, *args, **kw):
		r = subprocess.run([BUILD / "bin" / program, *map(str, args)], capture_output=True, text=True, **kw)
		assert r.returncode == 0, f"{program} {args}: {r.returncode}\n{r.stdout}{r.stderr}"
		return r.stdout

	def __enter__(self):
		self.top = Path(tempfile.mkdtemp(prefix="imp.", dir="/var/tmp"))  # short (sockets), and passable for other users
		self.top.chmod(0o755)
		self.dir = self.top / "s"
		try:
			self.run("intimail-private", "start", self.dir, "--domain", self.domain, "--source", REPO)
			self.status = json.loads(self.run("intimail-private", "status", "--json", self.dir))
		except BaseException:
			self.__exit__()
			raise
		return self

	def __exit__(self, *_):
		subprocess.run([BUILD / "bin/intimail-private", "stop", self.dir], capture_output=True)
		shutil.rmtree(self.top, ignore_errors=True)

	def add_user(self, uid, name):
		self.run("intimail-user", "-c", self.status["config"], "add", uid, "--name", name, "--password-stdin",
			input=PASSWORD + "\n")

	def send(self, messages, uid):
		host, port = self.status["smtp"].rsplit(":", 1)
		with smtplib.SMTP(host, int(port), timeout=30) as s:
			for m in messages:
				data = m if isinstance(m, bytes) else m.as_bytes()
				s.sendmail("sender@elsewhere.example", [f"{uid}@{self.domain}"], data)

	def wait_for(self, uid, n, seconds=60):
		"""until the mailbox holds n messages"""
		box = Path(self.status["mail_root"]) / uid / "Maildir"
		end = time.monotonic() + seconds
		while (have := sum(len(list((box / d).glob("[0-9]*"))) for d in ("new", "cur"))) < n:
			assert time.monotonic() < end, f"{have} of {n} messages arrived for {uid}: see {self.status['mail_log']}"
			time.sleep(0.02)

	def client(self, uid=None):
		return Client(self.status["https"], uid)
