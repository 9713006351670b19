"""What a process has of one slug that waits for the disk: the lines of its traces, and facts about jobs.

Lines leave their trace when they are written, so an interruption, or two threads at once, at worst write something twice.
"""

from __future__ import annotations

import contextlib
import platform
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from profcov.brief_lock import MAX_WAIT_SECONDS
from profcov.errors import ProfcovError
from profcov.reasons import WORK_UNFINISHED
from profcov.recording.faults import log_once, raise_foreign
from profcov.store.content import UNKNOWN
from profcov.store.rows import MISSING, UNWRITTEN
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.engine.base import Engine, Executed, Trace
    from profcov.recording.traces import Traces
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.presence import Presence

MAX_WAITING_LINES: Final = 100_000
"""Maximum lines of finished units that wait for the disk, per slug: some 6 MB."""
MAX_WAITING_NOTES: Final = 1000  # facts about jobs


class Pending:
    """Write shards; keep what cannot be written for the next try, and log the cause once."""

    __slots__ = (
        "_engine",
        "_given_up",
        "_has_shard",
        "_imported",
        "_is_reported",
        "_known_outside",
        "_presence",
        "_settings",
        "_slug",
        "_traces",
        "_waiting",
        "notes",
    )

    def __init__(self, slug: Slug, settings: Settings, engine: Engine, presence: Presence, traces: Traces) -> None:
        self._slug = slug
        self._settings = settings
        self._engine = engine
        self._presence = presence
        self._traces = traces
        self.notes: list[dict[str, Any]] = []
        """Facts about jobs; written with the next lines, or else when the current unit is flushed."""
        self._waiting: dict[Trace, int] = {}
        self._given_up: deque[None] = deque(maxlen=1000)
        self._imported: set[str] = set()
        self._known_outside = 0
        self._is_reported = self._has_shard = False

    @property
    def is_written(self) -> bool:
        """Whether the lines and job facts of all units that have ended are written."""
        waits = any(trace.has_news for trace in list(self._waiting))
        return not waits and not self._given_up and not self.notes

    def flush(
        self, trace: Trace, find_place: Callable[[], object], *, label_is_final: bool = False, is_over: bool = False
    ) -> None:
        """Write what is new as a shard, in the directory that ``find_place`` provides.

        With ``is_over``, if nothing was ever measured, write a shard without lines to show that a unit was traced.
        """
        if not trace.has_news and not self.notes and (self._has_shard or not is_over):
            return
        label = self._traces.find_label(trace, is_final=label_is_final)
        if label is None:
            return
        lock = trace.flush_lock
        is_held = lock.acquire(timeout=MAX_WAIT_SECONDS)
        if not is_held:
            trace.flush_lock = threading.Lock()  # no other thread waits for it
        failure: ProfcovError | None = None
        try:
            failure = self._try_to_write(trace, label, find_place, is_over=is_over)
        except BaseException:  # a time limit of the application struck
            self._keep_waiting(trace)
            raise
        finally:
            if is_held:
                lock.release()
        if failure is not None:
            log_once(failure.code, "%s; the lines are kept for the next try", failure)
            failure = None  # its traceback leads to this frame: they would keep each other, and the unit, alive
            self._keep_waiting(trace)

    def _try_to_write(
        self, trace: Trace, label: str, find_place: Callable[[], object], *, is_over: bool
    ) -> ProfcovError | None:
        try:
            find_place()
            taken = trace.take()
            if taken.executed or self.notes or (is_over and not self._has_shard):
                self._write(trace, label, taken.executed)
            taken.settle()  # also lines that others wrote under its label: or it would never be forgotten
        except ProfcovError as error:
            raise_foreign(error)
            return error
        self._waiting.pop(trace, None)
        self.take_back()
        return None

    def take_back(self) -> None:
        """Remove the note that lines are unwritten, once they are written."""
        if self._is_reported and self.is_written:
            self._presence.take_back(UNWRITTEN, self._slug)
            self._is_reported = False

    def _keep_waiting(self, trace: Trace) -> None:
        """Keep what could not be written for the next try; if too much waits, drop the oldest units."""
        if trace.has_news:  # or another thread has written it meanwhile
            self._waiting[trace] = sum(map(len, trace.take().executed.values()))
        if self.is_written:
            return
        self._is_reported = True
        self._presence.note(UNWRITTEN, self._slug)
        for _ in range(len(self.notes) - MAX_WAITING_NOTES):
            with contextlib.suppress(IndexError):
                self.notes.pop(0)
                self._give_up_one("facts about jobs")
        excess = sum(list(self._waiting.values())) - MAX_WAITING_LINES
        for each in [each for each in list(self._waiting) if self._traces.is_left(each)]:
            if excess <= 0:
                return
            excess -= self._waiting.pop(each, 0)
            if self._traces.forget(each):
                self._give_up_one("units")

    def _give_up_one(self, kind: str) -> None:
        self._given_up.append(None)
        log_once("given-up", "%s of %s are given up: too many wait for the disk", kind, self._slug)

    def _write(self, trace: Trace, label: str, executed: Executed) -> None:
        sources, settings, directory = self._engine.sources, self._settings, self._presence.directory
        imported, outside = sources.imported(), len(sources.outside)
        notes, given_up = list(self.notes), len(self._given_up)  # they stay until they are written
        *older, newest = sources.by_version(executed)
        of_all = {"imported": sorted(imported - self._imported), "lost": given_up, "jobs": notes}
        if outside > self._known_outside:
            of_all["ran_outside"] = sources.outside_since(self._known_outside)
        for (ran, digests), more in (*((each, {}) for each in older), (newest, of_all)):
            facts = {
                "written": time.time(),
                "python": platform.python_version(),
                "sources": {file: digest or UNKNOWN for file, digest in digests.items()},
                "settings": {**sources.settings, "engine": self._engine.name, "context": settings.context},
                **more,
            }
            write_shard(directory, self._slug, label, ran, branch=trace.branch, facts=facts)
        self._imported, self._known_outside, self._has_shard = imported, outside, True
        with contextlib.suppress(IndexError):
            for _ in range(given_up):
                self._given_up.pop()
        for note in notes:
            with contextlib.suppress(ValueError):  # another thread has written it, too
                self.notes.remove(note)

    def unsettle(self) -> None:
        """Note that nothing is on disk any more."""
        self._imported, self._known_outside, self._has_shard = set(), 0, False
        self._traces.unsettle()

    def give_up(self) -> None:
        """Drop what came too late for its generation; the next artifact is partial, unless one has already reported it."""
        if any(trace.has_news and trace not in self._waiting for trace in self._traces):
            log_once("late", "%s: what goes on after it was combined is given up", self._slug)
            self._presence.note(MISSING, self._slug, WORK_UNFINISHED)
        for trace in self._traces:
            trace.take().settle()
        for each in (self._waiting, self._given_up, self.notes):
            each.clear()
