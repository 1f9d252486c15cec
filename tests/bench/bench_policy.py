#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""RCPT checks per second through Postfix's policy protocol, one client, a small household and a large one; its memory

usage: BUILD=... bench_policy.py [seconds for each measurement, 3]
"""
import itertools
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "system"))

from household import Household  # noqa: E402
from test_policy import Policy  # noqa: E402

DOMAIN, BASE = "bench.test", "dc=bench,dc=test"
SENDER = "someone@elsewhere.test"


def entries(people, lists):
	for n in range(people):
		yield (f"dn: uid=p{n},ou=people,{BASE}\nobjectClass: inetOrgPerson\nobjectClass: intimailUser\nuid: p{n}\ncn: p{n}\nsn: p{n}\n"
			f"mail: p{n}@{DOMAIN}\nmailAlias: p{n}@{DOMAIN}\nmailEnabled: TRUE\nmailQuota: 1000000000\n\n")
	for n in range(lists):
		members = "".join(f"memberUid: p{(n * 7 + k) % people}\n" for k in range(min(20, people)))
		yield (f"dn: cn=l{n},ou=groups,{BASE}\nobjectClass: posixGroup\nobjectClass: intimailList\ncn: l{n}\ngidNumber: {6000 + n}\n"
			f"mail: l{n}@{DOMAIN}\nmailAlias: l{n}@{DOMAIN}\nmailEnabled: TRUE\nmailListPost: members\n{members}\n")


def rate(h, questions, seconds):
	count, begin = 0, time.monotonic()
	with Policy(h) as p:
		for recipient, sender in itertools.cycle(questions):
			answer = p.ask(recipient=recipient, sender=sender, size="2000")
			assert answer and not answer.startswith("45"), (recipient, answer)
			count += 1
			if count % 64 == 0 and time.monotonic() - begin > seconds:
				return count / (time.monotonic() - begin)


def measure(people, lists, seconds):
	with Household(DOMAIN) as h:
		r = subprocess.run(["ldapadd", "-Q", "-Y", "EXTERNAL", "-H", h.status["ldap_uri"]], input="".join(entries(people, lists)),
			capture_output=True, text=True, check=False)
		assert r.returncode == 0, r.stderr
		h.deliver("Subject: x\n\nx", f"p1@{DOMAIN}")  # one mailbox that is there
		person = [(f"p{n}@{DOMAIN}", SENDER) for n in range(people)]
		listed = [(f"l{n}@{DOMAIN}", f"p{n * 7 % people}@{DOMAIN}") for n in range(lists)]
		unknown = [(f"u{n}@{DOMAIN}", SENDER) for n in range(1000)]
		pid = h.status["servers"]["policy"]["pid"]
		result = {"people": people, "lists": lists, "persons_per_s": round(rate(h, person, seconds)),
			"lists_per_s": round(rate(h, listed, seconds)), "unknown_per_s": round(rate(h, unknown, seconds))}
		result["pss_kb"] = sum(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
			if line.startswith("Pss:"))
		return result


def main():
	seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3
	for people, lists in (10, 2), (1000, 200):
		print(json.dumps(measure(people, lists, seconds)), flush=True)


if __name__ == "__main__":
	main()
