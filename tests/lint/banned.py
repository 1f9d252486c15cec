"""Functions that are not called here (lib/base/banned.h says why), and what only a program may do, not the library.

Everything is compiled once with banned.h in front; names that headers use too are looked for as calls.

SPDX-License-Identifier: ISC
"""
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from common import complain, finish, sources

STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*.*?\*/|//[^\n]*', re.S)
# the frame of a program, its log, the end of memory; the transport of a page
# mkcharset.c runs when we build and is in no program
FRAME = {"lib/base/cmdline.c", "lib/base/completion.c", "lib/base/log.c", "lib/base/proc.c", "lib/base/alloc.c",
	"lib/mail/gen/mkcharset.c"}
TRANSPORT = {"lib/web/app.c", "lib/web/cgi.c"}
EVERYWHERE = {r"system": "starts a shell; use im_proc_run", r"ctime": "has hidden state"}
LIBRARY = {
    r"printf|puts|putchar|perror|vprintf": "the library does not print; it fills struct im_err",
    r"syslog|im_error|im_warn|im_info": "the library does not log; it returns what there is to say",
    r"exit|quick_exit|abort": "the library does not end the program",
    r"getenv|secure_getenv": "the library does not read the environment",
}


def compile_one(path):
    r = subprocess.run([os.environ.get("CC", "cc"), "-std=gnu17", "-Ilib", "-D_GNU_SOURCE", "-w", "-fsyntax-only",
                        "-include", "lib/base/banned.h", path], capture_output=True, text=True)
    return [line for line in r.stderr.splitlines() if " error: " in line]


def code_of(path):
    """The text with strings and comments blanked, lines kept."""
    with open(path, encoding="utf-8") as f:
        return STRINGS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), f.read())


def calls(path, code, table):
    for names, why in table.items():
        for m in re.finditer(rf"(?<![\w.>])({names}) ?\(", code):
            complain(path, code.count("\n", 0, m.start()) + 1, f"{m.group(1)}(): {why}")


files = sources("lib/**/*.c", "cmd/**/*.c", "cgi/**/*.c")
with ThreadPoolExecutor(os.cpu_count()) as pool:
    errors = {line for found in pool.map(compile_one, files) for line in found}
for line in sorted(errors):
    path, n, _, what = line.split(":", 3)
    complain(path, n, what.strip())
for path in files:
    code = code_of(path)
    calls(path, code, EVERYWHERE)
    if path.startswith("lib/") and path not in FRAME | TRANSPORT:
        calls(path, code, LIBRARY)
finish()
