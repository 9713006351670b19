"""The benchmark runs from end to end; what its figures are is no test's business."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).parents[3] / "tools" / "bench"
MONITORING = sys.version_info >= (3, 12)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """What ``overhead.py --quick`` prints and writes."""
    output = tmp_path_factory.mktemp("bench") / "made" / "overhead.json"
    words = [sys.executable, str(BENCH / "overhead.py"), "--quick", "--output", str(output)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout, json.loads(output.read_text(encoding="utf-8"))


def test_every_workload_is_measured_in_every_variant_and_load(benchmark: tuple[str, dict[str, Any]]) -> None:
    (run,) = benchmark[1]["runs"]
    variants: dict[tuple[str, str], set[str]] = {}
    for figure in run["figures"]:
        variants.setdefault((figure["workload"], figure["load"]), set()).add(figure["variant"])
    sysmon = {"sysmon"} if MONITORING else set()
    plain = {"without", "again", "idle", "one"}
    served = plain | {"eight", "ctrace", "each"} | sysmon
    assert variants == {
        ("cpu", "steady"): plain | {"first", "ctrace", "each"} | sysmon,
        ("cpu", "eight"): {"without", "eight", "ctrace"} | sysmon,
        ("cpu", "hot"): {"without", "worst-never", "worst-been", "worst-inside", "ctrace"} | sysmon,
        ("flask", "steady"): served,
        ("starlette", "steady"): served,
        ("empty", "steady"): plain | {"eight"},
        ("empty-served", "steady"): plain,
    }


def test_each_ratio_is_taken_once_a_round_and_its_median_lies_between_the_quartiles(
    benchmark: tuple[str, dict[str, Any]],
) -> None:
    document = benchmark[1]
    rounds = document["plan"]["rounds"] * document["plan"]["restarts"]
    for figure in document["runs"][0]["figures"]:
        spread = figure["ratio"]
        assert len(figure["ratios"]) == rounds
        assert 0 < spread["low"] <= spread["median"] <= spread["high"]
        if figure["variant"] == "without":
            assert set(figure["ratios"]) == {1.0}


def test_goals_say_whether_they_are_reached(benchmark: tuple[str, dict[str, Any]]) -> None:
    screen, document = benchmark
    goals = document["runs"][0]["goals"]
    assert len(goals) == (16 if MONITORING else 1)
    assert all(goal["reached"] == (goal["measured"] <= goal["limit"]) for goal in goals)
    assert screen.count("NOT reached") == sum(not goal["reached"] for goal in goals)


def test_the_table_fits_80_columns_and_the_machine_is_described(benchmark: tuple[str, dict[str, Any]]) -> None:
    screen, document = benchmark
    assert not [line for line in screen.splitlines() if len(line) > 80 and not line.startswith("written to")]
    assert document["machine"]["cores"] >= 1
    assert document["runs"][0]["python"] == sys.version.split()[0]
    assert {"coverage", "flask", "profcov"} <= set(document["runs"][0]["versions"])


def test_a_python_without_profcov_is_left_out_and_reported(tmp_path: Path) -> None:
    missing = str(tmp_path / "python")
    words = [sys.executable, str(BENCH / "overhead.py"), "--python", missing, "--output", str(tmp_path / "none.json")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"Python {missing} is left out" in done.stderr
    assert not (tmp_path / "none.json").exists()
