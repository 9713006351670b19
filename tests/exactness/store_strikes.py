"""What begins, ends and writes units struck at every instruction of its own, by an event that the interpreter may let in there.

``python store_strikes.py SECONDS raise`` raises an exception; ``python store_strikes.py SECONDS collect`` has the garbage
collector run a ``__del__`` that waits for another thread, which begins and ends a unit of the same profile meanwhile, or makes
its directory another. After each round nobody may be in flight, and the shards must have what the units have run, and
nothing else. Prints the figures.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from strikes import Garbage, Other, Strike, Striker, find_codes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NUMBER = 8
SLUGS = ("one", "two")
MODULES = (
    "recording.book",
    "recording.books",
    "recording.pending",
    "recording.traces",
    "recording.place",
    "recording.recorder",
    "recording.processes",
    "recording.unit",
    "store.presence",
    "store.notes",
    "store.rows",
    "store.flock",
    "store.lock",
    "store.own_file",
    "store.shard",
    "wire.labels",
    "wire.one_line",
    "recording.engine.monitoring_state",
)
MIN_STRIKES = 12
"""However long that takes: on a busy machine there are few in some seconds."""
ALLOWED = {"directory-moved"}
PATIENCE = 6.0
"""Seconds after which a wait is a fault: one is bounded to one, and there may be some in a row."""


def insist(action: Callable[..., Any], *args: Any) -> Any:
    """Do something again until it was not struck."""
    while True:
        try:
            return action(*args)
        except Strike:
            continue


class Rounds:
    def __init__(self, data: Path, subject: Any, kind: str) -> None:
        from profcov.recording.processes import recorder_for

        self.data, self.subject, self.kind = data, subject, kind
        self.recorder = recorder_for()
        self.count, self.longest = 0, 0.0
        self.wrong: list[object] = []
        self.must: dict[str, set[int]]
        self.may: dict[str, set[int]]
        self.refused: list[tuple[str, str]]
        self.rng = random.Random(2)
        self.functions = [getattr(subject, f"f{number}") for number in range(NUMBER)]
        self.play_once()  # what is made once is there
        self.recorder.flush_all()
        shutil.rmtree(data)
        modules = [importlib.import_module(f"profcov.{name}") for name in MODULES]
        codes = [
            code
            for module in modules
            for code in find_codes(module)
            if code.co_name not in {"__del__", "warm_up", "_start"}
        ]
        self.striker = Striker(codes, self.throw if kind == "raise" else self.collect, anywhere=kind == "raise")
        self.other = Other(self)

    def throw(self) -> None:
        self.striker.aim(self.rng)
        raise Strike

    def collect(self) -> None:
        Garbage(self.let_other_work)
        gc.collect()
        self.striker.aim(self.rng)

    def let_other_work(self) -> None:
        slug, number = self.pick()

        def work() -> None:
            self.unit(slug, (number,))

        began = time.monotonic()
        self.other.ask(work)
        self.longest = max(self.longest, time.monotonic() - began)

    def pick(self) -> tuple[str, int]:
        return self.rng.choice(SLUGS), self.rng.randrange(NUMBER)

    def begin(self, slug: str) -> Any:
        """Begin a unit; what was struck twice is put right by the recorder's own thread, while a unit waits."""
        from profcov.wire.statuses import BUSY

        unit = self.recorder.begin(slug, wait=0)
        if unit.status != BUSY:
            return unit
        thread = threading.Thread(target=self.recorder.tidy)
        thread.start()
        thread.join()
        return self.recorder.begin(slug)

    def unit(self, slug: str, numbers: Iterable[int]) -> None:
        """Do a unit of work, and what was struck once more; each function that has run is noted."""
        unit = insist(self.begin, slug)
        if not insist(lambda: unit.traced):
            self.refused.append((slug, unit.status))
            return
        for number in numbers:
            self.may[slug].add(number)
            try:
                with unit.step():
                    self.functions[number]()
            except Strike:
                continue
            self.must[slug].add(number)
        insist(unit.flush)
        insist(unit.end)

    def play_once(self) -> None:
        self.must, self.may = ({slug: set[int]() for slug in SLUGS} for _ in range(2))
        self.refused = []
        self.count += 1
        for _ in range(self.rng.randrange(3, 8)):
            slug, number = self.pick()
            self.unit(slug, (number, self.rng.randrange(NUMBER)))
            if self.rng.random() < 0.1:
                insist(self.recorder.flush_all)

    def play(self) -> None:
        self.striker.aim(self.rng)
        if self.kind == "raise" and self.rng.random() < 0.3:
            shutil.rmtree(self.data, ignore_errors=True)  # the files that are kept open are made anew
        moves = self.rng.random() < 0.1
        self.play_once()
        if moves:
            shutil.rmtree(self.data)
            self.must, self.may = ({slug: set[int]() for slug in SLUGS} for _ in range(2))
            self.unit("one", (0,))
        self.striker.target = None
        for _ in range(3):
            self.recorder.tidy()
            self.recorder.forget_books()
        self.recorder.flush_all(label_is_final=True)
        self.check(moves)

    def check(self, moves: bool) -> None:
        from profcov.slug import parse_slug
        from profcov.store.clean import discard
        from profcov.store.directory import DataDirectory
        from profcov.store.holders import list_failed, list_in_flight
        from profcov.store.layout import list_shards
        from profcov.store.content import read_content

        fault: dict[str, object] = {"round": self.count}
        if self.refused and self.kind == "raise":
            fault["refused"] = self.refused[:3]
        for slug in map(parse_slug, SLUGS):
            in_flight = list_in_flight(self.data, slug)
            if in_flight:
                fault[f"in flight {slug}"] = str(in_flight[0])
                continue
            reasons = {str(each.missing) for each in list_failed(self.data, slug)} - ALLOWED
            found = set()
            for shard in list_shards(self.data, slug):
                for lines in read_content(shard).lines_by_file().values():
                    found |= lines
            discard(DataDirectory(self.data), slug, timeout=5)
            missing = {self.line(number) for number in self.must[slug]} - found
            foreign = found - {self.line(number) for number in self.may[slug]}
            if missing or foreign or reasons:
                fault[slug] = [sorted(missing), sorted(foreign), sorted(reasons)]
        if fault.keys() - {"round"}:
            fault["at"] = [f"{self.striker.codes[key].co_qualname}+{at}" for key, at in self.striker.struck][-1:]
            self.wrong.append(fault)

    @staticmethod
    def line(number: int) -> int:
        return 2 * number + 2

    def figures(self) -> dict[str, object]:
        from profcov.recording import faults

        return {
            "rounds": self.count,
            "instructions": len(self.striker.met),
            "strikes": sum(self.striker.struck.values()),
            "never": self.striker.missed()[:20],
            "longest": round(self.longest, 2),
            "logged": sorted(faults._logged),
            "wrong": self.wrong[:5],
        }


def main(seconds: float, kind: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        source = Path(directory, "subject_of_strikes.py")
        source.write_text("".join(f"def f{number}():\n    return {number}\n" for number in range(NUMBER)))
        config = Path(directory, "strikes.ini")
        config.write_text(f"[run]\nsource = {directory}\n")
        os.environ.update(
            ENABLE_PROFILE_COVERAGE="1",
            PROFILE_COVERAGE_DIR=f"{directory}/data",
            PROFILE_COVERAGE_CONFIG=str(config),
            PROFILE_COVERAGE_ENGINE="monitoring",
            PROFILE_COVERAGE_FLUSH_SECONDS="86400",
            PROFILE_COVERAGE_MIN_FREE_BYTES="0",
        )
        sys.path.insert(0, directory)
        import profcov.recording.flusher
        import subject_of_strikes

        profcov.recording.flusher._LOOK_SECONDS = 86400.0  # type: ignore[misc]  # the recorder's own thread does nothing: the rounds call it
        gc.disable()
        rounds = Rounds(Path(directory, "data"), subject_of_strikes, kind)
        until = time.monotonic() + seconds
        while (time.monotonic() < until or sum(rounds.striker.struck.values()) < MIN_STRIKES) and len(
            rounds.wrong
        ) < 10:
            rounds.play()
        print(json.dumps(rounds.figures(), default=str), flush=True)
        threading.excepthook = lambda _: None


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2])
