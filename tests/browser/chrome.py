# SPDX-License-Identifier: ISC
"""Chromium for tests: quiet, nothing fetched on its own, every host but ours led to a canary."""
import contextlib
import shutil
import socket
import struct
import tempfile
import threading

import pytest

try:
	from selenium import webdriver
	from selenium.webdriver.chrome.service import Service
except ImportError:
	webdriver = None

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions", "--disable-default-apps",
	"--disable-client-side-phishing-detection", "--metrics-recording-only", "--no-default-browser-check", "--ignore-certificate-errors",
	"--disable-features=OptimizationHints,MediaRouter,Translate,HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LocalNetworkAccessChecks",
	"--password-store=basic", "--window-size=1280,900")

# what Chromium asks for by itself: its start page, and services that no flag turns off
BROWSER_OWN = {"start.duckduckgo.com", "www.google.com", "accounts.google.com", "android.clients.google.com", "clients2.google.com",
	"content-autofill.googleapis.com", "optimizationguide-pa.googleapis.com", "update.googleapis.com", "redirector.gvt1.com"}


def need():
	if not webdriver or not shutil.which("chromium") or not shutil.which("chromedriver"):
		pytest.skip("needs the packages chromium, chromium-driver and python3-selenium")


@contextlib.contextmanager
def chrome(canary=None, prompts="dismiss and notify"):
	"""a browser; with a canary, whatever host a page names, the connection goes there"""
	need()
	profile = tempfile.mkdtemp(prefix="intimail-chrome.")
	o = webdriver.ChromeOptions()
	for f in FLAGS:
		o.add_argument(f)
	o.add_argument(f"--user-data-dir={profile}")
	if canary:
		o.add_argument(f"--host-resolver-rules=MAP * 127.0.0.1:{canary.port}, EXCLUDE 127.0.0.1")
	o.set_capability("unhandledPromptBehavior", prompts)
	o.set_capability("acceptInsecureCerts", True)
	b = webdriver.Chrome(options=o, service=Service(shutil.which("chromedriver")))
	try:
		b.set_page_load_timeout(60)
		b.set_script_timeout(60)
		yield b
	finally:
		b.quit()
		shutil.rmtree(profile, ignore_errors=True)


class Canary:
	"""a server that notes who was asked for: the Host of a request, or the name in a TLS greeting"""

	def __init__(self):
		self.s = socket.create_server(("127.0.0.1", 0), backlog=512)
		self.port = self.s.getsockname()[1]
		self.hosts = []
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				c, _ = self.s.accept()
			except OSError:
				return
			threading.Thread(target=self.serve, args=(c,), daemon=True).start()

	def serve(self, c):
		with contextlib.suppress(OSError), c:
			c.settimeout(5)
			data = c.recv(8192)
			host = name_of(data)
			if host not in BROWSER_OWN:
				self.hosts.append(host)
			c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\r\n")

	def take(self):
		seen, self.hosts = self.hosts, []
		return seen

	def close(self):
		self.s.close()


def name_of(data):
	if data[:1] == b"\x16":
		return sni(data) or "tls"
	lines = data.decode("latin-1").split("\r\n")
	host = next((x[5:].strip() for x in lines[1:] if x.lower().startswith("host:")), "")
	return host or lines[0][:60] or "nothing"


def sni(d):
	"""the server name of a ClientHello (RFC 8446 4.1.2, RFC 6066 3)"""
	try:
		i = 43 + 1 + d[43]
		i += 2 + struct.unpack_from(">H", d, i)[0]
		i += 1 + d[i] + 2
		while i < len(d):
			kind, n = struct.unpack_from(">HH", d, i)
			if kind == 0:
				return d[i + 9:i + 4 + n].decode()
			i += 4 + n
	except (struct.error, IndexError):
		return None
	return None
