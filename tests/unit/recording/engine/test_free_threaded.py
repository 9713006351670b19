"""The engine for builds without the GIL is exact on every build: here on whichever runs the tests, threads apart."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from profcov.errors import EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from profcov.recording.engine.free_threaded import FreeThreadedEngine
    from profcov.recording.scope import Scope

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FreeThreadedEngine]:
    from profcov.recording.engine.free_threaded import FreeThreadedEngine
    from profcov.recording.engine.sources import Sources

    config = tmp_path / "measured.ini"
    config.write_text(f"[run]\nsource = {tmp_path}\n")
    engine = FreeThreadedEngine(Sources(config))
    yield engine
    engine.close()


def begin(engine: FreeThreadedEngine) -> Any:
    from profcov.recording.scope import Scope

    scope: Any = Scope(engine.new_trace("label"), None, None)  # type: ignore[arg-type]  # an engine alone has no books
    engine.begin(scope)
    return scope


def run(engine: FreeThreadedEngine, scope: Scope | None, work: Callable[[], object]) -> None:
    from profcov.recording.step import Step

    with Step(engine, scope):
        work()


def compile_at(path: Path) -> Callable[[], object]:
    path.write_text("def work():\n    one = 1\n    return one\n")
    names: dict[str, Any] = {"__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), names)
    work: Callable[[], object] = names["work"]
    return work


def lines_of(scope: Any) -> list[int]:
    return sorted(line for lines in scope.trace.take().executed.values() for line in lines)


def test_no_event_of_measured_code_is_switched_off_whoever_has_its_lines(
    engine: FreeThreadedEngine, tmp_path: Path
) -> None:
    work, scope, answers = compile_at(tmp_path / "work.py"), begin(engine), list[object]()

    def ask() -> None:
        answers.extend(engine._on_line(work.__code__, line) for line in (2, 3))
        answers.append(engine._on_entry(work.__code__, 0))

    for each in (scope, scope, None):
        run(engine, each, work)
        run(engine, each, ask)
    assert lines_of(scope) == [2, 3]
    assert answers == [None] * 9


def test_a_trace_that_comes_when_nothing_was_left_to_do_has_all_its_lines(
    engine: FreeThreadedEngine, tmp_path: Path
) -> None:
    work = compile_at(tmp_path / "work.py")
    scopes: list[Any] = [None, begin(engine), begin(engine)]
    for scope in (*scopes, *scopes):
        run(engine, scope, work)
        run(engine, None, work)
    late = begin(engine)
    run(engine, late, work)
    assert [lines_of(scope) for scope in (*scopes[1:], late)] == [[2, 3]] * 3


def test_who_comes_second_to_new_code_waits_until_its_events_are_on(engine: FreeThreadedEngine, tmp_path: Path) -> None:
    path = tmp_path / "work.py"
    work, scope = compile_at(path), begin(engine)
    # Another thread has noted the code object, and not yet switched its events on.
    engine._states[id(work.__code__)] = engine.new_state(work.__code__, str(path), 0, engine._states)
    run(engine, scope, work)
    assert lines_of(scope) == [2, 3]


def test_a_trace_that_is_released_while_a_unit_begins_under_it_keeps_its_lines(
    engine: FreeThreadedEngine, tmp_path: Path
) -> None:
    work, first, other = compile_at(tmp_path / "work.py"), begin(engine), begin(engine)

    def enter_while_released() -> None:
        engine.release(first.trace)
        run(engine, other, work)
        engine.review()
        work()

    run(engine, first, enter_while_released)
    assert lines_of(first) == lines_of(other) == [2, 3]


def test_lines_of_code_that_is_dead_are_forgotten(engine: FreeThreadedEngine, tmp_path: Path) -> None:
    scope, codes = begin(engine), []
    for _ in range(5):
        work = compile_at(tmp_path / "work.py")
        run(engine, scope, work)
        codes.append(weakref.ref(work.__code__))
    del work
    gc.collect()
    if any(code() for code in codes):
        pytest.skip("3.13t keeps code objects for ever once a second thread has started")
    engine.review()
    assert not engine._states
    assert not scope.trace.seen


def test_ctrace_refuses_a_build_that_can_run_without_the_gil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from profcov.recording.engine.ctrace import CTraceEngine
    from profcov.recording.engine.sources import Sources

    monkeypatch.setattr("profcov.recording.engine.ctrace.is_free_threaded", lambda: True)
    config = tmp_path / "measured.ini"
    config.touch()
    with pytest.raises(EngineUnavailableError, match="can run without the GIL: use the monitoring engine"):
        CTraceEngine(Sources(config))
