"""A million traced requests over 100 slugs in one process: its resident size must not grow; ``make soak`` runs it."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from wsgiref.util import setup_testing_defaults

from rig import Rig

from profcov.errors import CoverageMergeError
from profcov.slug import Slug, parse_slug
from profcov.store.combine import combine
from profcov.store.directory import DataDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from wsgiref.types import WSGIApplication

SLUGS: Final = tuple(parse_slug(f"soak-{number:02}") for number in range(100))
WARM_UP: Final = 10_000
SAMPLE_EVERY: Final = 1_000
COMBINED_AT_ONCE: Final = 10
TOLERANCE: Final = 2 << 20
"""Bytes that the resident size may grow. Python's allocator and the C library's take 1 MiB or so at a time, and which
of them has just done so at a sample is chance. The smallest object is 16 bytes: one kept for each of a million requests
would be 16 MB, and 600 bytes kept for each of 4,000 generations 2.4 MB."""


@dataclass(slots=True)
class Course:
    """What was seen on the way: resident bytes at each sample, answers by status, seconds in all."""

    resident: list[tuple[int, int]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def settled(self) -> int:
        """The resident size once warm: the largest of the samples until ``WARM_UP``."""
        return max(size for number, size in self.resident if number <= WARM_UP)

    @property
    def growth(self) -> int:
        """How many bytes the size has grown since: the median of the last tenth, so that one write's peak is no growth."""
        tail = sorted(size for _, size in self.resident[-max(1, len(self.resident) // 10) :])
        return tail[len(tail) // 2] - self.settled


def measure_resident() -> int:
    """Return the bytes of this process in memory, as Linux counts them."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ask(app: WSGIApplication, number: int, slug: Slug, course: Course) -> None:
    """Send one traced request, read its body and close it."""

    def respond(_status: str, headers: list[tuple[str, str]], *_exc_info: Any) -> Callable[[bytes], object]:
        status = dict(headers)["X-Profile-Trace-Status"]
        course.statuses[status] = course.statuses.get(status, 0) + 1
        return len

    environ: dict[str, Any] = {"QUERY_STRING": str(number), "HTTP_X_PROFILE_TRACE": slug}
    setup_testing_defaults(environ)
    body = app(environ, respond)
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()


def soak(app: WSGIApplication, requests: int, combine_some: Callable[[int], None] | None, every: int) -> Course:
    """Send the requests, slug after slug, and have some slugs combined every so many."""
    course = Course()
    started = time.perf_counter()
    for number in range(1, requests + 1):
        ask(app, number, SLUGS[number % len(SLUGS)], course)
        if number % SAMPLE_EVERY == 0:
            course.resident.append((number, measure_resident()))
        if combine_some is not None and number % every == 0:
            combine_some(number // every)
    course.seconds = time.perf_counter() - started
    return course


@contextmanager
def combiner(rig: Rig) -> Iterator[Callable[[int], None]]:
    """Run another process that combines; yields a function that has the next slugs combined, and does not wait."""
    words = [sys.executable, __file__, "--combiner", str(rig.directory)]
    # The process is another's: what this one records is none of its business.
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PROFILE_", "ENABLE_"))}
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environ, text=True) as process:
        assert process.stdin is not None
        pipe = process.stdin

        def combine_some(turn: int) -> None:
            first = turn * COMBINED_AT_ONCE % len(SLUGS)
            pipe.write(" ".join(SLUGS[first : first + COMBINED_AT_ONCE]) + "\n")
            pipe.flush()

        yield combine_some
        pipe.close()
    if process.returncode:
        sys.exit("soak: combining has failed, see above")


def run_combiner(rig: Rig) -> int:
    """Combine the slugs of each line on standard input; one with nothing new is passed over."""
    made = 0
    for line in sys.stdin:
        for slug in map(parse_slug, line.split()):
            try:
                combine(DataDirectory(rig.data), slug, config_file=rig.config)
                made += 1
            except CoverageMergeError:  # nothing new: the requests wait for no combiner
                continue
    print(f"  {made:,} times a slug was combined, so that its next request began a generation")
    return 0


def read_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument(
        "--combine-every",
        type=int,
        default=0,
        metavar="N",
        help="requests between two lots of combined slugs; 0: never",
    )
    parser.add_argument(
        "--same-lines", action="store_true", help="every request runs the same lines, in each generation"
    )
    parser.add_argument("--compile", action="store_true", help="each tenth request compiles and runs code of its own")
    parser.add_argument("--trace-memory", action="store_true", help="say what holds more memory than after the warm-up")
    parser.add_argument("--combiner", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.combiner is None and arguments.requests < 2 * WARM_UP:
        parser.error(f"--requests: {WARM_UP:,} are the warm-up, so give at least {2 * WARM_UP:,}")
    return arguments


def report(course: Course, requests: int) -> bool:
    """Print the figures; return whether the size stayed and every request was traced."""
    step = max(1, len(course.resident) // 10)
    sizes = " ".join(f"{size / 2**20:.1f}" for _, size in course.resident[step - 1 :: step])
    ok = course.growth <= TOLERANCE and course.statuses == {"traced": requests}
    print(
        f"  Python {platform.python_version()}: {requests:,} requests, {len(SLUGS)} slugs, {course.seconds:.0f} s,"
        f" {course.seconds / requests * 1e6:.1f} us each\n"
        f"  answers: {course.statuses}\n"
        f"  resident MiB: {course.settled / 2**20:.1f} after {WARM_UP:,}, then {sizes}\n"
        f"  grown by {course.growth / 2**20:+.2f} MiB since; at most {TOLERANCE >> 20} MiB is noise:"
        f" {'ok' if ok else 'NOT ok'}"
    )
    return ok


def main() -> int:
    """Soak; exit 1 if the size has grown or a request was not traced."""
    arguments = read_arguments()
    if arguments.combiner is not None:
        return run_combiner(Rig("one", arguments.combiner))
    with ExitStack() as stack:
        rig = Rig("one", Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="profcov-soak-"))))
        rig.switch_on()
        from workload import branches  # noqa: PLC0415 (not before recording is configured)

        every = arguments.combine_every
        combine_some = stack.enter_context(combiner(rig)) if every else None
        answer = branches.answer_plainly if arguments.same_lines else branches.answer
        app = rig.wrap_wsgi(branches.answer_by_new_rules if arguments.compile else answer)
        if arguments.trace_memory:
            watch_memory(app, arguments.requests, combine_some, every)
            return 0
        course = soak(app, arguments.requests, combine_some, every)
    return 0 if report(course, arguments.requests) else 1


def watch_memory(app: WSGIApplication, requests: int, combine_some: Callable[[int], None] | None, every: int) -> None:
    """Say which lines of code hold more after all requests than after the warm-up: slow, for the search of a leak."""
    import tracemalloc  # noqa: PLC0415

    soak(app, WARM_UP, combine_some, every)
    tracemalloc.start(12)
    gc.collect()
    before = tracemalloc.take_snapshot()
    soak(app, requests - WARM_UP, combine_some, every)
    gc.collect()
    for change in tracemalloc.take_snapshot().compare_to(before, "lineno")[:15]:
        print(f"  {change}")


if __name__ == "__main__":
    sys.exit(main())
