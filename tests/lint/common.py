"""What the checks share: the source files, and complaints as file:line: text.

SPDX-License-Identifier: ISC
"""
import glob
import sys

problems = 0


def complain(path, line, text):
    global problems
    problems += 1
    print(f"{path}:{line}: {text}" if line else f"{path}: {text}")


def finish():
    sys.exit(1 if problems else 0)


def sources(*patterns):
    found = []
    for pattern in patterns:
        found += glob.glob(pattern, recursive=True)
    return sorted(set(found))


def lines(path):
    with open(path, encoding="utf-8") as f:
        return f.read().split("\n")
