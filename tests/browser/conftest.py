# SPDX-License-Identifier: ISC
"""One private server with mail in it for all browser tests, and browsers as each test wants them.

INTIMAIL_SHOTS=DIR keeps pictures of the pages.
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "system")]

import mails
from household import BUILD, Household, await_that

try:
	from selenium import webdriver
	from selenium.webdriver.chrome.service import Service
except ImportError:
	webdriver = None


@pytest.fixture(scope="session")
def server():
	if os.geteuid() != 0:
		pytest.skip("private servers are started by root")
	if not (BUILD / "bin/intimail-private").exists():
		pytest.fail(f"{BUILD}/bin/intimail-private is not there: run make first")
	with Household("example.test") as h:
		shots = os.environ.get("INTIMAIL_SHOTS")
		h.shots = Path(shots) if shots else None
		h.url = h.status["https"]
		alice, bob = h.add_user("alice", name="Alice Martin"), h.add_user("bob")
		for m in mails.many(55):
			h.send(bytes(m), alice)
		await_that(lambda: len(h.files("alice")) >= 55, "55 letters in alice's mailbox")
		h.newest = ["Two files", "Sale", "A very long"]
		for m in (mails.very_long(), mails.with_html(), mails.with_attachments()):  # one by one: their order is known
			h.deliver(bytes(m), alice)
		h.deliver(bytes(mails.plain("Read me", "It is new.")), bob)
		h.total = 55 + len(h.newest)
		yield h


@pytest.fixture
def browser():
	"""start a browser: size, scheme, language, script, downloads, log"""
	if not webdriver or not shutil.which("chromium") or not shutil.which("chromedriver"):
		pytest.skip("needs the packages chromium, chromium-driver and python3-selenium")
	started = []
	profile = tempfile.mkdtemp(prefix="intimail-browser.")

	def start(size=(1280, 900), scheme="light", language="en", script=True, downloads=None, log=False):
		o = webdriver.ChromeOptions()
		for a in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
				"--disable-component-update", "--no-first-run", f"--user-data-dir={profile}/{len(started)}"):
			o.add_argument(a)
		o.set_capability("acceptInsecureCerts", True)
		prefs = {"intl.accept_languages": language, "credentials_enable_service": False}
		if not script:
			prefs["profile.managed_default_content_settings.javascript"] = 2
		if downloads:
			prefs["download.default_directory"] = str(downloads)
		o.add_experimental_option("prefs", prefs)
		if log:
			o.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
		b = webdriver.Chrome(options=o, service=Service(shutil.which("chromedriver")))
		started.append(b)
		b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
			{"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500})
		b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
		return b

	yield start
	for b in started:
		b.quit()
	shutil.rmtree(profile, ignore_errors=True)
