# SPDX-License-Identifier: ISC
"""intimail-setup: what it writes, that a second run changes nothing, and what it refuses"""
import grp
import hashlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from household import BUILD, REPO

TOP_OF_CONF = "etc/intimail/intimail.conf"


def run_setup(*args, status=0, program=None, **kw):
	r = subprocess.run([str(program or BUILD / "bin/intimail-setup"), *map(str, args)], capture_output=True, text=True, timeout=120,
		check=False, **kw)
	assert r.returncode == status, (r.returncode, r.stdout, r.stderr)
	return r.stdout if status == 0 else r.stderr


@pytest.fixture
def place(programs):
	"""a directory that the servers' users can reach"""
	d = Path(tempfile.mkdtemp(prefix="intimail.", dir="/var/tmp"))
	d.chmod(0o755)
	yield d
	shutil.rmtree(d, ignore_errors=True)


@pytest.fixture
def made(place):
	run_setup("--private", place / "s", "--domain", "setup.test", "--source", REPO)
	return place / "s"


@pytest.fixture
def tree(place):
	"""a source tree that may be spoilt"""
	for d in ("postfix", "openldap", "lighttpd", "cgi/templates", "cgi/static"):
		shutil.copytree(REPO / d, place / "tree" / d)
	return place / "tree"


def snapshot(top):
	"""every path with type, mode, owner, time of change and content"""
	seen = {}
	for p in sorted(Path(top).rglob("*")):
		st = p.lstat()
		content = hashlib.sha256(p.read_bytes()).hexdigest() if stat.S_ISREG(st.st_mode) else ""
		seen[str(p)] = (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, st.st_ino, content)
	return seen


def test_second_run_changes_nothing(made):
	before = snapshot(made)
	assert run_setup("--private", made, "--source", REPO) == f"{made}: nothing to change\n"
	assert run_setup("-c", made / TOP_OF_CONF, "--source", REPO) == f"{made}: nothing to change\n"
	assert json.loads(run_setup("--private", made, "--source", REPO, "--json")) == {
		"changed": [], "root": str(made), "config": str(made / TOP_OF_CONF)}
	assert snapshot(made) == before


@pytest.mark.parametrize("path, mode, owner", [
	("", 0o755, "root:root"),
	("etc/intimail/intimail.conf", 0o644, "root:root"),
	("etc/intimail/postfix/main.cf", 0o644, "root:root"),
	("etc/intimail/tls/key.pem", 0o640, "root:intimail-web"),
	("etc/intimail/tls/cert.pem", 0o644, "root:root"),
	("usr/libexec/intimail/intimail-deliver", 0o755, "root:root"),
	("usr/libexec/intimail/cgi", 0o750, "root:intimail-web"),
	("usr/libexec/intimail/cgi/login", 0o4755, "intimail-auth:root"),
	("usr/libexec/intimail/cgi/list", 0o6755, "intimail:intimail-auth"),
	("usr/libexec/intimail/cgi/message", 0o6755, "intimail:intimail-auth"),
	("usr/libexec/intimail/cgi/part", 0o6755, "intimail:intimail-auth"),
	("usr/libexec/intimail/cgi/html", 0o6755, "intimail:intimail-auth"),
	("usr/share/intimail/templates/_head.html", 0o644, "root:root"),
	("usr/share/intimail/static/version", 0o644, "root:root"),
	("var/mail/intimail", 0o700, "intimail:intimail"),
	("var/lib/intimail/sessions", 0o2770, "intimail-auth:intimail-auth"),
	("var/lib/intimail/throttle", 0o700, "intimail-auth:intimail-auth"),
	("var/lib/intimail/openldap", 0o700, "openldap:openldap"),
	("var/lib/intimail/openldap/data.mdb", 0o600, "openldap:openldap"),
	("var/lib/intimail/openldap/config/slapd.d", 0o750, "openldap:openldap"),
	("var/lib/intimail/postfix/data", 0o700, "postfix:postfix"),
	("var/lib/intimail/postfix/queue/maildrop", 0o1730, "postfix:postdrop"),
	("run/intimail", 0o755, "root:root"),
])
def test_owners_and_modes(made_once, path, mode, owner):
	st = (made_once / path).lstat()
	assert oct(st.st_mode & 0o7777) == oct(mode)
	assert f"{pwd.getpwuid(st.st_uid).pw_name}:{grp.getgrgid(st.st_gid).gr_name}" == owner


@pytest.fixture(scope="module")
def made_once(programs):
	d = Path(tempfile.mkdtemp(prefix="intimail.", dir="/var/tmp"))
	run_setup("--private", d, "--domain", "setup.test", "--source", REPO)
	yield d
	shutil.rmtree(d)


def test_nothing_is_a_link_and_nothing_is_left_over(made_once):
	for p in made_once.rglob("*"):
		assert not p.is_symlink()
		assert ".new" not in p.name
		assert p.stat().st_nlink == 1 or p.is_dir()


def test_users_can_do_nothing_by_themselves(made_once):
	for name in ("intimail", "intimail-web", "intimail-auth"):
		pw = pwd.getpwnam(name)
		assert 0 < pw.pw_uid < 1000
		assert pw.pw_shell == "/usr/sbin/nologin" and not os.path.exists(pw.pw_dir)
		assert not any(name in g.gr_mem for g in grp.getgrall())


def test_certificate(made_once):
	text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", made_once / "etc/intimail/tls/cert.pem"],
		capture_output=True, text=True, check=True).stdout
	for part in ("ASN1 OID: prime256v1", "DNS:mail.setup.test", "DNS:setup.test", "DNS:localhost", "IP Address:127.0.0.1"):
		assert part in text


def test_what_is_missing_or_changed_is_mended(made):
	(made / "etc/intimail/postfix/main.cf").write_text("rubbish\n")
	(made / "usr/share/intimail/static/old.css").write_text("of an older version\n")
	shutil.rmtree(made / "usr/share/intimail/templates")
	(made / "usr/libexec/intimail/cgi/login").chmod(0o755)
	(made / "var/mail/intimail").chmod(0o755)
	key = (made / "etc/intimail/tls/key.pem").read_bytes()
	changed = json.loads(run_setup("--private", made, "--source", REPO, "--json"))["changed"]
	for path in ("etc/intimail/postfix/main.cf", "usr/share/intimail/static/old.css", "usr/share/intimail/templates",
			"usr/share/intimail/templates/_head.html", "usr/libexec/intimail/cgi/login", "var/mail/intimail"):
		assert str(made / path) in changed
	assert stat.S_IMODE((made / "usr/libexec/intimail/cgi/login").stat().st_mode) == 0o4755
	assert (made / "etc/intimail/tls/key.pem").read_bytes() == key
	assert run_setup("--private", made, "--source", REPO) == f"{made}: nothing to change\n"


def test_people_and_mail_stay(made):
	db, box = made / "var/lib/intimail/openldap/data.mdb", made / "var/mail/intimail/ann"
	before = db.read_bytes()
	box.mkdir()
	with open(made / "etc/intimail/intimail.conf", "a", encoding="utf-8") as f:
		f.write("hostname = other.setup.test\n")
	run_setup("--private", made, "--source", REPO)
	assert db.read_bytes() == before and box.is_dir()
	assert "myhostname = other.setup.test\n" in (made / "etc/intimail/postfix/main.cf").read_text()


def test_another_style_sheet_is_another_version(made, tree):
	version = made / "usr/share/intimail/static/version"
	before = version.read_text()
	with open(tree / "cgi/static/style.css", "a", encoding="utf-8") as f:
		f.write("\n")
	run_setup("--private", made, "--source", tree)
	assert version.read_text() != before


def test_slapds_configuration_follows_the_template(made, tree):
	made_file = made / "var/lib/intimail/openldap/config/slapd.d/cn=config.ldif"
	text = (tree / "openldap/slapd.conf.in").read_text()
	(tree / "openldap/slapd.conf.in").write_text(text.replace("threads 4", "threads 6"))
	assert "olcThreads: 6" not in made_file.read_text()
	run_setup("--private", made, "--source", tree)
	assert "olcThreads: 6" in made_file.read_text()


def test_postfix_and_lighttpd_find_no_fault(made_once):
	r = subprocess.run(["postconf", "-c", made_once / "etc/intimail/postfix", "-n"], capture_output=True, text=True, check=True)
	assert "warning" not in r.stderr
	r = subprocess.run(["lighttpd", "-tt", "-f", made_once / "etc/intimail/lighttpd/lighttpd.conf"], capture_output=True, text=True,
		check=False)
	assert (r.returncode, r.stderr) == (0, "")


def test_two_at_once(place):
	jobs = [subprocess.Popen([BUILD / "bin/intimail-setup", "--private", place / name, "--domain", "setup.test", "--source", REPO],
		stdout=subprocess.PIPE, stderr=subprocess.PIPE) for name in ("a", "b", "c", "a")]
	for j in jobs:
		out, errors = j.communicate(timeout=120)
		assert j.returncode == 0, (out, errors)
	for name in "abc":
		assert run_setup("--private", place / name, "--source", REPO).endswith("nothing to change\n")


# ---- refusals ----

def test_unknown_name_in_a_template(made, tree):
	with open(tree / "postfix/main.cf.in", "a", encoding="utf-8") as f:
		f.write("x = @no_such_name@\n")
	line = len((tree / "postfix/main.cf.in").read_text().splitlines())
	before = (made / "etc/intimail/postfix/main.cf").read_text()
	assert f"{tree}/postfix/main.cf.in:{line}: @no_such_name@" in run_setup("--private", made, "--source", tree, status=78)
	assert (made / "etc/intimail/postfix/main.cf").read_text() == before


def test_unknown_key_and_bad_values(made):
	conf = made / "etc/intimail/intimail.conf"
	text = conf.read_text()
	n = len(text.splitlines()) + 1
	for line in ("colour = blue", "smtp_port = 99999", "domain = again.test", "hostname = a b", "hostname = $(id)"):
		conf.write_text(text + line + "\n")
		assert f"{conf}:{n}:" in run_setup("--private", made, "--source", REPO, status=78)


def test_the_system_comes_later(place):
	conf = place / "intimail.conf"
	conf.write_text("domain = setup.test\n")
	assert "--private DIR" in run_setup("-c", conf, "--source", REPO, status=78)


@pytest.mark.parametrize("args, status, said", [
	(["--private", "/"], 65, "cannot be the directory"),
	(["--private", "{place}/none"], 67, "{place}/none"),
	(["--private", "{place}/x y", "--domain", "setup.test"], 65, "only letters"),
	(["--private", "{place}/x'y", "--domain", "setup.test"], 65, "only letters"),
	(["--private", "{place}/" + "x" * 100, "--domain", "setup.test"], 65, "socket"),
	(["--private", "{place}/s", "--domain", "a\nroot = /"], 65, "domain"),
	(["--private", "{place}/s", "--domain", "no domain"], 78, "domain"),
	(["--private", "{place}/s", "--domain", "-x.test"], 78, "domain"),
	(["--domain", "setup.test"], 64, "--private"),
	(["-c", "{place}/none"], 78, "{place}/none"),
	(["extra"], 64, ""),
])
def test_unusable_arguments(place, args, status, said):
	said_so = run_setup(*[a.format(place=place) for a in args], "--source", REPO, status=status)
	assert said.format(place=place) in said_so
	assert said_so.count("\n") == 1
	assert not (place / "x y").exists() and not list(place.glob("xxx*"))


def test_another_domain(made):
	assert "setup.test already" in run_setup("--private", made, "--domain", "other.test", "--source", REPO, status=73)


def test_a_moved_directory(made, place):
	made.rename(place / "moved")
	assert "moved" in run_setup("--private", place / "moved", "--source", REPO, status=78)


def test_no_source(place):
	assert "source tree" in run_setup("--private", place / "s", "--domain", "setup.test", "--source", place, status=65)


def test_a_program_is_missing(place):
	shutil.copytree(BUILD / "bin", place / "bin")
	said = run_setup("--private", place / "s", "--domain", "setup.test", "--source", REPO, status=67, program=place / "bin/intimail-setup")
	assert "build it first" in said and "login" in said


def test_not_root(made):
	program = made.parent / "intimail-setup"  # where anybody may go
	shutil.copy(BUILD / "bin/intimail-setup", program)
	tree_for_all = made.parent / "tree"
	for d in ("postfix", "cgi/templates"):
		shutil.copytree(REPO / d, tree_for_all / d)
	said = run_setup("--reuid", "65534", "--clear-groups", program, "--private", made, "--source", tree_for_all, status=77, program="setpriv")
	assert "root" in said


def test_parents_must_let_pass(place):
	closed = place / "closed"
	closed.mkdir(mode=0o700)
	assert f"pass through {closed}" in run_setup("--private", closed / "s", "--domain", "setup.test", "--source", REPO, status=78)


def test_nosuid(place):
	script = f"mount -t tmpfs -o nosuid,mode=755 tmpfs {place} && exec {BUILD}/bin/intimail-setup --private {place}/s --domain setup.test --source {REPO}"
	r = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, check=False)
	if "unshare" in r.stderr or "mount:" in r.stderr:
		pytest.skip("mounting is not allowed here: " + r.stderr)
	assert r.returncode == 78 and "nosuid" in r.stderr


def test_something_else_in_the_place_of_a_directory(made):
	sessions = made / "var/lib/intimail/sessions"
	sessions.rmdir()
	sessions.symlink_to("/etc")
	before = os.stat("/etc")
	assert "in the way" in run_setup("--private", made, "--source", REPO, status=78)
	assert (os.stat("/etc").st_mode, os.stat("/etc").st_uid) == (before.st_mode, before.st_uid)


def test_a_link_in_the_place_of_a_file_is_replaced(made, place):
	target = place / "precious"
	target.write_text("precious\n")
	main = made / "etc/intimail/postfix/main.cf"
	main.unlink()
	main.symlink_to(target)
	run_setup("--private", made, "--source", REPO)
	assert target.read_text() == "precious\n" and not main.is_symlink()


def test_a_directory_of_somebody_else(place):
	(place / "s").mkdir()
	os.chown(place / "s", 65534, 65534)
	assert "belongs to root" in run_setup("--private", place / "s", "--domain", "setup.test", "--source", REPO, status=78)
