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

import chrome  # noqa: E402
import mails  # noqa: E402
from household import BUILD, Household, await_that  # noqa: E402


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


def start_browser(profile, language, script, downloads, log):
	o = chrome.webdriver.ChromeOptions()
	for a in (*chrome.FLAGS, f"--user-data-dir={profile}"):
		o.add_argument(a)
	prefs = {"intl.accept_languages": language, "credentials_enable_service": False}
	if not script:
		prefs["profile.managed_default_content_settings.javascript"] = 2
	if downloads:
		prefs["download.default_directory"] = str(downloads)
	o.add_experimental_option("prefs", prefs)
	if log:
		o.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
	return chrome.webdriver.Chrome(options=o, service=chrome.Service(shutil.which("chromedriver")))


@pytest.fixture(scope="session")
def plain_browser():
	"""of those who want nothing special: starting one takes longer than most tests"""
	chrome.need()
	with tempfile.TemporaryDirectory(prefix="intimail-browser.", ignore_cleanup_errors=True) as profile:
		b = start_browser(profile, "en", True, None, False)
		yield b
		b.quit()


@pytest.fixture
def browser(plain_browser):
	"""a browser that is signed in nowhere: size, scheme; and one of its own with language, script, downloads, log"""
	started = []
	with tempfile.TemporaryDirectory(prefix="intimail-browser.", ignore_cleanup_errors=True) as profile:

		def get(size=(1280, 900), scheme="light", language="en", script=True, downloads=None, log=False):
			if language != "en" or not script or downloads or log:
				started.append(start_browser(f"{profile}/{len(started)}", language, script, downloads, log))
				b = started[-1]
			else:
				b = plain_browser
				b.get("about:blank")
				b.execute_cdp_cmd("Network.clearBrowserCookies", {})
			b.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
				{"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500})
			b.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
			return b

		yield get
		for b in started:
			b.quit()
