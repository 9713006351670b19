"""Work that a unit hands over by a queue to a thread or task that no unit started.

Nobody tells whose it is, so that what it runs is missing: the artifact says ``handed-over``. With
``PROFILE_COVERAGE_FOLLOW_QUEUES`` who takes an item works for the unit that has put it there, until it asks for the next one.
"""

from __future__ import annotations

import queue
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from profcov.context import Scope, current
from profcov.engine.faults import log_once, raise_foreign
from profcov.propagation.binding import is_bound
from profcov.propagation.patches import INSTALLED
from profcov.reasons import HANDED_OVER
from profcov.unit import Unit, adopt

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from profcov.propagation.patches import Patches

_KEY: Final = "_profcov_handed"
_LIBRARIES: Final = (queue.__file__, __file__, INSTALLED.wrap.__code__.co_filename)
_followed: Final[ContextVar[Unit | None]] = ContextVar("profcov_followed", default=None)


class _Handed:
    """What units have put into a queue, and what they have taken: by the identity of an item, which the queue keeps alive."""

    def __init__(self) -> None:
        self.put: dict[int, tuple[Scope, Unit | None]] = {}
        self.taken: set[int] = set()


def install(patches: Patches) -> None:
    """Notice what goes through :class:`queue.Queue` and its subclasses."""
    patches.wrap(queue.Queue, "put", _put)
    patches.wrap(queue.Queue, "get", _get)


def install_in_asyncio(module: ModuleType) -> None:
    """Notice what goes through :class:`asyncio.Queue` and its subclasses."""
    INSTALLED.wrap_once(module.Queue, "put_nowait", _put)
    INSTALLED.wrap_once(module.Queue, "get", _get_in_task)
    INSTALLED.wrap_once(module.Queue, "get_nowait", _take)


def _put(original: Callable[..., Any], queue: Any, item: Any, *args: Any, **kwargs: Any) -> Any:
    scope = current.get()
    if scope is None or is_bound(item):
        return original(queue, item, *args, **kwargs)
    handed: _Handed = vars(queue).setdefault(_KEY, _Handed())
    key = id(item)
    if key in handed.taken:  # a thing that is lent, not work: a connection that goes back to its pool
        handed.taken.discard(key)
        return original(queue, item, *args, **kwargs)
    unit = adopt(scope, may_run_for_ever=True) if _follows(scope) else None
    handed.put[key] = scope, unit
    try:
        return original(queue, item, *args, **kwargs)
    except BaseException:
        handed.put.pop(key, None)
        if unit is not None:
            unit.end()
        raise


def _get(original: Callable[..., Any], queue: Any, *args: Any, **kwargs: Any) -> Any:
    _finish()
    return _take(original, queue, *args, **kwargs)


def _get_in_task(original: Callable[..., Any], queue: Any, *args: Any, **kwargs: Any) -> Any:
    _finish()
    return original(queue, *args, **kwargs)


def _take(original: Callable[..., Any], queue: Any, *args: Any, **kwargs: Any) -> Any:
    item = original(queue, *args, **kwargs)
    handed: _Handed | None = vars(queue).get(_KEY)
    if handed is not None:
        try:
            _pass_on(handed, id(item))
        except Exception as error:  # noqa: BLE001
            raise_foreign(error)
            log_once("hand-over", "cannot tell whose an item of a queue is", error=error)
    return item


def _pass_on(handed: _Handed, key: int) -> None:
    """Have who takes an item work for the unit that has put it there, or have its artifact say that nobody follows."""
    scope, unit = handed.put.pop(key, (None, None))
    if current.get() is not None:
        handed.taken.add(key)
        if unit is not None:
            unit.end()
        return
    if scope is None:
        return
    if unit is not None:
        _followed.set(unit)
        current.set(scope)
    elif _is_measured(sys._getframe(3), scope):  # noqa: SLF001
        scope.book.miss(HANDED_OVER)
        log_once(
            "handed-over",
            "a unit has handed work over by a queue, and nobody follows it: wrap it in profcov.bind(), "
            "or set PROFILE_COVERAGE_FOLLOW_QUEUES=1",
        )


def _finish() -> None:
    """End what this thread or task did for a unit: it asks for the next item."""
    unit = _followed.get()
    if unit is not None:
        _followed.set(None)
        current.set(None)
        unit.end()


def _follows(scope: Scope) -> bool:
    return bool(scope.book.settings.follow_queues and scope.book.engine.capabilities.coroutine_blocks)


def _is_measured(frame: FrameType | None, scope: Scope) -> bool:
    """Tell whether the code that has asked for an item is measured: else it is a library's, a log handler's say."""
    while frame is not None and frame.f_code.co_filename in _LIBRARIES:
        frame = frame.f_back
    return frame is not None and scope.book.engine.sources.measured(frame.f_code.co_filename, frame) is not None
