#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""The demo behind "make run": a private server with three people and real mail, until Ctrl-C.

make run [DIR=directory] [KEEP=1]     DIR: not a new one below /var/tmp; KEEP=1: the directory stays at the end

As many of them as you like may run at once.
"""
import os
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "system"))

from household import BUILD, Household, await_that  # noqa: E402

PEOPLE = (  # uid, name, options, remark
	("alice", "Alice Martin", ("--admin", "--quota", "2G"), "administrator; the mail below is hers"),
	("bob", "Bob Martin", ("--quota", "500M"), ""),
	("carol", "Carol Martin", ("--quota", "5k"), "her mailbox is full"),
)


def say(text=""):
	print(text, flush=True)


class Ended(Exception):
	"""by a signal"""


def end(number, _frame):
	raise Ended(signal.Signals(number).name)


def people(h):
	known = {line.split()[0] for line in h.user("list").splitlines()[1:]}
	for uid, name, options, _ in PEOPLE:
		if uid in known:  # a directory that was kept: another password
			h.set_password(uid)
		else:
			h.add_user(uid, *options, name=name)


def mail(h):
	"""the demo messages to Alice, one that fills Carol's mailbox, and one to Bob and Carol together"""
	folder = HERE / "data/demo"
	queued = [(h.send(f.read_bytes(), "alice@" + h.domain)[0], 1) for f in sorted(folder.glob("*.eml"))]
	h.deliver((folder / "04-attachments.eml").read_bytes(), "carol@" + h.domain)
	both = h.send((folder / "03-newsletter.eml").read_bytes(), ["bob@" + h.domain, "carol@" + h.domain], announce=False)[0]
	queued += [(h.send((folder / "01-welcome.eml").read_bytes(), "postmaster@" + h.domain)[0], 1), (both, 2)]
	for queue_id, n in queued:
		h.await_fates(queue_id, n)
	sent = [f for q, _ in queued for f in h.fates(q).values() if f[1] == "sent"]
	say(f"  {len(sent) + 1} delivered")
	for to, (_, state, text) in h.fates(both).items():
		say(f"  one message to two people: {to} {state}" + ("" if state == "sent" else f" ({text.split(': ')[-1].strip()})"))


def show(h):
	say()
	say(f"  webmail    {h.status['https']}/   (self-signed certificate)")
	say(f"             {h.status['http']}/   (without TLS)")
	for uid, _, _, remark in PEOPLE:
		say(f"  account    {uid:6} password {h.passwords[uid]}" + (f"   {remark}" if remark else ""))
	say(f"  SMTP       {h.status['smtp']}   for *@{h.domain}, for example:")
	say(f"             swaks --server {h.status['smtp']} --to alice@{h.domain}")
	say(f"  directory  {h.dir}")
	say(f"  programs   {BUILD}/bin/intimail-user -c {h.status['config']} list")
	say()


def main():
	if os.geteuid() != 0:
		sys.exit("make run: the servers run as users of their own, only root can start them: sudo make run")
	given = os.environ.get("DIR")
	existed = bool(given) and os.path.exists(given)
	keep = os.environ.get("KEEP", "0") not in ("", "0") or existed
	for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
		signal.signal(s, end)
	h = Household("example.org", directory=given, keep=keep)
	try:
		say(f"starting slapd, Postfix and lighttpd in {h.dir}")
		with h:
			say("making three people")
			people(h)
			say("sending mail")
			mail(h)
			show(h)
			say("Ctrl-C ends it." if keep else "Ctrl-C ends it and removes the directory.")
			await_that(lambda: False, "", patience=float("inf"), step=3600)
	except Ended:
		say(f"\nended; {h.dir} stays" if keep else f"\nended, {h.dir} is removed")


if __name__ == "__main__":
	main()
