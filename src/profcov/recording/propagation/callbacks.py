"""Callbacks that a unit hands to an event loop run under its slug, even after the unit has ended.

The context of a callback identifies its unit only while the unit is open; and contexts of callbacks that a loop keeps, for a
connection or a signal, identify none. So a callback that is called once is handed over as a unit of its own.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import weakref
from types import BuiltinMethodType
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.context import current, find_scope
from profcov.recording.faults import log_once, raise_foreign
from profcov.recording.propagation.binding import Handed, look_like
from profcov.recording.scope import NoUnit, Scope
from profcov.recording.step import Step

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK: Final = "_profcov_follows"
_UNFOLLOWED: Final = frozenset({"asyncio.futures", "asyncio.base_events", "profcov.recording.propagation.pools"})
_STEPS_OF_TASKS: Final = frozenset({"TaskStepMethWrapper", "TaskWakeupMethWrapper"})
_ONCE: Final = ("call_soon", "call_at", "call_later")
_NAMES: Final = ("when", "delay", "callback")
"""The parameters of these, in their order, by Python's names."""


def follow_loop(loop: Any) -> None:
    """Let the callbacks that units hand to an event loop follow them; a second call changes nothing."""
    if loop in _loops:
        return
    try:
        _loops.add(loop)
        own = vars(loop)
        for name in _ONCE:
            before = own.get(name)
            original = before or functools.partial(_call_method, loop, name)
            own[name] = functools.wraps(getattr(loop, name))(functools.partial(hand, original))
            vars(own[name])[_MARK] = before
    except (AttributeError, TypeError) as error:
        log_once("follow", "callbacks of a %s cannot be followed", type(loop).__name__, error=error)


_loops: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def _call_method(loop: Any, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call the present method of a loop's class: other tools patch it."""
    return getattr(type(loop), name)(loop, *args, **kwargs)


def forget_loops() -> None:
    """Restore the loops' own methods, except where others have patched on top."""
    while _loops:
        own = vars(_loops.pop())
        for name in _ONCE:
            if _MARK in getattr(own.get(name), "__dict__", {}):
                before = vars(own[name])[_MARK]
                own.pop(name) if before is None else own.update({name: before})


def hand(original: Callable[..., Any], /, *args: Any, context: Any = None, **named: Any) -> Any:
    """Hand a callback to an event loop, ``call_soon(callback, ...)`` or ``call_at(when, callback, ...)``, as work of a unit."""
    if named:
        args += tuple(named.pop(name) for name in _NAMES if name in named)
        original = functools.partial(original, **named)  # which reports what is wrong with the arguments
    given = current.get() if context is None else context.get(current)
    if given is None or not args:
        return original(*args, context=context)
    scope = find_scope() if context is None else None if type(given) is NoUnit else given
    at = 0 if callable(args[0]) else 1
    if scope is not None:
        # A given context is a future's: it belongs to the unit that waits for it, even after that has ended.
        if len(args) > at and is_to_follow(args[at]):
            args = (*args[:at], Late(args[at], scope), *args[at + 1 :])
    elif context is None and type(given) is not NoUnit:
        # The garbage collector closes an asynchronous generator, or the unit has ended.
        context = contextvars.copy_context()
        context.run(current.set, None)
    return original(*args, context=context)


def is_to_follow(callback: Any) -> bool:
    """Return whether a callback may run measured code: not a task's step, which belongs to the task, nor something that is no callback."""
    try:
        return not (
            isinstance(callback, Late | BuiltinMethodType)
            or type(callback).__name__ in _STEPS_OF_TASKS
            or hasattr(getattr(callback, "__self__", None), "_asyncio_future_blocking")
            or getattr(callback, "__module__", "") in _UNFOLLOWED
            or not callable(callback)
            or inspect.iscoroutinefunction(callback)
        )
    except Exception as error:  # noqa: BLE001 (its attributes may run code)
        raise_foreign(error)
        return True


class Late:
    """A callback of a unit. What it runs belongs to the unit, even if the unit has ended when the event loop calls it."""

    def __init__(self, callback: Callable[..., Any], scope: Scope) -> None:
        look_like(self, callback)
        self._callback = callback
        self._scope = scope

    def __call__(self, *args: Any) -> Any:
        """Call it."""
        scope = self._scope
        engine = scope.book.engine
        if scope.holders:
            if engine.capabilities.coroutine_blocks and find_scope() is scope:
                return self._callback(*args)
            with Step(engine, scope):
                return self._callback(*args)
        return Handed(self._callback, scope)(*args)

    def __repr__(self) -> str:
        """Look like the callback in messages about slow callbacks."""
        return repr(self._callback)
