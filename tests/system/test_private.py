# SPDX-License-Identifier: ISC
"""intimail-private: start, status, stop, and what can be in the way"""
import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from household import BUILD, REPO, Household, await_that

SERVERS = ("slapd", "policy", "postfix", "helper", "lighttpd")


@pytest.fixture
def home(programs):
	"""a running private server of the test's own"""
	with Household("private.test") as h:
		yield h


def pids(h):
	return {n: s["pid"] for n, s in json.loads(h.private("status", "--json"))["servers"].items()}


def alive(pid):
	try:
		return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
	except OSError:
		return False


def below(h):
	"""processes that have the directory on their command line or in their environment"""
	found = []
	for p in Path("/proc").glob("[0-9]*"):
		try:
			if str(h.dir).encode() in (p / "cmdline").read_bytes() + (p / "environ").read_bytes():
				found.append(int(p.name))
		except OSError:
			pass
	return [p for p in found if p != os.getpid()]


def etc():
	"""what the host's own servers are configured by"""
	seen = {}
	for top in ("/etc/postfix", "/etc/ldap", "/etc/lighttpd", "/etc/aliases", "/var/lib/ldap", "/var/spool/postfix", "/var/lib/postfix"):
		for p in [Path(top), *Path(top).rglob("*")]:
			if p.exists():
				st = p.stat()
				seen[str(p)] = (st.st_mode, st.st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "")
	return seen


def test_status_tells_where_everything_is(server):
	s = server.status
	assert s["domain"] == "example.org" and s["hostname"] == "mail.example.org"
	assert s["root"] == str(server.dir)
	assert s["config"] == f"{server.dir}/etc/intimail/intimail.conf" and os.path.isfile(s["config"])
	assert os.path.isdir(s["mail_root"]) and os.path.isfile(s["mail_log"]) and os.path.isfile(s["certificate"])
	assert re.fullmatch(r"127\.0\.0\.1:\d+", s["smtp"])
	assert re.fullmatch(r"http://127\.0\.0\.1:\d+", s["http"]) and re.fullmatch(r"https://127\.0\.0\.1:\d+", s["https"])
	assert s["ldap_uri"].startswith("ldapi://%2F")
	assert tuple(s["servers"]) == SERVERS and all(x["running"] and alive(x["pid"]) for x in s["servers"].values())
	who = subprocess.run(["ldapwhoami", "-Q", "-Y", "EXTERNAL", "-H", s["ldap_uri"]], capture_output=True, text=True, check=True)
	assert who.stdout == "dn:cn=root,cn=local\n"
	text = server.private("status")
	for value in (s["smtp"], s["https"], s["config"], "lighttpd   runs"):
		assert value in text


def test_starting_again_does_nothing(home):
	before = pids(home)
	home.private("start")
	home.private("start", "--domain", "private.test")
	assert pids(home) == before


def test_stop_and_start_keep_the_ports(home):
	before, running = home.status, below(home)
	home.stop()
	assert not [p for p in running if alive(p)] and not below(home)
	r = home.private("status", status=None)
	assert r.returncode == 75 and r.stdout.count("does not run") == len(SERVERS)
	home.stop()
	home.start()
	for key in ("smtp", "http", "https"):
		assert home.status[key] == before[key]


def test_a_port_that_somebody_took_is_changed(home):
	old = home.status
	home.stop()
	with socket.create_server(("127.0.0.1", int(old["smtp"].split(":")[1]))):
		home.start()
		assert home.status["smtp"] != old["smtp"] and home.status["https"] == old["https"]
		home.add_user("ann")
		home.deliver("Subject: x\n\nx\n", "ann@private.test")
	conf = Path(old["config"]).read_text()
	assert conf.count("smtp_port") == 1 and f"smtp_port = {home.status['smtp'].split(':')[1]}\n" in conf


def test_two_run_side_by_side(home):
	before = etc()
	with Household("private.test") as other:
		for h in (home, other):
			h.add_user("ann")
			h.deliver("Subject: here\n\nx\n", "ann@private.test")
		for h in (home, other):
			assert h.browser("ann").json("/mail/INBOX")["mailbox"]["total"] == 1
		other.stop()
		home.deliver("Subject: still\n\nx\n", "ann@private.test")
	assert etc() == before


def test_two_starts_of_one_directory(programs):
	h = Household("private.test")
	try:
		jobs = [subprocess.Popen([BUILD / "bin/intimail-private", "start", h.dir, "--domain", "private.test", "--source", REPO],
			stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
		for j in jobs:
			out, errors = j.communicate(timeout=120)
			assert j.returncode == 0, (out, errors)
		assert len([p for p in below(h) if b"sbin/master" in Path(f"/proc/{p}/cmdline").read_bytes()]) == 1
	finally:
		h.__exit__()


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_was_killed_is_started_again(home, name):
	pid = home.status["servers"][name]["pid"]
	os.kill(pid, signal.SIGKILL)
	await_that(lambda: not alive(pid), "the end of " + name)
	r = home.private("status", status=None)
	assert r.returncode == 75 and f"{name:10} does not run" in r.stdout
	home.start()
	home.add_user("ann")
	home.deliver("Subject: x\n\nx\n", "ann@private.test")
	assert home.browser("ann").json("/mail/INBOX")["mailbox"]["total"] == 1


def test_a_pid_of_somebody_else_is_not_ended(home):
	stranger = subprocess.Popen(["sleep", "600"])
	try:
		home.stop()
		for text in (f"{stranger.pid}\n", "1\n", "-1\n", "0\n", "rubbish", "99999999999999\n", ""):
			for name in SERVERS:
				(home.dir / f"run/intimail/{name}.pid").write_text(text)
			told = json.loads(home.private("status", "--json", status=None).stdout)["servers"]
			assert not any(s["running"] or s["pid"] for s in told.values())
			home.stop()
		assert stranger.poll() is None
		home.start()
	finally:
		stranger.kill()
		stranger.wait()


@pytest.mark.parametrize("name, template, spoilt", [
	("slapd", "openldap/slapd.conf.in", None),
	("postfix", "postfix/master.cf.in", "rubbish\n"),
	("lighttpd", "lighttpd/lighttpd.conf.in", 'server.bind = "192.0.2.1"\n'),
])
def test_a_failed_start_says_which_and_stops_the_others(programs, tmp_path, name, template, spoilt):
	for d in ("postfix", "openldap", "lighttpd", "cgi/templates", "cgi/static"):
		shutil.copytree(REPO / d, tmp_path / d)
	h = Household("private.test")
	try:
		if spoilt:
			text = (tmp_path / template).read_text()
			if name == "lighttpd":
				text = text.replace('server.bind = "@listen_host@"\n', "")
			(tmp_path / template).write_text(text + spoilt)
		h.run("intimail-setup", "--private", h.dir, "--domain", "private.test", "--source", tmp_path)
		if name == "slapd":
			(h.dir / "var/lib/intimail/openldap/data.mdb").write_bytes(b"no data base" * 1000)
		r = h.private("start", "--source", tmp_path, status=None)
		assert r.returncode == 75
		assert re.search(f"{name} did not start; the end of .*/log/", r.stderr), r.stderr
		assert len(r.stderr.splitlines()) > 2 and "(nothing was written)" not in r.stderr
		assert not below(h)
		# with what was wrong mended it starts
		if name != "slapd":
			h.start()
	finally:
		h.__exit__()


def test_refusals(programs, tmp_path):
	h = Household("private.test")
	try:
		for verb in ("start", "status", "stop"):
			r = h.private(verb, status=None)
			assert r.returncode == 67 and "no private server" in r.stderr
		r = h.run("intimail-private", "start", "/var/tmp/intimail-none/none", status=None)
		assert r.returncode == 67
		assert not Path("/var/tmp/intimail-none").exists()
		r = h.private("start", "-c", "/etc/passwd", "--domain", "private.test", status=None)
		assert r.returncode == 64 and "of its own" in r.stderr
		for args in ((), ("start",), ("dance", h.dir), ("start", h.dir, h.dir)):
			assert h.run("intimail-private", *args, status=None).returncode == 64
		# pytest's own directories are closed to others
		tmp_path.chmod(0o700)
		r = h.run("intimail-private", "start", tmp_path / "s", "--domain", "private.test", "--source", REPO, status=None)
		assert r.returncode == 78 and "pass through" in r.stderr
	finally:
		shutil.rmtree(h.dir)


def test_relative_directory_and_own_configuration(home):
	r = subprocess.run([BUILD / "bin/intimail-private", "status", "--json", home.dir.name, "-c", home.status["config"]],
		cwd=home.dir.parent, capture_output=True, text=True, check=True)
	assert json.loads(r.stdout)["root"] == str(home.dir)


def test_nothing_of_ours_lives_on_in_the_servers(home):
	"""whoever waits for the end of a pipe that he gave us does not wait for the servers"""
	home.stop()
	read, write = os.pipe()
	subprocess.run([BUILD / "bin/intimail-private", "start", home.dir, "--source", REPO], pass_fds=[write], check=True,
		stdout=subprocess.DEVNULL)
	os.close(write)
	assert os.read(read, 1) == b""
	os.close(read)
	home.start()
	with open(home.dir / ".lock", "rb") as f:
		fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
	for name in SERVERS:
		fds = [os.readlink(p) for p in Path(f"/proc/{home.status['servers'][name]['pid']}/fd").iterdir()]
		assert not [f for f in fds if f.endswith((".lock", ".conf", ".pid")) and "/var/lib/intimail/postfix/" not in f]
		assert len([f for f in fds if f == "/dev/null" or f.endswith(".log")]) >= 1


def test_servers_run_as_their_users(server):
	for name, user in (("slapd", "openldap"), ("policy", "intimail"), ("lighttpd", "intimail-web"), ("postfix", "root"), ("helper", "root")):
		st = os.stat(f"/proc/{server.status['servers'][name]['pid']}")
		assert Path("/etc/passwd").read_text().count(f"{user}:x:{st.st_uid}:") == 1


# ---- the web server's own part ----

@pytest.mark.parametrize("path", ["/", "/login", "/nope", "/mail/INBOX", "/mail/INBOX/none", "/mail/INBOX/none/html", "/mail/INBOX/none/part/1",
	"/static/style.css", "/static/none", "/favicon.ico", "/mail/../../etc/passwd", "/mail/..%2f..%2fetc", "/static/..%2f..%2ftemplates/list.html"])
def test_every_answer_has_the_security_headers(server, path):
	for scheme in ("http", "https"):
		a = server.browser(scheme=scheme).get(path)
		assert a.status in (200, 303, 308, 404) or (a.status == 401 and path.endswith("/html"))
		for header in ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"):
			assert len(a.headers.get_all(header) or []) == 1, (path, header, a.headers.as_string())
		assert "default-src 'none'" in a.headers["Content-Security-Policy"]
		assert "Server" not in a.headers


def test_which_program_serves_what(server):
	"""the log of the page programs names them"""
	log = Path(server.status["servers"]["lighttpd"]["log"])
	b = server.browser("bob")
	for path, program in (("/mail/NoSuchBox", "list"), ("/mail/INBOX/none", "message"), ("/mail/INBOX/none/raw", "part"),
			("/mail/INBOX/none/part/1", "part"), ("/mail/INBOX/none/html", "html"), ("/nope", "list")):
		at = log.stat().st_size
		assert b.get(path).status == 404
		assert f"{program}: " in log.read_bytes()[at:].decode(), path


def test_static_files_are_cached_and_small(server):
	b = server.browser()
	page = b.get("/login").text
	style = re.search(r'"(/static/style\.css\?v=[^"]+)"', page).group(1)
	a = b.get(style, Accept_Encoding="br")
	assert a.headers["Content-Encoding"] == "br" and "immutable" in a.headers["Cache-Control"]
	assert "immutable" not in b.get("/static/style.css").headers["Cache-Control"]
	assert b.get(style, If_None_Match=a.headers["ETag"], Accept_Encoding="br").status == 304
	first_visit = len(b.get("/login", Accept_Encoding="br").body)
	for path in re.findall(r'"(/static/[^"]+)"', page):
		first_visit += len(b.get(path.replace("&amp;", "&"), Accept_Encoding="br").body)
	assert first_visit < 40 * 1024


def test_other_hosts_and_methods(server):
	b = server.browser()
	refused = b.get("/login", Host="evil.test")
	assert refused.status == 403 and refused.headers["Content-Security-Policy"].startswith("default-src 'none'")
	for host in ("localhost", "mail.example.org", "example.org", "MAIL.example.org:4711"):
		assert b.get("/login", Host=host).status == 200, host
	for method in ("PUT", "DELETE", "TRACE", "OPTIONS"):
		assert b.request(method, "/login").status == 405, method
		assert b.request(method, "/static/style.css").status in ((200,) if method == "OPTIONS" else (405, 501))
	assert b.request("HEAD", "/login").body == b""
	assert b.request("POST", "/login", b"x" * 2_000_000).status == 413
	assert b.get("/login", X="y" * 20000).status in (400, 431)
	for path in ("/mail/%00", "/login%0d%0aX:1", "/mail/%ff"):
		assert b.get(path).status in (400, 404)


def test_the_web_server_cannot_read_mail(server):
	server.deliver("Subject: secret\n\nx\n", "bob@example.org")
	path = server.files("bob")[0]
	program = server.dir / "usr/libexec/intimail/cgi/list"
	for name in ("intimail-web", "intimail-auth", "nobody"):
		who = {"user": name, "group": "nogroup" if name == "nobody" else name, "extra_groups": []}
		r = subprocess.run(["cat", path], capture_output=True, check=False, **who)
		assert r.returncode != 0 and not r.stdout
		r = subprocess.run(["ls", server.dir / "var/lib/intimail/sessions"], capture_output=True, check=False, **who)
		assert (r.returncode == 0) == (name == "intimail-auth")
		if name == "intimail-web":
			assert b"Status: " in subprocess.run([program], capture_output=True, check=False, **who).stdout
		else:
			with pytest.raises(PermissionError):
				subprocess.run([program], check=False, **who)


def test_only_the_directory_is_touched(programs):
	before = etc()
	with Household("private.test") as h:
		h.add_user("ann")
		h.deliver("Subject: x\n\nx\n", "ann@private.test")
	assert etc() == before
	assert not h.dir.exists()


# ---- the demo ----

def test_the_demo(programs):
	"""two of them at once; each ends and cleans up at Ctrl-C"""
	demos = [subprocess.Popen(["/usr/bin/python3", REPO / "tests/demo.py"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
		env={**os.environ, "BUILD": str(BUILD), "DIR": "", "KEEP": ""}) for _ in range(2)]
	for d in demos:
		text = ""
		for line in d.stdout:
			text += line
			if line.startswith("Ctrl-C"):
				break
		assert "webmail" in text and "bob@example.org sent" in text and "carol@example.org deferred" in text, text
		directory = Path(re.search(r"directory +(\S+)", text).group(1))
		status = json.loads(subprocess.run([BUILD / "bin/intimail-private", "status", "--json", directory], capture_output=True, check=True).stdout)
		h = Household("example.org", directory=directory)
		h.status, h.passwords = status, dict(re.findall(r"account +(\w+) +password (\S+)", text))
		assert h.browser("alice").json("/mail/INBOX")["mailbox"]["total"] == 9
		d.send_signal(signal.SIGINT)
		assert "is removed" in d.communicate(timeout=60)[0]
		assert d.returncode == 0 and not directory.exists() and not below(h)
