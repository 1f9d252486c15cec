# SPDX-License-Identifier: ISC
"""what slapd itself answers to each role, and intimail-directory"""
import json
import os
import shutil
import subprocess

import pytest
from slapd import BASE, BUILD, DOMAIN, Slapd, short_tmp, uid_of

PASSWORD = "correct horse battery"
PEOPLE, GROUPS, ALIASES = (f"ou={b},{BASE}" for b in ("people", "groups", "aliases"))
BOB, CARL, ANN = (f"uid={u},{PEOPLE}" for u in ("bob", "carl", "ann"))
SECRET = "JBSWY3DPEHPK3PXP"

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")


def run(server, program, *args, text=None, **kw):
	return subprocess.run([BUILD / "bin" / program, "-c", server.config, *args], input=text, capture_output=True, text=True,
		check=False, timeout=60, **kw)


@pytest.fixture(name="house", scope="module")
def fixture_house():
	root = short_tmp()
	server = Slapd(root, 65534).configure().start()
	try:
		for uid, extra in ("ann", ["--admin"]), ("bob", []), ("carl", []):
			r = run(server, "intimail-user", "add", uid, "--name", uid.title(), "--password-stdin", *extra, text=PASSWORD + "\n")
			assert r.returncode == 0, r.stderr
		for name, join, gid in ("club", "owners", 6001), ("open", "confirm", 6002):
			rc, err = server.ldif(f"dn: cn={name},{GROUPS}\nobjectClass: posixGroup\nobjectClass: intimailList\ncn: {name}\n"
				f"gidNumber: {gid}\nmail: {name}@{DOMAIN}\nmailAlias: {name}@{DOMAIN}\nmailEnabled: TRUE\n"
				f"mailListJoin: {join}\nowner: {CARL}\nmemberUid: carl\n")
			assert rc == 0, err
		rc, err = server.ldif(f"dn: {BOB}\nchangetype: modify\nadd: mailOtpSecret\nmailOtpSecret: {SECRET}\n", add=False)
		assert rc == 0, err
		yield server
	finally:
		server.stop()
		shutil.rmtree(root)


ROLES = ("root", "ann", "bob", "carl", "delivery", "postfix", "auth", "pages", "stranger")


def identity(server, role):
	"""options of the LDAP tools and the UNIX user: people by proxied authorization of the pages"""
	uid = {"root": 0, "delivery": server.mail_uid, "postfix": uid_of("postfix", 65501), "auth": server.auth_uid,
		"stranger": 64000}.get(role, server.pages_uid)
	who = ["-X", f"dn:uid={role},{PEOPLE}"] if role in ("ann", "bob", "carl") else []
	return ["-Q", "-Y", "EXTERNAL", "-H", server.uri, *who], ({"user": uid, "group": uid, "extra_groups": []} if uid else {})


def tool(server, role, *args, text=None):
	opts, kw = identity(server, role)
	return subprocess.run([args[0], *opts, *args[1:]], input=text, capture_output=True, text=True, check=False, timeout=30, **kw)


def change(dn, text):
	return f"dn: {dn}\nchangetype: modify\n{text}\n"


def alias(address, owner):
	return (f"dn: mailAlias={address},{ALIASES}\nchangetype: add\nobjectClass: intimailAlias\nmailAlias: {address}\n"
		f"owner: {owner}\nmailEnabled: TRUE\n")


def person(uid):
	return (f"dn: uid={uid},{PEOPLE}\nchangetype: add\nobjectClass: inetOrgPerson\nobjectClass: intimailUser\nuid: {uid}\n"
		f"cn: x\nsn: x\nmail: {uid}@{DOMAIN}\nmailAlias: {uid}@{DOMAIN}\nmailEnabled: TRUE\n")


# what is tried ({role} is who tries), and who may; nobody else
WRITES = [
	("bob's name", change(BOB, "replace: displayName\ndisplayName: Bobby"), "root ann bob"),
	("bob's language", change(BOB, "replace: preferredLanguage\npreferredLanguage: fr"), "root ann bob"),
	("bob's quota", change(BOB, "replace: mailQuota\nmailQuota: 9"), "root ann"),
	("bob's end", change(BOB, "replace: mailExpire\nmailExpire: 29991231235959Z"), "root ann"),
	("bob's send limit", change(BOB, "replace: mailSendLimit\nmailSendLimit: 9"), "root ann"),
	("bob's UNIX user", change(BOB, "replace: uidNumber\nuidNumber: 64111"), "root ann"),
	("bob enabled", change(BOB, "replace: mailEnabled\nmailEnabled: TRUE"), "root ann"),
	("bob's address", change(BOB, "add: mailAlias\nmailAlias: {role}.b@" + DOMAIN), "root ann"),
	("a person", person("new-{role}"), "root ann"),
	("bob as administrator", change(f"cn=admins,{GROUPS}", "add: memberUid\nmemberUid: bob\n-\ndelete: memberUid\nmemberUid: bob"),
		"root ann"),
	("authzTo", change(BOB, f"replace: authzTo\nauthzTo: dn.onelevel:{PEOPLE}"), "root"),
	("own throw-away address", alias("{role}-shop.a2b3c@" + DOMAIN, "uid={role}," + PEOPLE), "root ann bob carl"),
	("a throw-away address of the wrong form", alias("{role}-boss@" + DOMAIN, "uid={role}," + PEOPLE), "root ann"),
	("a throw-away address for bob", alias("for-{role}.a2b3c@" + DOMAIN, BOB), "root ann bob"),
	("a new member of a closed list", change(f"cn=club,{GROUPS}", "add: memberUid\nmemberUid: zoe-{role}"), "root ann carl"),
	("another owner", change(f"cn=club,{GROUPS}", f"add: owner\nowner: {BOB}\n-\ndelete: owner\nowner: {BOB}"), "root ann"),
	("the posting rights", change(f"cn=club,{GROUPS}", "replace: mailListPost\nmailListPost: members"), "root ann carl"),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what,ldif,allowed", WRITES,
	ids=lambda v: v.replace(" ", "-") if isinstance(v, str) and len(v) < 50 else "")
def test_slapd_lets_only_these_write(house, role, what, ldif, allowed):
	r = tool(house, role, "ldapmodify", text=ldif.replace("{role}", role))
	assert (r.returncode == 0) == (role in allowed.split()), (what, role, r.stderr)


@pytest.mark.parametrize("role", ("bob", "carl", "delivery", "postfix", "auth", "pages", "stranger", "ann"))
def test_slapd_lets_only_administrators_delete(house, role):
	house.person(f"gone-{role}")
	r = tool(house, role, "ldapdelete", f"uid=gone-{role},{PEOPLE}")
	assert (r.returncode == 0) == (role == "ann"), r.stderr


READS = [
	("a hash", BOB, "userPassword", "root"),
	("a secret", BOB, "mailOtpSecret", "root auth"),
	("a quota", CARL, "mailQuota", "root ann carl delivery"),
	("an address", CARL, "mail", "root ann bob carl delivery postfix auth"),
	("the audit log", "cn=accesslog", "reqDN", "root ann"),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what,base,attr,allowed", READS, ids=[r[0].replace(" ", "-") for r in READS])
def test_slapd_lets_only_these_read(house, role, what, base, attr, allowed):
	r = tool(house, role, "ldapsearch", "-LLL", "-b", base, "(objectClass=*)", attr)
	assert (f"\n{attr}:" in r.stdout) == (role in allowed.split()), (what, role, r.stdout, r.stderr)


def test_people_join_an_open_list_and_leave_it(house):
	club, opened = f"cn=club,{GROUPS}", f"cn=open,{GROUPS}"
	assert tool(house, "bob", "ldapmodify", text=change(club, "add: memberUid\nmemberUid: bob")).returncode == 50
	assert tool(house, "bob", "ldapmodify", text=change(opened, "add: memberUid\nmemberUid: bob")).returncode == 0
	assert tool(house, "bob", "ldapmodify", text=change(opened, "delete: memberUid\nmemberUid: carl")).returncode == 50
	assert tool(house, "bob", "ldapmodify", text=change(opened, "delete: memberUid\nmemberUid: bob")).returncode == 0


def test_nobody_is_anonymous(house):
	r = subprocess.run(["ldapsearch", "-x", "-H", house.uri, "-b", BASE], capture_output=True, text=True, check=False)
	assert r.returncode == 48 and "dn:" not in r.stdout


def test_the_command_acts_with_the_rights_of_a_person(house):
	assert run(house, "intimail-user", "--as", "bob", "set", "bob", "--language", "en").returncode == 0
	assert run(house, "intimail-user", "--as", "bob", "set", "bob", "--quota", "none").returncode == 77
	assert run(house, "intimail-user", "--as", "bob", "set", "carl", "--name", "X").returncode == 77
	assert run(house, "intimail-user", "--as", "ann", "set", "carl", "--quota", "2G").returncode == 0
	assert run(house, "intimail-user", "--as", "nobody-here", "list").returncode == 77
	assert run(house, "intimail-user", "--as", "bob,ou=x", "list").returncode == 65
	audit = json.loads(run(house, "intimail-directory", "audit", "--of", "carl", "--max", "1", "--json").stdout)
	assert audit[0]["who"] == "ann" and audit[0]["changes"] == [f"mailQuota: {2 << 30}"]
	assert PASSWORD not in run(house, "intimail-directory", "audit", "--max", "1000").stdout


@pytest.mark.parametrize("uid", ["*", ")(uid=*", "bob,ou=people", "bob\\2c", "b" * 10000, "b\u043eb", "\u202ebob", "BOB*"])
def test_no_name_reaches_another_entry(house, uid):
	for args in (["show", uid], ["set", uid, "--quota", "1G"], ["delete", uid, "-y"], ["add", uid, "--name", "X"]):
		r = run(house, "intimail-user", *args)
		assert r.returncode in (65, 67), (args[0], r.returncode, r.stderr)
	assert run(house, "intimail-user", "show", "bob").returncode == 0


@pytest.mark.parametrize("name", ["B\u043eb", "a\u202eb", "a\x1bb", "x" * 10000, "a\u200bb"])
def test_names_that_deceive_are_refused(house, name):
	assert run(house, "intimail-user", "set", "bob", "--name", name).returncode == 65


def test_an_old_tree_is_upgraded_once():
	root = short_tmp()
	server = Slapd(root, 65534).configure().start()
	try:
		rc, err = server.ldif(f"dn: cn=pages,ou=services,{BASE}\nchangetype: delete\n", add=False)
		assert rc == 0, err
		assert "would add" in run(server, "intimail-directory", "upgrade", "--dry-run").stdout
		assert run(server, "intimail-directory", "upgrade").stdout == f"added cn=pages,ou=services,{BASE}\n"
		r = run(server, "intimail-directory", "upgrade")
		assert (r.returncode, r.stdout) == (0, "nothing to change\n"), r.stderr
		assert "authzTo:" in tool(server, "root", "ldapsearch", "-b", f"cn=pages,ou=services,{BASE}", "authzTo").stdout
	finally:
		server.stop()
		shutil.rmtree(root)
