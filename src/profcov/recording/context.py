"""Which unit of work the running code belongs to: by its context, or by what its thread, greenlet or task has entered."""

from __future__ import annotations

import contextlib
import sys
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from profcov.recording.garbage import here, somewhere

if TYPE_CHECKING:
    from collections.abc import Iterator


class Scope:
    """One unit of work as running code sees it: the trace it is filed under, and the scope it is nested in.

    Copies of a context (child tasks, timers, threads) share the scope. The engine relies on that to know that a trace has
    no work left. But a copy may be kept for ever, so a scope is *over* when its unit has ended: then it is nobody's.

    ``trace`` is the engine's, ``book`` what the process keeps of the slug, ``work`` what the unit is.
    """

    __slots__ = ("__weakref__", "_origin", "_work", "book", "holders", "is_quiet", "outer", "trace")

    def __init__(
        self, trace: Any, outer: Scope | None, book: Any, work: Any = None, *, origin: Scope | None = None
    ) -> None:
        self.trace = trace
        self.outer = outer
        self.book = book
        self._work = work
        self._origin = origin
        self.is_quiet = False
        """Whether nobody is to be told that nothing measured ran; of the :attr:`origin`."""
        self.holders: set[int] = {0}  # 0 is the unit that it is made for; whoever takes part in it has an id
        """Empty when it is over: the one thing that is asked at each event, and adding or taking is one call into C."""

    @property
    def work(self) -> Any:
        """What the unit is, or the unit that has started it."""
        return self._work if self._origin is None else self._origin.work

    @work.setter
    def work(self, work: Any) -> None:
        self._work = work

    @property
    def origin(self) -> Scope:
        """The scope of the unit that has started the work, or itself."""
        return self._origin or self

    @property
    def is_handed_on(self) -> bool:
        """Whether it is that of work that a unit has started."""
        return self._origin is not None

    @property
    def is_left(self) -> bool:
        """Whether it is that of work that goes on after the unit that has started it has ended."""
        return self._origin is not None and not self._origin.holders

    def renew(self) -> Scope:
        """Return a scope of its own for work that a unit has started: it is over when that work is."""
        return Scope(self.trace, self.outer, self.book, origin=self.origin)

    def nest(self) -> Iterator[Any]:
        """Yield the traces of this scope and of those around it, inner first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope.trace
            scope = scope.outer


class Nobody(Scope):
    """The scope of a block that is to be nobody's, whatever is around it."""

    __slots__ = ("blocks",)

    def __init__(self, book: Any) -> None:
        super().__init__(None, None, book)
        self.blocks, self.holders = self.holders, set()  # no event is ever its own


current: Final[ContextVar[Scope | None]] = ContextVar("profcov_scope", default=None)
"""The scope that a context was given, or inherits; None outside any unit, and inside the import system.

Only for giving and taking: what runs belongs to :func:`find_scope`.
"""

_get: Final = current.get


def find_scope() -> Scope | None:
    """Return the scope of the code that calls: its context's, unless that is over; else what is around it.

    None for what the garbage collector runs. Asked at each event of hot code: for a unit's own code it is one context variable,
    one attribute, and whether a list is empty.
    """
    scope = _get()
    if scope is not None and scope.holders and not somewhere:
        return scope
    return _find_around(scope)


def _find_around(scope: Scope | None) -> Scope | None:
    """Return the scope of the innermost step around code whose context says nothing, or names a scope that is over."""
    if somewhere and here.is_on:
        return None
    task = find_task()
    if scope is None and task is None and not _thread.steps and "greenlet" not in sys.modules:
        return None  # most code that nobody traces
    for candidate in _list_candidates(scope, task):
        if type(candidate) is Nobody:
            if candidate.blocks:
                return None
        elif candidate is None or candidate.holders:
            return candidate
    return None


def _list_candidates(scope: Scope | None, task: Any) -> Iterator[Scope | None]:
    """Yield what code may belong to, innermost first; None is nobody on purpose."""
    if scope is not None:
        yield scope
    steps = _list_steps()
    if task is not None:
        for step in steps:
            if step.task is task:
                yield step.scope
        its_own: Scope | None = _context_of(task).get(current)
        if its_own is not None:
            yield its_own
    for step in steps:
        if step.task is None:
            yield step.scope


class Entered:
    """What has been entered, and by which task; None where no task ran."""

    __slots__ = ("scope", "task")

    def __init__(self, scope: Scope | None) -> None:
        self.scope = scope
        self.task: Any = None


class _ThreadState(threading.local):
    def __init__(self) -> None:
        self.steps: dict[Entered, None] = {}


_thread = _ThreadState()
_STEPS: Final = "_profcov_steps"


def steps_here() -> dict[Entered, None]:
    """Return the open steps of this greenlet, or of this thread where there are none: a dict, in the order of entering.

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

    A plain greenlet's parent is who made it, and waits for it. The hubs of gevent and eventlet wait for nothing.
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
    # Also with greenlets: what was entered before somebody has imported them.
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
    """Return a task's context, as far as it can be told: asyncio tells it since Python 3.12."""
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
