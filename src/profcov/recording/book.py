"""What a process keeps of one slug, of one generation: its units under way, their traces, and what waits for the disk.

Nothing here holds a lock while code of others may run, and no thread waits for a lock longer than a second: the garbage collector,
a signal or a time limit may strike anywhere, in any thread.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from profcov.errors import as_write_error
from profcov.reasons import DIRECTORY_MOVED
from profcov.recording.pending import Pending
from profcov.recording.place import Place
from profcov.recording.scope import Scope
from profcov.recording.traces import Traces
from profcov.store.jobs import STOPPED
from profcov.store.lock import SlugLock
from profcov.store.rows import IN_FLIGHT, MISSING

if TYPE_CHECKING:
    import weakref

    from profcov.recording.engine.base import Engine, Trace
    from profcov.recording.place import Row
    from profcov.recording.traces import FindLabel
    from profcov.recording.work import Work
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.jobs import JobRun
    from profcov.store.presence import Presence


class Book:
    """Count units in and out, and have the content of their traces written in between.

    Once readers have consumed the shards, or the directory has changed, the book is closed for new units, and another one
    begins with empty traces, because everything must be written again.
    """

    __slots__ = (
        "__weakref__",
        "_home",
        "_lock",
        "_moved",
        "_running",
        "at_work",
        "engine",
        "pending",
        "presence",
        "settings",
        "shared_rows",
        "slug",
        "traces",
    )

    def __init__(self, slug: Slug, settings: Settings, engine: Engine, presence: Presence, lock: SlugLock) -> None:
        self.slug = slug
        self.settings = settings
        self.engine = engine
        self.presence = presence
        self.at_work: dict[int, weakref.ref[Place]] = {}
        self.shared_rows: dict[str, weakref.ref[Row]] = {}
        self._lock = lock
        self._home = presence.open()
        self._moved = False
        self._running: list[JobRun] = []
        self.traces = Traces(slug, settings, engine)
        self.pending = Pending(slug, settings, engine, presence, self.traces)

    @classmethod
    def begin(cls, slug: Slug, settings: Settings, engine: Engine, presence: Presence) -> Book | None:
        """Return an empty book of the present generation; None while a reader is at work.

        Raises:
            OSError: the directory cannot be written.
        """
        lock = SlugLock.find(presence.directory, slug)
        return None if lock is None else cls(slug, settings, engine, presence, lock)

    @property
    def in_flight(self) -> int:
        """How many units of work have begun and not ended."""
        return sum(place() is not None for place in list(self.at_work.values()))

    @property
    def is_past(self) -> bool:
        """Whether the shards were consumed, or the directory was moved or removed."""
        return self._lock.is_past

    def _reopen(self, place: Place) -> bool:
        """Continue with other descriptors if the application has closed ours; return whether the generation is the same."""
        if not self._lock.is_in_place:
            return False
        if not self._lock.is_ours:
            lock = SlugLock.find(self.presence.directory, self.slug)
            if lock is None or not lock.is_like(self._lock):
                return False
            self._lock = lock
        self._home = self.presence.open()
        place.note_again()
        return self._lock.holds

    def join(self, job: JobRun | None = None, *, is_new: bool = False, kind: str = IN_FLIGHT) -> Place | None:
        """Count in a unit that ``is_new``, or work that one has started; None if the book's generation is over.

        Raises:
            OSError: it cannot be noted.
        """
        place = Place(self, "" if job is None else job.id, kind)
        # Note first, check second: a reader closes the lock file first, and checks what is in flight second.
        holds = self.presence.is_at(self._home) and self._lock.holds
        if (is_new and self._moved) or not (holds or self._reopen(place)):
            place.leave()
            return None
        if job is not None:
            self._running.append(job)
        return place

    def disjoin(self, place: Place, job: JobRun | None) -> None:
        """Count a unit out that has not begun."""
        place.leave()
        if job is None:
            return
        with contextlib.suppress(ValueError):
            self._running.remove(job)

    def miss(self, reason: str) -> None:
        """Note that something is missing in the next artifact, and why; never raise."""
        self.presence.note(MISSING, self.slug, reason)

    def note_end(self, job: JobRun, status: str) -> None:
        """Note the outcome of a job that this process performs; the last note counts."""
        with contextlib.suppress(ValueError):
            self._running.remove(job)
        if job.status != status:
            self.pending.notes.append(job.end(status))

    def open_scope(self, outer: Scope | None, work: Work, find_label: FindLabel) -> Scope:
        """Return the scope of a unit that was counted in; ``find_label`` is as in :meth:`Traces.keep`."""
        trace = self.traces.choose(work)
        scope = Scope(trace, outer, self, work)
        self.engine.begin(scope)
        self.traces.keep(trace, find_label)
        return scope

    def leave(self, trace: Trace, place: Place, *, label_is_final: bool = True, is_over: bool = True) -> None:
        """Count a unit out, after writing what is new; if nothing was ever measured, write a shard without lines to show that it was traced."""
        try:
            self.flush(trace, label_is_final=label_is_final, is_over=is_over)
        finally:
            place.leave()

    def flush(self, trace: Trace, *, label_is_final: bool = False, is_over: bool = False) -> None:
        """Write what is new as a shard."""
        self.pending.flush(trace, self._find_place, label_is_final=label_is_final, is_over=is_over)

    def _find_place(self) -> None:
        """Continue in the present directory, if it was moved, removed or created anew while units were in flight.

        All that the traces hold must be in the new one, too. New units get a book of their own.

        Raises:
            CoverageWriteError: nothing can be written there.
        """
        if self._lock.is_in_place:
            return
        with as_write_error(self._lock.path):
            self._home = self.presence.open()  # first: what is in flight is noted there before the lock file is read
            lock = SlugLock.find(self.presence.directory, self.slug)
        self._moved = True
        self.pending.unsettle()
        self.miss(DIRECTORY_MOVED)
        self._lock = lock or self._lock  # last: if a time limit strikes before, the next call repeats all of it

    def learn_label(self, trace: Trace) -> None:
        """Give a trace its label, if it is known by now."""
        self.traces.find_label(trace, is_final=False)

    def flush_late(self, *, label_is_final: bool = False) -> None:
        """Write what came after the last unit ended; if readers have consumed its generation, drop it, and note that."""
        if label_is_final:
            for job in self._running[:]:
                self.note_end(job, STOPPED)
        if self.pending.is_written and not self.traces.have_news:
            self.pending.take_back()
            return
        place = self.join()
        # Units that were in flight when the directory was moved or removed are in flight in the new one, and are written there.
        if place is None and not (self.in_flight and not self._lock.is_in_place):
            if label_is_final or self.is_past:
                self.pending.give_up()
            return
        try:
            for trace in self.traces:
                self.flush(trace, label_is_final=label_is_final)
        finally:
            if place is not None:
                place.leave()

    def let_go(self) -> bool:
        """Have the engine forget the idle traces of a book that is over; return whether all are forgotten."""
        return not self.in_flight and self.traces.let_go()

    def abandon(self) -> None:
        """Release, in a forked child, what belongs to the parent."""
        self._lock.close()
        for trace in self.traces:
            for scope in list(trace.scopes):
                scope.holders.clear()  # copies of contexts, too, belong to the child's own unit now
