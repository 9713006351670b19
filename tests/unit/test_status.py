from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

monitoring_only = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")

START = """
    import dataclasses, sys, profcov
    from measured import *
    from play import *

    def status():
        return dataclasses.asdict(profcov.engine_status())
"""
NOTHING: dict[str, Any] = {
    "running": False,
    "name": None,
    "capabilities": None,
    "live": {},
    "known": [],
    "arms": 0,
    "disarms": 0,
    "blocked": 0,
    "lines": 0,
}


def test_before_the_first_unit_nothing_runs_and_asking_starts_nothing(run_python: Run) -> None:
    assert run_python(
        """
        import dataclasses, json, sys, profcov
        status = dataclasses.asdict(profcov.engine_status())
        print(json.dumps([status, sorted({"coverage", "asyncio", "multiprocessing"} & set(sys.modules))]))
        """
    ) == [NOTHING, []]


def test_where_profcov_is_off_nothing_runs(run_python: Run) -> None:
    program = START + "    tell([play('demo', red), status()])"
    assert run_python(program, ENABLE_PROFILE_COVERAGE="0") == ["disabled", NOTHING]


def test_it_names_the_engine_and_what_it_can_do(run_python: Run, engine: str) -> None:
    status = run_python(START + "    play('demo', red)\n    tell(status())", engine=engine)
    follows_all = engine == "monitoring"
    assert (status["running"], status["name"]) == (True, engine)
    assert status["capabilities"] == {
        "greenlets": follows_all,
        "branches": not follows_all,
        "coroutine_blocks": follows_all,
    }


def test_it_counts_units_in_flight_by_slug_and_knows_slugs_that_have_none(run_python: Run, engine: str) -> None:
    during, after = run_python(
        START
        + """
    play("over", red)
    units = [recorder.begin(slug) for slug in ("shop", "shop", "search")]
    during = status()
    for unit in units:
        unit.end()
        unit.end()
    tell([during, status()])
    """,
        engine=engine,
    )
    assert during["live"] == {"search": 1, "shop": 2}
    assert after["live"] == {}
    assert during["known"] == after["known"] == ["over", "search", "shop"]


def test_a_line_counts_once_for_each_slug_that_runs_it(run_python: Run, engine: str) -> None:
    counts = run_python(
        START
        + """
    counts = []
    for slug, functions in [("one", [red]), ("one", [red]), ("two", [red]), ("one", [red, blue])]:
        play(slug, *functions)
        counts.append(status()["lines"])
    tell(counts)
    """,
        engine=engine,
    )
    assert counts == [1, 1, 2, 3]


def test_a_refused_unit_is_not_in_flight(run_python: Run) -> None:
    live, known = run_python(
        START + "    unit = recorder.begin('no slug!')\n    tell([status()['live'], status()['known']])"
    )
    assert (live, known) == ({}, [])


def test_a_forked_child_counts_for_itself(run_python: Run, engine: str) -> None:
    parent, child = run_python(
        START
        + """
    import os
    from pathlib import Path
    play("parent", red, blue)
    pid = os.fork()
    if not pid:
        play("child", green)
        Path("child.json").write_text(json.dumps(status()))
        os._exit(0)
    os.waitpid(pid, 0)
    tell([status(), json.loads(Path("child.json").read_text())])
    """.replace("import os", "import json, os"),
        engine=engine,
    )
    assert (parent["known"], parent["lines"]) == (["parent"], 2)
    assert (child["known"], child["lines"]) == (["child"], 1)


@pytest.fixture
def run_measured(run_python: Run, tmp_path: Path) -> Run:
    """Run a program that has a measured function, in which a unit waits or turns round a thousand times."""
    config = tmp_path / "script.ini"
    config.write_text("[run]\ninclude = */script.py\n", encoding="utf-8")
    program = """
    import threading
    reached, go_on = threading.Event(), threading.Event()

    def work(turns, reached, go_on):
        reached.set()
        go_on.wait(60)
        for turn in range(turns):
            rest = turn % 2
    """

    def run(source: str) -> Any:
        return run_python(START + program + source, engine="monitoring", PROFILE_COVERAGE_CONFIG=str(config))

    return run


@monitoring_only
def test_a_trace_that_has_left_a_busy_function_is_disarmed_there(run_measured: Run) -> None:
    once, often = run_measured(
        """
    go_on.set()
    unit = recorder.begin("once")
    run(unit, lambda: work(0, reached, go_on))
    once = status()
    play("busy", lambda: work(1000, reached, go_on))
    tell([once, status()])
    """
    )
    assert (once["arms"], once["disarms"]) == (2, 0)
    assert (often["disarms"], often["blocked"]) == (1, 0)
    assert often["arms"] == 4


@monitoring_only
def test_a_trace_that_is_still_inside_a_busy_function_blocks_its_disarming(run_measured: Run) -> None:
    counts = run_measured(
        """
    unit = recorder.begin("inside")
    thread = threading.Thread(target=run, args=(unit, lambda: work(0, reached, go_on)))
    thread.start()
    assert reached.wait(60)
    play("busy", lambda: work(1000, reached, reached))
    counts = status()
    go_on.set()
    thread.join()
    unit.end()
    tell(counts)
    """
    )
    assert counts["live"] == {"inside": 1}
    assert counts["blocked"] >= 1
    assert counts["disarms"] == 0
