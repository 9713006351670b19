"""For every case: each slug's lines, by file, equal what coverage.py records when that slug's work runs alone."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from profcov.recording.engine.builds import is_free_threaded
from said import without_start_line
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

EXTENSIONS = ("gevent", "greenlet", "eventlet", "uvloop")
"""They switch the GIL on, or are not built without it: what needs them is left out on a free-threaded build that lacks one."""
LACKS = is_free_threaded() and not all(map(importlib.util.find_spec, EXTENSIONS))
NEEDY = ("greenlets", "switching", "loops")
MODULES = sorted(
    path.stem for path in (HERE / "cases").glob("*.py") if path.stem not in {"__init__", *NEEDY[: 3 * LACKS]}
)
CASES = {
    f"{module}:{name}": function
    for module in MODULES
    for name, function in vars(importlib.import_module(f"cases.{module}")).items()
    if hasattr(function, "slugs")
}
HERE_ENGINES = (
    ("monitoring",) if is_free_threaded() else ("monitoring", "ctrace") if sys.version_info >= (3, 12) else ("ctrace",)
)
# coverage.py's C tracer is the same on 3.13 as on 3.12: there the arcs, the random programs and `EACH` go through it.
LINE_ENGINES = ("monitoring",) if sys.version_info >= (3, 13) else HERE_ENGINES
RUNS = [(name, engine) for name, case in CASES.items() for engine in LINE_ENGINES if engine in case.engines]


def run_harness(*arguments: str, branch: str = "false", context: str = "profile") -> Any:
    done = subprocess.run(
        [sys.executable, str(HERE / "harness.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={**os.environ, "EXACTNESS_BRANCH": branch, "PROFILE_COVERAGE_CONTEXT": context},
    )
    assert done.returncode == 0, done.stderr
    assert without_start_line(done.stderr) == "", done.stderr
    return json.loads(done.stdout.splitlines()[-1])


follows_no_greenlets = pytest.mark.skipif("ctrace" not in HERE_ENGINES, reason="ctrace refuses a free-threaded build")


@follows_no_greenlets
def test_ctrace_says_that_it_does_not_follow_greenlets_and_files_nothing(tmp_path: Path) -> None:
    words = "import gevent, pathlib, profcov, sys; gevent.sleep(0); t = profcov.trace('alpha'); t.__enter__(); "
    words += "t.__exit__(); print(t.status, sorted(pathlib.Path(sys.argv[1]).glob('**/*.coverage*')))"
    environment = {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", words, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment, "PROFILE_COVERAGE_ENGINE": "ctrace"},
    )
    assert done.stdout == "unsupported; greenlets need the monitoring engine (Python 3.12 or newer) []\n"


@follows_no_greenlets
def test_ctrace_measures_where_gevent_is_imported_and_not_at_work_as_beside_sentry_sdk(tmp_path: Path) -> None:
    words = "import gevent.monkey, profcov; t = profcov.trace('alpha'); t.__enter__(); t.__exit__(); print(t.status)"
    environment = {"ENABLE_PROFILE_COVERAGE": "1", "PROFILE_COVERAGE_DIR": str(tmp_path)}
    environment |= {"PROFILE_COVERAGE_ENGINE": "ctrace"}
    done = subprocess.run(
        [sys.executable, "-c", words], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    assert done.stdout == "traced\n"


@pytest.mark.skipif("monitoring" not in HERE_ENGINES, reason="the monitoring engine came with Python 3.12")
@pytest.mark.parametrize("windows", [[], ["--wide"]], ids=["as they are", "wide"])
def test_no_unit_of_thousands_is_wrong_under_stress(windows: list[str]) -> None:
    words = [sys.executable, str(HERE / "stress.py"), "5", *windows]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    figures = json.loads(done.stdout)
    print(figures)
    assert figures["wrong"] == figures["errors"] == figures["logged"] == []
    assert figures["units"] > 500
    assert figures["disarms"] > 50 or is_free_threaded(), "nothing was disarmed: the stress is none"


@pytest.mark.skipif(getattr(sys, "_is_gil_enabled", lambda: True)(), reason="the GIL is on: run `nox -s free_threaded`")
def test_stress_finds_wrong_units_where_events_are_switched_off_without_the_gil() -> None:
    words = [sys.executable, str(HERE / "stress.py"), "60", "--switching"]  # it ends with the tenth
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout)["wrong"]


@pytest.mark.skipif("monitoring" not in HERE_ENGINES, reason="the monitoring engine came with Python 3.12")
@pytest.mark.parametrize("kind", ["raise", "collect"])
def test_no_line_is_wrong_whatever_strikes_the_engine_at_any_of_its_instructions(kind: str) -> None:
    words = [sys.executable, str(HERE / "strikes.py"), "4", kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    figures = json.loads(done.stdout)
    print(figures)
    assert figures["wrong"] == figures["errors"] == figures["logged"] == []
    assert figures["strikes"] > 30
    assert figures["disarms"] > 30 or is_free_threaded()


@pytest.mark.skipif("monitoring" not in HERE_ENGINES, reason="the monitoring engine came with Python 3.12")
@pytest.mark.parametrize("kind", ["raise", "collect"])
def test_no_line_is_lost_and_no_unit_waited_for_whatever_strikes_a_unit_that_begins_ends_or_is_written(
    kind: str,
) -> None:
    words = [sys.executable, str(HERE / "store_strikes.py"), "4", kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)
    figures = json.loads(done.stdout)
    print(figures)
    assert figures["wrong"] == figures["logged"] == []
    assert figures["strikes"] >= 12
    assert figures["longest"] < 20  # bounded waits of a second, not of the other thread


def test_nothing_stands_still_where_the_collector_and_signals_take_locks_of_the_application() -> None:
    words = [sys.executable, "-W", "ignore", str(HERE / "hang.py"), "3"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    assert json.loads(done.stdout)["came_home"]


# 700 programs on each Python that has both engines, 300 on 3.11, others on each: 1,700 in CI. `make long` runs more.
FIRST_SEED = sys.version_info.minor * 100_000
PROGRAMS = (
    [(FIRST_SEED, 350, "monitoring", ["--tiny"]), (FIRST_SEED + 350, 250, "monitoring", [])]
    + [(FIRST_SEED + 600, 100, "ctrace", [])] * ("ctrace" in HERE_ENGINES)
    if "monitoring" in HERE_ENGINES
    else [(FIRST_SEED, 300, "ctrace", [])]
)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("first", "count", "engine", "options"), PROGRAMS)
def test_random_programs_run_as_each_slug_alone(first: int, count: int, engine: str, options: list[str]) -> None:
    words = [sys.executable, str(HERE / "random_programs.py"), "--seeds", str(first), str(count), "--engine", engine]
    done = subprocess.run([*words, *options], capture_output=True, text=True, timeout=590, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    figures = json.loads(done.stdout)
    assert figures["programs"] == count
    assert figures["wrong"] == []


# With branches the C tracer is at work on every Python; of the other kinds only with --full.
WITH_BRANCHES = [name for name, case in CASES.items() if "ctrace" in case.engines and "ctrace" in HERE_ENGINES]
KINDS_WITH_BRANCHES = ("threads:", "tasks:", "web:", "switching:")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_arcs_equal_those_of_each_slug_alone:
        everything = metafunc.config.getoption("--full")
        metafunc.parametrize(
            "name", [name for name in WITH_BRANCHES if everything or name.startswith(KINDS_WITH_BRANCHES)]
        )


@pytest.mark.parametrize(("name", "engine"), RUNS, ids=[f"{name}-{engine}" for name, engine in RUNS])
def test_lines_equal_those_of_each_slug_alone(name: str, engine: str) -> None:
    together, alone = measure(name, engine, "false")
    assert together == alone


def test_arcs_equal_those_of_each_slug_alone(name: str) -> None:
    together, alone = measure(name, "ctrace", "true")
    assert together == alone


# A trace for each unit, not one for all of a slug: what it runs is armed and recorded from the start, every time.
EACH = ["threads:six_threads_with_a_tiny_switch_interval", "threads:thread_started_by_a_unit", "tasks:six_tasks"]
EACH += ["tasks:child_tasks", "web:bodies_interleaved_in_one_thread", "web:background_work_after_the_response"]


@pytest.mark.parametrize("engine", HERE_ENGINES)
@pytest.mark.parametrize("name", EACH)
def test_lines_are_the_same_with_a_trace_for_each_unit(name: str, engine: str) -> None:
    together, alone = measure(name, engine, "false", context="request")
    assert together == alone


def measure(name: str, engine: str, branch: str, context: str = "profile") -> tuple[Any, Any]:
    with ThreadPoolExecutor(1) as beside:  # each is a process, and there are two cores
        answer = beside.submit(ask_oracle, name, branch)
        together = run_harness(name, "profcov", engine, branch=branch, context=context)
    slugs, alone = CASES[name].slugs, answer.result()
    assert all(alone.values()), "the oracle measured nothing"
    assert len({json.dumps(lines, sort_keys=True) for lines in alone.values()}) == len(slugs), "all slugs do the same"
    return together, alone


@functools.cache
def ask_oracle(name: str, branch: str) -> Any:
    return run_harness(name, "oracle", "all", branch=branch)
