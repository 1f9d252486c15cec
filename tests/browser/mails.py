# SPDX-License-Identifier: ISC
"""The mail that the browser finds."""
import base64
import random
from email.message import EmailMessage

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 60 + b"\n%%EOF\n"
PNG = base64.b64decode(
	"iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAE0lEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC")


def plain(subject, text, sender="Grandma Jeanne <jeanne@elsewhere.example>", to="alice@example.test"):
	m = EmailMessage()
	m["From"], m["To"], m["Subject"] = sender, to, subject
	m["Date"] = "Tue, 24 Nov 2026 10:00:00 +0100"
	m.set_content(text)
	return m


def with_attachments():
	m = plain("Two files", "Hello Alice,\n\nhere they are: https://example.org/files\n\n> Could you send me the bill?\n\n-- \nMüller\n",
		"Müller & Söhne <bill@elsewhere.example>")
	m.add_attachment(PDF, maintype="application", subtype="octet-stream", filename="Rechnung Müller.pdf")
	m.add_attachment(PNG, maintype="application", subtype="pdf", filename="dot.png")  # the sender is wrong
	return m


def with_html():
	m = plain("Sale", "In plain words: everything must go.", "Shop <shop@elsewhere.example>")
	m.add_alternative("""<html><head><title>pwned</title><script>parent.document.title = 'pwned'</script>
<style>h1 { background: url(http://tracker.elsewhere.example/a.gif) }</style></head>
<body onload="document.body.innerHTML='pwned'"><h1>Black Friday</h1><p>Everything must go.
<img src="http://tracker.elsewhere.example/pixel.gif" onerror="document.body.innerHTML='pwned'">
<a href="https://example.org/sale">The sale</a></p></body></html>""", subtype="html")
	return m


def very_long():
	return plain("A very long " + "Donaudampfschifffahrtsgesellschaft" * 4 + " subject", "https://example.org/" + "x" * 300 + "\n\n" + "word " * 300,
		"A person with a very long name that does not fit <" + "a" * 60 + "@elsewhere.example>")


WORDS = """apple tart bicycle garden holiday school Thursday bill camera river mountain letter evening kitchen window birthday
piano doctor train ticket lake dog cousin weather market recipe candle forest blanket lantern harvest sister breakfast""".split()


def many(n):
	"""letters that differ like letters do: they must not compress better than real mail"""
	r = random.Random(7)
	some = lambda k: " ".join(r.choices(WORDS, k=k))
	return [plain(f"Letter {i}: {some(4)}", f"{some(30)}.\n", f"{some(1).title()} {some(1).title()} <{some(1)}{i}@{some(1)}.example>")
		for i in range(n)]
