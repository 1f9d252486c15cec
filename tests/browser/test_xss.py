# SPDX-License-Identifier: ISC
"""Hostile HTML in a real browser: the vectors of the corpus, raw (which must fire: the harness sees something), cleaned, and in
the page as people see it.

	raw      the HTML of the mail as it is, in a frame of one's own origin with scripts allowed
	cleaned  what the cleaner makes of it, in the same frame: no policy, no sandbox
	page     the real server: sandboxed frames, and list and message pages whose headers hold the vectors

Every element is clicked, focused and sent the usual events. INTIMAIL_XSS_BATCH sets how many messages share a page;
INTIMAIL_XSS_ALL=1 looks into every frame and opens every message with a vector in its header.
"""
import email
import email.policy
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.parse
from pathlib import Path

import pytest

from chrome import Canary, chrome

REPO = Path(__file__).resolve().parents[2]
XSS = REPO.parent / "shared/corpus/xss"
BUILD = Path(os.environ.get("BUILD", REPO / "build"))
BATCH = int(os.environ.get("INTIMAIL_XSS_BATCH", "40"))
ALL = os.environ.get("INTIMAIL_XSS_ALL") == "1"
# scripts of the vectors that start by timers, animations or errors get this long; nothing tells when they will not start
SETTLE = float(os.environ.get("INTIMAIL_XSS_SETTLE", "0.25"))

# what the frames of a batch run before anything of the mail: traps that tell the page around them
TRAP = """<script>(function () { const id = %s, top_ = window.parent;
for (const k of ['alert', 'confirm', 'prompt', 'print'])
	Object.defineProperty(window, k, { value: function () { top_.fired(id, k); return null } });
})()</script>"""

BATCH_PAGE = """<!DOCTYPE html><meta charset=utf-8><title>batch</title><script>
const hits = [], ids = %s;
function fired(id, k) { hits.push([id, k]) }
for (const k of ['alert', 'confirm', 'prompt', 'print']) window[k] = function () { hits.push(['?', k]) };
</script><script>
for (const id of ids) {
	const f = document.createElement('iframe');
	f.id = id; f.width = 300; f.height = 120; f.src = '/doc/' + id;
	document.addEventListener('DOMContentLoaded', function () { document.body.append(f) });
}
</script><body>"""

POKE = """
const events = ['mouseover', 'mouseenter', 'mousemove', 'mousedown', 'mouseup', 'mouseout', 'dblclick', 'contextmenu', 'keydown',
	'keypress', 'keyup', 'input', 'change', 'submit', 'reset', 'select', 'toggle', 'pointerover', 'pointerenter', 'pointerdown',
	'wheel', 'drag', 'drop', 'scroll', 'copy', 'paste', 'animationstart', 'animationend', 'transitionend', 'load', 'error', 'begin'];
for (const f of document.querySelectorAll('iframe')) {
	let d;
	try { d = f.contentDocument } catch (e) { continue }
	if (!d) continue;
	// where a link leads by intention is no leak; what runs on the click has run by then
	d.addEventListener('click', function (e) {
		const a = e.target.closest && e.target.closest('a[href]');
		if (a && /^(https?|mailto|tel):/i.test(a.href)) e.preventDefault();
	});
	for (const e of [...d.querySelectorAll('*')]) {
		try { e.focus() } catch (x) {}
		for (const k of events) try { e.dispatchEvent(new Event(k, { bubbles: false, cancelable: true })) } catch (x) {}
		try { if (e.click) e.click(); else e.dispatchEvent(new MouseEvent('click', { bubbles: true })) } catch (x) {}
	}
}
"""

# what a browser reads back may hold nothing that the lists do not know
INSPECT = """
const tags = new Set(`a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl
	dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp section small span
	strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr`.split(/\\s+/));
const attrs = new Set(`align alt bgcolor border cellpadding cellspacing color colspan rowspan cols dir face height width lang nowrap
	size start reversed scope span title type valign hspace vspace datetime href src style target rel class`.split(/\\s+/));
const bad = [], text = {};
for (const f of document.querySelectorAll('iframe')) {
	const d = f.contentDocument;
	if (!d || !d.body) { bad.push([f.id, 'no document']); continue }
	text[f.id] = d.body.innerText;
	for (const e of d.body.querySelectorAll('*')) {
		if (e.localName === 'style') { // ours: widths, our classes, the alphabet of the declarations
			if (!/^(@media screen( and \\((min|max)-width:\\d+px\\)){1,2}\\{\\.im-m\\d+\\{[-A-Za-z0-9 .,#%+()'"!\\/:;]*\\}\\})+$/.test(e.textContent) ||
				e.attributes.length || e !== d.body.firstElementChild) bad.push([f.id, e.textContent]);
			continue;
		}
		if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml' || !tags.has(e.localName)) bad.push([f.id, '<' + e.localName + '>']);
		for (const a of e.attributes) {
			if (!attrs.has(a.name) || (a.name === 'class' && !/^(im-host|im-m\\d+( im-m\\d+)*)$/.test(a.value))) bad.push([f.id, a.name + '=' + a.value]);
			if (a.name === 'href' && !/^(https?:\\/\\/[^\\/]|mailto:|tel:|#)/i.test(a.value)) bad.push([f.id, a.value]);
			if (a.name === 'src' && !/^data:image\\/(png|gif|jpeg|jpg|webp);base64,/.test(a.value)) bad.push([f.id, a.value]);
		}
		const s = f.contentWindow.getComputedStyle(e);
		if (s.backgroundImage !== 'none' || s.position !== 'static' || s.listStyleImage !== 'none') bad.push([f.id, 'style']);
	}
}
return [bad, text];
"""


class Documents:
	"""a web server on loopback for the batches"""

	def __init__(self):
		docs = self.docs = {}

		class Handler(http.server.BaseHTTPRequestHandler):
			protocol_version = "HTTP/1.1"

			def do_GET(self):
				kind, _, name = self.path[1:].partition("/")
				body = BATCH_PAGE % json.dumps(name.split(",")) if kind == "batch" else docs.get(name, "")
				data = body.encode("utf-8", "surrogatepass")
				self.send_response(200)
				self.send_header("Content-Type", "text/html; charset=utf-8")
				self.send_header("Content-Length", str(len(data)))
				self.end_headers()
				self.wfile.write(data)

			def log_message(self, *_):
				pass

		class Server(http.server.ThreadingHTTPServer):
			daemon_threads = True

			def handle_error(self, *_):
				"""a frame that a script took elsewhere stops reading"""

		self.httpd = Server(("127.0.0.1", 0), Handler)
		self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
		threading.Thread(target=self.httpd.serve_forever, daemon=True).start()

	def close(self):
		self.httpd.shutdown()
		self.httpd.server_close()


@pytest.fixture(scope="module")
def vectors():
	if not (XSS / "vectors.jsonl").exists():
		pytest.skip("needs the vectors: ../shared/corpus/xss")
	found = [json.loads(line) for line in open(XSS / "vectors.jsonl", encoding="utf-8")]
	return {v["id"]: v for v in found}


@pytest.fixture(scope="module")
def canary():
	c = Canary()
	yield c
	c.close()


@pytest.fixture(scope="module")
def documents():
	d = Documents()
	yield d
	d.close()


def raw_html(vid):
	m = email.message_from_bytes((XSS / "eml" / f"{vid}.eml").read_bytes(), policy=email.policy.default)
	part = m.get_body(("html",))
	return part.get_payload(decode=True).decode("utf-8", "replace")


def cleaned_html(vid):
	tool = BUILD / "bin/intimail-message"
	if not tool.exists():
		pytest.skip(f"needs {tool}: run make first")
	r = subprocess.run([tool, "--html", XSS / "eml" / f"{vid}.eml"], capture_output=True, timeout=30, check=False)
	assert r.returncode == 0, f"{vid}: {r.stderr.decode()}"
	return r.stdout.decode()


def batches(ids):
	ids = sorted(ids)
	return [ids[i:i + BATCH] for i in range(0, len(ids), BATCH)]


def play(browser, documents, ids, inspect):
	"""load a batch, poke everything: (traps that fired, what INSPECT found)"""
	browser.get(f"{documents.url}/batch/{','.join(ids)}")
	time.sleep(SETTLE)
	found = browser.execute_script(INSPECT) if inspect else None
	browser.execute_script(POKE)
	time.sleep(SETTLE)
	return browser.execute_script("return typeof hits === 'object' ? hits : null"), found


def fill(documents, make, ids):
	documents.docs.clear()
	for vid in ids:
		trap = "<!DOCTYPE html><html><head><meta charset=utf-8>" + TRAP % json.dumps(vid)
		documents.docs[vid] = trap + make(vid)


def test_raw_fires(vectors, documents, canary):
	"""the control: without the cleaner the same harness sees scripts run and requests leave"""
	ids = [i for n, i in enumerate(sorted(vectors)) if n % 4 == 0 or vectors[i]["category"] == "leak"]
	fill(documents, raw_html, ids)
	fired, lost = set(), 0
	canary.take()
	with chrome(canary, prompts="dismiss") as b:
		for batch in batches(ids):
			try:
				hits, _ = play(b, documents, batch, inspect=False)
			except Exception:  # a vector took the page over, which is what it is for
				lost += 1
				continue
			fired |= {i for i, _ in hits or []}
	leaks = canary.take()
	print(f"raw: {len(fired)} of {len(ids)} vectors fired, {len(leaks)} requests left, {lost} batches taken over")
	assert len(fired) >= len(ids) // 10
	assert len(leaks) >= 20


def test_cleaned_is_silent(vectors, documents, canary):
	"""the cleaner alone, with scripts allowed and no policy"""
	fill(documents, lambda i: "</head><body>" + cleaned_html(i) + "</body></html>", vectors)
	fired, bad, missing = [], [], []
	canary.take()
	with chrome(canary) as b:
		for batch in batches(vectors):
			hits, (violations, texts) = play(b, documents, batch, inspect=True)
			leaks = canary.take()
			assert hits is not None, f"the page is gone: one of {batch}"
			assert not leaks, f"requests to {leaks}: one of {batch}"
			fired += hits
			bad += violations
			missing += [i for i in batch if vectors[i]["context"] != "html_outer" and f"MARK-{i} before" not in texts.get(i, "")]
	for i, v in vectors.items():
		bad += [(i, s) for s in v.get("must_not_contain", []) if s in documents.docs[i].split("</head>", 1)[1]]
	print(f"cleaned: {len(vectors)} vectors, {len(fired)} fired, {len(bad)} marks outside of the lists, {len(missing)} without their text")
	assert not fired
	assert not bad
	assert not missing


# --- in the page ---

# as in the template of the message page, which the next test but one looks at
FRAMES = """
const [urls, done] = arguments;
let left = urls.length;
for (const u of urls) {
	const f = document.createElement('iframe');
	f.setAttribute('sandbox', 'allow-popups allow-popups-to-escape-sandbox');
	f.className = 'test-frame'; f.width = 300; f.height = 120; f.src = u;
	f.onload = function () { if (--left === 0) done(true) };
	document.querySelector('main').append(f);
}
"""

# before any script of a page: traps; and what is left of the page's own mark-up afterwards
PAGE_TRAPS = """
window.testHits = [];
for (const k of ['alert', 'confirm', 'prompt', 'print']) window[k] = function () { window.testHits.push(k) };
"""
PAGE_INSPECT = """
const bad = [];
for (const e of document.querySelectorAll('*')) {
	for (const a of e.attributes) {
		if (/^on/i.test(a.name) || (/^(href|src|action|srcdoc)$/.test(a.name) && /^(javascript|data|vbscript):/i.test(a.value.trim()))) bad.push(e.localName + ' ' + a.name + '=' + a.value);
	}
	if (e.localName === 'script' && !/^\\/static\\//.test(e.getAttribute('src'))) bad.push('script');
	if (e.namespaceURI !== 'http://www.w3.org/1999/xhtml' && !e.closest('svg')) bad.push(e.localName);
	for (const k of ['mouseover', 'focus', 'mouseenter', 'load', 'error', 'toggle', 'animationstart'])
		e.dispatchEvent(new Event(k, { cancelable: true }));
}
return [window.testHits, bad];
"""


@pytest.fixture(scope="module")
def mailbox(server, vectors):
	"""all messages of the corpus in the mailbox of a person: {file name without .eml: path}"""
	server.add_user("victim")
	server.deliver(b"Subject: the first\r\n\r\nx\r\n", "victim@example.test")
	box = server.files("victim")[0].parents[1]
	paths = {}
	for n, f in enumerate(sorted((XSS / "eml").glob("*.eml"))):
		name = f"{1700000000 + n}.M1P1.vectors"
		to = box / "cur" / f"{name}:2,S"
		to.write_bytes(f.read_bytes())
		os.chown(to, box.stat().st_uid, box.stat().st_gid)
		paths[f.stem] = f"/mail/INBOX/{urllib.parse.quote(name)}"
	return paths


def sign_in(b, server, uid):
	b.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": PAGE_TRAPS})
	b.get(server.url + "/login")
	b.find_element("name", "user").send_keys(uid)
	b.find_element("name", "password").send_keys(server.passwords[uid], "\n")
	end = time.monotonic() + 30
	while "/mail/" not in b.current_url:
		assert time.monotonic() < end, b.page_source[:1000]
		time.sleep(0.02)


def show_frames(b, server, urls):
	"""a page of ours with these frames in it; what it looked like before"""
	b.get(server.url + "/mail/INBOX")
	before = b.execute_script("return [document.title, location.href, document.querySelectorAll('main *').length]")
	assert b.execute_async_script(FRAMES, urls)
	time.sleep(SETTLE)
	after = b.execute_script("document.title; return [document.title, location.href, document.querySelectorAll('main *').length]")
	assert after[:2] == before[:2] and after[2] == before[2] + len(urls)
	assert b.execute_script("return window.testHits") == []
	assert len(b.window_handles) == 1


def test_frames_are_silent(server, mailbox, vectors, canary):
	"""the frames as people see them: nothing leaves, nothing changes around them, the text is there"""
	missing = []
	with chrome(canary) as b:
		sign_in(b, server, "victim")
		canary.take()
		for batch in batches(vectors):
			show_frames(b, server, [mailbox[i] + "/html" for i in batch])
			leaks = canary.take()
			assert not leaks, f"requests to {leaks}: one of {batch}"
			frames = b.find_elements("css selector", "iframe.test-frame")
			for i, f in list(zip(batch, frames))[::1 if ALL else 8]:  # looking into a frame is slow, and its text is tested above
				b.switch_to.frame(f)
				text = b.find_element("tag name", "body").text
				b.switch_to.default_content()
				if vectors[i]["context"] != "html_outer" and f"MARK-{i} before" not in text:
					missing.append(i)
		# the control: what the user asks for does leave
		show_frames(b, server, [mailbox[i] + "/html?images=1" for i in sorted(vectors) if vectors[i]["category"] == "leak"])
		asked = canary.take()
	print(f"frames: {len(vectors)} vectors, 0 requests; with images wanted: {len(asked)}")
	assert not missing
	assert "leaking.via" in asked


def test_pages_are_silent(server, mailbox, canary):
	"""lists and messages whose subjects, names and file names are vectors"""
	bad = []
	with chrome(canary) as b:
		sign_in(b, server, "victim")
		canary.take()
		url, lists = "/mail/INBOX", 0
		while url:
			b.get(server.url + url)
			hits, marks = b.execute_script(PAGE_INSPECT)
			bad += [(url, x) for x in hits + marks]
			older = b.find_elements("css selector", "a[href*='older=']")
			url = urllib.parse.urlsplit(older[0].get_attribute("href")) if older else None
			url = url and f"{url.path}?{url.query}"
			lists += 1
		heads = [i for i in sorted(mailbox) if i.endswith("-h")][::1 if ALL else 2]
		for i in heads:
			for view in ("", "?view=headers") if i.endswith("0-h") else ("",):
				b.get(server.url + mailbox[i] + view)
				hits, marks = b.execute_script(PAGE_INSPECT)
				bad += [(i, x) for x in hits + marks]
				assert b.find_elements("css selector", "main h1"), i
		leaks = canary.take()
	print(f"pages: {lists} lists, {len(heads)} messages with vectors in their headers")
	assert lists > 5 and len(heads) > 60
	assert not bad
	assert not leaks
