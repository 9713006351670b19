"""The monitoring engine under stress: many threads in the same few functions, a new trace for every unit.

The functions' code objects are replaced by new ones all the time, for the first start of each is a race of its own.
With ``--switching``, the engine for builds with the GIL runs on any build. With ``--wide``, windows that are narrow in a real process are wide: others get a turn after the engine has looked at
the stacks, and before it hears of a new code object.

Every unit's lines are compared with what coverage.py's C tracer records for the same call alone. The thread switch
interval and the budgets are tiny, so that code objects are armed and disarmed all the time, in the middle of each
other's work. ``python stress.py SECONDS [--wide] [--switching]`` prints the figures and the first wrong units.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    Call = tuple[int, int, int]
    Expected = dict[Call, set[tuple[str, int]]]

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

KINDS, LENGTHS, THREADS, TURNS = range(4), range(9), 8, 3


def nothing() -> None:
    pass


def make_functions() -> list[Callable[..., object]]:
    """Return the functions of the subject with code objects of their own; lines and file are the same."""
    path = HERE / "subject" / "small.py"
    names: dict[str, Any] = {"__name__": "subject.small", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), names)
    functions: list[Callable[..., object]] = names["FUNCTIONS"]
    return functions


def delay_look(engine: Any) -> None:
    """Let others run right after the engine has looked at the stacks."""
    original = engine._is_running

    def slow(self: Any, code: CodeType) -> Any:
        result = original(self, code)
        for _ in range(TURNS):
            time.sleep(0)
        return result

    engine._is_running = slow


def ask_oracle(config: str) -> Expected:
    """Return the lines of every call alone."""
    import coverage

    from subject import small

    os.environ["COVERAGE_CORE"] = "ctrace"
    expected = {}
    for index, function in enumerate(small.FUNCTIONS):
        for kind in KINDS:
            for n in LENGTHS:
                tool = coverage.Coverage(data_file=None, config_file=config)
                tool.set_option("run:disable_warnings", ["module-not-measured", "no-data-collected"])
                tool.start()
                function(kind, n, nothing)
                tool.stop()
                data = tool.get_data()
                expected[index, kind, n] = {
                    (Path(file).name, line) for file in data.measured_files() for line in data.lines(file) or ()
                }
    return expected


def delay_discovery(engine: Any) -> None:
    """Let others run between the first start of a code object and the engine's hearing of it."""
    original = engine._on_discovery

    def slow(self: Any, code: CodeType, offset: int) -> Any:
        if code.co_filename.endswith("small.py"):
            time.sleep(0)
        return original(self, code, offset)

    engine._on_discovery = slow


class Stress:
    def __init__(self, engine: Any, expected: Expected, seconds: float) -> None:
        self.engine = engine
        self.expected = expected
        self.until = time.monotonic() + seconds
        self.units = 0
        self.wrong: list[object] = []
        self.errors: list[str] = []
        self.functions = make_functions()

    def run(self) -> None:
        sys.setswitchinterval(1e-6)
        threads = [threading.Thread(target=self.work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def work(self, number: int) -> None:
        rng = random.Random(number)
        try:
            while time.monotonic() < self.until and len(self.wrong) < 10:
                if number >= THREADS - 2:
                    self.call(rng, lambda: time.sleep(0))  # untraced, beside the others
                else:
                    self.unit(rng, depth=0)
        except BaseException as error:
            self.errors.append(repr(error))
            raise

    def call(self, rng: random.Random, between: Callable[[], object]) -> set[Call]:
        from profcov.recording.step import Step

        if rng.random() < 0.02:
            with Step(self.engine, None):
                self.functions = make_functions()
        functions = self.functions
        index, kind = rng.randrange(len(functions)), rng.choice(KINDS)
        asked = set()
        for _ in range(rng.choice((1, 1, 3))):  # again under the same trace, armed already
            n = rng.choice(LENGTHS)
            functions[index](kind, n, between)
            asked.add((index, kind, n))
        return asked

    def unit(self, rng: random.Random, depth: int) -> None:
        from profcov.recording.context import current
        from profcov.recording.scope import Scope

        from profcov.recording.step import Step

        def between() -> None:
            """In the middle of a function: let others run, or run another unit in the same thread."""
            if depth < 2 and rng.random() < 0.15:
                self.unit(rng, depth + 1)
            elif rng.random() < 0.5:
                time.sleep(0)

        trace = self.engine.new_trace("label")
        scope = Scope(trace, current.get(), None)  # type: ignore[arg-type]  # an engine alone: nobody keeps a book
        self.engine.begin(scope)
        with Step(self.engine, scope):
            asked = self.call(rng, between)
        found = {(Path(file).name, line) for file, lines in trace.take().executed.items() for line in lines}
        del scope
        self.engine.release(trace)
        self.units += 1
        expected = set().union(*(self.expected[each] for each in asked))
        if found != expected:
            calls = [f"{self.functions[index].__name__}(kind={kind}, n={n})" for index, kind, n in sorted(asked)]
            missing, foreign = sorted(expected - found), sorted(found - expected)
            self.wrong.append({"calls": calls, "depth": depth, "missing": missing, "foreign": foreign})


def main(seconds: float, *, wide: bool, switching: bool) -> None:
    from profcov.recording.engine import monitoring
    from profcov.recording import faults
    from profcov.recording.engine.choose import MONITORING
    from profcov.recording.engine.sources import Sources

    kind = monitoring.MonitoringEngine if switching else MONITORING
    monitoring.FIRST_BUDGET, monitoring.LAST_BUDGET, monitoring.PATIENCE = 1, 4, 0  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "exactness.ini")
        config.write_text(f"[run]\nsource = {HERE / 'subject'}\n")
        expected = ask_oracle(str(config))
        if wide:
            delay_look(kind)
            delay_discovery(kind)
        engine = kind(Sources(config))
        stress = Stress(engine, expected, seconds)
        stress.run()
        engine.close()  # or its callbacks run while the interpreter clears its modules
    figures: dict[str, object] = {
        "units": stress.units,
        "arms": engine.arms,
        "disarms": engine.disarms,
        "blocked": engine.blocked,
    }
    figures["logged"] = sorted(faults._logged)
    print(json.dumps({**figures, "wrong": stress.wrong, "errors": stress.errors}, default=str))


if __name__ == "__main__":
    main(float(sys.argv[1]), wide="--wide" in sys.argv, switching="--switching" in sys.argv)
