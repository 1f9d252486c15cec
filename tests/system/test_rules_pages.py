# SPDX-License-Identifier: ISC
"""The settings that lie beside the mail, as a browser without script uses them; and that the agent follows what was saved"""
import os
import re
import shutil
import time

import pytest
from household import Household

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("slapd"), reason="needs root and slapd")

PAGES = ("filters", "forward", "vacation", "signature", "storage")


@pytest.fixture(name="house", scope="module")
def fixture_house():
	with Household() as h:
		h.add_user("ann", "--quota", "10M")
		h.add_user("new")
		h.deliver("From: x@elsewhere.test\nTo: ann@example.org\nSubject: the first\n\nHello\n", "ann@example.org")
		yield h


@pytest.fixture(name="ann", scope="module")
def fixture_ann(house):
	return house.browser("ann")


def rules(house):
	for p in (house.files("ann")[0].parents[1] / "intimail-rules",):
		return p.read_text(encoding="utf-8") if p.exists() else ""


def post(browser, page, fields, version=None):
	path = "/settings/" + page
	return browser.post(path, {"csrf": browser.csrf(path), "version": browser.json(path)["version"] if version is None else version,
		**fields})


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_complete(ann, page):
	a = ann.get("/settings/" + page)
	assert a.status == 200 and 'aria-current="page"' in a.text
	assert ann.json("/settings/" + page)["at_" + page] is True
	fr = ann.get("/settings/" + page, Accept_Language="fr")
	assert "<nav class=\"folders tabs\" aria-label=\"Réglages\">" in fr.text


def test_nobody_else(house):
	assert house.browser().get("/settings/filters").status in (302, 303)


def test_filters(house, ann):
	assert post(ann, "filters", {"field0": "subject", "contains0": " Rechnung ", "action0": "folder", "folder0": "INBOX", "stop0": "1"}).status == 303
	assert "Saved." in ann.get("/settings/filters?saved=1").text
	assert 'rule\tsubject\tfolder\tstop\tRechnung\tINBOX\n' in rules(house)
	row = ann.json("/settings/filters")["rules"]
	assert len(row) == 2 and row[0]["contains"] == "Rechnung" and row[1]["new"]
	# errors stand beside the field, and what was typed is still there
	a = post(ann, "filters", {"field0": "from", "contains0": "<boss>", "action0": "forward", "address0": "ann@example.org"})
	assert a.status == 400 and "your own address" in a.text and "&lt;boss&gt;" in a.text and "Rechnung" in rules(house)
	a = post(ann, "filters", {"field0": "from", "contains0": "x" * 201, "action0": "flag"})
	assert a.status == 400 and "too long" in a.text
	assert post(ann, "filters", {"field0": "from", "contains0": ""}).status == 303
	assert "rule" not in rules(house).split("\n", 1)[1]


def test_a_change_meanwhile_is_told(house, ann):
	before = ann.json("/settings/signature")["version"]
	assert post(ann, "signature", {"signature": "Ann\r\nexample.org"}).status == 303
	a = post(ann, "forward", {"forward": "b@example.net"}, version=before)
	assert a.status == 409 and "another window" in a.text and "b@example.net" in a.text
	assert "forward" not in rules(house) and "signature\tAnn\\nexample.org" in rules(house)


@pytest.mark.parametrize("address", ["nobody", "a@b", "-f@example.net", "a@example.net,b@example.net", "ANN@EXAMPLE.ORG", "a b@example.net", "é@example.net"])
def test_where_nothing_is_forwarded_to(ann, address):
	a = post(ann, "forward", {"forward": address})
	assert a.status == 400 and 'aria-invalid="true"' in a.text


def test_forward_and_none(house, ann):
	assert post(ann, "forward", {"forward": "b@example.net"}).status == 303
	assert "forward\tonly\tb@example.net" in rules(house)
	assert post(ann, "forward", {"forward": ""}).status == 303
	assert "forward" not in rules(house)


def test_absence(house, ann):
	good = {"on": "1", "from": "2026-12-20", "to": "2026-12-24", "days": "7", "subject": "", "text": "Away"}
	assert post(ann, "vacation", good).status == 303
	line = re.search(r"vacation\ton\t(\d+)\t(\d+)\t7\n", rules(house))
	assert int(line[2]) - int(line[1]) == 5 * 86400
	model = ann.json("/settings/vacation")
	assert (model["from"], model["to"], model["on"]) == ("2026-12-20", "2026-12-24", True)
	for field, value in (("to", "2026-12-19"), ("from", "soon"), ("days", "0"), ("text", ""), ("subject", "x" * 201)):
		a = post(ann, "vacation", {**good, field: value})
		assert a.status == 400 and len(re.findall('class="alert"', a.text)) == 2, field


def test_storage(house, ann):
	m = ann.json("/settings/storage")
	assert m["quota"] == 10 << 20 and 0 < m["used"] < 10000 and m["usage"][0]["name"] == "INBOX"
	assert m["largest"][0]["subject"] == "the first"
	assert ann.get(m["largest"][0]["url"]).status == 200


def test_who_wrote_to_an_address(house, ann):
	assert "Nobody has written" in ann.get("/settings/addresses/shop.abcde@example.org").text
	log = house.files("ann")[0].parents[1] / "intimail-aliases"
	log.mkdir()
	(log / "shop.abcde@example.org").write_text(f"count 7\n{int(time.time())} <<script>@elsewhere.test>\n")
	for p in (log, log / "shop.abcde@example.org"):
		shutil.chown(p, house.files("ann")[0].stat().st_uid)
	m = ann.json("/settings/addresses/shop.abcde@example.org")
	assert m["count"] == 8 and [s["sender"] for s in m["senders"]] == ["<script>@elsewhere.test"]
	assert "<script>@" not in ann.get("/settings/addresses/shop.abcde@example.org").text
	assert ann.get("/settings/addresses/..%2f..%2fx@y").status == 404


def test_before_the_first_message(house):
	b = house.browser("new")
	assert b.get("/settings/storage").status == 200
	a = post(b, "signature", {"signature": "New"})
	assert a.status == 409 and "first message" in a.text


def test_no_token_no_change(house, ann):
	before = rules(house)
	assert ann.post("/settings/signature", {"signature": "evil", "version": ann.json("/settings/signature")["version"]}).status == 403
	assert rules(house) == before
