#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""One delivery by intimail-deliver beside maildrop and dovecot-lda, in turn on the same machine (../shared/bench)

The peers, their private servers and the accounting are bench_delivery.py's of the shared bench; here ours is given a
configuration and the directory entries of the same 100 people. Limits of the issue: with look-up and quota at most 0.8
times maildrop (which looks nothing up) and a sixth of dovecot-lda with LDAP quota for 2 KB; at most twice the copy-only
floor for 5 MB; peak memory under 3 MiB. Quote the ratios, not the milliseconds.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD") or REPO / "build")
SHARED = REPO.parent / "shared/bench"
DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
PEERS = ("maildrop", "maildrop+quota", "dovecot-lda/ldap+quota", "floor: C write+fsync+index", "floor + minimal LDAP client")

# run once by the bench as root: the people get our object class, a look-up by address works as with a real directory
SETUP = r'''#!/bin/sh
set -eu
cat >"$BENCH_WORK/intimail.conf" <<EOF
domain = bench.test
root = $BENCH_WORK
mail_root = $BENCH_MAIL
ldap_socket = $BENCH_WORK/ldap/ldapi
ldap_base = $BENCH_BASE
EOF
chmod 644 "$BENCH_WORK/intimail.conf"
mkdir -p "$BENCH_WORK/var/log/intimail"
touch "$BENCH_WORK/var/log/intimail/deliver.log"
chown "$BENCH_USER" "$BENCH_WORK/var/log/intimail/deliver.log"
i=0
while [ $i -lt 100 ]; do
	u=$(printf 'u%03d' $i)
	printf 'dn: uid=%s,ou=people,%s\nchangetype: modify\nadd: objectClass\nobjectClass: intimailUser\n-\n' "$u" "$BENCH_BASE"
	printf 'add: mailAlias\nmailAlias: %s@bench.test\n-\nadd: mailEnabled\nmailEnabled: TRUE\n-\n' "$u"
	printf 'add: mailQuota\nmailQuota: 10000000000\n-\n\n'
	i=$((i + 1))
done | ldapmodify -x -H "$BENCH_LDAPI" -D "cn=root,$BENCH_BASE" -w root-secret >/dev/null
'''


def base52(n, width):
	digits = ""
	while n or len(digits) < width:
		digits = DIGITS[n % 52] + digits
		n //= 52
	return digits


def run_bench(args, work):
	setup, out = work / "setup", work / "out.json"
	setup.write_text(SETUP)
	setup.chmod(0o755)
	agent = work / "intimail-deliver"
	shutil.copy(BUILD / "bin/intimail-deliver", agent)
	agent.chmod(0o755)
	work.chmod(0o755)
	# a queue id of now; its last part, the inode, is the number of the run: never the same message twice
	queueid = base52(int(time.time()), 6) + base52(0, 4) + "z@N@"
	command = f"{agent} -c @WORK@/intimail.conf -q {queueid} -f a@example.net -o @U@@bench.test -- @U@@bench.test"
	cmd = [sys.executable, SHARED / "bench_delivery.py", "--contender", "intimail=" + command, "--setup", setup, "--schema",
		REPO / "openldap/intimail.schema", "--only", ",".join(PEERS), "--base", "maildrop", "--sizes", args.sizes,
		"--rounds", str(args.rounds), "--json", out]
	subprocess.run([str(c) for c in cmd], check=True, cwd=work)
	return json.loads(out.read_text())


def cost(figures):
	"""CPU of the process and of the servers that it made work, ms per message"""
	return statistics.median(figures["cpu"]) + statistics.fmean(figures["srv"])


def verdict(what, value, limit):
	ok = value <= limit
	print(f"{'ok  ' if ok else 'OVER'}  {what}: {value:.2f} (at most {limit:.2f})")
	return ok


def main():
	ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
	ap.add_argument("--rounds", type=int, default=20)
	ap.add_argument("--sizes", default="2k,5m")
	args = ap.parse_args()
	if not (SHARED / "bench_delivery.py").exists():
		print(f"skipped: {SHARED} is not here")
		return 0
	missing = [p for p in ("/usr/bin/maildrop", "/usr/lib/dovecot/dovecot-lda", "/usr/sbin/slapd") if not os.path.exists(p)]
	if missing or os.geteuid() != 0:
		print("skipped: needs root and", " ".join(missing) or "nothing else")
		return 0
	work = Path(tempfile.mkdtemp(prefix="im-bench-"))
	try:
		res = run_bench(args, work)
	finally:
		shutil.rmtree(work)
	print()
	ok = True
	if "2k" in res:
		r, lda = res["2k"], "dovecot-lda/ldap+quota"
		ok &= verdict("2 KB, CPU / maildrop's", cost(r["intimail"]) / cost(r["maildrop"]), 0.8)
		ok &= verdict("2 KB, CPU / dovecot-lda's with LDAP and quota", cost(r["intimail"]) / cost(r[lda]), 1 / 6)
		ok &= verdict("2 KB, instructions / maildrop's", r["intimail"]["instr"] / r["maildrop"]["instr"], 0.8)
		ok &= verdict("2 KB, instructions / dovecot-lda's", r["intimail"]["instr"] / r[lda]["instr"], 1 / 6)
		wall = statistics.median(r["intimail"]["rw"]) / statistics.median(r["maildrop"]["rw"])
		print(f"      2 KB, wall time / maildrop's: {wall:.2f} (no limit: it syncs the file, we the directory as well)")
	if "5m" in res:
		r = res["5m"]
		ok &= verdict("5 MB, CPU / copy-only floor's", cost(r["intimail"]) / cost(r["floor: C write+fsync+index"]), 2)
	for size, r in res.items():
		ok &= verdict(f"{size}, peak memory in MiB", max(r["intimail"]["rss"]) / 1024, 3)
	return 0 if ok else 1


if __name__ == "__main__":
	sys.exit(main())
