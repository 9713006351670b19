"""The command: how it prints, its exit codes, and Redis."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from typing import TYPE_CHECKING

import click
import coverage
import pytest

import profcov
from profcov.doctor.installation import find_version

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.integration.doctor.conftest import Report

DOCTOR = [sys.executable, "-m", "profcov", "doctor"]


def test_off_a_terminal_each_finding_is_a_line_of_four_cells(place: Path, environ: dict[str, str]) -> None:
    done = subprocess.run(DOCTOR, cwd=place, env=environ, capture_output=True, text=True, check=False)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert {len(row) for row in rows} == {4}
    assert {row[0] for row in rows} <= {"ok", "warning", "problem"}
    warnings = sum(row[0] == "warning" for row in rows)
    told = f"no problems, {warnings or 'no'} warning{'' if warnings == 1 else 's'}; "
    assert re.fullmatch(rf"{told}\d+ more lines with -v, all ok\n", done.stderr)
    assert [row[1] for row in rows if row[0] == "ok"] == ["engine", "source", "data-dir"]


def test_a_value_with_line_breaks_and_tabs_stays_on_its_line(place: Path, environ: dict[str, str]) -> None:
    odd = {**environ, "PROFILE_COVERAGE_CONTEXT_PREFIX": "a\tb\nc\x1b[31m"}
    done = subprocess.run([*DOCTOR, "-v"], cwd=place, env=odd, capture_output=True, text=True, check=False)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert {len(row) for row in rows} == {4}
    assert "PROFILE_COVERAGE_CONTEXT_PREFIX=a\\tb c\\x1b[31m" in [row[2] for row in rows]


@pytest.mark.parametrize("columns", [80, 40])
def test_on_a_terminal_no_line_is_wider_than_it(place: Path, environ: dict[str, str], columns: int) -> None:
    lines = show([*DOCTOR, "-v"], place, environ, columns)
    assert max(map(len, lines)) <= columns
    assert any(re.match("ok +python", line) for line in lines)
    assert lines[-1].startswith("no problems, ")


def test_where_nothing_is_set_up_what_matters_comes_first_and_fits_on_one_screen(environ: dict[str, str]) -> None:
    del environ["ENABLE_PROFILE_COVERAGE"]
    with tempfile.TemporaryDirectory() as place:  # a short path, as people have
        lines = show(DOCTOR, place, environ, 80)
    levels = [line.split()[0] for line in lines if not line.startswith(" ")][:-1]
    assert (len(lines) <= 24, set(levels)) == (True, {"warning", "ok"})
    assert levels == sorted(levels, reverse=True)
    assert sum(level == "warning" for level in levels) >= 4


def show(command: list[str], place: Path | str, environ: dict[str, str], columns: int) -> list[str]:
    """The lines that a command prints on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    sized = {name: value for name, value in environ.items() if name not in {"COLUMNS", "LINES", "NO_COLOR"}}
    with subprocess.Popen(command, cwd=place, env={**sized, "TERM": "xterm"}, stdout=theirs, stderr=theirs) as doctor:
        os.close(theirs)
        printed = read_all(ours)
    assert doctor.returncode == 0
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in printed.splitlines()]


def read_all(descriptor: int) -> str:
    """What a pseudo-terminal was sent until nobody has it open any more: Linux says so with an error."""
    parts = []
    with os.fdopen(descriptor, "rb", buffering=0) as terminal:
        try:
            while part := terminal.read(65536):
                parts.append(part)
        except OSError:
            pass
    return b"".join(parts).decode()


def test_bad_arguments_are_usage_errors_of_one_sentence(examine: Callable[..., Report]) -> None:
    for options in (["--format", "xml"], ["--nothing"], ["more"], ["--redis-url", "localhost"]):
        report = examine(*options)
        assert report.code == 2
        assert report.stderr.splitlines()[-1].startswith("Error: ")


def test_rq_and_redis_are_named_with_their_versions(examine: Callable[..., Report]) -> None:
    report = examine()
    assert report.the("rq")["what"] == f"rq {find_version('rq')}"
    assert report.the("redis")["what"] == f"redis {find_version('redis')}"


def test_without_rq_jobs_are_not_traced_and_that_is_no_problem(
    examine: Callable[..., Report], bare_python: Callable[..., dict[str, Any]]
) -> None:
    report = examine(**bare_python(click, coverage, profcov))
    assert report.code == 0
    assert report.the("rq")["what"] == "rq is not installed: RQ jobs are not traced"
    asked = examine("--redis-url", "redis://127.0.0.1:1/0", **bare_python(click, coverage, profcov))
    assert (asked.code, asked.problems) == (4, {"redis-server"})
    assert "install it with pip install" in asked.the("redis-server")["what"]
    others = examine(REDIS_URL="redis://127.0.0.1:1/0", **bare_python(click, coverage, profcov))
    assert (others.code, others.problems) == (0, set())  # it is for something else


def test_a_package_that_is_broken_is_a_problem(examine: Callable[..., Report], tmp_path: Path) -> None:
    (tmp_path / "rq.py").write_text("1 / 0\n")
    report = examine(PYTHONPATH=str(tmp_path))
    assert report.problems == {"rq"}
    assert report.the("rq")["what"] == "rq cannot be imported: ZeroDivisionError: division by zero"


def test_a_redis_that_answers_is_reported_as_such(examine: Callable[..., Report], redis_url: str) -> None:
    report = examine("--redis-url", redis_url)
    assert report.code == 0
    assert report.the("redis-server") == {
        "level": "ok",
        "check": "redis-server",
        "what": f"{redis_url} answers",
        "advice": "",
    }
    assert examine(REDIS_URL=redis_url).the("redis-server")["level"] == "ok"
    assert examine("--redis-url", "", REDIS_URL="redis://127.0.0.1:1/0").code == 0


def test_a_redis_that_does_not_answer_is_exit_code_4_and_its_password_is_not_printed(
    examine: Callable[..., Report], place: Path
) -> None:
    (place / "taken").write_text("")
    report = examine("--redis-url", "redis://me:hunter2@127.0.0.1:1/0", "--data-dir", "taken")
    assert (report.code, report.problems) == (4, {"redis-server", "data-dir"})
    assert report.the("redis-server")["what"].startswith("redis://me:***@127.0.0.1:1/0: ")
    assert "hunter2" not in report.stdout + report.stderr


def test_a_redis_address_in_the_environment_that_is_none_is_a_problem(examine: Callable[..., Report]) -> None:
    report = examine(REDIS_URL="localhost:6379")
    assert (report.code, report.problems) == (4, {"redis-server"})
    assert report.the("redis-server")["advice"] == "start Redis, or correct REDIS_URL"


def test_without_an_address_redis_is_not_looked_at(examine: Callable[..., Report]) -> None:
    assert examine().of("redis-server") == []
