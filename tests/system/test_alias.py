# SPDX-License-Identifier: ISC
"""intimail-alias against a real slapd"""
import json
import os
import re
import shutil
import subprocess
import time

import pytest
from slapd import BASE, BUILD, DOMAIN, Slapd, short_tmp

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


@pytest.fixture(name="house", scope="module")
def fixture_house():
	root = short_tmp()
	server = Slapd(root, 65534).configure().start()
	for uid in "ann", "bob", "zoe":
		server.person(uid)
	rc, err = server.ldif(f"dn: cn=admins,ou=groups,{BASE}\nchangetype: modify\nadd: memberUid\nmemberUid: zoe\n", add=False)
	assert rc == 0, err
	yield server
	server.stop()
	shutil.rmtree(root)


def run(house, *args):
	return subprocess.run([BUILD / "bin/intimail-alias", "-c", house.config, *args], stdin=subprocess.DEVNULL,
		capture_output=True, text=True, check=False, timeout=60)


def ok(house, *args):
	r = run(house, *args, "--json")
	assert r.returncode == 0, r.stderr
	return json.loads(r.stdout)


def test_an_address_from_add_to_restore(house):
	made = ok(house, "--as", "ann", "add", "--for", "A Shoe shop, Main Street", "--expires", "14d", "--limit", "3")
	address = made.pop("address")
	assert re.fullmatch(rf"shoe\.[a-z2-7]{{5}}@{DOMAIN}", address)
	now = time.time()
	assert abs(made.pop("created") - now) < 60 and abs(made.pop("expires") - now - 14 * 86400) < 60
	assert made == {"owner": "ann", "for": "A Shoe shop, Main Street", "limit": 3, "enabled": True, "messages": 0, "senders": []}
	log = house.root / "var/mail/intimail/ann/Maildir/intimail-aliases"
	log.mkdir(parents=True)
	(log / address).write_text("count 2\n1780000000 <shop@elsewhere.example>\n")
	shown = ok(house, "show", address.upper())
	assert shown["senders"] == [{"when": 1780000000, "sender": "shop@elsewhere.example"}] and shown["messages"] == 3
	assert "shop@elsewhere.example" in run(house, "show", address).stdout
	changed = ok(house, "set", address, "--for", "Boots", "--expires", "never", "--limit", "0")
	assert (changed["for"], changed["expires"], changed["limit"]) == ("Boots", 0, 0)
	assert ok(house, "revoke", address)["enabled"] is False
	# a revoked one is never given again, not to the same person either
	r = run(house, "add", "--owner", "bob", "--address", address)
	assert r.returncode == 73 and "never given again" in r.stderr
	assert ok(house, "restore", address)["enabled"] is True
	assert address in [x["address"] for x in ok(house, "list", "--owner", "ann")]
	assert address in run(house, "list").stdout
	plain = run(house, "add", "--owner", "bob", "--word", "Club-7", "--expires", "2098-12-31")
	assert re.fullmatch(rf"club-7\.[a-z2-7]{{5}}@{DOMAIN}\n", plain.stdout)


def test_roles_are_enforced_by_the_directory(house):
	mine = ok(house, "--as", "ann", "add")["address"]
	for args in ["add", "--owner", "ann"], ["set", mine, "--for", "x"], ["revoke", mine], ["show", mine], \
			["add", "--address", "nice@example.test"]:
		r = run(house, "--as", "bob", *args)
		assert r.returncode in (67, 77), (args, r.stderr)
	assert mine not in run(house, "--as", "bob", "list").stdout
	assert run(house, "--as", "ann", "revoke", mine).returncode == 0
	assert run(house, "--as", "zoe", "restore", mine).returncode == 0
	assert run(house, "--as", "zoe", "add", "--owner", "bob", "--address", "nice@example.test").returncode == 0


@pytest.mark.parametrize("args, status, words", [
	(["add"], 64, "--owner is missing"),
	(["add", "--owner", "nobody"], 67, "no such person"),
	(["add", "--owner", "a*"], 67, "no such person"),
	(["add", "--owner", "ann", "--word", "a.b"], 65, "word"),
	(["add", "--owner", "ann", "--word", "sh\u043ep"], 65, "word"),
	(["add", "--owner", "ann", "--word", "x" * 33], 65, "word"),
	(["add", "--owner", "ann", "--for", "a\nb"], 65, "control"),
	(["add", "--owner", "ann", "--for", "x" * 201], 65, "200"),
	(["add", "--owner", "ann", "--expires", "2001-01-01"], 64, "in the future"),
	(["add", "--owner", "ann", "--limit", "-1"], 64, "number"),
	(["add", "--owner", "ann", "--address", "bob@example.test"], 73, "taken by bob"),
	(["add", "--owner", "ann", "--address", "postmaster@example.test"], 73, "taken by admins"),
	(["add", "--owner", "ann", "--address", "x@elsewhere.example"], 65, "only"),
	(["show", "*@example.test"], 65, "wanted"),
	(["show", "x)(y=*@example.test"], 65, "wanted"),
	(["show", "ann@example.test"], 67, "no such"),
	(["set", "ann@example.test"], 64, "nothing to change"),
])
def test_refused(house, args, status, words):
	before = house.search("(objectClass=*)", "*")[1]
	r = run(house, *args)
	assert r.returncode == status and words in r.stderr, r.stderr
	assert house.search("(objectClass=*)", "*")[1] == before
