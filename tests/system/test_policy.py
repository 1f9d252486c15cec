# SPDX-License-Identifier: ISC
"""Before a message is taken: the policy server through the real Postfix, and alone on its socket (F16)"""
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from household import BUILD, Household, await_that

DOMAIN = "policy.test"
BASE = "dc=policy,dc=test"


def ldif(h, text, program="ldapadd"):
	r = subprocess.run([program, "-Q", "-Y", "EXTERNAL", "-H", h.status["ldap_uri"]], input=text, capture_output=True, text=True,
		check=False)
	assert r.returncode == 0, r.stderr


def change(h, dn, attribute, value):
	ldif(h, f"dn: {dn},{BASE}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n", "ldapmodify")


def add_list(h, name, number, *lines):
	ldif(h, "\n".join([f"dn: cn={name},ou=groups,{BASE}", "objectClass: posixGroup", "objectClass: intimailList", f"cn: {name}",
		f"gidNumber: {number}", f"mail: {name}@{DOMAIN}", f"mailAlias: {name}@{DOMAIN}", "mailEnabled: TRUE", *lines]) + "\n")


def add_throwaway(h, word, owner, *lines):
	ldif(h, "\n".join([f"dn: mailAlias={word}@{DOMAIN},ou=aliases,{BASE}", "objectClass: intimailAlias", f"mailAlias: {word}@{DOMAIN}",
		f"owner: uid={owner},ou=people,{BASE}", "mailEnabled: TRUE", *lines]) + "\n")


@pytest.fixture(name="h", scope="module")
def fixture_h(programs):
	with Household(DOMAIN, send_limit=7, send_size_limit="100k") as h:
		h.add_user("ann", "--admin")
		for uid in ("bob", "carl", "off", "full", "tiny"):
			h.add_user(uid)
		h.user("set", "off", "--disable")
		h.deliver("Subject: fill\n\n" + "x" * 3000, f"full@{DOMAIN}")
		h.user("set", "full", "--quota", "2k")
		h.user("set", "tiny", "--quota", "2k")
		add_list(h, "family", 6001, "mailListPost: all", "memberUid: ann", "memberUid: full")
		add_list(h, "team", 6002, "mailListPost: members", "memberUid: ann", "memberUid: inner", "mailListMember: guest@elsewhere.test",
			f"owner: uid=bob,ou=people,{BASE}")
		add_list(h, "inner", 6003, "mailListPost: owners", "memberUid: carl", f"owner: uid=bob,ou=people,{BASE}")
		add_list(h, "crammed", 6004, "mailListPost: all", "memberUid: full")
		add_throwaway(h, "shop.aaaaa", "ann")
		add_throwaway(h, "gone.aaaaa", "ann")
		change(h, f"mailAlias=gone.aaaaa@{DOMAIN},ou=aliases", "mailEnabled", "FALSE")
		add_throwaway(h, "ended.aaaaa", "ann", "mailExpire: 20200101000000Z")
		add_throwaway(h, "few.aaaaa", "ann", "mailLimit: 2")
		add_throwaway(h, "stuffed.aaaaa", "full")
		yield h


def rcpt(h, to, sender="sender@elsewhere.test", size=None):
	"""the answer to one RCPT TO: (code, enhanced code, text)"""
	with h.smtp() as s:
		s.ehlo()
		code, text = s.mail(sender, [f"SIZE={size}"] if size else [])
		assert code == 250, text
		code, text = s.rcpt(to if "@" in to else f"{to}@{DOMAIN}")
		dsn, _, rest = text.decode().partition(" ")
		return code, dsn, rest


class Policy:
	"""a connection to the policy server, as smtpd(8) makes it"""

	def __init__(self, h):
		self.s = socket.socket(socket.AF_UNIX)
		self.s.settimeout(30)
		self.s.connect(str(h.dir / "run/intimail/policy/policy.sock"))

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.s.close()

	def ask(self, **attributes):
		attributes = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "sender": "s@elsewhere.test", **attributes}
		self.s.sendall("".join(f"{k}={v}\n" for k, v in attributes.items()).encode() + b"\n")
		return self.answer()

	def answer(self):
		got = b""
		while not got.endswith(b"\n\n"):
			more = self.s.recv(4096)
			if not more:
				return None
			got += more
		assert got.startswith(b"action=")
		return got[7:-2].decode()


# ---- through Postfix ----

@pytest.mark.parametrize("to, kw, code, dsn", [
	("bob", {}, 250, "2.1.5"),
	("BOB", {}, 250, "2.1.5"),
	("bob+folder", {}, 250, "2.1.5"),
	("nobody", {}, 550, "5.1.1"),
	("shop.aaaab", {}, 550, "5.1.1"),
	("off", {}, 550, "5.2.1"),
	("full", {}, 452, "4.2.2"),
	("tiny", {"size": 1500}, 250, "2.1.5"),
	("tiny", {"size": 2500}, 552, "5.3.4"),
	("shop.aaaaa", {}, 250, "2.1.5"),
	("gone.aaaaa", {}, 550, "5.2.1"),
	("ended.aaaaa", {}, 550, "5.2.1"),
	("stuffed.aaaaa", {}, 452, "4.2.2"),
	("family", {}, 250, "2.1.5"),
	("crammed", {}, 452, "4.2.2"),
	("team", {}, 550, "5.7.1"),
	("team", {"sender": ""}, 550, "5.7.1"),
	("team", {"sender": f"ann@{DOMAIN}"}, 250, "2.1.5"),
	("team", {"sender": f"bob@{DOMAIN}"}, 250, "2.1.5"),  # an owner
	("team", {"sender": f"carl+x@{DOMAIN}"}, 250, "2.1.5"),  # of a list in it
	("team", {"sender": "Guest@elsewhere.test"}, 250, "2.1.5"),
	("team", {"sender": f"full@{DOMAIN}"}, 550, "5.7.1"),
	("inner", {"sender": f"carl@{DOMAIN}"}, 550, "5.7.1"),
	("inner", {"sender": f"bob@{DOMAIN}"}, 250, "2.1.5"),
	("postmaster", {}, 250, "2.1.5"),
	("abuse", {"sender": ""}, 250, "2.1.5"),
])
def test_at_rcpt(h, to, kw, code, dsn):
	got = rcpt(h, to, **kw)
	assert got[:2] == (code, dsn), got
	assert "stuffed" not in to or "full@" not in got[2]  # whose address it is stays a secret


def test_an_account_that_ends(h):
	h.add_user("guest")
	change(h, "uid=guest,ou=people", "mailExpire", time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 3)))
	assert rcpt(h, "guest")[0] == 250
	await_that(lambda: rcpt(h, "guest")[:2] == (550, "5.2.1"), "the end of the account", patience=10, step=0.2)


def test_size_is_known_at_the_end_of_the_message(h):
	with h.smtp() as s:
		s.ehlo()
		assert s.mail("sender@elsewhere.test")[0] == 250
		assert s.rcpt(f"tiny@{DOMAIN}")[0] == 250
		code, text = s.data(b"Subject: large\r\n\r\n" + b"y" * 5000 + b"\r\n")
	assert (code, text.split()[0]) == (552, b"5.3.4")


def test_throwaway_mail_reaches_its_owner_until_it_is_used_up(h):
	before = len(h.files("ann"))
	for n in range(2):
		h.deliver(f"Subject: few {n}\n\nx", f"few.aaaaa@{DOMAIN}")
	assert len(h.files("ann")) == before + 2
	folder = Path(h.status["mail_root"]) / "ann/Maildir/intimail-aliases"
	if not folder.exists():
		pytest.skip("the agent does not count yet")
	assert rcpt(h, "few.aaaaa")[:2] == (550, "5.2.1")


@pytest.mark.parametrize("name, some", [("team", True), ("postmaster", True), ("ann", False)])
def test_lists_and_roles_are_expanded(h, name, some):
	r = subprocess.run(["postmap", "-c", h.status["postfix_config"], "-q", f"{name}@{DOMAIN}",
		f"ldap:{h.status['postfix_config']}/ldap-list.cf"], capture_output=True, text=True, check=False)
	assert bool(r.stdout.strip()) == some, (r.stdout, r.stderr)


# ---- accidents ----

def test_slapd_stopped_means_later(h):
	h.end_server("slapd")
	try:
		begin = time.monotonic()
		assert rcpt(h, "bob")[:2] == (451, "4.3.0")
		assert rcpt(h, "nobody")[:2] == (451, "4.3.0")
		assert time.monotonic() - begin < 5
	finally:
		h.start()
	assert rcpt(h, "bob")[0] == 250
	assert rcpt(h, "nobody")[0] == 550


def test_slapd_that_hangs_holds_up_only_the_first(h):
	pid = h.status["servers"]["slapd"]["pid"]
	os.kill(pid, signal.SIGSTOP)
	try:
		begin = time.monotonic()
		with Policy(h) as p:
			for _ in range(10):
				assert p.ask(recipient=f"bob@{DOMAIN}").startswith("451 4.3.0")
		assert time.monotonic() - begin < 8
	finally:
		os.kill(pid, signal.SIGCONT)
	await_that(lambda: rcpt(h, "bob")[0] == 250, "slapd's answer", patience=15)


def test_policy_server_killed_means_later(h):
	pid = h.status["servers"]["policy"]["pid"]
	os.kill(pid, signal.SIGKILL)
	assert rcpt(h, "bob")[:2] == (451, "4.3.5")
	assert rcpt(h, "nobody")[:2] == (451, "4.3.5")
	h.start()
	h.deliver("Subject: after\n\nx", f"bob@{DOMAIN}")


def test_configuration_is_read_again(h):
	pid = h.status["servers"]["policy"]["pid"]
	config = Path(h.status["config"])
	text = config.read_text()
	log = Path(h.status["servers"]["policy"]["log"])
	try:
		config.write_text(text + "over_quota = refuse\n")
		os.kill(pid, signal.SIGHUP)
		await_that(lambda: rcpt(h, "full")[:2] == (552, "5.2.2"), "the new rule", patience=10)
		config.write_text(text + "nonsense\n")
		os.kill(pid, signal.SIGHUP)
		await_that(lambda: "the old configuration stays" in log.read_text(), "a complaint", patience=10)
		assert rcpt(h, "full")[:2] == (552, "5.2.2")
	finally:
		config.write_text(text)
		os.kill(pid, signal.SIGHUP)
	await_that(lambda: rcpt(h, "full")[:2] == (452, "4.2.2"), "the old rule", patience=10)


# ---- alone on the socket ----

@pytest.mark.parametrize("garbage", [b"\n", b"GET / HTTP/1.0\r\n\r\n", b"=x\n", b"a=b\0c\n", b"x=" + b"y" * 5000, b"a=b\n" * 200,
	b"request=smtpd_access_policy\n\nmore=than\n", bytes(range(256)) * 40])
def test_garbage_is_answered_by_closing(h, garbage):
	with Policy(h) as p, Policy(h) as other:
		p.s.sendall(garbage)
		while True:
			try:
				if not p.s.recv(4096):
					break
			except ConnectionResetError:
				break
		assert other.ask(recipient=f"bob@{DOMAIN}") == "DUNNO"


def test_odd_requests(h):
	with Policy(h) as p:
		assert p.ask(recipient=f"bob@{DOMAIN}", request="other").startswith("451 ")
		assert p.ask(recipient="x" * 1000 + f"@{DOMAIN}").startswith("550 5.1.1")
		assert p.ask(recipient="bob@elsewhere.test") == "DUNNO"
		assert p.ask(recipient="postmaster") == "DUNNO"
		assert p.ask(recipient=f"*@{DOMAIN}").startswith("550 5.1.1")
		assert p.ask(recipient=f"bob)(uid=*@{DOMAIN}").startswith("550 5.1.1")
		assert p.ask(recipient=f"team@{DOMAIN}", sender="\u2028é\x1b[31m@elsewhere.test").isascii()
		assert p.ask(recipient=f"bob@{DOMAIN}", size="-1") == "DUNNO"
		assert p.ask(recipient="", protocol_state="END-OF-MESSAGE", size="999999999") == "DUNNO"


def test_slow_and_silent_clients_block_nobody(h):
	silent = [Policy(h) for _ in range(200)]
	try:
		for n, p in enumerate(silent[:100]):
			p.s.sendall(b"request=smtpd_access_policy\nprotocol_st"[:n % 40 + 1])
		begin = time.monotonic()
		with Policy(h) as p:
			for _ in range(50):
				assert p.ask(recipient=f"bob@{DOMAIN}") == "DUNNO"
		assert time.monotonic() - begin < 5
		for p in silent[150:]:
			assert p.ask(recipient=f"bob@{DOMAIN}") == "DUNNO"
		# a request that does not go on is closed, who says nothing may stay
		assert silent[0].answer() is None
		assert silent[149].ask(recipient=f"bob@{DOMAIN}") == "DUNNO"
	finally:
		for p in silent:
			p.s.close()
	many = [Policy(h) for _ in range(500)]  # more than it keeps: the oldest have to go
	try:
		assert many[-1].ask(recipient=f"bob@{DOMAIN}") == "DUNNO"
	finally:
		for p in many:
			p.s.close()
	assert rcpt(h, "bob")[0] == 250


def test_one_byte_after_the_other(h):
	with Policy(h) as p:
		for b in f"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=\nrecipient=off@{DOMAIN}\n\n".encode():
			p.s.sendall(bytes([b]))
		assert p.answer().startswith("550 5.2.1")


# ---- what people send ----

def submit_port(h):
	return int(next(line.split("=")[1] for line in Path(h.status["config"]).read_text().splitlines() if line.startswith("submit_port")))


def send_out(h, sender, recipients, size=1000):
	"""as a program of ours does: the code of the RCPTs or of the end"""
	import smtplib
	with smtplib.SMTP("127.0.0.1", submit_port(h), local_hostname="client", timeout=60) as s:
		s.ehlo()
		assert s.mail(sender)[0] == 250
		for r in recipients:
			code, text = s.rcpt(r)
			if code != 250:
				return code, text.decode()
		code, text = s.data(b"Subject: out\r\n\r\n" + b"z" * size + b"\r\n")
		return code, text.decode()


def test_submission(h):
	assert send_out(h, f"bob@{DOMAIN}", [f"nobody@{DOMAIN}"])[0] == 550
	assert send_out(h, f"bob@{DOMAIN}", [f"off@{DOMAIN}"])[0] == 550
	assert send_out(h, f"off@{DOMAIN}", [f"bob@{DOMAIN}"]) [0] == 550
	code, text = send_out(h, f"carl@{DOMAIN}", [f"inner@{DOMAIN}"])
	assert code == 550 and "owners" in text
	# room is not looked at on the way out: the mailbox may have some when the mail arrives
	assert send_out(h, "", [f"full@{DOMAIN}"])[0] == 250
	assert "postfix/submit/smtpd" in h.log()


def test_limits_of_sending(h):
	to = [f"ann@{DOMAIN}", f"bob@{DOMAIN}", f"carl@{DOMAIN}"]
	h.add_user("writer")
	me = f"writer@{DOMAIN}"
	assert send_out(h, me, to)[0] == 250
	assert send_out(h, me, to)[0] == 250
	code, text = send_out(h, me, to)
	assert code == 450 and text.startswith("4.7.1") and "6 recipients" in text and "may write to 7" in text, text
	assert send_out(h, me, to[:1])[0] == 250
	assert send_out(h, me, to[:1])[0] == 450  # at RCPT already
	assert send_out(h, "", to)[0] == 250  # programs count for nobody
	change(h, "uid=writer,ou=people", "mailSendLimit", "8")
	assert send_out(h, me, to[:1])[0] == 250
	assert send_out(h, me, to[:1])[0] == 450
	# it is remembered over a restart
	pid = h.status["servers"]["policy"]["pid"]
	os.kill(pid, signal.SIGTERM)
	await_that(lambda: not Path(f"/proc/{pid}").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes(), "its end")
	saved = (h.dir / "var/lib/intimail/policy/sent").read_text()
	assert f"writer {int(time.time()) // 3600} 8 " in saved or "writer " in saved
	h.start()
	assert send_out(h, me, to[:1])[0] == 450
	# somebody who signed in is known by that name, whatever the sender
	with Policy(h) as p:
		kw = dict(recipient=to[0], sender="other@elsewhere.test", server_port=587)
		assert p.ask(sasl_username="writer", **kw).startswith("450 4.7.1")
		assert p.ask(sasl_username=me, **kw).startswith("450 4.7.1")
		assert p.ask(sasl_username="bob", **kw) == "DUNNO"
		assert p.ask(sasl_username="stranger", **kw).startswith("550 5.7.1")


def test_limit_of_bytes(h):
	h.add_user("heavy")
	me = f"heavy@{DOMAIN}"
	assert send_out(h, me, [f"bob@{DOMAIN}"], 60000)[0] == 250
	code, text = send_out(h, me, [f"bob@{DOMAIN}"], 60000)
	assert code == 450 and "4.7.1" in text and "100 KB" in text, text


# ---- the program ----

def test_it_is_small_and_confined(h):
	h.start()
	pid = h.status["servers"]["policy"]["pid"]
	status = Path(f"/proc/{pid}/status").read_text()
	assert "NoNewPrivs:\t1" in status and "Seccomp:\t2" in status and "Uid:\t0" not in status
	pss = sum(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
	assert pss < 3 * 1024, pss


def test_a_second_one_does_not_take_the_place(h):
	r = subprocess.run([BUILD / "bin/intimail-policy", "-c", h.status["config"]], capture_output=True, text=True, timeout=30, check=False)
	assert r.returncode == 73 and "answers there already" in r.stderr
	with Policy(h) as p:
		assert p.ask(recipient=f"bob@{DOMAIN}") == "DUNNO"
