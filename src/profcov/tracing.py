"""Units of work by hand: a block, a function or a coroutine function belongs to a slug."""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from _thread import get_ident
from typing import TYPE_CHECKING, Any, Self, TypeVar

from profcov.reasons import UNFOLLOWED
from profcov.recording.context import find_scope, find_task
from profcov.recording.faults import log_once
from profcov.recording.propagation import open_recorder
from profcov.slug import Slug  # noqa: TC001 (frameworks evaluate the annotations of what a view depends on)
from profcov.wire.statuses import IN_COROUTINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.unit import Refused, Unit
    from profcov.settings import Settings

    F = TypeVar("F", bound=Callable[..., Any])


def current_slug() -> Slug | None:
    """Return the slug of the unit of work that this code runs in, or None."""
    scope = find_scope()
    return None if scope is None else scope.book.slug


class trace:  # noqa: N801 (used like a function)
    """Make a block or a function a unit of work: ``with profcov.trace("nightly"):`` or ``@profcov.trace("nightly")``.

    What the block *calls* is measured. As with coverage.py, the lines of the block itself belong to a function that
    was entered before. Inside a coroutine, decorate a coroutine function: the ctrace engine does not measure a block
    there, because it cannot separate it from what other tasks run meanwhile. Nor is the body of a decorated generator
    function measured: it runs later, where it is iterated; put the block there.

    It does nothing, and never raises, if profcov is off or the slug is invalid; ``status`` then has the reason.
    """

    def __init__(self, slug: str, settings: Settings | None = None) -> None:
        self._slug = slug
        self._settings = settings
        self._open: dict[contextlib.ExitStack, tuple[tuple[int, ...], Unit | None]] = {}
        self.status: str = ""

    def _begin(self) -> Unit | Refused:
        unit = open_recorder(self._settings).begin(self._slug)
        self.status = unit.status
        return unit

    def __enter__(self) -> Self:
        stack = contextlib.ExitStack()
        self._open[stack] = _who(), None
        try:
            self._enter(stack)
            return self  # noqa: TRY300 (what strikes before the block begins must end the unit)
        except BaseException:
            self._open.pop(stack, None)
            stack.close()
            raise

    def _enter(self, stack: contextlib.ExitStack) -> None:
        unit = self._begin()
        if not unit.traced:
            return
        stack.callback(unit.end)
        self._open[stack] = _who(), unit
        if _is_in_task() and not unit.capabilities.coroutine_blocks:
            stack.close()
            self.status = IN_COROUTINE
            log_once("block-in-task", "a block inside a coroutine is not measured here: decorate a coroutine function")
            return
        stack.enter_context(unit.step())

    def __exit__(self, *exc_info: object) -> None:
        # One object may be entered again inside itself, and by several threads and tasks: each leaves what it entered,
        # also what was refused. The scope does not show it: a collection has none, and a generator may be closed anywhere.
        entered, here = list(dict(self._open).items())[::-1], _who()
        for stack, (who, unit) in entered:
            if who == here or len(entered) == 1:
                self._open.pop(stack, None)
                if unit is not None and who[0] != here[0] and not unit.capabilities.coroutine_blocks:
                    _end_elsewhere(unit)
                else:
                    stack.close()  # as many calls deep as `__enter__` has entered it
                return

    def __call__(self, function: F) -> F:
        """Decorate a function or a coroutine function: each call is a unit of work."""
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def run_coroutine(*args: Any, **kwargs: Any) -> Any:
                unit = self._begin()
                if not unit.traced:
                    return await function(*args, **kwargs)
                from profcov.recording.propagation import tasks  # noqa: PLC0415 (imports asyncio)

                try:
                    tasks.follow(unit)
                    return await unit.wait(function(*args, **kwargs))
                finally:
                    unit.end()

            return run_coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with trace(self._slug, self._settings):
                return function(*args, **kwargs)

        return run  # type: ignore[return-value]


def _end_elsewhere(unit: Unit) -> None:
    """End a unit in another thread than its step: only the step's own thread can remove its tracer."""
    unit.book.miss(UNFOLLOWED)
    unit.end()


def _who() -> tuple[int, ...]:
    """Return an identity of the calling thread, greenlet and task, unique among those alive."""
    getcurrent = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    greenlet = None if getcurrent is None else getcurrent()
    is_main = greenlet is None or greenlet.parent is None  # the thread's own, which exists before anything asks for it
    return get_ident(), 0 if is_main else id(greenlet), id(find_task())


def _is_in_task() -> bool:
    asyncio = sys.modules.get("asyncio")  # if it was never imported, no coroutine of it runs
    try:
        return asyncio is not None and asyncio.get_running_loop() is not None
    except RuntimeError:
        return False
