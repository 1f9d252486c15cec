#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""List and message pages beside Roundcube and sqwebmail, mailboxes of 100, 10 000 and 100 000 messages (../shared/bench)

The peers, their servers and the accounting are bench_webmail.py's of the shared bench; adapter_webmail.py puts our page
programs behind a private server. Limits of the issue: a list of 50 costs at most a sixth of Roundcube's at 100 messages
and a twenty-fifth at 100 000, less than half of sqwebmail's, and the same within 20 % at both sizes.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_delivery import SHARED, verdict

HERE = Path(__file__).resolve().parent
NAME = "intimail (lighttpd + CGI)"
PEERS = ("/usr/share/roundcube", "/usr/lib/courier/sqwebmail", "/usr/bin/ab")


def run_bench(args, out):
	# the mailboxes belong to whom our programs run as
	env = dict(os.environ, BENCH_USER="intimail", TMPDIR="/var/tmp")
	cmd = [sys.executable, SHARED / "bench_webmail.py", "--only", args.only, "--adapter", HERE / "adapter_webmail.py", "--sizes",
		args.sizes, "--rounds", str(args.rounds), "--seconds", str(args.seconds), "--after", "3", "--pages", "list,open", "--json", out]
	subprocess.run([str(c) for c in cmd], check=True, env=env)
	res = {}
	for (page, size, name, clients), rounds in json.loads(Path(out).read_text()):
		if clients == 1:
			res[page, size, name] = [r["cpu"] for r in rounds]
	return res


def ratio(res, page, size, peer, size2=None):
	"""median of the rounds' ratios of server CPU"""
	a, b = res[page, size, NAME], res[page, size2 or size, peer]
	return statistics.median(x / y for x, y in zip(a, b))


def main():
	ap = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
	ap.add_argument("--rounds", type=int, default=5)
	ap.add_argument("--seconds", type=float, default=3)
	ap.add_argument("--sizes", default="100,100000")
	ap.add_argument("--only", default="roundcube,sqwebmail,adapter")
	args = ap.parse_args()
	missing = [p for p in (*PEERS, SHARED) if not os.path.exists(p)]
	if missing or os.geteuid() != 0:
		print("skipped: needs root and", " ".join(map(str, missing)) or "nothing else")
		return 0
	with tempfile.NamedTemporaryFile(suffix=".json") as out:
		res = run_bench(args, out.name)
	sizes = [int(s) for s in args.sizes.split(",")]
	ok = True
	print()
	for size in sizes:
		for peer, limit in (("Roundcube", 1 / 25 if size >= 100000 else 1 / 6), ("sqwebmail", 1 / 2)):
			if ("list", size, peer) in res:
				ok &= verdict(f"list, {size} messages, CPU / {peer}'s", ratio(res, "list", size, peer), limit)
	ok &= verdict(f"list, CPU at {sizes[-1]} / at {sizes[0]} messages", ratio(res, "list", sizes[-1], NAME, sizes[0]), 1.2)
	return 0 if ok else 1


if __name__ == "__main__":
	sys.exit(main())
