# SPDX-License-Identifier: ISC
"""The administration pages: every form as a browser sends it, and what strangers, owners and former administrators meet"""
import html
import re
import shlex
import shutil
import time
import urllib.parse
from pathlib import Path

import pytest

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def admin(server):
	return server.browser("alice")


def form(b, path, at=None, **fields):
	"""what the form at path sends, with its hidden fields"""
	page = b.get(path).text
	csrf = re.search(r'name="csrf" value="([^"]+)"', page).group(1)
	csn = re.search(r'name="csn" value="([^"]*)"', page)
	hidden = {"csrf": csrf, **({"csn": html.unescape(csn.group(1))} if csn else {})}
	return b.post(at or path, {**hidden, **fields})


def done(a, b):
	"""the page after a change: notice and command"""
	assert a.status == 303, (a.status, re.findall(r'class="alert"[^>]*>([^<]*)', a.text), a.text[:300])
	return b.json(a.headers["Location"])


def person(b, uid):
	return b.json(f"/admin/people/{uid}")


def save(b, uid, **changed):
	"""the form of a person with what it was filled with, and what is changed"""
	m = person(b, uid)
	fields = {k: m[k] for k in ("name", "quota", "expires", "send_limit")}
	fields["language"] = next((x["value"] for x in m["languages"] if x["selected"]), "")
	if m["admin"]:
		fields["admin"] = "1"
	fields.update(changed)
	return form(b, f"/admin/people/{uid}", do="save", **{k: v for k, v in fields.items() if v is not None})


# --- people ---


def test_overview(server, admin):
	m = admin.json("/admin")
	assert m["people"] >= 2
	page = admin.get("/admin").text
	assert 'aria-current="page"' in page and "/admin/people/new" in page


def test_add_change_and_delete_a_person(server, admin):
	a = form(admin, "/admin/people/new", uid="zoe", name="Zoé O'Neil", quota="300M", language="fr", password="four words and more")
	m = done(a, admin)
	assert m["uid"] == "zoe" and "zoe" in m["notice"]
	assert shlex.split(m["notice_command"]) == ["intimail-user", "add", "zoe", "--name", "Zoé O'Neil", "--quota", "300M", "--language", "fr"]
	assert server.browser().sign_in("zoe", "four words and more")
	m = done(save(admin, "zoe", name="Zoé $(reboot)", quota="10G"), admin)
	assert shlex.split(m["notice_command"]) == ["intimail-user", "set", "zoe", "--name", "Zoé $(reboot)", "--quota", "10G"]
	assert (m["name"], m["quota"]) == ("Zoé $(reboot)", "10G")
	m = done(form(admin, "/admin/people/zoe", do="add-address", address="Zoe.ONeil"), admin)
	assert "zoe.oneil@example.org" in [x["address"] for x in m["addresses"]]
	m = done(form(admin, "/admin/people/zoe", do="primary", address="zoe.oneil@example.org"), admin)
	assert m["mail"] == "zoe.oneil@example.org"
	m = done(form(admin, "/admin/people/zoe", do="remove-address", address="zoe@example.org"), admin)
	assert [x["address"] for x in m["addresses"]] == ["zoe.oneil@example.org"]
	a = form(admin, "/admin/people/zoe", do="delete", again="zo")
	assert a.status == 400 and "Type the user name" in a.text
	m = done(form(admin, "/admin/people/zoe", do="delete", again="zoe"), admin)
	assert "zoe" in m["notice"]
	assert "kept as an archive" in m["notice"] and admin.get("/admin/people/zoe").status == 404


@pytest.mark.parametrize("choice, kept", [("", 1), ("purge", 0)])
def test_the_mail_of_a_deleted_person(server, admin, choice, kept):
	uid = "gone." + (choice or "kept")
	server.add_user(uid)
	server.deliver("Subject: S\n\nx", f"{uid}@example.org")
	m = done(form(admin, f"/admin/people/{uid}", do="delete", again=uid, mail=choice), admin)
	assert m["notice_command"] == f"intimail-user delete {uid}" + (" --purge" if choice else "")
	root = Path(server.status["mail_root"])
	assert not (root / uid).exists() and len(list(root.glob(f".archive/{uid}.*/Maildir/new/*"))) == kept


@pytest.mark.parametrize("page", [True, False])
def test_mail_that_cannot_be_removed(server, admin, page):
	"""the entry goes; what is left of the mail is where nobody of this name finds it, and that is said"""
	uid, root = f"stuck.{page}".lower(), Path(server.status["mail_root"])
	server.add_user(uid)
	server.deliver("Subject: S\n\nx", f"{uid}@example.org")
	(root / uid / "Maildir/cur/roots/file").mkdir(parents=True)
	if page:
		m = done(form(admin, f"/admin/people/{uid}", do="delete", again=uid, mail="purge"), admin)
		assert "still on the disk" in m["notice"]
	else:
		r = server.run("intimail-user", "-c", server.status["config"], "delete", uid, "--yes", "--purge", status=None)
		assert r.returncode == 75 and f"the mail is not removed: what is left of the mail is in {root}/.archive/{uid}." in r.stderr
	left, = root.glob(f".archive/{uid}.*")
	assert not (root / uid).exists() and (left / "Maildir/cur/roots").exists()
	shutil.rmtree(left)


@pytest.mark.parametrize("field, value", [
	("uid", ""), ("uid", "Ann"), ("uid", "../x"), ("uid", "a b"), ("uid", "a,ou=people"), ("uid", "*"), ("uid", "x" * 65), ("uid", "\u0430nn"),
	("name", ""), ("quota", "much"), ("quota", "-1"), ("expires", "soon"), ("expires", "2001-01-01T00:00"), ("password", "short"),
])
def test_a_wrong_field_is_told_beside_it(server, admin, field, value):
	fields = {"uid": "ann2", "name": "Ann", "quota": "1G", "expires": "", "password": "", field: value}
	a = form(admin, "/admin/people/new", **fields)
	assert a.status == 400
	assert re.search(rf'name="{field}"[^>]*aria-invalid', a.text), a.text
	b = admin.post("/admin/people/new", {**fields, "csrf": admin.csrf("/admin/people/new")}, Accept="application/json").json
	assert list(b["errors"]) == [field]
	assert "ann2" not in server.user("list")


def test_taken_is_told(server, admin):
	a = form(admin, "/admin/people/new", uid="bob", name="Another Bob")
	assert a.status == 409 and "taken" in a.text and 'value="Another Bob"' in a.text


def test_disable_ends_the_sessions(server, admin):
	server.add_user("dora")
	b = server.browser("dora")
	assert b.get("/mail/INBOX").status == 200
	m = done(form(admin, "/admin/people/dora", do="disable"), admin)
	assert not m["enabled"] and m["notice_command"] == "intimail-user disable dora"
	assert b.get("/mail/INBOX").status == 303
	m = done(form(admin, "/admin/people/dora", do="enable"), admin)
	assert m["enabled"]
	server.browser("dora")


def test_password_and_end_of_sessions(server, admin):
	server.add_user("paul")
	b = server.browser("paul")
	assert form(admin, "/admin/people/paul", do="password", password="paul").status == 400
	done(form(admin, "/admin/people/paul", do="password", password="a new one for paul"), admin)
	assert b.get("/mail/INBOX").status == 303
	b = server.browser().sign_in("paul", "a new one for paul")
	m = done(form(admin, "/admin/people/paul", do="end-sessions"), admin)
	assert "1 browser" in m["notice"]
	assert b.get("/mail/INBOX").status == 303


def test_a_link_is_made_and_stands_in_no_address(server, admin):
	server.add_user("rita")
	a = form(admin, "/admin/people/rita", do="reset")
	assert a.status == 200 and "Location" not in a.headers
	assert re.search(r"https://[^<]*/reset/[\w-]{43}", a.text)


def test_temporary_account(server, admin):
	server.add_user("gast")
	end = time.strftime("%Y-%m-%dT%H:%M", time.localtime(time.time() + 20 * 86400))
	m = done(save(admin, "gast", expires=end), admin)
	assert m["expires"] == end
	assert shlex.split(m["notice_command"])[-2:] == ["--expires", end.replace("T", " ")]
	m = done(save(admin, "gast", expires=""), admin)
	assert m["expires"] == "" and m["notice_command"].endswith("--expires never")


def test_the_last_administrator_stays(server, admin):
	a = save(admin, "alice", admin=None)
	assert a.status == 409 and "only administrator" in a.text
	assert person(admin, "alice")["admin"]


def test_two_administrators_at_once(server, admin):
	server.add_user("karl")
	first = admin.get("/admin/people/karl").text
	csn = re.search(r'name="csn" value="([^"]*)"', first).group(1)
	assert csn
	done(save(admin, "karl", name="Karl the First"), admin)
	csrf = admin.csrf("/admin/people/karl")
	a = admin.post("/admin/people/karl", {"csrf": csrf, "csn": csn, "do": "save", "name": "Karl the Second", "quota": "1G"})
	assert a.status == 409 and "meanwhile" in a.text
	assert person(admin, "karl")["name"] == "Karl the First"


# --- lists ---


def test_a_school_class_in_a_minute(server, admin):
	pasted = "bob\nPeter Pan <Peter@Elsewhere.test>\n\nwendy@elsewhere.test, wendy@elsewhere.test"
	a = form(admin, "/admin/lists/new", name="class5", description="Class 5b's parents", members=pasted.replace("Peter Pan ", ""), owners="alice",
		post="members", join="owners")
	m = done(a, admin)
	assert [x["name"] for x in m["members"]] == ["bob", "peter@elsewhere.test", "wendy@elsewhere.test"]
	words = shlex.split(m["notice_command"])
	assert words[:5] == ["intimail-list", "add", "class5", "--description", "Class 5b's parents"]
	a = form(admin, "/admin/lists/class5", do="join", members="no such person")
	assert a.status in (400, 404) and "not done" in a.text
	m = done(form(admin, "/admin/lists/class5", do="leave", name="wendy@elsewhere.test"), admin)
	assert m["notice_command"] == "intimail-list leave class5 wendy@elsewhere.test"
	m = done(form(admin, "/admin/lists/class5", do="add-owner", owner="bob"), admin)
	assert [x["name"] for x in m["owners"]] == ["alice", "bob"]
	m = done(form(admin, "/admin/lists/class5", do="remove-owner", name="alice"), admin)
	assert [x["name"] for x in m["owners"]] == ["bob"]
	assert form(admin, "/admin/lists/class5", do="remove-owner", name="bob").status in (400, 409)
	m = done(form(admin, "/admin/lists/class5", do="save", description=SCRIPT, post="all", join="confirm", enabled="1", archive="1"), admin)
	assert next(x["value"] for x in m["post"] if x["selected"]) == "all" and m["archive"]
	assert SCRIPT not in admin.get("/admin/lists/class5").text + admin.get("/admin/lists").text
	assert form(admin, "/admin/lists/class5", do="delete", again="class").status == 400
	done(form(admin, "/admin/lists/class5", do="delete", again="class5"), admin)
	assert admin.get("/admin/lists/class5").status == 404


def test_a_list_that_is_half_wrong_is_not_made(server, admin):
	a = form(admin, "/admin/lists/new", name="half", members="bob\nnobody-here", owners="alice", post="all", join="owners")
	assert a.status in (400, 404, 409) and 'value="half"' in a.text and "nobody-here" in a.text
	assert admin.get("/admin/lists/half").status == 404
	assert form(admin, "/admin/lists/new", name="bob", owners="alice", post="all", join="owners").status == 409


def test_administrators_are_shown_only(server, admin):
	m = admin.json("/admin/groups/admins")
	assert m["is_admins"] and "alice" in [x["name"] for x in m["members"]]
	page = admin.get("/admin/lists/admins").text
	assert 'value="leave"' not in page and 'value="delete"' not in page
	a = admin.post("/admin/lists/admins", {"csrf": admin.csrf("/logout"), "do": "join", "members": "bob"})
	assert a.status == 403
	assert not person(admin, "bob")["admin"]


def test_two_administrators_at_one_list(server, admin):
	done(form(admin, "/admin/lists/new", name="choir", owners="alice", post="all", join="owners"), admin)
	old = admin.json("/admin/lists/choir")["csn"]
	done(form(admin, "/admin/lists/choir", do="join", members="bob"), admin)
	a = admin.post("/admin/lists/choir", {"csrf": admin.csrf("/logout"), "csn": old, "do": "leave", "name": "bob"})
	assert a.status == 409 and "meanwhile" in a.text
	assert [x["name"] for x in admin.json("/admin/lists/choir")["members"]] == ["bob"]


# --- queue and trace ---


def test_queue(server, admin):
	queue_id, _ = server.send(f"Subject: held {SCRIPT}\n\nhello", "bob@example.org")
	server.await_fates(queue_id)
	m = admin.json("/admin/queue")
	assert "problem" not in m, m
	assert m["total"] == len(server.queue())
	assert admin.get("/admin/queue/4cXq8B0Yf3z1").status == 404
	m = admin.json("/admin/trace?q=bob@example.org")
	assert "problem" not in m, m
	assert m["messages"] and m["messages"][0]["steps"]
	assert SCRIPT not in admin.get("/admin/trace?q=bob@example.org").text


def test_audit_and_addresses(server, admin):
	done(save(admin, "bob", name="Bob the Builder"), admin)
	m = admin.json("/admin/audit?who=alice")
	assert any(e["name"] == "bob" and e["who"] == "alice" for e in m["changes"]), m["changes"][:3]
	assert all(e["who"] == "alice" for e in m["changes"])
	assert admin.json("/admin/addresses")["total"] == 0


# --- who may not ---

POSTS = ["/admin/people/new", "/admin/people/bob", "/admin/lists/new", "/admin/lists/family", "/admin/addresses", "/admin/queue/4cXq8B0Yf3z1"]
GETS = ["/admin", "/admin/people", "/admin/people/new", "/admin/people/bob", "/admin/lists", "/admin/lists/new", "/admin/groups",
	"/admin/addresses", "/admin/queue", "/admin/trace", "/admin/audit"]
FIELDS = {"uid": "evil", "name": "Evil", "do": "disable", "again": "bob", "address": "bob@example.org", "members": "bob"}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("role", ["person", "stranger", "former", "no-token", "foreign-token", "other-site"])
def test_who_may_not(server, admin, role, path):
	headers = {}
	before = server.user("list", "--json")
	if role == "person":
		b = server.browser("bob")
		fields = {**FIELDS, "csrf": b.csrf("/logout")}
	elif role == "former":
		if "fred" not in server.passwords:
			server.add_user("fred")
			before = server.user("list", "--json")
		server.user("set", "fred", "--admin")
		b = server.browser("fred")
		assert b.get("/admin").status == 200
		fields = {**FIELDS, "csrf": b.csrf("/logout")}
		session = dict(b.cookies)
		server.user("set", "fred", "--no-admin")
		b.cookies = session
	elif role == "stranger":
		b, fields = server.browser(), dict(FIELDS)
	else:
		b, fields = admin, dict(FIELDS)
		if role == "foreign-token":
			fields["csrf"] = server.browser("bob").csrf("/logout")
		elif role == "other-site":
			fields["csrf"] = admin.csrf("/admin/people/new")
			headers = {"Sec_Fetch_Site": "cross-site"}
	a = b.post(path, fields, **headers)
	if role in ("stranger",) or (role == "former" and a.status == 303):
		assert (a.status, a.headers["Location"]) == (303, "/login")
	else:
		assert a.status == 403
	assert server.user("list", "--json") == before


@pytest.mark.parametrize("path", GETS)
def test_who_may_not_see(server, path):
	a = server.browser("bob").get(path)
	assert a.status == 403 and "administrators" in a.text and "Alice" not in a.text
	assert server.browser().get(path).headers["Location"].startswith("/login")


# --- tricks ---


@pytest.mark.parametrize("uid", [
	"..", "%2e%2e", "%2f", "a%2fb", "bob%2c", "uid=bob,ou=people", "bob,ou=people,dc=example,dc=org", "*", "b*", "(uid=bob)", "bob)(uid=*", "%00",
	"b%c3%b6b", "%d0%b1ob", "bob%20", "%20bob", "B_B", "bob%0a", "-", "x" * 3000, "%22%3e%3cscript%3ealert(1)%3c/script%3e", "%ff",
])
@pytest.mark.parametrize("where", ["people", "lists", "queue"])
def test_tricks_in_paths(server, admin, where, uid):
	a = admin.get(f"/admin/{where}/{uid}")
	assert a.status in (400, 404, 414), (a.status, a.text[:300])
	assert "<script>alert" not in a.text
	a = admin.post(f"/admin/{where}/{uid}", {**FIELDS, "csrf": admin.csrf("/logout"), "do": "disable", "name": SCRIPT})
	assert a.status in (400, 404, 405, 414)
	assert person(admin, "bob")["enabled"]


def test_ten_kilobytes(server, admin):
	assert admin.get("/admin/people/" + "a" * 10000).status in (414, 431)
	assert admin.get("/admin/people?q=" + "a" * 7000).status == 200
	a = form(admin, "/admin/people/new", uid="long", name="n" * 10000)
	assert a.status == 400
	a = form(admin, "/admin/people/new", uid="long", name="n" * 70000)
	assert a.status == 413


def test_names_are_text(server, admin):
	server.add_user("mallory", name=SCRIPT)
	for path in ("/admin/people", "/admin/people/mallory", "/admin", "/admin/people?q=" + urllib.parse.quote(SCRIPT),
		"/admin/trace?q=" + urllib.parse.quote(SCRIPT), "/admin/audit", "/admin/lists?q=" + urllib.parse.quote(SCRIPT)):
		a = admin.get(path)
		assert a.status == 200 and SCRIPT not in a.text, path
	assert html.escape(SCRIPT, quote=False) in admin.get("/admin/people?q=mallory").text.replace("&#39;", "'")


def test_nobody_makes_a_notice(server, admin):
	a = admin.get("/admin/people?done=Run+this&cmd=rm+-rf&mac=" + "A" * 43)
	assert a.status == 200 and "Run this" not in a.text and "rm -rf" not in a.text
	a = form(admin, "/admin/people/bob", do="end-sessions")
	where = a.headers["Location"]
	assert "signed out" in admin.get(where).text
	assert "signed out" not in admin.get(where.replace("cmd=", "cmd=reboot")).text
	server.add_user("otto", "--admin")
	assert "signed out" not in server.browser("otto").get(where).text
	server.user("delete", "otto", "--yes")


def test_french(server, admin):
	a = admin.get("/admin/people", Accept_Language="fr")
	assert "Ajouter une personne" in a.text and "Add a person" not in a.text
