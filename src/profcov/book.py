"""What a process keeps of one slug: its trace, its lock, and how many units of work are in flight."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from profcov.engine.faults import log_once
from profcov.errors import ProfcovError
from profcov.store.lock import SlugLock
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from profcov.engine.base import Engine, Trace
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.lock import Generation

_POLL_SECONDS: Final = 0.01


class Book:
    """Counts units in and out, and writes the trace's lines as shards in between.

    Whenever readers have consumed the shards it turns to an empty trace: what was written is to be written again.
    """

    __slots__ = ("_generation", "_lock", "_mutex", "_units", "engine", "settings", "slug", "trace")

    def __init__(self, slug: Slug, settings: Settings, engine: Engine) -> None:
        self.slug = slug
        self.settings = settings
        self.engine = engine
        self.trace = self._new_trace()
        self._mutex = threading.RLock()
        self._lock = SlugLock(settings.data_dir, slug)
        self._generation: Generation | None = None
        self._units = 0

    def join(self, wait: float) -> bool:
        """Count a unit in; the first takes the shared lock, and starts afresh if the shards were consumed.

        Returns False if a reader has held the exclusive lock for ``wait`` seconds.

        Raises:
            OSError: the lock file cannot be made or opened.
        """
        deadline = time.monotonic() + wait
        while not self._try_join():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _try_join(self) -> bool:
        with self._mutex:
            if self._units == 0:
                generation = self._lock.share()
                if generation is None:
                    return False
                self._turn_to(generation)
            self._units += 1
            return True

    def rejoin(self, trace: Trace) -> bool:
        """Count in work that a unit has started, which may have ended since; False if its shards were consumed."""
        with self._mutex:
            if self._units == 0:
                generation = self._lock.share()
                if generation is None:
                    return False
                if generation != self._generation:
                    self._lock.release()
                    return False
            if trace is not self.trace:
                return False
            self._units += 1
            return True

    def leave(self) -> None:
        """Count a unit out, after writing what is new; the last one drops the lock."""
        try:
            self.flush()
        finally:
            with self._mutex:
                self._units -= 1
                if self._units == 0:
                    self._lock.release()

    def flush(self) -> None:
        """Write new lines as a shard; what cannot be written is kept for the next try, and the cause logged once."""
        trace = self.trace
        if not trace.has_news:
            return
        with trace.flush_lock:
            executed = trace.take()
            if executed:
                try:
                    write_shard(self.settings.data_dir, self.slug, trace.label, executed, branch=trace.branch)
                except ProfcovError as error:
                    log_once(error.code, "%s; the lines are kept for the next try", error)
                    return
            trace.settle()

    def flush_late(self) -> None:
        """Write what came after the last unit ended, unless readers have consumed what it belongs to, or do just now."""
        if not self.trace.has_news:
            return
        with self._mutex:
            if self._units:
                self.flush()
                return
            generation = self._lock.share()
            if generation is None:
                return
            try:
                self._turn_to(generation)
                self.flush()
            finally:
                self._lock.release()

    def abandon(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        self._lock.abandon()

    def _new_trace(self) -> Trace:
        return self.engine.new_trace(self.slug, f"{self.settings.context_prefix}:{self.slug}")

    def _turn_to(self, generation: Generation) -> None:
        """Start afresh if this is another generation than the trace's: its shards are in an artifact, or dropped."""
        if self._generation not in {None, generation}:
            self.trace = self._new_trace()
        self._generation = generation
