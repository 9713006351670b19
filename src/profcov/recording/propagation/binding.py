"""Carrying a slug by hand, where no library call shows that work is handed over; and keeping it from following."""

from __future__ import annotations

import contextlib
import functools
from contextvars import Context
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

from profcov.recording.context import current, find_scope
from profcov.recording.faults import raise_foreign
from profcov.recording.scope import NoUnit
from profcov.recording.step import Step
from profcov.recording.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from profcov.recording.scope import Scope

P = ParamSpec("P")
R = TypeVar("R")
BOUND: Final = "__profcov_bound__"


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Return a callable that runs under the current unit's slug, wherever and whenever it is called.

    For work that goes through a queue of your own to a thread that lives longer than the request. Outside a unit the
    function is returned as it is. Readers wait for the first call to end; later calls count themselves in again.
    """
    scope = find_scope()
    if scope is None:
        return function
    waiting = [Handed(function, scope)]

    def bound(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            call = waiting.pop()
        except IndexError:
            call = Handed(function, scope)
        result: R = call(*args, **kwargs)
        return result

    look_like(bound, function)
    vars(bound)[BOUND] = True
    return bound


def is_bound(item: object) -> bool:
    """Return whether an item of a queue carries its unit with it, by itself or in a tuple.

    The result of :func:`bind` does, and a context, with an engine that sees it: anyio's worker threads get one.
    """
    things = item if type(item) is tuple else (item,)  # not nested tuples: data may be nested to any depth
    return any(map(_carries_unit, things))


def _carries_unit(thing: object) -> bool:
    if type(thing) is Context:
        scope = thing.get(current)
        return scope is not None and scope.book.engine.capabilities.coroutine_blocks
    return type(thing) is FunctionType and BOUND in vars(thing)


@contextlib.contextmanager
def unbound() -> Iterator[None]:
    """Start long-lived work from inside a unit: threads, pools, tasks and processes made in the block belong to no unit.

    The block's own calls are not measured either.
    """
    scope = find_scope()
    if scope is None:
        yield
        return
    no_unit = NoUnit(scope.book)
    try:
        with Step(scope.book.engine, no_unit):
            yield
    finally:
        no_unit.blocks.discard(0)


def look_like(ours: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Give a wrapper the function's name and attributes; ignore errors of these attributes."""
    try:
        functools.update_wrapper(ours, function)
    except Exception as error:  # noqa: BLE001 (any object that can be called, with attributes that may run code)
        raise_foreign(error)


class Handed:
    """A function as a unit of its own, under a unit's slug: it ends when the function has run once, or never will.

    What it ran is on disk before it returns. Call ``end`` if it is known that it will not run any more; otherwise the unit
    ends with the last reference to this object.
    """

    def __init__(self, function: Callable[..., Any], scope: Scope, *, may_run_for_ever: bool = False) -> None:
        look_like(self, function)
        self._function = function
        self._unit = adopt(scope, may_run_for_ever=may_run_for_ever)
        self._unit.end_with(self)
        self.end: Final = self._unit.end

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Call the function, as a step."""
        try:
            with self._unit.step():
                return self._function(*args, **kwargs)
        finally:
            self.end()

    def __repr__(self) -> str:
        """Look like the function in messages about failed threads."""
        return repr(self._function)
