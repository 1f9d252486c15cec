# SPDX-License-Identifier: ISC
"""Signing in and out, against the real directory and web server; what strangers, crowds and broken servers meet"""
import os
import re
import statistics
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from household import Household, await_that

WRONG = "User name or password is wrong."


@pytest.fixture(autouse=True)
def fresh(server):
	"""no failures remembered: all tests come from one network"""
	forget(server)


def forget(server):
	for p in state(server).glob("throttle/*-*"):
		p.unlink(missing_ok=True)


def state(server):
	return server.dir / "var/lib/intimail"


def sessions(server):
	return sorted(p.name for p in state(server).glob("sessions/*"))


def try_sign_in(b, user, password, **fields):
	csrf = fields.pop("csrf", None) or b.csrf("/login")
	return b.post("/login", {"user": user, "password": password, "csrf": csrf, **fields})


# --- signing in ---


@pytest.mark.parametrize("login", ["alice", "alice@example.org", "al.ice@example.org", "Alice@Example.ORG"])
def test_sign_in(server, login):
	b = server.browser()
	a = try_sign_in(b, login, server.passwords["alice"])
	assert (a.status, a.headers["Location"]) == (303, "/mail/INBOX")
	assert ">alice<" in b.get("/mail/INBOX").text


def test_cookies(server):
	b = server.browser()
	a = try_sign_in(b, "alice", server.passwords["alice"])
	cookies = a.headers.get_all("Set-Cookie")
	assert sorted(c.split("=")[0] for c in cookies) == ["__Host-im", "__Host-imdev"]
	for c in cookies:
		attributes = c.split("; ")[1:]
		assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(attributes), c
		assert "Domain" not in c
		assert re.fullmatch(r"[\w-]{43}", c.split("; ")[0].split("=", 1)[1])
	assert not any("Max-Age" in c for c in cookies if c.startswith("__Host-im="))


@pytest.mark.parametrize("wanted, got", [
	("/mail/Sent", "/mail/Sent"),
	("/mail/INBOX?older=1.M2,S=3", "/mail/INBOX?older=1.M2,S=3"),
	("", "/mail/INBOX"),
	("//evil.test/mail/", "/mail/INBOX"),
	("https://evil.test/", "/mail/INBOX"),
	("/mail/../login", "/mail/INBOX"),
	("/mail/x\r\nSet-Cookie: a=b", "/mail/INBOX"),
	("/logout", "/mail/INBOX"),
	("javascript:alert(1)", "/mail/INBOX"),
])
def test_next(server, wanted, got):
	a = try_sign_in(server.browser(), "alice", server.passwords["alice"], next=wanted)
	assert (a.status, a.headers["Location"]) == (303, got)
	assert "evil" not in str(a.headers)


def test_the_way_back(server):
	b = server.browser()
	a = b.get("/mail/Sent?older=1.M2%2CS=3")
	assert a.status == 303
	form = b.get(a.headers["Location"])
	wanted = re.search(r'name="next" value="([^"]*)"', form.text).group(1)
	assert wanted == "/mail/Sent?older=1.M2%2CS=3"
	a = try_sign_in(b, "alice", server.passwords["alice"], next=wanted)
	assert a.headers["Location"] == wanted


def test_a_new_session_ends_the_old_one(server):
	b = server.browser("bob")
	old = b.cookies["__Host-im"]
	before = sessions(server)
	try_sign_in(b, "bob", server.passwords["bob"])
	assert b.cookies["__Host-im"] != old
	assert len(sessions(server)) == len(before)
	b.cookies["__Host-im"] = old
	assert b.get("/mail/INBOX").status == 303


def test_a_planted_session_is_not_taken_over(server):
	"""fixation: the cookie that was there is never the one that signs in"""
	b = server.browser()
	b.cookies["__Host-im"] = "A" * 43
	try_sign_in(b, "bob", server.passwords["bob"])
	assert b.cookies["__Host-im"] != "A" * 43


def test_french(server):
	b = server.browser()
	a = b.get("/login", Accept_Language="fr-FR,fr;q=0.9,en;q=0.5")
	assert '<html lang="fr">' in a.text and "Se connecter" in a.text
	assert '<html lang="en">' in b.get("/login", Accept_Language="de").text


# --- what goes wrong ---


@pytest.mark.parametrize("user, password", [
	("alice", "wrong"), ("nobody", "wrong"), ("nobody@elsewhere.test", "x"), ("alice", ""), ("", "x"), ("", ""), ("alice", "x" * 257),
	("a" * 257, "x"), ("*", "x"), ("alice)(uid=*", "x"), ("al*", "x"), ("../alice", "x"), ("alice\n", "x"), ("<script>", "x"),
	("\u00e9\u00e8", "x"),
])
def test_refused_alike(server, user, password):
	b = server.browser()
	csrf = b.csrf("/login")
	began = time.monotonic()
	a = try_sign_in(b, user, password, csrf=csrf)
	took = time.monotonic() - began
	assert a.status == 403
	assert WRONG in a.text
	assert "__Host-im" not in b.cookies
	assert took >= 1.19
	assert "<script>" not in a.text
	assert password == "" or f'"{password}"' not in a.text


def test_disabled(server):
	server.add_user("nora")
	assert server.browser("nora")
	server.user("set", "nora", "--disable")
	a = try_sign_in(server.browser(), "nora", server.passwords["nora"])
	assert a.status == 403 and WRONG in a.text
	server.user("set", "nora", "--enable")
	assert server.browser("nora")


def test_nul_is_refused(server):
	b = server.browser()
	body = f"csrf={b.csrf('/login')}&user=alice%00x&password=x"
	a = b.request("POST", "/login", body, Content_Type="application/x-www-form-urlencoded", Sec_Fetch_Site="same-origin")
	assert a.status == 400


def test_time_tells_nothing(server):
	"""unknown, wrong, disabled: the medians are the same"""
	took = {}
	for user in ["alice", "nobody", "bob", "unknown"] * 3:
		b = server.browser()
		csrf = b.csrf("/login")
		began = time.monotonic()
		assert try_sign_in(b, user, "wrong", csrf=csrf).status == 403
		took.setdefault("known" if user in ("alice", "bob") else "unknown", []).append(time.monotonic() - began)
	known, unknown = (statistics.median(took[k]) for k in ("known", "unknown"))
	print(f"sign-in refused after {known * 1000:.1f} ms (known name), {unknown * 1000:.1f} ms (unknown)")
	assert abs(known - unknown) < 0.05


def test_throttle(server):
	stranger, owner = server.browser(), server.browser("alice")
	del owner.cookies["__Host-im"]
	codes = [try_sign_in(stranger, "alice", "wrong").status for _ in range(7)]
	assert codes[:5] == [403] * 5
	assert 429 in codes[5:] or try_sign_in(stranger, "alice", "wrong").status == 429
	a = try_sign_in(server.browser(), "ALICE@example.org", server.passwords["alice"])
	assert a.status == 429 and 1 <= int(a.headers["Retry-After"]) <= 4
	assert "Too many tries" in a.text
	# others are not concerned, and the owner's browser is known
	assert try_sign_in(server.browser(), "bob", server.passwords["bob"]).status == 303
	assert try_sign_in(owner, "alice", server.passwords["alice"]).status == 303
	# whose success forgets the failures
	assert try_sign_in(server.browser(), "alice", server.passwords["alice"]).status == 303


def test_a_crowd_gets_no_more_guesses(server):
	b = server.browser()
	csrf = b.csrf("/login")
	cookie = dict(b.cookies)

	def guess(n):
		one = server.browser()
		one.cookies = dict(cookie)
		return try_sign_in(one, "bob", f"guess{n}", csrf=csrf).status

	with ThreadPoolExecutor(30) as pool:
		codes = list(pool.map(guess, range(30)))
	assert codes.count(403) <= 8, codes
	assert set(codes) == {403, 429}


def test_the_form_needs_its_token(server):
	b, other = server.browser(), server.browser()
	good = {"user": "alice", "password": server.passwords["alice"]}
	b.csrf("/login")
	foreign = other.csrf("/login")
	for fields in (good, {**good, "csrf": ""}, {**good, "csrf": "A" * 43}, {**good, "csrf": foreign}):
		assert b.post("/login", fields).status == 403
	for site in ("cross-site", "same-site", "none"):
		assert b.post("/login", {**good, "csrf": b.csrf("/login")}, Sec_Fetch_Site=site).status == 403
	assert "__Host-im" not in b.cookies
	# an older browser: the origin decides
	for origin, status in (("http://evil.test", 403), ("null", 403), (server.status["http"], 303)):
		body = "&".join(f"{k}={v}" for k, v in {**good, "csrf": b.csrf("/login")}.items())
		a = b.request("POST", "/login", body, Content_Type="application/x-www-form-urlencoded", Origin=origin)
		assert a.status == status, origin


# --- signing out ---


def test_sign_out(server):
	b = server.browser("alice")
	kept = b.cookies["__Host-im"]
	csrf = b.csrf("/mail/INBOX")
	assert b.get("/logout").status == 200 and b.get("/mail/INBOX").status == 200  # asking changes nothing
	assert b.post("/logout", {"csrf": "A" * 43}).status == 403
	assert b.get("/mail/INBOX").status == 200
	before = len(sessions(server))
	a = b.post("/logout", {"csrf": csrf})
	assert (a.status, a.headers["Location"]) == (303, "/login")
	assert a.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
	assert len(sessions(server)) == before - 1
	assert "__Host-im" not in b.cookies
	b.cookies["__Host-im"] = kept
	assert b.get("/mail/INBOX").status == 303
	assert b.get("/mail/INBOX", Accept="application/json").status == 401
	assert b.post("/logout", {"csrf": csrf}).status == 303


def test_sessions_on_disk(server):
	b = server.browser("alice")
	files = list(state(server).glob("sessions/*"))
	assert files
	text = "".join(p.read_text() for p in files) + "".join(p.name for p in files)
	assert b.cookies["__Host-im"] not in text
	assert all(p.stat().st_mode & 0o777 == 0o660 for p in files)
	secret = server.passwords["alice"]
	for p in [*server.dir.glob("var/log/intimail/*"), *state(server).glob("throttle/*")]:
		assert secret.encode() not in p.read_bytes(), p
	for user in ("intimail-web", "nobody"):
		r = subprocess.run(["ls", state(server) / "sessions"], user=user, group="nogroup", extra_groups=[], capture_output=True,
			check=False)
		assert r.returncode != 0, f"{user} can list the sessions"


def test_expired_sessions_are_removed(server):
	b = server.browser("bob")
	name = max(state(server).glob("sessions/*"), key=lambda p: p.stat().st_mtime_ns)
	os.utime(name, (1, 1))
	assert b.get("/mail/INBOX").status == 303
	assert not name.exists()
	stale = state(server) / "sessions" / ("0" * 64)
	stale.write_text("1\nalice\n1\n" + "0" * 64 + "\n")
	os.utime(stale, (1, 1))
	server.browser("bob")
	assert not stale.exists()


def test_sessions_that_cannot_be_read(server):
	b = server.browser("alice")
	d = state(server) / "sessions"
	mode = d.stat().st_mode
	d.chmod(0)
	try:
		a = b.get("/mail/INBOX")
		assert a.status == 503 and "Not available" in a.text
	finally:
		d.chmod(mode)
	assert b.get("/mail/INBOX").status == 200


def test_use_is_noted(server):
	"""by the mail pages, which do not own the file: at most once a minute"""
	b = server.browser("bob")
	name = max(state(server).glob("sessions/*"), key=lambda p: p.stat().st_mtime_ns)
	now = time.time()
	os.utime(name, (now - 30, now - 30))
	b.get("/mail/INBOX")
	assert name.stat().st_mtime < now - 20
	os.utime(name, (now - 100, now - 100))
	b.get("/mail/INBOX")
	assert name.stat().st_mtime >= now - 1


@pytest.mark.parametrize("how", ["passwd", "disable", "delete"])
def test_rights_that_end_end_the_sessions(server, how):
	uid = f"dan-{how}"
	server.add_user(uid)
	b, other = server.browser(uid), server.browser("bob")
	assert b.get("/mail/INBOX").status == 200
	if how == "passwd":
		server.user("passwd", uid, "--password-stdin", input="another good password\n")
	elif how == "disable":
		server.user("set", uid, "--disable")
	else:
		server.user("delete", uid, "--yes")
	assert b.get("/mail/INBOX").status == 303
	assert other.get("/mail/INBOX").status == 200


# --- the programs ---


def cgi(server, name="list", user="intimail-web", **env):
	return subprocess.run([server.dir / "usr/libexec/intimail/cgi" / name], user=user, group=user, extra_groups=[], capture_output=True,
		env={"REQUEST_METHOD": "GET", "REQUEST_URI": "/mail/INBOX", **env}, check=False, timeout=30)


def test_environment_is_not_believed(server):
	b = server.browser("alice")
	hostile = {"LD_PRELOAD": "/nonexistent.so", "LD_LIBRARY_PATH": "/tmp", "GCONV_PATH": "/tmp", "LOCPATH": "/tmp", "TZ": "../../etc/passwd",
		"HOME": "/tmp", "PATH": "/tmp", "LDAPCONF": "/tmp/x", "LDAPURI": "ldap://evil.test", "MAGIC": "/tmp/x", "MALLOC_CHECK_": "3",
		"INTIMAIL_CONF": "/tmp/x", "HTTP_COOKIE": "__Host-im=" + b.cookies["__Host-im"], "HTTP_COOKIE_": "x", "X": "y" * 100000}
	for name in ("list", "message", "part", "html"):
		r = cgi(server, name, **hostile)
		assert r.stdout.startswith(b"Status: "), (name, r.stderr)
	assert cgi(server, **hostile).stdout.startswith(b"Status: 200 ")
	assert cgi(server, HTTP_COOKIE="__Host-im=" + "A" * 43).stdout.startswith(b"Status: 303 ")


def test_it_is_confined(server):
	"""while a wrong password makes it wait"""
	program = str(server.dir / "usr/libexec/intimail/cgi/login")

	def status():
		for p in Path("/proc").glob("[0-9]*"):
			try:
				if os.readlink(p / "exe") == program:
					text = (p / "status").read_text()
					return "\nSeccomp:\t2\n" in text and "\nNoNewPrivs:\t1\n" in text
			except OSError:  # ended meanwhile
				continue
		return False

	with ThreadPoolExecutor(1) as pool:
		answer = pool.submit(try_sign_in, server.browser(), "alice", "wrong")
		await_that(status, "a sign-in page behind its filter", step=0.001)
		assert answer.result().status == 403


def test_only_lighttpd_starts_them(server):
	with pytest.raises(PermissionError):
		subprocess.run(
			[server.dir / "usr/libexec/intimail/cgi/list"], user="nobody", group="nogroup", extra_groups=[], check=False)


def test_no_variables_at_all(server):
	r = subprocess.run([server.dir / "usr/libexec/intimail/cgi/list"], user="intimail-web", group="intimail-web", extra_groups=[],
		env={}, capture_output=True, check=False, timeout=30)
	assert r.stdout.startswith(b"Status: 405 ")


@pytest.mark.parametrize("spoil", ["owner", "mode", "gone", "garbage"])
def test_configuration(server, spoil):
	conf = Path(server.status["config"])
	text, st = conf.read_bytes(), conf.stat()
	cookie = server.browser("alice").cookies["__Host-im"]
	try:
		if spoil == "owner":
			os.chown(conf, 65534, 65534)
		elif spoil == "mode":
			conf.chmod(0o666)
		elif spoil == "gone":
			conf.rename(conf.with_suffix(".kept"))
		else:
			conf.write_bytes(text + b"no_such_key = 1\n")
		r = cgi(server, HTTP_COOKIE="__Host-im=" + cookie)
		assert r.stdout.startswith(b"Status: 500 ") and b"Content-Security-Policy: default-src 'none'" in r.stdout
		assert b"intimail.conf" in r.stderr and b"intimail.conf" not in r.stdout
	finally:
		if spoil == "gone":
			conf.with_suffix(".kept").rename(conf)
		conf.write_bytes(text)
		os.chown(conf, st.st_uid, st.st_gid)
		conf.chmod(st.st_mode)
	assert cgi(server, HTTP_COOKIE="__Host-im=" + cookie).stdout.startswith(b"Status: 200 ")


# --- without the directory ---


def test_directory_down(programs):
	"""nobody can sign in and is told so; whoever is signed in reads on"""
	with Household("example.net") as h:
		h.add_user("dora")
		b = h.browser("dora")
		h.end_server("slapd")
		began = time.monotonic()
		a = try_sign_in(h.browser(), "dora", h.passwords["dora"])
		assert a.status == 503 and "Not available right now" in a.text
		assert time.monotonic() - began < 10
		assert b.get("/mail/INBOX").status == 200
		# no failure of hers
		assert not any(p.read_bytes()[4:8] != bytes(4) for p in state(h).glob("throttle/account-*"))
