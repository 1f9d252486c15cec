# SPDX-License-Identifier: ISC
"""Hostile HTML in a real browser: the vectors of the corpus, raw (which must fire: the harness sees something), cleaned, and in
the page as people see it.

	raw      the HTML of the mail as it is, in a frame of one's own origin with scripts allowed
	cleaned  what the cleaner makes of it, in the same frame: no policy, no sandbox
	page     the real server: sandboxed frames, and list and message pages whose headers hold the vectors

Every element is clicked, focused and sent the usual events. INTIMAIL_XSS_BATCH sets how many messages share a page.
"""
import email
import email.policy
import http.server
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from chrome import Canary, chrome

REPO = Path(__file__).resolve().parents[2]
XSS = REPO.parent / "shared/corpus/xss"
BUILD = Path(os.environ.get("BUILD", REPO / "build"))
BATCH = int(os.environ.get("INTIMAIL_XSS_BATCH", "40"))
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
