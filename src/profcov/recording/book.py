"""What a process keeps of one slug, of one generation: its units under way, and what waits for the disk.

Nothing here holds a lock while code of others may run, and no lock is waited for longer than ``MAX_WAIT_SECONDS``: the garbage
collector, a signal or a time limit may strike anywhere, in whichever thread. Lines leave their trace when they are written,
so that what is struck, or done by two threads at once, is at worst written twice.
"""

from __future__ import annotations

import contextlib
import platform
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from profcov.errors import ProfcovError, as_write_error
from profcov.reasons import DIRECTORY_MOVED, WORK_UNFINISHED
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.place import Place
from profcov.recording.scope import Scope
from profcov.store.content import UNKNOWN
from profcov.store.jobs import STOPPED
from profcov.store.lock import SlugLock
from profcov.store.rows import IN_FLIGHT, MISSING, UNWRITTEN
from profcov.store.shard import write_shard
from profcov.wire.labels import write_label, write_other

if TYPE_CHECKING:
    import weakref
    from collections.abc import Callable

    from profcov.recording.engine.base import Engine, Executed, Trace
    from profcov.recording.place import Row
    from profcov.recording.work import Work
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.jobs import JobRun
    from profcov.store.presence import Presence

    FindLabel = Callable[[bool], str | None]

MAX_WAIT_SECONDS: Final = 1.0
"""How long a thread waits until another has written what both have: its holder may be waiting for what we hold."""
MAX_WAITING_LINES: Final = 100_000
"""So many lines of units that have ended wait for the disk at most, for each slug: some 6 MB."""
MAX_WAITING_NOTES: Final = 1000  # facts about jobs


class Book:
    """Counts units in and out, and writes what their traces hold as shards in between.

    With the context ``profile`` all units but jobs share one trace. With ``route`` and ``request`` each has its own, for its
    label is known late; what is on disk under a route's or a job's label already is not written again.

    Once readers have consumed the shards, or the directory is another, the book is closed for new units, and another one is
    begun with empty traces: what was written is to be written again.
    """

    __slots__ = (
        "__weakref__",
        "_finders",
        "_given_up",
        "_home",
        "_imported",
        "_is_said",
        "_known_outside",
        "_lock",
        "_moved",
        "_running",
        "_shared",
        "_waiting",
        "_written",
        "at_work",
        "engine",
        "has_shard",
        "notes",
        "presence",
        "settings",
        "shared_rows",
        "slug",
    )

    def __init__(self, slug: Slug, settings: Settings, engine: Engine, presence: Presence, lock: SlugLock) -> None:
        self.slug = slug
        self.settings = settings
        self.engine = engine
        self.presence = presence
        self.at_work: dict[int, weakref.ref[Place]] = {}
        self.shared_rows: dict[str, weakref.ref[Row]] = {}
        self.notes: deque[dict[str, Any]] = deque()
        self._lock = lock
        self._home = presence.open()
        self._moved = self._is_said = self.has_shard = False
        self._shared: Trace | None = None
        if settings.context == "profile":
            self._shared = engine.new_trace(write_label(settings.context_prefix, slug))
        self._finders: dict[Trace, FindLabel] = {}
        self._waiting: dict[Trace, int] = {}
        self._given_up: deque[None] = deque(maxlen=1000)
        self._imported: set[str] = set()
        self._known_outside = 0
        self._written: dict[str, Executed] = {}
        self._running: list[JobRun] = []

    @classmethod
    def begin(cls, slug: Slug, settings: Settings, engine: Engine, presence: Presence) -> Book | None:
        """Return an empty book of the present generation; None while a reader is at work.

        Raises:
            OSError: the directory cannot be written.
        """
        lock = SlugLock.find(settings.data_dir, slug, settings.umask)
        return None if lock is None else cls(slug, settings, engine, presence, lock)

    @property
    def is_written(self) -> bool:
        """Whether no unit has ended whose lines, or what was noted of jobs, could not be written."""
        waits = any(trace.has_news for trace in list(self._waiting))
        return not waits and not self._given_up and not self.notes

    @property
    def in_flight(self) -> int:
        """How many units of work have begun and not ended."""
        return sum(place() is not None for place in list(self.at_work.values()))

    @property
    def is_past(self) -> bool:
        """Whether the shards were consumed, or the directory was moved or removed."""
        return self._lock.is_past

    def _reopen(self, place: Place) -> bool:
        """Go on with other descriptors where the application has closed ours; tell whether the generation is the same."""
        if not self._lock.is_in_place:
            return False
        if not self._lock.is_ours:
            lock = SlugLock.find(self.settings.data_dir, self.slug, self.settings.umask)
            if lock is None or not lock.is_like(self._lock):
                return False
            self._lock = lock
        self._home = self.presence.open()
        place.note_again()
        return self._lock.holds

    def join(self, job: JobRun | None = None, *, is_new: bool = False, kind: str = IN_FLIGHT) -> Place | None:
        """Count in a unit that ``is_new``, or work that one has started; None if the book is of a generation that is over.

        Raises:
            OSError: it cannot be noted.
        """
        place = Place(self, "" if job is None else job.id, kind)
        # Noted first, asked second: a reader closes the lock file first, and looks who is in flight second.
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
        """Note that something is missing in the next artifact, and why; never raises."""
        self.presence.note(MISSING, self.slug, reason)

    def note(self, facts: dict[str, Any]) -> None:
        """Have something about a job written with the next lines, or else when the current unit is flushed."""
        self.notes.append(facts)

    def note_end(self, job: JobRun, status: str) -> None:
        """Note what became of a job that this process performs; what is noted last counts."""
        with contextlib.suppress(ValueError):
            self._running.remove(job)
        if job.status != status:
            self.note(job.end(status))

    def open_scope(self, outer: Scope | None, work: Work, find_label: FindLabel) -> Scope:
        """Return the scope of a unit that was counted in; its trace is one of its own if its work ``is_labelled``.

        ``find_label`` returns the label, or None while it is not known; given True, it must know.
        """
        trace = None if work.is_labelled else self._shared
        if trace is None:
            self._forget_idle()
            trace = self.engine.new_trace(None)
        scope = Scope(trace, outer, self, work)
        self.engine.begin(scope)
        if trace is not self._shared:
            self._finders[trace] = find_label  # now that it has a scope: or it would be forgotten as idle
        return scope

    def leave(self, trace: Trace, place: Place, *, label_is_final: bool = True, is_over: bool = True) -> None:
        """Count a unit out, after writing what is new; if nothing was ever measured, a shard without lines says that it was traced."""
        try:
            self.flush(trace, label_is_final=label_is_final, is_over=is_over)
        finally:
            place.leave()

    def flush(self, trace: Trace, *, label_is_final: bool = False, is_over: bool = False) -> None:
        """Write what is new as a shard; what cannot be written is kept for the next try, and the cause logged once."""
        if not trace.has_news and not self.notes and (self.has_shard or not is_over):
            return
        label = self._find_label(trace, label_is_final=label_is_final)
        if label is None:
            return
        lock = trace.flush_lock
        is_held = lock.acquire(timeout=MAX_WAIT_SECONDS)
        if not is_held:
            trace.flush_lock = threading.Lock()  # nobody else waits for that one
        failure: ProfcovError | None = None
        try:
            failure = self._try_to_write(trace, label, is_over=is_over)
        except BaseException:  # a time limit of the application's has struck
            self._keep_waiting(trace)
            raise
        finally:
            if is_held:
                lock.release()
        if failure is not None:
            log_once(failure.code, "%s; the lines are kept for the next try", failure)
            failure = None  # its traceback leads to this frame: they would keep each other, and the unit, alive
            self._keep_waiting(trace)

    def _try_to_write(self, trace: Trace, label: str, *, is_over: bool) -> ProfcovError | None:
        try:
            if not self._lock.is_in_place:
                self._move()
            taken = trace.take()
            if taken.executed or self.notes or (is_over and not self.has_shard):
                self._write(trace, label, taken.executed)
            taken.settle()  # what is on disk under its label by others, too: or it is never forgotten
        except ProfcovError as error:
            raise_foreign(error)
            return error
        self._waiting.pop(trace, None)
        self._take_back()
        return None

    def _take_back(self) -> None:
        """Say no longer that lines are unwritten, once they are."""
        if self._is_said and self.is_written:
            self.presence.take_back(UNWRITTEN, self.slug)
            self._is_said = False

    def _move(self) -> None:
        """Go on in the directory as it is now: while units were under way it was moved, removed or made anew.

        All that the traces hold is to be in the new one, too. New units come to a book of their own.

        Raises:
            CoverageWriteError: nothing can be written there.
        """
        settings = self.settings
        with as_write_error(self._lock.path):
            self._home = self.presence.open()  # first: what is in flight is noted there before the lock file is read
            lock = SlugLock.find(settings.data_dir, self.slug, settings.umask)
        self._moved = True
        self._lock = lock or self._lock
        self._imported, self._known_outside, self._written, self.has_shard = set(), 0, {}, False
        for trace in self._traces():
            trace.unsettle()
        self.miss(DIRECTORY_MOVED)

    def _keep_waiting(self, trace: Trace) -> None:
        """Keep what could not be written for the next try; where too much waits, the oldest units are given up."""
        if trace.has_news:  # or another thread has written it meanwhile
            self._waiting[trace] = sum(map(len, trace.take().executed.values()))
        if self.is_written:
            return
        self._is_said = True
        self.presence.note(UNWRITTEN, self.slug)
        for _ in range(len(self.notes) - MAX_WAITING_NOTES):
            with contextlib.suppress(IndexError):
                self.notes.popleft()
                self._give_up_one("facts about jobs")
        excess = sum(list(self._waiting.values())) - MAX_WAITING_LINES
        for each in [each for each in list(self._waiting) if each in self._finders and not each.scopes]:
            if excess <= 0:
                return
            excess -= self._waiting.pop(each, 0)
            if self._finders.pop(each, None) is not None:
                self.engine.release(each)
                self._give_up_one("units")

    def _give_up_one(self, kind: str) -> None:
        self._given_up.append(None)
        log_once("given-up", "%s of %s are given up: too many wait for the disk", kind, self.slug)

    def _write(self, trace: Trace, label: str, executed: Executed) -> None:
        sources, settings, place = self.engine.sources, self.settings, self.settings.data_dir
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
                "settings": {**sources.settings, "engine": self.engine.name, "context": settings.context},
                **more,
            }
            write_shard(place, self.slug, label, ran, branch=trace.branch, facts=facts, umask=settings.umask)
        self._imported, self._known_outside, self.has_shard = imported, outside, True
        with contextlib.suppress(IndexError):
            for _ in range(given_up):
                self._given_up.pop()
        for note in notes:
            with contextlib.suppress(ValueError):  # another thread has written it, too
                self.notes.remove(note)

    def learn_label(self, trace: Trace) -> None:
        """Give a trace its label, if that is known by now."""
        self._find_label(trace, label_is_final=False)

    def flush_late(self, *, label_is_final: bool = False) -> None:
        """Write what came after the last unit ended; where readers have consumed what it belongs to, it is given up, and said."""
        if label_is_final:
            for job in self._running[:]:
                self.note_end(job, STOPPED)
        if self.is_written and not any(trace.has_news for trace in self._traces()):
            self._take_back()
            return
        place = self.join()
        # Units under way when the directory was moved or removed are in flight in the new one: what writes goes on there.
        if place is None and not (self.in_flight and not self._lock.is_in_place):
            if label_is_final or self.is_past:
                self._give_up()
            return
        try:
            for trace in self._traces():
                self.flush(trace, label_is_final=label_is_final)
        finally:
            if place is not None:
                place.leave()

    def _give_up(self) -> None:
        """Drop what came too late for the generation that it belongs to; the next artifact says so, unless one has."""
        if any(trace.has_news and trace not in self._waiting for trace in self._traces()):
            log_once("late", "%s: what goes on after it was combined is given up", self.slug)
            self.miss(WORK_UNFINISHED)
        for trace in self._traces():
            trace.take().settle()
        for each in (self._waiting, self._given_up, self.notes):
            each.clear()

    def let_go(self) -> bool:
        """Have the engine forget the traces, of a book that is over, under which nothing runs any more; whether all are."""
        if self.in_flight:
            return False
        for trace in [each for each in self._traces() if not each.scopes and not each.has_news]:
            self.engine.release(trace)
            self._finders.pop(trace, None)
            if trace is self._shared:
                self._shared = None
        return not self._traces()

    def abandon(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        self._lock.close()
        for trace in self._traces():
            for scope in list(trace.scopes):
                scope.holders.clear()  # copies of contexts, too, are the child's own unit's now

    def _traces(self) -> list[Trace]:
        return list(self._finders) + ([] if self._shared is None else [self._shared])

    def _find_label(self, trace: Trace, *, label_is_final: bool) -> str | None:
        """Return a trace's label; no lock is held, for a framework's objects are asked."""
        if trace.label is None:
            find = self._finders.get(trace)
            found = None if find is None else find(label_is_final)
            if found is not None:
                label = self._bound(found)
                written = self._written.setdefault(label, {})
                if self.settings.context != "request" or label != found:
                    trace.share_written(written)
                trace.label = label
        return trace.label

    def _bound(self, label: str) -> str:
        """Return a label, or that of all who come too late: a client can invent ids, and what stands in a path."""
        limit = self.settings.max_labels
        if label in self._written or len(self._written) < limit:
            return label
        log_once("labels", "%s has more than %d context labels: those that come now are one", self.slug, limit)
        return write_other(self.settings.context_prefix, self.slug, label)

    def _forget_idle(self) -> None:
        """Forget the traces of units that have ended, with all that they had started, and are on disk."""
        for trace in [each for each in list(self._finders) if not each.scopes and not each.has_news]:
            if self._finders.pop(trace, None) is not None:
                self.engine.release(trace)
