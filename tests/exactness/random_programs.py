"""Random programs under profcov, all slugs at once, against each slug alone under coverage.py; shrinks what differs.

``python random_programs.py --seeds 0 1000 --engine monitoring`` compares in two processes of its own and prints a
line of figures, or the smallest program found that goes wrong. ``--side`` is for those processes.
"""

import argparse
import asyncio
import functools
import json
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import programs  # noqa: E402

DEPTH = 2
PROGRAMS_AN_ENGINE = 40  # a new trace looks at every code object the engine knows


class Case:
    """One program and its schedule: the kind of each slug, and how often each works."""

    def __init__(self, seed, program=None, kinds=None):
        rng = random.Random(seed)
        count = rng.choice((2, 2, 3, 3, 4, 5, 8))
        self.seed = str(seed)
        self.program = program or programs.Writer(seed).program()
        self.kinds = kinds or rng.sample(range(programs.KINDS), count)
        self.rounds = 2

    def load(self, directory):
        path = Path(directory, f"program_{self.seed}.py")
        path.write_text(programs.render(self.program))
        names = {"__name__": path.stem, "__file__": str(path)}
        exec(compile(path.read_text(), str(path), "exec"), names)
        return path, names

    @classmethod
    def from_json(cls, data):
        return cls(data["seed"], data["program"], data["kinds"])

    def to_json(self):
        return {"seed": self.seed, "program": self.program, "kinds": self.kinds}


def call(names, kind):
    try:
        names["f0"](kind, DEPTH)
    except KeyError:
        pass


async def await_(names, kind):
    try:
        await names["f1"](kind, DEPTH)
    except KeyError:
        pass


# The oracle: one slug alone.


def run_oracle(cases, directory, config):
    import coverage

    os.environ["COVERAGE_CORE"] = "ctrace"
    sysconfig.get_paths = functools.cache(sysconfig.get_paths)  # type: ignore[assignment]  # each start of coverage asks for two dozen
    for case in cases:
        path, names = case.load(directory)
        found = {}
        for kind in case.kinds:
            tool = coverage.Coverage(data_file=None, config_file=config)
            tool.set_option("run:disable_warnings", ["module-not-measured", "no-data-collected"])
            tool.start()
            for _ in range(case.rounds):
                call(names, kind)
                asyncio.run(await_(names, kind))
            tool.stop()
            found[kind] = sorted(tool.get_data().lines(str(path)) or ())
        print(json.dumps([case.seed, found]))


# profcov: all slugs at once, in threads and in tasks, beside untraced work.


class Book:
    """Stands where the store is: what is tested here is who gets which line, not how it is written."""

    def __init__(self, engine, settings):
        self.engine = engine
        self.settings = settings
        self.slug = "any"

    def rejoin(self, trace):
        return False


def run_profcov(cases, directory, config, engine_name, tiny):
    from profcov.recording.engine import monitoring
    from profcov.recording import faults
    from profcov.recording.engine.choose import MONITORING
    from profcov.recording.engine.ctrace import CTraceEngine
    from profcov.recording.engine.sources import Sources

    if tiny:
        monitoring.FIRST_BUDGET, monitoring.LAST_BUDGET, monitoring.PATIENCE = 1, 8, 0  # type: ignore[misc]
    sys.setswitchinterval(1e-6)
    for start in range(0, len(cases), PROGRAMS_AN_ENGINE):
        make = MONITORING if engine_name == "monitoring" else CTraceEngine
        engine = make(Sources(Path(config)))
        for case in cases[start : start + PROGRAMS_AN_ENGINE]:
            path, names = case.load(directory)
            print(json.dumps([case.seed, Together(engine, case, names).run()]))
        engine.close()
    assert not faults._logged, faults._logged


class Together:
    def __init__(self, engine, case, names):
        self.engine = engine
        self.case = case
        self.names = names
        self.book = Book(engine, None)
        self.traces = {kind: engine.new_trace("label") for kind in case.kinds}
        self.errors = []

    def run(self):
        threads = [threading.Thread(target=self.in_thread, args=(kind,)) for kind in [*self.case.kinds, None]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asyncio.run(self.in_tasks())
        assert not self.errors, self.errors
        found = {}
        for kind, trace in self.traces.items():
            found[kind] = sorted(line for lines in trace.take().executed.values() for line in lines)
            self.engine.release(trace)
        return found

    def scope(self, kind):
        from profcov.recording.context import current
        from profcov.recording.scope import Scope

        scope = Scope(self.traces[kind], current.get(), self.book)  # type: ignore[arg-type]  # an engine alone: nobody keeps a book
        self.engine.begin(scope)
        return scope

    def in_thread(self, kind):
        from profcov.recording.step import Step

        try:
            for _ in range(self.case.rounds):
                if kind is None:
                    call(self.names, 7)
                else:
                    with Step(self.engine, self.scope(kind)):
                        call(self.names, kind)
        except BaseException as error:
            self.errors.append(repr(error))

    async def in_tasks(self):
        await asyncio.gather(*(self.in_task(kind) for kind in [*self.case.kinds, None]))

    async def in_task(self, kind):
        from profcov.recording.context import current

        for _ in range(self.case.rounds):
            if kind is None:
                await await_(self.names, 7)
                continue
            scope = self.scope(kind)
            token = current.set(scope)
            try:
                await self.engine.drive(await_(self.names, kind), scope)
            finally:
                current.reset(token)


# Both, compared.


def ask(side, cases, engine, tiny):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "cases.json")
        file.write_text(json.dumps([case.to_json() for case in cases]))
        words = [sys.executable, __file__, "--side", side, str(file), "--engine", engine, *["--tiny"] * tiny]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{side} failed:\n{done.stderr}")
        return dict(json.loads(line) for line in done.stdout.splitlines())


def compare(cases, engine, tiny):
    """Return what differs: for each seed, each kind's missing and foreign lines."""
    answers = {}
    threads = [
        threading.Thread(target=lambda side=side: answers.__setitem__(side, ask(side, cases, engine, tiny)))
        for side in ("profcov", "oracle")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together, alone = answers["profcov"], answers["oracle"]
    assert set(together) == set(alone) == {case.seed for case in cases}
    return {
        seed: {
            kind: {
                "missing": sorted({*lines} - {*together[seed][kind]}),
                "foreign": sorted({*together[seed][kind]} - {*lines}),
            }
            for kind, lines in found.items()
            if lines != together[seed][kind]
        }
        for seed, found in alone.items()
        if found != together[seed]
    }


def fails(case, engine, tiny, tries=4):
    return any(compare([case], engine, tiny) for _ in range(tries))


def shrink(case, engine, tiny, seconds=120):
    """Return a smaller case that still goes wrong: fewer slugs, then fewer statements, as long as there is time."""
    until = time.monotonic() + seconds
    progress = True
    while progress and time.monotonic() < until:
        progress = False
        fewer = [[k for k in case.kinds if k != kind] for kind in case.kinds] if len(case.kinds) > 1 else []
        candidates = [Case(case.seed, case.program, kinds) for kinds in fewer]
        candidates += [Case(case.seed, program, case.kinds) for program in programs.simpler(case.program)]
        for candidate in candidates:
            if time.monotonic() > until:
                break
            if fails(candidate, engine, tiny):
                case, progress = candidate, True
                break
    return case


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 200), metavar=("FIRST", "COUNT"))
    parser.add_argument("--engine", choices=("monitoring", "ctrace"), default="monitoring")
    parser.add_argument("--tiny", action="store_true", help="disarm budgets near 0 (monitoring)")
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "FILE"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        side, file = arguments.side
        cases = [Case.from_json(data) for data in json.loads(Path(file).read_text())]
        with tempfile.TemporaryDirectory() as directory:
            config = Path(directory, "coverage.ini")
            config.write_text(f"[run]\nsource = {directory}\n")
            if side == "oracle":
                run_oracle(cases, directory, str(config))
            else:
                run_profcov(cases, directory, str(config), arguments.engine, arguments.tiny)
        return
    first, count = arguments.seeds
    made = {str(seed): Case(seed) for seed in range(first, first + count)}
    wrong = {}
    for start in range(0, count, 250):
        batch = list(made.values())[start : start + 250]
        wrong.update(compare(batch, arguments.engine, arguments.tiny))
    figures = {"programs": count, "units": sum(2 * case.rounds * len(case.kinds) for case in made.values())}
    print(json.dumps({**figures, "engine": arguments.engine, "tiny": arguments.tiny, "wrong": sorted(wrong)}))
    if wrong:
        seed = min(wrong, key=int)
        print(f"seed {seed}: {wrong[seed]}; shrinking ...", file=sys.stderr)
        smallest = shrink(made[seed], arguments.engine, arguments.tiny)
        print(f"kinds {smallest.kinds}\n{programs.render(smallest.program)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
