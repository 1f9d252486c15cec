# SPDX-License-Identifier: ISC
"""Requests that nobody should send: every answer has its status, its whole set of headers, and gives nothing away"""
import email.parser
import re
import socket
import urllib.parse

import pytest

MESSAGE = """From: Eve <eve@elsewhere.test>
To: alice@example.org
Subject: battery {n}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html

<p>hello</p><script>alert(1)</script>
--b
Content-Type: image/png; name="a.png"
Content-Disposition: attachment; filename="a
 b\\r\\nX-Evil: 1.png"
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
--b
Content-Type: image/svg+xml
Content-Disposition: attachment; filename=x.svg

<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>
--b--
"""

COMMON = {
	"X-Content-Type-Options": "nosniff",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"X-DNS-Prefetch-Control": "off",
	"Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=()",
}
DYNAMIC = {**COMMON, "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=63072000"}
PAGE = {
	**DYNAMIC, "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
		"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
		"require-trusted-types-for 'script'; trusted-types 'none'",
}
FRAME_POLICY = ("default-src 'none'; img-src data:{}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
	"frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
FRAME = {**DYNAMIC, "X-Frame-Options": "SAMEORIGIN", "Referrer-Policy": "no-referrer",
	"Content-Security-Policy": FRAME_POLICY.format("")}
FRAME_IMAGES = {**FRAME, "Content-Security-Policy": FRAME_POLICY.format(" https:")}
FILE = {**DYNAMIC, "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
	"Content-Security-Policy": "default-src 'none'; sandbox"}
# lighttpd's own answers: static files, and what it refuses before a page program is asked
STATIC = {**COMMON, "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
	"Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}


class Raw:
	"""one answer of bytes sent as they are"""

	def __init__(self, server, request):
		host, port = urllib.parse.urlsplit(server.status["http"]).netloc.split(":")
		with socket.create_connection((host, int(port)), timeout=30) as s:
			s.sendall(request)
			data = b""
			while chunk := s.recv(65536):
				data += chunk
		head, _, self.body = data.partition(b"\r\n\r\n")
		line, _, fields = head.partition(b"\r\n")
		self.status = int(line.split()[1]) if line else 0
		self.headers = email.parser.HeaderParser().parsestr(fields.decode("latin-1"))

	@property
	def text(self):
		return self.body.decode(errors="replace")


def refused_at_the_door(answer):
	"""what lighttpd cannot even parse gets its constant page, before any of its modules could add a header"""
	return answer.status == 400 and answer.body.startswith(b"<?xml") and b"<title>400 Bad Request</title>" in answer.body


def check(answer, status, headers):
	allowed = status if isinstance(status, (tuple, list)) else (status,)
	assert answer.status in allowed, (answer.status, answer.body[:300])
	if refused_at_the_door(answer):
		headers = {}
	for name, value in headers.items():
		assert answer.headers.get_all(name) == [value], (answer.status, name, answer.headers.get_all(name))
	assert "X-Evil" not in answer.headers
	assert answer.headers.get("Server") is None


@pytest.fixture(scope="module", name="alice")
def fixture_alice(server):
	for p in server.dir.glob("var/lib/intimail/throttle/*-*"):
		p.unlink(missing_ok=True)
	return server.browser("alice")


@pytest.fixture(scope="module", name="message")
def fixture_message(server, alice):
	"""path of a message of alice's"""
	server.deliver(MESSAGE.format(n=1), "alice@example.org")
	return alice.json("/mail/INBOX")["messages"][0]["url"]


@pytest.fixture(scope="module", name="bobs")
def fixture_bobs(server):
	"""path of a message of bob's"""
	server.deliver(MESSAGE.format(n=2), "bob@example.org")
	return server.browser("bob").json("/mail/INBOX")["messages"][0]["url"]


# --- the kinds of answers ---


def test_kinds(alice, message):
	check(alice.get("/login"), 200, PAGE)
	check(alice.get("/logout"), 200, PAGE)
	check(alice.get("/"), 303, PAGE)
	check(alice.get("/mail/INBOX"), 200, PAGE)
	check(alice.get("/mail/INBOX", Accept="application/json"), 200, PAGE)
	check(alice.get("/mail/INBOX", X_Requested_With="intimail"), 200, PAGE)
	for query in ("", "?view=headers", "?view=text"):
		check(alice.get(message + query), 200, PAGE)
	check(alice.get(message + "/html"), 200, FRAME)
	check(alice.get(message + "/html?images=1"), 200, FRAME_IMAGES)
	check(alice.get(message + "/raw"), 200, FILE)
	model = alice.json(message)
	assert len(model["files"]) >= 2, model["files"]
	for f in model["files"]:
		a = alice.get(f["url"])
		check(a, 200, FILE)
		assert a.headers["Content-Type"] == "application/octet-stream"
		assert a.headers["Content-Disposition"].startswith("attachment")
		inline = alice.get(f["url"].split("?")[0] + "?inline=1")
		check(inline, 200, FILE)
		assert inline.headers["Content-Type"] in ("image/png", "application/octet-stream")
		if "svg" in f["name"]:
			assert inline.headers["Content-Type"] == "application/octet-stream"


def test_static(server):
	b = server.browser()
	for path in ("/static/style.css", "/static/script.js", "/static/favicon.svg"):
		check(b.get(path), 200, STATIC)
	check(b.get("/static/nothing"), 404, STATIC)
	for path in ("/static/", "/static/..", "/static/../templates/login.html", "/static/%2e%2e/templates/login.html",
			"/static/..%2ftemplates/login.html"):
		a = Raw(server, f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
		assert a.status >= 300, path
		assert "{{" not in a.text


def test_head_is_get_without_body(alice, message):
	for path in ("/login", "/mail/INBOX", message, message + "/html", message + "/raw"):
		get, head = alice.get(path), alice.request("HEAD", path)
		check(head, 200, DYNAMIC)
		assert head.body == b""
		if get.headers["Content-Length"]:
			assert head.headers["Content-Length"] == get.headers["Content-Length"]


# --- paths ---

PATHS = [
	("/mail", (303,)), ("/mail/", 404), ("/mail//INBOX", 404), ("/mail/nothing", 404), ("/MAIL/INBOX", 404), ("/mail/inbox", 404),
	("/mail/INBOX/", 404), ("/mail/INBOX/x", 404), ("/mail/INBOX/x/y", 404), ("/mail/INBOX/x/part/1", 404),
	("/mail/INBOX/x/part/", 404), ("/mail/INBOX/x/raw", 404), ("/mail/INBOX/x/html", 404), ("/mail/INBOX/x/html/y", 404),
	("/mail/INBOX/../bob/x", 404), ("/mail/../../bob", 404), ("/mail/%2e%2e", 404), ("/mail/%2e%2e/%2e%2e/etc/passwd", 404),
	("/mail/..%2f..%2fbob/x", 404), ("/mail/.Sent", 404), ("/mail/.", 404), ("/mail/..", 404), ("/mail/...", 404),
	("/mail/INBOX/..", 404), ("/mail/INBOX/../../../etc/passwd/raw", 404), ("/mail/INBOX/%2e%2e%2fcur/raw", 404),
	("/mail/%2Fetc%2Fpasswd", 404), ("/mail/bob", 404), ("/mail/tmp", 404), ("/mail/cur", 404), ("/mail/new", 404),
	("/mail/INBOX/index.jsonl/raw", 404), ("/mail/INBOX/maildirsize", 404), ("/mail/a%5Cb", 404), ("/mail/a%25b", 404),
	("/mail/INBOX%20", 404), ("/mail/INBOX+", 404), ("/mail/%E2%80%AE", 404), ("/mail/" + "a" * 300, 404), ("/mail/INBOX/" + "a" * 300, 404),
	# lighttpd's patterns match no path that is not UTF-8: it reaches no program
	("/mail/%ff", (400, 308)), ("/mail/%C3", (400, 308)), ("/mail/%c0%ae%c0%ae/x", (400, 308)), ("/mail/%ED%A0%80", (400, 308)),
	("/mail/%zz", 400), ("/mail/%", 400), ("/mail/INBOX?x=%ff", 400), ("/mail/INBOX?x=%", 400),
	("/mail/INBOX?older=", (200, 404)), ("/mail/INBOX?older=x", (200, 404)), ("/mail/INBOX?newer=../x", (200, 404)),
	("/mail/INBOX?older=%22%3E%3Cscript%3E", (200, 404)), ("/mail/INBOX?older=1&older=2", (200, 404)),
	("/mail/INBOX?" + "a=1&" * 1100, 400), ("/mail/INBOX?a=" + "x" * 6000, 200),
	("/nothing", 404), ("/cgi-bin/list", 404), ("/list", 404), ("/.git/config", 404), ("/server-status", 404), ("/etc/passwd", 404),
	("/login/", 404), ("/login/x", 404), ("/logout/x", 404), ("/login?next=//evil.test", 200), ("/login?next=%0d%0aX-Evil:1", 400),
	("/favicon.ico", (308, 404)), ("/robots.txt", 404), ("//", 404), ("/mail/INBOX/x?view=%3Cscript%3E", 404),
]


@pytest.mark.parametrize("path, status", PATHS, ids=[p[:40] for p, _ in PATHS])
def test_paths(alice, path, status):
	a = alice.get(path)
	check(a, status, STATIC if a.status == 308 else FRAME if path.endswith("/html") else PAGE)
	assert "<script>" not in a.text.replace('<script src="', "")
	assert "/var/" not in a.text and "root:" not in a.text
	j = alice.get(path, Accept="application/json")
	assert j.status == a.status
	if j.status >= 400 and not refused_at_the_door(j):
		assert j.json["status"] == j.status and j.json["error"]


@pytest.mark.parametrize("path", [p for p, _ in PATHS if p.startswith("/mail/")], ids=lambda p: p[:40])
def test_paths_without_session(server, path):
	a = server.browser().get(path)
	check(a, (303, 308, 400, 401, 404), STATIC if a.status == 308 else FRAME if path.endswith("/html") else PAGE)
	assert (a.status == 401) == path.endswith("/html")  # the frame cannot show the sign-in page
	if a.status == 303:
		assert re.fullmatch(r"/login(\?next=%2Fmail%2F[\w.~,=:@!%-]*)?", a.headers["Location"]), a.headers["Location"]


# --- another person's mail ---


def test_others_mail(alice, bobs, message):
	for suffix in ("", "/html", "/raw", "/part/1", "/part/2", "?view=headers"):
		a = alice.get(bobs + suffix)
		check(a, 404, FRAME if suffix == "/html" else PAGE)
		assert "battery 2" not in a.text
	own = message.split("/")[2]
	for mailbox in ("../bob/Maildir", "..%2F..%2Fbob%2FMaildir", "bob", own + "%2F..%2F..%2Fbob"):
		assert alice.get(f"/mail/{mailbox}/" + bobs.rsplit("/", 1)[1]).status == 404


# --- cookies ---


@pytest.mark.parametrize("cookie", [
	"", "x", "A" * 43, "A" * 42, "A" * 44, "A" * 5000, "../../../etc/passwd", "%00", "a=b", '"' + "A" * 43 + '"', "A" * 42 + ";",
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
])
def test_forged_cookies(server, cookie):
	b = server.browser()
	b.cookies["__Host-im"] = cookie
	check(b.get("/mail/INBOX"), 303, PAGE)
	check(b.get("/mail/INBOX", Accept="application/json"), 401, PAGE)


def test_session_names_are_no_cookies(server, alice):
	for p in server.dir.glob("var/lib/intimail/sessions/*"):
		b = server.browser()
		b.cookies["__Host-im"] = p.name[:43]
		assert b.get("/mail/INBOX").status == 303
	assert alice.get("/mail/INBOX").status == 200


# --- methods and raw bytes ---


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "FOO", "get"])
@pytest.mark.parametrize("path", ["/mail/INBOX", "/login", "/mail/INBOX/x/raw"])
def test_methods(server, alice, method, path):
	cookie = "; ".join(f"{k}={v}" for k, v in alice.cookies.items())
	a = Raw(server, f"{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nX-Secret: s3cr3t\r\n\r\n".encode())
	assert a.status in (400, 405, 501), a.status
	assert "s3cr3t" not in a.text  # no TRACE
	if a.status == 405 and a.headers.get("Allow"):
		assert {m.strip() for m in a.headers["Allow"].split(",")} <= {"GET", "HEAD", "POST"}


def test_post_where_there_is_only_get(alice, message):
	csrf = alice.csrf("/mail/INBOX")
	for path in ("/mail/INBOX", message, message + "/html", message + "/raw", message + "/part/1", "/"):
		a = alice.post(path, {"csrf": csrf})
		check(a, 405, FRAME if path.endswith("/html") else PAGE)
		assert a.headers["Allow"] == "GET, HEAD"


RAW = [
	(b"GET /mail/INBOX HTTP/1.1\r\n\r\n", "no Host"),
	(b"GET /mail/INBOX HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "two Hosts"),
	(b"GET /mail/INBOX HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n", "another's Host"),
	(b"GET /mail/%00 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "NUL"),
	(b"GET /mail/\x00 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "bare NUL"),
	(b"GET /mail/%0d%0aX-Evil:%201 HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "CR LF"),
	(b"GET /mail/\x1b[2J HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "escape"),
	(b"GET /mail/INBOX HTTP/1.0\r\nHost: 127.0.0.1\r\nX: a\nX-Evil: 1\r\n\r\n", "bare LF"),
	(b"GET mail HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "no slash"),
	(b"GET /" + b"a" * 9000 + b" HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "long path"),
	(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\nCookie: " + b"a" * 100000 + b"\r\n\r\n", "long cookie"),
	(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n", "TE and CL"),
	(b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello", "two lengths"),
	(b"POST /login HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", "negative length"),
	(b"POST /login HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n", "too long"),
	(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
	(b"GET\r\n\r\n", "nothing"),
]


@pytest.mark.parametrize("request_bytes, why", RAW, ids=[w for _, w in RAW])
def test_raw(server, request_bytes, why):
	a = Raw(server, request_bytes)
	assert a.status == 0 or 300 <= a.status < 500, (why, a.status)
	assert "X-Evil" not in a.headers
	assert b"alice" not in a.body


def test_body_without_length(server):
	a = Raw(server, b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n"
		b"Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n0\r\n\r\n")
	assert 400 <= a.status < 500


# --- forms ---


def form(b, body, content_type="application/x-www-form-urlencoded", **headers):
	return b.request("POST", "/login", body, Content_Type=content_type, **{"Sec_Fetch_Site": "same-origin", **headers})


@pytest.mark.parametrize("body, status", [
	("", 403), ("&&&&", 403), ("csrf", 403), ("csrf=", 403), ("csrf=a&csrf=b", 403), ("user=%00&csrf=x", 400), ("user=%zz", 400), ("user=%ff", 400),
	("a=%", 400), ("a&" * 1001, 400), ("a=" + "x" * 65534, 403), ("a=" + "x" * 65535, 413), ("user=" + "%0d%0aX-Evil: 1" * 10, 403),
	("\x01\x02\x03", 403), ("\xff\xfe".encode("latin-1"), 400), ("=&=&=", 403),
], ids=range(16))
def test_bodies(server, body, status):
	check(form(server.browser(), body), status, PAGE)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "text/plain", "application/json", "", "x" * 1000])
def test_body_types(server, content_type):
	check(form(server.browser(), "csrf=x", content_type), 415, PAGE)


@pytest.mark.parametrize("headers", [
	{"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": ""},
	{"Sec_Fetch_Site": "same-origin, cross-site"}, {"Sec_Fetch_Site": "cross-site", "Origin": "http://127.0.0.1"},
])
@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_forms_from_elsewhere(alice, path, headers):
	"""with the right token and all cookies: still refused, and still signed in"""
	csrf = alice.csrf("/mail/INBOX" if path == "/logout" else "/login")
	a = alice.post(path, {"csrf": csrf, "user": "alice", "password": "x"}, **headers)
	check(a, 403, PAGE)
	assert alice.get("/mail/INBOX").status == 200


def test_token_of_another_person(server, alice):
	csrf = server.browser("bob").csrf("/mail/INBOX")
	check(alice.post("/logout", {"csrf": csrf}), 403, PAGE)
	check(alice.post("/logout", {"csrf": alice.csrf("/login")}), 403, PAGE)  # of another form
	assert alice.get("/mail/INBOX").status == 200


def test_nothing_was_broken(server, alice):
	"""the log has no crash, no answer of 500, and names no secret"""
	log = "".join(p.read_text(errors="replace") for p in server.dir.glob("var/log/intimail/lighttpd*"))
	assert "status=500" not in log, [line for line in log.splitlines() if "status=500" in line][:3]
	for word in ("signal", "Segmentation", "stack smashing", "*** "):
		assert word not in log
	assert alice.cookies["__Host-im"] not in log
	assert alice.get("/mail/INBOX").status == 200
