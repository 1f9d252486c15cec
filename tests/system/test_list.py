# SPDX-License-Identifier: ISC
"""intimail-list against a real slapd"""
import json
import os
import pty
import shutil
import subprocess

import pytest
from slapd import BASE, BUILD, DOMAIN, Slapd, short_tmp

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


@pytest.fixture(name="house")
def fixture_house():
	root = short_tmp()
	server = Slapd(root, 65534).configure().start()
	for uid in "ann", "bob", "carol", "dan", "zoe":
		server.person(uid)
	rc, err = server.ldif(f"dn: cn=admins,ou=groups,{BASE}\nchangetype: modify\nadd: memberUid\nmemberUid: zoe\n", add=False)
	assert rc == 0, err
	yield server
	server.stop()
	shutil.rmtree(root)


def command(house, *args):
	return [BUILD / "bin/intimail-list", "-c", house.config, *args]


def run(house, *args, text=None):
	return subprocess.run(command(house, *args), input=text, stdin=None if text is not None else subprocess.DEVNULL,
		capture_output=True, text=True, check=False, timeout=60)


def ok(house, *args, text=None):
	r = run(house, *args, "--json", text=text)
	assert r.returncode == 0, r.stderr
	return json.loads(r.stdout)


def test_a_list_from_add_to_delete(house):
	made = ok(house, "add", "family", "--description", "All of us", "--owner", "ann", "--member", "bob", "--member",
		"Gran@Elsewhere.example", "--address", "all@example.test", "--post", "anyone", "--join", "confirm", "--reply-to",
		"list", "--archive")
	assert made == {"name": "family", "description": "All of us", "mail": f"family@{DOMAIN}",
		"addresses": [f"all@{DOMAIN}", f"family@{DOMAIN}"], "members": ["bob"], "outside": ["gran@elsewhere.example"],
		"owners": ["ann"], "post": "all", "join": "confirm", "reply_to": "list", "archive": True, "enabled": True}
	assert [x["name"] for x in ok(house, "list")] == ["admins", "family"]
	assert "All of us" in run(house, "list").stdout
	text = run(house, "show", "family").stdout
	assert "gran@elsewhere.example" in text and "anyone" in text
	assert ok(house, "join", "family", "carol", "dan@example.test")["members"] == ["bob", "carol", "dan"]
	assert ok(house, "leave", "family", "dan", "gran@elsewhere.example")["outside"] == []
	now = ok(house, "set", "family", "--post", "owners", "--join", "owners", "--reply-to", "author", "--no-archive", "--disable",
		"--description", "", "--add-owner", "bob", "--remove-owner", "ann", "--remove-address", "all@example.test")
	assert (now["post"], now["join"], now["reply_to"], now["archive"], now["enabled"], now["description"], now["owners"],
		now["addresses"]) == ("owners", "owners", "author", False, False, "", ["bob"], [f"family@{DOMAIN}"])
	ok(house, "add", "outer", "--owner", "ann", "--member", "family")
	r = run(house, "delete", "family")
	assert r.returncode == 64 and "--yes" in r.stderr
	assert run(house, "delete", "family", "--yes").returncode == 0
	assert run(house, "show", "family").returncode == 67
	assert ok(house, "show", "outer")["members"] == []


def test_a_school_class(house):
	lines = "\ufeffBob Smith <bob@example.test>\n\n# parents\nPat <pat@school.example>\nCarol@example.test\r\nann\nbob\n"
	made = ok(house, "add", "class-3b", "--class", "--owner", "ann", "--members-from", "-", text=lines)
	assert made["members"] == ["ann", "bob", "carol"] and made["outside"] == ["pat@school.example"]
	assert (made["post"], made["join"], made["reply_to"], made["archive"]) == ("members", "owners", "author", False)
	file = house.root / "many"
	file.write_text("".join(f"Parent {i} <p{i}@school.example>\n" for i in range(200)))
	assert len(ok(house, "add", "big", "--owner", "ann", "--members-from", str(file))["outside"]) == 200
	assert len(ok(house, "members", "big")["outside"]) == 200


def test_nested_lists_and_circles(house):
	ok(house, "add", "a", "--owner", "ann", "--member", "bob", "--member", "x@elsewhere.example")
	ok(house, "add", "b", "--owner", "ann", "--member", "a", "--member", "carol", "--member", "x@elsewhere.example")
	ok(house, "join", "a", "b", "carol")
	for name in "a", "b":
		assert ok(house, "members", name) == {"people": ["bob", "carol"], "outside": ["x@elsewhere.example"]}
	assert run(house, "join", "a", "a").returncode == 65


@pytest.mark.parametrize("args, status, words", [
	(["add", "new"], 64, "--owner is missing"),
	(["add", "bob", "--owner", "ann"], 73, "user name of a person"),
	(["add", "New", "--owner", "ann"], 65, "small letters"),
	(["add", "x,ou=people", "--owner", "ann"], 65, "small letters"),
	(["add", "*", "--owner", "ann"], 65, "small letters"),
	(["add", "b\u043eb", "--owner", "ann"], 65, "small letters"),
	(["add", "new", "--owner", "nobody"], 67, "no such person"),
	(["add", "new", "--owner", "ann,ou=x"], 67, "no such person"),
	(["add", "new", "--owner", "ann", "--address", "bob@example.test"], 73, "taken by bob"),
	(["add", "new", "--owner", "ann", "--post", "all the world"], 64, "anyone"),
	(["add", "new", "--owner", "ann", "--class", "--post", "owners"], 64, "exclude each other"),
	(["add", "home", "--owner", "ann"], 73, "list of this name"),
	(["show", "*"], 67, "no such list"),
	(["show", ")(cn=*"], 67, "no such list"),
	(["join", "home", "bob"], 73, "already"),
	(["join", "home", "*"], 67, "nobody here"),
	(["join", "home", "ann)(uid=*"], 67, "nobody here"),
	(["join", "home", "ghost@example.test"], 67, "nobody here"),
	(["join", "home", "a,b@elsewhere.example"], 65, "no address"),
	(["join", "home", "p\u0430t@elsewhere.example"], 65, "no address"),
	(["leave", "home", "dan"], 67, "not a member"),
	(["leave", "home", "pat@elsewhere.example"], 67, "not a member"),
	(["set", "home"], 64, "nothing to change"),
	(["set", "home", "--remove-owner", "ann"], 73, "without an owner"),
	(["set", "home", "--remove-address", "home@example.test"], 73, "stays"),
	(["join", "admins", "bob"], 77, "intimail-user"),
	(["delete", "admins", "--yes"], 77, "cannot be deleted"),
])
def test_refused(house, args, status, words):
	ok(house, "add", "home", "--owner", "ann", "--member", "bob")
	before = house.search("(objectClass=*)", "*")[1]
	r = run(house, *args)
	assert r.returncode == status and words in r.stderr, r.stderr
	assert house.search("(objectClass=*)", "*")[1] == before


def test_roles_are_enforced_by_the_directory(house):
	ok(house, "add", "home", "--owner", "ann", "--member", "bob", "--member", "x@elsewhere.example")
	ok(house, "add", "open", "--owner", "ann", "--join", "confirm")
	can = [("ann", "join", "home", "carol"), ("ann", "leave", "home", "carol"), ("ann", "set", "home", "--post", "owners"),
		("bob", "leave", "home", "bob"), ("bob", "join", "open", "bob"), ("zoe", "join", "home", "bob"),
		("zoe", "add", "fresh", "--owner", "dan"), ("zoe", "set", "home", "--add-owner", "dan"), ("zoe", "delete", "fresh", "--yes")]
	cannot = [("bob", "join", "home", "dan"), ("dan", "join", "home", "dan"), ("dan", "leave", "home", "bob"),
		("dan", "join", "open", "carol"), ("dan", "set", "home", "--post", "anyone"), ("dan", "add", "mine", "--owner", "dan"),
		("ann", "set", "home", "--add-owner", "bob"), ("ann", "delete", "home", "--yes"), ("bob", "delete", "home", "--yes"),
		("dan", "join", "home", "y@elsewhere.example"), ("ann", "add", "mine", "--owner", "ann")]
	for who, *args in cannot:
		r = run(house, "--as", who, *args)
		assert r.returncode == 77, (who, args, r.stderr)
	for who, *args in can:
		r = run(house, "--as", who, *args)
		assert r.returncode == 0, (who, args, r.stderr)
	# addresses elsewhere are shown to the people of the list only
	assert ok(house, "--as", "carol", "show", "home")["outside"] is None
	assert ok(house, "--as", "bob", "show", "home")["outside"] == ["x@elsewhere.example"]
	assert run(house, "--as", "nobody", "list").returncode == 77


def test_joins_at_once_all_stay(house):
	ok(house, "add", "home", "--owner", "ann")
	members = [f"p{i}@elsewhere.example" for i in range(8)]
	running = [subprocess.Popen(command(house, "join", "home", m), stdout=subprocess.DEVNULL) for m in members]
	assert [p.wait(60) for p in running] == [0] * 8
	assert ok(house, "show", "home")["outside"] == members
	# and so do lists made at once, each with a number of its own
	running = [subprocess.Popen(command(house, "add", f"l{i}", "--owner", "ann"), stdout=subprocess.DEVNULL) for i in range(8)]
	assert [p.wait(60) for p in running] == [0] * 8
	numbers = [x for x in house.search("(objectClass=posixGroup)", "gidNumber")[1].splitlines() if x.startswith("gidNumber")]
	assert len(numbers) == len(set(numbers)) == 10


def test_the_name_is_asked_again(house):
	ok(house, "add", "home", "--owner", "ann")
	for answer, status in ("y\n", 73), ("home\n", 0):
		main, side = pty.openpty()
		with subprocess.Popen(command(house, "delete", "home"), stdin=side, stdout=subprocess.DEVNULL,
				stderr=subprocess.DEVNULL) as p:
			os.close(side)
			os.write(main, answer.encode())
			assert p.wait(30) == status
		os.close(main)


def test_two_owners_taken_away_at_once_leave_one(house):
	ok(house, "add", "home", "--owner", "ann", "--owner", "bob")
	running = [subprocess.Popen(command(house, "set", "home", "--remove-owner", uid), stdout=subprocess.DEVNULL,
		stderr=subprocess.DEVNULL) for uid in ("ann", "bob")]
	assert sorted(p.wait(60) for p in running) == [0, 73]
	assert len(ok(house, "show", "home")["owners"]) == 1
