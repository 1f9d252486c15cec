# SPDX-License-Identifier: ISC
"""intimail-queue: what waits, and what an administrator does with it"""
import json
import os
import re
import secrets
import subprocess

import pytest

from household import BUILD, await_that


def queue(server, *args, **kw):
	return server.run("intimail-queue", "-c", server.status["config"], *args, **kw)


def listed(server):
	return {m["id"]: m for m in json.loads(queue(server, "list", "--json"))["messages"]}


def hand_in(server, message, to, sender="sender@elsewhere.test"):
	"""by sendmail(1), where no policy server is asked: only the agent finds out that it does not fit. The queue id"""
	message_id = secrets.token_hex(12) + "@elsewhere.test"
	subprocess.run(["/usr/sbin/sendmail", "-C", server.status["postfix_config"], "-f", sender, "--", *to],
		input=f"Message-ID: <{message_id}>\n{message}".encode(), check=True, timeout=60)
	found = await_that(lambda: re.search(rf"(\w+): message-id=<{message_id}>", server.log()), "the message in the log")
	return found.group(1)


@pytest.fixture(name="waiting")
def _waiting(server):
	"""the queue id of a message that waits: the mailbox of carl is too small for it"""
	if "carl" not in server.passwords:
		server.add_user("carl", "--quota", "4000")
	queue_id = hand_in(server, "Subject: Waits\n\n" + "waits " * 1500 + "\n", ["carl@example.org"])
	server.await_fates(queue_id)
	await_that(lambda: listed(server).get(queue_id, {}).get("queue") == "deferred", "the message in the deferred queue")
	yield queue_id
	queue(server, "delete", "--yes", queue_id, status=None)


def test_what_waits_is_listed_with_the_reason(server, waiting):
	m = listed(server)[waiting]
	assert m["sender"] == "sender@elsewhere.test" and m["size"] > 9000 and abs(m["arrived"] - os.stat(server.status["mail_log"]).st_mtime) < 300
	assert [r["address"] for r in m["recipients"]] == ["carl@example.org"]
	assert "full" in m["recipients"][0]["reason"]
	text = queue(server, "list")
	assert waiting in text and "to carl@example.org" in text and "is full" in text


def test_show(server, waiting):
	text = queue(server, "show", waiting)
	assert "Subject: Waits\n" in text and "waits waits" in text
	assert json.loads(queue(server, "show", waiting, "--json")) == {"id": waiting, "text": text}


def test_hold_retry_release(server, waiting):
	assert queue(server, "hold", waiting) == f"{waiting} is on hold\n"
	assert listed(server)[waiting]["queue"] == "hold"
	queue(server, "hold", waiting)  # is so already
	r = queue(server, "retry", waiting, status=None)
	assert r.returncode == 73 and "on hold" in r.stderr
	queue(server, "release", waiting)
	assert listed(server)[waiting]["queue"] != "hold"
	queue(server, "release", waiting)
	before = server.log().count(waiting + ": to=")
	queue(server, "retry", waiting)
	await_that(lambda: server.log().count(waiting + ": to=") > before, "another try")


def test_retry_of_all_delivers_when_there_is_room(server, waiting):
	server.user("set", "carl", "--quota", "1M")
	try:
		assert queue(server, "retry") == "All waiting mail is tried again.\n"
		await_that(lambda: server.fates(waiting)["carl@example.org"][1] == "sent", "the delivery")
	finally:
		server.user("set", "carl", "--quota", "4000")
	r = queue(server, "retry", waiting, status=None)
	assert r.returncode == 67 and "there is no message" in r.stderr


def test_delete_asks(server, waiting):
	r = queue(server, "delete", waiting, status=None, stdin=subprocess.DEVNULL)
	assert r.returncode == 64 and "--yes" in r.stderr and waiting in listed(server)
	answer = ["script", "-qec", f"{BUILD}/bin/intimail-queue -c {server.status['config']} delete {waiting}", "/dev/null"]
	assert "nothing was deleted" in subprocess.run(answer, input="n\n", capture_output=True, text=True, check=False, timeout=60).stdout
	assert waiting in listed(server)
	assert queue(server, "delete", "--yes", waiting) == f"{waiting} is deleted\n"
	assert waiting not in listed(server)
	assert queue(server, "delete", "--yes", waiting, status=None).returncode == 67


def test_one_that_is_gone_does_not_keep_the_others(server, waiting):
	r = queue(server, "hold", "4jYgpp59X7z2CMzz", waiting, "--json", status=None)
	assert r.returncode == 67
	assert [x["status"] for x in json.loads(r.stdout)] == ["not found", "ok"]
	assert listed(server)[waiting]["queue"] == "hold"


@pytest.mark.parametrize("bad", ["ALL", "", "../../etc/passwd", "-d", "x" * 33, "4jYgpp59X7z2CM*", "4jYgpp59X7z2\n"])
def test_only_queue_ids_are_taken(server, waiting, bad):
	for verb in ("hold", "release", "retry", "show"):
		r = queue(server, verb, "--", bad, status=None)
		assert r.returncode == 65 and "no queue id" in r.stderr, (verb, r)
	assert queue(server, "delete", "--yes", "--", bad, status=None).returncode == 65
	assert waiting in listed(server)


def test_others_than_root_are_refused(server):
	r = subprocess.run([BUILD / "bin/intimail-queue", "-c", server.status["config"], "list"], user="nobody", group="nogroup",
		extra_groups=[], capture_output=True, text=True, check=False, timeout=60)
	assert r.returncode == 77 and "root" in r.stderr
