"""The one context variable: which unit of work the running code belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator


class Scope:
    """One unit of work as running code sees it: the trace it is filed under, and the scope it is nested in.

    Copies of a context (child tasks, timers, threads) share the scope, so it lives exactly as long as
    something may still run under it. The engine relies on that to know that a trace has no work left.

    ``trace`` is the engine's, ``book`` what the process keeps of the slug, ``work`` what the unit is.
    """

    __slots__ = ("__weakref__", "book", "outer", "trace", "work")

    def __init__(self, trace: Any, outer: Scope | None, book: Any, work: Any = None) -> None:
        self.trace = trace
        self.outer = outer
        self.book = book
        self.work = work

    def nest(self) -> Iterator[Any]:
        """Yield the traces of this scope and of those around it, inner first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope.trace
            scope = scope.outer


current: Final[ContextVar[Scope | None]] = ContextVar("profcov_scope", default=None)
"""The scope that the running code belongs to; None outside any unit, and inside the import system."""
