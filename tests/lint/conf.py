"""intimail.conf(5) against the table in lib/base/conf.c: every key, its type, its default; nothing else.

SPDX-License-Identifier: ISC
"""
import os
import re
import subprocess
import tempfile

from common import complain, finish, lines, sources

PAGE = "man/intimail.conf.5"


def table():
    with tempfile.TemporaryDirectory() as d:
        exe = os.path.join(d, "keys")
        subprocess.run(["cc", "-std=gnu17", "-Ilib", "-D_GNU_SOURCE", "-o", exe, "tests/lint/keys.c",
                        *sources("lib/base/*.c")], check=True)
        out = subprocess.run([exe], capture_output=True, text=True, check=True).stdout
    return {f[0]: f[1:] for f in (line.split("\t") for line in out.splitlines())}


def plain(mdoc):
    """The text that a reader sees, nearly."""
    text = re.sub(r"^\.(Pa|Dq|Ar|Cm|Li|Ql|Sy) ", "", mdoc, flags=re.M)
    return text.replace("\\&", "").replace("\\-", "-")


keys = table()
items = re.split(r"^\.It Cm ", "\n".join(lines(PAGE)), flags=re.M)[1:]
told = {}
for item in items:
    head, _, body = item.partition("\n")
    told[head.split()[0]] = (head, plain(body.split("\n.El")[0]))
for name in sorted(told.keys() - keys.keys()):
    complain(PAGE, 0, f"{name} is no key")
for name, (kind, default, _help) in keys.items():
    if name not in told:
        complain(PAGE, 0, f"{name} is not described")
        continue
    head, body = told[name]
    if kind not in plain(head).replace("Ar ", ""):
        complain(PAGE, 0, f"{name}: the type should be \"{kind}\"")
    m = re.search(r"^Default: (.*)$", body, re.M)
    if (m.group(1).strip('".') if m else "") != default and not (default == "" and m is None):
        complain(PAGE, 0, f"{name}: the default should read \"Default: {default}\"")
finish()
