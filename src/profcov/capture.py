"""The seam: begin and end a unit of work, in the context, the engine and the store at once.

Everything here runs inside somebody's server: no method raises, whatever goes wrong.
"""

from __future__ import annotations

import atexit
import collections.abc
import contextlib
import contextvars
import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Final

from profcov.carrier import DISABLED, TRACED
from profcov.context import Scope, current
from profcov.engine import imports
from profcov.engine.faults import log_once
from profcov.engine.step import Step
from profcov.errors import InvalidSlugError, ProfcovError
from profcov.settings import Settings
from profcov.slug import Slug, parse_slug
from profcov.store.lock import SlugLock
from profcov.store.shard import write_shard

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from profcov.engine.base import Capabilities, Engine, Trace

BUSY: Final = "rejected; the profile is being combined"
_BUSY_SECONDS: Final = 2.0
_BUSY_POLL_SECONDS: Final = 0.01


class Unit:
    """One unit of work, or the refusal of one: then ``status`` says why and everything else does nothing."""

    __slots__ = ("_book", "_engine", "_lock", "_open", "_recorder", "_scope", "slug", "status")

    def __init__(self, status: str, recorder: Recorder, book: _Book | None = None, scope: Scope | None = None) -> None:
        self.status = status
        self._recorder = recorder
        self._engine = recorder.engine
        self._book = book
        self._scope = scope
        self.slug = None if book is None else book.slug
        self._open = book is not None
        self._lock = threading.Lock()

    @property
    def traced(self) -> bool:
        """Whether lines are recorded."""
        return self._book is not None

    @property
    def capabilities(self) -> Capabilities:
        """What the engine at work can do."""
        assert self._engine is not None  # noqa: S101
        return self._engine.capabilities

    def step(self) -> Step:
        """Return a context manager: its block is the unit's, on this thread."""
        assert self._engine is not None  # noqa: S101 (only a traced unit has steps)
        return Step(self._engine, self._scope)

    async def wait(self, work: Awaitable[Any]) -> Any:
        """Await work as the unit's: every resumption of it is a step."""
        assert self._engine is not None  # noqa: S101
        assert self._scope is not None  # noqa: S101
        coroutine = work if isinstance(work, collections.abc.Coroutine) else _await(work)
        token = current.set(self._scope)
        try:
            return await self._engine.drive(coroutine, self._scope)
        finally:
            # ValueError: closed by the garbage collector, in another context.
            with contextlib.suppress(ValueError):
                current.reset(token)

    def flush(self) -> None:
        """Put on disk what was recorded and is not there yet: before others can know of the work."""
        if self._book is not None and self._book.trace.has_news:
            self._recorder.flush(self._book)

    def end(self) -> None:
        """End the unit: write what is left, and let readers in when it was the last; once, on whichever thread."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        assert self._book is not None  # noqa: S101
        self._recorder.end(self._book)
        self._scope = None


class _Book:
    """What a process keeps of one slug: its trace, its lock, and how many units are in flight."""

    __slots__ = ("generation", "lock", "mutex", "slug", "trace", "units")

    def __init__(self, slug: Slug, data_dir: Path, trace: Trace) -> None:
        self.slug = slug
        self.trace = trace
        self.mutex = threading.RLock()
        self.lock = SlugLock(data_dir, slug)
        self.generation = -1
        self.units = 0


class Recorder:
    """Records units of work for one set of settings; one a process and settings, from :func:`recorder_for`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine | None = None
        self._mutex = threading.RLock()
        self._books: dict[Slug, _Book] = {}
        self._refusal: str | None = None if settings.enabled else DISABLED
        self._flusher: threading.Thread | None = None

    def begin(self, slug_text: str, *, wait: float = _BUSY_SECONDS) -> Unit:
        """Begin a unit of work for a slug as it came in, unchecked; never raises.

        ``wait`` is how many seconds to wait while the profile is being combined; then the status is ``BUSY``.
        """
        try:
            return self._begin(slug_text, wait)
        except InvalidSlugError:
            return Unit("rejected; invalid slug", self)
        except Exception as error:  # noqa: BLE001
            log_once("begin", "cannot begin to record", error=error)
            return Unit("unsupported; an error, see the server's log", self)

    def _begin(self, slug_text: str, wait: float) -> Unit:
        if self._refusal is not None:
            return Unit(self._refusal, self)
        slug = parse_slug(slug_text)
        engine = self.engine or self._start()
        if engine is None:
            return Unit(str(self._refusal), self)
        refusal = engine.refusal()
        if refusal is not None:
            return Unit(f"unsupported; {refusal}", self)
        book = self._open_book(slug, engine)
        if book is None:
            return Unit("rejected; too many profiles", self)
        if not self._join(book, engine, wait):
            return Unit(BUSY, self)
        try:
            scope = Scope(book.trace, current.get())
            engine.begin(scope)
        except BaseException:
            self.end(book)
            raise
        if self._flusher is None:
            self._watch()
        return Unit(TRACED, self, book, scope)

    def _start(self) -> Engine | None:
        """Start the engine at the first unit; if it cannot run here, say so once and refuse from now on."""
        with self._mutex:
            if self.engine is None and self._refusal is None:
                try:
                    # A process that is never traced does without coverage.py.
                    from profcov.engine.choose import start_engine  # noqa: PLC0415

                    self.engine = start_engine(self.settings.engine, self.settings.config_file)
                    imports.install(self.engine)
                except Exception as error:  # noqa: BLE001 (coverage.py's configuration errors among them)
                    log_once("engine-start", "cannot measure: %s", error)
                    reason = str(error) if isinstance(error, ProfcovError) else type(error).__name__
                    self._refusal = f"unsupported; {_one_line(reason)}"
            return self.engine

    def warm_up(self) -> None:
        """Start the engine before the first unit: for processes that fork one child a unit."""
        if self.engine is None:
            self._start()

    def _open_book(self, slug: Slug, engine: Engine) -> _Book | None:
        book = self._books.get(slug)
        if book is None:
            with self._mutex:
                book = self._books.get(slug)
                if book is None:
                    if len(self._books) >= self.settings.max_profiles:
                        return None
                    book = self._books[slug] = _Book(slug, self.settings.data_dir, self._new_trace(slug, engine))
        return book

    def _new_trace(self, slug: Slug, engine: Engine) -> Trace:
        return engine.new_trace(slug, f"{self.settings.context_prefix}:{slug}")

    def _join(self, book: _Book, engine: Engine, wait: float) -> bool:
        """Count a unit in; the first takes the shared lock, and starts afresh if the shards were consumed."""
        deadline = time.monotonic() + wait
        while True:
            with book.mutex:
                generation = book.generation if book.units else book.lock.share()
                if generation is not None:
                    if generation != book.generation:
                        if book.generation >= 0:
                            book.trace = self._new_trace(book.slug, engine)
                        book.generation = generation
                    book.units += 1
                    return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_BUSY_POLL_SECONDS)

    def flush(self, book: _Book) -> bool:
        """Write a book's new lines as a shard; what cannot be written is kept for the next try."""
        trace = book.trace
        with trace.flush_lock:
            lines = trace.take()
            if lines:
                try:
                    write_shard(self.settings.data_dir, book.slug, trace.label, lines)
                except ProfcovError as error:
                    log_once(error.code, "%s; the lines are kept for the next try", error)
                    return False
            trace.settle()
        return True

    def end(self, book: _Book) -> None:
        """Count a unit out, after writing; the last one drops the lock."""
        try:
            if book.trace.has_news:
                self.flush(book)
            with book.mutex:
                book.units -= 1
                if book.units == 0:
                    book.lock.release()
        except Exception as error:  # noqa: BLE001
            log_once("end", "cannot end a unit of work", error=error)

    def flush_all(self) -> None:
        """Write what every slug has new, late work of units that have ended included, where readers let us."""
        for book in list(self._books.values()):
            try:
                if book.trace.has_news:
                    self._flush_late(book)
            except Exception as error:  # noqa: BLE001
                log_once("flush", "cannot flush", error=error)

    def _flush_late(self, book: _Book) -> None:
        with book.mutex:
            if book.units:
                self.flush(book)
                return
            generation = book.lock.share()
            if generation is None:
                return
            try:
                if generation == book.generation:
                    self.flush(book)
                elif self.engine is not None:
                    # Consumed meanwhile: these lines belong to an artifact that is made, and to no later one.
                    book.trace = self._new_trace(book.slug, self.engine)
                    book.generation = generation
            finally:
                book.lock.release()

    def _watch(self) -> None:
        """Flush every few seconds, for long units and for work that outlives its unit; and at exit."""
        with self._mutex:
            if self._flusher is None:
                args = (weakref.ref(self), self.settings.flush_seconds)
                self._flusher = threading.Thread(
                    target=_flush_periodically, args=args, name="profcov-flush", daemon=True
                )
                # In an empty context: the thread is nobody's, whoever's request starts it.
                contextvars.Context().run(self._flusher.start)

    def after_fork(self) -> None:
        """Start clean in a forked child: locks, lines and the flushing thread belong to the parent."""
        if self.engine is not None:
            self.engine.after_fork()
        for book in self._books.values():
            book.lock.abandon()
        self._books = {}
        self._mutex = threading.RLock()
        self._flusher = None


def _flush_periodically(recorder: weakref.ref[Recorder], seconds: float) -> None:
    while True:
        time.sleep(seconds)
        target = recorder()
        if target is None:
            return
        target.flush_all()
        del target


_recorders: dict[Settings, Recorder] = {}
_recorders_lock = threading.Lock()


def recorder_for(settings: Settings | None = None) -> Recorder:
    """Return the process's recorder for these settings, or for the environment's; never raises."""
    if settings is None:
        try:
            settings = Settings.from_environ()
        except ProfcovError as error:
            log_once(error.code, "profcov stays off: %s", error)
            settings = Settings()
    with _recorders_lock:
        return _recorders.setdefault(settings, Recorder(settings))


def _flush_everything() -> None:
    for recorder in list(_recorders.values()):
        recorder.flush_all()


def _after_fork_in_child() -> None:
    global _recorders_lock  # noqa: PLW0603 (another thread may have held it)
    _recorders_lock = threading.Lock()
    for recorder in _recorders.values():
        recorder.after_fork()
    current.set(None)


async def _await(work: Awaitable[Any]) -> Any:
    return await work


def _one_line(text: str) -> str:
    """Return a text that can stand in a header: printable ASCII, no line break."""
    return "".join(char if " " <= char <= "~" else " " for char in text)[:200]


atexit.register(_flush_everything)
os.register_at_fork(after_in_child=_after_fork_in_child)
