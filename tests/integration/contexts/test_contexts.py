"""Context labels: each line is labelled with the route or request that ran it, what ran before routing too."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

APPLICATION = Path(__file__).resolve().parent / "application.py"
FIRST, SECOND = ("GET", "/runs/"), ("POST", "/second")


def play(framework: str, context: str) -> dict[str, set[int]]:
    done = subprocess.run(
        [sys.executable, str(APPLICATION), framework, context], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return {label: set(lines) for label, lines in json.loads(done.stdout).items()}


def line_of(text: str) -> int:
    """Return the number of the one line with this text."""
    (number,) = [n for n, line in enumerate(APPLICATION.read_text().splitlines(), 1) if line.strip() == text]
    return number


BEFORE = line_of('return "before routing"')
SHARED = line_of('return "shared"')
ONLY_FIRST = line_of("return shared()")
ONLY_SECOND = line_of("return value * 2")


@pytest.mark.parametrize("framework", ["flask", "starlette"])
def test_one_label_a_profile_by_default(framework: str) -> None:
    labels = play(framework, "profile")
    assert list(labels) == ["profile:one"]
    assert labels["profile:one"] >= {BEFORE, SHARED, ONLY_FIRST, ONLY_SECOND}


@pytest.mark.parametrize(("framework", "first"), [("flask", "/runs/<int:run>"), ("starlette", "/runs/{run}")])
def test_a_routes_label_has_what_ran_before_routing_and_nothing_of_other_routes(framework: str, first: str) -> None:
    labels = play(framework, "route")
    assert set(labels) == {f"profile:one|GET {first}", "profile:one|POST /second"}
    assert labels[f"profile:one|GET {first}"] >= {BEFORE, SHARED, ONLY_FIRST}
    assert labels["profile:one|POST /second"] >= {BEFORE, SHARED, ONLY_SECOND}
    assert ONLY_SECOND not in labels[f"profile:one|GET {first}"]
    assert ONLY_FIRST not in labels["profile:one|POST /second"]


@pytest.mark.parametrize("framework", ["flask", "starlette"])
def test_each_request_has_a_label_with_its_id_and_all_its_lines(framework: str) -> None:
    labels = play(framework, "request")
    assert set(labels) == {f"profile:one:{kind}{number}" for kind in "rs" for number in range(3)}
    for number in range(3):
        assert labels[f"profile:one:r{number}"] >= {BEFORE, SHARED, ONLY_FIRST}
        assert labels[f"profile:one:s{number}"] >= {BEFORE, SHARED, ONLY_SECOND}
        assert ONLY_SECOND not in labels[f"profile:one:r{number}"]
