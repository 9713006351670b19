"""Carrying a slug by hand, where no library call says that work is handed over; and keeping it from following."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from profcov.context import current
from profcov.engine.step import Step
from profcov.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
R = TypeVar("R")


def bind(function: Callable[P, R]) -> Callable[P, R]:
    """Return a callable that runs under the current unit's slug, wherever and whenever it is called.

    For work that goes through a queue of your own to a thread that lives longer than the request. Outside a unit the
    function is returned as it is. Readers wait for the first call to end; later calls count themselves in again.
    """
    scope = current.get()
    if scope is None:
        return function
    waiting = [adopt(scope)]

    @functools.wraps(function)
    def bound(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            unit = waiting.pop()
        except IndexError:
            unit = adopt(scope)
        try:
            with unit.step():
                return function(*args, **kwargs)
        finally:
            unit.end()

    return bound


@contextlib.contextmanager
def unbound() -> Iterator[None]:
    """Start long-lived work from inside a unit: threads, pools, tasks and processes made in the block are nobody's.

    The block's own calls are not measured either.
    """
    scope = current.get()
    if scope is None:
        yield
        return
    with Step(scope.book.engine, None):
        yield


def carry(
    function: Callable[..., Any], *, may_run_for_ever: bool = False
) -> tuple[Callable[..., Any], Callable[[], None]]:
    """Return a function as a step of the current unit, and what to call once when it will not run any more.

    Only inside a unit. What it ran is on disk before it returns.
    """
    scope = current.get()
    assert scope is not None  # noqa: S101
    unit = adopt(scope, may_run_for_ever=may_run_for_ever)

    @functools.wraps(function)
    def step(*args: Any, **kwargs: Any) -> Any:
        try:
            with unit.step():
                return function(*args, **kwargs)
        finally:
            unit.end()

    return step, unit.end
