# SPDX-License-Identifier: ISC
"""One private server for all tests that only look at it or add to it; tests that stop or change one make their own."""
import os

import pytest

from household import BUILD, Household


@pytest.fixture(scope="session")
def programs():
	"""the directory of the built programs"""
	if not (BUILD / "bin/intimail-private").exists():
		pytest.fail(f"{BUILD}/bin/intimail-private is not there: run make first")
	if os.geteuid() != 0:
		pytest.skip("private servers are started by root")
	return BUILD / "bin"


@pytest.fixture(scope="session")
def server(programs):
	with Household("example.org") as h:
		h.add_user("alice", "--admin", "--address", "al.ice@example.org", name="Alice Martin")
		h.add_user("bob")
		yield h
