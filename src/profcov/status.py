"""Live status: what profcov does in this process at this moment."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from profcov.recording.processes import list_books

if TYPE_CHECKING:
    from collections.abc import Mapping

    from profcov.recording.engine.base import Capabilities, Engine


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine of one process does, and has done since the process started or was forked.

    ``name``, ``capabilities``: ``monitoring`` or ``ctrace``, and what it can do; None while no engine runs.
    ``live``: how many units of work are in flight, by slug, for slugs that have any.
    ``known``: the slugs that the process has met and that are not combined; ``PROFILE_COVERAGE_MAX_PROFILES`` limits them.
    ``arms``, ``disarms``, ``blocked``: how often the monitoring engine armed a trace in a code object, disarmed one,
    and could not because the code was running; always 0 with ctrace.
    ``lines``: lines recorded (arcs with branches), each once for a trace and code object; with ctrace, those on disk.
    """

    running: bool
    name: str | None = None
    capabilities: Capabilities | None = None
    live: Mapping[str, int] = field(default_factory=dict)
    known: tuple[str, ...] = ()
    arms: int = 0
    disarms: int = 0
    blocked: int = 0
    lines: int = 0


def engine_status() -> EngineStatus:
    """Return what profcov does in this process; start no engine, take no lock, never raise.

    It is a snapshot without a lock, so its figures may be some microseconds apart.
    """
    books = list_books()
    live: Counter[str] = Counter()
    for book in books:
        live[book.slug] += book.in_flight
    units = {slug: count for slug, count in sorted(live.items()) if count > 0}
    engine = _running_engine()
    if engine is None:
        return EngineStatus(running=False, live=units, known=tuple(sorted(live)))
    counts = engine.counts
    return EngineStatus(
        running=True,
        name=engine.name,
        capabilities=engine.capabilities,
        live=units,
        known=tuple(sorted(live)),
        arms=counts.arms,
        disarms=counts.disarms,
        blocked=counts.blocked,
        lines=counts.lines,
    )


def _running_engine() -> Engine | None:
    # If it was never imported, no engine runs; importing it would import coverage.py.
    choose = sys.modules.get("profcov.recording.engine.choose")
    find = getattr(choose, "running_engine", None)  # another thread may be importing it just now
    engine: Engine | None = find() if find is not None else None
    return engine
