# SPDX-License-Identifier: ISC
"""What everybody may change about himself: the forms, who may not, and what slapd says when no page asks first"""
import hashlib
import re
import secrets
import time

import pytest
from household import await_that

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def fresh(server):
	"""no failures remembered: all tests come from one network"""
	for place in ("throttle", "pages"):
		for p in state(server).glob(f"{place}/*-*"):
			p.unlink(missing_ok=True)


def state(server):
	return server.dir / "var/lib/intimail"


@pytest.fixture
def person(server):
	"""somebody new, signed in"""
	uid = "s" + secrets.token_hex(4)
	server.add_user(uid, name="Sam Settings")
	return uid, server.browser(uid)


def fields(b, path):
	"""the hidden fields of the first form of a page in main"""
	text = b.get(path).text.split("<main", 1)[1]
	return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))


def profile(b, **changes):
	now = fields(b, "/settings")
	return {"name": "Sam Settings", "language": "", "look": "", "density": "", "timezone": "", **now, **changes}


# --- profile ---


def test_profile(server, person):
	uid, b = person
	other = server.browser(uid)
	a = b.post("/settings", profile(b, name="Sämi", language="fr", look="dark", density="compact", timezone="Asia/Tokyo"))
	assert (a.status, a.headers["Location"]) == (303, "/settings?done=1"), a.text
	text = b.get("/settings?done=1").text
	assert "Vos réglages sont enregistrés." in text and 'value="Sämi"' in text
	# the static pages know it too, in every session, without the directory
	for one in (b, other):
		page = one.get("/mail/INBOX").text
		assert '<html lang="fr" data-look="dark" data-density="compact">' in page
	assert '"Sämi"' in server.user("show", uid, "--json")


def test_language_before_the_browser(server, person):
	_, b = person
	assert '<html lang="fr"' in b.get("/mail/INBOX", Accept_Language="fr").text
	b.post("/settings", profile(b, language="en"))
	assert '<html lang="en"' in b.get("/mail/INBOX", Accept_Language="fr").text


def test_next_session_knows_it(server, person):
	uid, b = person
	b.post("/settings", profile(b, look="light", timezone="Europe/Paris"))
	assert 'data-look="light"' in server.browser(uid).get("/mail/INBOX").text


@pytest.mark.parametrize("change, said", [
	({"name": ""}, "Please enter a name."),
	({"name": "x" * 129}, "Please enter a name."),
	({"timezone": "Europe/Nowhere"}, "There is no such time zone."),
	({"timezone": "../../etc/passwd"}, "There is no such time zone."),
	({"timezone": "/etc/passwd"}, "There is no such time zone."),
	({"timezone": "Europe"}, None),
])
def test_profile_refused(person, change, said):
	_, b = person
	a = b.post("/settings", profile(b, **{"look": "dark", **change}))
	if said:
		assert a.status == 400 and said in a.text
		assert "data-look" not in b.get("/settings").text.split(">", 2)[1]


@pytest.mark.parametrize("change", [{"look": "purple"}, {"language": "xx"}, {"density": "a=b"}, {"csrf": "x"}])
def test_profile_forged(person, change):
	_, b = person
	a = b.post("/settings", profile(b, **change))
	assert a.status == (403 if "csrf" in change else 400)


def test_profile_conflict(server, person):
	uid, b = person
	stale = profile(b, name="Mine")
	server.user("set", uid, "--name", "Theirs")
	a = b.post("/settings", stale)
	assert a.status == 409
	assert 'value="Theirs"' in a.text and "Mine" not in a.text
	a = b.post("/settings", profile(b, name="Mine again"))
	assert a.status == 303


def test_markup_stays_text(person):
	_, b = person
	assert b.post("/settings", profile(b, name='"><script>alert(1)</script>')).status == 303
	assert "<script>alert" not in b.get("/settings").text


@pytest.mark.parametrize("path", ["/settings", "/settings/password", "/settings/sessions", "/settings/two-step"])
def test_needs_a_session(server, path):
	a = server.browser().get(path)
	assert (a.status, a.headers["Location"]) == (303, f"/login?next={path.replace('/', '%2F')}")
	assert server.browser().post(path, {"csrf": "x"}).status == 303
	assert server.browser().get("/settings/nothing").status == 404


# --- password ---


def test_password(server, person):
	uid, b = person
	other = server.browser(uid)
	new = secrets.token_urlsafe(9)
	form = {"csrf": b.csrf("/settings/password"), "current": server.passwords[uid], "new": new, "again": new}
	assert b.post("/settings/password", {**form, "current": "wrong-password"}).status == 400
	assert "not the same" in b.post("/settings/password", {**form, "again": new + "x"}).text
	assert "at least 10 characters" in b.post("/settings/password", {**form, "new": "short", "again": "short"}).text
	assert other.get("/mail/INBOX").status == 200
	a = b.post("/settings/password", form)
	assert (a.status, a.headers["Location"]) == (303, "/settings/password?done=1"), a.text
	assert b.get("/mail/INBOX").status == 200
	assert other.get("/mail/INBOX").status == 303
	server.passwords[uid] = new
	server.browser(uid)


def test_password_throttle(server, person):
	uid, b = person
	form = {"csrf": b.csrf("/settings/password"), "current": "wrong-password", "new": "1234567890ab", "again": "1234567890ab"}
	codes = []
	for _ in range(20):  # a slow machine takes longer for a try than the first waits last: on until one lasts four seconds
		a = b.post("/settings/password", form)
		codes.append(a.status)
		if a.status == 429 and int(a.headers["Retry-After"]) >= 4:
			break
	assert codes[0] == 400 and codes[-1] == 429, codes
	form["current"] = server.passwords[uid]
	assert b.post("/settings/password", form).status == 429


# --- devices ---


def test_devices(server, person):
	uid, b = person
	phone = server.browser()
	phone.post("/login", {"user": uid, "password": server.passwords[uid], "csrf": phone.csrf("/login")}, User_Agent=AGENT)
	seen = b.json("/settings/sessions")["sessions"]
	assert len(seen) == 2 and [s["current"] for s in seen].count(True) == 1
	other = next(s for s in seen if not s["current"])
	assert other["browser"] == "Firefox, Linux" and other["address"] == "127.0.0.1"
	assert "secret" not in str(seen)
	a = b.post("/settings/sessions", {"csrf": b.csrf("/settings/sessions"), "id": other["id"]})
	assert a.status == 303
	assert phone.get("/mail/INBOX").status == 303 and b.get("/mail/INBOX").status == 200


def test_devices_all_others(server, person):
	uid, b = person
	others = [server.browser(uid) for _ in range(3)]
	assert b.post("/settings/sessions", {"csrf": b.csrf("/settings/sessions"), "all": "1"}).status == 303
	assert all(o.get("/mail/INBOX").status == 303 for o in others)
	assert len(b.json("/settings/sessions")["sessions"]) == 1


def test_devices_of_somebody_else(server, person):
	_, b = person
	alice = server.browser("alice")
	theirs = alice.json("/settings/sessions")["sessions"][0]["id"]
	for forged in (theirs, "", "../x", theirs + "0"):
		assert b.post("/settings/sessions", {"csrf": b.csrf("/settings/sessions"), "id": forged}).status == 404
	assert alice.get("/mail/INBOX").status == 200


def test_a_temporary_session_ends(server):
	uid = "t" + secrets.token_hex(4)
	server.add_user(uid)
	b = server.browser(uid)
	for p in state(server).glob("sessions/*"):
		lines = p.read_text().split("\n")
		if lines[1] == uid:
			lines[4] = str(int(time.time()) + 1)
			p.write_text("\n".join(lines))
	await_that(lambda: b.get("/mail/INBOX").status == 303, "the end of a temporary session", patience=10)


# --- throw-away addresses ---


def test_addresses(server, person):
	uid, b = person
	csrf = b.csrf("/settings/addresses")
	a = b.post("/settings/addresses", {"csrf": csrf, "do": "add", "purpose": "Shoes & more", "life": "31", "limit": ""})
	assert (a.status, a.headers["Location"]) == (303, "/settings/addresses?done=1"), a.text
	one = b.json("/settings/addresses")["aliases"][0]
	assert re.fullmatch(r"[a-z0-9-]+\.[a-z2-7]{5}@example\.org", one["address"])
	assert 30 * 86400 < one["expires"] - time.time() <= 31 * 86400 and one["enabled"]
	form = {"csrf": csrf, "address": one["address"], "csn": one["csn"]}
	assert b.post("/settings/addresses", {**form, "do": "purpose", "purpose": "Boots"}).status == 303
	a = b.post("/settings/addresses", {**form, "do": "purpose", "purpose": "Stale"})
	assert a.status == 409 and "Boots" in a.text and "Stale" not in a.text
	# somebody else cannot touch it, whatever he sends
	eve_uid = "e" + secrets.token_hex(4)
	server.add_user(eve_uid)
	eve = server.browser(eve_uid)
	for do in ("revoke", "purpose"):
		a = eve.post("/settings/addresses", {"csrf": eve.csrf("/settings/addresses"), "address": one["address"], "do": do, "purpose": "x"})
		assert a.status in (403, 404), do
	now = b.json("/settings/addresses")["aliases"][0]
	assert now["purpose"] == "Boots" and now["enabled"]
	assert b.post("/settings/addresses", {**form, "csn": now["csn"], "do": "revoke"}).status == 303
	assert not b.json("/settings/addresses")["aliases"][0]["enabled"]
	assert one["address"] not in eve.get("/settings/addresses").text


@pytest.mark.parametrize("form, said", [
	({"purpose": "x" * 201}, "This is too long."),
	({"purpose": "a", "limit": "many"}, "Please enter a number."),
	({"do": "delete"}, None),
])
def test_addresses_refused(person, form, said):
	_, b = person
	a = b.post("/settings/addresses", {"csrf": b.csrf("/settings/addresses"), "do": "add", **form})
	assert a.status == 400 and (said is None or said in a.text)
	assert b.json("/settings/addresses")["aliases"] == []


# --- a link that sets a password ---


@pytest.fixture
def link(server, person):
	uid, b = person
	return uid, b, server.user("reset", uid).strip()


def path_of(url):
	return re.search(r"/reset/[\w-]{43}", url).group(0)


def file_of(server, url):
	"""what keeps a link; other tests have links of their own"""
	return state(server) / "resets" / hashlib.sha256(path_of(url).rsplit("/", 1)[1].encode()).hexdigest()


def test_reset(server, link):
	uid, signed_in, url = link
	b, path, new = server.browser(), path_of(url), secrets.token_urlsafe(9)
	file = file_of(server, url)
	assert file.exists()
	form = {"csrf": b.csrf(path), "new": new, "again": new}
	assert b.post(path, {**form, "again": "another one"}).status == 400
	assert b.post(path, {**form, "csrf": "x"}).status == 403
	assert server.browser().post(path, form).status == 403  # another browser's form
	a = b.post(path, form)
	assert (a.status, a.headers["Location"]) == (303, "/login")
	assert signed_in.get("/mail/INBOX").status == 303
	assert b.post(path, form).status == 404 and b.get(path).status == 404
	server.passwords[uid] = new
	server.browser(uid)
	assert not list(file.parent.glob(file.name + "*"))


def test_reset_expires(server, link):
	uid, _, url = link
	file = file_of(server, url)
	assert file.stat().st_mode & 0o777 == 0o600
	file.write_text(f"1\n{uid}\n{int(time.time()) - 1}\n")
	assert server.browser().get(path_of(url)).status == 404


def test_reset_newer_replaces_older(server, link):
	uid, _, url = link
	newer = server.user("reset", uid).strip()
	assert server.browser().get(path_of(url)).status == 404
	assert server.browser().get(path_of(newer)).status == 200
	assert server.browser().get("/reset/" + "A" * 43).status == 404
	assert server.browser().get("/reset/x").status == 404


def test_reset_of_a_disabled_person(server, link):
	uid, _, url = link
	server.user("set", uid, "--disable")
	b, path, new = server.browser(), path_of(url), secrets.token_urlsafe(9)
	assert b.post(path, {"csrf": b.csrf(path), "new": new, "again": new}).status in (403, 404)
