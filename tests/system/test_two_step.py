# SPDX-License-Identifier: ISC
"""Two-step sign-in: setting up, codes once and in time, recovery codes, throttle; the codes are made here anew"""
import base64
import hmac
import re
import secrets
import struct
import time

import pytest
import test_settings
from household import await_that

fresh = test_settings.fresh  # an autouse fixture: no failures remembered


def code_of(secret, step=0):
	"""RFC 6238"""
	key = base64.b32decode(secret)
	mac = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30 + step), "sha1")
	at = mac[19] & 15
	return "%06d" % ((struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff) % 10**6)


class Person:
	def __init__(self, server):
		self.server, self.uid = server, "o" + secrets.token_hex(4)
		server.add_user(self.uid)
		self.b = server.browser(self.uid)
		self.password = server.passwords[self.uid]

	def setting(self, **form):
		return self.b.post("/settings/two-step", {"csrf": self.b.csrf("/settings/two-step"), **form})

	def set_up(self):
		text = self.setting(do="begin").text
		self.secret = re.search(r'name="secret" value="([A-Z2-7]{32})"', text).group(1)
		text = self.setting(do="confirm", secret=self.secret, code=code_of(self.secret), current=self.password).text
		self.codes = re.findall(r"<li>([a-z2-7]{5}-[a-z2-7]{5})</li>", text)
		return self

	def first_step(self, b=None):
		b = b or self.server.browser()
		a = b.post("/login", {"user": self.uid, "password": self.password, "csrf": b.csrf("/login")})
		assert a.status == 200, a.text
		assert "__Host-im" not in b.cookies
		hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', a.text))
		return b, hidden

	def second_step(self, code, b=None, hidden=None, **changes):
		if b is None:
			b, hidden = self.first_step()
		return b, b.post("/login", {**hidden, **changes, "code": code})


@pytest.fixture
def person(server):
	return Person(server).set_up()


def test_set_up_and_sign_in(server, person):
	assert len(set(person.codes)) == 10
	entry = server.user("show", person.uid, "--json")
	assert person.secret not in entry
	b, a = person.second_step(code_of(person.secret))
	assert (a.status, a.headers["Location"]) == (303, "/mail/INBOX"), a.text
	assert b.get("/mail/INBOX").status == 200


def test_nothing_counts_before_it_is_confirmed(server):
	p = Person(server)
	secret = re.search(r'name="secret" value="([A-Z2-7]{32})"', p.setting(do="begin").text).group(1)
	assert "<svg" in p.setting(do="begin").text
	assert p.setting(do="confirm", secret=secret, code="000000", current=p.password).status == 400
	assert p.setting(do="confirm", secret=secret, code=code_of(secret), current="wrong-password").status == 400
	assert p.setting(do="confirm", secret="A" * 31, code="1", current=p.password).status == 400
	server.browser(p.uid)


def test_a_code_counts_once(person):
	code = code_of(person.secret)
	assert person.second_step(code)[1].status == 303
	assert person.second_step(code)[1].status == 403
	assert person.second_step(code_of(person.secret, -1))[1].status == 403


@pytest.mark.parametrize("step, status", [(-2, 403), (-1, 303), (1, 303), (3, 403)])
def test_window(person, step, status):
	while time.time() % 30 > 27:  # the step must not change under the test
		time.sleep(0.2)
	assert person.second_step(code_of(person.secret, step))[1].status == status


def test_recovery_codes(person):
	used = person.codes[0]
	assert person.second_step(used.upper().replace("-", " "))[1].status == 303
	assert person.second_step(used)[1].status == 403
	assert person.second_step(person.codes[1])[1].status == 303
	text = person.setting(do="codes", current=person.password).text
	anew = re.findall(r"<li>([a-z2-7]{5}-[a-z2-7]{5})</li>", text)
	assert len(anew) == 10
	assert person.second_step(person.codes[2])[1].status == 403
	assert person.second_step(anew[0])[1].status == 303


def test_the_proof_belongs_to_a_browser_and_a_person(server, person):
	other = Person(server).set_up()
	b, hidden = person.first_step()
	code = code_of(person.secret)
	stranger = server.browser()
	csrf = stranger.csrf("/login")
	assert "took too long" in stranger.post("/login", {**hidden, "csrf": csrf, "code": code}).text
	for forged in ({"uid": other.uid}, {"admin": "1"}, {"when": str(int(time.time()) + 1)}, {"account": "x"}, {"proof": "A" * 43}):
		assert "took too long" in b.post("/login", {**hidden, **forged, "code": code_of(other.secret)}).text
	assert b.post("/login", {**hidden, "code": code}).status == 303


def test_wrong_codes_are_throttled(person):
	b, hidden = person.first_step()
	got = []
	for _ in range(7):
		got.append(b.post("/login", {**hidden, "code": "000000"}).status)
		if got[-1] == 429:
			break
	assert got[0] == 403 and got[-1] == 429
	# the right password in between forgets no wrong code: the next one has to wait at once
	def again():
		a = b.post("/login", {"user": person.uid, "password": person.password, "csrf": b.csrf("/login")})
		return a if a.status == 200 else None

	hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', await_that(again, "the delay").text))
	assert b.post("/login", {**hidden, "code": "000000"}).status == 429


def test_wrong_codes_tell_nothing(person):
	"""wrong, malformed, used: the same text, and not before the mark"""
	code = code_of(person.secret)
	assert person.second_step(code)[1].status == 303
	seen = set()
	for wrong in ("000000", code, "abcde-fghij", ""):
		b, hidden = person.first_step()
		began = time.monotonic()
		a = b.post("/login", {**hidden, "code": wrong})
		assert time.monotonic() - began >= 1.1
		seen.add((a.status, re.search(r'role="alert">([^<]*)', a.text).group(1)))
	assert len(seen) == 1


def test_switching_off(server, person):
	assert person.setting(do="off", current="wrong-password").status == 400
	person.first_step()
	assert person.setting(do="off", current=person.password).status == 303
	server.browser(person.uid)
