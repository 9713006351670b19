"""Work that a unit has started and that may run for ever: how long readers wait for it, and when an artifact is partial.

A daemon thread that has run nothing measured for a second keeps no reader waiting; what it runs later is still recorded. Readers
wait for a while for an active thread, and for every task, because most wait for an answer and end. An artifact that is made while
one is still active, or after it was killed, is partial.
"""

from __future__ import annotations

import sys
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.engine.builds import is_free_threaded
from profcov.recording.faults import log_once, raise_foreign
from profcov.store.rows import IN_FLIGHT, LINGERING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from profcov.recording.engine.sources import Sources
    from profcov.recording.place import Place
    from profcov.recording.unit import Unit

LINGER_SECONDS: Final = 20.0
"""How long active work keeps readers waiting: less than ``profcov combine`` waits."""
IDLE_SECONDS: Final = 1.0
"""How long a thread, or an old task, may run nothing measured before readers no longer wait for it."""
BUSY_SECONDS: Final = 0.02
"""The least CPU time, from one check to the next, of a thread that is not waiting."""

_At = tuple[object, ...] | None


class _Lingering:
    """One unit, and whether readers wait for it: in its own place at first, then in one of ours."""

    def __init__(self, unit: Unit) -> None:
        self._unit = weakref.ref(unit)
        self._since = self._moved = time.monotonic()
        self._at: _At = None
        self._ran = 0.0
        self._kind: str | None = IN_FLIGHT
        self._place: Place | None = None

    def look(self, frames: dict[int, FrameType] | None, now: float) -> bool:
        """Change whether readers wait; return whether the unit has not ended."""
        unit = self._unit()
        if unit is None or not unit.is_open:
            self._stand_as(None, unit)
            return False
        ran = 0.0 if unit.thread is None else _processor_seconds(unit.thread[1])
        at = _locate_unseen(unit, ran) if frames is None else _locate(unit, frames, unit.book.engine.sources)
        if at is None or at != self._at or ran - self._ran > BUSY_SECONDS:
            self._at, self._moved = at, now
        self._ran = ran
        is_old = now - self._since >= LINGER_SECONDS
        is_idle = now - self._moved >= IDLE_SECONDS and (is_old or unit.coroutine is None)
        kind = None if is_idle else LINGERING if is_old else IN_FLIGHT
        if at is None and is_old:  # for example, it has not begun
            kind = None
        if kind != self._kind:
            self._stand_as(kind, unit)
        return True

    def _stand_as(self, kind: str | None, unit: Unit | None) -> None:
        """Take the new place, then leave the old one: readers see one of the two at every moment."""
        place = None
        if kind is not None and unit is not None and not unit.book.is_past:
            place = unit.book.join(kind=kind)
            if place is None:
                return  # a reader came just now, and sees the old one; or it has consumed it at the next check
        if unit is not None:
            unit.let_readers_in()
        if self._place is not None:
            self._place.leave()
        self._place = place
        self._kind = None if place is None else kind


_lingering: dict[int, _Lingering] = {}


def linger(unit: Unit) -> None:
    """Let readers wait for a unit for as long as they may."""
    _lingering[id(unit)] = _Lingering(unit)


def look_at_lingering() -> None:
    """Check which of them still run; called every half a second; never raise."""
    if not _lingering:
        return
    frames = None if is_free_threaded() else sys._current_frames()  # noqa: SLF001 (what it is there for)
    now = time.monotonic()
    for key, each in dict(_lingering).items():
        try:
            if not each.look(frames, now):
                _lingering.pop(key, None)
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
            log_once("lingering", "cannot tell whether a thread is still at work", error=error)


def forget_lingering() -> None:
    """Forget, in a forked child, the parent's work."""
    _lingering.clear()


def _processor_seconds(thread: int) -> float:
    """Return a thread's CPU time, as Linux reports it; 0 on other systems."""
    try:
        with open(f"/proc/self/task/{thread}/schedstat", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().partition(" ")[0]) / 1e9
    except (OSError, ValueError):
        return 0.0


def _locate_unseen(unit: Unit, ran: float) -> _At:
    """Return the same as before while a thread gets no CPU time; what is unknown counts as at work.

    Without the GIL, frames of another thread change while they are read.
    """
    is_begun = unit.thread is not None or unit.coroutine is not None
    return (ran or object(),) if is_begun else None


def _locate(unit: Unit, frames: dict[int, FrameType], sources: Sources) -> _At:
    """Return where a unit is in measured code; None if unknown."""
    if unit.coroutine is not None:
        return tuple(_locate_task(unit.coroutine, sources))
    frame = None if unit.thread is None else frames.get(unit.thread[0])
    return None if frame is None else tuple(_locate_thread(frame, sources))


def _locate_thread(frame: FrameType | None, sources: Sources) -> Iterator[object]:
    while frame is not None:
        if sources.measured(frame.f_code.co_filename, frame) is not None:
            yield id(frame.f_code), frame.f_lasti
        frame = frame.f_back


def _locate_task(coroutine: Any, sources: Sources) -> Iterator[object]:
    """Yield where its frames are, and what the innermost waits for: a loop that sleeps is always at one place, but waits for something new."""
    waits_for = None
    while coroutine is not None:
        kind = "cr" if hasattr(coroutine, "cr_frame") else "gi"
        frame = getattr(coroutine, f"{kind}_frame", None)
        coroutine = getattr(coroutine, "cr_await" if kind == "cr" else "gi_yieldfrom", None)
        if frame is not None and sources.measured(frame.f_code.co_filename, frame) is not None:
            waits_for = coroutine
            yield id(frame.f_code), frame.f_lasti
    try:
        yield weakref.ref(waits_for)  # equal to another if both refer to one object
    except TypeError:  # None, or of a type without weak references
        yield id(waits_for)
