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


ARGS = {"intimail-user": ["list"], "intimail-alias": ["list"], "intimail-directory": ["audit"], "intimail-list": ["list"],
        "intimail-queue": ["list"], "intimail-trace": ["bob"], "intimail-setup": ["--source", REPO], "intimail-index": ["check", "bob"],
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


def test_no_command():
    r = run("intimail")
    assert (r.returncode, r.stdout, r.stderr) == (64, run("intimail", "help").stdout, "intimail: a command is missing\n")


@pytest.mark.parametrize("program", PROGRAMS)
def test_summaries(program):
    assert run(program, "--help").stdout.split("\n")[1][0].isupper()


def complete(*words, cwd=None, setup=""):
    """what bash offers for the last of the words"""
    script = f"""source <("$1" --completion); {setup}
shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _"$FUNCTION"; printf '%s\\n' "${{COMPREPLY[@]}}" """
    r = subprocess.run(["bash", "-uc", script, "bash", BUILD / "bin" / words[0], *words], capture_output=True, text=True, timeout=60,
                       check=True, cwd=cwd, env={"PATH": f"{BUILD}/bin:/usr/bin:/bin", "FUNCTION": words[0].replace("-", "_")})
    assert r.stderr == ""
    return sorted(r.stdout.split())


COMMON = ["--config", "--help", "--json", "--verbose", "--version"]
PEOPLE = ["add", "delete", "disable", "enable", "expire", "help", "list", "passwd", "reset", "set", "show"]


def test_completion_of_subcommands_and_options():
    assert complete("intimail-user", "") == PEOPLE
    assert complete("intimail-user", "s") == ["set", "show"]
    assert complete("intimail-user", "--json", "-c", "add", "de") == ["delete"]  # add is a file's name here
    assert complete("intimail-user", "--v") == ["--verbose", "--version"]
    own = set(re.findall(r"--[a-z-]+", re.search(r"^  add .*?(?=^  \w)", run("intimail-user", "--help").stdout, re.M | re.S).group()))
    assert complete("intimail-user", "add", "--") == sorted(own | set(COMMON) | {"--as"}) and "--name" in own
    assert complete("intimail-user", "add", "bob", "--q") == ["--quota"]
    assert complete("intimail-user", "add", "--quota", "") == complete("intimail-user", "add", "--quota", "--") == []
    assert complete("intimail-user", "list", "--na") == []
    assert complete("intimail-user", "add", "") == []


def test_completion_of_files(tmp_path):
    (tmp_path / "a b.eml").touch()
    (tmp_path / "also").mkdir()
    assert complete("intimail-message", "a", cwd=tmp_path) == ["a", "also", "b.eml"]  # split here, not by bash
    assert complete("intimail-message", "--text", "x.eml", "a", cwd=tmp_path) == ["a", "also", "b.eml"]
    assert complete("intimail-message", "--part", "a", cwd=tmp_path) == []
    assert complete("intimail-private", "start", "a", cwd=tmp_path) == ["also"]
    assert complete("intimail-private", "start", "--source", "a", cwd=tmp_path) == ["also"]
    assert complete("intimail-user", "-c", "al", cwd=tmp_path) == ["also"]
    assert complete("intimail-user", "--config", "=", "al", cwd=tmp_path) == ["also"]  # as bash splits --config=al
    assert complete("intimail-user", "--config", "=", cwd=tmp_path) == ["a", "also", "b.eml"]
    assert complete("intimail-user", "--config", "=", "x", "s", cwd=tmp_path) == ["set", "show"]


def test_completion_of_verbs():
    verbs = sorted([p.removeprefix("intimail-") for p in PROGRAMS if p != "intimail"] + ["help"])
    assert complete("intimail", "") == verbs == complete("intimail", "--json", "help", "")
    assert complete("intimail", "us") == ["user"]
    assert complete("intimail", "--v") == ["--verbose", "--version"]
    assert complete("intimail", "user", "") == PEOPLE
    assert complete("intimail", "--verbose", "user", "add", "--q") == ["--quota"]
    assert complete("intimail", "nope", "") == complete("intimail", "../x", "$(id)") == []


@pytest.mark.parametrize("program", [p for p in PROGRAMS if p != "intimail-deliver"])
def test_completion_is_clean(program):
    r = run(program, "--completion")
    assert r.returncode == 0 and r.stderr == "" and "--completion" not in run(program, "--help").stdout
    for check in (["bash", "-n"], ["shellcheck", "-s", "bash", "-"]):
        try:
            c = subprocess.run(check, input=r.stdout, capture_output=True, text=True, timeout=60, check=False)
        except FileNotFoundError:
            continue
        assert c.returncode == 0, c.stdout + c.stderr


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
    wanted |= {f"usr/share/bash-completion/completions/{p}" for p in PROGRAMS
               if not (tmp_path / "usr/libexec/intimail" / p).exists()}
    wanted |= {f"usr/libexec/intimail/cgi/{p.name}" for p in (BUILD / "cgi").iterdir()}
    wanted |= {f"usr/share/intimail/templates/{p.name}" for p in (REPO / "cgi/templates").iterdir()}
    assert wanted <= there, wanted - there
    r = subprocess.run([tmp_path / "usr/bin/intimail", "user", "--version"], capture_output=True, text=True, check=True)
    assert r.stdout.startswith("intimail-user ")  # found in the sbin beside the bin
