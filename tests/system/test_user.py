# SPDX-License-Identifier: ISC
"""intimail-user against a real slapd"""
import json
import os
import pty
import shutil
import subprocess
import time

import pytest
from slapd import BASE, BUILD, DOMAIN, Slapd, short_tmp

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


@pytest.fixture(name="house")
def fixture_house():
	root = short_tmp()
	server = Slapd(root, 65534).configure(default_quota="2G").start()
	yield server
	server.stop()
	shutil.rmtree(root)


def user(house, *args, text=None, config=None):
	cmd = [BUILD / "bin/intimail-user", "-c", config or house.config, *args]
	return subprocess.run(cmd, input=text, stdin=None if text is not None else subprocess.DEVNULL, capture_output=True,
		text=True, check=False, timeout=60)


def add(house, uid, *args, text=None):
	r = user(house, "add", uid, "--name", f"{uid.title()} Smith", "--json", *args, text=text)
	assert r.returncode == 0, r.stderr
	return json.loads(r.stdout)


def show(house, uid):
	r = user(house, "show", uid, "--json")
	assert r.returncode == 0, r.stderr
	return json.loads(r.stdout)


def signs_in(house, uid, password):
	r = subprocess.run(["ldapwhoami", "-x", "-H", house.uri, "-D", f"uid={uid},ou=people,{BASE}", "-w", password],
		capture_output=True, check=False)
	return r.returncode == 0


def test_a_person_from_add_to_delete(house):
	ann = add(house, "ann", "--quota", "300M", "--address", "Ann.Smith@example.test", "--language", "fr", "--admin",
		"--password-stdin", text=PASSWORD + "\n")
	assert ann == {"uid": "ann", "name": "Ann Smith", "mail": f"ann@{DOMAIN}",
		"addresses": [f"ann@{DOMAIN}", f"ann.smith@{DOMAIN}"], "quota": 300 << 20, "enabled": True, "admin": True,
		"language": "fr", "mail_dir": f"{house.root}/var/mail/intimail/ann/Maildir"}
	assert signs_in(house, "ann", PASSWORD)
	bob = add(house, "bob")
	assert (bob["quota"], bob["admin"], bob["addresses"]) == (2 << 30, False, [f"bob@{DOMAIN}"])
	everyone = json.loads(user(house, "list", "--json").stdout)
	assert [p["uid"] for p in everyone] == ["ann", "bob"]
	text = user(house, "list").stdout
	assert "ann@example.test" in text and "(administrator)" in text and "2.0 GB" in text
	assert user(house, "passwd", "bob", "--password-stdin", text="another good one").returncode == 0
	assert signs_in(house, "bob", "another good one")
	r = user(house, "delete", "bob")
	assert r.returncode == 64 and "--yes" in r.stderr
	r = user(house, "delete", "bob", "--yes")
	assert r.returncode == 0 and "no mail is left" in r.stdout
	r = user(house, "show", "bob")
	assert r.returncode == 67 and "no such person" in r.stderr


def test_changes(house):
	add(house, "ann", "--admin")
	add(house, "bob")
	r = user(house, "set", "bob", "--name", "Robert Q. Smith", "--quota", "none", "-a", "robert@example.test",
		"--primary", "robert@example.test", "--disable", "--json")
	assert r.returncode == 0, r.stderr
	bob = json.loads(r.stdout)
	assert (bob["name"], bob["quota"], bob["mail"], bob["enabled"]) == ("Robert Q. Smith", 0, "robert@example.test", False)
	r = user(house, "set", "bob", "--remove-address", "bob@example.test", "--enable", "--admin", "--quota", "1.5G")
	assert r.returncode == 0 and "1.5 GB" in r.stdout
	bob = show(house, "bob")
	assert bob["addresses"] == ["robert@example.test"] and bob["admin"] and bob["quota"] == 3 << 29
	assert user(house, "set", "ann", "--no-admin").returncode == 0
	assert not show(house, "ann")["admin"]


@pytest.mark.parametrize("args, status, words", [
	(["add", "Ann", "--name", "x"], 65, "small letters|begin with a letter"),
	(["add", "a..b", "--name", "x"], 65, "dot"),
	(["add", "../x", "--name", "x"], 65, "begin with a letter"),
	(["add", "x" * 65, "--name", "x"], 65, "64"),
	(["add", "eve"], 64, "--name is missing"),
	(["add", "eve", "--name", "  "], 65, "name"),
	(["add", "eve", "--name", "a\tb"], 65, "control character"),
	(["add", "eve", "--name", "x", "--quota", "big"], 64, "300M or 5G"),
	(["add", "eve", "--name", "x", "--address", "eve@elsewhere.test"], 65, "example.test only"),
	(["add", "eve", "--name", "x", "--address", "e+ve@example.test"], 65, "wanted is"),
	(["add", "eve", "--name", "x", "--address", "eve"], 65, "wanted is"),
	(["add", "eve", "--name", "x", "--address", "bob@example.test"], 73, "address bob@example.test is taken by bob"),
	(["add", "eve", "--name", "x", "--address", "postmaster@example.test"], 73, "taken by admins"),
	(["add", "bob", "--name", "x"], 73, "user name is taken"),
	(["set", "bob"], 64, "nothing to change"),
	(["set", "bob", "--admin", "--no-admin"], 64, "exclude each other"),
	(["set", "bob", "--remove-address", "bob@example.test"], 73, "primary address"),
	(["set", "bob", "--remove-address", "rob@example.test"], 67, "does not have"),
	(["set", "bob", "--add-address", "ann@example.test"], 73, "taken by ann"),
	(["set", "bob", "--language", "f"], 65, "language"),
	(["set", "nobody", "--quota", "1G"], 67, "no such person"),
	(["set", "a*", "--quota", "1G"], 67, "no such person"),
	(["set", "ann", "--no-admin"], 73, "only administrator"),
	(["set", "ann", "--disable"], 73, "only administrator"),
	(["delete", "ann", "--yes"], 73, "only administrator"),
	(["show", "*"], 67, "no such person"),
	(["passwd", "bob"], 64, "--password-stdin"),
	(["frobnicate"], 64, "frobnicate"),
])
def test_refusals_change_nothing(refusing_house, args, status, words):
	house, before = refusing_house
	r = user(house, *args)
	assert r.returncode == status, r.stderr
	assert any(w in r.stderr for w in words.split("|")), r.stderr
	assert r.stderr.count("\n") == 1 and r.stdout == ""
	assert house.search("(objectClass=*)", "*")[1] == before


@pytest.fixture(name="refusing_house", scope="module")
def fixture_refusing_house():
	root = short_tmp()
	server = Slapd(root, 65534).configure().start()
	add(server, "ann", "--admin")
	add(server, "bob")
	yield server, server.search("(objectClass=*)", "*")[1]
	server.stop()
	shutil.rmtree(root)


@pytest.mark.parametrize("password, words", [
	("short", "too short"), ("bob", "too short"), ("x" * 300, "too long"), ("aaaaaaaaaaaa", "repeated"), ("", "no password"),
])
def test_bad_passwords(refusing_house, password, words):
	house, _ = refusing_house
	r = user(house, "passwd", "bob", "--password-stdin", text=password + "\n")
	assert r.returncode == 65 and words in r.stderr
	assert not signs_in(house, "bob", password or "x")
	r = user(house, "add", "eve", "--name", "Eve", "--password-stdin", text=password + "\n")
	assert r.returncode == 65
	assert user(house, "show", "eve").returncode == 67


def test_passwords_are_hashed_and_nobody_but_root_reads_them(house):
	add(house, "ann", "--admin", "--password-stdin", text=PASSWORD)
	add(house, "bob", "--password-stdin", text=PASSWORD)
	raw = house.search("(uid=ann)", "userPassword")[1]
	assert "userPassword:: e0FSR09OMn0k" in raw  # {ARGON2}$
	for uid in (65534, 1234):
		assert "userPassword" not in house.search("(uid=ann)", "*", "userPassword", as_uid=uid)[1]
	r = subprocess.run(["ldapsearch", "-LLL", "-x", "-H", house.uri, "-D", f"uid=ann,ou=people,{BASE}", "-w", PASSWORD,
		"-b", BASE, "(uid=bob)", "*", "userPassword"], capture_output=True, text=True, check=True)
	assert "mail: bob@" in r.stdout and "userPassword" not in r.stdout


def test_a_deleted_administrator_leaves_no_rights(house):
	add(house, "ann", "--admin")
	add(house, "bob", "--admin")
	assert user(house, "delete", "bob", "--yes").returncode == 0
	assert not add(house, "bob")["admin"]


def test_typing_the_password(house):
	add(house, "ann")
	for lines, ok in ((["a typed password", "a typed password"], True), (["a typed password", "a typed passwort"], False)):
		pid, fd = pty.fork()
		if pid == 0:
			os.execv(BUILD / "bin/intimail-user", ["intimail-user", "-c", str(house.config), "passwd", "ann"])
		seen = b""
		for line, prompt in zip(lines, (b"New password for ann: ", b"Once more: ")):
			while not seen.endswith(prompt):
				seen += os.read(fd, 1000)
			os.write(fd, line.encode() + b"\n")
		try:
			while chunk := os.read(fd, 1000):
				seen += chunk
		except OSError:
			pass
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		os.close(fd)
		assert b"typed" not in seen, "the password was echoed"
		assert (status == 0) is ok, seen
		assert (b"differ" in seen) is not ok
	assert signs_in(house, "ann", "a typed password")


def test_slapd_down_and_wrong_configuration(house, tmp_path):
	house.stop()
	r = user(house, "list")
	assert r.returncode == 75 and "cannot reach the directory" in r.stderr and "intimail-private status" in r.stderr
	r = user(house, "list", config=tmp_path / "none.conf")
	assert r.returncode in (67, 78) and "none.conf" in r.stderr
	(tmp_path / "bad.conf").write_text("domain = example.test\ncolour = blue\n")
	r = user(house, "list", config=tmp_path / "bad.conf")
	assert r.returncode == 78 and "bad.conf:2" in r.stderr and "colour" in r.stderr


def test_another_user_may_not(house):
	add(house, "ann")
	cmd = [BUILD / "bin/intimail-user", "-c", house.config]
	for args in (["list"], ["show", "ann"], ["set", "ann", "--quota", "1G"], ["delete", "ann", "--yes"]):
		r = subprocess.run([*cmd, *args], capture_output=True, text=True, check=False, user=1234, group=1234, extra_groups=[])
		assert r.returncode == 77 and "root" in r.stderr, r.stderr


def test_an_unknown_login_takes_as_long_as_a_known_one(house):
	"""the decoy: hashes with the same parameters; without it an unknown name is refused a hundred times faster"""
	add(house, "ann", "--password-stdin", text=PASSWORD)
	add(house, "bob")  # without a password: must not be told apart either

	def bind(dn):
		begin = time.monotonic()
		r = subprocess.run(["ldapwhoami", "-x", "-H", house.uri, "-D", dn, "-w", "not the password"], capture_output=True,
			check=False)
		assert r.returncode == 49
		return time.monotonic() - begin

	names = [f"uid=ann,ou=people,{BASE}", f"cn=decoy,ou=services,{BASE}", f"uid=bob,ou=people,{BASE}"]
	times = {n: [] for n in names}
	for _ in range(7):
		for n in names:
			times[n].append(bind(n))
	least = [min(t) for t in times.values()]  # what else the machine does only adds to it
	assert max(least) < 1.5 * min(least), least


def test_signing_in(house):
	"""im_person_authenticate() against this directory"""
	program = BUILD / "unit/check_person"
	if not program.exists():
		pytest.skip("unit tests are not built (make check-unit)")
	add(house, "ann", "-a", "ann.smith@example.test", "--password-stdin", text=PASSWORD)
	add(house, "bob")
	for uid in ("dan", "eve"):
		add(house, uid, "--password-stdin", text=PASSWORD)
	assert user(house, "set", "dan", "--disable").returncode == 0
	rc, err = house.ldif(f"dn: uid=eve,ou=people,{BASE}\nchangetype: modify\nadd: mailExpire\nmailExpire: 20200101000000Z\n",
		add=False)
	assert rc == 0, err
	private = house.root / "check_person"  # where the other user may go
	shutil.copy(program, private)
	for uid in (0, house.auth_uid):
		r = subprocess.run([private], env={**os.environ, "IM_TEST_CONF": str(house.config)}, capture_output=True,
			text=True, check=False, timeout=120, user=uid, group=uid, extra_groups=[])
		assert r.returncode == 0, r.stdout


def test_a_temporary_account_ends_by_the_clock(house):
	guest = add(house, "guest", "--expires", "14d", "--password-stdin", text=PASSWORD + "\n")
	assert 13 * 86400 < guest["expires"] - time.time() <= 14 * 86400
	assert user(house, "set", "guest", "--expires", "2001-01-01").returncode == 64
	rc, err = house.ldif(f"dn: uid=guest,ou=people,{BASE}\nchangetype: modify\nreplace: mailExpire\nmailExpire: 20200101000000Z\n",
		add=False)
	assert rc == 0, err
	assert user(house, "--as", "guest", "show", "guest").returncode == 77
	assert "would be ended" in user(house, "expire", "--dry-run").stdout and show(house, "guest")["enabled"]
	assert user(house, "expire").stdout.endswith("guest ended\n") and not show(house, "guest")["enabled"]
	assert user(house, "expire").stdout == ""
	assert user(house, "set", "guest", "--expires", "never").returncode == 0 and "expires" not in show(house, "guest")
	assert user(house, "enable", "guest").returncode == 0 and show(house, "guest")["enabled"]


def test_deleted_mail_is_archived_or_purged(house):
	root = house.root / "var/mail/intimail"
	for uid in "bob", "carl":
		add(house, uid)
		(root / uid / "Maildir/cur").mkdir(parents=True)
		(root / uid / "Maildir/cur/1").write_text("x")
	r = user(house, "delete", "bob", "-y", "--json")
	assert r.returncode == 0, r.stderr
	place = json.loads(r.stdout)["archive"]
	assert place.startswith(f"{root}/.archive/bob.20") and not (root / "bob").exists()
	with open(place + "/Maildir/cur/1", encoding="ascii") as f:
		assert f.read() == "x"
	assert user(house, "delete", "carl", "-y", "--purge").returncode == 0 and not (root / "carl").exists()
	assert not list((root / ".archive").glob("carl.*"))
	old, other = root / ".archive/old.20250101T000000Z", root / ".archive/notes"
	for d in old, other:
		(d / "Maildir/cur").mkdir(parents=True)
		for p in d, d / "Maildir", d / "Maildir/cur":
			os.chown(p, os.stat(root).st_uid, os.stat(root).st_gid)
	assert user(house, "expire", "--dry-run").stdout == f"{old} would be removed\n" and old.exists()
	assert user(house, "expire").stdout == f"{old} removed\n" and not old.exists()
	assert other.exists() and len(list((root / ".archive").glob("bob.*"))) == 1
