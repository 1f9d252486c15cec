# SPDX-License-Identifier: ISC
"""Faults between Postfix and the agent (F4, F16, F18, F21 of ARCHITECTURE.md), with the real pipe(8), qmgr(8), slapd

IM_FAULTS=full makes the long version. What the agent's exit statuses mean, a slapd that is down at RCPT TO, and two
recipients of whom one is full are in test_end_to_end.py.
"""
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from household import Household, await_that

FULL = os.environ.get("IM_FAULTS") == "full"


def mail(subject, size=300):
	line = "x" * 70 + "\r\n"
	return f"From: s@elsewhere.test\r\nSubject: {subject}\r\n\r\n" + line * (size // 72 + 1)


def postconf(h, *settings):
	subprocess.run(["postconf", "-c", h.status["postfix_config"], "-e", *settings], check=True)
	subprocess.run(["postfix", "-c", h.status["postfix_config"], "reload"], check=True, capture_output=True)


@pytest.fixture(scope="module", name="h")
def fixture_h(programs):
	with Household("faults.test") as household:
		household.add_user("ann", "--quota", "none")
		household.add_user("full", "--quota", "1k")
		# an hour of waiting in a second; a killed daemon is started again at once
		postconf(household, "service_throttle_time=1s", "transport_retry_time=1s", "minimal_backoff_time=1s",
			"maximal_backoff_time=2s", "queue_run_delay=1s")
		yield household


def children(h, name):
	"""processes of this name that belong to this server's Postfix"""
	found = []
	for p in Path("/proc").iterdir():
		if not p.name.isdigit():
			continue
		try:
			if (p / "comm").read_text().strip() != name:
				continue
			master = int(h.status["servers"]["postfix"]["pid"])
			pid = int(p.name)
			while pid > 1 and pid != master:
				pid = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
			if pid == master:
				found.append(int(p.name))
		except (OSError, ValueError):
			continue
	return found


def kill(pid):
	try:
		os.kill(pid, signal.SIGKILL)
	except ProcessLookupError:
		pass


def until_empty(h):
	def empty():
		h.flush()
		return not h.queue()
	await_that(empty, "an empty queue", step=0.5)


def subjects(h, uid):
	"""how often each subject is filed; every file must be whole: its last line is a whole one"""
	n = Counter()
	for p in h.files(uid):
		data = p.read_bytes()
		assert data.endswith(b"x" * 70 + b"\n"), p
		assert re.search(rb",S=(\d+)", p.name.encode())[1] == str(len(data)).encode()
		n[re.search(rb"^Subject: (.*)$", data, re.M)[1].decode()] += 1
	return n


@pytest.mark.parametrize("victim", ["pipe", "intimail-delive"])  # comm has 15 characters
def test_f4_f18_killed_at_any_moment(h, victim):
	"""pipe(8) or the agent is killed while a mail of some size is on its way: at the end each mail is there, once, whole"""
	before = subjects(h, "ann")
	rounds = 250 if FULL else 10
	sizes = (300, 100_000, 5_000_000)
	sent = {}
	kills = 0
	for i in range(rounds):
		subject = f"{victim} {i}"
		size = sizes[i % len(sizes)]
		h.send(mail(subject, size), "ann@faults.test")
		sent[subject] = size
		end = time.monotonic() + 3
		while time.monotonic() < end:
			found = children(h, victim)
			if found:
				time.sleep(random.uniform(0, 0.01))
				for pid in found:
					kill(pid)
					kills += 1
				break
	until_empty(h)
	assert kills > rounds // 4, "hardly anything was killed"
	now = subjects(h, "ann")
	now.subtract(before)
	assert {k: v for k, v in now.items() if v} == {s: 1 for s in sent}
	print(f"{kills} kills", end=" ")


def test_f4_pipe_dies_before_the_agent_runs(h):
	"""the agent is held until pipe(8) is gone; what is in the pipe is the beginning of a mail, and looks complete"""
	agent = h.dir / "usr/libexec/intimail/intimail-deliver"
	aside = agent.with_name("intimail-deliver.real")
	agent.rename(aside)
	try:
		agent.write_text(f"#!/bin/sh\nkill -STOP $$\nexec {aside} \"$@\"\n")
		agent.chmod(0o755)
		h.send(mail("held", 1_000_000), "ann@faults.test")

		def stopped():
			return [pid for pid in children(h, "intimail-delive")
				if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"]
		held = await_that(stopped, "the held agent")
		for pid in children(h, "pipe"):
			kill(pid)
			await_that(lambda pid=pid: not Path(f"/proc/{pid}").exists(), "the end of pipe(8)")
		agent.unlink()
	finally:
		agent.unlink(missing_ok=True)
		aside.rename(agent)
	for pid in held:
		os.kill(pid, signal.SIGCONT)
		await_that(lambda pid=pid: not Path(f"/proc/{pid}").exists(), "the end of the agent")
	assert all(p.stat().st_size > 900_000 for p in h.files("ann") if b"Subject: held" in p.read_bytes())
	until_empty(h)
	assert subjects(h, "ann")["held"] == 1


def test_f16_a_mailbox_that_stays_full_gives_one_notice(h):
	h.add_user("author", "--quota", "none")
	postconf(h, "maximal_queue_lifetime=3s", "bounce_queue_lifetime=3s")
	try:
		h.send(mail("never fits", 3000), ["full@faults.test", "ann@faults.test"], sender="author@faults.test",
			announce=False)
		until_empty(h)
		notices = [p.read_bytes() for p in h.files("author")]
		assert len(notices) == 1
		text = notices[0].decode()
		assert text.count("Final-Recipient:") == 1 and "rfc822; full@faults.test" in text and ".2.2" in text
		assert "is full" in text
		assert subjects(h, "ann")["never fits"] == 1
	finally:
		postconf(h, "maximal_queue_lifetime=5d", "bounce_queue_lifetime=1d")


def test_f21_the_agent_is_away_while_it_is_upgraded(h):
	agent = h.dir / "usr/libexec/intimail/intimail-deliver"
	away = agent.with_name("intimail-deliver.away")
	agent.rename(away)
	try:
		queue_id, _ = h.send(mail("during an upgrade"), "ann@faults.test")
		assert h.await_fates(queue_id)["ann@faults.test"][1] == "deferred"
	finally:
		away.rename(agent)
	until_empty(h)
	assert subjects(h, "ann")["during an upgrade"] == 1


def test_chaos(h):
	"""mail keeps coming while the agent, pipe(8) and slapd end again and again"""
	before = subjects(h, "ann")
	count = 2000 if FULL else 120
	source = subprocess.Popen(["smtp-source", "-s", "4", "-m", str(count), "-l", "2000", "-S", "chaos", "-f", "s@elsewhere.test",
		"-t", "ann@faults.test", h.status["smtp"]], stderr=subprocess.DEVNULL)
	turn = 0
	while source.poll() is None:
		turn += 1
		if turn % 10 == 5:
			h.end_server("slapd")
			h.start()
		else:
			for pid in children(h, random.choice(["pipe", "intimail-delive"])):
				kill(pid)
		time.sleep(0.1)
	until_empty(h)
	# smtp-source says with its exit status when a mail was refused: then fewer are there, never more
	filed = len(h.files("ann")) - sum(before.values())
	accepted = len(re.findall(r"from=<s@elsewhere\.test>.*nrcpt=1 \(queue active\)", h.log()))
	assert filed <= accepted
	if source.returncode == 0:
		assert filed == count
	ids = [re.search(r"Q([0-9A-Za-z]+)\.", p.name)[1] for p in h.files("ann")]
	assert len(ids) == len(set(ids)), "a mail was filed twice"
