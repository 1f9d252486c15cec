# SPDX-License-Identifier: ISC
"""intimail-helper: who may have what done"""
import json
import os
import pwd
import re
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from household import BUILD, await_that
from test_queue import hand_in

ASK = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
try:
	s.connect(sys.argv[1])
except PermissionError:
	sys.exit("no connection")
s.sendall(sys.stdin.buffer.read())
while True:
	d = s.recv(65536)
	if not d:
		break
	sys.stdout.buffer.write(d)
"""
PAGES = ("intimail-pages", "intimail-pages")
VERBS = ("queue-list", "queue-show", "queue-hold", "queue-release", "queue-retry", "trace", "usage", "recount", "archive", "purge", "queue-delete")


def sock(server):
	return f"{server.status['root']}/run/intimail/helper.sock"


def ask_raw(server, data, who=PAGES, path=None):
	return subprocess.run(["/usr/bin/python3", "-c", ASK, path or sock(server)], input=data, user=who[0], group=who[1], extra_groups=[],
		capture_output=True, timeout=90, check=False)


def ask(server, verb, *args, session=None, who=PAGES, path=None):
	request = {"verb": verb, "args": args, **({"session": session} if session is not None else {})}
	r = ask_raw(server, json.dumps(request).encode() + b"\n", who, path)
	if b"no connection" in r.stderr:
		return {"status": "no connection"}
	assert r.returncode == 0 and r.stdout.endswith(b"\n"), r
	return json.loads(r.stdout)


def session_of(server, uid):
	return server.browser(uid).cookies["__Host-im"]


def log(server):
	return Path(server.status["servers"]["helper"]["log"]).read_text(encoding="utf-8")


def listed(server):
	return {m["queue_id"]: m for m in server.queue()}.get


@pytest.fixture(name="waiting")
def _waiting(server):
	if "emma" not in server.passwords:
		server.add_user("emma", "--quota", "4000")
	queue_id = hand_in(server, "Subject: Waits\n\n" + "waits " * 1500 + "\n", ["emma@example.org"])
	server.await_fates(queue_id)
	await_that(lambda: (listed(server)(queue_id) or {}).get("queue_name") == "deferred", "the message in the deferred queue")
	yield queue_id
	server.run("intimail-queue", "-c", server.status["config"], "delete", "--yes", queue_id, status=None)


def arguments(verb, queue_id):
	return {"queue-list": [], "usage": [], "trace": ["emma@example.org"], "recount": ["bob"],
		"archive": ["nobody.there"], "purge": ["nobody.there"]}.get(verb, [queue_id])


def check_done(server, verb, answer, queue_id):
	assert answer["status"] == "ok", (verb, answer)
	m = listed(server)(queue_id)
	if verb == "queue-list":
		assert queue_id in [x["id"] for x in answer["messages"]] and answer["total"] >= 1
	elif verb == "queue-show":
		assert "Subject: Waits" in answer["text"]
	elif verb == "trace":
		assert queue_id in [x["queueid"] for x in answer["messages"]]
	elif verb == "usage":
		people = {x["uid"]: x for x in answer["people"]}
		assert set(people) >= {"alice", "bob", "emma"} and people["emma"]["of"] == 4000
		assert set(people["emma"]) == {"uid", "name", "used", "of", "messages", "last_delivery", "last_sign_in"}
	elif verb == "recount":
		assert [x["uid"] for x in answer["people"]] == ["bob"]
	elif verb == "archive":
		assert answer["place"] is None
	elif verb == "purge":
		assert set(answer) == {"status"}
	elif verb == "queue-hold":
		assert m["queue_name"] == "hold"
	elif verb == "queue-release":
		assert m["queue_name"] != "hold"
	elif verb == "queue-delete":
		assert m is None


@pytest.mark.parametrize("role", ["administrator", "root"])
def test_who_may(server, waiting, role):
	how = {"session": session_of(server, "alice")} if role == "administrator" else {"who": ("root", "root")}
	for verb in VERBS:
		check_done(server, verb, ask(server, verb, *arguments(verb, waiting), **how), waiting)
		who = "alice" if role == "administrator" else "root"
		await_that(lambda v=verb, w=who: f"done who={w} verb={v} args={' '.join(arguments(v, waiting))}\n" in log(server), "the line in the log")
	assert "session" not in log(server).split("verb=queue-list")[-1] and (role == "root" or how["session"] not in log(server))


ROLES = {
	"a person": lambda s: {"session": session_of(s, "bob")},
	"no session": lambda s: {},
	"an empty session": lambda s: {"session": ""},
	"a forged session": lambda s: {"session": secrets.token_urlsafe(32)},
	"a path as session": lambda s: {"session": "../../../../etc/passwd"},
	"an expired session": lambda s: {"session": expired(s)},
	"a signed out session": lambda s: {"session": signed_out(s)},
	"root with a person's session": lambda s: {"session": session_of(s, "bob"), "who": ("root", "root")},
	"another user in the group": lambda s: {"session": session_of(s, "alice"), "who": ("nobody", PAGES[1])},
	"another user": lambda s: {"session": session_of(s, "alice"), "who": ("nobody", "nogroup")},
	"the mail pages": lambda s: {"session": session_of(s, "alice"), "who": ("intimail", "intimail")},
	"the web server": lambda s: {"session": session_of(s, "alice"), "who": ("intimail-web", "intimail-web")},
}


def session_file(server, before):
	return [p for p in Path(server.status["root"], "var/lib/intimail/sessions").iterdir() if p not in before]


def expired(server):
	before = session_file(server, [])
	token = session_of(server, "alice")
	for p in session_file(server, before):
		os.utime(p, (1, 1))
	return token


def signed_out(server):
	before = session_file(server, [])
	token = session_of(server, "alice")
	for p in session_file(server, before):
		p.unlink()
	return token


@pytest.mark.parametrize("role", ROLES)
def test_who_may_not(server, waiting, role):
	how = ROLES[role](server)
	before = server.queue()
	sizes = Path(server.status["mail_root"], "bob/Maildir/maildirsize")
	mark = sizes.stat().st_mtime_ns if sizes.exists() else None
	for verb in VERBS:
		a = ask(server, verb, *arguments(verb, waiting), **how)
		assert a["status"] in ("not allowed", "no connection") and set(a) <= {"status", "message"}, (verb, a)
		assert (a["status"] == "no connection") == (role in ("another user", "the mail pages", "the web server")), a
	assert server.queue() == before
	assert (sizes.stat().st_mtime_ns if sizes.exists() else None) == mark
	if role == "a person":
		await_that(lambda: "refused: bob is no administrator who=bob verb=queue-delete args=" + waiting in log(server), "the line in the log")


def test_rights_are_those_of_now(server):
	if "zara" not in server.passwords:
		server.add_user("zara", "--admin")
	token = session_of(server, "zara")
	assert ask(server, "queue-list", session=token)["status"] == "ok"
	server.user("set", "zara", "--no-admin")
	assert ask(server, "queue-list", session=token)["status"] == "not allowed"
	server.user("set", "zara", "--admin")
	token = session_of(server, "zara")
	assert ask(server, "queue-list", session=token)["status"] == "ok"
	server.user("set", "zara", "--disable")
	assert ask(server, "queue-list", session=token)["status"] == "not allowed"


def test_requests_of_a_wrong_form(server, waiting):
	token = session_of(server, "alice")
	before = server.queue()

	def request(**members):
		return json.dumps({"session": token, **members}).encode() + b"\n"

	for data in (b"garbage\n", b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b'{"verb": "queue-list"\x00}\n', b"[" * 15000 + b"\n",
			b'{"verb": "queue-list"}', request(verb="sh"), request(verb="queue-delete; id"), request(verb=["queue-list"]),
			request(verb="queue-list", more=1), request(verb="queue-list", args="x"), request(verb="queue-list", args=[1]),
			b'{"verb": "queue-list", "verb": "queue-list"}\n', request(verb="queue-list", args=["x"]), request(verb="queue-delete"),
			request(verb="queue-delete", args=[waiting, waiting]), request(verb="queue-delete", args=["ALL"]),
			request(verb="queue-delete", args=["-d"]), request(verb="queue-delete", args=["$(id)"]), request(verb="queue-show", args=["../../x"]),
			request(verb="usage", args=["../bob"]), request(verb="usage", args=["*"]), request(verb="recount", args=["bob)(uid=*"]),
			request(verb="trace", args=["a\nb"]), request(verb="trace", args=[""]), request(verb="trace", args=["x" * 321]),
			request(verb="queue-list", args=["x"] * 100), request(verb="trace", args=["x" * 20000]), b"x" * 100000):
		r = ask_raw(server, data) if data.endswith(b"\n") else half(server, data)
		a = json.loads(r.stdout)
		assert a["status"] in ("invalid data", "wrong usage") and set(a) == {"status", "message"}, (data[:80], a)
	assert server.queue() == before
	assert not re.search(r"[\x00-\x09\x0b-\x1f]", log(server))


def half(server, data):
	"""without an end of line, then the end"""
	with socket.socket(socket.AF_UNIX) as s:
		s.settimeout(60)
		s.connect(sock(server))
		try:
			s.sendall(data)
			s.shutdown(socket.SHUT_WR)
		except (BrokenPipeError, ConnectionResetError, OSError):
			pass
		out = b""
		while d := s.recv(65536):
			out += d
		return subprocess.CompletedProcess([], 0, out, b"")


def test_what_is_not_there(server):
	token = session_of(server, "alice")
	for verb, arg in (("queue-show", "4jYgpp59X7z2CMzz"), ("queue-delete", "4jYgpp59X7z2CMzz"), ("usage", "no.body"), ("recount", "no.body")):
		assert ask(server, verb, arg, session=token)["status"] == "not found", verb


@pytest.mark.parametrize("verb", ["archive", "purge"])
def test_the_mail_of_who_left(server, verb):
	uid, token = f"left.{verb}", session_of(server, "alice")
	server.add_user(uid)
	server.deliver("Subject: S\n\nx", f"{uid}@example.org")
	a = ask(server, verb, uid, session=token)
	assert a["status"] == "conflict" and "still in the directory" in a["message"] and len(server.files(uid)) == 1
	# as the page does it: the entry goes first, what becomes of the mail is said afterwards
	subprocess.run(["ldapdelete", "-Q", "-Y", "EXTERNAL", "-H", server.status["ldap_uri"], f"uid={uid},ou=people,dc=example,dc=org"], check=True)
	a = ask(server, verb, uid, session=token)
	assert a["status"] == "ok" and not (Path(server.status["mail_root"]) / uid).exists()
	kept = list((Path(server.status["mail_root"]) / ".archive").glob(f"{uid}.*"))
	assert len(kept) == (1 if verb == "archive" else 0)
	if verb == "archive":
		assert a["place"] == str(kept[0]) and len(list(kept[0].glob("Maildir/new/*"))) == 1
	assert ask(server, verb, uid, session=token) == {"status": "ok", **({"place": None} if verb == "archive" else {})}


def test_silent_ones_do_not_keep_the_others_for_long(server):
	silent = [socket.socket(socket.AF_UNIX) for _ in range(12)]
	try:
		for s in silent:
			s.connect(sock(server))
		assert ask(server, "queue-list", session=session_of(server, "alice"))["status"] == "ok"
	finally:
		for s in silent:
			s.close()


def test_figures_are_those_of_the_disk(server):
	server.deliver("Subject: S\n\nx", "bob@example.org")
	u, = ask(server, "usage", "bob", session=session_of(server, "alice"))["people"]
	files = [p for p in Path(server.status["mail_root"], "bob/Maildir").rglob("*") if p.parent.name in ("new", "cur")]
	assert (u["used"], u["messages"]) == (sum(p.stat().st_size for p in files), len(files))
	assert abs(u["last_delivery"] - max(int(p.name.split(".")[0]) for p in files)) == 0


def test_the_socket_and_the_memory(server):
	st = os.stat(sock(server))
	assert pwd.getpwuid(st.st_uid).pw_name == "intimail-pages" and st.st_mode & 0o7777 == 0o660
	pid = server.status["servers"]["helper"]["pid"]
	pss = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.M)
	assert int(pss.group(1)) < 3 * 1024
	r = server.run("intimail-helper", "-c", server.status["config"], "--listen", status=None)
	assert r.returncode == 73 and "another" in r.stderr


def test_activated_by_a_socket(server, tmp_path):
	path = f"/var/tmp/{secrets.token_hex(6)}.sock"
	s = socket.socket(socket.AF_UNIX)
	s.bind(path)
	os.chmod(path, 0o666)
	s.listen(4)
	start = "import os, sys\nos.dup2(int(sys.argv[1]), 3)\nos.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1')\n" \
		"os.execv(sys.argv[2], sys.argv[2:])"
	with open(tmp_path / "log", "wb") as out, subprocess.Popen([sys.executable, "-c", start, str(s.fileno()),
			str(BUILD / "bin/intimail-helper"), "-c", server.status["config"]], pass_fds=[s.fileno()], stderr=out) as p:
		try:
			assert ask(server, "queue-list", session=session_of(server, "alice"), path=path)["status"] == "ok"
			assert ask(server, "queue-list", session=session_of(server, "bob"), path=path)["status"] == "not allowed"
			# the socket lets everybody in; the helper does not
			assert ask(server, "queue-list", session=session_of(server, "alice"), who=("nobody", "nogroup"), path=path)["status"] == "not allowed"
			p.send_signal(signal.SIGTERM)
			assert p.wait(30) == 0 and os.path.exists(path)
		finally:
			p.kill()
			s.close()
			os.unlink(path)


def test_without_a_socket_and_without_root(server):
	r = server.run("intimail-helper", "-c", server.status["config"], status=None, env={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
	assert r.returncode == 64 and "--listen" in r.stderr
	r = subprocess.run([BUILD / "bin/intimail-helper", "-c", server.status["config"], "--listen"], user="nobody", group="nogroup",
		extra_groups=[], capture_output=True, text=True, check=False, timeout=60)
	assert r.returncode == 77
