"""A place in a book: what readers of the data directory wait for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from profcov.store.presence import IN_FLIGHT

if TYPE_CHECKING:
    from profcov.book import Book


class Place:
    """One thing that readers wait for: a unit of work, or late lines being written. It has one owner, who lets go of it.

    An owner who was struck drops it: then the recorder's own thread lets readers in.
    """

    __slots__ = ("__weakref__", "_begun", "_book")

    def __init__(self, book: Book, job: str = "", kind: str = IN_FLIGHT) -> None:
        self._book = book
        self._begun: list[tuple[int, object]] = []
        book.at_work[id(self)] = weakref.ref(self)
        book.presence.begin(book.slug, job, kind, into=self._begun, owner=self)

    def note_again(self) -> None:
        """Have readers wait, whatever file there is to note it in now."""
        self._book.presence.note_again(self._begun)

    def leave(self) -> None:
        """Let readers in."""
        self._book.presence.end(self._begun)
        self._book.at_work.pop(id(self), None)
