"""What all programs have in common: help, version, wrong options, a wrong configuration; intimail VERB; make install.

SPDX-License-Identifier: ISC
"""
import json
import os
import pathlib
import re
import subprocess

import pytest

REPO = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD") or REPO / "build").resolve()
VERSION = re.search(r'#define IM_VERSION "([^"]+)"', (REPO / "lib/base/cmdline.h").read_text()).group(1)
PROGRAMS = sorted(p.name for p in (BUILD / "bin").iterdir())
WITH_CONF = [p for p in PROGRAMS if p not in ("intimail", "intimail-message", "intimail-private")]


def run(program, *args, **kw):
    return subprocess.run([str(BUILD / "bin" / program), *map(str, args)], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, **kw)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_and_version(program):
    r = run(program, "--help")
    assert r.returncode == 0 and r.stdout.startswith(f"Usage: {program} ") and r.stderr == ""
    assert "--version" in r.stdout
    r = run(program, "--version")
    assert (r.returncode, r.stdout, r.stderr) == (0, f"{program} (intimail) {VERSION}\n", "")


@pytest.mark.parametrize("program", PROGRAMS)
def test_wrong_option(program):
    r = run(program, "--no-such-option")
    if program == "intimail-deliver":  # a slip in master.cf must not bounce mail; pipe(8) reads a status code first
        assert r.returncode == 75 and re.match(r"4\.\d+\.\d+ ", r.stdout + r.stderr)
    else:
        assert r.returncode == 64 and r.stdout == ""
        assert r.stderr.startswith(f"{program}: ") and r.stderr.count("\n") == 1 and "--no-such-option" in r.stderr


ARGS = {"intimail-user": ["list"], "intimail-setup": ["--source", REPO], "intimail-index": ["check", "bob"],
        "intimail-deliver": ["-f", "a@example.org", "--", "bob@example.org"]}


@pytest.mark.parametrize("program", WITH_CONF)
@pytest.mark.parametrize("text,says", [(None, "No such file"), ("domain = a..b\n", ":1: domain = a..b"),
                                       ("domain = example.org\ncolour = blue\n", ':2: unknown key "colour"')])
def test_wrong_configuration(program, text, says, tmp_path):
    conf = tmp_path / "intimail.conf"
    if text is not None:
        conf.write_text(text)
    r = run(program, "-c", conf, *ARGS.get(program, []))
    if program == "intimail-deliver":
        assert r.returncode == 75 and re.match(r"4\.\d+\.\d+ ", r.stdout + r.stderr)
    else:
        assert r.returncode == 78, r.stderr
        assert says in r.stderr and r.stderr.count("\n") == 1


def test_verbs():
    r = run("intimail", "--json", "help")
    verbs = {v["command"]: v["summary"] for v in json.loads(r.stdout)}
    assert sorted("intimail-" + v for v in verbs) == [p for p in PROGRAMS if p != "intimail"]
    assert all(verbs.values()), verbs
    text = run("intimail", "help").stdout
    assert all(re.search(rf"^  {v} ", text, re.M) for v in verbs)
    r = run("intimail", "user", "--version")
    assert r.stdout == f"intimail-user (intimail) {VERSION}\n"
    assert run("intimail", "help", "user").stdout == run("intimail-user", "--help").stdout
    assert run("intimail", "user", "--nope").returncode == 64


@pytest.mark.parametrize("verb", ["nope", "../bin/intimail-user", "user/..", "", "-user", "USER", "a" * 300])
def test_wrong_verb(verb):
    r = run("intimail", "--", verb)
    assert r.returncode == 64 and r.stderr.startswith("intimail: ") and r.stderr.count("\n") == 1


def test_verbs_are_not_searched_in_path(tmp_path):
    evil = tmp_path / "intimail-evil"
    evil.write_text("#!/bin/sh\necho evil\n")
    evil.chmod(0o755)
    r = run("intimail", "evil", env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}, cwd=tmp_path)
    assert r.returncode == 64 and "evil\n" not in r.stdout


def test_install(tmp_path):
    """below DESTDIR, as nobody in particular"""
    subprocess.run(["make", "-s", f"BUILD={BUILD}", "DEPS=0", "install", f"DESTDIR={tmp_path}"], cwd=REPO, check=True,
                   capture_output=True, timeout=300)
    there = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    wanted = {"usr/bin/intimail", "usr/bin/intimail-message", "usr/sbin/intimail-user", "usr/sbin/intimail-setup",
              "usr/libexec/intimail/intimail-deliver", "usr/share/intimail/static/version",
              "usr/share/intimail/setup/postfix/main.cf.in", "usr/share/intimail/locale/fr.mo",
              "usr/share/man/man5/intimail.conf.5"}
    wanted |= {f"usr/libexec/intimail/cgi/{p.name}" for p in (BUILD / "cgi").iterdir()}
    wanted |= {f"usr/share/intimail/templates/{p.name}" for p in (REPO / "cgi/templates").iterdir()}
    assert wanted <= there, wanted - there
    r = subprocess.run([tmp_path / "usr/bin/intimail", "user", "--version"], capture_output=True, text=True, check=True)
    assert r.stdout.startswith("intimail-user ")  # found in the sbin beside the bin
