"""Where the fixed cost of a traced request goes: each public call timed alone, and the system calls under them."""

from __future__ import annotations

import fcntl
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

from rig import Rig

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 20_000
SLUG = "profile-0"


def time_calls(*calls: Callable[[], Any]) -> list[float]:
    """Call one after the other, many times; return the median microseconds of each, without the clock's own."""
    clock = time.perf_counter_ns
    took: list[list[int]] = [[] for _ in range(len(calls) + 1)]
    for _ in range(TURNS):
        for times, call in zip(took, (lambda: None, *calls), strict=True):
            started = clock()
            call()
            times.append(clock() - started)
    nothing, *others = (statistics.median(times) for times in took)
    return [(other - nothing) / 1e3 for other in others]


def time_unit() -> dict[str, float]:
    """Time the steps of a unit of work, as the WSGI middleware takes them."""
    from profcov.recording.propagation import open_recorder  # noqa: PLC0415 (not before recording is configured)

    recorder = open_recorder()
    units: list[Any] = []

    def step() -> None:
        with units[-1].step():
            pass

    def flush() -> None:
        units[-1].flush()

    calls: dict[str, Callable[[], Any]] = {
        "begin": lambda: units.append(recorder.begin(SLUG)),
        "step, empty": step,
        "flush, nothing new": flush,
        "end": lambda: units.pop().end(),
    }
    return dict(zip(calls, time_calls(*calls.values()), strict=True))


def time_request(rig: Rig) -> dict[str, float]:
    """Time whole requests through the WSGI middleware."""
    from workload import handlers  # noqa: PLC0415

    app = rig.wrap_wsgi(handlers.answer_nothing)
    plain: dict[str, Any] = {}
    setup_testing_defaults(plain)

    def ask(**more: str) -> None:
        app({**plain, **more}, lambda *_given: len)

    def ask_plainly() -> None:
        handlers.answer_nothing({**plain}, lambda *_given: len)

    without, no_header, traced = time_calls(ask_plainly, ask, lambda: ask(HTTP_X_PROFILE_TRACE=SLUG))
    return {"no header": no_header - without, "traced": traced - without}


def time_system_calls(directory: Path) -> dict[str, float]:
    """Time what the lock of a slug asks of the system."""
    path = directory / "lock"
    path.write_text("0" * 19 + "\n", encoding="ascii")
    fd = os.open(path, os.O_RDWR)
    calls: dict[str, Callable[[], Any]] = {
        "fstat": lambda: os.fstat(fd),
        "stat": lambda: os.stat(path),  # noqa: PTH116 (as the lock does it)
        "flock, shared": lambda: fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB),
        "pread": lambda: os.pread(fd, 20, 0),
        "flock, unlock": lambda: fcntl.flock(fd, fcntl.LOCK_UN),
    }
    try:
        return dict(zip(calls, time_calls(*calls.values()), strict=True))
    finally:
        os.close(fd)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="profcov-parts-") as directory:
        rig = Rig("one", Path(directory))
        rig.switch_on()
        groups = {
            "a request through the middleware, added": time_request(rig),
            "its unit of work": time_unit(),
            "of begin and end, the lock's system calls": time_system_calls(rig.directory),
        }
    print(f"Python {platform.python_version()}, medians of {TURNS:,}, in microseconds")
    for title, parts in groups.items():
        print(f"{title + ': ' + format(sum(parts.values()), '.1f') if 'added' not in title else title}")
        for name, took in parts.items():
            print(f"  {name:24}{took:8.2f}")


if __name__ == "__main__":
    main()
