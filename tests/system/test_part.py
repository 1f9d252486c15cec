# SPDX-License-Identifier: ISC
"""What can be taken out of a message, and the frame with its HTML: bytes, names, headers, sizes, limits"""
import base64
import os
import re
import subprocess
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from household import await_that

PNG = base64.b64decode(
	"iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAE0lEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC")
GIF = b"GIF89a\1\0\1\0\0\0\0,\0\0\0\0\1\0\1\0\0\2\0;"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
PAGE = b"<html><script>alert(1)</script></html>"


def letter(subject="parts"):
	m = EmailMessage()
	m["From"], m["To"], m["Date"], m["Subject"] = "Ann <ann@elsewhere.test>", "you@example.org", "Tue, 24 Nov 2026 10:00:00 +0000", subject
	m.set_content("plain words\n")
	return m


def put(server, uid, message):
	"""into the Maildir as another program would, so that the bytes are the test's; the path of its page"""
	box = server.files(uid)[0].parents[1]
	name = f"{int(time.time())}.M{os.urandom(4).hex()}P1.elsewhere"
	f = box / "tmp" / name
	f.write_bytes(bytes(message))
	os.chown(f, box.stat().st_uid, box.stat().st_gid)
	f.rename(box / "cur" / f"{name}:2,S")
	return f"/mail/INBOX/{name}"


@pytest.fixture(scope="module")
def dora(server):
	server.add_user("pauline")
	server.deliver(bytes(letter("the first")), "pauline@example.org")
	return server.browser("pauline")


@pytest.fixture(scope="module")
def pieces(server, dora):
	"""one message with one of each kind; {file name: part's path}"""
	m = letter()
	m.add_attachment(b"%PDF-1.4 hello", maintype="application", subtype="pdf", filename="R\u00e9sum\u00e9 \"x\".pdf")
	m.add_attachment(PNG, maintype="application", subtype="pdf", filename="picture.pdf")
	m.add_attachment(SVG, maintype="image", subtype="png", filename="evil.png")
	m.add_attachment(SVG, maintype="image", subtype="svg+xml", filename="evil.svg")
	m.add_attachment(PAGE, maintype="text", subtype="html", filename="page.html")
	m.add_attachment(bytes(range(256)) * 700, maintype="application", subtype="octet-stream", filename="bytes.bin")
	m.add_attachment(GIF, maintype="image", subtype="gif", filename="../../etc/passwd")
	m.add_attachment(b"", maintype="application", subtype="x-empty", filename="empty")
	m.add_attachment(b"x", maintype="application", subtype="x-long", filename="n" * 400 + ".tar.gz")
	path = put(server, "pauline", m)
	page = dora.json(path)
	return {f["name"]: f["url"] for f in page["files"]}


def find(pieces, start):
	return next(url for name, url in pieces.items() if start in name)


def assert_a_file(a):
	"""nothing a browser would show, whatever it holds"""
	assert a.status == 200
	assert a.headers["Content-Type"] == "application/octet-stream"
	assert a.headers["Content-Disposition"].startswith("attachment")
	assert a.headers["X-Content-Type-Options"] == "nosniff"
	assert "sandbox" in a.headers["Content-Security-Policy"] and "default-src 'none'" in a.headers["Content-Security-Policy"]
	assert a.headers["Cache-Control"] == "no-store"
	assert int(a.headers["Content-Length"]) == len(a.body)


def test_every_byte_comes_through(dora, pieces):
	a = dora.get(find(pieces, "bytes.bin"))
	assert_a_file(a)
	assert a.body == bytes(range(256)) * 700


@pytest.mark.parametrize("name,content", [("picture.pdf", PNG), ("evil.png", SVG), ("evil.svg", SVG), ("page.html", PAGE), ("empty", b"")])
def test_downloads(dora, pieces, name, content):
	a = dora.get(find(pieces, name))
	assert_a_file(a)
	assert a.body.strip() == content.strip()


@pytest.mark.parametrize("name", ["evil.png", "evil.svg", "page.html", "bytes.bin", "R\u00e9sum", "empty"])
def test_only_pictures_are_shown(dora, pieces, name):
	assert_a_file(dora.get(find(pieces, name) + "?inline=1"))


@pytest.mark.parametrize("name,kind", [("picture.pdf", "image/png"), ("passwd", "image/gif")])
def test_pictures_are_told_by_their_bytes(dora, pieces, name, kind):
	a = dora.get(find(pieces, name) + "?inline=1")
	assert a.status == 200 and a.headers["Content-Type"] == kind
	assert a.headers["Content-Disposition"] is None
	assert "sandbox" in a.headers["Content-Security-Policy"]


def test_names(dora, pieces):
	a = dora.get(find(pieces, "R\u00e9sum"))
	d = a.headers["Content-Disposition"]
	assert "filename*=UTF-8''R%C3%A9sum%C3%A9%20%22x%22.pdf" in d  # RFC 8187
	assert re.search(r'filename="R_sum_ _x_\.pdf"', d)
	d = dora.get(find(pieces, "passwd")).headers["Content-Disposition"]
	assert "/" not in d.replace("UTF-8''", "")
	d = dora.get(find(pieces, "nnnn")).headers["Content-Disposition"]
	assert len(d) < 600 and d.endswith(".gz")


def test_a_name_cannot_break_the_header(server, dora):
	raw = (b"From: a@b.test\r\nSubject: s\r\nContent-Type: application/x-y; name*=utf-8''a%0D%0ASet-Cookie:%20x=y%00%22;b.txt\r\n"
		b"Content-Disposition: attachment\r\n\r\nhello\r\n")
	a = dora.get(put(server, "pauline", raw) + "/part/0")
	assert_a_file(a)
	assert a.headers["Set-Cookie"] is None
	assert a.body == b"hello\r\n"


@pytest.mark.parametrize("part,status", [("0", 404), ("1", 200), ("99", 404), ("-1", 404), ("1000000", 404), ("1x", 404), ("%31", 200),
	("18446744073709551617", 404), ("", 404), ("1/2", 404), ("..", 404), ("1%00", 400)])
def test_part_numbers(dora, pieces, part, status):
	base = next(iter(pieces.values())).rsplit("/", 1)[0]
	assert dora.get(f"{base}/{part}").status == status


def test_source(server, dora):
	raw = b"From: a@b.test\r\nSubject: <b>bold</b>\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script>\xff\x00\r\n"
	path = put(server, "pauline", raw)
	a = dora.get(path + "/raw")
	assert a.status == 200 and a.body == raw
	assert a.headers["Content-Type"] == "text/plain; charset=utf-8"
	assert a.headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in a.headers["Content-Security-Policy"]
	a = dora.get(path + "/raw?download=1")
	assert_a_file(a)
	assert a.body == raw and ".eml" in a.headers["Content-Disposition"]


def test_attached_message(server, dora):
	inner, outer = letter("inner"), letter("outer")
	outer.add_attachment(inner)
	path = put(server, "pauline", outer)
	urls = [f["url"] for f in dora.json(path)["files"]]
	assert len(urls) == 1
	a = dora.get(urls[0])
	assert_a_file(a)
	assert b"Subject: inner" in a.body and b".eml" in a.headers["Content-Disposition"].encode()


# --- the frame ---

def html_letter(html, subject="html"):
	m = letter(subject)
	m.add_alternative(html, subtype="html")
	return m


def test_the_frame(server, dora):
	m = html_letter('<p onclick="x()">Hi <img src="cid:dot%40x"><img src="cid:evil@x"><img src=http://t.test/p.gif><script>alert(1)</script>'
		'<a href="http://evil.test/">www.bank.test</a>')
	m.get_payload()[1].add_related(PNG, "image", "jpeg", cid="<dot@x>")
	m.get_payload()[1].add_related(SVG, "image", "png", cid="<evil@x>")
	path = put(server, "pauline", m)
	a = dora.get(path + "/html")
	assert a.status == 200 and a.headers["Content-Type"] == "text/html; charset=utf-8"
	policy = a.headers["Content-Security-Policy"]
	assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy and "default-src 'none'" in policy
	assert "img-src data:;" in policy and "https:" not in policy
	assert a.headers["Referrer-Policy"] == "no-referrer" and a.headers["X-Frame-Options"] == "SAMEORIGIN"
	assert a.text.count("<img") == 3 and a.text.count("src=") == 1
	assert "data:image/png;base64," + base64.b64encode(PNG).decode() in a.text  # what it is, not what it is called
	assert "script" not in a.text and "onclick" not in a.text and "t.test" not in a.text
	assert 'target="_blank" rel="noopener noreferrer nofollow"' in a.text
	assert "[evil.test]" in a.text
	b = dora.get(path + "/html?images=1")
	assert "img-src data: https:;" in b.headers["Content-Security-Policy"]
	assert 'src="https://t.test/p.gif"' in b.text
	assert dora.get(path + "/html?images=2").text == a.text


def test_images_of_the_mail_have_a_limit(server, dora):
	small, large = PNG + bytes(200 * 1024), PNG + bytes(260 * 1024)
	m = html_letter("".join(f'<img src="cid:{i}@x">' for i in range(14)) + '<img src="cid:large@x">')
	for i in range(14):
		m.get_payload()[1].add_related(small, "image", "png", cid=f"<{i}@x>")
	m.get_payload()[1].add_related(large, "image", "png", cid="<large@x>")
	a = dora.get(put(server, "pauline", m) + "/html")
	assert a.text.count("<img") == 15
	assert a.text.count("src=") == 2 * 1024 * 1024 // len(small)


@pytest.mark.parametrize("html", ["<div>" * 5000 + "deep", "<p " + "a=b " * 5000 + ">wide", "<p>x</p>" * 60000, "y" * 1100000,
	"".join(f"<div><font color={i}></div>" for i in range(20000)), "<svg><style>" + "<g>" * 50000 + "</a>" * 100000])
def test_beyond_the_limits_the_text_is_shown(server, dora, html):
	path = put(server, "pauline", html_letter(html))
	before = time.monotonic()
	a = dora.get(path + "/html")
	assert a.status == 200 and time.monotonic() - before < 10
	assert "plain words" in a.text and "im-note" in a.text and len(a.text) < 10000


def assert_an_error_in_the_frame(a, status, text):
	assert a.status == status and a.headers["Content-Type"] == "text/html; charset=utf-8"
	assert "frame-ancestors 'self'; sandbox" in a.headers["Content-Security-Policy"]
	assert a.headers["X-Frame-Options"] == "SAMEORIGIN"
	assert a.text.startswith("<!DOCTYPE html>") and a.text.endswith("</body></html>\n") and text in a.text
	assert "/static/" not in a.text  # its policy forbids our style sheet


def test_message_without_html(server, dora):
	assert_an_error_in_the_frame(dora.get(put(server, "pauline", letter()) + "/html"), 404, "This message has no HTML.")


def test_errors_are_shown_in_the_frame(server, dora):
	path = put(server, "pauline", html_letter("<p>x</p>"))
	box = server.files("pauline")[0].parents[1]
	assert_an_error_in_the_frame(server.browser().get(path + "/html"), 401, "Sign in again")
	gone = box / "cur" / f"{path.rsplit('/', 1)[1]}:2,S"
	away = gone.rename(box.parent / "away")
	assert_an_error_in_the_frame(dora.get(path + "/html"), 404, "It may have been moved or deleted.")
	away.rename(gone)
	os.chmod(gone, 0)
	assert_an_error_in_the_frame(dora.get(path + "/html", Accept_Language="fr"), 503, "« Texte seul »")


def test_charsets(server, dora):
	raw = b"Subject: s\r\nContent-Type: text/html; charset=iso-8859-2\r\n\r\n<meta charset=utf-7><p>\xb1\xe6+ADw-script+AD4-\r\n"
	a = dora.get(put(server, "pauline", raw) + "/html")
	assert "\u0105\u0107+ADw-script" in a.text and a.text.count("<meta charset") == 1


# --- size ---

def run_large(server, path, cookie):
	"""the page program as lighttpd runs it: its peak memory in KiB when nearly all is sent, and the body"""
	program = server.dir / "usr/libexec/intimail/cgi/part"
	env = {"REQUEST_METHOD": "GET", "REQUEST_URI": path, "HTTP_COOKIE": cookie, "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "x"}
	with subprocess.Popen([program], env=env, stdout=subprocess.PIPE) as p:
		head = b""
		while not head.endswith(b"\r\n\r\n"):
			head += p.stdout.readline()
		size = int(re.search(rb"Content-Length: (\d+)", head).group(1))
		body = p.stdout.read(size - 300 * 1024)  # more than a pipe and a window hold: it still runs
		peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{p.pid}/status").read_text()).group(1))
		body += p.stdout.read()
	assert p.returncode == 0 and len(body) == size
	return peak, body


@pytest.mark.parametrize("suffix", ["/part/2", "/raw"])
def test_large_parts_cost_no_memory(server, dora, suffix):
	data = os.urandom(36 * 1024 * 1024)
	m = letter("large")
	m.add_attachment(data, maintype="application", subtype="octet-stream", filename="large.bin")
	want = data if suffix != "/raw" else bytes(m)
	path = put(server, "pauline", m)
	await_that(lambda: dora.get(path + "/part/1").status == 200, "the large message")
	peak, body = run_large(server, path + suffix, "; ".join(f"{k}={v}" for k, v in dora.cookies.items()))
	print(f"{suffix}: {len(body)} bytes, peak {peak} KiB")
	assert body == want
	assert peak < 4096
	assert dora.get(path + suffix).body == want
