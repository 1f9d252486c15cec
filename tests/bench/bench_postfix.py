#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Messages per second through a real Postfix until its queue is empty, beside Dovecot's LDA and maildrop (../shared/bench)

smtp-source injects 2000 messages of 2 KB in 10 sessions to 100 people; the clock runs until every message is in a Maildir.
Ours asks a directory as intimail-setup configures it (the peers' has no index of mailAlias: each search would read all
people); it runs on the same machine, so what it costs is in the rate. Its CPU is not in the column of the servers' CPU.
Limit of the issue: three times the messages per second of Dovecot's LDA (LDAP and quota, as ours) through pipe(8).
floor-minldap is a program that does nothing but one LDAP search, write and fsync.
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

from bench_delivery import BUILD, REPO, SHARED, verdict

LDA = "lda-ldap-quota"

# the directory of a private server, with the people of the bench
SETUP = """#!/bin/sh
set -eu
conf={server}/etc/intimail/intimail.conf
i=0
while [ $i -lt 100 ]; do
	u=$(printf 'u%03d' $i)
	{BUILD}/bin/intimail-user -c "$conf" add "$u" --name "$u" --quota 9G >/dev/null
	i=$((i + 1))
done
echo "mail_root = $BENCH_MAIL" >>"$conf"
"""


def run_bench(args, work):
	setup, out, agent, server = work / "setup", work / "out.json", work / "intimail-deliver", work / "im"
	setup.write_text(SETUP.format(BUILD=BUILD, server=server))
	setup.chmod(0o755)
	shutil.copy(BUILD / "bin/intimail-deliver", agent)
	agent.chmod(0o755)
	work.chmod(0o755)
	# as in postfix/master.cf.in
	command = f"{agent} -c {server}/etc/intimail/intimail.conf -q ${{queue_id}} -s ${{size}} -f ${{sender}} -o ${{original_recipient}} -- ${{recipient}}"
	cmd = [sys.executable, SHARED / "bench_postfix.py", "--contender", "intimail=" + command, "--setup", setup, "--only", args.only, "-n",
		str(args.messages), "-s", "10", "--rounds", str(args.rounds), "--json", out]
	# the short names of the bench's folder, for the path of a socket; slapd knows the agent by its user
	env = dict(os.environ, TMPDIR="/var/tmp", BENCH_USER="intimail")
	try:
		# first of all: where nothing was set up before, this makes the user that the peers shall run as
		start = [BUILD / "bin/intimail-private", "start", server, "--source", REPO, "--domain", "bench.test"]
		subprocess.run(start, check=True, stdout=subprocess.DEVNULL)
		subprocess.run([str(c) for c in cmd], check=True, cwd=work, env=env)
	finally:
		subprocess.run([BUILD / "bin/intimail-private", "stop", server], check=False, capture_output=True)
	return json.loads(out.read_text())[0]


def main():
	ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
	ap.add_argument("--rounds", type=int, default=3)
	ap.add_argument("--messages", type=int, default=2000)
	ap.add_argument("--only", default=f"{LDA},maildrop,virtual,intimail")
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
