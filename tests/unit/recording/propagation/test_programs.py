"""Which programs are taken for Python, and what children have in their environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from profcov.recording.propagation.programs import Program

if TYPE_CHECKING:
    from pathlib import Path

LONG = "#!/bin/sh\n'''exec' \"/a long/path/python3.12\" \"$0\" \"$@\"\n' '''\nprint(1)\n"


@pytest.mark.parametrize(
    ("text", "is_python", "may_start_it"),
    [
        ("#!/usr/bin/python3\n", True, False),
        ("#!/opt/venv/bin/python3.12 -I\n", True, False),
        ("#!/usr/bin/env python\n", True, False),
        ("#!/usr/bin/env -S PYTHONUTF8=1 python3 -X dev\r\n", True, False),
        ("#!/usr/bin/pypy3\n", True, False),
        (LONG, True, False),
        (LONG.replace('"/a long/path/python3.12"', "/path/python3"), True, False),
        ("#!/bin/sh\npython x\n", False, True),
        ("#!/usr/bin/env bash\n", False, True),
        ("#!/usr/bin/perl\n# python\n", False, False),
        ("#!\n", False, False),
        ("#", False, False),
        ("\x7fELF python", False, False),
        ("", False, False),
    ],
)
def test_a_script_is_what_its_first_line_names(tmp_path: Path, text: str, is_python: bool, may_start_it: bool) -> None:
    script = tmp_path / "script"
    script.write_text(text)
    program = Program(str(script), [])
    assert (program.is_python, program.may_start_python) == (is_python, may_start_it)


@pytest.mark.parametrize(
    ("words", "is_python", "may_start_it"),
    [
        ([sys.executable, "-c", "1"], True, False),
        (["python3.99"], True, False),
        ([b"/nowhere/python", b"\xff"], True, False),
        (["/bin/sh", "-c", "true"], False, True),
        (["timeout", "5", "python3", "x"], False, True),
        (["uv", "run", "x.py"], False, True),
        (["/usr/bin/env"], False, False),
        (
            ["/no/such/program", "pythonic"],
            False,
            True,
        ),  # what may be Python is given a slug in an environment that has it
        (["git", "log"], False, False),
        (["/"], False, False),
        ([""], False, False),
    ],
)
def test_a_program_is_known_by_its_name_and_a_launcher_by_its_words(
    words: list[str], is_python: bool, may_start_it: bool
) -> None:
    program = Program(words[0], words[1:], os.get_exec_path())
    assert (program.is_python, program.may_start_python) == (is_python, may_start_it)


def test_a_link_to_an_interpreter_is_one_and_a_name_is_looked_for_where_the_child_would(tmp_path: Path) -> None:
    (tmp_path / "tool").symlink_to(sys.executable)
    assert Program("tool", [], [str(tmp_path / "none"), str(tmp_path)]).is_python
    assert Program("./tool", [], (), tmp_path).is_python
    assert not Program("tool", [], [str(tmp_path / "none")]).is_python


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not Program(str(tmp_path / "pipe"), []).is_python


PROGRAM = """
import json, os, subprocess, sys
import profcov
from profcov.settings import Settings

show = "import json, os; print(json.dumps(dict(os.environ)))"
own = {"ONLY": "1", "LC_CTYPE": "C.UTF-8"}  # or Python puts the second there by itself
python = [sys.executable, "-c", show]


def read(words, **options):
    told = subprocess.run(words, capture_output=True, text=True, check=True, **options).stdout
    if told.startswith("{"):
        return json.loads(told)
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def fork(start):
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(writer, 1)
        start()
    os.close(writer)
    with open(reader) as file:
        told = file.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(told)


with profcov.trace("demo", Settings.from_environ()) as unit:
    assert unit.status == "traced", unit.status
    seen = {
        "env, its own": read(["/usr/bin/env"], env=own),
        "env": read(["/usr/bin/env"]),
        "sh, its own": read("env", shell=True, env={**own, "PATH": os.environ["PATH"]}),
        "sh": read("env", shell=True),
        "sh, made from ours": read(["sh", "-c", "env"], env={**os.environ, "ONLY": "1"}),
        "python, its own": read(python, env=own),
        "python": read(python),
        "python, read once": read(iter(python), env=own),
        "python, bytes": read(python, env={name.encode(): value.encode() for name, value in own.items()}),
        "python by exec": fork(lambda: os.execve(sys.executable, python, own)),
        "python by exec, ours": fork(lambda: os.execv(sys.executable, python)),
    }
    try:
        subprocess.Popen([])
    except IndexError:
        pass
print(json.dumps([dict(os.environ), own, seen]))
"""


def test_a_child_is_given_what_it_needs_for_the_slug_if_it_is_python_and_never_the_secret(tmp_path: Path) -> None:
    (tmp_path / "measured.ini").write_text(f"[run]\nsource = {tmp_path}\n")
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PROGRAM],  # a thread of ours, and a fork
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "LC_CTYPE": "C.UTF-8",
            "ENABLE_PROFILE_COVERAGE": "1",
            "PROFILE_COVERAGE_DIR": "data",
            "PROFILE_COVERAGE_CONFIG": "measured.ini",
            "PROFILE_COVERAGE_FLUSH_SECONDS": "7",
            "PROFILE_COVERAGE_ALLOW": "d*",
            "PROFILE_COVERAGE_SECRET": "the-signing-secret-0123456789",
        },
    )
    assert done.stderr == ""
    process, own, seen = json.loads(done.stdout)
    paths = {
        "PROFILE_COVERAGE_DIR": str(tmp_path / "data"),
        "PROFILE_COVERAGE_CONFIG": str(tmp_path / "measured.ini"),
        "PROFILE_TRACE_SLUG": "demo",
    }
    alone = {**own, **paths, "ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_FLUSH_SECONDS": "7.0"}
    inherited = {**process, **paths}
    noise = {"_", "PWD", "SHLVL", "OLDPWD"}  # what a shell adds
    assert {name: {k: v for k, v in found.items() if k not in noise} for name, found in seen.items()} == {
        "env, its own": own,
        "env": process,
        "sh, its own": {**own, "PATH": process["PATH"]},
        "sh": inherited,
        "sh, made from ours": {**inherited, "ONLY": "1"},
        "python, its own": alone,
        "python": inherited,
        "python, read once": alone,
        "python, bytes": alone,
        "python by exec": alone,
        "python by exec, ours": inherited,
    }
