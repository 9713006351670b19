"""What a process keeps of one slug: its traces, its lock, and how many units of work are in flight."""

from __future__ import annotations

import contextlib
import functools
import platform
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from profcov.engine.faults import log_once, raise_foreign
from profcov.errors import ProfcovError
from profcov.store.jobs import STOPPED
from profcov.store.lock import SlugLock
from profcov.store.merge import UNKNOWN
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.engine.base import Engine, Executed, Trace
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.jobs import JobRun
    from profcov.store.lock import Generation
    from profcov.store.presence import Presence

    FindLabel = Callable[[bool], str | None]

_POLL_SECONDS: Final = 0.01
_MOST_WAITING: Final = 100_000
"""So many lines of units that have ended wait for the disk at most, for each slug: some 6 MB."""


class Book:
    """Counts units in and out, and writes what their traces hold as shards in between.

    With the context ``profile`` all units but jobs share one trace. With ``route`` and ``request`` each has its own, for its
    label is known late; what is on disk under a route's or a job's label already is not written again.

    Whenever readers have consumed the shards it turns to empty traces: what was written is to be written again.
    """

    __slots__ = (
        "_finders",
        "_generation",
        "_given_up",
        "_imported",
        "_lock",
        "_mutex",
        "_old",
        "_presence",
        "_running",
        "_shared",
        "_units",
        "_waiting",
        "_written",
        "engine",
        "notes",
        "settings",
        "slug",
    )

    def __init__(self, slug: Slug, settings: Settings, engine: Engine, presence: Presence) -> None:
        self.slug = slug
        self.settings = settings
        self.engine = engine
        self._mutex = threading.RLock()
        self._lock = SlugLock(settings.data_dir, slug, settings.umask)
        self._presence = presence
        self._generation: Generation | None = None
        self._units = 0
        self._old: list[Trace] = []
        self._shared: Trace | None = None
        self._finders: dict[Trace, FindLabel] = {}
        self._waiting: dict[Trace, int] = {}
        self._given_up = 0
        self._imported: set[str] = set()
        self.notes: deque[dict[str, Any]] = deque()
        self._running: list[JobRun] = []
        self._start_afresh()

    @property
    def is_written(self) -> bool:
        """Whether no unit has ended whose lines, or what was noted of jobs, could not be written."""
        return not self._waiting and not self._given_up and not self.notes

    @property
    def in_flight(self) -> int:
        """How many units of work have begun and not ended."""
        return self._units

    def let_go(self) -> bool:
        """Forget everything if nothing is at work or waits, and what was written is consumed or dropped; tell whether so."""
        with self._mutex:
            traces = [*self._traces(), *self._old]
            is_idle = not self._units and self.is_written and not any(each.scopes or each.has_news for each in traces)
            if self._generation is None or not is_idle or not self._lock.is_past(self._generation):
                return False
            for trace in traces:
                self.engine.release(trace)
            self.abandon()
            return True

    def join(self, wait: float, job: JobRun | None = None) -> bool:
        """Count a unit in; the first takes the shared lock, and starts afresh if the shards were consumed.

        Returns False if a reader has held the exclusive lock for ``wait`` seconds.

        Raises:
            OSError: the lock file cannot be made or opened.
        """
        deadline = time.monotonic() + wait
        while not self._try_join(job):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _try_join(self, job: JobRun | None) -> bool:
        with self._mutex:
            if self._units == 0:
                generation = self._lock.share()
                if generation is None:
                    return False
                self._turn_to(generation)
            if self._units == 0 or job is not None:
                self._tell(functools.partial(self._presence.begin, job="" if job is None else job.id))
            if job is not None:
                self._running.append(job)
            self._units += 1
            return True

    def note(self, facts: dict[str, Any]) -> None:
        """Have something about a job written with the next lines, or else when the current unit is flushed."""
        self.notes.append(facts)

    def note_end(self, job: JobRun, status: str) -> None:
        """Note what became of a job that this process performs; what is noted last counts."""
        with self._mutex:
            if job in self._running:
                self._running.remove(job)
            if job.status != status:
                self.note(job.end(status))

    def tell_at_work(self) -> None:
        """Note again which units are in flight: the process was to become another, and has not."""
        with self._mutex:
            if self._units:
                self._tell(self._presence.begin)

    def open_trace(self, find_label: FindLabel, *, is_labelled: bool = False) -> Trace:
        """Return the trace of a unit that was counted in; one of its own if it ``is_labelled`` for itself.

        ``find_label`` returns the label, or None while it is not known; given True, it must know.
        """
        if self._shared is not None and not is_labelled:
            return self._shared
        trace = self.engine.new_trace(self.slug, None)
        with self._mutex:
            self._forget_idle()
            self._finders[trace] = find_label
        return trace

    def rejoin(self, trace: Trace) -> bool:
        """Count in work that a unit has started, which may have ended since; False if its shards were consumed."""
        with self._mutex:
            is_ours = trace is self._shared or trace in self._finders
            if self._units == 0 and is_ours:
                generation = self._lock.share()
                if generation is None:
                    return False
                if generation != self._generation:
                    self._lock.release()
                    return False
                self._tell(self._presence.begin)
            self._units += is_ours
            return is_ours

    def leave(self, trace: Trace, *, label_is_final: bool = True) -> None:
        """Count a unit out, after writing what is new; the last one drops the lock."""
        try:
            self.flush(trace, label_is_final=label_is_final)
        finally:
            self.disjoin()

    def disjoin(self, job: JobRun | None = None) -> None:
        """Count a unit out that has not begun."""
        with self._mutex:
            if job in self._running:
                self._running.remove(job)
            self._units -= 1
            if self._units == 0:
                if self.is_written:
                    self._tell(self._presence.end)
                self._lock.release()

    def _tell(self, note: Callable[[Slug], None]) -> None:
        """Note for readers, in case that this process is killed, whether units are in flight."""
        try:
            note(self.slug)
        except OSError as error:
            log_once("presence", "cannot note which units are in flight", error=error)

    def flush(self, trace: Trace, *, label_is_final: bool = False) -> None:
        """Write what is new as a shard; what cannot be written is kept for the next try, and the cause logged once."""
        if not trace.has_news and not self.notes:
            return
        try:
            with trace.flush_lock:
                label = self._find_label(trace, label_is_final=label_is_final)
                if label is None:
                    return
                executed = trace.take()
                failure = self._try_to_write(trace, label, executed) if executed or self.notes else None
                if failure is None:
                    trace.settle()
        except BaseException:  # a time limit of the application's has struck
            self._keep_waiting(trace, 0)
            raise
        if failure is not None:
            log_once(failure.code, "%s; the lines are kept for the next try", failure)
            self._keep_waiting(trace, sum(map(len, executed.values())))
        elif self._waiting:
            with self._mutex:
                self._waiting.pop(trace, None)

    def _try_to_write(self, trace: Trace, label: str, executed: Executed) -> ProfcovError | None:
        try:
            self._write(trace, label, executed)
        except ProfcovError as error:
            raise_foreign(error)
            return error
        return None

    def _keep_waiting(self, trace: Trace, lines: int) -> None:
        """Keep what could not be written for the next try; where too much waits, the oldest units are given up."""
        with self._mutex:
            if not trace.has_news:  # another thread has written it meanwhile
                return
            self._waiting[trace] = lines
            excess = sum(self._waiting.values()) - _MOST_WAITING
            for each in [each for each in self._waiting if each in self._finders and not each.scopes]:
                if excess <= 0:
                    return
                excess -= self._waiting.pop(each)
                del self._finders[each]
                self.engine.release(each)
                self._given_up += 1
                log_once("given-up", "units of %s are given up: too many wait for the disk", self.slug)

    def _write(self, trace: Trace, label: str, executed: Executed) -> None:
        sources, settings = self.engine.sources, self.settings
        imported = sources.imported()
        given_up, self._given_up = self._given_up, 0
        notes = list(self.notes)  # they stay until they are written: who looks meanwhile is not to take them for it
        *older, newest = sources.by_version(executed)
        of_all = {"imported": sorted(imported - self._imported), "lost": given_up, "jobs": notes}
        try:
            for (ran, digests), more in (*((each, {}) for each in older), (newest, of_all)):
                facts = {
                    "written": time.time(),
                    "python": platform.python_version(),
                    "sources": {file: digest or UNKNOWN for file, digest in digests.items()},
                    **more,
                }
                write_shard(
                    settings.data_dir, self.slug, label, ran, branch=trace.branch, facts=facts, umask=settings.umask
                )
        except BaseException:
            self._given_up += given_up
            raise
        self._imported = imported
        for note in notes:
            with contextlib.suppress(ValueError):  # another thread has written it, too
                self.notes.remove(note)

    def learn_label(self, trace: Trace) -> None:
        """Give a trace its label, if that is known by now."""
        with trace.flush_lock:
            self._find_label(trace, label_is_final=False)

    def flush_late(self, *, label_is_final: bool = False) -> None:
        """Write what came after the last unit ended, unless readers have consumed what it belongs to, or do just now."""
        if label_is_final:
            for job in self._running[:]:
                self.note_end(job, STOPPED)
        if not self.notes and not any(trace.has_news for trace in self._traces()):
            return
        with self._mutex:
            if self._units:
                self._flush_all(label_is_final=label_is_final)
                return
            generation = self._lock.share()
            if generation is None:
                return
            has_waited = not self.is_written
            try:
                self._turn_to(generation)
                self._flush_all(label_is_final=label_is_final)
                if has_waited and self.is_written:
                    self._tell(self._presence.end)
            finally:
                self._lock.release()

    def abandon(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        self._lock.abandon()

    def _traces(self) -> list[Trace]:
        return list(self._finders) + ([] if self._shared is None else [self._shared])

    def _flush_all(self, *, label_is_final: bool) -> None:
        for trace in self._traces():
            self.flush(trace, label_is_final=label_is_final)

    def _find_label(self, trace: Trace, *, label_is_final: bool) -> str | None:
        if trace.label is None:
            label = self._finders[trace](label_is_final)
            if label is not None:
                trace.label = self._bound(label)
                written = self._written.setdefault(trace.label, {})
                if self.settings.context != "request" or trace.label != label:
                    trace.share_written(written)
        return trace.label

    def _bound(self, label: str) -> str:
        """Return a label, or that of all who come too late: a client can invent ids, and what stands in a path."""
        limit = self.settings.max_labels
        if label in self._written or len(self._written) < limit:
            return label
        log_once("labels", "%s has more than %d context labels: those that come now are one", self.slug, limit)
        name = "job:other" if label.partition("|")[2].startswith("job:") else "other"
        return f"{self.settings.context_prefix}:{self.slug}|{name}"

    def _forget_idle(self) -> None:
        """Forget the traces of units that have ended, with all that they had started, and are on disk."""
        for trace in [each for each in self._finders if not each.scopes and not each.has_news]:
            del self._finders[trace]
            self.engine.release(trace)

    def _turn_to(self, generation: Generation) -> None:
        """Start afresh if this is another generation than the traces': their shards are in an artifact, or dropped."""
        if self._generation not in {None, generation}:
            self._start_afresh()
        self._generation = generation

    def _start_afresh(self) -> None:
        # The engine is to forget the traces of the generation that is over, once nothing runs under them any more.
        self._old += self._traces()
        for trace in [each for each in self._old if not each.scopes]:
            self._old.remove(trace)
            self.engine.release(trace)
        self._shared = None
        if self.settings.context == "profile":
            self._shared = self.engine.new_trace(self.slug, f"{self.settings.context_prefix}:{self.slug}")
        self._finders = {}
        self._waiting = {}
        self._given_up = 0
        self._imported = set()
        self.notes.clear()
        self._written: dict[str, Executed] = {}
