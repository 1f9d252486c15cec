#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""Memory of an idle private server, process by process (PSS: each shared page counted once in all)

Two people, a message to each, two pages read; then everything is left alone for a few seconds. Of ours only the two
small servers may stay resident, each below 3 MiB: the policy server and the helper. Needs
root.
"""
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from household import Household  # noqa: E402


def processes_of(root):
	"""pid -> name of all processes that were started below root or have a file of it open as their program or directory"""
	found = {}
	for d in Path("/proc").iterdir():
		if not d.name.isdigit():
			continue
		try:
			cmdline = (d / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
			cwd = os.readlink(d / "cwd")
			if root in cmdline or cwd.startswith(root):
				found[int(d.name)] = (d / "comm").read_text().strip()
		except OSError:
			continue
	return found


def pss_kib(pid):
	for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
		if line.startswith("Pss:"):
			return int(line.split()[1])
	return 0


def show(processes):
	total, ours, small = 0, [], ("intimail-policy", "intimail-helper")
	print("\n| process | pid | PSS MiB |\n|---|---|---|")
	for pid, name in sorted(processes.items()):
		pss = pss_kib(pid)
		total += pss
		print(f"| {name} | {pid} | {pss / 1024:.1f} |")
		if name in small and pss < 3 * 1024:
			continue
		if name.startswith("intimail") or name in ("list", "message", "html", "part", "login"):
			ours.append(name)
	print(f"| all | | {total / 1024:.1f} |\n")
	print("OVER  resident of ours: " + " ".join(ours) if ours else "ok    nothing large of ours is resident")
	return 1 if ours else 0


def main():
	if os.geteuid() != 0:
		print("skipped: needs root")
		return 0
	with Household() as server:
		for uid in ("ann", "ben"):
			server.deliver(b"From: a@example.net\nSubject: idle\n\nnothing\n", server.add_user(uid))
			server.browser(uid).get("/mail/INBOX")
		time.sleep(3)  # Postfix's helpers live a while longer: they are part of what idles here
		return show(processes_of(str(server.dir)))


if __name__ == "__main__":
	sys.exit(main())
