#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Messages per second through a real Postfix until its queue is empty, beside Dovecot's LDA and maildrop (../shared/bench)

smtp-source injects 2000 messages of 2 KB in 10 sessions to 100 people; the clock runs until every message is in a Maildir.
Limit of the issue: three times the messages per second of Dovecot's LDA (LDAP and quota, as ours) through pipe(8).
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_delivery import BUILD, REPO, SETUP, SHARED, verdict

LDA = "lda-ldap-quota"


def run_bench(args, work):
	setup, out, agent = work / "setup", work / "out.json", work / "intimail-deliver"
	setup.write_text(SETUP)
	setup.chmod(0o755)
	shutil.copy(BUILD / "bin/intimail-deliver", agent)
	agent.chmod(0o755)
	work.chmod(0o755)
	# as in postfix/master.cf.in
	command = f"{agent} -c @WORK@/intimail.conf -q ${{queue_id}} -s ${{size}} -f ${{sender}} -o ${{original_recipient}} -- ${{recipient}}"
	cmd = [sys.executable, SHARED / "bench_postfix.py", "--contender", "intimail=" + command, "--setup", setup, "--schema",
		REPO / "openldap/intimail.schema", "--only", f"{LDA},maildrop,virtual,intimail", "-n", str(args.messages), "-s", "10",
		"--rounds", str(args.rounds), "--json", out]
	subprocess.run([str(c) for c in cmd], check=True, cwd=work, env=dict(os.environ, TMPDIR="/var/tmp"))
	return json.loads(out.read_text())[0]


def main():
	ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
	ap.add_argument("--rounds", type=int, default=3)
	ap.add_argument("--messages", type=int, default=2000)
	args = ap.parse_args()
	missing = [str(p) for p in ("/usr/bin/maildrop", "/usr/lib/dovecot/dovecot-lda", "/usr/sbin/smtp-source", SHARED) if not os.path.exists(p)]
	if missing or os.geteuid() != 0:
		print("skipped: needs root and", " ".join(missing) or "nothing else")
		return 0
	work = Path(tempfile.mkdtemp(prefix="im-bench-", dir="/var/tmp"))
	try:
		res = run_bench(args, work)
	finally:
		shutil.rmtree(work)
	rounds = [a["rate"] / b["rate"] for a, b in zip(res["intimail"], res[LDA])]
	print()
	# as a limit from above: theirs over ours
	return 0 if verdict("messages a second, Dovecot's LDA / ours", 1 / statistics.median(rounds), 1 / 3) else 1


if __name__ == "__main__":
	sys.exit(main())
