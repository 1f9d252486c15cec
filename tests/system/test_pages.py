# SPDX-License-Identifier: ISC
"""What the pages of the mail know, asked as JSON; and what they answer to what is wrong."""
import base64
import json
import os
import re
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

PNG = base64.b64decode(
	"iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAE0lEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC")
ENTRY = {"id", "from", "to", "subject", "timestamp", "unixtimestamp", "queueid", "size", "status", "pj", "snippet", "url"}


def letter(subject, text="Hello.\n", **fields):
	m = EmailMessage()
	m["From"], m["To"], m["Date"] = "Ann <ann@elsewhere.test>", "you@example.org", "Tue, 24 Nov 2026 10:00:00 +0000"
	if subject is not None:
		m["Subject"] = subject
	for k, v in fields.items():
		del m[k]
		m[k] = v
	m.set_content(text)
	return m


@pytest.fixture(scope="module")
def paula(server):
	"""a person with 120 messages: put into the Maildir by another program, the index takes them in"""
	server.add_user("paula")
	server.deliver(bytes(letter("the first")), "paula@example.org")
	box = server.files("paula")[0].parents[1]
	for i in range(119):
		f = box / "cur" / f"{1700000000 + i}.M{i:06}P1.elsewhere:2,S"
		f.write_bytes(bytes(letter(f"old {i}")))
		os.chown(f, box.stat().st_uid, box.stat().st_gid)
	return server.browser("paula")


@pytest.fixture(scope="module")
def carol(server):
	server.add_user("carol")
	return server.browser("carol")


def get_letter(server, uid, message):
	"""deliver it; its entry in the list"""
	queue_id = server.deliver(bytes(message), f"{uid}@example.org")
	b = server.browser(uid)
	return b, next(m for m in b.json("/mail/INBOX")["messages"] if m["queueid"] == queue_id)


def test_the_list_has_the_fields_of_the_index(server, carol):
	b, m = get_letter(server, "carol", letter("Größe", To="Carol <carol@example.org>"))
	page = b.json("/mail/INBOX")
	assert page["mailbox"]["name"] == "INBOX" and page["mailbox"]["total"] == page["mailbox"]["unread"] == 1
	assert ENTRY <= set(m)
	assert m["subject"] == "Größe" and m["from"] == "Ann <ann@elsewhere.test>" and m["from_name"] == "Ann"
	assert m["status"] == "" and m["pj"] == 0 and m["unread"] is True and m["snippet"] == "Hello."
	assert m["unixtimestamp"] == 1795514400
	assert page["older_url"] is None and page["newer_url"] is None
	assert [(f["name"], f["current"]) for f in page["folders"]][0] == ("INBOX", True)


def test_every_page_once_both_ways(paula):
	seen, url, pages = [], "/mail/INBOX", 0
	while url:
		page = paula.json(url)
		seen += [m["id"] for m in page["messages"]]
		last, url, pages = page, page["older_url"], pages + 1
	assert pages == 3 and len(seen) == len(set(seen)) == 120
	back, url = [m["id"] for m in last["messages"]], last["newer_url"]
	while url:
		page = paula.json(url)
		back = [m["id"] for m in page["messages"]] + back
		url = page["newer_url"]
	assert seen[-20:] == [m["id"] for m in last["messages"]]
	assert [i for i in back if i in seen[20:]] == seen[20:]  # the last step shows the first page whole
	assert page["messages"][0]["id"] == seen[0] and len(page["messages"]) == 50


def test_a_place_that_is_gone_is_still_a_place(server, paula):
	page = paula.json("/mail/INBOX")
	marker = page["messages"][9]
	next(p for p in server.files("paula") if p.name.startswith(marker["id"].split(",")[0])).unlink()
	older = paula.json("/mail/INBOX?older=" + marker["id"])
	assert older["messages"][0]["id"] == page["messages"][10]["id"]
	assert older["mailbox"]["total"] == 119


def test_opening_marks_as_read_but_head_does_not(server, carol):
	b, m = get_letter(server, "carol", letter("to be read"))
	before = b.json("/mail/INBOX")["mailbox"]["unread"]
	assert b.request("HEAD", m["url"]).status == 200
	assert b.json("/mail/INBOX")["mailbox"]["unread"] == before
	page = b.json(m["url"])
	assert page["mailbox"]["unread"] == before - 1 and page["subject"] == "to be read"
	after = next(x for x in b.json("/mail/INBOX")["messages"] if x["id"] == m["id"])
	assert after["status"] == "S" and after["unread"] is False


def test_text_is_blocks(server, carol):
	b, m = get_letter(server, "carol", letter("blocks", "Look: https://example.org/x\n\n> you wrote\n\n-- \nAnn\n"))
	blocks = b.json(m["url"])["blocks"]
	assert {"text": "https://example.org/x", "link_url": "https://example.org/x"} in blocks[0]["runs"]
	assert any(x["quote"] == 1 for x in blocks) and any(x["signature"] for x in blocks)
	assert "&lt;b&gt;" in b.get(get_letter(server, "carol", letter("<b>tags</b>", "<b>x</b>"))[1]["url"]).text


def test_people(server, carol):
	many = ", ".join(f"P{i} <p{i}@elsewhere.test>" for i in range(60))
	b, m = get_letter(server, "carol", letter("people", To=many, Cc="carol@example.org",
		From='"boss@bank.test" <crook@elsewhere.test>'))
	page = b.json(m["url"])
	people = {p["label"]: p for p in page["people"]}
	assert people["From"]["list"] == [{"name": "boss@bank.test", "addr": "crook@elsewhere.test", "last": True}]
	assert "crook@elsewhere.test" in page["from_warning"]
	assert len(people["To"]["list"]) == 50 and people["To"]["more"] == "and 10 others"
	assert people["Copy"]["list"][0]["addr"] == "carol@example.org"


def test_nothing_of_a_message_stays_out_of_sight(server, carol):
	"""text before and after a picture, an invitation beside the text, a second HTML part, a message in a message"""
	raw = b"""From: a@elsewhere.test
To: carol@example.org
Subject: everything
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=M

--M
Content-Type: multipart/alternative; boundary=A

--A
Content-Type: text/plain

in words
--A
Content-Type: text/html

<p>in HTML</p>
--A
Content-Type: text/calendar; charset=utf-8

BEGIN:VCALENDAR
END:VCALENDAR
--A--
--M
Content-Type: image/png; name=dot.png
Content-Disposition: inline
Content-Transfer-Encoding: base64

""" + base64.encodebytes(PNG) + b"""--M
Content-Type: text/html

<p>more HTML</p>
--M
Content-Type: message/rfc822

Subject: inside

deep
--M
Content-Type: text/plain

the footer of a list
--M--
"""
	b, m = get_letter(server, "carol", raw)
	page = b.json(m["url"])
	assert page["show_html"] and page["frame_url"] == m["url"] + "/html"
	assert [x["runs"][0]["text"].strip() for x in page["blocks"]] == ["the footer of a list"]
	assert [f["part"] for f in page["files"]] == [4, 5, 6, 7]
	assert page["files"][1]["thumb_url"].endswith("/part/5?inline=1")
	text = b.json(m["url"] + "?view=text")
	assert "in words" in json.dumps(text["blocks"]) and "the footer" in json.dumps(text["blocks"])
	headers = b.json(m["url"] + "?view=headers")
	assert {"name": "Subject", "value": "everything"} in headers["fields"]


def test_html_alone_has_a_text_view(server, carol):
	b, m = get_letter(server, "carol", b"From: a@elsewhere.test\nSubject: h\nMIME-Version: 1.0\nContent-Type: text/html\n\n<p>only <b>this</b></p>\n")
	assert "only this" in json.dumps(b.json(m["url"] + "?view=text")["blocks"])


def test_empty_and_broken_messages_have_a_page(server, carol):
	box = server.files("carol")[0].parents[1]
	for i, data in enumerate((b"", b"\n", b"\0\0\0", b"Subject: x", b"From:\nTo:\nContent-Type: multipart/mixed; boundary=x\n\n", b"\xff\xfe" * 500)):
		f = box / "new" / f"{1600000000 + i}.M1P1.odd{i}"
		f.write_bytes(data)
		os.chown(f, box.stat().st_uid, box.stat().st_gid)
	b = carol
	odd = [m for m in b.json("/mail/INBOX")["messages"] if ".odd" in m["id"]]
	assert len(odd) == 6
	for m in odd:
		for view in ("", "?view=text", "?view=headers"):
			assert b.get(m["url"] + view).status == 200


def test_images_are_asked_for_once(server, carol):
	html = letter("pictures")
	html.add_alternative('<img src="https://tracker.elsewhere.test/a.png">', subtype="html")
	b, m = get_letter(server, "carol", html)
	assert b.json(m["url"])["images_url"] == m["url"] + "?images=1"
	page = b.json(m["url"] + "?images=1")
	assert page["images_url"] is None and page["frame_url"] == m["url"] + "/html?images=1"
	assert b.json(m["url"])["images_url"]  # nothing was remembered


@pytest.mark.parametrize("path, status", [
	("/mail/Nowhere", 404),
	("/mail/...", 404),
	("/mail/.Trash", 404),
	("/mail/INBOX/nothing", 404),
	("/mail/INBOX/" + "x" * 300, 404),
	("/mail/INBOX/.htaccess", 404),
	("/mail/INBOX?older=" + "x" * 3000, 200),
	("/mail/INBOX?older=..%2f..", 200),
	("/mail/INBOX?newer=%22%3C", 200),
	("/nothing", 404),
	("/mail/..", 404),
	("/mail/INBOX/..", 404),
	("/mail/a%2fb", 404),
	# the web server itself refuses these
	("/mail/INBOX%00", 400),
	("/mail/INBOX%0d%0aX:%20y", 400),
])
def test_wrong_addresses(carol, path, status):
	a = carol.get(path)
	assert a.status == status
	if status == 404:
		assert "<h1>There is no such page</h1>" in a.text and "default-src 'none'" in a.headers["Content-Security-Policy"]
		assert json.loads(carol.get(path, Accept="application/json").body)["status"] == 404


def test_methods(carol):
	b = carol
	assert b.post("/mail/INBOX", {}).status == 405
	assert b.request("PUT", "/mail/INBOX").status in (405, 501)


def test_without_a_session_there_is_nothing(server):
	b = server.browser()
	a = b.get("/mail/INBOX")
	assert a.status == 303 and a.headers["Location"].startswith("/login")
	assert b.get("/mail/INBOX", Accept="application/json").status == 401
	b.cookies["__Host-im"] = "A" * 43
	assert b.get("/mail/INBOX").status == 303


def test_somebody_else_cannot_read_it(server, carol):
	_, m = get_letter(server, "carol", letter("private"))
	assert server.browser("bob").get(m["url"]).status == 404


def test_a_new_person_sees_an_empty_inbox(server):
	server.add_user("newcomer")
	b = server.browser("newcomer")
	page = b.json("/mail/INBOX")
	assert page["messages"] == [] and page["mailbox"]["total"] == 0 and len(page["folders"]) == 1
	assert "There are no messages here." in b.get("/mail/INBOX").text
	assert b.get("/mail/Sent").status == 404


def test_fragment_is_the_inner_part(carol):
	whole, part = carol.get("/mail/INBOX").text, carol.get("/mail/INBOX", X_Requested_With="intimail").text
	assert "<html" in whole and "<html" not in part and "<head>" not in part
	assert re.search(r'<main id="main"[^>]*data-title="Inbox', part) and part.strip() in whole


def test_french(carol):
	page = carol.get("/mail/INBOX", Accept_Language="fr-CA, en;q=0.5").text
	assert '<html lang="fr">' in page and "Boîte de réception" in page
	assert '<html lang="en">' in carol.get("/mail/INBOX", Accept_Language="tlh").text


class Balanced(HTMLParser):
	"""every element is closed by its own tag, in order; attributes once; ids once"""

	VOID = {"meta", "link", "input", "img", "br", "hr"}

	def __init__(self):
		super().__init__()
		self.open, self.wrong, self.ids = [], [], set()

	def handle_starttag(self, tag, attrs):
		names = [k for k, _ in attrs]
		if len(names) != len(set(names)):
			self.wrong.append((self.getpos(), tag, names))
		for k, v in attrs:
			if k == "id" and v in self.ids:
				self.wrong.append((self.getpos(), "id", v))
			if k == "id":
				self.ids.add(v)
		if tag not in self.VOID:
			self.open.append(tag)

	def handle_endtag(self, tag):
		if not self.open or self.open.pop() != tag:
			self.wrong.append((self.getpos(), "/" + tag))


def test_pages_are_well_formed(server, carol):
	html = letter("valid")
	html.add_alternative("<p>x", subtype="html")
	html.add_attachment(PNG, maintype="image", subtype="png", filename='"><b>.png')
	b, m = get_letter(server, "carol", html)
	for path in ("/mail/INBOX", m["url"], m["url"] + "?view=text", m["url"] + "?view=headers", "/mail/Nowhere", "/login", "/logout"):
		page = Balanced()
		page.feed(b.get(path).text)
		assert page.wrong == [] and page.open == [], path
		assert {"main", "live"} <= page.ids
