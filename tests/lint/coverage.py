"""Coverage of lib/ from the counters of a --coverage build: python3 coverage.py BUILD

Prints lines and branches per file, worst first, and the whole; fails when the lines of lib/ are below the gate.

SPDX-License-Identifier: ISC
"""
import json
import os
import subprocess
import sys

GATE = 85.0  # per cent of the lines of lib/


def percent(hit, total):
    return 100.0 * hit / total if total else 100.0


def read(build):
    files = {}
    for folder, _, names in os.walk(build):
        for name in names:
            if not name.endswith(".gcda") or "/lib/" not in os.path.join(folder, name):
                continue
            out = subprocess.run(["gcov", "-b", "-j", "-t", os.path.join(folder, name)], capture_output=True, text=True)
            for line in out.stdout.splitlines():
                for f in json.loads(line)["files"]:
                    if f["file"].startswith("lib/") and f["file"].endswith(".c"):
                        add(files.setdefault(f["file"], ({}, {})), f)
    return files


def add(entry, f):
    lines, branches = entry
    for line in f["lines"]:
        n = line["line_number"]
        lines[n] = max(lines.get(n, 0), line["count"])
        for i, b in enumerate(line.get("branches", [])):
            branches[n, i] = max(branches.get((n, i), 0), b["count"])


def main():
    rows = []
    all_lines = hit_lines = all_branches = hit_branches = 0
    for name, (lines, branches) in read(sys.argv[1]).items():
        hit, taken = sum(c > 0 for c in lines.values()), sum(c > 0 for c in branches.values())
        rows.append((percent(hit, len(lines)), percent(taken, len(branches)), name, len(lines)))
        all_lines += len(lines)
        hit_lines += hit
        all_branches += len(branches)
        hit_branches += taken
    for line, branch, name, n in sorted(rows):
        print(f"{line:6.1f} % lines {branch:6.1f} % branches {n:5d}  {name}")
    whole = percent(hit_lines, all_lines)
    print(f"{whole:6.1f} % lines {percent(hit_branches, all_branches):6.1f} % branches {all_lines:5d}  lib/ as a whole")
    sys.exit(f"coverage: below {GATE} % of lines" if whole < GATE else 0)


main()
