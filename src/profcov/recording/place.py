"""A place in a book: what readers of the data directory wait for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

from profcov.store.rows import IN_FLIGHT

if TYPE_CHECKING:
    from profcov.recording.book import Book

MAX_OWN_ROWS: Final = 200
"""How many units of a book have their own row at once: those beyond share one, because readers go through all rows."""


class Row:
    """A row in this process's file. If it is dropped, the recorder's own thread frees it."""

    __slots__ = ("__weakref__", "begun")

    def __init__(self, book: Book, job: str, kind: str) -> None:
        self.begun: list[tuple[int, object]] = []
        book.presence.begin(book.slug, job, kind, into=self.begun, owner=self)


class Place:
    """One thing that readers wait for: a unit of work, or late lines being written. It has one owner, which releases it.

    If its owner is interrupted and drops it, the recorder's own thread lets readers in. The same happens when the last of many
    units that share a row has left, because a count of them could be interrupted.
    """

    __slots__ = ("__weakref__", "_book", "_is_shared", "_row")

    def __init__(self, book: Book, job: str = "", kind: str = IN_FLIGHT) -> None:
        self._book = book
        book.at_work[id(self)] = weakref.ref(self)
        self._is_shared = not job and len(book.at_work) > MAX_OWN_ROWS
        self._row: Row | None = self._share(kind) if self._is_shared else Row(book, job, kind)

    def _share(self, kind: str) -> Row:
        shared = self._book.shared_rows
        row = shared[kind]() if kind in shared else None
        if row is None:
            row = Row(self._book, "", kind)
            shared[kind] = weakref.ref(row)  # it is already in the file
        return row

    def note_again(self) -> None:
        """Make readers wait, by a note in the present file."""
        if self._row is not None:
            self._book.presence.note_again(self._row.begun)

    def leave(self) -> None:
        """Let readers in."""
        if self._row is not None and not self._is_shared:
            self._book.presence.end(self._row.begun)
        self._row = None
        self._book.at_work.pop(id(self), None)
