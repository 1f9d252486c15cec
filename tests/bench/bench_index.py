#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The header index alone: one page of 50, the next one, a message by its id, a flag, a delivery without fsync, in the same
process, in turn for a mailbox of 100 messages and one of many; a rebuild; bytes a message. Quote the ratios: the times are
those of this machine now. The limit of the issue is the same cost within 20 %, 20 s for a rebuild of 100 000, 400 bytes."""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests/system"))
from slapd import BUILD  # noqa: E402
from test_index import Mailbox, fill  # noqa: E402


def cpu():
	r = resource.getrusage(resource.RUSAGE_CHILDREN)
	return r.ru_utime + r.ru_stime


def main():
	p = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
	p.add_argument("--messages", type=int, default=100000)
	p.add_argument("--rounds", type=int, default=7)
	p.add_argument("--json", action="store_true")
	a = p.parse_args()
	work = Path(tempfile.mkdtemp(prefix="im-bench-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
	work.chmod(0o755)
	try:
		tool = work / "mailbox_tool"
		subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", f"-I{REPO}/lib", "-o", tool, REPO / "tests/system/mailbox_tool.c",
			BUILD / "libintimail.a"], check=True)
		boxes = {"small": Mailbox(tool, work / "small"), "big": Mailbox(tool, work / "big")}
		fill(boxes["small"], 100)
		fill(boxes["big"], a.messages)
		before = cpu()
		boxes["big"].run("rebuild")
		result = {"rebuild_cpu_s": cpu() - before,
			"bytes_a_message": (boxes["big"].dir / "index.jsonl").stat().st_size / a.messages}
		boxes["small"].run("rebuild")
		took = {}
		for _ in range(a.rounds):
			for where, m in boxes.items():
				for line in m.run("measure", 301).stdout.splitlines():
					name, us = line.split()
					took.setdefault((name, where), []).append(float(us))
		for name in ("page", "older", "find", "flags", "deliver"):
			small, big = took[name, "small"], took[name, "big"]
			result[name] = {"us_100": statistics.median(small), "us_many": statistics.median(big),
				"ratio": statistics.median(y / x for x, y in zip(small, big))}
	finally:
		shutil.rmtree(work)
	if a.json:
		print(json.dumps(result))
		return
	print(f"rebuild of {a.messages}: {result['rebuild_cpu_s']:.2f} s of CPU; {result['bytes_a_message']:.0f} bytes a message")
	for name in ("page", "older", "find", "flags", "deliver"):
		r = result[name]
		print(f"{name:8} {r['us_100']:6.1f} us at 100, {r['us_many']:6.1f} us at {a.messages}, ratio {r['ratio']:.2f}")


if __name__ == "__main__":
	main()
