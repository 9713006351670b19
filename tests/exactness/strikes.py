"""The monitoring engine struck at every instruction of its own, by an event that the interpreter may let in there.

``python strikes.py SECONDS raise`` raises an exception, as a signal handler or a time limit may: at whatever instruction.
``python strikes.py SECONDS collect`` has the garbage collector run a ``__del__`` that waits for another thread, which does a unit
of work meanwhile, or enters a function and stays in it: wherever the interpreter lets threads, signals and the collector in.

Rounds of units in one thread; a round is struck once. What each call ran is compared with what coverage.py's C tracer records
for the same call alone; of a call that was struck, any of its function's lines may be there. Prints the figures.
"""

from __future__ import annotations

import dis
import gc
import json
import queue
import random
import sys
import tempfile
import threading
import time
import types
from pathlib import Path

import stress
from stress import HERE, KINDS, LENGTHS, nothing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType

BREAKERS = ("CALL", "JUMP_BACKWARD", "RESUME", "SEND", "FOR_ITER")
"""After these the interpreter may let others in."""
CLOSED = ("PUSH_EXC_INFO", "POP_EXCEPT")
"""At these, and at a COPY before one, it lets nobody in: raised there, an exception leaves the one before as the thread's for ever."""
MIN_ROUNDS = 120


class Strike(KeyboardInterrupt):
    """What the application throws into whatever runs."""


class Garbage:
    """Something of the application's whose end takes its time."""

    def __init__(self, end: Callable[[], None]) -> None:
        self.me, self.end = self, end

    def __del__(self) -> None:
        self.end()


class Striker:
    """Knows the engine's instructions, and strikes one of them."""

    def __init__(self, codes: Iterable[CodeType], strike: Callable[[], None], *, anywhere: bool) -> None:
        monitoring = vars(sys)["monitoring"]
        self.tool, self.strike, self.anywhere = 2, strike, anywhere
        self.thread = threading.get_ident()
        self.codes = {id(code): code for code in codes}
        self.opcodes = {
            key: {each.offset: each.opname for each in dis.get_instructions(code)} for key, code in self.codes.items()
        }
        self.closed = set()
        for key, opcodes in self.opcodes.items():
            for offset, name, following in zip(opcodes, opcodes.values(), [*opcodes.values()][1:] + [""], strict=True):
                if name in CLOSED or (name == "COPY" and following == "POP_EXCEPT"):
                    self.closed.add((key, offset))
        self.met: set[tuple[int, int]] = set()
        self.struck: dict[tuple[int, int], int] = {}
        self.target: tuple[int, int] | None = None
        self.left = 0
        self.last: tuple[int, int] = 0, 0
        monitoring.use_tool_id(self.tool, "strikes")
        monitoring.register_callback(self.tool, monitoring.events.INSTRUCTION, self.on_instruction)
        for code in self.codes.values():
            monitoring.set_local_events(self.tool, code, monitoring.events.INSTRUCTION)

    def on_instruction(self, code: CodeType, offset: int) -> None:
        if threading.get_ident() != self.thread:
            return
        here, (last, at) = (id(code), offset), self.last
        self.last = here
        may = self.anywhere or (last == here[0] and self.opcodes[last][at].startswith(BREAKERS))
        if here in self.closed or not may:
            return
        self.met.add(here)
        if here == self.target:
            self.left -= 1
            if self.left <= 0:
                self.target = None
                self.struck[here] = self.struck.get(here, 0) + 1
                self.strike()

    def aim(self, rng: random.Random) -> None:
        """Choose an instruction, one of those struck least or one of a disarming, and which time it is reached."""
        if self.met:
            least = min(self.struck.get(each, 0) for each in self.met)
            among = [each for each in self.met if self.struck.get(each, 0) == least]
            if rng.random() < 0.4:
                among = [each for each in self.met if self.codes[each[0]].co_name == "_disarm"] or among
            self.target = rng.choice(sorted(among))
            self.left = rng.choice((1, 1, 2, 5, 20))

    def missed(self) -> list[str]:
        """Return the instructions that were reached and never struck."""
        return [f"{self.codes[key].co_qualname}+{at}" for key, at in sorted(self.met - self.struck.keys())]


def find_codes(module: Any) -> Iterator[CodeType]:
    """Return the code objects of a module's functions and methods, and of what is nested in them."""
    found = [each for each in vars(module).values() if isinstance(each, types.FunctionType)]
    for kind in [each for each in vars(module).values() if isinstance(each, type)]:
        found += [getattr(each, "fget", None) or each for each in vars(kind).values()]
    codes = [each.__code__ for each in found if hasattr(each, "__code__")]
    codes = [code for code in codes if code.co_filename == module.__file__]
    while codes:
        code = codes.pop()
        codes += [each for each in code.co_consts if isinstance(each, types.CodeType)]
        yield code


def let_events_in(engine: Any) -> None:
    """Have events while the engine's callbacks run, which the interpreter does not give."""

    def enlighten(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, code: CodeType, *args: Any) -> Any:
            measured = code.co_filename.endswith("small.py")
            return sys.call_tracing(original, (self, code, *args)) if measured else original(self, code, *args)

        return call

    for name in ("_on_entry", "_on_line", "_on_discovery", "_on_throw"):
        setattr(engine, name, enlighten(getattr(engine, name)))


class Unit:
    """A unit of work, what its calls must have left, and what they may have."""

    def __init__(self, rounds: Any, outer: Any, label: str | None) -> None:
        from profcov.recording.scope import Scope

        self.rounds = rounds
        self.must, self.may = set[tuple[str, int]](), set[tuple[str, int]]()
        self.trace = rounds.try_to(rounds.engine.new_trace, label)
        self.scope = Scope(self.trace, outer, None)  # type: ignore[arg-type]  # an engine alone: nobody keeps a book
        rounds.try_to(rounds.engine.begin, self.scope)

    def call(
        self, functions: list[Callable[..., object]], key: stress.Call, between: Callable[[], object] = nothing
    ) -> None:
        from profcov.recording.step import Step

        index, kind, n = key
        self.may |= self.rounds.possible[index]
        with Step(self.rounds.engine, self.scope):
            functions[index](kind, n, between)
        self.must |= self.rounds.expected[key]

    def end(self) -> None:
        found = {
            (Path(file).name, line)
            for file, lines in self.rounds.try_to(self.trace.take).executed.items()
            for line in lines
        }
        self.scope = None  # type: ignore[assignment]
        self.rounds.try_to(self.rounds.engine.release, self.trace)
        missing, foreign = sorted(self.must - found), sorted(found - self.must - self.may)
        if missing or foreign:
            self.rounds.wrong.append({"round": self.rounds.count, "missing": missing, "foreign": foreign})


class Other:
    """Another thread: does what it is handed while the first one waits."""

    def __init__(self, rounds: Any) -> None:
        self.rounds = rounds
        self.jobs: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[object] = queue.SimpleQueue()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            self.answers.put(self.jobs.get()())

    def ask(self, job: Callable[[], object]) -> None:
        self.jobs.put(job)
        try:
            self.answers.get(timeout=20)
        except queue.Empty:
            print(json.dumps({"hang": self.rounds.count, **self.rounds.figures()}), flush=True)
            import os

            os._exit(3)


class Rounds:
    def __init__(self, engine: Any, expected: stress.Expected, codes: Iterable[CodeType], kind: str) -> None:
        self.engine, self.expected, self.kind = engine, expected, kind
        self.possible: dict[int, set[tuple[str, int]]] = {}
        for (index, *_), lines in expected.items():
            self.possible.setdefault(index, set()).update(lines)
        self.count = self.index = 0
        self.wrong: list[object] = []
        self.staying: tuple[threading.Thread, threading.Event] | None = None
        self.units: list[Unit] = []
        self.other = Other(self)
        strike = self.throw if kind == "raise" else self.collect
        self.striker = Striker(codes, strike, anywhere=kind == "raise")
        self.rng = random.Random(1)

    def throw(self) -> None:
        raise Strike

    def collect(self) -> None:
        Garbage(self.let_other_work)
        gc.collect()

    def let_other_work(self) -> None:
        """Have the other thread do a unit of work, or enter a function and stay there until the round is over."""
        stay = self.rng.random() < 0.5
        entered, go_on = threading.Event(), threading.Event()
        index, key, functions = self.index, self.pick(), self.functions
        if self.rng.random() < 0.5:
            key = (index, *key[1:])  # what is being disarmed, maybe
        shared = self.rng.choice([None, *self.units]) if not stay else None

        def work() -> None:
            def between() -> None:
                entered.set()
                go_on.wait(20)

            unit = shared or Unit(self, None, self.rng.choice(["label", None]))
            unit.call(functions, key, between if stay else nothing)
            if not shared:
                unit.end()
            entered.set()

        if not stay:
            self.other.ask(work)
            return
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        if not entered.wait(20):
            self.other.ask(lambda: time.sleep(60))
        self.staying = (thread, go_on)

    def pick(self) -> stress.Call:
        self.index = self.rng.randrange(4)
        return self.index, self.rng.choice(KINDS), self.rng.choice(LENGTHS)

    def try_to(self, work: Callable[..., Any], *args: Any) -> Any:
        """Do something, and once more if it was struck."""
        try:
            return work(*args)
        except Strike:
            return work(*args)

    def play(self) -> None:
        """One round: some units take turns in functions of their own, which are new each time."""
        rng, self.functions = self.rng, stress.make_functions()
        units = self.units = []
        self.count += 1
        self.striker.aim(rng)
        for _ in range(rng.randrange(6, 20)):
            chance = rng.random()
            if not units or (chance < 0.2 and len(units) < 4):
                units.append(Unit(self, None, rng.choice(["label", None])))
            elif chance < 0.3:
                units.pop(rng.randrange(len(units))).end()
            elif chance < 0.4:
                self.try_to(self.engine.review)
            else:
                self.call(units, rng.choice(units))
        self.striker.target = None
        for unit in units:
            unit.call(self.functions, self.pick())
        if self.staying:
            thread, go_on = self.staying
            go_on.set()
            thread.join(20)
            self.staying = None
        for unit in units:
            unit.end()

    def call(self, units: list[Unit], unit: Unit) -> None:
        def between() -> None:
            if self.rng.random() < 0.3:
                inner = self.rng.choice(units) if self.rng.random() < 0.5 else None
                if inner is None:
                    inner = Unit(self, unit.scope, "label")
                    inner.call(self.functions, self.pick())
                    inner.end()
                elif inner is unit:
                    inner.call(self.functions, self.pick())

        try:
            unit.call(self.functions, self.pick(), between)
        except Strike:
            unit.call(self.functions, self.pick())

    def figures(self) -> dict[str, object]:
        from profcov.recording import faults

        engine, striker = self.engine, self.striker
        return {
            "rounds": self.count,
            "instructions": len(striker.met),
            "strikes": sum(striker.struck.values()),
            "never": striker.missed()[:20],
            "arms": engine.arms,
            "disarms": engine.disarms,
            "logged": sorted(faults._logged),
            "errors": [],
            "wrong": self.wrong[:5],
        }


def main(seconds: float, kind: str) -> None:
    from profcov.recording.engine import free_threaded, lazily, monitoring, monitoring_state, stacks
    from profcov.recording.engine.choose import MONITORING
    from profcov.recording.engine.sources import Sources

    monitoring.FIRST_BUDGET, monitoring.LAST_BUDGET, monitoring.PATIENCE, monitoring.HOT = 1, 4, 0, 2  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "exactness.ini")
        config.write_text(f"[run]\nsource = {HERE / 'subject'}\n")
        expected = stress.ask_oracle(str(config))
        codes = [
            code
            for module in (free_threaded, lazily, monitoring, monitoring_state, stacks)
            for code in find_codes(module)
        ]
        let_events_in(MONITORING)
        gc.disable()
        sys.setswitchinterval(60)  # nobody gets in but where it is let in
        engine = MONITORING(Sources(config))
        rounds = Rounds(engine, expected, codes, kind)
        until = time.monotonic() + seconds
        # On a busy machine, too, there are some.
        while (time.monotonic() < until or rounds.count < MIN_ROUNDS) and len(rounds.wrong) < 10:
            rounds.play()
    print(json.dumps(rounds.figures(), default=str))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
