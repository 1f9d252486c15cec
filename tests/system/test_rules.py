# SPDX-License-Identifier: ISC
"""Forwarding and the absence notice through the real Postfix"""
import os
import shutil
import subprocess

import pytest
from household import BUILD, Household, await_that

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")
HEAD = "intimail-rules 1\n"


@pytest.fixture(name="house", scope="module")
def fixture_house():
	with Household() as h:
		for uid in ("ann", "bob"):
			h.add_user(uid)
			h.deliver(mail("makes the Maildir", uid), f"{uid}@example.org")
		yield h


@pytest.fixture(autouse=True)
def fixture_no_rules(house):
	yield
	for uid in ("ann", "bob"):
		rules(house, uid, HEAD + "signature\t\n")


def mail(subject, to, extra=""):
	return f"From: Bob <bob@example.org>\nTo: {to}@example.org\nSubject: {subject}\nMessage-ID: <{len(subject)}@example.org>\n{extra}\nHello\n"


def rules(house, uid, text):
	d = house.files(uid)[0].parents[1]
	(d / "intimail-rules").write_text(text, encoding="utf-8")
	shutil.chown(d / "intimail-rules", d.stat().st_uid, d.stat().st_gid)


def having(house, uid, what):
	return [t for f in house.files(uid) if what in (t := f.read_text(errors="replace"))]


def test_two_who_forward_to_each_other(house):
	rules(house, "ann", HEAD + "forward\tkeep\tbob@example.org\n")
	rules(house, "bob", HEAD + "forward\tkeep\tann@example.org\n")
	house.deliver(mail("Round and round", "ann"), "ann@example.org")
	copy, = await_that(lambda: having(house, "bob", "Round and round"), "the copy at bob")
	assert "X-Intimail-Forwarded: ann@example.org" in copy and "Return-Path: <ann@example.org>" in copy
	await_that(lambda: not house.queue(), "an empty queue")
	assert len(having(house, "ann", "Round and round")) == 1 and len(having(house, "bob", "Round and round")) == 1


def test_forwarded_and_not_kept(house):
	rules(house, "ann", HEAD + "forward\tonly\tbob@example.org\n")
	house.deliver(mail("Only at bob", "ann"), "ann@example.org")
	await_that(lambda: having(house, "bob", "Only at bob"), "the copy at bob")
	assert having(house, "ann", "Only at bob") == []


def test_a_bounce_stays(house):
	rules(house, "ann", HEAD + "forward\tonly\tbob@example.org\n")
	house.deliver(mail("A bounce", "ann"), "ann@example.org", sender="")
	assert having(house, "ann", "A bounce")


def test_refused_for_good_is_kept(house):
	rules(house, "ann", HEAD + "forward\tonly\tnobody@example.org\n")
	house.deliver(mail("Nobody there", "ann"), "ann@example.org")
	assert len(having(house, "ann", "Nobody there")) == 1


def test_an_absence_is_told_once(house):
	rules(house, "ann", HEAD + "vacation\ton\t0\t0\t7\nvacation-text\tI am away.\n")
	for n in range(2):
		house.deliver(mail(f"Are you there {n}", "ann"), "ann@example.org", sender="bob@example.org")
	reply, = await_that(lambda: having(house, "bob", "I am away."), "the answer")
	await_that(lambda: not house.queue(), "an empty queue")
	assert len(having(house, "bob", "I am away.")) == 1
	assert "Return-Path: <>" in reply and "Auto-Submitted: auto-replied" in reply and "Subject: Auto: Are you there 0" in reply
	assert "In-Reply-To:\n <15@example.org>" in reply
	house.deliver(mail("Of a list", "ann", "List-Id: <x.example.org>\n"), "ann@example.org", sender="ann.other@example.org")
	await_that(lambda: not house.queue(), "an empty queue")
	assert having(house, "ann", "I am away.") == []


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
@pytest.mark.parametrize(("queueid", "call", "written"), [
	pytest.param("8A5F2C01D1", "fsync:signal=KILL:when=2", False, id="before the journal is there"),  # the one side to err on
	pytest.param("8A5F2C01D2", "fsync:signal=KILL:when=3", True, id="the journal is there"),
	pytest.param("8A5F2C01D3", "renameat2:signal=KILL:when=1", True, id="at the filing"),
])
def test_killed_between_the_copy_and_the_filing(house, queueid, call, written):
	"""played by hand what Postfix does: the agent ends by a signal, and is called again with the same queue id"""
	rules(house, "ann", HEAD + "forward\tkeep\tbob@example.org\n")
	owner, maildir = house.files("ann")[0].stat(), house.files("ann")[0].parents[1]
	subject = f"Killed at {call}"

	def deliver(*before):
		return subprocess.run([*before, BUILD / "bin/intimail-deliver", "-c", house.status["config"], "-q", queueid, "-f",
			"sender@elsewhere.test", "-o", "ann@example.org", "--", "ann@example.org"], input=mail(subject, "ann").encode(),
			capture_output=True, check=False, user=owner.st_uid, group=owner.st_gid, extra_groups=[]).returncode

	assert deliver("strace", "-o", "/dev/null", "-e", f"inject={call}") in (-9, 137)
	await_that(lambda: having(house, "bob", subject), "the copy at bob")
	journal = maildir / "intimail-forwarded"
	assert (journal.exists() and f"{queueid} 0\n" in journal.read_text()) == written
	assert deliver() == 0
	await_that(lambda: not house.queue(), "an empty queue")
	assert len(having(house, "ann", subject)) == 1
	assert len(having(house, "bob", subject)) == (1 if written else 2)
	assert deliver() == 0 and not house.queue()
	assert len(having(house, "ann", subject)) == 1
