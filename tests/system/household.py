# SPDX-License-Identifier: ISC
"""A private server and what people do with it: send mail, wait until it is delivered, sign in, look at pages.

The demo behind "make run" uses the same: the demo is tested, and the tests are a demo.
"""
import http.client
import json
import os
import re
import secrets
import shutil
import smtplib
import ssl
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD") or REPO / "build")
PATIENCE = 60  # seconds; only a failing test waits so long


def await_that(condition, what, patience=PATIENCE, step=0.01):
	"""the first true value of condition(); what: said when there is none"""
	end = time.monotonic() + patience
	while True:
		value = condition()
		if value:
			return value
		if time.monotonic() > end:
			raise AssertionError(f"waited {patience} s in vain: {what}")
		time.sleep(step)


class Answer:
	"""of the web server"""

	def __init__(self, response, body):
		self.status, self.body = response.status, body
		self.headers = response.headers

	@property
	def text(self):
		return self.body.decode()

	@property
	def json(self):
		return json.loads(self.body)


class Browser:
	"""cookies, and one connection for each request; no redirect is followed unless asked"""

	def __init__(self, base):
		self.base = urllib.parse.urlsplit(base)
		self.cookies = {}

	def connect(self):
		if self.base.scheme == "https":
			context = ssl.create_default_context()
			context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it signs for itself
			return http.client.HTTPSConnection(self.base.netloc, timeout=30, context=context)
		return http.client.HTTPConnection(self.base.netloc, timeout=30)

	def request(self, method, path, body=None, **headers):
		headers = {k.replace("_", "-"): v for k, v in headers.items()}
		if self.cookies:
			headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
		c = self.connect()
		try:
			c.request(method, path, body, headers)
			r = c.getresponse()
			answer = Answer(r, r.read())
		finally:
			c.close()
		for cookie in answer.headers.get_all("Set-Cookie") or []:
			name, value = cookie.split(";")[0].split("=", 1)
			if value:
				self.cookies[name] = value
			else:
				self.cookies.pop(name, None)
		return answer

	def get(self, path, **headers):
		return self.request("GET", path, **headers)

	def json(self, path):
		a = self.get(path, Accept="application/json")
		assert a.status == 200, (path, a.status, a.body[:500])
		return a.json

	def post(self, path, fields, **headers):
		headers = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin", **headers}
		return self.request("POST", path, urllib.parse.urlencode(fields), **headers)

	def csrf(self, path):
		return re.search(r'name="csrf" value="([^"]+)"', self.get(path).text).group(1)

	def sign_in(self, user, password):
		a = self.post("/login", {"user": user, "password": password, "csrf": self.csrf("/login")})
		assert a.status == 303, (a.status, a.text[:2000])
		return self


class Household:
	"""the private server in a directory of its own; keys: more lines for intimail.conf"""

	def __init__(self, domain="example.org", directory=None, keep=False, **keys):
		self.domain, self.keep, self.keys = domain, keep, keys
		self.dir = Path(directory or tempfile.mkdtemp(prefix="intimail.", dir="/var/tmp"))
		self.passwords, self.status = {}, None

	# the server

	def run(self, program, *args, status=0, **kw):
		"""a program of ours; its output. status None: the whole result, whatever it is"""
		r = subprocess.run([str(BUILD / "bin" / program), *map(str, args)], capture_output=True, text=True, timeout=120,
			check=False, **kw)
		if status is None:
			return r
		assert r.returncode == status, (program, args, r.returncode, r.stdout, r.stderr)
		return r.stdout

	def private(self, verb, *args, **kw):
		return self.run("intimail-private", verb, self.dir, *args, **kw)

	def start(self):
		if self.keys:
			self.run("intimail-setup", "--source", REPO, "--private", self.dir, "--domain", self.domain)
			with open(self.dir / "etc/intimail/intimail.conf", "a", encoding="utf-8") as f:
				f.writelines(f"{k} = {v}\n" for k, v in self.keys.items())
			self.keys = {}
		self.private("start", "--domain", self.domain, "--source", REPO)
		self.status = json.loads(self.private("status", "--json"))
		return self

	def stop(self):
		self.private("stop")

	def __enter__(self):
		try:
			return self.start()
		except BaseException:
			self.__exit__()
			raise

	def __exit__(self, *_):
		self.private("stop", status=None)
		if not self.keep:
			shutil.rmtree(self.dir, ignore_errors=True)

	def end_server(self, name):
		"""one of the servers, by its pid, as an accident would; the next start mends it"""
		pid = self.status["servers"][name]["pid"]
		os.kill(pid, 15)
		await_that(lambda: not os.path.exists(f"/proc/{pid}/cmdline") or not Path(f"/proc/{pid}/cmdline").read_bytes(),
			f"the end of {name}")

	# people

	def user(self, *args, **kw):
		return self.run("intimail-user", "-c", self.status["config"], *args, **kw)

	def add_user(self, uid, *options, name=None, password=None):
		"""with a password of its own; returns the address"""
		self.passwords[uid] = password or secrets.token_urlsafe(9)
		self.user("add", uid, "--name", name or uid.title(), "--password-stdin", *options, input=self.passwords[uid] + "\n")
		return f"{uid}@{self.domain}"

	def set_password(self, uid, password=None):
		self.passwords[uid] = password or secrets.token_urlsafe(9)
		self.user("passwd", uid, "--password-stdin", input=self.passwords[uid] + "\n")

	def browser(self, uid=None, scheme="http"):
		b = Browser(self.status[scheme])
		return b.sign_in(uid, self.passwords[uid]) if uid else b

	# mail

	def smtp(self):
		host, _, port = self.status["smtp"].rpartition(":")
		return smtplib.SMTP(host, int(port), local_hostname="client.elsewhere.test", timeout=60)

	def send(self, message, to, sender="sender@elsewhere.test", announce=True):
		"""
		bytes or str with any line ends; returns the queue id and the refused recipients. announce False, with several
		recipients: nobody knows the size before it is too late to refuse one of them
		"""
		data = message.encode() if isinstance(message, str) else bytes(message)
		data = re.sub(rb"\r\n|\n|\r", b"\r\n", data) if b"\r\n" not in data else data
		refused = {}
		with self.smtp() as s:
			s.ehlo()
			code, text = s.mail(sender, ["SIZE=%d" % len(data)] if announce and s.has_extn("size") else [])
			assert code == 250, (code, text)
			for r in [to] if isinstance(to, str) else to:
				code, text = s.rcpt(r)
				if code >= 300:
					refused[r] = (code, text.decode())
			if len(refused) == (1 if isinstance(to, str) else len(to)):
				return None, refused
			code, text = s.data(data)
			assert code == 250, (code, text)
		return re.search(r"queued as (\w+)", text.decode()).group(1), refused

	def log(self):
		p = Path(self.status["mail_log"])
		return p.read_text(errors="replace") if p.exists() else ""

	def fates(self, queue_id):
		"""the last "to=<...>, ... dsn=..., status=... (text)" of each recipient"""
		last = {}
		for to, dsn, state, text in re.findall(
				re.escape(queue_id) + r": to=<([^>]*)>,.* dsn=([0-9.]+), status=(\w+) \((.*)\)$", self.log(), re.M):
			last[to] = (dsn, state, text)
		return last

	def await_fates(self, queue_id, n=1):
		return await_that(lambda: (f := self.fates(queue_id)) and len(f) >= n and f, f"{n} results of {queue_id}: {self.fates(queue_id)}")

	def deliver(self, message, to, **kw):
		"""send, and wait until every recipient has it"""
		queue_id, refused = self.send(message, to, **kw)
		assert not refused, refused
		n = 1 if isinstance(to, str) else len(to)
		fates = self.await_fates(queue_id, n)
		assert all(state == "sent" for _, state, _ in fates.values()), fates
		return queue_id

	def queue(self):
		r = subprocess.run(["postqueue", "-c", self.status["postfix_config"], "-j"], capture_output=True, text=True, check=True)
		return [json.loads(line) for line in r.stdout.splitlines()]

	def flush(self):
		subprocess.run(["postqueue", "-c", self.status["postfix_config"], "-f"], check=True)

	def await_fate_by_flushing(self, queue_id, to, condition):
		"""what becomes of a recipient; Postfix is asked to try again until then (a request during a reload is lost)"""
		asked = [0]

		def tried():
			fate = self.fates(queue_id).get(to)
			if fate and condition(fate):
				return fate
			if time.monotonic() - asked[0] > 2:
				asked[0] = time.monotonic()
				self.flush()
			return None

		return await_that(tried, f"another fate of {queue_id} to {to}")

	def files(self, uid, mailbox="INBOX"):
		"""the message files of a mailbox, by what reads the Maildir like any other program"""
		d = Path(self.status["mail_root"]) / uid / "Maildir" / ("" if mailbox == "INBOX" else "." + mailbox)
		return [p for s in ("new", "cur") if (d / s).is_dir() for p in (d / s).iterdir()]
