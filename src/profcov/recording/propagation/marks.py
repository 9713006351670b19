"""The units of the items in a queue: a mark for each item, in the order in which the queue keeps them.

Marks go by place, not by identity, because two items may be one object. Store and marks change while the queue's own lock is
held; if they do not match (a queue that is emptied by hand), the unit of an item is unknown.
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from functools import partial
from itertools import repeat
from types import CoroutineType, FunctionType, MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.recording.book import Book
    from profcov.recording.engine.sources import Sources
    from profcov.recording.unit import Unit

_KEY: Final = "_profcov_marks"
_MAX_WRAPPED: Final = 10
_MAX_LENT: Final = 1000


class Mark:
    """The unit of an item: ``is_function`` if it is a measured function or a tuple with one, ``is_work`` if it can be called at all.

    ``unit`` is set if the taker works for it; it ends with the mark, if the item is never taken.
    """

    __slots__ = ("__weakref__", "book", "is_function", "is_work", "unit")

    def __init__(self, book: Book, item: object) -> None:
        parts = tuple.__iter__(item) if isinstance(item, tuple) else iter((item,))
        self.book = book
        self.is_function = self.is_work = False
        self.unit: Unit | None = None
        for part in parts:
            self.is_function = self.is_function or _is_measured(_list_functions(part), book.engine.sources)
            self.is_work = self.is_work or self.is_function or _is_measured(_list_calls(part), book.engine.sources)

    def follow(self, unit: Unit) -> None:
        """Make the taker of the item work for a unit."""
        self.unit = unit
        unit.end_with(self)

    def end(self) -> None:
        """End the unit: no work is done for it."""
        if self.unit is not None:
            self.unit.end()


class Marks:
    """The marks of one queue, while it has an item of a unit, and what units have lost and lent."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.lost: dict[str, tuple[Book, bool]] = {}
        """By slug: how many items have no known place, and whether one is work."""
        self._places: deque[tuple[int, Mark | None]] = deque()
        self._lent: dict[int, object] = {}

    def add(self, item: object, putting: list[Mark] | None, length: int) -> None:
        """Note an item's mark before it is stored as the last of ``length``; take the mark out of ``putting``."""
        if len(self._places) != length:
            self.lose_all()
            if putting:
                self._places.extend(repeat((0, None), length))
        if self._places or putting:
            self._places.append((id(item), putting[-1] if putting else None))
            if putting:
                putting.pop()

    def pop(self, length: int, end: Callable[[Any], Any]) -> tuple[int, Mark | None] | None:
        """Return the place of the item that is about to be taken out of ``length`` items, at one ``end``: its id and its mark."""
        if len(self._places) != length:
            self.lose_all()
        return end(self._places) if self._places else None

    def check(self, place: tuple[int, Mark | None], item: object) -> Mark | None:
        """Return the mark of a place if this is the item that was there."""
        number, mark = place
        if number in {0, id(item)}:
            return mark
        if mark is not None:
            self.lose(mark)
        self.lose_all()
        return None

    def lose(self, mark: Mark) -> None:
        """Note that a unit's item is somewhere in the queue, or was taken another way. End no unit: the queue's lock is held."""
        slug = mark.book.slug
        _, is_work = self.lost.get(slug, (None, False))
        self.lost[slug] = mark.book, is_work or mark.is_work

    def lose_all(self) -> None:
        """Drop the places: they do not match the items."""
        places, self._places = self._places, deque()
        for _, mark in places:
            if mark is not None:
                self.lose(mark)

    def lend(self, item: object) -> None:
        """Note that a unit has taken an object that may come back: a connection of a pool."""
        key, lent = id(item), self._lent
        try:
            lent[key] = weakref.ref(item, lambda _: lent.pop(key, None))
        except TypeError:
            kind = type(item)
            if kind.__module__ == "builtins" or "__slots__" in vars(kind):
                return  # a message: a new one may have its id by then
            lent[key] = kind  # an object implemented in C, such as a connection of SQLite
            if len(lent) > _MAX_LENT:
                lent.pop(next(iter(lent)), None)

    def comes_back(self, item: object) -> bool:
        """Return whether a unit has taken this very object before."""
        lent = self._lent.pop(id(item), None)
        return lent is type(item) or (isinstance(lent, weakref.ref) and lent() is item)


def find_marks(queue: object) -> Marks | None:
    """Return a queue's marks, if there are any of this process's."""
    marks: Marks | None = vars(queue).get(_KEY)
    return None if marks is None or marks.pid != os.getpid() else marks


def marks_of(queue: object) -> Marks:
    """Return a queue's marks, new if there are none."""
    if find_marks(queue) is None:
        vars(queue).pop(_KEY, None)  # the parent's
    marks: Marks = vars(queue).setdefault(_KEY, Marks())
    return marks


def _is_measured(functions: Iterator[Any], sources: Sources) -> bool:
    return any(sources.measured(each.f_code.co_filename, each) is not None for each in functions)


def _list_functions(item: Any) -> Iterator[Any]:
    """Yield something like a frame for each function that runs when an item is called, or awaited."""
    for _ in range(_MAX_WRAPPED):
        kind = type(item)
        if kind is FunctionType:
            yield SimpleNamespace(f_code=item.__code__, f_globals=item.__globals__)
            item = vars(item).get("__wrapped__")
        elif kind is MethodType:
            item = item.__func__
        elif kind is partial:
            item = item.func
        else:
            if kind is CoroutineType and item.cr_frame is not None:
                yield item.cr_frame
            return


def _list_calls(item: Any) -> Iterator[Any]:
    """Yield the same for a callable instance. It is work, but is not followed: there are pools of such instances."""
    for cls in type(item).__mro__:
        if "__call__" in vars(cls):
            yield from _list_functions(vars(cls)["__call__"])
            return
