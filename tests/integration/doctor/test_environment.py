"""What the doctor says of the environment variables: each with its value, and whether that makes sense."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.doctor.conftest import Report


def lines(report: Report, level: str) -> list[str]:
    return [each["what"] for each in report.of("environment") if each["level"] == level]


def test_profcov_switched_off_is_a_warning(examine: Callable[..., Report]) -> None:
    for value in ("0", "off"):
        report = examine(ENABLE_PROFILE_COVERAGE=value)
        assert report.code == 0
        (warned,) = lines(report, "warning")
        assert warned.endswith(": profcov is off")
    assert lines(examine(ENABLE_PROFILE_COVERAGE=""), "warning") == [
        "ENABLE_PROFILE_COVERAGE is not set: what starts here records only below profcov run"
    ]


def test_where_profcov_run_starts_the_servers_nothing_is_reported_as_off(
    examine: Callable[..., Report], place: Path, environ: dict[str, str]
) -> None:
    run = [sys.executable, "-m", "profcov", "run", "--"]
    below = subprocess.run(
        [*run, *run[:3], "doctor", "-v"], cwd=place, env=environ, capture_output=True, text=True, check=True
    )
    report = examine(ENABLE_PROFILE_COVERAGE="")
    assert lines(report, "warning") == []
    assert "profcov is off" not in report.stdout + below.stdout
    assert "profcov run started" not in below.stdout


def test_every_value_that_is_set_is_shown_and_every_default_of_the_others(
    examine: Callable[..., Report], place: Path
) -> None:
    said = lines(examine(PROFILE_COVERAGE_CONTEXT="route"), "ok")
    assert "ENABLE_PROFILE_COVERAGE=1" in said
    assert "PROFILE_COVERAGE_CONTEXT=route" in said
    assert "PROFILE_COVERAGE_ENGINE is not set: auto" in said
    assert f"PROFILE_COVERAGE_DIR is not set: {place / '.profcov'}" in said


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("ENABLE_PROFILE_COVERAGE", "perhaps", "set it to one of 1, true"),
        ("PROFILE_COVERAGE_ENGINE", "fast", "set it to one of auto, monitoring, ctrace"),
        ("PROFILE_COVERAGE_CONTEXT", "user", "set it to one of profile, route, request"),
        ("PROFILE_COVERAGE_FLUSH_SECONDS", "-1", "set it to a number above 0"),
        ("PROFILE_COVERAGE_MAX_PROFILES", "many", "set it to a whole number above 0"),
        ("PROFILE_TRACE_SLUG", "no slug!", "correct it"),
    ],
)
def test_a_value_that_makes_no_sense_is_a_problem(
    examine: Callable[..., Report], name: str, value: str, advice: str
) -> None:
    report = examine(**{name: value})
    assert (report.code, report.problems) == (1, {"environment"})
    (finding,) = [each for each in report.of("environment") if each["level"] == "problem"]
    assert name in finding["what"]
    assert value in finding["what"]
    assert finding["advice"].startswith(advice)


def test_a_misspelt_name_is_warned_of_with_the_right_one_and_without_its_value(examine: Callable[..., Report]) -> None:
    report = examine(PROFILE_COVERAGE_ENGIN="ctrace", PROFILE_COVERAGE_TOKEN_X="hunter2")
    assert lines(report, "warning") == [
        "PROFILE_COVERAGE_ENGIN is not a variable of profcov's",
        "PROFILE_COVERAGE_TOKEN_X is not a variable of profcov's",
    ]
    assert "did you mean PROFILE_COVERAGE_ENGINE?" in report.stdout
    assert "hunter2" not in report.stdout + report.stderr
