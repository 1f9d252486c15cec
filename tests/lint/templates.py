"""Templates: what makes escaping enough.

A variable stands in text or in a quoted attribute, never in a script, a style, an on...= or style= attribute, a tag's or
an attribute's name, a comment. What goes into href, src, action, formaction, poster is a key that ends in url: built in C.

SPDX-License-Identifier: ISC
"""
import re
from html.parser import HTMLParser

from common import complain, finish, lines, sources

URL_ATTRS = {"href", "src", "action", "formaction", "poster", "data", "cite", "srcset"}
VARIABLE = re.compile(r"\{\{([#^/!>]?)\s*([\w.]*)[^}]*\}\}")
MARK = re.compile("\ue000[^\ue001]*\ue001")
URL_KEY = re.compile(r"(.*[._])?url$")


class Checker(HTMLParser):
    """Sees the template with its tags replaced by marks that are no HTML: \ue000 name \ue001."""

    def __init__(self, path):
        super().__init__(convert_charrefs=False)
        self.path = path
        self.inside = None

    def say(self, text):
        complain(self.path, self.getpos()[0], text)

    def handle_starttag(self, tag, attrs):
        raw = self.get_starttag_text() or ""
        if "\ue000" in tag:
            self.say("a variable in the name of an element")
        # unquoted values: name=X where X starts with a mark or holds one
        if re.search(r"=\s*[^\s\"'>]*\ue000", re.sub(r"\"[^\"]*\"|'[^']*'", "\"\"", raw)):
            self.say(f"<{tag}>: an attribute with a variable is not quoted")
        for name, value in attrs:
            marks = MARK.findall(value or "")
            if "\ue000" in name:
                self.say(f"<{tag}>: a variable in the name of an attribute")
            variables = [m[1:-1] for m in marks]
            if name == "style":
                self.say(f"<{tag}>: no style attributes")
            if name.startswith("on"):
                self.say(f"<{tag}>: no {name} attributes")
            if name in URL_ATTRS:
                for v in variables:
                    if not URL_KEY.match(v):
                        self.say(f"<{tag} {name}>: {{{{{v}}}}} is no key that ends in url")
                if variables and not (value or "").strip().startswith("\ue000"):
                    self.say(f"<{tag} {name}>: the whole URL is built in C")
                if re.match(r"\s*(javascript|data|vbscript):", value or "", re.I):
                    self.say(f"<{tag} {name}>: no such scheme")
        if tag in ("script", "style"):
            self.inside = tag
            if tag == "style" or "src" not in dict(attrs):
                self.say(f"<{tag}>: nothing inline, the Content-Security-Policy forbids it")

    def handle_endtag(self, tag):
        if tag == self.inside:
            self.inside = None

    def handle_data(self, data):
        if self.inside and data.strip():
            self.say(f"text within <{self.inside}>")

    def handle_comment(self, data):
        if "\ue000" in data:
            self.say("a variable in an HTML comment")


def check(path):
    text = "\n".join(lines(path))
    for n, line in enumerate(text.split("\n"), 1):
        if "{{{" in line or "{{&" in line or "{{=" in line:
            complain(path, n, "raw output and other delimiters are not in our subset")
        if re.search(r"</?\{\{(?![#^/!>])", line):
            complain(path, n, "a variable in the name of an element")
        for m in re.finditer(r"=\s*\{\{(?![#^/!>])", line):
            complain(path, n, f"an attribute with a variable is not quoted (column {m.start() + 1})")
    opened = []
    for m in VARIABLE.finditer(text):
        n = text.count("\n", 0, m.start()) + 1
        if m.group(1) in ("#", "^"):
            opened.append((m.group(2), n))
        elif m.group(1) == "/":
            if not opened or opened.pop()[0] != m.group(2):
                complain(path, n, f"{{{{/{m.group(2)}}}}} closes nothing")
    for name, n in opened:
        complain(path, n, f"{{{{#{name}}}}} is not closed")
    # sections, comments and partials are no output; variables become marks
    text = VARIABLE.sub(lambda m: "" if m.group(1) else f"\ue000{m.group(2)}\ue001", text)
    checker = Checker(path)
    checker.feed(text)
    checker.close()


for template in sources("cgi/templates/*.html"):
    check(template)
finish()
