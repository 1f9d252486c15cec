"""Manual pages: one for every program and file format, clean, and with the options that --help shows.

SPDX-License-Identifier: ISC
"""
import glob
import os
import re
import subprocess

from common import complain, finish, lines, sources

BUILD = os.environ.get("BUILD", "build")
SECTIONS = {"1": ["SYNOPSIS", "EXIT STATUS", "EXAMPLES"], "8": ["SYNOPSIS", "EXIT STATUS", "FILES", "EXAMPLES"],
            "5": ["EXAMPLES"], "7": []}


def options_of_help(program):
    text = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=20).stdout
    body = text.split("\nExamples:")[0]
    commands = re.findall(r"^  ([a-z][a-z-]*)(?: |$)", body.split("\nOptions:")[0].partition("\nCommands:")[2], re.M)
    return set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", body)), set(commands), text


def options_of_man(text):
    return set(re.findall(r"Fl \\?-([a-z][a-z-]+)", text)) | set(re.findall(r"\\-\\-([a-z][a-z-]+)", text))


def lint(path):
    r = subprocess.run(["mandoc", "-Tlint", "-W", "warning", path], capture_output=True, text=True)
    for line in r.stdout.splitlines():
        complain(path, 0, line.split(": ", 1)[-1])


def check_program(program):
    name = os.path.basename(program)
    pages = glob.glob(f"man/{name}.[18]")
    if not pages:
        complain(f"man/{name}", 0, "no manual page, in section 1 or 8")
        return
    text = "\n".join(lines(pages[0]))
    shown, commands, help_text = options_of_help(program)
    if not help_text.startswith("Usage: "):
        complain(program, 0, "--help does not start with \"Usage: \"")
    told = options_of_man(text)
    for o in sorted(shown - told):
        complain(pages[0], 0, f"--{o} is in --help, not here")
    for o in sorted(told - shown):
        complain(pages[0], 0, f"--{o} is here, not in --help")
    for c in sorted(commands):
        if not re.search(rf"\b(Cm|Ic|Nm \S+) {c}\b", text):
            complain(pages[0], 0, f"the command {c} is not described")


for page in sources("man/*.[1-8]"):
    lint(page)
    text = "\n".join(lines(page))
    for section in SECTIONS.get(page[-1], []):
        if f".Sh {section}" not in text:
            complain(page, 0, f"no section {section}")
    if "SPDX-License-Identifier: ISC" not in text:
        complain(page, 0, "no SPDX-License-Identifier: ISC")
for program in sources(f"{BUILD}/bin/*"):
    check_program(program)
finish()
