"""What must not be seen half done is one call into C: nothing of anybody else's runs inside one, on any Python."""

from __future__ import annotations

import gc
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from scopes import make_scope

from profcov.recording.engine.monitoring_state import at_once
from profcov.recording.engine.versions import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import CodeType

    from profcov.recording.engine.monitoring import MonitoringEngine
    from profcov.recording.engine.monitoring_state import MonitoringScope
    from profcov.recording.scope import Scope

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[MonitoringEngine]:
    from profcov.recording.engine.monitoring import MonitoringEngine
    from profcov.recording.engine.sources import Sources

    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\nsource = {tmp_path}\n")
    engine = MonitoringEngine(Sources(config))
    yield engine
    engine.close()


def compile_at(path: Path, text: str = "def work():\n    return 1\n") -> Callable[[], Any]:
    path.write_text(text)
    names: dict[str, Any] = {}
    exec(compile(text, str(path), "exec", dont_inherit=True), names)
    return names["work"]  # type: ignore[no-any-return]


def begin(engine: MonitoringEngine, label: str | None = "label") -> MonitoringScope:
    scope: MonitoringScope = make_scope(engine.new_trace(label))
    engine.begin(scope)
    return scope


def run(engine: MonitoringEngine, scope: Scope | None, work: Callable[[], Any]) -> None:
    from profcov.recording.step import Step

    with Step(engine, scope):
        work()


def test_the_collector_waits_until_all_steps_are_taken() -> None:
    happened: list[str] = []

    def note(phase: str, _facts: dict[str, int]) -> None:
        if phase == "start":
            happened.append("collection")

    kept: list[Any] = []
    # Each step makes something for the collector, who is due after the first.
    steps = zip(map(kept.append, map(list, [()] * 1000)), map(happened.append, ["step"] * 1000), strict=True)
    threshold = gc.get_threshold()
    gc.callbacks.append(note)
    gc.collect()
    happened.clear()
    gc.set_threshold(1, 1, 1)
    try:
        at_once(steps)
        happened.append("end")
        kept.extend([[] for _ in range(3)])
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(note)
    steps_taken = happened[: happened.index("end")]
    first, last = steps_taken.index("step"), len(steps_taken) - steps_taken[::-1].index("step")
    assert steps_taken[first:last] == ["step"] * 1000


def test_no_step_runs_python(engine: MonitoringEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, seen, batches = False, [], 0

    def watch(frame: Any, event: str, called: Any) -> None:
        nonlocal inside, batches
        if (
            event in {"c_call", "c_return"}
            and getattr(called, "__name__", "") == "extend"
            and frame.f_code is at_once.__code__
        ):
            inside = event == "c_call"
            batches += inside
        elif inside:
            seen.append((event, frame.f_code.co_qualname))

    monkeypatch.setattr(engine, "_is_running", lambda _code: False)  # it says yes in a process that has greenlets
    work = compile_at(tmp_path / "work.py")
    code: CodeType = work.__code__
    sys.setprofile(watch)
    try:
        scopes = [begin(engine, label) for label in ("one", "two", None)]
        engine._on_discovery(code, 0)
        state = engine._states[id(code)]
        for scope in scopes:
            state.may_lack_lines = True
            engine._arm(state, code, scope.trace)
        engine._quiet.add(state)
        engine._disarm(state, code, scopes[0])
        engine._quiet.add(state)
        begin(engine, "three")
        one = scopes.pop(0).trace
        del scope
        engine.release(one)
        engine.review()
        disarms = engine.disarms
        engine.after_fork()
    finally:
        sys.setprofile(None)
    assert (seen, inside) == ([], False)
    assert (batches > 8, disarms) == (True, 1)


def test_code_that_is_compiled_anew_leaves_nothing_and_is_exact(engine: MonitoringEngine, tmp_path: Path) -> None:
    scope, expected, ids = begin(engine), set(), set()
    gc.collect()
    for number in range(600):
        path = tmp_path / f"rule_{number % 300}.py"
        work = compile_at(path)
        run(engine, scope if number % 3 else None, work)
        ids.add(id(work.__code__))
        if number % 3:
            expected.add((str(path), 2))
    del work
    # A file that was written just now may have more than one version.
    executed = scope.trace.take().executed
    found = {(file.partition(MARK)[0], line) for file, lines in executed.items() for line in lines}
    assert len(ids) < 600, "no id was given twice: the test proves nothing"
    assert found == expected
    gc.collect()
    assert not engine._states
    engine.review()
    assert not engine._quiet


def test_a_code_object_is_not_kept_for_those_who_have_run_it(engine: MonitoringEngine, tmp_path: Path) -> None:
    scopes = [begin(engine, label) for label in ("one", None)]
    work = compile_at(tmp_path / "work.py")
    for scope in scopes:
        run(engine, scope, work)
    assert len(engine._states) == 1
    del work
    gc.collect()
    assert not engine._states


def test_who_enters_during_a_disarming_stays_and_switches_no_entries_off(
    engine: MonitoringEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = compile_at(tmp_path / "work.py")
    code, answers = work.__code__, []
    leaver, comer = begin(engine, "leaver"), begin(engine, "comer")
    for scope in (leaver, comer):
        run(engine, scope, work)
    state = engine._states[id(code)]

    def enter_meanwhile(_code: CodeType) -> bool:
        run(engine, comer, lambda: answers.append(engine._on_entry(code, 0)))
        return False

    monkeypatch.setattr(engine, "_is_running", enter_meanwhile)
    engine._disarm(state, code, None)
    assert answers == [None]
    assert list(state.armed) == [comer.trace]
    assert not state.leaving


def test_the_lines_of_a_trace_have_a_place_before_it_is_armed(
    engine: MonitoringEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, scope = compile_at(tmp_path / "work.py"), begin(engine)

    def strike(*_: Any) -> Any:
        raise KeyboardInterrupt

    run(engine, None, work)
    state = engine._states[id(work.__code__)]
    monkeypatch.setattr("profcov.recording.engine.monitoring.at_once", strike)
    with pytest.raises(KeyboardInterrupt):
        engine._arm(state, work.__code__, scope.trace)
    assert list(state.seen) == [scope.trace]
    assert not state.armed


def test_a_trace_whose_beginning_was_struck_wakes_everything_when_it_begins_again(
    engine: MonitoringEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, first = compile_at(tmp_path / "work.py"), begin(engine, "first")
    run(engine, first, work)
    assert engine._quiet
    wake, second = engine._wake, make_scope(engine.new_trace("second"))

    def strike(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "_wake", strike)
    with pytest.raises(KeyboardInterrupt):
        engine.begin(second)
    monkeypatch.setattr(engine, "_wake", wake)
    engine.begin(second)
    assert not engine._quiet


def count_switches(engine: MonitoringEngine) -> list[int]:
    """Count, from now on, how often the events of a code object are switched."""
    monitoring: Any = engine._monitoring
    switch, count = monitoring.set_local_events, [0]

    def counting(*args: Any) -> None:
        count[0] += 1
        switch(*args)

    engine._monitoring = SimpleNamespace(**{**vars(monitoring), "set_local_events": counting})
    return count


@pytest.mark.parametrize("turns", [1, 100])
def test_a_trace_of_one_unit_wakes_few_functions_however_many_have_run(
    engine: MonitoringEngine, tmp_path: Path, turns: int
) -> None:
    functions = [compile_at(tmp_path / f"f{number}.py") for number in range(200)]
    first = begin(engine, None)
    for function in functions:
        for _ in range(turns):
            run(engine, first, function)
    count = count_switches(engine)
    begin(engine, None)
    assert count[0] <= 2 * 8


def test_once_no_trace_of_one_unit_comes_any_more_all_functions_may_be_quiet(
    engine: MonitoringEngine, tmp_path: Path
) -> None:
    functions = [compile_at(tmp_path / f"f{number}.py") for number in range(50)]
    first = begin(engine, None)
    run(engine, first, functions[0])
    trace = first.trace
    del first
    engine.release(trace)
    engine.review()
    engine.review()
    scope = begin(engine)
    for function in functions:
        run(engine, scope, function)
    assert len(engine._quiet) >= 49
