"""Includes run one way: base <- mail, directory, web, areas <- cmd, cgi (DESIGN, ARCHITECTURE.md).

Also: every file says its licence, every header has a guard of its own name and stands on its own.

SPDX-License-Identifier: ISC
"""
import os
import re
import subprocess

from common import complain, finish, lines, sources

MAY = {
    "base": {"base"},
    "mail": {"base", "mail"},
    "directory": {"base", "directory"},
    "web": {"base", "mail", "web"},
    "helper": {"base", "mail", "directory", "web", "mta", "policy", "helper"},
}
AREA = {"base", "mail", "directory"}  # any other folder of lib, besides itself
EXCEPTIONS = {
    ("lib/mail/deliver.c", "directory/dirlite.h"),  # the agent's one look-up
    ("lib/mail/deliver.c", "policy/admit.h"),  # the rules that it shares with the policy server
}


def check_includes(path, text):
    top, *rest = path.split("/")
    area = rest[0] if top == "lib" else None
    for n, line in enumerate(text, 1):
        m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not m:
            continue
        target = m.group(1)
        if "/" not in target:
            if not os.path.exists(os.path.join(os.path.dirname(path), target)):
                complain(path, n, f'"{target}" is not beside this file; library headers are "area/name.h"')
            elif area:
                complain(path, n, f'"{target}" in lib is written "{area}/{target}"')
            continue
        if target.startswith(("..", "/")):
            complain(path, n, f'"{target}": no paths upwards')
            continue
        used = target.split("/")[0]
        allowed = MAY.get(area, AREA | {area}) if area else None
        if allowed is not None and used not in allowed and (path, target) not in EXCEPTIONS:
            complain(path, n, f'lib/{area} may not use lib/{used} ("{target}")')
        private = re.search(r"_(int|impl)\.h$", target)
        if private and area != used:
            complain(path, n, f'"{target}" is private to lib/{used}')


def check_header(path, text):
    want = "IM_" + re.sub(r"[^A-Z0-9]", "_", os.path.basename(path).upper())
    guard = next((re.match(r"#ifndef (\w+)", line) for line in text if line.startswith("#ifndef")), None)
    if not guard or not guard.group(1).endswith(want[3:]):
        complain(path, 0, f"include guard should be {want} (or end so)")


def check_alone(headers):
    for path in headers:
        r = subprocess.run(["cc", "-std=gnu17", "-Ilib", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only", "-x", "c",
                            path], capture_output=True, text=True)
        if r.returncode:
            complain(path, 0, "does not compile alone: " + r.stderr.split("\n")[0])


def main():
    c = sources("lib/**/*.[ch]", "cmd/**/*.[ch]", "cgi/**/*.[ch]")
    for path in c:
        text = lines(path)
        check_includes(path, text)
        if path.endswith(".h"):
            check_header(path, text)
    check_alone(sources("lib/**/*.h"))
    for path in c + sources("tests/**/*.[ch]", "tests/**/*.py", "tests/**/*.sh", "tests/deps", "tests/check"):
        if not any("SPDX-License-Identifier: ISC" in line for line in lines(path)):
            complain(path, 0, "no SPDX-License-Identifier: ISC")
    finish()


main()
