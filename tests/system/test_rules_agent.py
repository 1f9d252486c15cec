# SPDX-License-Identifier: ISC
"""A person's rules, as the agent follows them: folders, flags, the index in step, the log of a throw-away address"""
import email.policy
import json
import os
import re
import shutil
import subprocess

import pytest
from agent import MAIL_UID, end_agent, message, new_agent
from slapd import BASE, BUILD, DOMAIN

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")
HEAD = "intimail-rules 1\n"


@pytest.fixture(name="agent", scope="module")
def fixture_agent():
	a = new_agent()
	yield a
	end_agent(a)


@pytest.fixture(autouse=True)
def fixture_empty(agent):
	agent.wipe("ann")
	agent.deliver(message(subject="makes the Maildir"))


def rules(agent, text, uid="ann"):
	p = agent.maildir(uid) / "intimail-rules"
	p.write_text(text, encoding="utf-8")
	os.chown(p, MAIL_UID, MAIL_UID)


def folder(agent, name, uid="ann"):
	for sub in ("", "new", "cur", "tmp"):
		d = agent.maildir(uid) / ("." + name) / sub
		d.mkdir(mode=0o700)
		os.chown(d, MAIL_UID, MAIL_UID)


def entries(agent, box="."):
	"""the index's lines; they must say what the file names say"""
	d = agent.maildir() / box
	lines = [json.loads(line) for line in (d / "index.jsonl").read_bytes().splitlines()[1:]]
	assert len(lines) == len(agent.files(box=box))
	r = subprocess.run([str(BUILD / "bin/intimail-index"), "-c", str(agent.config), "check", "ann"],
		capture_output=True, text=True, check=False, **agent.as_mail())
	assert r.returncode == 0, r.stdout + r.stderr
	return lines


def deliver(agent, *args, **kw):
	r = agent.deliver(*args, **kw)
	assert (r.returncode, r.stdout) == (0, b""), r.stdout
	return agent.log_text().splitlines()[-1]


def test_into_a_folder_and_flagged(agent):
	folder(agent, "Shopping")
	rules(agent, HEAD + "rule\tsubject\tfolder\tgo-on\tORDER\tShopping\nrule\tfrom\tflag\tgo-on\texample.net\t\n")
	assert "mailbox=Shopping" in deliver(agent, message(subject="Your =?utf-8?q?=6Frder?= is here"))
	f, = agent.files(box=".Shopping")
	assert f.parent.name == "cur" and f.name.endswith(":2,F")
	e, = entries(agent, ".Shopping")
	assert e["subject"] == "Your order is here"
	assert agent.leftovers() == [] and len(agent.files()) == 1
	assert not list((agent.maildir() / ".Shopping/tmp").iterdir())


def test_read_and_deleted(agent):
	rules(agent, HEAD + "rule\tsubject\tread\tstop\tnews\t\nrule\tfrom\tdelete\tstop\tann\t\n")
	deliver(agent, message(subject="news"))
	assert [f.name.endswith(":2,S") for f in agent.files() if f.parent.name == "cur"] == [True]
	deliver(agent, message(subject="else"))
	assert len(agent.files(box=".Trash")) == 1
	assert len(entries(agent)) == 2


def test_a_folder_that_is_not_there(agent):
	rules(agent, HEAD + "rule\tsubject\tfolder\tstop\thello\tNowhere\n")
	assert "mailbox=INBOX" in deliver(agent, message())
	assert re.search(r"delivered all the same: rules: .*Nowhere", agent.log_text())
	assert len(entries(agent)) == 2


def test_a_rule_wins_over_the_detail(agent):
	folder(agent, "Lists")
	folder(agent, "Shopping")
	rules(agent, HEAD + "rule\tsubject\tfolder\tstop\torder\tShopping\n")
	assert "mailbox=Lists" in deliver(agent, message(), f"ann+lists@{DOMAIN}")
	assert "mailbox=Shopping" in deliver(agent, message(subject="order"), f"ann+lists@{DOMAIN}")


@pytest.mark.parametrize("text", ["", "nonsense", HEAD + "rule\tsubject\tdelete\tstop\thello\t\nbroken\n", HEAD[:-1], HEAD * 9000],
	ids=("empty", "no first line", "one bad line", "cut", "large"))
def test_a_broken_file_holds_up_nothing(agent, text):
	rules(agent, text)
	assert "mailbox=INBOX" in deliver(agent, message())
	assert "delivered all the same: rules: intimail-rules" in agent.log_text().splitlines()[-2]


def test_a_repeated_delivery_is_recognised_in_the_folder(agent):
	folder(agent, "Shopping")
	rules(agent, HEAD + "rule\tsubject\tfolder\tstop\thello\tShopping\n")
	for _ in range(2):
		log = deliver(agent, message(), queueid="4cXq1Z2kGnz1f")
	assert "delivered before" in log and len(agent.files(box=".Shopping")) == 1


def test_who_wrote_to_a_throw_away_address(agent):
	for sender, original in (("shop@example.net", f"Shop.abc27@{DOMAIN}"), ("", f"shop.abc27@{DOMAIN}"),
			("x@example.net", f"ann@{DOMAIN}"), ("x@example.net", "shop.abc27@example.com"), ("x@example.net", f"a.bcd@{DOMAIN}")):
		cmd = agent.command(sender=sender)
		cmd[cmd.index("-o") + 1] = original
		assert subprocess.run(cmd, input=message(), check=False, **agent.as_mail()).returncode == 0
	logs = list((agent.maildir() / "intimail-aliases").iterdir())
	assert [p.name for p in logs] == [f"shop.abc27@{DOMAIN}"]
	assert re.fullmatch(r"count 0\n\d+ <shop@example.net>\n\d+ <>\n", logs[0].read_text())


def test_no_rules_cost_one_look(agent):
	"""a delivery without a rules file: one open that fails"""
	out = agent.mail_root / "strace"
	r = subprocess.run(["strace", "-o", str(out), *agent.command()], input=message(), check=False, **agent.as_mail())
	assert r.returncode == 0
	calls = out.read_text()
	out.unlink()
	assert re.search(r'^openat2?\(.*"intimail-rules".*ENOENT', calls, re.M)
	assert calls.count('"intimail-rules"') == 1
	assert len(re.findall("^(?:socket|connect)\\(", calls, re.M)) == 2  # the directory


# ---- warnings of a mailbox that is nearly full ----

def warnings(agent, uid):
	r = []
	for f in agent.files(uid):
		text = f.read_text(encoding="utf-8", errors="replace")
		if "Auto-Submitted: auto-generated" in text:
			r.append(text)
	return r


def levels(agent, uid):
	subjects = sorted(re.search("^Subject: (.*)$", w, re.M)[1] for w in warnings(agent, uid))
	return sorted(int(m[1]) if (m := re.search(r"(\d+) %", s)) else 100 for s in subjects)


def cleared(agent, uid):
	"""as if the person had deleted all of it"""
	for f in agent.files(uid):
		f.unlink()
	(agent.maildir(uid) / "maildirsize").unlink()


@pytest.fixture(name="uid")
def fixture_uid(agent):
	uid = f"q{agent.queue}"
	agent.person(uid, 1000000)
	return uid


def fill(agent, uid, size, **kw):
	return agent.deliver(message(size, **kw), f"{uid}@{DOMAIN}").returncode


def test_each_level_once(agent, uid):
	assert fill(agent, uid, 790000, subject="the large one") == 0 and levels(agent, uid) == []
	assert fill(agent, uid, 15000) == 0 and levels(agent, uid) == [80]
	text, = warnings(agent, uid)
	assert "the large one" in text and "Ann Example" in text and "INBOX" in text
	assert fill(agent, uid, 15000) == 0 and levels(agent, uid) == [80]
	assert fill(agent, uid, 140000) == 0 and levels(agent, uid) == [80, 95]
	for _ in range(3):
		assert fill(agent, uid, 100000) == 75
		assert levels(agent, uid) == [80, 95, 100]
		assert fill(agent, uid, 600) == 0
	lines = (agent.maildir(uid) / "index.jsonl").read_bytes().splitlines()[1:]
	assert len(lines) == len(agent.files(uid))
	used = sum(int(x.split()[0]) for x in (agent.maildir(uid) / "maildirsize").read_text().splitlines()[1:])
	assert used == sum(f.stat().st_size for f in agent.files(uid))


def test_again_after_it_fell(agent, uid):
	for _ in range(2):
		assert fill(agent, uid, 810000) == 0 and levels(agent, uid) == [80]
		assert fill(agent, uid, 150000) == 0 and levels(agent, uid) == [80, 95]
		assert fill(agent, uid, 100000) == 75 and levels(agent, uid) == [80, 95, 100]
		cleared(agent, uid)
		assert fill(agent, uid, 1000) == 0
		cleared(agent, uid)


def warn(agent, uid):
	r = subprocess.run([str(BUILD / "bin/intimail-index"), "-c", str(agent.config), "--json", "warn", uid],
		capture_output=True, text=True, check=False, **agent.as_mail())
	assert r.returncode == 0, r.stderr
	return json.loads(r.stdout)["warned"]


def set_quota(agent, uid, quota):
	rc, err = agent.ldif(f"dn: uid={uid},ou=people,{BASE}\nchangetype: modify\nreplace: mailQuota\nmailQuota: {quota}\n", add=False)
	assert rc == 0, err


def test_after_the_quota_was_lowered(agent, uid):
	assert fill(agent, uid, 500000) == 0 and warn(agent, uid) == 0
	set_quota(agent, uid, 600000)
	assert warn(agent, uid) == 80 and warn(agent, uid) == 0 and levels(agent, uid) == [80]
	set_quota(agent, uid, 590000)
	assert warn(agent, uid) == 80
	set_quota(agent, uid, 2000000)
	assert warn(agent, uid) == 0
	set_quota(agent, uid, 520000)
	assert fill(agent, uid, 600) == 0 and levels(agent, uid) == [80, 80, 95]


def test_in_french(agent):
	agent.person("fabien", 1000000, extra=["preferredLanguage: fr"])
	assert fill(agent, "fabien", 810000) == 0
	text, = warnings(agent, "fabien")
	assert "Ces messages prennent le plus de place" in text
	m = email.message_from_string(text, policy=email.policy.default)
	assert m["From"].addresses[0].display_name == "Votre boîte" and m["From"].addresses[0].addr_spec == f"postmaster@{DOMAIN}"
	assert m["To"].addresses[0].addr_spec == f"fabien@{DOMAIN}" and m["Date"].datetime and m["Message-ID"]
	assert m["Subject"] == "Votre boîte est pleine à plus de 80 %"
	shown = m.get_content()
	assert shown.startswith("Utilisé : ") and "Supprimez ce dont\nvous n’avez plus besoin" in shown
	lines = (agent.maildir("fabien") / "index.jsonl").read_text(encoding="utf-8").splitlines()
	assert "Votre boîte est pleine à plus de 80 %" in lines[-1]
