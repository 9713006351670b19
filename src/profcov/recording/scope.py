"""A unit of work as running code sees it, and the placeholder for no unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from profcov.recording.work import UNNAMED, Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from profcov.recording.book import Book
    from profcov.recording.engine.base import Trace


class Scope:
    """One unit of work as running code sees it: the trace it is filed under, and the scope it is nested in.

    Copies of a context (child tasks, timers, threads) share the scope. The engine relies on that to know that a trace has
    no work left. But a copy may be kept for ever, so a scope is *over* when its unit has ended: then it owns nothing.

    ``trace`` is the engine's, ``book`` the process's book of the slug, ``work`` describes the unit.
    """

    __slots__ = ("__weakref__", "_origin", "_work", "book", "holders", "is_quiet", "outer", "trace")

    def __init__(
        self, trace: Trace, outer: Scope | None, book: Book, work: Work = UNNAMED, *, origin: Scope | None = None
    ) -> None:
        self.trace = trace
        self.outer = outer
        self.book = book
        self._work = work
        self._origin = origin
        self.is_quiet = False
        """Whether it is no problem if nothing measured ran; of the :attr:`origin`."""
        self.holders: set[int] = {0}  # 0 is the unit that it is made for; other participants have an id
        """Empty when it is over: the one thing that is checked at each event; adding and removing is one call into C."""

    @property
    def work(self) -> Work:
        """The work of the unit, or of the unit that started it."""
        return self._work if self._origin is None else self._origin.work

    @work.setter
    def work(self, work: Work) -> None:
        self._work = work

    @property
    def origin(self) -> Scope:
        """The scope of the unit that started the work, or itself."""
        return self._origin or self

    @property
    def is_handed_on(self) -> bool:
        """Whether it belongs to work that a unit has started."""
        return self._origin is not None

    @property
    def is_left(self) -> bool:
        """Whether it belongs to work that continues after the unit that started it has ended."""
        return self._origin is not None and not self._origin.holders

    def renew(self) -> Scope:
        """Return a new scope for work that a unit has started: it is over when that work is."""
        return Scope(self.trace, self.outer, self.book, origin=self.origin)

    def nest(self) -> Iterator[Trace]:
        """Yield the traces of this scope and of those around it, inner first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope.trace
            scope = scope.outer


@final
class NoUnit:
    """The placeholder of a scope for a block that belongs to no unit, whatever is around it."""

    __slots__ = ("blocks", "book")

    trace: Final = None
    holders: Final[frozenset[int]] = frozenset()  # as in a scope that is over: it owns no event

    def __init__(self, book: Book) -> None:
        self.book = book
        self.blocks = {0}
        """Empty when the block and all that it started are over, like the holders of a scope."""
