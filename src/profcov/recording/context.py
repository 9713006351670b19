"""Which unit of work the running code belongs to: by its context, or by what its thread, greenlet or task has entered."""

from __future__ import annotations

import contextlib
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, cast

from profcov.recording.garbage import here, somewhere
from profcov.recording.scope import NoUnit, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


current: Final[ContextVar[Scope | NoUnit | None]] = ContextVar("profcov_scope", default=None)
"""The scope that a context was given, or inherits; None outside of any unit, and inside the import system.

Only for setting and resetting: :func:`find_scope` returns the scope that running code belongs to.
"""

_get: Final = cast("Callable[[], Scope | None]", current.get)  # NoUnit has no holders: it is never returned as it is


def find_scope() -> Scope | None:
    """Return the scope of the calling code: its context's, unless that is over; else that of the innermost step around it.

    None for code that the garbage collector runs. It is called at each event of hot code: for a unit's own code it reads one
    context variable and one attribute, and checks whether a list is empty.
    """
    scope = _get()
    if scope is not None and scope.holders and not somewhere:
        return scope
    return _find_around(scope)


def _find_around(scope: Scope | NoUnit | None) -> Scope | None:
    """Return the scope of the innermost step around code whose context has no scope, or one that is over."""
    if somewhere and here.is_on:
        return None
    task = find_task()
    if scope is None and task is None and not _thread.steps and "greenlet" not in sys.modules:
        return None  # most untraced code
    for candidate in _list_candidates(scope, task):
        if type(candidate) is NoUnit:
            if candidate.blocks:
                return None
        elif candidate is None or candidate.holders:
            return candidate
    return None


def _list_candidates(scope: Scope | NoUnit | None, task: Any) -> Iterator[Scope | NoUnit | None]:
    """Yield the scopes that code may belong to, innermost first; None means no unit, on purpose."""
    if scope is not None:
        yield scope
    steps = _list_steps()
    if task is not None:
        for step in steps:
            if step.task is task:
                yield step.scope
        its_own: Scope | NoUnit | None = _context_of(task).get(current)
        if its_own is not None:
            yield its_own
    for step in steps:
        if step.task is None:
            yield step.scope


class Entered:
    """What has been entered, and by which task; None if no task ran."""

    __slots__ = ("scope", "task")

    def __init__(self, scope: Scope | NoUnit | None) -> None:
        self.scope = scope
        self.task: Any = None


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.steps: dict[Entered, None] = {}


_thread = _ThreadState()
_STEPS: Final = "_profcov_steps"


def steps_here() -> dict[Entered, None]:
    """Return the open steps of this greenlet, or of this thread without greenlets: a dict, in the order of entering.

    In the greenlet's own attributes, because a ``threading.local`` is a greenlet's or a thread's, as the order of imports will
    have it. Nothing of greenlets is imported here.
    """
    greenlet = _current_greenlet()
    if greenlet is None:
        return _thread.steps
    steps: dict[Entered, None] = vars(greenlet).setdefault(_STEPS, {})
    return steps


def _list_steps() -> list[Entered]:
    """Return the open steps of this greenlet and of those that wait for it, or of the thread; innermost first.

    A plain greenlet's parent made it, and waits for it. The hubs of gevent and eventlet wait for nothing.
    """
    greenlet = _current_greenlet()
    steps: list[Entered] = []
    while greenlet is not None:
        if _is_hub(greenlet):
            return steps
        own = vars(greenlet).get(_STEPS)
        if own:
            steps += list(own)[::-1]
        greenlet = greenlet.parent
    # Also with greenlets: what was entered before they were imported.
    own = _thread.steps
    return [*steps, *list(own)[::-1]] if own else steps


def _current_greenlet() -> Any:
    getcurrent = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    return None if getcurrent is None else getcurrent()


def _is_hub(greenlet: Any) -> bool:
    hub = getattr(sys.modules.get("gevent.hub"), "Hub", None)
    if hub is not None and isinstance(greenlet, hub):
        return True
    of_thread = getattr(sys.modules.get("eventlet.hubs"), "_threadlocal", None)
    return greenlet is getattr(getattr(of_thread, "hub", None), "greenlet", None)


def find_task() -> Any:
    """Return the task of asyncio or trio that runs in this thread, or None."""
    modules = sys.modules
    if "asyncio" in modules:
        asyncio: Any = modules["asyncio"]
        try:
            loop = asyncio._get_running_loop()  # noqa: SLF001
            task = None if loop is None else asyncio.current_task(loop)
        except AttributeError:  # it is being imported
            task = None
        if task is not None:
            return task
    if "trio.lowlevel" in modules:
        trio: Any = modules["trio.lowlevel"]
        with contextlib.suppress(RuntimeError, AttributeError):  # no trio runs here, or it is being imported
            return trio.current_task()
    return None


def _context_of(task: Any) -> Any:
    """Return a task's context, if it is known: asyncio exposes it since Python 3.12."""
    if hasattr(task, "get_context"):
        return task.get_context()
    return getattr(task, "context", {})


def forget_steps() -> None:
    """Forget, in a forked child, what the parent has entered."""
    _thread.steps.clear()
    greenlet = _current_greenlet()
    while greenlet is not None:
        vars(greenlet).pop(_STEPS, None)
        greenlet = greenlet.parent
