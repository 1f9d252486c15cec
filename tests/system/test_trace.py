# SPDX-License-Identifier: ISC
"""intimail-trace: what became of a message"""
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from household import BUILD, Household, await_that
from test_queue import hand_in


def trace(server, *args, **kw):
	return server.run("intimail-trace", "-c", server.status["config"], *args, **kw)


def story(server, queue_id):
	found = [t for t in json.loads(trace(server, "--json", queue_id)) if t["queueid"] == queue_id]
	assert len(found) == 1, found
	return found[0]


def texts(t):
	return [s["text"] for s in t["steps"]]


def test_delivered(server):
	queue_id = server.deliver("Subject: S\nMessage-ID: <the.id@elsewhere.test>\n\nx", "bob@example.org")
	await_that(lambda: f"{queue_id}: removed" in server.log(), "the end")
	t = story(server, queue_id)
	assert (t["sender"], t["recipients"], t["message_id"], t["fate"]) == \
		("sender@elsewhere.test", ["bob@example.org"], "the.id@elsewhere.test", "delivered")
	assert texts(t) == ["Arrived from localhost", "Filed in the inbox of bob"]
	now = os.stat(server.status["mail_log"]).st_mtime
	assert all(abs(s["when"] - now) < 300 for s in t["steps"])
	for what in ("the.id@ELSEWHERE", "bob@example.org", "sender@elsewhere.test"):
		assert queue_id in [x["queueid"] for x in json.loads(trace(server, "-j", what))]
	text = trace(server, queue_id, "--lines")
	assert f"{queue_id} from <sender@elsewhere.test> to <bob@example.org>: delivered\n" in text
	assert re.search(r"^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  Filed in the inbox of bob$", text, re.M)
	assert f"{queue_id}: client=" in text and f"queue={queue_id}" in text


def test_two_recipients_and_one_waits(server):
	if "nelly" not in server.passwords:
		server.add_user("nelly", "--quota", "4000")
	queue_id = hand_in(server, "Subject: Waits\n\n" + "waits " * 1500 + "\n", ["bob@example.org", "nelly@example.org"])
	server.await_fates(queue_id, 2)
	t = story(server, queue_id)
	assert t["fate"] == "waits" and sorted(t["recipients"]) == ["bob@example.org", "nelly@example.org"]
	assert "Handed in by a program on this machine" in texts(t) and "Filed in the inbox of bob" in texts(t)
	assert any(re.match("Waits for nelly@example.org: .* full .*", x) for x in texts(t))
	server.run("intimail-queue", "-c", server.status["config"], "hold", queue_id)
	server.run("intimail-queue", "-c", server.status["config"], "delete", "--yes", queue_id)
	t = story(server, queue_id)
	assert t["fate"] == "deleted" and texts(t)[-2:] == ["Put on hold by an administrator", "Deleted by an administrator"]


def test_many_vain_attempts_are_told_shortly(server):
	if "nelly" not in server.passwords:
		server.add_user("nelly", "--quota", "4000")
	queue_id = hand_in(server, "Subject: Waits\n\n" + "waits " * 1500 + "\n", ["nelly@example.org"])
	server.await_fates(queue_id)
	for n in range(2, 5):
		server.await_fates(queue_id)
		await_that(lambda: server.queue() and server.queue()[0]["queue_name"] == "deferred", "the deferred queue")
		server.run("intimail-queue", "-c", server.status["config"], "retry", queue_id)
		await_that(lambda: server.log().count(f"{queue_id}: to=") >= n, f"attempt {n}")
	found = texts(story(server, queue_id))
	assert len([x for x in found if x.startswith("Waits for nelly")]) == 1
	assert len([x for x in found if x.startswith("Still waits for nelly@example.org after another try: ")]) == 1
	server.run("intimail-queue", "-c", server.status["config"], "delete", "--yes", queue_id)


def test_refused_before_it_was_accepted(server):
	server.send("Subject: S\n\nx", "no.such.person@example.org")
	t, = json.loads(trace(server, "--json", "no.such.person"))
	assert t["queueid"] == "" and t["fate"] == "refused" and t["recipients"] == ["no.such.person@example.org"]
	assert re.match("Refused for no.such.person@example.org before it was accepted: 550 5.1.1 ", texts(t)[0])


def test_returned(server):
	queue_id = hand_in(server, "Subject: S\n\nx\n", ["nobody.there@example.org"], sender="bob@example.org")
	await_that(lambda: f"{queue_id}: removed" in server.log(), "the end")
	t = story(server, queue_id)
	assert t["fate"] == "returned"
	assert any(x.startswith("Could not be delivered to nobody.there@example.org: ") for x in texts(t))
	notice = re.search(rf"{queue_id}: sender non-delivery notification: (\w+)", server.log()).group(1)
	assert f"Returned to the sender, with the message {notice}" in texts(t)
	server.await_fates(notice)
	assert story(server, notice)["recipients"] == ["bob@example.org"]


def test_what_an_address_stands_for(server):
	queue_id = server.deliver("Subject: S\n\nx", "al.ice@example.org")
	t = story(server, queue_id)
	if t["recipients"] == ["alice@example.org"]:
		assert "The address al.ice@example.org stands for alice@example.org" in texts(t)
	assert texts(t)[-1] == "Filed in the inbox of alice"


def test_nothing_found_and_wrong_use(server):
	assert json.loads(trace(server, "--json", "is.not.in.the.log")) == []
	r = trace(server, "is.not.in.the.log", status=None)
	assert r.returncode == 67 and "tells nothing" in r.stderr
	for bad in ("", "x", "y" * 400):
		assert trace(server, "--", bad, status=None).returncode == 65
	r = trace(server, "bob", "--since", "yesterday", status=None)
	assert r.returncode == 64 and "--since" in r.stderr
	r = subprocess.run([BUILD / "bin/intimail-trace", "-c", server.status["config"], "bob"], user="nobody", group="nogroup",
		extra_groups=[], capture_output=True, text=True, check=False, timeout=60)
	assert r.returncode == 77 and "root" in r.stderr


def test_since(server):
	server.deliver("Subject: S\n\nx", "bob@example.org")
	assert json.loads(trace(server, "--json", "bob@example.org", "--since", "1h"))
	log = Path(server.status["mail_log"])
	old = "Jan  2 10:00:00 mail postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 550 5.1.1 <old@example.org>: no; " \
		"from=<x@y.test> to=<old@example.org> proto=ESMTP helo=<a>\n"
	Path(str(log) + ".1").write_text(old, encoding="utf-8")
	try:
		assert len(json.loads(trace(server, "--json", "old@example.org"))) == 1
		assert json.loads(trace(server, "--json", "old@example.org", "--since", "2d")) == []
	finally:
		Path(str(log) + ".1").unlink()


HOSTILE = b"""\
Nov 24 10:00:00 mail postfix/smtpd[1]: 4jYgpp59X7z2CMab: client=unknown[192.0.2.1]
Nov 24 10:00:00 mail postfix/cleanup[1]: 4jYgpp59X7z2CMab: message-id=<hostile\x1b[2J%n%s\xff\xc2\x9b@x>
Nov 24 10:00:00 mail postfix/qmgr[1]: 4jYgpp59X7z2CMab: from=<"%s%n>, size=9, \x07"@x.test>, size=12, nrcpt=1 (queue active)
Nov 24 10:00:01 mail postfix/smtp[1]: 4jYgpp59X7z2CMab: to=<"a>, relay"@x.test>, relay=mx.test[192.0.2.2]:25, delay=1, delays=0/0/0/1, dsn=5.0.0, status=bounced (said: 550 \x1b]0;%s%s%s%n (x), status=sent (y))
Nov 24 10:00:01 mail postfix/smtp[1]: 4jYgpp59X7z2CMab: to=<cut
Nov 24 10:00:01 mail postfix/../../etc[1]: 4jYgpp59X7z2CMab: removed
\x00\x00\x00 4jYgpp59X7z2CMab: hostile
""" + b"Nov 24 10:00:02 mail postfix/smtpd[1]: 4jYgpp59X7z2CMab: client=" + b"hostile" * 100_000 + b"\n" + \
	b"Nov 24 10:00:03 mail postfix/qmgr[1]: 4jYgpp59X7z2CMab: removed\n"


@pytest.fixture(name="rest")
def _rest(programs, tmp_path):
	"""a configuration whose logs the test writes itself; no server runs"""
	h = Household("rest.test", directory=tmp_path)
	log = tmp_path / "var/log/intimail"
	log.mkdir(parents=True)
	(tmp_path / "intimail.conf").write_text(f"domain = rest.test\nroot = {tmp_path}\n", encoding="utf-8")
	h.status = {"config": f"{tmp_path}/intimail.conf", "mail_log": f"{log}/mail.log"}
	return h


def test_a_hostile_log(rest):
	Path(rest.status["mail_log"]).write_bytes(HOSTILE)
	t, = json.loads(trace(rest, "--json", "hostile"))
	assert t["queueid"] == "4jYgpp59X7z2CMab" and t["fate"] == "returned"
	assert t["sender"] == '"%s%n>, size=9, ?"@x.test' and t["recipients"] == ['"a>, relay"@x.test']
	assert texts(t) == ["Arrived from 192.0.2.1",
		'Could not be delivered to "a>, relay"@x.test: said: 550 ?]0;%s%s%s%n (x), status=sent (y)']
	for out in (trace(rest, "hostile", "--lines"), trace(rest, "--json", "hostile")):
		assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out), out


def test_no_log(rest):
	Path(rest.status["mail_log"]).unlink(missing_ok=True)
	r = trace(rest, "anything", status=None)
	assert r.returncode == 67 and "mail.log" in r.stderr


def test_the_newest_hundred_are_shown(rest):
	ids = [f"4jYgpp{n:05d}" for n in range(250)]
	Path(rest.status["mail_log"]).write_text("".join(
		f"Nov 24 10:{n // 60:02d}:{n % 60:02d} mail postfix/qmgr[1]: {q}: from=<many@x.test>, size=1, nrcpt=1 (queue active)\n"
		f"Nov 24 10:{n // 60:02d}:{n % 60:02d} mail postfix/smtp[1]: {q}: to=<a@x.test>, relay=mx[192.0.2.1]:25, delay=1, "
		"delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n" for n, q in enumerate(ids)), encoding="utf-8")
	found = [t["queueid"] for t in json.loads(trace(rest, "--json", "many@x.test"))]
	assert found == ids[:149:-1]
