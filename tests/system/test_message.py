# SPDX-License-Identifier: ISC
"""intimail-message: a corpus of real mail with expectations, huge and hostile messages, Python's email as an oracle"""
import base64
import collections
import email
import email.headerregistry
import email.message
import email.policy
import email.utils
import json
import os
import random
import re
import subprocess
import sys
import tarfile
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("BUILD", ROOT / "build")).resolve() / "bin/intimail-message"
CORPUS = ROOT.parent / "shared/corpus"
FIELDS = ["from", "from_names", "to", "to_names", "subject", "date", "attachments", "attachments_explicit", "has_html",
	"has_text", "filenames", "remote_refs"]
GOAL = 0.995

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason=f"{PROGRAM} is not built")
needs_corpus = pytest.mark.skipif(not (CORPUS / "expected.jsonl").exists(), reason=f"no corpus at {CORPUS}")


def run(*args, data=None, cwd=None, timeout=120):
	return subprocess.run([PROGRAM, *args], input=data, capture_output=True, cwd=cwd, timeout=timeout, check=False)


def read(files, cwd=None):
	"""the objects of many files, by name"""
	rows = {}
	files = [str(f) for f in files]
	for i in range(0, len(files), 400):
		r = run(*files[i:i + 400], cwd=cwd)
		assert r.returncode == 0 and not r.stderr, r.stderr.decode()
		for line in r.stdout.splitlines():
			row = json.loads(line)
			rows[row["file"]] = row
	assert len(rows) == len(files)
	return rows


def one(data, *args):
	r = run(*args, "-", data=data)
	assert r.returncode == 0, r.stderr.decode()
	return r.stdout if args else json.loads(r.stdout)


def norm(text):
	return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text or "")).strip()


def norm_name(text):
	text = norm(text)
	while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
		text = text[1:-1].strip()
	return text


def agree(field, want, got):
	"""as the corpus says that fields are to be compared"""
	if field == "subject":
		return norm(want) == norm(got)
	if field in ("from_names", "to_names"):
		return [norm_name(n) for n in want] == [norm_name(n) for n in got]
	if field in ("from", "to"):
		return [norm(a) for a in want] == [norm(a) for a in got]
	return want == got


def score(rows, expected):
	total, right, wrong = collections.Counter(), collections.Counter(), []
	for want in expected:
		got = rows[want["file"]]
		for field in FIELDS:
			if field not in want:
				continue
			total[field] += 1
			if agree(field, want[field], got[field]):
				right[field] += 1
			else:
				wrong.append(f"{field} {want['file']}: want {want[field]!r:.150} got {got[field]!r:.150}")
	for field in FIELDS:
		if total[field]:
			print(f"{field:21} {right[field]:5} of {total[field]:5}  {right[field] / total[field]:8.3%}")
	rate = sum(right.values()) / sum(total.values())
	print(f"{'all':21} {sum(right.values()):5} of {sum(total.values()):5}  {rate:8.3%}", *wrong, sep="\n")
	return rate


@needs_corpus
def test_corpus_score(capsys):
	expected = [json.loads(line) for line in (CORPUS / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
	rows = read([r["file"] for r in expected], cwd=CORPUS)
	with capsys.disabled():
		print()
		rate = score(rows, expected)
	assert rate >= GOAL


@needs_corpus
@pytest.mark.parametrize("mode", [["--text"], ["--html"], ["--part", "1"]])
def test_corpus_bodies(mode):
	"""each body comes out or is said to be missing; nothing is killed; text and HTML are UTF-8"""
	files = [str(f) for d in ("parse", "html", "edge/eml", "xss/eml") for f in sorted((CORPUS / d).rglob("*.eml"))]
	for i in range(0, len(files), 300):
		r = run(*mode, *files[i:i + 300])
		assert r.returncode in (0, 65, 67), (r.returncode, r.stderr[-500:])
		if mode[0] != "--part":
			r.stdout.decode("utf-8")


def measured(path, *args, memory=64 << 20):
	"""run on one file with no more address space than that (the mapped file is part of it); its output and CPU seconds"""
	cmd = ["sh", "-c", "ulimit -v $0 && ulimit -t 10 && exec \"$@\"", str(memory // 1024), PROGRAM, *args, path]
	with subprocess.Popen(cmd, stdout=subprocess.PIPE) as p:
		out = p.stdout.read()
		_, status, usage = os.wait4(p.pid, 0)
		p.returncode = os.waitstatus_to_exitcode(status)
	assert p.returncode == 0
	return out, usage.ru_utime + usage.ru_stime


def check_measured(path):
	for args in ((), ("--text",)):
		out, cpu = measured(path, *args)
		assert cpu < 2, (path.name, args, cpu)
		if not args:
			row = json.loads(out)
	return row


@needs_corpus
def test_big(tmp_path, capsys):
	subprocess.run([sys.executable, CORPUS / "edge/gen_edge.py", "--big", tmp_path], check=True, capture_output=True)
	expected = [json.loads(line) for line in (tmp_path / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
	rows = {want["file"]: check_measured(tmp_path / want["file"]) for want in expected}
	with capsys.disabled():
		print()
		assert score(rows, expected) == 1


def nested(n, name):
	head = b"".join(b"Content-Type: multipart/mixed; boundary=%s\n\n--%s\n" % (name(i), name(i)) for i in range(n))
	return b"MIME-Version: 1.0\n" + head + b"\nx\n"


MP = b"Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
HOSTILE = {
	"parts-200000": MP + b"--b\n\nx\n" * 200000,
	"empty-parts-500000": MP + b"--b\n" * 500000,
	"headers-500000": b"X: y\n" * 500000 + b"Subject: s\n\nbody",
	"folds-1000000": b"X: y\n" + b" z\n" * 1000000 + b"Subject: s\n\nbody",
	"junk-lines": b"Subject: s\n" + b"no field at all\nX: y\n" * 200000 + b"\nbody",
	"to-200000": b"Subject: s\nTo: " + b",\n ".join(b"u%d@x" % i for i in range(200000)) + b"\n\nbody",
	"groups": b"Subject: s\nTo: " + b"a:b@c;,(x)" * 100000 + b"\n\nbody",
	"quotes": b"Subject: s\nTo: " + b"\"\\\"(<" * 100000 + b"\n\nbody",
	"words": b"Subject: " + b"=?utf-8?q?a" * 100000 + b"\n\nbody",
	"words-charsets": b"Subject: " + b"=?koi8-r?q?=c1?= =?koi8-u?q?=c1?= " * 10000 + b"\n\nbody",
	"params": b"Subject: s\nContent-Type: text/plain; " + b"name*0=a;x=\";" * 100000 + b"\n\nbody",
	"nested-same": nested(5000, lambda i: b"b") + b"--b\n" * 200000,
	"nested-10000": nested(10000, lambda i: b"b%d" % i) + b"--b0\n" * 100000,
	"long-boundaries": nested(120, lambda i: b"x" * 900 + b"%d" % i) + (b"--" + b"x" * 900 + b"\n") * 20000,
	"line-20MB": b"x" * 20000000,
	"cr-only-20MB": b"Subject: s\r\r" + b"a\r" * 10000000,
	"spaces-qp": b"Subject: s\nContent-Transfer-Encoding: quoted-printable\n\n" + b" " * 10000000,
	"equals-qp": b"Subject: s\nContent-Transfer-Encoding: quoted-printable\n\n" + b"= " * 5000000,
	"base64-junk": b"Subject: s\nContent-Transfer-Encoding: base64\n\n" + b"=" * 5000000 + b"-" * 5000000,
	"iconv-errors": b"Subject: s\nContent-Type: text/plain; charset=iso-2022-jp\n\n" + b"\x1b$B\xff" * 1000000,
	"nul": b"\0" * 10000000,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile(tmp_path, name):
	path = tmp_path / name
	path.write_bytes(HOSTILE[name])
	row = check_measured(path)
	assert len(row["parts"]) <= 1000
	if HOSTILE[name].startswith((b"Subject: s", b"X: ")):
		assert row["subject"] == "s"


def oracle(data):
	"""what Python's email makes of it; a field is left out where it is not to be relied on"""
	want = {}
	plain = email.message_from_bytes(data, policy=email.policy.compat32)
	if plain.defects:
		return want
	for field in ("from", "to"):
		values = [str(v) for v in plain.get_all(field, [])]
		# 8-bit text, words within addresses and quoted local parts: email gives surrogates or keeps them as sent
		if len(values) > 1 or any("=?" in v or "\"@" in v or "\ufffd" in v for v in values):
			continue
		pairs = email.utils.getaddresses(values)
		if values and not pairs[0][1]:
			continue
		addresses = [a.strip() for _, a in pairs if a]
		want[field] = [a[:a.rfind("@")] + a[a.rfind("@"):].lower() if "@" in a else a for a in addresses]
	date = email.utils.parsedate_tz(str(plain["date"])) if len(plain.get_all("date", [])) == 1 else None
	# no zone or an unknown one is local time there; years such as 0102 are taken as they are
	if date and date[9] is not None and date[0] > 1000 and not re.search(r"GMT[+-]|[ap]m\b", str(plain["date"]), re.I):
		want["date"] = email.utils.mktime_tz(date)
	counts = {"attachments": 0, "has_html": False, "has_text": False}

	def walk(part):
		if part.get_content_maintype() == "multipart":
			if part.is_multipart():
				for sub in part.get_payload():
					walk(sub)
			return
		kind, disposition = part.get_content_type(), part.get_content_disposition()
		if kind not in ("text/plain", "text/html") or disposition not in (None, "inline"):
			counts["attachments"] += 1
		else:
			counts["has_text" if kind == "text/plain" else "has_html"] = True

	walk(plain)
	want.update(counts)
	try:
		parsed = email.message_from_bytes(data, policy=email.policy.default)
		if len(parsed.get_all("subject", [])) == 1 and "\ufffd" not in parsed["subject"] and "\0" not in parsed["subject"]:
			want["subject"] = str(parsed["subject"])
	except (ValueError, LookupError, TypeError, AttributeError, IndexError):
		pass  # defects of the oracle
	return want


def compare_with_oracle(messages, tmp_path):
	files = []
	for i, data in enumerate(messages):
		files.append(tmp_path / str(i))
		files[-1].write_bytes(data)
	rows = read(files)
	total, wrong = 0, []
	for path, data in zip(files, messages):
		for field, value in oracle(data).items():
			total += 1
			if not agree(field, value, rows[str(path)][field]):
				wrong.append(f"{path.name} {field}: email {value!r:.120} we {rows[str(path)][field]!r:.120}")
	print(f"{total} fields, {len(wrong)} differ", *wrong, sep="\n")
	assert total > len(messages)
	return len(wrong) / total


@needs_corpus
def test_unseen_mail_against_python(tmp_path, capsys):
	"""5,500 messages that the reader was not tuned on. What differs: ISO dates, "0102" for 2002, "GMT+1", am and pm,
	which email does not read; a missing semicolon in Content-Type; addresses with spaces or a colon in them"""
	messages = []
	for archive in sorted((CORPUS / "spam").glob("*.tar.xz")):
		with tarfile.open(archive) as tar:
			messages += [tar.extractfile(m).read() for m in tar if m.isfile()]
	if not messages:
		pytest.skip(f"no archives in {CORPUS}/spam")
	with capsys.disabled():
		print()
		assert compare_with_oracle(messages, tmp_path) < 0.002


def generated(rng):
	"""a well-formed message by Python's own writer"""
	msg = email.message.EmailMessage(policy=email.policy.SMTP if rng.random() < 0.5 else email.policy.default)
	words = ["Grüße", "report", "日本語", "naïve", "€", "x" * 30, "Привет", "a,b", "(c)", "\"q\"", "=?"]

	def text(n):
		return " ".join(rng.choice(words) for _ in range(rng.randrange(1, n)))

	def address():
		name = text(4).replace("=?", "")
		return email.headerregistry.Address(name, rng.choice(["ann", "b.c", "d+e"]), rng.choice(["x.org", "Y.Net"]))

	msg["From"] = address()
	msg["To"] = [address() for _ in range(rng.randrange(1, 6))]
	msg["Subject"] = text(12).replace("=?", "")
	msg["Date"] = email.utils.format_datetime(email.utils.localtime())
	msg.set_content("\n".join(text(20) for _ in range(rng.randrange(1, 30))))
	if rng.random() < 0.5:
		msg.add_alternative(f"<p>{text(20)}</p>", subtype="html")
	for _ in range(rng.randrange(3)):
		msg.add_attachment(rng.randbytes(rng.randrange(300)), "application", "octet-stream",
			filename=rng.choice(["a.bin", "ünïcode.pdf", "a b.pdf", "x" * 100 + ".txt"]))
	return msg


def test_generated_against_python(tmp_path):
	rng = random.Random(5)
	messages = [generated(rng) for _ in range(300)]
	assert compare_with_oracle([m.as_bytes() for m in messages], tmp_path) == 0
	for i, msg in enumerate(messages[:60]):
		row = json.loads(run(tmp_path / str(i)).stdout)
		parts = [p for p in msg.walk() if not p.is_multipart()]
		leaves = [p for p in row["parts"] if not p["type"].startswith("multipart/")]
		assert [p.get_content_type() for p in parts] == [p["type"] for p in leaves]
		assert [p.get_filename() for p in parts if p.get_filename()] == row["filenames"]
		assert agree("to_names", [str(a.display_name) for a in msg["to"].addresses], row["to_names"])
		for part, leaf in zip(parts, leaves):
			content = part.get_payload(decode=True)
			got = one(msg.as_bytes(), "--part", str(leaf["number"]))
			assert got == content or got.replace(b"\r\n", b"\n") == content.replace(b"\r\n", b"\n")
		text = one(msg.as_bytes(), "--text").decode()
		assert text.strip() == msg.get_body(("plain",)).get_content().replace("\r\n", "\n").strip()


def test_part_in_constant_memory(tmp_path):
	content = random.Random(1).randbytes(1 << 20) * 37
	path = tmp_path / "big"
	path.write_bytes(MP + b"--b\n\nhi\n--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n" +
		base64.encodebytes(content) + b"--b--\n")
	out, cpu = measured(path, "--part", "2", memory=path.stat().st_size + (8 << 20))  # the mapped file counts, no copy
	assert out == content
	assert cpu < 2


def test_names_are_harmless(tmp_path):
	del tmp_path
	for name, want in ((r"..\\..\\x.exe", "x.exe"), ("/etc/passwd", "passwd"), ("...", None), ("a\u202etxt.exe", "atxt.exe"),
			("=?utf-8?Q?=0D=0AX:_y?=", "X: y"), ("C:\\\\dir\\\\a", "a"), ("", None)):
		row = one(f"Content-Disposition: attachment; filename=\"{name}\"\n\nx".encode())
		assert row["filenames"] == ([want] if want else []), name
		assert row["attachments"] == 1


def test_several_files_one_missing(tmp_path):
	(tmp_path / "a").write_bytes(b"Subject: one\n\nx")
	(tmp_path / "b").write_bytes(b"Subject: two\n\nx")
	r = run("a", "missing", ".", "b", cwd=tmp_path)
	assert [json.loads(line)["subject"] for line in r.stdout.splitlines()] == ["one", "two"]
	assert r.returncode in (65, 67)
	assert b"missing: No such file" in r.stderr and b". is a directory" in r.stderr


def test_usage(tmp_path):
	path = tmp_path / "a"
	path.write_bytes(b"Subject: one\n\ntext\n")
	assert run().returncode == 64
	assert run("--text", "--html", path).returncode == 64
	assert run("--part", "1", path).returncode == 67
	assert run("--part", "-1", path).returncode == 67
	assert run("--html", path).returncode == 67
	assert run("--part", "0", path).stdout == b"text\n"
	assert run("--text", path).stdout == b"text\n"
	assert run("-", data=b"Subject: in\n\n").returncode == 0
	html = b"Content-Type: text/html\n\n<p onclick=x>Hello<script>alert(1)</script>"
	out = one(html, "--html")
	assert b"Hello" in out and b"script" not in out and b"onclick" not in out
	assert one(html, "--text").strip() == b"Hello"
	with open("/dev/full", "wb") as full:
		r = subprocess.run([PROGRAM, path], stdout=full, stderr=subprocess.PIPE, check=False)
	assert r.returncode == 75 and b"standard output" in r.stderr
