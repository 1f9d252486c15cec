# SPDX-License-Identifier: ISC
"""The settings and the administration in a real browser: every page on a desk and on a phone, and what works without the script."""
import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from test_pages import ACCESS, CONTRAST, PHONE, sign_in, too_wide, wait

DESK = (1440, 900)
SETTINGS = ["/settings"] + ["/settings/" + p for p in ("password", "sessions", "two-step", "addresses", "vacation", "forward",
	"filters", "signature", "storage")]
ADMIN = ["/admin"] + ["/admin/" + p for p in ("people", "people/new", "people/root", "lists", "lists/new", "lists/parents", "groups/admins",
	"addresses", "queue", "trace?q=root", "audit")]

# every field says what it is; what is wrong with it is said with it; ids that are referred to are there
FIELDS = """
const bad = [];
for (const e of document.querySelectorAll('input:not([type=hidden]), select, textarea')) {
	const label = e.ariaLabel || [...e.labels].map(l => l.innerText.trim()).join('');
	if (!label) bad.push('no label: ' + e.outerHTML.slice(0, 100));
	if (e.ariaInvalid && !e.getAttribute('aria-describedby').split(' ').some(
		id => document.getElementById(id)?.classList.contains('alert'))) bad.push('no reason: ' + e.outerHTML.slice(0, 100));
}
for (const e of document.querySelectorAll('label[for]')) if (!e.control) bad.push('a label of nothing: ' + e.outerHTML);
return bad;
"""


@pytest.fixture(scope="module")
def admin(server):
	"""an administrator with a list, a throw-away address, and a letter to look for"""
	server.add_user("root", "--admin", name="Rosa Root-Administratorin")
	b = server.browser("root")
	csrf = b.csrf("/admin/lists/new")
	a = b.post("/admin/lists/new", {"csrf": csrf, "name": "parents", "members": "bob\n" + "long." * 9 + "jeanne@elsewhere.example",
		"owners": "root", "description": "The parents of class 3b", "post": "members", "join": "owners"})
	assert a.status == 303, a.text
	a = b.post("/settings/addresses", {"csrf": b.csrf("/settings/addresses"), "do": "add", "purpose": "A shop with a long name " * 4,
		"life": b.json("/settings/addresses")["lives"][0]["value"]})
	assert a.status == 303, a.text
	server.alias, = b.json("/settings/addresses")["aliases"]
	server.deliver("Subject: Of root\n\nx", "root@" + server.domain)
	return server


def go(b, server, path):
	b.get(server.url + path)
	assert b.current_url == server.url + path, "not the page that was asked for"


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page(browser, admin, size):
	"""nothing sticks out, one h1, every field and place has a name, contrasts and targets; the place one is at is seen"""
	b = browser(size=size, scheme="light" if size == DESK else "dark")
	sign_in(b, admin, "root")
	wrong = {}
	for path in [*SETTINGS, admin.alias["wrote_url"], *ADMIN]:
		go(b, admin, path)
		wrong[path] = too_wide(b) + b.execute_script(ACCESS) + b.execute_script(CONTRAST) + b.execute_script(FIELDS)
		if size == PHONE:
			b.find_element(By.CSS_SELECTOR, ".menu summary").click()
			wrong[path] += too_wide(b)
		at = [e for e in b.find_elements(By.CSS_SELECTOR, "nav.folders [aria-current=page]") if e.is_displayed()]
		if len(at) != 1 or not 0 <= at[0].rect["x"] < at[0].rect["x"] + at[0].rect["width"] <= size[0]:
			wrong[path].append("where one is: is not seen")
	assert {k: v for k, v in wrong.items() if v} == {}


def test_the_menu_of_a_phone_leads_on(browser, admin):
	b = browser(size=PHONE)
	sign_in(b, admin, "root")
	b.find_element(By.CSS_SELECTOR, ".go-to a:last-child").click()
	menu = wait(b, lambda b: b.find_element(By.CSS_SELECTOR, ".menu summary"))
	assert menu.text == "Profile"
	header = b.find_element(By.CSS_SELECTOR, ".go-to").rect
	assert menu.rect["x"] + menu.rect["width"] <= header["x"], "the menu lies on the icons"
	menu.click()
	b.find_element(By.XPATH, "//details//a[.='Storage']").click()
	wait(b, lambda b: b.find_element(By.TAG_NAME, "h1").text == "Storage")
	b.find_element(By.XPATH, "//main//a[.='Inbox']").click()
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, ".list"), "the inbox")


def background(b):
	return b.execute_script("return getComputedStyle(document.body).backgroundColor")


def test_the_chosen_look_wins(browser, admin):
	b = browser(size=DESK, scheme="light")
	sign_in(b, admin, "root")
	light = background(b)
	for look, dark in (("dark", True), ("", False)):
		go(b, admin, "/settings")
		Select(b.find_element(By.NAME, "look")).select_by_value(look)
		b.find_element(By.CSS_SELECTOR, "main .go").click()
		wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, "main .ok"), "saved")
		b.get(admin.url + "/mail/INBOX")
		assert (background(b) != light) == dark
		assert b.execute_script("return getComputedStyle(document.documentElement).colorScheme") == ("dark" if dark else "light dark")
		assert b.execute_script(CONTRAST) == []


def fill(b, **fields):
	for name, text in fields.items():
		e = b.find_element(By.CSS_SELECTOR, f"main [name={name}]")
		e.clear()
		e.send_keys(text)


def press(b, what):
	b.find_element(By.XPATH, f"//main//button[.='{what}']").click()


def test_without_script(browser, admin):
	b = browser(script=False)
	sign_in(b, admin, "root")
	go(b, admin, "/settings")
	fill(b, name="Rosa Wurzel")
	press(b, "Save")
	wait(b, lambda b: b.find_elements(By.CSS_SELECTOR, "main .ok"), "saved")
	assert b.find_element(By.NAME, "name").get_attribute("value") == "Rosa Wurzel"
	go(b, admin, "/settings/addresses")
	fill(b, purpose="Pianos")
	press(b, "Make an address")
	wait(b, lambda b: b.find_elements(By.PARTIAL_LINK_TEXT, "pianos"), "the new address")
	go(b, admin, "/admin/people/new")
	fill(b, uid="Not so", name="Paul Neu", password="four words and more")
	press(b, "Add")
	field = wait(b, lambda b: b.find_element(By.CSS_SELECTOR, "[name=uid][aria-invalid]"))
	assert "uid-error" in field.get_attribute("aria-describedby") and b.find_element(By.ID, "uid-error").text
	fill(b, uid="paul", password="four words and more")
	press(b, "Add")
	wait(b, lambda b: b.find_element(By.TAG_NAME, "h1").text == "Paul Neu", "the page of the new person")
	go(b, admin, "/admin/lists/new")
	fill(b, name="choir", members="paul\nbob")
	press(b, "Add")
	wait(b, lambda b: b.find_element(By.TAG_NAME, "h1").text == "choir", "the page of the new list")
	shown = json.loads(admin.run("intimail-list", "-c", admin.status["config"], "show", "choir", "--json"))
	assert sorted(shown["members"]) == ["bob", "paul"]
