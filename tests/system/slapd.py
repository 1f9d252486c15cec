# SPDX-License-Identifier: ISC
"""A slapd of its own for a test: rendered from openldap/, reached by a socket in a temporary directory, ended by pid."""
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD") or REPO / "build")
DOMAIN = "example.test"
BASE = "dc=example,dc=test"


def render(text, values):
	"""what intimail-setup does with a template"""
	return re.sub(r"@([a-z_]+)@", lambda m: str(values[m.group(1)]), text)


def uid_of(name, fallback):
	try:
		return pwd.getpwnam(name).pw_uid
	except KeyError:
		return fallback


class Slapd:
	"""root: a directory with the layout of a private server; mail_uid: who delivers"""

	def __init__(self, root, mail_uid):
		self.root = Path(root)
		self.run = self.root / "run/intimail"
		self.etc = self.root / "etc/intimail"
		self.state = self.root / "var/lib/intimail"
		self.socket = self.run / "ldapi"
		self.log = self.root / "slapd.log"
		self.mail_uid = mail_uid
		self.auth_uid = uid_of("intimail-auth", 65502)
		self.pages_uid = uid_of("intimail-pages", 65504)
		self.proc = None
		self.config = None
		for d in (self.run / "slapd", self.etc / "openldap", self.state / "openldap/audit"):
			d.mkdir(parents=True, exist_ok=True)
		values = dict(etc_dir=self.etc, run_dir=self.run, state_dir=self.state, ldap_base=BASE, domain=DOMAIN,
			dc="example", module_path="/usr/lib/ldap", ldap_socket=self.socket, mail_uid=mail_uid,
			postfix_uid=uid_of("postfix", 65501), auth_uid=self.auth_uid,
			web_uid=uid_of("intimail-web", 65503), pages_uid=self.pages_uid, domain_pattern=DOMAIN.replace(".", "[.]"), mail_gid=mail_uid)
		src = REPO / "openldap"
		shutil.copy(src / "intimail.schema", self.etc / "openldap/intimail.schema")
		self.conf = self.etc / "openldap/slapd.conf"
		self.conf.write_text(render((src / "slapd.conf.in").read_text(), values))
		base = self.etc / "openldap/base.ldif"
		base.write_text(render((src / "base.ldif.in").read_text(), values))
		for suffix, ldif in ("cn=accesslog", "/dev/null"), (BASE, base):
			subprocess.run(["slapadd", "-q", "-b", suffix, "-f", self.conf, "-l", ldif], check=True, capture_output=True)

	@property
	def uri(self):
		return "ldapi://" + str(self.socket).replace("/", "%2F")

	def configure(self, **keys):
		"""write intimail.conf; what is given here comes last"""
		self.config = self.etc / "intimail.conf"
		keys = {"domain": DOMAIN, "root": self.root, "ldap_socket": self.socket, **keys}
		self.config.write_text("".join(f"{k} = {v}\n" for k, v in keys.items()))
		return self

	def start(self):
		with open(self.log, "ab") as log:
			self.proc = subprocess.Popen(["slapd", "-d", "0", "-f", str(self.conf), "-h", self.uri], stdout=log,
				stderr=log)
		end = time.monotonic() + 10
		while True:
			try:
				with socket.socket(socket.AF_UNIX) as s:
					s.connect(str(self.socket))
				break
			except OSError:
				if self.proc.poll() is not None or time.monotonic() > end:
					raise RuntimeError("slapd did not start: " + self.log.read_text(errors="replace")[-2000:]) from None
				time.sleep(0.02)
		os.chmod(self.socket, 0o777)
		return self

	def stop(self):
		if self.proc:
			self.proc.terminate()
			self.proc.wait(20)
			self.proc = None

	def ldif(self, text, add=True):
		"""change entries as root"""
		cmd = ["ldapadd" if add else "ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", self.uri]
		r = subprocess.run(cmd, input=text, capture_output=True, text=True, check=False)
		return r.returncode, r.stderr

	def search(self, filt, *attrs, as_uid=None):
		"""ldapsearch, raw LDIF lines; as another UNIX user when as_uid is given"""
		cmd = ["ldapsearch", "-LLL", "-Q", "-Y", "EXTERNAL", "-o", "ldif-wrap=no", "-H", self.uri, "-b", BASE, filt, *attrs]
		kw = {"user": as_uid, "group": as_uid, "extra_groups": []} if as_uid else {}
		r = subprocess.run(cmd, capture_output=True, text=True, check=False, **kw)
		return r.returncode, r.stdout, r.stderr

	def person(self, uid, quota=None, enabled=True, extra=()):
		lines = [f"dn: uid={uid},ou=people,{BASE}", "objectClass: inetOrgPerson", "objectClass: intimailUser", f"uid: {uid}",
			f"cn: {uid}", f"sn: {uid}", f"mail: {uid}@{DOMAIN}", f"mailAlias: {uid}@{DOMAIN}",
			f"mailEnabled: {'TRUE' if enabled else 'FALSE'}"]
		if quota is not None:
			lines.append(f"mailQuota: {quota}")
		rc, err = self.ldif("\n".join([*lines, *extra]) + "\n")
		assert rc == 0, err


def short_tmp():
	"""a temporary directory whose path leaves room for socket names (108 bytes)"""
	d = tempfile.mkdtemp(prefix="im-", dir=os.environ.get("TMPDIR", "/tmp"))
	os.chmod(d, 0o755)  # the delivery user must pass
	return d


def main():
	"""serve until standard input ends; for unit tests: prints the path of intimail.conf when it can be used"""
	root = short_tmp()
	server = Slapd(root, 65534).configure()
	try:
		server.start()
		print(server.config, flush=True)
		sys.stdin.read()
	finally:
		server.stop()
		shutil.rmtree(root)


if __name__ == "__main__":
	main()
