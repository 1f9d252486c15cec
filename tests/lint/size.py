"""The size budget: warnings at 600 lines a file and 80 a function; failure at 900 and 150.

Functions are found by the layout that clang-format enforces: "{" and "}" in the first column.

SPDX-License-Identifier: ISC
"""
import re

from common import complain, finish, lines, sources

FILE_WARN, FILE_MAX, FUNCTION_WARN, FUNCTION_MAX = 600, 900, 80, 150


def over(path, line, n, warn, most, what):
    if n > most:
        complain(path, line, f"{what}: {n} lines, the limit is {most}")
    elif n > warn:
        print(f"{path}:{line}: warning: {what}: {n} lines, aim at {warn}")


for path in sources("lib/**/*.[ch]", "cmd/**/*.[ch]", "cgi/**/*.[ch]"):
    text = lines(path)
    over(path, 1, len(text), FILE_WARN, FILE_MAX, "file")
    start = name = None
    for n, line in enumerate(text, 1):
        m = re.match(r"(\w+)\(", line)
        if m:
            name = m.group(1)
        if line == "{":
            start = n
        elif line == "}" and start:
            over(path, start, n - start, FUNCTION_WARN, FUNCTION_MAX, f"{name}()")
            start = None
finish()
