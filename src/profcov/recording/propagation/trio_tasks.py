"""Tasks and worker threads of trio that a unit makes run under its slug."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from profcov.reasons import UNFOLLOWED
from profcov.recording.context import current, find_scope
from profcov.recording.faults import log_once
from profcov.recording.propagation.binding import Handed, unbound
from profcov.recording.propagation.patches import INSTALLED
from profcov.recording.scope import NoUnit
from profcov.recording.unit import adopt

if TYPE_CHECKING:
    from collections.abc import Callable

    from profcov.recording.unit import Unit


def install() -> None:
    """Let work in trio's worker threads follow; the threads themselves are shared, and belong to no unit."""
    cache: Any = sys.modules.get("trio._core._thread_cache")
    if cache is not None:
        INSTALLED.wrap_once(cache.ThreadCache, "start_thread_soon", _start_thread_soon)
    threads: Any = sys.modules.get("trio._threads")
    if threads is not None:
        INSTALLED.wrap_once(threads, "_send_message_to_trio", _send_to_trio)


def _send_to_trio(original: Callable[..., Any], token: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Note that work is not followed into a trio of another thread, unless that trio started this very thread."""
    scope = None if token is None else find_scope()
    if scope is not None and not scope.book.engine.capabilities.coroutine_blocks:
        scope.book.miss(UNFOLLOWED)
    return original(token, *args, **kwargs)


def _start_thread_soon(
    original: Callable[..., None], cache: Any, function: Any, deliver: Any, /, *args: Any, **kwargs: Any
) -> None:
    scope = find_scope()
    if scope is None:
        original(cache, function, deliver, *args, **kwargs)
        return
    step = Handed(function, scope)
    with unbound():  # it may start a thread
        original(cache, step, deliver, *args, **kwargs)


def follow() -> None:
    """Let the tasks of the trio that runs here follow."""
    install()
    trio: Any = sys.modules.get("trio.lowlevel")
    if trio is not None:
        trio.add_instrument(_TASKS)


class _Tasks:
    """An instrument: trio calls it for each task, before its first step and after its last."""

    def __init__(self) -> None:
        self._units: dict[Any, Unit] = {}

    def task_spawned(self, task: Any) -> None:
        """Make the task a unit of its own if a unit makes it."""
        try:
            scope = task.context.get(current)
            if type(scope) is NoUnit:
                scope.blocks.add(id(task))  # it still belongs to no unit when the block has ended
            elif scope is not None and scope.holders:
                unit = self._units[task] = adopt(scope, may_run_for_ever=True)
                unit.coroutine = task.coro
                task.context.run(current.set, unit.scope)
                task.coro = scope.book.engine.drive(task.coro, unit.scope or scope)
        except Exception as error:  # noqa: BLE001
            log_once("follow", "a task of trio's cannot be followed", error=error)

    def task_exited(self, task: Any) -> None:
        """End the task's unit."""
        unit = self._units.pop(task, None)
        if unit is not None:
            unit.end()


_TASKS: Final = _Tasks()
