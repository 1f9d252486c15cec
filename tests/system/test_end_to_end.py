# SPDX-License-Identifier: ISC
"""The whole way: SMTP -> Postfix -> agent -> Maildir and index -> sign-in -> list -> message, on real servers"""
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from household import Household, await_that


def mail(subject, body="Hello\r\n", sender="Ann Elsewhere <ann@elsewhere.test>", to="alice@example.org", extra=""):
	return (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Tue, 24 Nov 2026 06:00:00 +0000\r\n"
		f"Message-ID: <{re.sub('[^a-z0-9]', '', subject.lower())[:40]}@elsewhere.test>\r\n{extra}\r\n{body}")


def entry(browser, subject, mailbox="INBOX"):
	"""the list's entry for a subject"""
	for m in browser.json("/mail/" + mailbox)["messages"]:
		if m["subject"] == subject:
			return m
	raise AssertionError(f"{subject} is not in {mailbox}")


# ---- the ordinary way ----

def test_a_mail_arrives_and_is_read(server):
	queue_id = server.deliver(mail("The way", "Bonjour à tous\r\n", extra="MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"),
		"alice@example.org")
	alice = server.browser("alice")
	before = alice.json("/mail/INBOX")["mailbox"]
	assert before["name"] == "INBOX"
	m = entry(alice, "The way")
	assert m["queueid"] == queue_id
	assert m["unixtimestamp"] == 1795500000
	assert "ann@elsewhere.test" in m["from"] or "Ann" in m["from"]
	page = alice.get(m["url"])
	assert page.status == 200 and "Bonjour à tous" in page.text and "The way" in page.text
	after = alice.json("/mail/INBOX")["mailbox"]
	assert (after["total"], after["unread"]) == (before["total"], before["unread"] - 1)


def test_pages_are_served_with_tls_too(server):
	server.deliver(mail("By TLS"), "alice@example.org")
	assert entry(server.browser("alice", "https"), "By TLS")


def test_mail_of_one_is_not_shown_to_another(server):
	server.deliver(mail("Only for Alice"), "alice@example.org")
	m = entry(server.browser("alice"), "Only for Alice")
	bob = server.browser("bob")
	assert bob.get(m["url"]).status == 404
	assert all(x["subject"] != "Only for Alice" for x in bob.json("/mail/INBOX")["messages"])
	nobody = server.browser()
	assert nobody.get(m["url"]).status in (302, 303)
	assert nobody.get(m["url"], Accept="application/json").status == 401


def test_every_corner_of_the_address(server):
	for n, to in enumerate(("ALICE@Example.ORG", "al.ice@example.org", "alice+no.such.folder@example.org")):
		server.deliver(mail(f"Address {n}"), to)
		assert entry(server.browser("alice"), f"Address {n}")


def test_two_addresses_of_one_person_make_one_copy(server):
	server.deliver(mail("Once"), ["alice@example.org"])
	queue_id, refused = server.send(mail("One copy"), ["alice@example.org", "al.ice@example.org"])
	assert not refused
	server.await_fates(queue_id)
	await_that(lambda: f"{queue_id}: removed" in server.log(), "the end of " + queue_id)
	assert len([m for m in server.browser("alice").json("/mail/INBOX")["messages"] if m["subject"] == "One copy"]) == 1


def test_detail_goes_into_the_folder_that_exists(server):
	maildir = Path(server.status["mail_root"]) / "alice/Maildir"
	server.deliver(mail("Makes the Maildir"), "alice@example.org")
	owner = maildir.stat()
	for d in (".Lists", ".Lists/new", ".Lists/cur", ".Lists/tmp"):
		(maildir / d).mkdir(mode=0o700, exist_ok=True)
		os.chown(maildir / d, owner.st_uid, owner.st_gid)
	server.deliver(mail("Into the folder"), "alice+Lists@example.org")
	assert len(server.files("alice", "Lists")) == 1
	assert entry(server.browser("alice"), "Into the folder", "Lists")
	server.deliver(mail("Into the folder by another name"), "al.ice+Lists@example.org")
	assert entry(server.browser("alice"), "Into the folder by another name", "Lists")


@pytest.mark.parametrize("role", ["postmaster", "abuse", "hostmaster", "Postmaster"])
def test_roles_reach_the_administrators(server, role):
	server.deliver(mail("To " + role), role + "@example.org")
	assert entry(server.browser("alice"), "To " + role)


def test_postmaster_without_a_domain(server):
	# RFC 5321 4.5.1
	queue_id, refused = server.send(mail("To the bare postmaster"), "postmaster")
	assert not refused
	server.await_fates(queue_id)
	assert entry(server.browser("alice"), "To the bare postmaster")


# ---- refusals ----

@pytest.mark.parametrize("to", ["nobody@example.org", "nobody+alice@example.org", "alice@elsewhere.test",
	"alice%elsewhere.test@example.org", "elsewhere.test!alice@example.org", "@elsewhere.test:alice@example.org",
	"*@example.org", "(uid=*)@example.org", "a*@example.org", '"a b;$(id)/../x"@example.org', "admins@example.org",
	'"../../../etc/passwd"@example.org', '"alice\\\\"@example.org', "alice@example.org@elsewhere.test"])
def test_unknown_and_foreign_recipients_are_refused_at_once(server, to):
	with server.smtp() as s:
		s.ehlo()
		assert s.mail("sender@elsewhere.test")[0] == 250
		code, text = s.docmd("RCPT", f"TO:<{to}>")
		if to == "@elsewhere.test:alice@example.org":  # a source route is ignored (RFC 5321 4.1.1.3)
			assert code == 250
			return
		# unknown; not ours; no address by RFC 5321 4.1.2
		assert (code, text.split()[0]) in ((550, b"5.1.1"), (554, b"5.7.1"), (501, b"5.1.3")), text
		assert b"table" not in text


@pytest.mark.parametrize("end", ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r\n.\r"])
def test_smuggling_gives_one_mail(server, end):
	"""what looks like the end of the data to a careless server is text; only CR LF . CR LF ends it (RFC 5321 4.1.1.4)"""
	name = end.encode().hex()
	text = (f"Subject: Smuggled {name}\r\n\r\nfirst{end}MAIL FROM:<evil@elsewhere.test>\r\nRCPT TO:<bob@example.org>\r\nDATA\r\n"
		"Subject: Second\r\n\r\nx\r\n.\r\n")
	host, _, port = server.status["smtp"].rpartition(":")
	with socket.create_connection((host, int(port)), timeout=30) as c:
		f = c.makefile("rb")
		f.readline()
		for line in ("HELO elsewhere.test", "MAIL FROM:<ann@elsewhere.test>", "RCPT TO:<bob@example.org>", "DATA"):
			c.sendall(line.encode() + b"\r\n")
			f.readline()
		c.sendall(text.encode())
		queued = re.findall(r"queued as (\w+)", f.readline().decode())
		c.sendall(b"QUIT\r\n")
		assert f.read().startswith(b"221")
	assert len(queued) == 1
	server.await_fates(queued[0])
	got = [p.read_bytes() for p in server.files("bob") if queued[0] in p.name]
	assert len(got) == 1 and b"RCPT TO:<bob@example.org>" in got[0] and b"Subject: Second" in got[0]


def test_a_mail_larger_than_the_limit_is_refused(server):
	with server.smtp() as s:
		s.ehlo()
		code, text = s.mail("sender@elsewhere.test", ["SIZE=60000000"])
	assert (code, text.split()[0]) == (552, b"5.3.4")


# ---- hostile and ugly mail is delivered ----

UGLY = {
	"nul": b"Subject: ugly nul\r\nFrom: a\x00b@elsewhere.test\r\n\r\n\x00\x01\x02\r\n",
	"no header": b"just a line without a header: ugly\r\n",
	"empty": b"\r\n",
	"raw bytes": b"Subject: ugly \xff\xfe\xe9\r\nTo: \xe9\xe8\r\n\r\n" + bytes(range(128, 256)) + b"\r\n",
	"a long header": b"Subject: ugly " + b"x" * 200000 + b"\r\n\r\nbody\r\n",
	"a long line": b"Subject: ugly line\r\n\r\n" + b"y" * 1000000 + b"\r\n",
	"many headers": b"".join(b"X-H%d: v\r\n" % i for i in range(5000)) + b"Subject: ugly many\r\n\r\nbody\r\n",
	"html in the subject": b"Subject: <script>alert(1)</script>\r\nFrom: \"<img src=x>\" <a@elsewhere.test>\r\n\r\nx\r\n",
	"encoded controls": b"Subject: =?utf-8?B?" + b"AAECDQo8c2NyaXB0Pg==" + b"?=\r\n\r\nx\r\n",
	"broken mime": b"Subject: ugly mime\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"\r\n\r\n--\r\n",
	"no line end": b"Subject: ugly end\r\n\r\nno line end",
}


@pytest.mark.parametrize("name", UGLY)
def test_ugly_mail_is_delivered_and_shown(server, name):
	queue_id = server.deliver(UGLY[name], "alice@example.org")
	alice = server.browser("alice")
	m = [m for m in alice.json("/mail/INBOX")["messages"] if m["queueid"] == queue_id]
	assert len(m) == 1
	listing, page = alice.get("/mail/INBOX"), alice.get(m[0]["url"])
	assert listing.status == page.status == 200
	assert "<script>alert" not in listing.text + page.text
	# what is shown has no control characters: in the list at all, on the page of a message none that ends a text
	assert not any(ord(c) < 32 and c not in "\t\n\r" for c in listing.text)
	assert "\0" not in page.text
	assert alice.get(m[0]["url"] + "/raw").status == 200


@pytest.mark.parametrize("sender", ["", "a+b=c@elsewhere.test", "o'brien@elsewhere.test", '"a b"@elsewhere.test'])
def test_every_sender_arrives(server, sender):
	queue_id = server.deliver(mail(f"From {sender!r}"), "bob@example.org", sender=sender)
	path = [p for p in server.files("bob") if queue_id in p.name]
	assert len(path) == 1
	head = path[0].read_bytes().split(b"\n\n")[0].decode()
	assert f"Return-Path: <{sender}>" in head
	assert "Delivered-To: bob@example.org" in head and "X-Original-To: bob@example.org" in head


def test_a_loop_ends(server):
	queue_id, _ = server.send("Delivered-To: bob@example.org\r\n" + mail("Loop"), "bob@example.org", sender="")
	fates = server.await_fates(queue_id)
	assert fates["bob@example.org"][:2] == ("5.4.6", "bounced")


# ---- a full mailbox ----

def fill(h, uid):
	"""until the quota of 20 KB is used up; the last one waits"""
	h.deliver(mail("Filling", "x" * 70 + "\r\n"), f"{uid}@{h.domain}")
	h.user("set", uid, "--quota", "1k")


def test_a_full_mailbox_defers_and_the_others_get_their_mail(server):
	server.add_user("full", "--quota", "20k")
	fill(server, "full")
	queue_id, refused = server.send(mail("To both", "y" * 1000 + "\r\n"), ["full@example.org", "bob@example.org"],
		announce=False)
	assert not refused
	fates = server.await_fates(queue_id, 2)
	assert fates["bob@example.org"][1] == "sent"
	dsn, state, text = fates["full@example.org"]
	assert (dsn, state) == ("4.2.2", "deferred")
	assert "full" in text
	assert entry(server.browser("bob"), "To both")
	# with room again it arrives, once
	server.user("set", "full", "--quota", "1M")
	server.await_fate_by_flushing(queue_id, "full@example.org", lambda fate: fate[1] == "sent")
	assert len([m for m in server.browser("bob").json("/mail/INBOX")["messages"] if m["subject"] == "To both"]) == 1
	assert entry(server.browser("full"), "To both")


def test_a_full_mailbox_can_be_refused(programs):
	with Household("refuse.test", over_quota="refuse") as h:
		for uid in ("ann", "full"):
			h.add_user(uid)
		fill(h, "full")
		queue_id, _ = h.send(mail("No room", "y" * 1000 + "\r\n"), ["full@refuse.test", "ann@refuse.test"], sender="ann@refuse.test",
			announce=False)
		fates = h.await_fates(queue_id, 2)
		assert fates["full@refuse.test"][:2] == ("5.2.2", "bounced")
		assert fates["ann@refuse.test"][1] == "sent"
		# one notice to the sender, about the full one only
		notice = await_that(lambda: [p for p in h.files("ann") if b"multipart/report" in p.read_bytes()], "the notice")
		text = notice[0].read_bytes()
		assert text.count(b"Final-Recipient:") == 1 and b"rfc822; full@refuse.test" in text and b"Status: 5.2.2" in text
		await_that(lambda: not h.queue(), "an empty queue")


# ---- what the agent's end means ----

@pytest.mark.parametrize("how, dsn, state", [
	("exit 0", "2.0.0", "sent"),
	("exit 1", "4.3.0", "deferred"),
	("exit 64", "4.3.0", "deferred"),
	("exit 67", "5.1.1", "bounced"),
	("exit 70", "4.3.0", "deferred"),
	("exit 74", "4.3.0", "deferred"),
	("exit 75", "4.3.0", "deferred"),
	("exit 77", "4.7.0", "deferred"),
	("exit 78", "4.3.5", "deferred"),
	("exit 127", "4.3.0", "deferred"),
	("kill -9 $$", "4.3.0", "deferred"),
	("echo '4.2.2 full'; exit 69", "4.2.2", "deferred"),
	("echo '5.2.2 full'; exit 75", "5.2.2", "bounced"),
	("echo '5.9.9 nonsense'; exit 75", "4.9.9", "deferred"),
	("echo a warning >&2; exit 78", "4.3.5", "deferred"),
	("missing", "4.3.0", "deferred"),
])
def test_only_five_codes_bounce(standins, how, dsn, state):
	h, program = standins
	if how == "missing":
		program.unlink(missing_ok=True)
	else:
		program.write_text(f"#!/bin/sh\ncat >/dev/null\n{how}\n")
		program.chmod(0o755)
	queue_id, _ = h.send(mail("End"), "ann@exit.test", sender="")
	assert h.await_fates(queue_id)["ann@exit.test"][:2] == (dsn, state)


@pytest.fixture(scope="module")
def standins(programs):
	"""a household whose agent is replaced"""
	with Household("exit.test") as h:
		h.add_user("ann")
		yield h, h.dir / "usr/libexec/intimail/intimail-deliver"


# ---- accidents ----

def test_slapd_down_means_later(programs):
	with Household("down.test") as h:
		h.add_user("ann")
		h.deliver(mail("Before"), "ann@down.test")
		# Postfix stops asking the directory while nobody is connected: what is in the queue meets the agent
		subprocess.run(["postconf", "-c", h.status["postfix_config"], "-e", "defer_transports=intimail"], check=True)
		subprocess.run(["postfix", "-c", h.status["postfix_config"], "reload"], check=True, capture_output=True)
		queue_id, refused = h.send(mail("Accepted before"), "ann@down.test")
		assert not refused
		h.end_server("slapd")
		# at RCPT TO: temporary, never "unknown"
		with h.smtp() as s:
			s.ehlo()
			s.mail("sender@elsewhere.test")
			code, text = s.rcpt("ann@down.test")
			assert 400 <= code < 500, (code, text)
			code, text = s.rcpt("nobody@down.test")
			assert 400 <= code < 500, (code, text)
		subprocess.run(["postconf", "-c", h.status["postfix_config"], "-e", "defer_transports="], check=True)
		subprocess.run(["postfix", "-c", h.status["postfix_config"], "reload"], check=True, capture_output=True)
		dsn, state, _ = h.await_fate_by_flushing(queue_id, "ann@down.test", lambda fate: fate[1] == "deferred" and "deferred transport" not in fate[2])
		assert (dsn[0], state) == ("4", "deferred")
		r = h.private("status", status=None)
		assert r.returncode != 0 and "slapd      does not run" in r.stdout
		h.start()
		h.await_fate_by_flushing(queue_id, "ann@down.test", lambda fate: fate[1] == "sent")
		assert [m["subject"] for m in h.browser("ann").json("/mail/INBOX")["messages"]] == ["Accepted before", "Before"]


def test_slapd_silent_means_later(programs):
	"""it accepts connections and never answers: nobody waits for long, nothing is refused for good, nothing is lost"""
	with Household("silent.test") as h:
		h.add_user("ann")
		h.deliver(mail("Before"), "ann@silent.test")
		pid = h.status["servers"]["slapd"]["pid"]
		os.kill(pid, signal.SIGSTOP)
		try:
			begin = time.monotonic()
			with h.smtp() as s:
				s.ehlo()
				s.mail("sender@elsewhere.test")
				code, text = s.rcpt("ann@silent.test")
			assert 400 <= code < 500, (code, text)
			assert time.monotonic() - begin < 40
			page = h.browser().get("/login")
			assert page.status == 200
		finally:
			os.kill(pid, signal.SIGCONT)
		# the policy server does not ask again at once (2 s)
		queue_id = await_that(lambda: h.send(mail("After"), "ann@silent.test")[0], "an end of the refusals", step=0.2)
		assert h.await_fates(queue_id)["ann@silent.test"][1] == "sent"


def test_a_mailbox_that_stays_full_gives_one_notice(programs):
	"""at the end of the queue's patience, from the mail system to the sender"""
	with Household("notice.test") as h:
		for uid in ("ann", "bob", "full"):
			h.add_user(uid)
		fill(h, "full")
		subprocess.run(["postconf", "-c", h.status["postfix_config"], "-e", "maximal_queue_lifetime=0"], check=True)
		subprocess.run(["postfix", "-c", h.status["postfix_config"], "reload"], check=True, capture_output=True)
		queue_id, _ = h.send(mail("No room", "y" * 1000 + "\r\n"), ["full@notice.test", "bob@notice.test"], sender="ann@notice.test",
			announce=False)
		# the reload may come after the first try
		await_that(lambda: f"{queue_id}: removed" in h.log() or h.flush(), "the end of " + queue_id, step=1)
		notice = await_that(lambda: [p for p in h.files("ann") if b"multipart/report" in p.read_bytes()], "the notice")
		text = notice[0].read_bytes()
		assert len(notice) == 1 and text.count(b"Final-Recipient:") == 1
		assert b"Status: 4.2.2" in text and b"is full" in text
		await_that(lambda: not h.queue(), "an empty queue")


def test_closed_mailbox_is_refused(server):
	server.add_user("closed")
	server.user("set", "closed", "--disable")
	_, refused = server.send(mail("x"), "closed@example.org")
	assert refused["closed@example.org"][0] == 550 and refused["closed@example.org"][1].startswith("5.2.1")


def test_many_at_once(server):
	"""two hundred mails by ten sessions: each one arrives exactly once and the list says so"""
	if not shutil.which("smtp-source"):
		pytest.skip("smtp-source is in the package postfix")
	server.add_user("busy")
	subprocess.run(["smtp-source", "-s", "10", "-m", "200", "-l", "2000", "-f", "s@elsewhere.test", "-t", "busy@example.org",
		server.status["smtp"]], check=True)
	await_that(lambda: len(server.files("busy")) >= 200, "200 mails")
	await_that(lambda: not server.queue(), "an empty queue")
	mailbox = server.browser("busy").json("/mail/INBOX")["mailbox"]
	assert (mailbox["total"], mailbox["unread"]) == (200, 200)
	assert len(server.files("busy")) == 200
