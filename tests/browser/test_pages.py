# SPDX-License-Identifier: ISC
"""The pages in a real browser on a real server: what a family does, on a desk and on a phone, with and without the script."""
import json
import time
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from mails import PDF


def wait(b, condition, what="the page"):
	"""until condition(b); what the script replaces meanwhile is looked at again"""
	return WebDriverWait(b, 15, 0.02, [StaleElementReferenceException, NoSuchElementException]).until(condition, what)


def sign_in(b, server, uid="alice"):
	b.get(server.url + "/login")
	b.find_element(By.NAME, "user").send_keys(uid)
	b.find_element(By.NAME, "password").send_keys(server.passwords[uid], Keys.ENTER)
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, ".list"), "the list after signing in")


def rows(b):
	return b.find_elements(By.CSS_SELECTOR, ".list li")


def row(b, subject):
	return b.find_element(By.XPATH, f"//ul[contains(@class,'list')]/li[contains(., '{subject}')]")


def open_row(b, subject):
	row(b, subject).find_element(By.TAG_NAME, "a").click()
	wait(b, lambda b: subject in b.find_element(By.TAG_NAME, "h1").text, "the message " + subject)


@pytest.fixture
def inbox(browser, server):
	"""alice's inbox, signed in, at 1280 px"""
	b = browser()
	sign_in(b, server)
	return b


def test_list_shows_newest_first_with_counts(inbox, server):
	b = inbox
	unread = b.find_element(By.CSS_SELECTOR, ".rail [aria-current] .n").text.split()[0]
	assert b.title == f"Inbox ({unread}) - intimail"
	assert b.find_element(By.CSS_SELECTOR, ".bar p").text == f"{server.total} messages, {unread} unread"
	shown = [r.text for r in rows(b)]
	assert len(shown) == 50
	for subject, text in zip(server.newest, shown):
		assert subject in text


def test_opening_marks_as_read(browser, server):
	b = browser()
	sign_in(b, server, "bob")
	li = row(b, "Read me")
	assert "unread" in li.get_attribute("class")
	assert b.title == "Inbox (1) - intimail"
	open_row(b, "Read me")
	assert not b.find_elements(By.CSS_SELECTOR, ".rail .n")  # the rail knows it already
	b.find_element(By.CSS_SELECTOR, ".back").click()
	wait(b, rows)
	assert row(b, "Read me").get_attribute("class") == ""
	assert b.title == "Inbox - intimail"


def test_script_swaps_only_the_inner_part_and_back_keeps_scroll_and_focus(inbox, server):
	b = inbox
	b.execute_script("window.same = true")
	link = rows(b)[30].find_element(By.TAG_NAME, "a")
	href = link.get_attribute("href")
	b.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
	y = b.execute_script("return scrollY")
	assert y > 200
	link.click()
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, ".msg"))
	assert b.current_url == href
	assert b.execute_script("return window.same") is True, "the whole page was loaded"
	assert b.execute_script("return scrollY") == 0
	assert b.execute_script("return document.activeElement.id") == "main"
	b.back()
	wait(b, rows)
	wait(b, lambda b: abs(b.execute_script("return scrollY") - y) < 2, "the old place")
	assert b.execute_script("return document.activeElement.href") == href
	assert b.execute_script("return window.same") is True
	b.forward()
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, ".msg"))
	assert b.execute_script("return document.querySelector('#live').textContent") == b.title


def test_pages_of_the_list(inbox, server):
	b = inbox
	first = rows(b)[0].text
	b.find_element(By.CSS_SELECTOR, ".bar [rel=next]").click()
	wait(b, lambda b: "older=" in b.current_url)
	assert len(rows(b)) == server.total - 50
	b.find_element(By.CSS_SELECTOR, ".bar [rel=prev]").click()
	wait(b, lambda b: "newer=" in b.current_url)
	assert rows(b)[0].text == first and len(rows(b)) == 50


def test_attachment_is_downloaded_whole(browser, server, tmp_path):
	b = browser(downloads=tmp_path)
	sign_in(b, server)
	open_row(b, "Two files")
	files = b.find_elements(By.CSS_SELECTOR, ".files li")
	assert [f.find_element(By.TAG_NAME, "b").text for f in files] == ["Rechnung Müller.pdf", "dot.png"]
	assert "PDF document" in files[0].text and "Picture" in files[1].text
	picture = files[1].find_element(By.TAG_NAME, "img")
	b.execute_script("arguments[0].scrollIntoView()", picture)
	wait(b, lambda b: b.execute_script("return arguments[0].complete && arguments[0].naturalWidth", picture), "the thumbnail")
	files[0].find_element(By.TAG_NAME, "a").click()
	got = tmp_path / "Rechnung Müller.pdf"
	wait(b, lambda b: got.exists() and got.stat().st_size == len(PDF), "the download")
	assert got.read_bytes() == PDF


def network(b, methods):
	"""parameters of the network events of this name since the last call of any"""
	events = [json.loads(line["message"])["message"] for line in b.get_log("performance")]
	return [e["params"] for e in events if e["method"] in methods]


def requests_of(b):
	"""http URLs that the browser asked for since the last call, frames included"""
	urls = [p["request"]["url"] for p in network(b, ["Network.requestWillBeSent"])]
	return [u for u in urls if urlsplit(u).scheme in ("http", "https")]


def test_html_mail_is_framed_and_asks_nobody(browser, server):
	b = browser(log=True)
	sign_in(b, server)
	open_row(b, "Sale")
	frame = b.find_element(By.CSS_SELECTOR, "iframe")
	assert frame.get_attribute("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
	assert frame.get_attribute("title")
	b.switch_to.frame(frame)
	wait(b, lambda b: "Everything must go" in b.find_element(By.TAG_NAME, "body").text, "the HTML")
	assert "pwned" not in b.find_element(By.TAG_NAME, "body").text
	assert not b.find_elements(By.TAG_NAME, "script")
	assert not b.find_elements(By.CSS_SELECTOR, "img[src^=http]")
	b.switch_to.default_content()
	assert "pwned" not in b.title
	asked = requests_of(b)
	assert any(u.endswith("/html") for u in asked)
	assert [u for u in asked if not u.startswith(server.url)] == []
	assert b.find_element(By.CSS_SELECTOR, ".note .btn").text == "Show pictures"
	b.find_element(By.XPATH, "//nav[@class='views']/a[.='Text only']").click()
	wait(b, lambda b: "view=text" in b.current_url)
	assert "In plain words" in b.find_element(By.CSS_SELECTOR, ".text").text


def test_an_error_is_shown_in_the_frame(browser, server):
	b = browser()
	sign_in(b, server)
	open_row(b, "Sale")
	frame = b.find_element(By.CSS_SELECTOR, "iframe")
	sale = next(f for f in server.files("alice") if b"Subject: Sale" in f.read_bytes())
	mode = sale.stat().st_mode
	try:
		sale.chmod(0)
		b.execute_script("arguments[0].src += '?again=1'", frame)
		b.switch_to.frame(frame)
		wait(b, lambda b: "Choose \u201cText only\u201d above" in b.find_element(By.TAG_NAME, "body").text, "the error")
		assert b.find_element(By.TAG_NAME, "h1").text == "Not available right now"
		assert b.find_element(By.TAG_NAME, "h1").value_of_css_property("font-size") == "17.25px"  # its style is allowed
	finally:
		sale.chmod(mode)
		b.switch_to.default_content()


def test_headers_view_and_source(inbox, server):
	b = inbox
	open_row(b, "Two files")
	b.find_element(By.XPATH, "//nav[@class='views']/a[.='Headers']").click()
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, "table.raw"))
	assert "Received" in b.find_element(By.CSS_SELECTOR, "table.raw").text
	b.find_element(By.XPATH, "//nav[@class='views']/a[.='Source']").click()
	wait(b, lambda b: b.current_url.endswith("/raw"))
	assert "Content-Type: multipart/mixed" in b.find_element(By.TAG_NAME, "body").text


PHONE = (360, 740)


def too_wide(b):
	"""what sticks out to the right, cut off or to be scrolled to; lines that end in dots on purpose are not"""
	return b.execute_script("""const wide = [...document.querySelectorAll('body *')]
		.filter(e => e.checkVisibility() && !e.closest('.vh, .subject, .from') && e.getBoundingClientRect().right > innerWidth + 1)
		.map(e => e.outerHTML.slice(0, 120));
		return document.documentElement.scrollWidth > innerWidth ? ['the page', ...wide] : wide;""")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_width(browser, server, scheme):
	b = browser(size=PHONE, scheme=scheme)
	b.get(server.url + "/login")
	assert too_wide(b) == []
	sign_in(b, server)
	assert too_wide(b) == []
	menu = b.find_element(By.CSS_SELECTOR, ".menu")
	menu.find_element(By.TAG_NAME, "summary").click()
	assert menu.find_element(By.TAG_NAME, "nav").is_displayed()
	assert too_wide(b) == []
	menu.find_element(By.TAG_NAME, "summary").click()
	for subject in ("Two files", "Sale", "A very long"):
		open_row(b, subject)
		assert too_wide(b) == []
		b.find_element(By.XPATH, "//nav[@class='views']/a[.='Headers']").click()
		wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, "table.raw"))
		assert too_wide(b) == []
		b.get(server.url + "/mail/INBOX")


def test_without_script(browser, server):
	b = browser(script=False)
	sign_in(b, server)
	open_row(b, "Two files")
	b.find_element(By.CSS_SELECTOR, ".back").click()
	wait(b, rows)
	b.find_element(By.CSS_SELECTOR, ".bar [rel=next]").click()
	wait(b, lambda b: "older=" in b.current_url)
	b.find_element(By.XPATH, "//button[contains(., 'Sign out')]").click()
	wait(b, lambda b: b.find_elements(By.NAME, "password"))
	b.get(server.url + "/mail/INBOX")
	assert b.find_elements(By.NAME, "password") and "/login" in b.current_url


def test_french_for_a_french_browser(browser, server):
	b = browser(language="fr-FR,fr")
	sign_in(b, server)
	assert b.find_element(By.TAG_NAME, "html").get_attribute("lang") == "fr"
	assert b.find_element(By.TAG_NAME, "h1").text == "Boîte de réception"
	assert b.find_element(By.CSS_SELECTOR, ".bar [rel=next]").text == "Plus anciens"
	open_row(b, "Two files")
	assert "2 pièces jointes" in b.find_element(By.CSS_SELECTOR, ".files").text
	b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
	menu, out = (b.find_element(By.CSS_SELECTOR, s).rect for s in (".menu summary", ".top button"))
	assert menu["x"] + menu["width"] <= out["x"], "longer words than English ones fit side by side"
	assert too_wide(b) == []
	b.get(server.url + "/mail/Nowhere")
	assert "Il n’y a pas de dossier de ce nom." in b.find_element(By.TAG_NAME, "main").text


# the contrast of every visible text with what is behind it (WCAG 2.2, 1.4.3)
CONTRAST = """
const lum = ([r, g, b]) => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
	return .2126 * f(r) + .7152 * f(g) + .0722 * f(b); };
const rgb = s => s.match(/[\\d.]+/g).map(Number);
const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor);
	if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
const bad = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
	const e = walk.currentNode.parentElement;
	if (!walk.currentNode.data.trim() || !e.checkVisibility() || e.closest('.vh, .skip, iframe')) continue;
	const a = lum(rgb(getComputedStyle(e).color)), z = lum(behind(e));
	const ratio = (Math.max(a, z) + .05) / (Math.min(a, z) + .05);
	if (ratio < 4.5) bad.push([ratio.toFixed(2), walk.currentNode.data.slice(0, 40)]);
}
return bad;
"""

# landmarks, names, one h1, no doubled ids, targets of at least 24 px (2.5.8)
ACCESS = """
const bad = [], $ = s => [...document.querySelectorAll(s)].filter(e => e.checkVisibility());
const name = e => (e.getAttribute('aria-label') || e.innerText || e.alt || e.title ||
	(e.labels && e.labels[0] && e.labels[0].innerText) || '').trim();
if (!document.documentElement.lang) bad.push('no lang');
if (!document.title) bad.push('no title');
if ($('h1').length !== 1) bad.push($('h1').length + ' h1');
if ($('main').length !== 1) bad.push($('main').length + ' main');
for (const e of $('a[href], button, input:not([type=hidden]), summary')) {
	if (!name(e)) bad.push('no name: ' + e.outerHTML.slice(0, 100));
	const r = e.getBoundingClientRect();
	if (!e.closest('.text, .vh, .skip, .solo p') && (r.height < 24 || r.width < 24)) bad.push('small: ' + e.outerHTML.slice(0, 100));
}
const navs = $('nav').filter(e => e.childElementCount);
for (const e of $('iframe')) if (!e.title) bad.push('frame without title');
for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) bad.push('no alt');
for (const e of navs) if (!name(e)) bad.push('nav without name');
const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
if (new Set(ids).size !== ids.length) bad.push('doubled id');
return bad;
"""


@pytest.mark.parametrize("size", [PHONE, (1440, 900)], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_access(browser, server, scheme, size):
	b = browser(size=size, scheme=scheme)
	seen = {}

	def look(what):
		seen[what] = b.execute_script(CONTRAST) + b.execute_script(ACCESS)
		shot = server.shots and server.shots / f"{what}-{size[0]}-{scheme}.png"
		if shot:
			b.save_screenshot(str(shot))

	b.get(server.url + "/login")
	look("login")
	sign_in(b, server)
	look("list")
	for subject, what in (("Two files", "message"), ("Sale", "html"), ("A very long", "long")):
		open_row(b, subject)
		time.sleep(0.2 if server.shots else 0)  # only for the picture: the frame has painted
		look(what)
		b.get(server.url + "/mail/INBOX")
	b.get(server.url + "/mail/Nowhere")
	look("error")
	background = b.execute_script("return getComputedStyle(document.body).backgroundColor")
	assert (int(background[4:].split(",")[0]) < 100) == (scheme == "dark")
	assert {k: v for k, v in seen.items() if v} == {}


def test_keyboard_alone(inbox, server):
	b = inbox
	b.get(server.url + "/mail/INBOX")
	body = b.switch_to.active_element
	body.send_keys(Keys.TAB)
	assert b.switch_to.active_element.get_attribute("class").startswith("skip")
	assert b.switch_to.active_element.is_displayed()
	b.switch_to.active_element.send_keys(Keys.ENTER)
	wait(b, lambda b: b.execute_script("return document.activeElement.id") == "main")
	b.switch_to.active_element.send_keys(Keys.TAB)  # Older
	b.switch_to.active_element.send_keys(Keys.TAB)
	assert b.execute_script("return document.activeElement.closest('.list') !== null")
	style = b.execute_script("const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]")
	assert style == ["solid", "3px"]
	b.switch_to.active_element.send_keys(Keys.ENTER)
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, ".msg"))


def bytes_on_the_wire(b, server):
	ours, total = set(), 0
	for p in network(b, ["Network.requestWillBeSent", "Network.loadingFinished"]):
		if "request" in p and p["request"]["url"].startswith(server.url):
			ours.add(p["requestId"])
		elif "encodedDataLength" in p and p["requestId"] in ours:
			total += p["encodedDataLength"]
	return total


def test_weight_on_the_wire(browser, server, record_property):
	b = browser(log=True)
	sign_in(b, server)
	first = bytes_on_the_wire(b, server)
	b.get(server.url + "/mail/INBOX")
	later = bytes_on_the_wire(b, server)
	b.find_element(By.CSS_SELECTOR, ".bar [rel=next]").click()
	wait(b, lambda b: "older=" in b.current_url)
	swapped = bytes_on_the_wire(b, server)
	print(f"on the wire: first visit {first}, a later list {later}, by the script {swapped} bytes")
	for name, value in (("first", first), ("later", later), ("swapped", swapped)):
		record_property(name, value)
	assert 0 < first < 40_000
	assert 0 < later < 12_000
	assert 0 < swapped < 12_000


def test_nothing_is_refused_by_the_policy(browser, server):
	"""the pages' own policy never stops the pages: no message on the console in a whole visit"""
	b = browser(log=True)
	sign_in(b, server)
	open_row(b, "Two files")
	b.find_element(By.CSS_SELECTOR, ".back").click()
	wait(b, rows)
	said = [m["message"] for m in b.get_log("browser")]
	assert [m for m in said if "Permissions-Policy" not in m] == []  # a feature that this browser does not know
