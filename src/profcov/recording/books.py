"""The books of one process: the present one of each slug, and those that are closed and not yet forgotten."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from profcov.recording.book import Book
from profcov.store.admission import Admission
from profcov.wire.statuses import BUSY, TOO_MANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.recording.engine.base import Engine
    from profcov.recording.place import Place
    from profcov.settings import Settings
    from profcov.slug import Slug
    from profcov.store.jobs import JobRun
    from profcov.store.presence import Presence
    from profcov.wire.statuses import TraceStatus

_POLL_SECONDS: Final = 0.01


class Books:
    """Count units in. No lock: if two threads begin a book at once, the later one may replace the other, and both are used."""

    def __init__(self, settings: Settings, presence: Presence) -> None:
        self._settings = settings
        self._presence = presence
        self.admission = Admission(settings)
        self._present: dict[Slug, Book] = {}
        self._all: dict[int, Book] = {}

    def __contains__(self, slug: object) -> bool:
        """Return whether a slug was met before, and so is valid."""
        return slug in self._present

    def __iter__(self) -> Iterator[Book]:
        """Yield the present book of each slug, and closed ones under whose traces work may still run."""
        return iter(list(self._all.values()))

    def enter(self, slug: Slug, engine: Engine, job: JobRun | None, wait: float) -> tuple[Book, Place] | TraceStatus:
        """Count a unit in; return its book and its place there, or the status with the reason for refusing it.

        ``wait`` is how many seconds to wait for a reader.

        Raises:
            OSError: the data directory cannot be written.
        """
        deadline = time.monotonic() + wait
        while True:
            book = self._present.get(slug)
            if book is None and not self._has_room(slug):
                return TOO_MANY
            place = None if book is None else book.join(job, is_new=True)
            if book is not None and place is not None:
                return book, place
            if self._present.get(slug) is book and self._begin(slug, engine, book):
                continue
            if time.monotonic() >= deadline:
                return BUSY
            time.sleep(_POLL_SECONDS)

    def forget_closed(self) -> None:
        """Forget the books of past generations, once no work runs under their traces.

        A profile that was combined or cleaned, and is not played again, takes no memory, and does not count for the limit of profiles.
        """
        for key, book in dict(self._all).items():
            is_present = self._present.get(book.slug) is book
            if not book.pending.is_written or (is_present and not book.is_past):
                continue
            if book.let_go():
                self._all.pop(key, None)
                if self._present.get(book.slug) is book:
                    self._present.pop(book.slug, None)

    def abandon(self) -> None:
        """Let go, in a forked child, of what is the parent's."""
        for book in list(self._all.values()):
            book.abandon()

    def _has_room(self, slug: Slug) -> bool:
        if len(self._present) >= self._settings.max_profiles:
            self.forget_closed()
        return len(self._present) < self._settings.max_profiles and self.admission.has_room(slug)

    def _begin(self, slug: Slug, engine: Engine, closed: Book | None) -> bool:
        """Begin a book in place of a closed one; False while a reader is at work."""
        book = Book.begin(slug, self._settings, engine, self._presence)
        if book is None:
            return False
        self._all[id(book)] = book  # first: a book in use must always be listed
        if self._present.get(slug) is closed:  # or another thread was faster
            self._present[slug] = book
            # At once: the engine does more for each trace that may come back.
            if closed is not None and closed.is_past and closed.pending.is_written and closed.let_go():
                self._all.pop(id(closed), None)
        return True
